//! What each core event is on the WebSocket (IPX-EVT-01 to IPX-EVT-07, -10, -21, -22; ladders S-1 to S-4 and S-8).
//!
//! One core event becomes frames for several terminals: the one that rings and the one that hears it ring. Services that this
//! version does not have (hold, transfer, conference, forward, agents) have no frames yet.

use super::frame::{Members, Parties, Released, Told};
use super::id::{is_terminal, service_number, shown};
use std::borrow::Cow;
use switching::cause::{Cause, Elsewhere, ForwardKind, RecallKind};
use switching::command::ClearedBy;
use switching::event::{Arrival, Event, Offer, What};
use switching::id::{CallId, ConnectionId, DeviceId};
use switching::model::{Call, Connection, ConnectionState, Prompt};
use switching::party::{Party, PartyKind};
use switching::picture::{Before, Picture};

/// Busy, no answer, invalid destination, do not disturb, trunk busy, blocked, timeout: the causes of `fail` (IPX-EVT-10).
const FAILURES: [u16; 7] = [3, 10, 13, 14, 33, 35, 56];

/// The frames of one core event, in the order in which they go out.
#[must_use]
pub fn render(before: &Before<'_>, event: &Event, after: &Picture) -> Vec<Told> {
    let frames = Frames { before, after };
    match &event.what {
        // The phone of an ordered call shows when it rings.
        What::ServiceInitiated { .. } => Vec::new(),
        What::Prompted { connection } => frames.rings_first(*connection),
        What::Originated { connection, dialled, arrival, prompted, .. } => {
            frames.originated(*connection, dialled.as_str(), *arrival, *prompted)
        }
        What::Delivered { connection, cause, .. } => frames.delivered(connection, *cause),
        What::Established { connection, peers, .. } => frames.established(*connection, peers),
        What::Failed { connection, cause, called, offers, .. } => frames.failed(*connection, *cause, called, offers),
        What::ConnectionCleared { connection, cause, by, .. } => frames.cleared(*connection, *cause, by),
        What::BackInService { device, .. } => frames.service(*device, true),
        What::OutOfService { device } => frames.service(*device, false),
        What::CallCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::DoNotDisturb { .. }
        | What::ApplicationSession { .. }
        | What::ConfigurationChanged(_) => Vec::new(),
    }
}

/// `unregistered` for a terminal that is not connected when it begins to be watched (IPX-EVT-22).
#[must_use]
pub fn unregistered(picture: &Picture, device: DeviceId) -> Told {
    Told::of_terminal(picture, "unregistered", device)
}

struct Frames<'a> {
    before: &'a Before<'a>,
    after: &'a Picture,
}

impl<'a> Frames<'a> {
    /// A frame of a call about a terminal; nothing for a device that is none.
    fn of(&self, kind: &str, device: DeviceId, call: CallId, members: &Members<'_>) -> Option<Told> {
        let is_one = self.after.devices.get(&device).is_some_and(is_terminal);
        is_one.then(|| Told::of_call(self.after, kind, device, call, members))
    }

    /// The phone of an ordered call rings; one that is taken off-hook begins with `proceeding`.
    fn rings_first(&self, id: ConnectionId) -> Vec<Told> {
        let Some((connection, call)) = self.at(id) else { return Vec::new() };
        match connection.prompt {
            Some(Prompt::Ring | Prompt::AutoAnswer) => self.prompted(connection, call, "ringing"),
            Some(Prompt::OffHook) | None => Vec::new(),
        }
    }

    /// A first leg that rings, or is answered, before anything is dialled for it (IPX-C2C-01).
    fn prompted(&self, connection: &Connection, call: &Call, kind: &str) -> Vec<Told> {
        let calling = self.calling_first(connection, call);
        let called = service_number(self.after, connection.device).into();
        let diversion = kind == "connected";
        let members = Members { diversion, ..numbers(Parties { calling, called }, Cause::NewCall) };
        self.of(kind, connection.device, call.id, &members).into_iter().collect()
    }

    /// Who calls the phone of an ordered call: the destination as dialled, whichever door the click came through (CCX-06, IPX-C2C-01). A
    /// phone that cannot be lifted, and is rung for that alone, is called by itself (IPX-CMD-02).
    fn calling_first<'b>(&self, connection: &Connection, call: &'b Call) -> Cow<'b, str> {
        let lifts_itself = self.after.devices.get(&connection.device).is_some_and(|it| it.config.can.auto_answer);
        match call.shown.as_deref() {
            Some(by) if !lifts_itself && by.first.number == connection.party.number => shown(&by.first),
            Some(_) | None => call.dialled.as_str().into(),
        }
    }

    fn originated(&self, id: ConnectionId, dialled: &str, arrival: Arrival, prompted: bool) -> Vec<Told> {
        let Some((connection, call)) = self.at(id) else { return Vec::new() };
        let mut frames = Vec::new();
        let rang = match connection.prompt {
            Some(Prompt::Ring | Prompt::AutoAnswer) => true,
            Some(Prompt::OffHook) | None => false,
        };
        if prompted && rang {
            frames.extend(self.prompted(connection, call, "connected"));
        }
        match arrival {
            Arrival::Phone => frames.extend(self.of("dialing", connection.device, call.id, &Members::default())),
            Arrival::Application | Arrival::Trunk => {}
        }
        let members = Members { dialled: Some(dialled), ..Members::default() };
        frames.extend(self.of("proceeding", connection.device, call.id, &members));
        frames
    }

    fn delivered(&self, rings: &Connection, cause: Cause) -> Vec<Told> {
        let Some((_, call)) = self.at(rings.id) else { return Vec::new() };
        let members = numbers(self.parties(call, rings), cause);
        let ringing = self.of("ringing", rings.device, call.id, &members);
        let caller = self.after.caller_of(call).filter(|caller| caller.id != rings.id);
        let alerting = caller.and_then(|caller| self.of("alerting", caller.device, call.id, &members));
        ringing.into_iter().chain(alerting).collect()
    }

    fn established(&self, id: ConnectionId, peers: &[ConnectionId]) -> Vec<Told> {
        let Some((answered, call)) = self.at(id) else { return Vec::new() };
        let members = Members { diversion: true, ..numbers(self.parties(call, answered), answered.entered) };
        let ends = std::iter::once(id).chain(peers.iter().copied());
        let devices = ends.filter_map(|end| self.after.connections.get(&end)).map(|end| end.device);
        devices.filter_map(|device| self.of("connected", device, call.id, &members)).collect()
    }

    fn failed(&self, id: ConnectionId, cause: Cause, called: &Party, offers: &[Offer]) -> Vec<Told> {
        let Some((connection, call)) = self.at(id) else { return Vec::new() };
        if cause == Cause::Rejected {
            // S-8: the caller is told of the party that refused.
            let number = shown(called);
            let members = ended(Released::Other, &number, cause);
            return self.of("releasedasc", connection.device, call.id, &members).into_iter().collect();
        }
        let parties = Parties { calling: calling(call, connection), called: self.dialled(call, called) };
        let members = Members { offers: Some(offers), ..numbers(parties, failure(cause)) };
        self.of("fail", connection.device, call.id, &members).into_iter().collect()
    }

    /// The number that failed: a text that led nowhere is told as it was dialled, for no line had it called outside (IPX-EVT-03).
    fn dialled<'p>(&self, call: &Call, called: &'p Party) -> Cow<'p, str> {
        let mut ends = call.connections.iter().filter_map(|id| self.after.connections.get(id));
        let led_outside = ends.any(|end| !end.placed && end.party.kind == PartyKind::Remote);
        match called.kind {
            PartyKind::Remote if !led_outside => called.number.as_str().into(),
            PartyKind::Device | PartyKind::Remote | PartyKind::Service => shown(called),
        }
    }

    /// The terminal's own leg ends; if another party ended the call, it is told so first (IPX-EVT-07).
    fn cleared(&self, id: ConnectionId, cause: Cause, by: &ClearedBy) -> Vec<Told> {
        let Some(gone) = self.before.connection(id) else { return Vec::new() };
        let own = service_number(self.after, gone.device);
        let other = match by {
            ClearedBy::Party(other) => self.before.connection(*other).or_else(|| self.after.connections.get(other)),
            ClearedBy::Itself | ClearedBy::Request(_) | ClearedBy::Exchange(_) => None,
        };
        // The other party may be gone from the picture by now: the call still knows who called whom, and how a caller is shown.
        let other = match (by, other) {
            (ClearedBy::Party(_), Some(other)) if !other.placed => Some(shown(&other.party)),
            (ClearedBy::Party(_), _) => self.far_end(gone),
            (ClearedBy::Itself | ClearedBy::Request(_) | ClearedBy::Exchange(_), _) => None,
        };
        let own_cause = if other.is_some() { Cause::NormalClearing } else { self.own_cause(gone, cause) };
        let told = other.and_then(|other| {
            self.of("releasedasc", gone.device, gone.call, &ended(Released::Other, &other, told_cause(cause)))
        });
        let released = self.of("released", gone.device, gone.call, &ended(Released::Own, own, own_cause));
        told.into_iter().chain(released).collect()
    }

    /// A caller who has been told why by `fail` leaves by an ordinary release (S-2).
    fn own_cause(&self, gone: &Connection, cause: Cause) -> Cause {
        match gone.state {
            ConnectionState::Fail => Cause::NormalClearing,
            ConnectionState::Connected if gone.placed => Cause::NormalClearing,
            ConnectionState::Initiated
            | ConnectionState::Alerting
            | ConnectionState::Connected
            | ConnectionState::Hold
            | ConnectionState::Queued => cause,
        }
    }

    /// Who was at the other end of a call whose other party has left already.
    fn far_end(&self, gone: &Connection) -> Option<Cow<'a, str>> {
        let call = self.before.call(gone.call)?;
        if gone.placed { Some(shown(&call.called)) } else { call.caller_shown().map(shown) }
    }

    fn service(&self, device: DeviceId, registered: bool) -> Vec<Told> {
        let was = self.before.device(device).is_some_and(switching::model::Device::in_service);
        if was == registered || !self.after.devices.get(&device).is_some_and(is_terminal) {
            return Vec::new();
        }
        let kind = if registered { "registered" } else { "unregistered" };
        vec![Told::of_terminal(self.after, kind, device)]
    }

    fn at(&self, id: ConnectionId) -> Option<(&Connection, &Call)> {
        let connection = self.after.connections.get(&id)?;
        Some((connection, self.after.calls.get(&connection.call)?))
    }

    /// Calling and called number, the same at both ends (IPX-EVT-05).
    fn parties<'b>(&'b self, call: &'b Call, called: &'b Connection) -> Parties<'b> {
        let directory = called.addressed.extension.and_then(|id| self.after.extensions.get(&id));
        let number = directory.map(|extension| extension.config.number.as_str().into());
        let calling = call.caller_shown().map(shown).unwrap_or_default();
        Parties { calling, called: number.unwrap_or_else(|| shown(&called.party)) }
    }
}

/// The calling number, as the other end is shown it.
fn calling<'a>(call: &'a Call, connection: &'a Connection) -> Cow<'a, str> {
    shown(call.caller_shown().unwrap_or(&connection.party))
}

fn numbers(parties: Parties<'_>, cause: Cause) -> Members<'_> {
    Members { parties: Some(parties), cause: Some(cause), ..Members::default() }
}

fn ended(whose: Released, number: &str, cause: Cause) -> Members<'_> {
    Members { released: Some((whose, number)), cause: Some(cause), ..Members::default() }
}

/// Who hangs up before the answer ends the call normally, as the vendor counts it (S-1).
fn told_cause(cause: Cause) -> Cause {
    if cause == Cause::Abandoned { Cause::NormalClearing } else { cause }
}

/// `fail` knows some causes only (IPX-EVT-10). A phone that failed in any other way is one that cannot be reached.
fn failure(cause: Cause) -> Cause {
    if FAILURES.contains(&cause_code(cause).0) { cause } else { Cause::NotObtainable }
}

pub(super) fn offer_word(offer: Offer) -> &'static str {
    match offer {
        Offer::CampOn => "campon",
        Offer::CallBack => "callback",
        Offer::Intrude => "intrude",
    }
}

/// Table 5 (IPX-EVT-37). Causes that the vendor does not have become the nearest of its own.
#[must_use]
pub fn cause_code(cause: Cause) -> (u16, &'static str) {
    match cause {
        Cause::Busy => (3, "user_busy"),
        Cause::CallBack => (4, "call_back"),
        Cause::Forward(ForwardKind::Immediate) => (6, "forward_immediate"),
        Cause::Forward(ForwardKind::Busy) => (7, "forward_busy"),
        Cause::Forward(ForwardKind::NoAnswer) => (8, "forward_no_answer"),
        Cause::Forward(ForwardKind::Unregistered | ForwardKind::Other) => (9, "forward"),
        Cause::NoAnswer => (10, "no_answer"),
        Cause::Pickup => (11, "pickup"),
        Cause::InvalidDestination | Cause::NotObtainable | Cause::Incompatible => (13, "invalid_destination"),
        Cause::DoNotDisturb => (14, "dnd"),
        Cause::NewCall => (22, "new_call"),
        Cause::NoAvailableAgents | Cause::Overflow => (23, "no_available_agents"),
        Cause::Recall(RecallKind::Hold | RecallKind::Transfer | RecallKind::Park) => (27, "recall"),
        Cause::Redirect | Cause::Park | Cause::Unpark => (28, "redirected"),
        Cause::SilentMonitoring => (31, "silent_monitoring"),
        Cause::ScreenedTransfer => (32, "screened_transfer"),
        Cause::TrunkBusy | Cause::Resource => (33, "trunk_busy"),
        Cause::Blocked | Cause::Unregistered => (35, "blocked"),
        Cause::Consultation => (37, "consultation"),
        Cause::NormalClearing
        | Cause::Abandoned
        | Cause::ExitKey
        | Cause::MediaLost
        | Cause::EngineLost
        | Cause::PeerFailure
        | Cause::Shutdown => (48, "normal_clearing"),
        Cause::SingleStepTransfer => (52, "blind_transfer"),
        Cause::Timeout | Cause::TalkLimit | Cause::QueueTimeout => (56, "timeout"),
        Cause::Conference | Cause::Intrude => (57, "conference"),
        Cause::Deflect => (58, "reroute"),
        Cause::TrunkCall => (59, "trunk_call"),
        Cause::UnscreenedTransfer => (60, "unscreened_transfer"),
        Cause::AnsweredElsewhere(Elsewhere::Bridge) => (61, "bridge_answer"),
        Cause::AnsweredElsewhere(Elsewhere::Branch) => (62, "branch_answer"),
        Cause::BranchRelease => (63, "branch_release"),
        Cause::GroupCall | Cause::Route => (65, "group_call"),
        Cause::CallWaiting | Cause::CampOn => (99, "callwait"),
        Cause::AnsweredElsewhere(Elsewhere::Mobile) => (101, "mobile_answer"),
        Cause::AnsweredElsewhere(Elsewhere::Madn) => (102, "madn_answer"),
        Cause::Rejected => (103, "reject"),
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
