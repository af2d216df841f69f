//! The Fusion door: HTTP functions and the event socket.

use super::{Office, Opened, Serve};
use crate::config::{CallerId, Config, Network};
use anyhow::{Context, anyhow};
use dialects::fusion::{CallerIdStyle, Door, FusionConfig, Stream, router, serve_events, serve_http};

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let stream = Stream::new(office.exchange.seq() + 1);
    let door = Door::new(office.exchange.clone(), settings(office.config)?, stream.clone());
    let (http, events) = (door.clone(), door.clone());
    Ok(Opened {
        frames: vec![Box::new(stream)],
        listeners: vec![
            ("fusion", Serve::Raw(Box::new(|listener| Box::pin(serve_http(listener, http))))),
            // `serve_events` takes its place when it is called, not when it is first polled: `ready` means that events are served.
            ("fusion_events", Serve::Raw(Box::new(|listener| Box::pin(serve_events(listener, events))))),
        ],
        shared: Some(router(door)),
        shared_needs_tls: false,
        ..Opened::default()
    })
}

fn settings(config: &Config) -> anyhow::Result<FusionConfig> {
    let networks = |networks: &[Network]| {
        networks
            .iter()
            .map(|network| {
                network.to_string().parse::<dialects::fusion::Network>().map_err(|error| anyhow!("{network}: {error}"))
            })
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let zone = config.fusion.time_zone.as_deref().unwrap_or(&config.tenant.time_zone);
    Ok(FusionConfig {
        allowed_clients: networks(&config.fusion.allowed_clients)?,
        allowed_write_clients: config.fusion.allowed_write_clients.as_deref().map(networks).transpose()?,
        time_zone: FusionConfig::zone_named(zone).with_context(|| format!("no time zone {zone}"))?,
        callerid: match config.fusion.callerid {
            CallerId::Quoted => CallerIdStyle::Quoted,
            CallerId::Number => CallerIdStyle::Number,
        },
        first_ring_ms: u64::from(config.fusion.first_ring_s) * 1_000,
        second_ring_ms: u64::from(config.fusion.ring_s) * 1_000,
        fail_tone_ms: u64::from(config.fusion.fail_tone_s) * 1_000,
        sop_key: config.fusion.sop_key.clone(),
        sops: config.fusion.sops.clone(),
        contexts: config.fusion.contexts.clone(),
        allow_origin: config.fusion.allow_origin.clone(),
    })
}
