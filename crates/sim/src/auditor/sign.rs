//! What the auditor compares: the facts of an output that it predicts, and no more.
//!
//! Left out on purpose: texts that are shown (names, parties), Q.850 values, and the lists of calls and devices an event
//! concerns; the core's own tests compare those.

#![allow(missing_docs, reason = "fields are named as in the core, where they are described")]

use switching::Output;
use switching::cause::Cause;
use switching::command::{Answer, Outcome};
use switching::engine::{Order, OrderKind};
use switching::event::{Event, What};
use switching::id::{CallId, ConnectionId, DeviceId, LegId, OrderId, RequestId, StageId};
use switching::model::StageResult;
use switching::record::CallRecord;
use switching::time::Time;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSign {
    pub id: OrderId,
    pub leg: LegId,
    pub what: OrderWhat,
}

/// What an order says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderWhat {
    Ring { device: DeviceId, limit_ms: u64, auto_answer: bool },
    Alert,
    Accept { peer: LegId },
    AnswerRemotely,
    Join { peer: LegId },
    Release(Cause),
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSign {
    pub seq: u64,
    pub at: Time,
    pub request: Option<RequestId>,
    pub name: &'static str,
    pub call: Option<CallId>,
    pub about: About,
    pub cause: Option<Cause>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Nothing,
    Connection(ConnectionId),
    Stage(StageId),
    Device(DeviceId),
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    pub call: CallId,
    pub first_seq: u64,
    pub last_seq: u64,
    pub events: usize,
    pub parts: Vec<Part>,
    /// Stages with the cause for which they were not answered.
    pub stages: Vec<(StageId, Option<Cause>)>,
    pub talk_ms: u64,
}

/// One connection in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub connection: ConnectionId,
    pub born: Time,
    pub answered: Option<Time>,
    pub ended: Time,
    pub cause: Cause,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplySign {
    pub request: RequestId,
    pub before: u64,
    pub through: u64,
    pub replayed: bool,
    pub outcome: OutcomeSign,
}

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeSign {
    Done,
    Made(CallId, ConnectionId, StageId),
    At(CallId, ConnectionId, StageId),
    Configured(u64),
    Ended(CallId, StageId),
    Refused(&'static str),
}

/// All of one input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    pub orders: Vec<OrderSign>,
    pub events: Vec<EventSign>,
    pub bills: Vec<Bill>,
    pub replies: Vec<ReplySign>,
}

impl Signs {
    /// The signs of what the exchange put out.
    #[must_use]
    pub fn of(outputs: &[Output]) -> Self {
        let mut signs = Self::default();
        for output in outputs {
            match output {
                Output::Engine(order) => signs.orders.push(of_order(order)),
                Output::Event(event) => signs.events.push(of_event(event)),
                Output::Record(record) => signs.bills.push(of_record(record)),
                Output::Reply(reply) => signs.replies.push(ReplySign {
                    request: reply.request,
                    before: reply.before,
                    through: reply.through,
                    replayed: reply.replayed,
                    outcome: of_outcome(&reply.outcome),
                }),
                Output::Decision { .. } => {}
            }
        }
        signs
    }

    /// The first difference, in words; none when they are equal.
    #[must_use]
    pub fn differ(&self, seen: &Self) -> Option<String> {
        first_difference("order", &self.orders, &seen.orders)
            .or_else(|| first_difference("event", &self.events, &seen.events))
            .or_else(|| first_difference("record", &self.bills, &seen.bills))
            .or_else(|| first_difference("reply", &self.replies, &seen.replies))
    }
}

fn first_difference<T: PartialEq + std::fmt::Debug>(what: &str, expected: &[T], seen: &[T]) -> Option<String> {
    let longest = expected.len().max(seen.len());
    let at = (0..longest).find(|at| expected.get(*at) != seen.get(*at))?;
    let show = |it: Option<&T>| it.map_or_else(|| "nothing".to_owned(), |it| format!("{it:?}"));
    Some(format!("{what} {}: expected {}, saw {}", at + 1, show(expected.get(at)), show(seen.get(at))))
}

fn of_order(order: &Order) -> OrderSign {
    let what = match &order.what {
        OrderKind::Ring { device, auto_answer, ring_limit_ms, .. } => {
            OrderWhat::Ring { device: *device, limit_ms: *ring_limit_ms, auto_answer: *auto_answer }
        }
        OrderKind::Alert { .. } => OrderWhat::Alert,
        OrderKind::Accept { peer } => OrderWhat::Accept { peer: *peer },
        OrderKind::AnswerRemotely => OrderWhat::AnswerRemotely,
        OrderKind::Join { peer } => OrderWhat::Join { peer: *peer },
        OrderKind::Release { cause } => OrderWhat::Release(*cause),
    };
    OrderSign { id: order.id, leg: order.leg, what }
}

fn of_event(event: &Event) -> EventSign {
    let (about, cause) = match &event.what {
        What::ServiceInitiated { connection, .. } => (About::Connection(connection.id), None),
        What::Originated { connection, .. }
        | What::DigitsGenerated { connection, .. }
        | What::Prompted { connection } => (About::Connection(*connection), None),
        What::Delivered { connection, cause, .. } => (About::Connection(connection.id), Some(*cause)),
        What::Established { connection, cause, .. }
        | What::Failed { connection, cause, .. }
        | What::ConnectionCleared { connection, cause, .. } => (About::Connection(*connection), Some(*cause)),
        What::StageOpened { stage } => (About::Stage(stage.id), None),
        What::StageClosed { stage, result } => (About::Stage(stage.id), unanswered(*result)),
        What::BackInService { device, .. }
        | What::OutOfService { device }
        | What::ApplicationSession { device, .. } => (About::Device(*device), None),
        What::CallCleared { .. }
        | What::CallInformation { .. }
        | What::DoNotDisturb { .. }
        | What::ConfigurationChanged(_) => (About::Nothing, None),
    };
    let call = event.calls.first().copied();
    EventSign { seq: event.seq, at: event.at, request: event.request, name: event.what.name(), call, about, cause }
}

fn unanswered(result: StageResult) -> Option<Cause> {
    match result {
        StageResult::Answered => None,
        StageResult::Unanswered(cause) => Some(cause),
    }
}

fn of_record(record: &CallRecord) -> Bill {
    let part = |part: &switching::record::ConnectionRecord| Part {
        connection: part.connection.id,
        born: part.connection.created,
        answered: part.connection.answered,
        ended: part.ended,
        cause: part.cause,
    };
    Bill {
        call: record.call.id,
        first_seq: record.first_seq,
        last_seq: record.last_seq,
        events: record.events.len(),
        parts: record.connections.iter().map(part).collect(),
        stages: record.stages.iter().map(|part| (part.stage.id, unanswered(part.result))).collect(),
        talk_ms: record.talk_ms(),
    }
}

fn of_outcome(outcome: &Outcome) -> OutcomeSign {
    match outcome {
        Ok(Answer::Done) => OutcomeSign::Done,
        Ok(Answer::Made { call, connection, stage }) => OutcomeSign::Made(*call, *connection, *stage),
        Ok(Answer::Connection { call, connection, stage }) => OutcomeSign::At(*call, *connection, *stage),
        Ok(Answer::Configured(id)) => OutcomeSign::Configured(*id),
        Ok(Answer::Ended { call, root, .. }) => OutcomeSign::Ended(*call, *root),
        Err(refusal) => OutcomeSign::Refused(refusal.name()),
    }
}
