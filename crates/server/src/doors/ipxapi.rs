//! The door of the iPECS Web API: REST and WebSocket over TLS, never in the clear (IPX-AUTH-13).

use super::{Office, Opened, Serve};
use anyhow::anyhow;
use dialects::ipxapi::{Door, SESSION_MS, Stream, router};

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let stream = Stream::new(office.exchange.seq() + 1, SESSION_MS);
    let door = Door::new(office.exchange.clone(), stream.clone());
    let router = router(door.map_err(|error| anyhow!("no random octets for tokens: {error}"))?);
    Ok(Opened {
        frames: vec![Box::new(stream)],
        listeners: vec![("ipxapi", Serve::Tls(router.clone()))],
        shared: Some(router),
        shared_needs_tls: true,
        ..Opened::default()
    })
}
