//! Call records, assembled from the same events that everybody else sees.
//!
//! One [`CallRecord`] per call, complete at *CallCleared*. For every connection its segments cover its life without gap
//! or overlap, so that records balance: [`CallRecord::balances`] is asserted for each.

use crate::cause::Cause;
use crate::command::ClearedBy;
use crate::event::{Event, What};
use crate::id::{CallId, ConnectionId};
use crate::model::{Call, Connection, ConnectionState, Stage, StageResult};
use crate::picture::Picture;
use crate::time::Time;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// One stretch of a connection's life in one state.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Segment {
    /// From.
    #[n(0)]
    pub from: Time,
    /// To.
    #[n(1)]
    pub to: Time,
    /// In this state.
    #[n(2)]
    pub state: ConnectionState,
    /// Talking with these; empty while not talking.
    #[n(3)]
    pub peers: Vec<ConnectionId>,
}

/// One connection's part of a record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ConnectionRecord {
    /// The connection as it was at its end.
    #[n(0)]
    pub connection: Connection,
    /// When it ended.
    #[n(1)]
    pub ended: Time,
    /// Why.
    #[n(2)]
    pub cause: Cause,
    /// Q.850.
    #[n(3)]
    pub q850: u8,
    /// Its life in order.
    #[n(4)]
    pub segments: Vec<Segment>,
    /// Who ended it; none: in records of earlier versions.
    #[n(5)]
    pub by: Option<ClearedBy>,
    /// Whether an application attended to its device when it ended; none: in records of earlier versions.
    #[n(6)]
    pub attended: Option<bool>,
}

/// One stage's part of a record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StageRecord {
    /// The stage as it was at its end.
    #[n(0)]
    pub stage: Stage,
    /// When it ended.
    #[n(1)]
    pub closed: Time,
    /// How.
    #[n(2)]
    pub result: StageResult,
}

/// The record of one call.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CallRecord {
    /// The call as it was at its end.
    #[n(0)]
    pub call: Call,
    /// When it ended.
    #[n(1)]
    pub ended: Time,
    /// Sequence number of its first event.
    #[n(2)]
    pub first_seq: u64,
    /// Sequence number of its *CallCleared*.
    #[n(3)]
    pub last_seq: u64,
    /// Its connections in the order in which they began.
    #[n(4)]
    pub connections: Vec<ConnectionRecord>,
    /// Its stages in the order in which they began.
    #[n(5)]
    pub stages: Vec<StageRecord>,
    /// Sequence numbers of its events.
    #[n(6)]
    pub events: Vec<u64>,
}

impl CallRecord {
    /// Whether each connection's segments cover its life exactly.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.connections.iter().all(|part| {
            let mut at = part.connection.created;
            let whole = part.segments.iter().all(|segment| {
                let follows = segment.from == at && segment.to >= segment.from;
                at = segment.to;
                follows
            });
            whole && at == part.ended
        })
    }

    /// Everything by which the call is looked for: numbers dialled, shown and called, and devices, sorted and each once. A number that is
    /// written with separators (RFC 3966, 5.1.1) stands without them as well.
    #[must_use]
    pub fn parties(&self) -> Vec<String> {
        let call = &self.call;
        let shown = call.shown.iter().flat_map(|shown| [&shown.first, &shown.second]).chain(call.caller.as_deref());
        let ends = self.connections.iter().map(|part| &part.connection);
        let numbers = [&call.dialled, &call.called.number]
            .into_iter()
            .chain(&call.did)
            .chain(shown.map(|party| &party.number))
            .chain(ends.clone().flat_map(|end| [&end.party.number, &end.addressed.number]))
            .chain(self.stages.iter().map(|part| &part.stage.target.number));
        let mut parties: Vec<String> =
            ends.map(|end| end.device).chain(call.called.device).map(|id| id.to_string()).collect();
        for number in numbers.filter(|number| !number.is_empty()) {
            parties.extend(without_separators(number.as_str()));
            parties.push(number.to_string());
        }
        parties.sort_unstable();
        parties.dedup();
        parties
    }

    /// Milliseconds of talk: from the first answer to the end of the first of both parties; 0 if nobody answered.
    #[must_use]
    pub fn talk_ms(&self) -> u64 {
        self.connections
            .iter()
            .filter(|part| part.connection.placed)
            .filter_map(|part| part.connection.answered.map(|answered| part.ended.ms_since(answered)))
            .max()
            .unwrap_or(0)
    }
}

/// A telephone number without its separators; none: it has none, or is a name.
fn without_separators(number: &str) -> Option<String> {
    const SEPARATORS: [char; 5] = ['-', '.', '(', ')', '/'];
    let bare: String = number.chars().filter(|c| !SEPARATORS.contains(c)).collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (is_number && bare.len() < number.len()).then_some(bare)
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Open {
    #[n(0)]
    since: Time,
    #[n(1)]
    state: ConnectionState,
    #[n(2)]
    peers: Vec<ConnectionId>,
    #[n(3)]
    segments: Vec<Segment>,
    #[n(4)]
    connection: Connection,
}

/// One unfinished record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
struct Draft {
    #[n(0)]
    first_seq: u64,
    #[n(1)]
    open: BTreeMap<ConnectionId, Open>,
    #[n(2)]
    done: Vec<ConnectionRecord>,
    #[n(3)]
    stages: Vec<StageRecord>,
    #[n(4)]
    events: Vec<u64>,
    #[n(5)]
    call: Option<Call>,
}

/// Assembles records: give it each event with the picture after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Recorder {
    #[n(0)]
    drafts: BTreeMap<CallId, Draft>,
}

impl Recorder {
    /// Takes one event; gives the record when it ends a call.
    ///
    /// # Panics
    ///
    /// When a finished record does not balance: a fault of ours.
    pub fn take(&mut self, event: &Event, after: &Picture) -> Option<CallRecord> {
        let call = *event.calls.first()?;
        if let What::CallCleared { .. } = event.what {
            return self.finish(call, event);
        }
        let draft = self.drafts.entry(call).or_default();
        if draft.events.is_empty() {
            draft.first_seq = event.seq;
        }
        draft.events.push(event.seq);
        // The stages close when nothing else can change any more: the call is noted as it is then.
        let closes = matches!(event.what, What::StageClosed { .. });
        if (closes || draft.call.is_none())
            && let Some(call) = after.calls.get(&call)
        {
            draft.call = Some(call.clone());
        }
        match &event.what {
            What::ConnectionCleared { connection, cause, q850, by, .. } => {
                let end = End { at: event.at, cause: *cause, q850: *q850, by: by.clone() };
                draft.close(*connection, end, after);
                draft.talks_with(event.at, after);
            }
            What::StageClosed { stage, result } => {
                draft.stages.push(StageRecord { stage: (**stage).clone(), closed: event.at, result: *result });
            }
            What::ServiceInitiated { .. }
            | What::Originated { .. }
            | What::Delivered { .. }
            | What::Established { .. }
            | What::Failed { .. }
            | What::Prompted { .. }
            | What::CallInformation { .. } => draft.look(event.at, call, after),
            What::CallCleared { .. }
            | What::StageOpened { .. }
            | What::DigitsGenerated { .. }
            | What::BackInService { .. }
            | What::OutOfService { .. }
            | What::DoNotDisturb { .. }
            | What::ApplicationSession { .. }
            | What::ConfigurationChanged(_) => {}
        }
        None
    }

    fn finish(&mut self, call: CallId, event: &Event) -> Option<CallRecord> {
        let mut draft = self.drafts.remove(&call)?;
        assert!(draft.open.is_empty(), "a call ends after its last connection");
        draft.events.push(event.seq);
        draft.done.sort_by_key(|part| part.connection.id);
        draft.stages.sort_by_key(|part| part.stage.id);
        let record = CallRecord {
            call: draft.call?,
            ended: event.at,
            first_seq: draft.first_seq,
            last_seq: event.seq,
            connections: draft.done,
            stages: draft.stages,
            events: draft.events,
        };
        assert!(record.balances(), "a record balances: {record:?}");
        Some(record)
    }

    /// How many records are unfinished.
    #[must_use]
    pub fn open(&self) -> usize {
        self.drafts.len()
    }
}

impl Draft {
    /// Opens what is new, and starts a segment where state or peers changed.
    fn look(&mut self, at: Time, call: CallId, after: &Picture) {
        let Some(call) = after.calls.get(&call) else { return };
        for connection in after.connections_of(call) {
            let peers: Vec<_> = after.peers_of(connection).map(|peer| peer.id).collect();
            match self.open.get_mut(&connection.id) {
                None => {
                    // A leg lives before its connection is public (it rings only after a while): that time counts too.
                    let since = connection.created.min(at);
                    let segments = Vec::new();
                    let open = Open { since, state: connection.state, peers, segments, connection: connection.clone() };
                    self.open.insert(connection.id, open);
                }
                Some(open) => open.turn(at, connection.state, peers, connection),
            }
        }
    }

    /// After one has left: the others talk with whom is left.
    fn talks_with(&mut self, at: Time, after: &Picture) {
        for (id, open) in &mut self.open {
            let Some(connection) = after.connections.get(id) else { continue };
            let peers = after.peers_of(connection).map(|peer| peer.id).collect();
            open.turn(at, connection.state, peers, connection);
        }
    }

    fn close(&mut self, id: ConnectionId, end: End, after: &Picture) {
        let Some(mut open) = self.open.remove(&id) else { return };
        let End { at, cause, q850, by } = end;
        if at > open.since || open.segments.is_empty() {
            // Even a life of no time has a segment.
            open.end_segment(at);
        }
        let Open { connection, segments, .. } = open;
        let attended = Some(after.devices.get(&connection.device).is_some_and(|device| device.session.is_some()));
        self.done.push(ConnectionRecord { connection, ended: at, cause, q850, segments, by: Some(by), attended });
    }
}

/// How a connection ended.
struct End {
    at: Time,
    cause: Cause,
    q850: u8,
    by: ClearedBy,
}

impl Open {
    fn turn(&mut self, at: Time, state: ConnectionState, peers: Vec<ConnectionId>, connection: &Connection) {
        if state != self.state || peers != self.peers {
            if at > self.since {
                self.end_segment(at);
            }
            self.state = state;
            self.peers = peers;
        }
        if self.connection != *connection {
            self.connection = connection.clone();
        }
    }

    fn end_segment(&mut self, at: Time) {
        let peers = std::mem::take(&mut self.peers);
        self.segments.push(Segment { from: self.since, to: at, state: self.state, peers });
        self.since = at;
    }
}

#[cfg(test)]
mod tests {
    use super::without_separators;

    #[test]
    fn a_number_stands_without_its_separators_too() {
        for (number, expected) in [
            ("+972-(54)-444.44/44", Some("+972544444444")),
            ("054-4444444", Some("0544444444")),
            ("0544444444", None),
            ("*21#", None),
            ("anna.b", None),
            ("-", None),
            ("+-", None),
        ] {
            assert_eq!(without_separators(number).as_deref(), expected, "{number}");
        }
    }
}
