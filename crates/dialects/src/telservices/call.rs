//! One connection as this vendor's call element (TEL-CALL-01 to TEL-CALL-16): a pure function of a picture.
//!
//! Consultations, conferences, diversions and the vendor's directories are not there yet, so there is no `secCall`,
//! `addedParties`, `firstOtherParty` or `lastRedirectionParty`. What is known of a party is what the exchange's own directory says.

use super::id;
use super::wire::Writer;
use std::borrow::Cow;
use switching::id::{CallId, ConnectionId, ExtensionId, StageId};
use switching::model::{Call, Connection, ConnectionState, Extension, Stage, StageKind};
use switching::party::{Digits, Party, Presentation};
use switching::picture::{Before, Picture};
use switching::time::Time;

/// The directory field that names a company.
const COMPANY: &str = "company";
/// Octets of a usual call element, so that it is written without moving.
const ELEMENT_LEN: usize = 384;

/// A picture to look at: the present one, or the one before an event.
pub(super) trait Look {
    fn call(&self, id: CallId) -> Option<&Call>;
    fn connection(&self, id: ConnectionId) -> Option<&Connection>;
    fn stage(&self, id: StageId) -> Option<&Stage>;
    fn extension(&self, id: ExtensionId) -> Option<&Extension>;
}

impl Look for Picture {
    fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.get(&id)
    }
    fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }
    fn stage(&self, id: StageId) -> Option<&Stage> {
        self.stages.get(&id)
    }
    fn extension(&self, id: ExtensionId) -> Option<&Extension> {
        self.extensions.get(&id)
    }
}

impl Look for Before<'_> {
    fn call(&self, id: CallId) -> Option<&Call> {
        Before::call(self, id)
    }
    fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        Before::connection(self, id)
    }
    fn stage(&self, id: StageId) -> Option<&Stage> {
        Before::stage(self, id)
    }
    fn extension(&self, id: ExtensionId) -> Option<&Extension> {
        Before::extension(self, id)
    }
}

/// States of a call part (TEL-CALL-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Initiated,
    Originated,
    Delivered,
    Queued,
    Alerting,
    Connected,
    Cleared,
    Failed,
    Hold,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Originated => "originated",
            Self::Delivered => "delivered",
            Self::Queued => "queued",
            Self::Alerting => "alerting",
            Self::Connected => "connected",
            Self::Cleared => "cleared",
            Self::Failed => "failed",
            Self::Hold => "hold",
        }
    }

    /// What the vendor permits in this state, in sending order (TEL-CALL-16, first table).
    const fn permitted(self, outgoing: bool) -> &'static [Service] {
        match (self, outgoing) {
            (Self::Initiated | Self::Originated | Self::Delivered | Self::Failed, _) | (Self::Queued, true) => {
                &[Service::Drop]
            }
            (Self::Queued, false) => &[Service::Divert],
            (Self::Alerting, _) => &[Service::Answer, Service::Divert],
            (Self::Connected, _) => &[Service::Hold, Service::Drop, Service::Divert, Service::Consultation],
            (Self::Hold, _) => &[Service::Retrieve, Service::Drop],
            (Self::Cleared, _) => &[],
        }
    }
}

/// Services as they are named to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Answer,
    Consultation,
    Divert,
    Drop,
    Hold,
    Retrieve,
}

/// What this exchange can do in general; all else is left out of every list (TEL-CALL-16, capability).
const CAN: &[Service] = &[Service::Answer, Service::Drop];

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answerCall",
            Self::Consultation => "consultationCall",
            Self::Divert => "divertCall",
            Self::Drop => "dropCall",
            Self::Hold => "holdCall",
            Self::Retrieve => "retrieveCall",
        }
    }
}

/// Causes of a change (TEL-CALL-14), as far as they can happen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallCause {
    Busy,
    DestNotObtainable,
    DroppedByOtherParty,
}

impl CallCause {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::DestNotObtainable => "destNotObtainable",
            Self::DroppedByOtherParty => "droppedByOtherParty",
        }
    }
}

/// What the settings add to a call element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shows {
    /// The reference of the call (TEL-CALL-13).
    pub(super) reference: bool,
}

/// A connection as its device sees it. Two that are equal look the same to a client, but for time and cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen<'a> {
    id: u16,
    reference: CallId,
    pub(super) state: State,
    number: Cow<'a, str>,
    name: &'a str,
    company: Option<&'a str>,
    outgoing: bool,
    /// The number that was dialled from outside, where it is another than this device's.
    first_called: Option<&'a str>,
}

impl<'a> Seen<'a> {
    /// How a connection looks in a picture.
    pub(super) fn of(look: &'a impl Look, connection: &Connection) -> Option<Self> {
        let call = look.call(connection.call)?;
        let state = state(look, call, connection);
        let (number, name) = match state {
            State::Initiated => (Cow::Borrowed(""), ""),
            _ => other(call, connection),
        };
        let company = match state {
            State::Initiated => None,
            _ => company(look, call, connection),
        };
        let did = call.did.as_ref().filter(|did| !connection.placed && **did != connection.addressed.number);
        Some(Self {
            id: connection.line.no,
            reference: call.id,
            state,
            number,
            name,
            company,
            outgoing: connection.placed,
            first_called: did.map(Digits::as_str),
        })
    }

    /// The same, over.
    pub(super) fn cleared(self) -> Self {
        Self { state: State::Cleared, ..self }
    }

    /// The call element; `talk_s` is the duration in seconds.
    pub(super) fn element(&self, talk_s: u64, cause: Option<CallCause>, extra: Option<&str>, shows: Shows) -> String {
        let mut w = Writer::with_room(ELEMENT_LEN);
        w.within("call", |w| {
            w.number("id", self.id.into());
            w.within("primCall", |w| {
                w.choice("state", self.state.name());
                w.party("otherParty", &self.number, self.name, self.company);
                if let Some(first) = self.first_called {
                    w.party("firstCalledParty", first, "", None);
                }
                w.number("duration", talk_s);
                w.flag("isOutgoing", self.outgoing);
                w.flag("isConference", false);
                if shows.reference {
                    w.number("callReference", self.reference.0);
                }
                if let Some(cause) = cause {
                    w.choice("cause", cause.name());
                }
            });
            w.within("permittedServices", |w| {
                let permitted = self.state.permitted(self.outgoing).iter();
                permitted.filter(|service| CAN.contains(service)).for_each(|service| w.empty(service.name()));
            });
            if let Some(extra) = extra {
                w.text("extraData", extra);
            }
        });
        w.finish()
    }
}

/// Seconds of talk so far (TEL-CALL-11).
pub(super) fn talk_s(connection: &Connection, now: Time) -> u64 {
    connection.party_since.or(connection.answered).map_or(0, |since| now.ms_since(since) / 1_000)
}

/// The correlator data of a call as text (TEL-CALL-17).
pub(super) fn extra(call: &Call) -> Option<String> {
    call.data.correlator.as_ref().map(|data| String::from_utf8_lossy(data).into_owned())
}

fn state(look: &impl Look, call: &Call, connection: &Connection) -> State {
    match connection.state {
        ConnectionState::Initiated => State::Initiated,
        ConnectionState::Alerting => State::Alerting,
        ConnectionState::Hold => State::Hold,
        ConnectionState::Queued => State::Queued,
        ConnectionState::Fail => State::Failed,
        ConnectionState::Connected if connection.answered.is_some() => State::Connected,
        ConnectionState::Connected if rings(look, call) => State::Delivered,
        ConnectionState::Connected => State::Originated,
    }
}

/// Whether the call has reached a phone that rings, or did until it refused.
fn rings(look: &impl Look, call: &Call) -> bool {
    let alerting = |id: &ConnectionId| look.connection(*id).is_some_and(|it| it.state == ConnectionState::Alerting);
    call.connections.iter().any(alerting) || look.stage(call.stage).is_some_and(destination_rang)
}

/// The stage of a first leg says when that phone rang, not when a destination did.
fn destination_rang(stage: &Stage) -> bool {
    match stage.kind {
        StageKind::Dial => stage.ringing.is_some(),
        StageKind::FirstLeg => false,
    }
}

/// The company of the other party, which has a number at work then: as its own entry of the directory has it, where it may be told
/// who that is.
fn company<'a>(look: &'a impl Look, call: &Call, connection: &Connection) -> Option<&'a str> {
    let party = if connection.placed { Some(&call.called) } else { call.caller_shown() };
    let known = party.filter(|party| party.presentation == Presentation::Allowed)?.extension?;
    look.extension(known)?.config.fields.get(COMPANY).map(String::as_str).filter(|company| !company.is_empty())
}

/// Number and name of the other party: whom the call was for, or who made it.
pub(super) fn other<'a>(call: &'a Call, connection: &Connection) -> (Cow<'a, str>, &'a str) {
    if connection.placed {
        let called = &call.called;
        let number = if called.number.is_empty() { &call.dialled } else { &called.number };
        return (Cow::Borrowed(number.as_str()), &called.name);
    }
    let may_be_shown = |party: &&Party| party.presentation == Presentation::Allowed && !party.number.is_empty();
    match call.caller_shown().filter(may_be_shown) {
        Some(caller) => (Cow::Borrowed(caller.number.as_str()), &caller.name),
        None => (Cow::Owned(id::hidden(call.id)), ""),
    }
}
