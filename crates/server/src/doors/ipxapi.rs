//! The door of the iPECS Web API: REST and WebSocket over TLS, never in the clear (IPX-AUTH-13).

use super::{Office, Opened, Serve};
use anyhow::{Context, anyhow};
use dialects::ipxapi::{Door, SESSION_MS, Stream, router};

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let stream = Stream::new(office.exchange.seq() + 1, SESSION_MS);
    let zone = &office.config.tenant.time_zone;
    let zone = Door::zone_named(zone).with_context(|| format!("no time zone {zone}"))?;
    let door = Door::new(office.exchange.clone(), stream.clone(), zone);
    let router = router(door.map_err(|error| anyhow!("no random octets for tokens: {error}"))?);
    Ok(Opened {
        frames: vec![Box::new(stream)],
        listeners: vec![("ipxapi", Serve::Tls(router.clone()))],
        shared: Some(router),
        shared_needs_tls: true,
        ..Opened::default()
    })
}
