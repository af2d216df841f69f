//! The Voicenter door: plain HTTP, on a listener of its own and by its paths on the shared one; beside them the servers that are
//! told of finished calls, and the real-time channel.

use super::{Office, Opened, Serve};
use crate::config::{CdrFormat, CdrPush, Config};
use crate::pushes::{self, Endpoint, Parts, Target, Trust};
use anyhow::{Context, anyhow};
use dialects::voicenter::push::{Feed, Format, Kind, Terms};
use dialects::voicenter::{Door, Network, Stream, VoicenterConfig, router, shared_router};
use std::sync::Arc;

/// Milliseconds of a minute.
const MINUTE_MS: u64 = 60_000;

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let settings = Arc::new(settings(office.config)?);
    let exchange = office.exchange;
    let stream = Stream::new(Arc::clone(&settings), exchange.clock().clone(), exchange.seq() + 1);
    let door = Door::new(exchange.clone(), Arc::clone(&settings), stream.clone());
    let mut opened = Opened {
        frames: vec![Box::new(stream)],
        listeners: vec![("voicenter", Serve::Http(router(door.clone())))],
        shared: Some(shared_router(door)),
        ..Opened::default()
    };
    if office.config.cdr_pushes.is_empty() {
        return Ok(opened);
    }
    let parts = Parts {
        exchange: office.exchange.clone(),
        store: office.store.clone(),
        tenant: office.tenant,
        trust: Trust::of_machine()?,
        metrics: Arc::clone(office.metrics),
    };
    for push in &office.config.cdr_pushes {
        let endpoint = endpoint(office, push, &settings).with_context(|| format!("cdr_push {}", push.name))?;
        opened.beside.push(Box::pin(pushes::serve(endpoint, parts.clone())));
    }
    Ok(opened)
}

fn endpoint(office: &Office, push: &CdrPush, settings: &Arc<VoicenterConfig>) -> anyhow::Result<Endpoint> {
    let format = match push.format {
        CdrFormat::Json => Format::Json,
        CdrFormat::XmlRpc => Format::XmlRpc,
        CdrFormat::Form => Format::Form,
    };
    let terms = Terms {
        format,
        types: push.types.iter().filter_map(|name| Kind::named(name)).collect(),
        department: push.department.clone(),
        local_time: push.local_time,
        answered: push.answered,
        custom_data_alias: push.custom_data_alias,
    };
    Ok(Endpoint {
        name: format!("voicenter/{}", push.name),
        target: Target::parse(&push.url, push.private)?,
        feed: Feed::new(office.exchange.clone(), Arc::clone(settings), terms),
    })
}

fn settings(config: &Config) -> anyhow::Result<VoicenterConfig> {
    let (voicenter, zone) = (&config.voicenter, &config.tenant.time_zone);
    let networks = |networks: &[crate::config::Network]| {
        let one = |network: &crate::config::Network| {
            network.to_string().parse::<Network>().map_err(|error| anyhow!("{network}: {error}"))
        };
        networks.iter().map(one).collect::<anyhow::Result<Vec<_>>>()
    };
    let departments = voicenter.departments.iter().map(|(path, id)| Ok((path.clone(), id.parse()?)));
    let departments: anyhow::Result<_> = departments.collect();
    Ok(VoicenterConfig {
        organisation: config.tenant.name.clone(),
        home_country: voicenter.home_country.clone(),
        time_zone: VoicenterConfig::zone_named(zone).with_context(|| format!("no time zone {zone}"))?,
        requests_per_s: voicenter.requests_per_s,
        log_requests_per_min: voicenter.log_requests_per_min,
        log_records_max: voicenter.log_records as usize,
        trusted: networks(&voicenter.trusted)?,
        proxies: networks(&voicenter.proxies)?,
        forwarded_header: voicenter.forwarded_header.to_ascii_lowercase(),
        token_ms: u64::from(voicenter.token_min) * MINUTE_MS,
        departments: departments.context("voicenter.departments")?,
        trusted_everywhere: voicenter.trusted_everywhere,
        ..VoicenterConfig::default()
    })
}
