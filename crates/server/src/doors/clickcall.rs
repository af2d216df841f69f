//! The ClickCall door: XML over HTTPS, never in the clear (CCX-02).

use super::{Office, Opened, Serve};
use dialects::clickcall::{ClickCallConfig, Door, router};

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let codes = Some(crate::config::Door::Ipxapi.name().to_owned());
    let config = ClickCallConfig { licence: office.config.clickcall.licence, codes };
    let door = Door::new(office.exchange.clone(), config);
    Ok(Opened {
        listeners: vec![("clickcall", Serve::Tls(router(door.clone(), true)))],
        shared: Some(router(door, false)),
        shared_needs_tls: true,
        // No events, so the projector has nothing to feed.
        ..Opened::default()
    })
}
