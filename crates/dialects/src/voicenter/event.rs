//! What each core event is to this door: rows of finished calls (VOI-CDR-10) and events of the real-time channel (VOI-RT-06, VOI-RT-15).
//!
//! An event of the channel belongs to one extension. Held calls, queues and dialler events have no core event yet.

use super::address::is_extension;
use super::live::{self, Taken, Words};
use super::{id, number};
use crate::common::json::{Object, on_paper};
use axum::extract::ws::Utf8Bytes;
use switching::cause::Cause;
use switching::event::{Arrival, Configured, Event, Purpose, What};
use switching::id::{CallId, ConnectionId, DeviceId};
use switching::model::{Connection, ConnectionState};
use switching::picture::{Before, Picture};

/// The call whose rows are complete by this event.
#[must_use]
pub fn completes(event: &Event) -> Option<CallId> {
    match &event.what {
        What::CallCleared { call } => Some(*call),
        What::ServiceInitiated { .. }
        | What::Originated { .. }
        | What::Delivered { .. }
        | What::Established { .. }
        | What::Failed { .. }
        | What::ConnectionCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::DoNotDisturb { .. }
        | What::ApplicationSession { .. }
        | What::ConfigurationChanged(_)
        | What::Prompted { .. } => None,
    }
}

/// A frame of the real-time channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// The SIP code of the extension it is about; none: everybody's.
    pub(super) extension: Option<String>,
    /// The message, whole.
    pub(super) text: Utf8Bytes,
}

impl Frame {
    fn new(extension: Option<String>, name: &str, payload: impl FnOnce(&mut Object<'_>)) -> Self {
        let text = on_paper(|text| {
            push_message(text, name, payload);
            text.as_str().into()
        });
        Self { extension, text }
    }
}

/// Appends an event as Socket.IO carries it: its name and an object.
pub(super) fn push_message(out: &mut String, name: &str, payload: impl FnOnce(&mut Object<'_>)) {
    out.push_str("42[\"");
    out.push_str(name);
    out.push_str("\",");
    Object::write(out, payload);
    out.push(']');
}

/// The frames of one core event, in order.
pub(super) fn render(words: &Words<'_>, before: &Before<'_>, event: &Event, after: &Picture) -> Vec<Frame> {
    let told = Telling { words, event, after };
    match &event.what {
        What::ServiceInitiated { connection, purpose: Purpose::TwoLeg, .. } => told.of("NEWCALL", connection.id, 1),
        What::ServiceInitiated { purpose: Purpose::Call, .. } => Vec::new(),
        What::Originated { connection, arrival, .. } => told.originated(*connection, *arrival),
        What::Delivered { connection, .. } => told.of("NEWCALL", connection.id, 2),
        What::Established { connection, born, peers, .. } => {
            // A phone that answered without ringing has to be known first.
            let new = born.iter().flat_map(|_| told.of("NEWCALL", *connection, 2));
            let answered = std::iter::once(connection).chain(peers);
            new.chain(answered.flat_map(|id| told.of("ANSWER", *id, 2))).collect()
        }
        What::ConnectionCleared { connection, cause, .. } => told.hung_up(before, *connection, *cause),
        What::ApplicationSession { device, .. } => told.status(*device),
        What::ConfigurationChanged(Configured::Device(..) | Configured::Extension(..) | Configured::User(..)) => {
            vec![Frame::new(None, "ExtensionsUpdated", |_| {})]
        }
        What::ConfigurationChanged(Configured::Trunk(..) | Configured::Settings(_))
        | What::Failed { .. }
        | What::CallCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::DoNotDisturb { .. }
        // A first leg is told as `Dialing` until it answers (VOI-RT-15).
        | What::Prompted { .. } => Vec::new(),
    }
}

struct Telling<'a> {
    words: &'a Words<'a>,
    event: &'a Event,
    after: &'a Picture,
}

impl Telling<'_> {
    /// A phone that dialled has a new call; a first phone has answered, and dials on.
    fn originated(&self, connection: ConnectionId, arrival: Arrival) -> Vec<Frame> {
        let two_leg = self.after.connections.get(&connection).is_some_and(live::is_two_leg);
        match (arrival, two_leg) {
            (Arrival::Trunk, _) => Vec::new(),
            (Arrival::Application, true) => {
                let mut frames = self.of("ANSWER", connection, 1);
                frames.extend(self.of("NEWCALL", connection, 2));
                frames
            }
            (Arrival::Phone, _) | (Arrival::Application, false) => self.of("NEWCALL", connection, 2),
        }
    }

    /// An event of a live call.
    fn of(&self, reason: &str, id: ConnectionId, leg: u8) -> Vec<Frame> {
        let Some(connection) = self.after.connections.get(&id) else { return Vec::new() };
        let Some(taken) = Taken::live(self.after, connection) else { return Vec::new() };
        self.frame(reason, connection.device, Some((taken, leg)), |_| {}).into_iter().collect()
    }

    fn hung_up(&self, before: &Before<'_>, id: ConnectionId, cause: Cause) -> Vec<Frame> {
        let Some(connection) = before.connection(id) else { return Vec::new() };
        let Some(call) = before.call(connection.call) else { return Vec::new() };
        let caller = call.connections.iter().filter_map(|id| before.connection(*id)).find(|it| it.placed);
        let taken = Taken { call, connection, caller };
        let caller_id = call.caller_shown().or(caller.map(|caller| &caller.party));
        let caller_id = caller_id.map(|party| number::shown_party(party, &self.words.config.home_country));
        let leg = live::leg(connection);
        let frame = self.frame("HANGUP", connection.device, Some((taken, leg)), |o| {
            o.text("callerID", &caller_id.unwrap_or_default());
            o.text("ivruniqueid", &self.words.call_id(call));
            o.text("dialStatus", "");
            o.text("cause", cause_text(connection.failed.unwrap_or(cause), connection));
        });
        frame.into_iter().collect()
    }

    fn status(&self, device: DeviceId) -> Vec<Frame> {
        self.frame("userStatusUpdate", device, None, |_| {}).into_iter().collect()
    }

    fn frame(
        &self,
        reason: &str,
        device: DeviceId,
        call: Option<(Taken<'_>, u8)>,
        more: impl FnOnce(&mut Object<'_>),
    ) -> Option<Frame> {
        let device = self.after.devices.get(&device).filter(|device| is_extension(device))?;
        let at = self.event.at;
        let extension = Some(id::sip_code(device).into_owned());
        Some(Frame::new(extension, "ExtensionEvent", |o| {
            let server_time = self.words.local(at);
            o.text("eventName", "extension");
            o.text("reason", reason);
            self.words.tell_extension(o.value("data"), self.after, device, call);
            more(o);
            o.number("servertime", server_time);
            o.number("servertimeoffset", self.words.offset_min(at));
            o.number("telephonyservertime", server_time);
        }))
    }
}

/// Why a call ended, in the texts that public clients know. Nobody answering is told otherwise to the one who called.
fn cause_text(cause: Cause, connection: &Connection) -> &'static str {
    let rung =
        connection.state == ConnectionState::Alerting || live::is_two_leg(connection) && connection.failed.is_none();
    match cause {
        Cause::NormalClearing | Cause::Abandoned | Cause::TalkLimit | Cause::Shutdown => "Normal hangup",
        Cause::Busy | Cause::DoNotDisturb => "User busy",
        Cause::Rejected => "Call Rejected",
        Cause::InvalidDestination | Cause::NotObtainable => "Unallocated (unassigned) number",
        Cause::NoAnswer | Cause::Unregistered | Cause::Timeout if rung => "No user responding",
        Cause::NoAnswer => "User alerting, no answer",
        Cause::AnsweredElsewhere(_) | Cause::Pickup => "Answered elsewhere",
        Cause::NewCall
        | Cause::TrunkCall
        | Cause::Consultation
        | Cause::Unregistered
        | Cause::Blocked
        | Cause::TrunkBusy
        | Cause::Timeout
        | Cause::Forward(_)
        | Cause::Recall(_)
        | Cause::CallBack
        | Cause::CallWaiting
        | Cause::CampOn
        | Cause::ScreenedTransfer
        | Cause::UnscreenedTransfer
        | Cause::SingleStepTransfer
        | Cause::Conference
        | Cause::Intrude
        | Cause::SilentMonitoring
        | Cause::Deflect
        | Cause::Redirect
        | Cause::Route
        | Cause::Park
        | Cause::Unpark
        | Cause::GroupCall
        | Cause::NoAvailableAgents
        | Cause::ExitKey
        | Cause::QueueTimeout
        | Cause::Overflow
        | Cause::BranchRelease
        | Cause::MediaLost
        | Cause::EngineLost
        | Cause::Resource
        | Cause::Incompatible
        | Cause::PeerFailure => "Unknown",
    }
}
