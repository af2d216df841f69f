//! The door of the iPECS Web API: REST and WebSocket over TLS, never in the clear (IPX-AUTH-13).

use super::{Office, Opened, Serve};
use crate::config::Config;
use anyhow::{Context, anyhow};
use dialects::ipxapi::{Door, IpxapiConfig, Licences, SmdrSettings, Stream, router};

/// Milliseconds of a minute.
const MINUTE_MS: u64 = 60_000;

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let exchange = office.exchange;
    let stream = Stream::new(settings(office.config)?, exchange.clock().clone(), exchange.seq() + 1);
    let door = Door::new(exchange.clone(), stream.clone());
    let router = router(door.map_err(|error| anyhow!("no random octets for tokens: {error}"))?);
    Ok(Opened {
        frames: vec![Box::new(stream)],
        listeners: vec![("ipxapi", Serve::Tls(router.clone()))],
        shared: Some(router),
        shared_needs_tls: true,
        ..Opened::default()
    })
}

fn settings(config: &Config) -> anyhow::Result<IpxapiConfig> {
    let (ipxapi, zone) = (&config.ipxapi, &config.tenant.time_zone);
    Ok(IpxapiConfig {
        time_zone: Door::zone_named(zone).with_context(|| format!("no time zone {zone}"))?,
        session_ms: u64::from(ipxapi.session_timeout_min) * MINUTE_MS,
        servers: ipxapi.server_accounts,
        stations: ipxapi.station_accounts,
        licences: Licences {
            calls: ipxapi.licence_cti,
            records: ipxapi.licence_smdr,
            agents: ipxapi.licence_acd,
            clicks: ipxapi.licence_clickcall,
            terminals: ipxapi.cti_terminals,
            click_stations: ipxapi.clickcall_stations,
        },
        smdr: SmdrSettings {
            service: ipxapi.smdr_service,
            cause: ipxapi.smdr_disconnect_cause,
            tracking: ipxapi.call_tracking,
        },
    })
}
