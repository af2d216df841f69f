//! Extensions and their live calls in the vendor's words (VOI-ACT-01, VOI-ACT-03, VOI-RT-09, VOI-RT-14).
//!
//! Pure functions of the picture. Nobody logs in here, so the representative is whoever an application session was opened for;
//! recordings do not exist, so their object is empty. Two words for the state of a phone need probes that are not sent.

use super::config::VoicenterConfig;
use super::wire::Json;
use super::{id, number, sight};
use crate::common::clock::Clock;
use jiff::Timestamp;
use switching::id::UserId;
use switching::model::{Call, Connection, ConnectionState, Device, Prompt, Registration};
use switching::party::Party;
use switching::picture::Picture;
use switching::time::Time;

/// With what it is written.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub config: &'a VoicenterConfig,
    pub clock: &'a Clock,
}

/// One call of an extension.
#[derive(Clone, Copy)]
pub struct Taken<'a> {
    pub call: &'a Call,
    pub connection: &'a Connection,
    /// The one who placed it, where that is another.
    pub caller: Option<&'a Connection>,
}

impl<'a> Taken<'a> {
    /// A live one.
    pub fn live(picture: &'a Picture, connection: &'a Connection) -> Option<Self> {
        let call = picture.calls.get(&connection.call)?;
        Some(Self { call, connection, caller: picture.caller_of(call) })
    }
}

impl Words<'_> {
    /// Whole seconds since the Unix epoch.
    pub fn epoch(&self, at: Time) -> i64 {
        self.clock.unix_ms(at).div_euclid(1_000)
    }

    /// Minutes by which the local time is ahead of UTC.
    pub fn offset_min(&self, at: Time) -> i64 {
        let at = Timestamp::from_second(self.epoch(at)).unwrap_or(Timestamp::UNIX_EPOCH);
        i64::from(self.config.time_zone.to_offset(at).seconds()) / 60
    }

    /// The epoch of the real-time channel: as if local time were UTC (VOI-RT-14).
    pub fn local(&self, at: Time) -> i64 {
        self.epoch(at) + self.offset_min(at) * 60
    }

    /// The call id of a call: its first stage begins with it.
    pub fn call_id(&self, call: &Call) -> String {
        id::call(call.created, call.root, self.config.node)
    }

    /// The party at the other end, as it is shown: number and name.
    pub fn other(&self, taken: Taken<'_>) -> (String, String) {
        let party = other_party(taken);
        let phone = number::shown_party(&party, &self.config.home_country);
        let hidden = phone == number::ANONYMOUS;
        let name = if party.name.is_empty() || hidden { phone.clone() } else { party.name };
        (phone, name)
    }

    fn did(&self, call: &Call) -> String {
        call.did.as_ref().map(|did| number::shown(did.as_str(), &self.config.home_country)).unwrap_or_default()
    }

    /// A call of the list of active calls, in UTC.
    pub fn listed_call(&self, taken: Taken<'_>) -> Json {
        let Taken { call, connection, .. } = taken;
        let (phone, name) = self.other(taken);
        let answered = connection.answered.map_or(0, |at| self.epoch(at));
        Json::object([
            ("callername", Json::text(name)),
            ("callerphone", Json::text(phone)),
            ("callstarted", Json::number(self.epoch(connection.created))),
            ("callanswered", Json::number(answered)),
            ("answered", Json::number(u8::from(connection.answered.is_some()))),
            ("callstatus", Json::text(status(connection))),
            ("ivrid", Json::text(self.call_id(call))),
            ("direction", Json::text(direction(connection))),
            ("callStarted", Json::number(self.epoch(connection.created))),
            ("callAnswered", Json::number(answered)),
            ("did", Json::text(self.did(call))),
            ("customdata", custom(call)),
            ("recording", Json::object([("Filename", Json::text("")), ("IsMuted", Json::Bool(false))])),
        ])
    }

    /// A call of the real-time channel, in local epochs. `leg` is the leg of a Click2Call that is told of.
    pub fn told_call(&self, taken: Taken<'_>, leg: u8) -> Json {
        let Taken { call, connection, .. } = taken;
        let (phone, name) = self.other(taken);
        let started = Json::number(self.local(connection.created));
        let text = |text: &str| Json::text(text);
        let recording = [
            ("Filename", text("")),
            ("Options", text("")),
            ("ApproximateURL", text("")),
            ("IsMuted", Json::Bool(false)),
        ];
        let called = number::shown_party(&call.called, &self.config.home_country);
        let mut fields = vec![
            ("callStarted", started.clone()),
            ("calldurationinterval", started),
            ("callAnswered", Json::number(connection.answered.map_or(0, |at| self.local(at)))),
            ("answered", Json::number(u8::from(connection.answered.is_some()))),
            ("callername", Json::text(name)),
            ("callerphone", Json::text(phone)),
            ("outgoingcallername", text(if connection.placed { &call.called.name } else { "" })),
            ("outgoingcallerphone", text(if connection.placed { &called } else { "" })),
            ("callstatus", text(if is_two_leg(connection) && leg == 2 { "Talking" } else { status(connection) })),
            ("customdata", custom(call)),
            ("direction", text(direction(connection))),
            ("callType", text(direction(connection))),
            ("ivrid", Json::text(self.call_id(call))),
            ("recording", Json::object(recording)),
            ("did", Json::text(self.did(call))),
            ("relatedIvrUniqueIDs", Json::Array(Vec::new())),
            ("originalCallerID", text("")),
            ("originalCallerName", text("")),
            ("actualDialedNumber", text(call.dialled.as_str())),
            ("isInternal", Json::Bool(call.did.is_none() && call.called.device.is_some())),
            ("isSpyed", Json::Bool(false)),
        ];
        if is_two_leg(connection) {
            fields.push(("c2cdirection", Json::number(leg)));
        }
        Json::of_fields(fields)
    }

    /// An extension of the real-time channel; `current` is the call that an event is about.
    pub fn told_extension(&self, picture: &Picture, device: &Device, current: Option<Json>) -> Json {
        let extension = picture.extension_of(device.id).map(|(_, extension)| &extension.config);
        let online = device.session.flatten();
        let online_name = online.and_then(|id| picture.users.get(&id)).map(|user| user.name.as_str());
        let number = extension.map(|it| &it.number).or(device.config.names.number.as_ref());
        let number = number.and_then(|number| number.as_str().parse::<i64>().ok()).unwrap_or(0);
        let calls = device.connections.iter().filter_map(|id| Taken::live(picture, picture.connections.get(id)?));
        let last = device.last;
        let epoch = |at: Option<Time>| Json::number(at.map_or(0, |at| self.local(at)));
        let mut fields = vec![
            ("userID", user(extension.and_then(|it| it.owner))),
            ("userName", Json::text(name(picture, device))),
            ("number", Json::number(number)),
            ("extenUser", Json::text(id::sip_code(picture, device.id))),
            ("accountID", Json::number(self.config.node(&sight::node_of(picture, self.config, device.id)).0)),
            ("topAccountID", Json::number(self.config.account_id)),
            ("summery", Json::object([("representative", Json::text(online_name.unwrap_or_default()))])),
            ("onlineUserID", user(online)),
            ("representative", user(online)),
            ("representativeStatus", Json::number(online_status(online))),
            ("lastCallEventEpoch", epoch(last.placed.max(last.offered))),
            ("lastAnsweredCallEventEpoch", epoch(last.answered)),
            ("lastHangupCallEpoch", epoch(last.ended)),
            ("representativeUpdated", Json::number(0)),
            ("peerStatus", Json::text(peer_status(&device.registration))),
            ("calls", Json::Array(calls.map(|taken| self.told_call(taken, leg(taken.connection))).collect())),
        ];
        fields.extend(current.map(|call| ("currentCall", call)));
        Json::of_fields(fields)
    }
}

/// The name of an extension: of its number, else of its device.
pub fn name(picture: &Picture, device: &Device) -> String {
    let extension = picture.extension_of(device.id).map(|(_, extension)| extension.config.full_name());
    extension.filter(|name| !name.is_empty()).unwrap_or_else(|| device.config.display_name.clone())
}

/// A user's number; 0: nobody.
pub fn user(user: Option<UserId>) -> Json {
    Json::number(user.map_or(0, |user| user.0))
}

/// Logged in, or logged out (VOI-LGN-02).
pub fn online_status(user: Option<UserId>) -> u8 {
    if user.is_some() { 1 } else { 2 }
}

/// The registration.
pub fn peer_status(registration: &Registration) -> &'static str {
    match registration {
        Registration::Never => "Unknown",
        Registration::Contacts(_) => "Reachable",
        Registration::Lapsed => "Unregistered",
    }
}

/// Whether a phone was rung first because an application asked for the call.
pub fn is_two_leg(connection: &Connection) -> bool {
    matches!(connection.prompt, Some(Prompt::Ring | Prompt::AutoAnswer))
}

/// The leg of a Click2Call that a first phone's call is at: its own, then the other one.
pub fn leg(connection: &Connection) -> u8 {
    if connection.state == ConnectionState::Initiated { 1 } else { 2 }
}

fn custom(call: &Call) -> Json {
    Json::Object(
        call.data.custom.iter().map(|(name, value)| (name.clone().into(), Json::text(value.as_str()))).collect(),
    )
}

/// Whom this end talks to or will: of the one who placed the call the called party, of the others the caller as it is shown to them.
fn other_party(taken: Taken<'_>) -> Party {
    let Taken { call, connection, caller } = taken;
    if connection.placed {
        return call.called.clone();
    }
    let caller = call.caller_shown().or(caller.map(|caller| &caller.party));
    caller.unwrap_or(&call.called).clone()
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
