//! What a terminal does (IPX-PRES-04): one word, the first of their order that holds. Before an event and after it.
//!
//! Forwards and conferences are no services yet, so their words do not occur.

use std::collections::BTreeSet;
use switching::event::Event;
use switching::id::DeviceId;
use switching::model::{Call, Connection, ConnectionState, Device, Prompt};
use switching::party::PartyKind;
use switching::picture::{Before, Overlay, Picture};

/// The word for a terminal now.
#[must_use]
pub fn now(picture: &Picture, device: &Device) -> &'static str {
    of(&Before { after: picture, overlay: &Overlay::default() }, device)
}

/// The word for a terminal before an event; none where it was not there.
#[must_use]
pub fn before(before: &Before<'_>, device: DeviceId) -> Option<&'static str> {
    before.device(device).map(|device| of(before, device))
}

/// The first that holds: block, hold, talk, ring, busy, DND, idle.
fn of(view: &Before<'_>, device: &Device) -> &'static str {
    if !device.in_service() {
        return "block";
    }
    let connections: Vec<&Connection> = device.connections.iter().filter_map(|id| view.connection(*id)).collect();
    let any = |holds: &dyn Fn(&Connection) -> bool| connections.iter().any(|connection| holds(connection));
    let refuses = || {
        let extension = view.after.extension_of(device.id).and_then(|(id, _)| view.extension(id));
        extension.is_some_and(|extension| extension.do_not_disturb)
    };
    if any(&|connection| connection.state == ConnectionState::Hold) {
        "hold"
    } else if any(&|connection| talks(view, connection, true)) {
        "trk_talk"
    } else if any(&|connection| talks(view, connection, false)) {
        "stn_talk"
    } else if any(&rings) {
        "ring"
    } else if !connections.is_empty() {
        "busy"
    } else if refuses() {
        "DND"
    } else {
        "idle"
    }
}

/// Whether a connection talks to somebody, outside or inside.
fn talks(view: &Before<'_>, connection: &Connection, outside: bool) -> bool {
    let is_in = |it: &Connection| it.answered.is_some() && it.state != ConnectionState::Fail;
    let others = || view.call(connection.call).into_iter().flat_map(|call: &Call| call.connections.iter().copied());
    let mut peers =
        others().filter(|id| *id != connection.id).filter_map(|id| view.connection(id)).filter(|it| is_in(it));
    is_in(connection) && peers.any(|peer| (peer.party.kind == PartyKind::Remote) == outside)
}

/// A called phone, or one that is rung first to be lifted for a call of its own.
fn rings(connection: &Connection) -> bool {
    match connection.state {
        ConnectionState::Alerting => true,
        ConnectionState::Initiated => match connection.prompt {
            Some(Prompt::Ring | Prompt::AutoAnswer) => connection.alerting.is_some(),
            Some(Prompt::OffHook) | None => false,
        },
        ConnectionState::Connected | ConnectionState::Hold | ConnectionState::Queued | ConnectionState::Fail => false,
    }
}

/// The terminals whose word an event may change: those that it names, and all in the calls that it names.
#[must_use]
pub fn touched(view: &Before<'_>, event: &Event) -> BTreeSet<DeviceId> {
    let then = event.calls.iter().filter_map(|id| view.call(*id));
    let now = event.calls.iter().filter_map(|id| view.after.calls.get(id));
    let connections = then.chain(now).flat_map(|call| call.connections.iter().copied());
    let either = connections.filter_map(|id| view.after.connections.get(&id).or_else(|| view.connection(id)));
    either.map(|connection| connection.device).chain(event.devices.iter().copied()).collect()
}
