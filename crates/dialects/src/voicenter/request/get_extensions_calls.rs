//! GetExtensionsCalls: every extension with its live calls (VOI-ACT-01, VOI-ACT-03).
//!
//! Beside the vendor's documented keys those of its later clients are sent. Nobody logs in here, so `representative` is whoever an
//! application session was opened for; recordings do not exist, so their object is empty.

use super::super::wire::Json;
use super::super::{address, id, number};
use super::Asked;
use switching::model::{Connection, ConnectionState, Device, Prompt, Registration};
use switching::party::Party;
use switching::picture::Picture;
use switching::time::Time;

pub(super) fn list(asked: &Asked<'_>) -> Vec<Json> {
    let wanted = asked.params.list(&["extension", "extensions"]);
    let wanted = |code: &str| wanted.as_ref().is_none_or(|list| list.iter().any(|it| it == code));
    address::each_extension(&asked.door.exchange, |picture, device| {
        let code = id::sip_code(picture, device.id);
        wanted(&code).then(|| entry(asked, picture, code, device))
    })
}

fn entry(asked: &Asked<'_>, picture: &Picture, code: String, device: &Device) -> Json {
    let extension = picture.extension_of(device.id).map(|(_, extension)| &extension.config);
    let name = extension.map(|it| it.full_name()).filter(|name| !name.is_empty());
    let online = device.session.flatten();
    let online_name = online.and_then(|id| picture.users.get(&id)).map(|user| user.name.clone()).unwrap_or_default();
    let owner = extension.and_then(|it| it.owner);
    let calls = device.connections.iter().filter_map(|id| picture.connections.get(id));
    let user = |user: Option<switching::id::UserId>| Json::number(user.map_or(0, |user| user.0));
    Json::object([
        ("name", Json::text(name.unwrap_or_else(|| device.config.display_name.clone()))),
        ("representative", Json::text(online_name)),
        ("peerstatus", Json::text(peer_status(&device.registration))),
        ("username", Json::text(code)),
        ("userID", user(owner)),
        ("onlineUserID", user(online)),
        ("onlineUserStatus", Json::number(if online.is_some() { 1 } else { 2 })),
        ("calls", Json::Array(calls.filter_map(|connection| call(asked, picture, connection)).collect())),
    ])
}

/// The registration in the vendor's words. It knows two more, which need probes that are not sent.
fn peer_status(registration: &Registration) -> &'static str {
    match registration {
        Registration::Never => "Unknown",
        Registration::Contacts(_) => "Reachable",
        Registration::Lapsed => "Unregistered",
    }
}

fn call(asked: &Asked<'_>, picture: &Picture, connection: &Connection) -> Option<Json> {
    let home = &asked.door.config.home_country;
    let call = picture.calls.get(&connection.call)?;
    let root = picture.stages.get(&call.root)?;
    let other = other_party(picture, call, connection);
    let phone = number::shown_party(&other, home);
    let hidden = phone == number::ANONYMOUS;
    let name = if other.name.is_empty() || hidden { phone.clone() } else { other.name.clone() };
    let epoch = |at: Time| Json::number(asked.door.exchange.clock().unix_ms(at).div_euclid(1_000));
    let answered = connection.answered.map_or_else(|| Json::number(0), epoch);
    let did = call.did.as_ref().map(|did| number::shown(did.as_str(), home)).unwrap_or_default();
    let custom = call.data.custom.iter().map(|(name, value)| (name.clone(), Json::text(value.as_str()))).collect();
    Some(Json::object([
        ("callername", Json::text(name)),
        ("callerphone", Json::text(phone)),
        ("callstarted", epoch(connection.created)),
        ("callanswered", answered.clone()),
        ("answered", Json::number(u8::from(connection.answered.is_some()))),
        ("callstatus", Json::text(status(connection))),
        ("ivrid", Json::text(id::call(root.opened, root.id, asked.door.config.node))),
        ("direction", Json::text(direction(connection))),
        ("callStarted", epoch(connection.created)),
        ("callAnswered", answered),
        ("did", Json::text(did)),
        ("customdata", Json::Object(custom)),
        ("recording", Json::object([("Filename", Json::text("")), ("IsMuted", Json::Bool(false))])),
    ]))
}

/// Whom this end talks to or will: of the one who placed the call the called party, of the others the caller as it is shown to them.
fn other_party(picture: &Picture, call: &switching::model::Call, connection: &Connection) -> Party {
    if connection.placed {
        return call.called.clone();
    }
    match (&call.shown, picture.caller_of(call)) {
        (Some(shown), _) => shown.second.clone(),
        (None, Some(caller)) => caller.party.clone(),
        (None, None) => call.called.clone(),
    }
}

/// A first leg that has answered talks, to the tone at least, before the other side does.
fn status(connection: &Connection) -> &'static str {
    let first_leg = is_two_leg(connection) && connection.supervised.is_some();
    match connection.state {
        ConnectionState::Alerting => "Ringing",
        ConnectionState::Hold => "Hold",
        ConnectionState::Connected | ConnectionState::Queued | ConnectionState::Fail if first_leg => "Talking",
        ConnectionState::Connected if connection.answered.is_some() => "Talking",
        ConnectionState::Initiated | ConnectionState::Connected | ConnectionState::Queued | ConnectionState::Fail => {
            "Dialing"
        }
    }
}

fn direction(connection: &Connection) -> &'static str {
    match (is_two_leg(connection), connection.placed) {
        (true, _) => "Click2Call",
        (false, true) => "Outgoing",
        (false, false) => "Incoming",
    }
}

fn is_two_leg(connection: &Connection) -> bool {
    matches!(connection.prompt, Some(Prompt::Ring | Prompt::AutoAnswer))
}
