//! Extensions and their live calls in the vendor's words (VOI-ACT-01, VOI-ACT-03, VOI-RT-09, VOI-RT-14).
//!
//! Pure functions of the picture. Nobody logs in here, so the representative is whoever an application session was opened for;
//! recordings do not exist, so their object is empty. Two words for the state of a phone need probes that are not sent.

use super::config::VoicenterConfig;
use super::wire::Json;
use super::{id, number, sight};
use crate::common::clock::Clock;
use crate::common::json::Object;
use std::borrow::Cow;
use std::ops::Range;
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
        self.config.offset_min(self.epoch(at))
    }

    /// The epoch of the real-time channel: as if local time were UTC (VOI-RT-14).
    pub fn local(&self, at: Time) -> i64 {
        self.config.local(self.epoch(at))
    }

    /// The call id of a call: its first stage begins with it.
    pub fn call_id(&self, call: &Call) -> String {
        id::call(call.created, call.root, self.config.node)
    }

    /// The party at the other end, as it is shown: number and name.
    pub fn other<'a>(&self, taken: Taken<'a>) -> (Cow<'a, str>, Cow<'a, str>) {
        let party = other_party(taken);
        let phone = number::shown_party(party, &self.config.home_country);
        let hidden = phone == number::ANONYMOUS;
        let name = if party.name.is_empty() || hidden { phone.clone() } else { Cow::Borrowed(party.name.as_str()) };
        (phone, name)
    }

    fn did<'a>(&self, call: &'a Call) -> Cow<'a, str> {
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

    /// Writes a call of the real-time channel, in local epochs. `leg` is the leg of a Click2Call that is told of.
    fn tell_call(&self, out: &mut String, taken: Taken<'_>, leg: u8) {
        let Taken { call, connection, .. } = taken;
        let (phone, name) = self.other(taken);
        let started = self.local(connection.created);
        let dialled = Some(&call.called).filter(|_| connection.placed);
        let dialled_number = dialled.map(|party| number::shown_party(party, &self.config.home_country));
        Object::write(out, |o| {
            o.number("callStarted", started);
            o.number("calldurationinterval", started);
            o.number("callAnswered", connection.answered.map_or(0, |at| self.local(at)));
            o.count("answered", u64::from(connection.answered.is_some()));
            o.text("callername", &name);
            o.text("callerphone", &phone);
            o.text("outgoingcallername", dialled.map_or("", |party| &party.name));
            o.text("outgoingcallerphone", &dialled_number.unwrap_or_default());
            o.text("callstatus", if is_two_leg(connection) && leg == 2 { "Talking" } else { status(connection) });
            o.object("customdata", |o| call.data.custom.iter().for_each(|(name, value)| o.named_text(name, value)));
            o.text("direction", direction(connection));
            o.text("callType", direction(connection));
            o.text("ivrid", &self.call_id(call));
            o.object("recording", |o| {
                o.text("Filename", "");
                o.text("Options", "");
                o.text("ApproximateURL", "");
                o.flag("IsMuted", false);
            });
            o.text("did", &self.did(call));
            o.value("relatedIvrUniqueIDs").push_str("[]");
            o.text("originalCallerID", "");
            o.text("originalCallerName", "");
            o.text("actualDialedNumber", call.dialled.as_str());
            o.flag("isInternal", call.did.is_none() && call.called.device.is_some());
            o.flag("isSpyed", false);
            if is_two_leg(connection) {
                o.count("c2cdirection", leg.into());
            }
        });
    }

    /// Writes an extension of the real-time channel; `current` is the call that an event is about, and its leg.
    pub fn tell_extension(
        &self,
        out: &mut String,
        picture: &Picture,
        device: &Device,
        current: Option<(Taken<'_>, u8)>,
    ) {
        let extension = picture.extension_of(device.id).map(|(_, extension)| &extension.config);
        let online = device.session.flatten();
        let online_name = online.and_then(|id| picture.users.get(&id)).map(|user| user.name.as_str());
        let number = extension.map(|it| &it.number).or(device.config.names.number.as_ref());
        let last = device.last;
        let epoch = |at: Option<Time>| at.map_or(0, |at| self.local(at));
        Object::write(out, |o| {
            o.count("userID", user_number(extension.and_then(|it| it.owner)));
            o.text("userName", &name(picture, device));
            o.number("number", number.and_then(|number| number.as_str().parse().ok()).unwrap_or(0));
            o.text("extenUser", &id::sip_code(device));
            o.count("accountID", self.config.node(&sight::node_of(picture, self.config, device.id)).0.into());
            o.count("topAccountID", self.config.account_id.into());
            o.object("summery", |o| o.text("representative", online_name.unwrap_or_default()));
            o.count("onlineUserID", user_number(online));
            o.count("representative", user_number(online));
            o.count("representativeStatus", online_status(online).into());
            o.number("lastCallEventEpoch", epoch(last.placed.max(last.offered)));
            o.number("lastAnsweredCallEventEpoch", epoch(last.answered));
            o.number("lastHangupCallEpoch", epoch(last.ended));
            o.count("representativeUpdated", 0);
            o.text("peerStatus", peer_status(&device.registration));
            let told = self.tell_calls(o.value("calls"), picture, device, current);
            match (told, current) {
                // It has just been written among the others.
                (Some(told), Some(_)) => o.value("currentCall").extend_from_within(told),
                (None, Some((taken, leg))) => self.tell_call(o.value("currentCall"), taken, leg),
                (_, None) => {}
            }
        });
    }

    /// Writes the calls of an extension; gives where among them the present one stands just as it is told.
    fn tell_calls(
        &self,
        out: &mut String,
        picture: &Picture,
        device: &Device,
        current: Option<(Taken<'_>, u8)>,
    ) -> Option<Range<usize>> {
        let mut told = None;
        out.push('[');
        let live = device.connections.iter().filter_map(|id| Taken::live(picture, picture.connections.get(id)?));
        for (n, taken) in live.enumerate() {
            out.push_str(if n == 0 { "" } else { "," });
            let (from, leg) = (out.len(), leg(taken.connection));
            self.tell_call(out, taken, leg);
            if current.is_some_and(|(it, of)| std::ptr::eq(it.connection, taken.connection) && of == leg) {
                told = Some(from..out.len());
            }
        }
        out.push(']');
        told
    }
}

/// The name of an extension: of its number, else of its device.
pub fn name(picture: &Picture, device: &Device) -> String {
    let extension = picture.extension_of(device.id).map(|(_, extension)| extension.config.full_name());
    extension.filter(|name| !name.is_empty()).unwrap_or_else(|| device.config.display_name.clone())
}

/// A user's number; 0: nobody.
pub fn user(user: Option<UserId>) -> Json {
    Json::number(user_number(user))
}

fn user_number(user: Option<UserId>) -> u64 {
    user.map_or(0, |user| user.0)
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
fn other_party(taken: Taken<'_>) -> &Party {
    let Taken { call, connection, caller } = taken;
    if connection.placed {
        return &call.called;
    }
    let caller = call.caller_shown().or(caller.map(|caller| &caller.party));
    caller.unwrap_or(&call.called)
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
