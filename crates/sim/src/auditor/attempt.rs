//! One call as the auditor sees it: a caller, the phones that are tried, and how far it has come.

use super::sign::Part;
use switching::cause::Cause;
use switching::id::{CallId, ConnectionId, DeviceId, LegId, RequestId, StageId};
use switching::model::ConnectionState;
use switching::party::Digits;
use switching::time::Time;

/// One side of a call.
#[derive(Debug, Clone)]
pub struct End {
    pub leg: LegId,
    pub connection: ConnectionId,
    pub device: DeviceId,
    pub born: Time,
    /// Others can see it: it placed the call, rang, or answered.
    pub public: bool,
    /// Its phone rings or has rung, which is told of a calling phone too.
    pub rang: bool,
    /// Its leg was answered on the wire.
    pub up: bool,
    pub talks_since: Option<Time>,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The phone of an ordered call is being made ready.
    Prompting,
    /// A destination is tried.
    Trying,
    /// Two talk.
    Talking,
    /// The caller hears that it failed.
    Tone,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub call: CallId,
    pub phase: Phase,
    /// The one who called; none once it has left.
    pub caller: Option<End>,
    /// An application ordered the call.
    pub ordered: bool,
    /// The called ones that are left, in the order in which they were tried.
    pub called: Vec<End>,
    pub dialled: Digits,
    pub circuit: Option<u16>,
    pub ring_ms: Option<u64>,
    /// The called phones are asked to answer by themselves.
    pub auto_answer: bool,
    pub tone_ms: Option<u64>,
    pub limit_ms: Option<u64>,
    pub alerted: bool,
    /// The reason that says most why nobody took it.
    pub worst: Option<Cause>,
    /// Stages, and whether each was answered.
    pub stages: Vec<(StageId, bool)>,
    /// The command that waits for the first leg.
    pub waits: Option<RequestId>,
    pub parts: Vec<Part>,
    pub first_seq: u64,
    pub events: usize,
}

impl Attempt {
    /// Its public ends in the order in which they joined is the auditor's `joined` list; here they are looked up.
    pub fn end(&self, connection: ConnectionId) -> Option<&End> {
        self.caller.iter().chain(&self.called).find(|end| end.connection == connection)
    }

    /// The state in which others see one of its ends.
    pub fn state(&self, connection: ConnectionId) -> Option<ConnectionState> {
        if self.caller.as_ref().is_some_and(|caller| caller.connection == connection) {
            return Some(match self.phase {
                Phase::Prompting => ConnectionState::Initiated,
                Phase::Trying | Phase::Talking => ConnectionState::Connected,
                Phase::Tone => ConnectionState::Fail,
            });
        }
        let end = self.called.iter().find(|end| end.connection == connection && end.public)?;
        Some(if end.up { ConnectionState::Connected } else { ConnectionState::Alerting })
    }

    /// Notes why a phone did not take the call.
    pub fn note(&mut self, cause: Cause) {
        if self.worst.is_none_or(|old| telling(cause) > telling(old)) {
            self.worst = Some(cause);
        }
    }
}

/// How much a reason says about the one called: what a person decided before what a phone knows, before silence, before
/// trouble, before absence.
pub fn telling(cause: Cause) -> u8 {
    let order = [Cause::Unregistered, Cause::NoAnswer, Cause::Busy, Cause::Rejected, Cause::DoNotDisturb];
    match order.iter().position(|it| *it == cause) {
        Some(0) => 0,
        Some(place) => place as u8 + 1,
        None => 1,
    }
}
