//! The Voicenter door: plain HTTP, on a listener of its own and by its paths on the shared one.

use super::{Office, Opened, Serve};
use crate::config::Config;
use anyhow::anyhow;
use dialects::voicenter::{Door, Network, VoicenterConfig, router, shared_router};

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let door = Door::new(office.exchange.clone(), settings(office.config)?);
    Ok(Opened {
        frames: Vec::new(),
        listeners: vec![("voicenter", Serve::Http(router(door.clone())))],
        shared: Some(shared_router(door)),
        shared_needs_tls: false,
    })
}

fn settings(config: &Config) -> anyhow::Result<VoicenterConfig> {
    let voicenter = &config.voicenter;
    let trusted = voicenter
        .trusted
        .iter()
        .map(|network| network.to_string().parse::<Network>().map_err(|error| anyhow!("{network}: {error}")));
    let blocked = voicenter.blocked.iter().flat_map(|codes| codes.split_whitespace()).map(str::to_owned);
    Ok(VoicenterConfig {
        organisation: config.tenant.name.clone(),
        home_country: voicenter.home_country.clone(),
        requests_per_s: voicenter.requests_per_s,
        log_requests_per_min: voicenter.log_requests_per_min,
        log_records_max: voicenter.log_records as usize,
        trusted: trusted.collect::<anyhow::Result<_>>()?,
        trusted_everywhere: voicenter.trusted_everywhere,
        blocked: blocked.collect(),
        ..VoicenterConfig::default()
    })
}
