//! The TelServices door: XML over TCP, HTTP, and events by UDP.

use super::{Office, Opened, Serve};
use crate::config::{Config, Network};
use anyhow::{Context, anyhow};
use dialects::common::network::Network as Admitted;
use dialects::telservices::wire::Bounds;
use dialects::telservices::{Door, Speaks, Stream, TelServicesConfig, router, serve};
use std::net::UdpSocket;

/// Octets of a KiB.
const KIB: usize = 1_024;
/// The listeners whose address events leave from, in this order.
const KEYS: [&str; 2] = ["telservices_tcp", "telservices_http"];

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let settings = settings(office.config)?;
    let stream = Stream::new(office.exchange.seq() + 1, &settings);
    let door = Door::new(office.exchange.clone(), settings, stream.clone(), events_from(office)?);
    let (both, http, begin) = (door.clone(), door.clone(), door.clone().begin());
    Ok(Opened {
        frames: vec![Box::new(stream)],
        listeners: vec![
            (KEYS[0], Serve::Raw(Box::new(|listener| Box::pin(serve(listener, both, Speaks::Both))))),
            (KEYS[1], Serve::Raw(Box::new(|listener| Box::pin(serve(listener, http, Speaks::Http))))),
        ],
        shared: Some(router(door)),
        beside: vec![Box::pin(begin)],
        ..Opened::default()
    })
}

/// The socket from which events are sent: the gateway's address and, unless the settings name another, its port (TEL-TRN-08).
fn events_from(office: &Office) -> anyhow::Result<Option<UdpSocket>> {
    let own = |key: &&str| office.bound.iter().find(|(known, _)| known == key).map(|(_, address)| *address);
    let Some(mut address) = KEYS.iter().find_map(own) else { return Ok(None) };
    match office.config.telservices.event_port {
        Some(port) => {
            address.set_port(u16::try_from(port).context("a port")?);
            let socket = UdpSocket::bind(address).with_context(|| format!("cannot send events from {address}"))?;
            Ok(Some(socket))
        }
        None => match UdpSocket::bind(address) {
            Ok(socket) => Ok(Some(socket)),
            Err(error) => {
                tracing::warn!(dialect = "telservices", %address, %error, "events leave from another port");
                address.set_port(0);
                Ok(Some(UdpSocket::bind(address).context("no port to send events from")?))
            }
        },
    }
}

fn settings(config: &Config) -> anyhow::Result<TelServicesConfig> {
    let own = &config.telservices;
    let network =
        |network: &Network| network.to_string().parse::<Admitted>().map_err(|error| anyhow!("{network}: {error}"));
    let zone = own.time_zone.as_deref().unwrap_or(&config.tenant.time_zone);
    let end_of_pdu = own.end_of_pdu.as_deref().unwrap_or_default();
    Ok(TelServicesConfig {
        allowed_clients: own.allowed_clients.iter().map(network).collect::<anyhow::Result<Vec<_>>>()?,
        sessions_max: own.sessions_max as usize,
        authenticate: own.authenticate,
        administrator: own.administrator.clone(),
        connections_max: own.connections as usize,
        connections_per_address_max: own.connections_per_address as usize,
        polls_max: own.polls_per_session as usize,
        call_reference: own.call_reference,
        history_of_all: own.history_of_all,
        shortcut_url: own.shortcut_url,
        allowed_origins: own.allowed_origins.clone(),
        bounds: Bounds {
            octets_max: own.request_kib as usize * KIB,
            elements_max: own.request_elements as usize,
            directory_octets_max: own.directory_kib as usize * KIB,
            directory_elements_max: own.directory_elements as usize,
            depth_max: own.request_depth as usize,
            text_len_max: own.text_kib as usize * KIB,
        },
        event_octets_max: own.event_octets as usize,
        idle_ms: u64::from(own.idle_s) * 1_000,
        link_timeout_ms: u64::from(own.link_timeout_s) * 1_000,
        end_of_pdu: TelServicesConfig::unescape(end_of_pdu)
            .with_context(|| format!("telservices.end_of_pdu: {end_of_pdu} is not written as it should be"))?,
        time_zone: TelServicesConfig::zone_named(zone).with_context(|| format!("no time zone {zone}"))?,
        ..TelServicesConfig::default()
    })
}
