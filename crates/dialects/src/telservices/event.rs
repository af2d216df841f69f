//! What each core event is to a client that watches a device (TEL-EVT-01 to TEL-EVT-08, ladders H1 and H13 to H23).
//!
//! A frame is what has changed in the way a device sees its calls: whatever a client cannot see makes no frame, and whoever
//! caused the change, through whichever door, makes the same one.

use super::call::{self, CallCause, Look, Seen, Shows, State};
use super::session::Over;
use super::wire::Writer;
use switching::cause::Cause;
use switching::command::ClearedBy;
use switching::event::{Configured, Event, What};
use switching::id::{CallId, ConnectionId, DeviceId};
use switching::model::{Connection, ConnectionState};
use switching::picture::{Before, Picture};

/// One event of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) device: DeviceId,
    /// What is inside `event`.
    pub(super) content: String,
    /// A call that rings: who asked for little gets it too (TEL-SES-10).
    pub(super) alerting: bool,
    /// The call element of a call that is over or failed (TEL-TRN-09).
    pub(super) ended: bool,
    /// The session of the device is over (TEL-EVT-07): it is no more, or somebody else has closed it.
    pub(super) over: Option<Over>,
}

/// The frames of one core event for the devices that somebody watches.
pub(super) fn render(
    before: &Before<'_>,
    event: &Event,
    after: &Picture,
    watched: &impl Fn(DeviceId) -> bool,
    shows: Shows,
) -> Vec<Frame> {
    match &event.what {
        What::ServiceInitiated { .. } | What::Originated { .. } | What::Delivered { .. } | What::Established { .. } => {
            changes(before, event, after, watched, &|_| None, None, shows)
        }
        What::Failed { connection, cause, .. } => {
            changes(before, event, after, watched, &|id| (id == *connection).then(|| failed(*cause)), None, shows)
        }
        What::ConnectionCleared { connection, cause, by, was, .. } => {
            let why = |id| if id == *connection { dropped(*cause, by, *was) } else { None };
            changes(before, event, after, watched, &why, Some(*connection), shows)
        }
        What::DoNotDisturb { extension, on } => {
            let phones = after.extensions.get(extension).map(|it| [it.config.primary, it.config.secondary]);
            let phones = phones.into_iter().flatten().flatten().filter(|device| watched(*device));
            let content = format!("<doNotDisturb><{}/></doNotDisturb>", if *on { "on" } else { "off" });
            phones.map(|device| Frame::feature(device, content.clone())).collect()
        }
        What::ConfigurationChanged(Configured::Device(device, None)) if watched(*device) => {
            vec![Frame::over(*device, Over::MonitoringReject)]
        }
        What::ApplicationSession { device, user: None, open: false } if watched(*device) => {
            vec![Frame::over(*device, Over::Admin)]
        }
        // Data shows with the next change of its call (TEL-CALL-17). Registration is no event of this vendor.
        What::CallCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::ApplicationSession { .. }
        | What::ConfigurationChanged(_)
        // A prompted phone is `initiated` until it answers.
        | What::Prompted { .. } => Vec::new(),
    }
}

impl Frame {
    fn feature(device: DeviceId, content: String) -> Self {
        Self { device, content, alerting: false, ended: false, over: None }
    }

    fn over(device: DeviceId, over: Over) -> Self {
        Self { over: Some(over), ..Self::feature(device, String::new()) }
    }
}

/// The content of a session event.
pub(super) fn session(name: &str) -> String {
    let mut w = Writer::default();
    w.choice("session", name);
    w.finish()
}

/// What the watched devices of the event's calls see differently now; calls that end first, calls that begin last (TEL-EVT-08).
fn changes(
    before: &Before<'_>,
    event: &Event,
    after: &Picture,
    watched: &impl Fn(DeviceId) -> bool,
    cause: &dyn Fn(ConnectionId) -> Option<CallCause>,
    cleared: Option<ConnectionId>,
    shows: Shows,
) -> Vec<Frame> {
    let mut frames = Vec::new();
    for id in connections(before, after, &event.calls) {
        let (old, new) = (Look::connection(before, id), Look::connection(after, id));
        let Some(connection) = new.or(old).filter(|it| watched(it.device)) else { continue };
        // Whoever is left behind by a party hears of it when its own end comes, unless it still talks with somebody.
        if cleared.is_some_and(|gone| gone != id) && after.peers_of(connection).next().is_none() {
            continue;
        }
        let was = old.and_then(|old| Seen::of(before, old));
        let is = match new {
            Some(new) => Seen::of(after, new),
            None => was.clone().map(Seen::cleared),
        };
        let Some(is) = is.filter(|is| was.as_ref() != Some(is)) else { continue };
        // Who answers hears of it before its caller (section 9, H1).
        let order = match (&was, is.state) {
            (_, State::Cleared) => 0,
            (Some(_), State::Connected) if !connection.placed => 1,
            (Some(_), _) => 2,
            (None, _) => 3,
        };
        frames.push((order, frame(before, after, event, connection, &is, cause(id), shows)));
    }
    frames.sort_by_key(|(order, _)| *order);
    frames.into_iter().map(|(_, frame)| frame).collect()
}

fn frame(
    before: &Before<'_>,
    after: &Picture,
    event: &Event,
    connection: &Connection,
    seen: &Seen<'_>,
    cause: Option<CallCause>,
    shows: Shows,
) -> Frame {
    let call = Look::call(after, connection.call).or_else(|| Look::call(before, connection.call));
    let extra = call.and_then(call::extra);
    Frame {
        device: connection.device,
        content: seen.element(call::talk_s(connection, event.at), cause, extra.as_deref(), shows),
        alerting: seen.state == State::Alerting,
        ended: matches!(seen.state, State::Cleared | State::Failed),
        over: None,
    }
}

/// All connections of these calls, before and after, in the order of their ids.
fn connections(before: &Before<'_>, after: &Picture, calls: &[CallId]) -> Vec<ConnectionId> {
    let looked_at = calls.iter().flat_map(|id| Look::call(before, *id).into_iter().chain(Look::call(after, *id)));
    let mut all: Vec<ConnectionId> = looked_at.flat_map(|call| &call.connections).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Why a call attempt failed (H13, H14, H15, H17).
pub(super) const fn failed(cause: Cause) -> CallCause {
    match cause {
        Cause::Busy | Cause::DoNotDisturb | Cause::Rejected => CallCause::Busy,
        Cause::NewCall
        | Cause::TrunkCall
        | Cause::Consultation
        | Cause::NormalClearing
        | Cause::NoAnswer
        | Cause::InvalidDestination
        | Cause::NotObtainable
        | Cause::Unregistered
        | Cause::Blocked
        | Cause::TrunkBusy
        | Cause::Timeout
        | Cause::TalkLimit
        | Cause::AnsweredElsewhere(_)
        | Cause::Abandoned
        | Cause::Forward(_)
        | Cause::Recall(_)
        | Cause::Pickup
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
        | Cause::PeerFailure
        | Cause::Shutdown => CallCause::DestNotObtainable,
    }
}

/// Why a connection ended: nothing is said where its own side ended it, or its call had failed before.
pub(super) fn dropped(cause: Cause, by: &ClearedBy, was: ConnectionState) -> Option<CallCause> {
    if was == ConnectionState::Fail || matches!(cause, Cause::AnsweredElsewhere(_)) {
        return None;
    }
    match by {
        ClearedBy::Itself | ClearedBy::Request(_) => None,
        ClearedBy::Party(_) => Some(CallCause::DroppedByOtherParty),
        // A phone that was to be made ready and was not (TEL-CALL-14: no cause for no answer).
        ClearedBy::Exchange(_) if was == ConnectionState::Initiated => Some(CallCause::DestNotObtainable),
        ClearedBy::Exchange(_) => Some(CallCause::DroppedByOtherParty),
    }
}
