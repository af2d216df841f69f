//! A call record: one per call, complete when the call is over.

use super::{
    CALL, CONNECTION, COUNT, CallView, ConnectionView, ID, IDS, Id, Ids, Instant, STAGE, StageView, TEXT, TEXT_OR_NULL,
};
use crate::common::clock::Clock;
use crate::console::shape::{Shape, required};
use serde::Serialize;
use switching::id::{CallId, ConnectionId};
use switching::model::StageResult;
use switching::record::{CallRecord, ConnectionRecord, Segment, StageRecord};

/// A record.
#[derive(Debug, Serialize)]
pub struct RecordView<'a> {
    id: Id<CallId>,
    call: CallView<'a>,
    started_at: Instant,
    ended_at: Instant,
    duration_ms: u64,
    talk_ms: u64,
    balanced: bool,
    first_seq: u64,
    last_seq: u64,
    connections: Vec<ConnectionPart<'a>>,
    stages: Vec<StagePart<'a>>,
}

/// One connection of a record.
#[derive(Debug, Serialize)]
pub struct ConnectionPart<'a> {
    connection: ConnectionView<'a>,
    ended_at: Instant,
    life_ms: u64,
    cause: &'static str,
    q850: u8,
    segments: Vec<SegmentView<'a>>,
}

#[derive(Debug, Serialize)]
struct SegmentView<'a> {
    from: Instant,
    to: Instant,
    ms: u64,
    state: &'static str,
    peers: Ids<'a, ConnectionId>,
}

/// One stage of a record.
#[derive(Debug, Serialize)]
pub struct StagePart<'a> {
    stage: StageView<'a>,
    closed_at: Instant,
    result: &'static str,
    cause: Option<&'static str>,
}

/// Its form.
pub const RECORD: Shape = Shape::Named(
    "Record",
    &Shape::Object(&[
        required("id", &ID),
        required("call", &CALL),
        required("started_at", &Shape::Instant),
        required("ended_at", &Shape::Instant),
        required("duration_ms", &COUNT),
        required("talk_ms", &COUNT),
        required("balanced", &Shape::Flag),
        required("first_seq", &COUNT),
        required("last_seq", &COUNT),
        required(
            "connections",
            &Shape::List(
                &Shape::Object(&[
                    required("connection", &CONNECTION),
                    required("ended_at", &Shape::Instant),
                    required("life_ms", &COUNT),
                    required("cause", &TEXT),
                    required("q850", &COUNT),
                    required("segments", &Shape::List(&SEGMENT, usize::MAX)),
                ]),
                usize::MAX,
            ),
        ),
        required(
            "stages",
            &Shape::List(
                &Shape::Object(&[
                    required("stage", &STAGE),
                    required("closed_at", &Shape::Instant),
                    required("result", &Shape::Word(&["answered", "unanswered"])),
                    required("cause", &TEXT_OR_NULL),
                ]),
                usize::MAX,
            ),
        ),
    ]),
);

/// A stretch of a connection's life in one state.
pub const SEGMENT: Shape = Shape::Named(
    "Segment",
    &Shape::Object(&[
        required("from", &Shape::Instant),
        required("to", &Shape::Instant),
        required("ms", &COUNT),
        required("state", &super::connection::STATE),
        required("peers", &IDS),
    ]),
);

impl<'a> RecordView<'a> {
    /// A record as it was stored.
    #[must_use]
    pub fn of(record: &'a CallRecord, clock: &Clock) -> Self {
        // A leg may live before its call is public.
        let started = record
            .connections
            .iter()
            .map(|part| part.connection.created)
            .min()
            .unwrap_or(record.call.created)
            .min(record.call.created);
        Self {
            id: Id(record.call.id),
            call: CallView::of(&record.call, clock),
            started_at: Instant::at(started, clock),
            ended_at: Instant::at(record.ended, clock),
            duration_ms: record.ended.ms_since(started),
            talk_ms: record.talk_ms(),
            balanced: record.balances(),
            first_seq: record.first_seq,
            last_seq: record.last_seq,
            connections: record.connections.iter().map(|part| ConnectionPart::of(part, clock)).collect(),
            stages: record.stages.iter().map(|part| StagePart::of(part, clock)).collect(),
        }
    }
}

impl<'a> ConnectionPart<'a> {
    /// One connection's part.
    #[must_use]
    pub fn of(part: &'a ConnectionRecord, clock: &Clock) -> Self {
        Self {
            connection: ConnectionView::of(&part.connection, clock),
            ended_at: Instant::at(part.ended, clock),
            life_ms: part.ended.ms_since(part.connection.created),
            cause: part.cause.name(),
            q850: part.q850,
            segments: part.segments.iter().map(|segment| SegmentView::of(segment, clock)).collect(),
        }
    }
}

impl<'a> SegmentView<'a> {
    fn of(segment: &'a Segment, clock: &Clock) -> Self {
        Self {
            from: Instant::at(segment.from, clock),
            to: Instant::at(segment.to, clock),
            ms: segment.to.ms_since(segment.from),
            state: segment.state.name(),
            peers: Ids(&segment.peers),
        }
    }
}

impl<'a> StagePart<'a> {
    /// One stage's part.
    #[must_use]
    pub fn of(part: &'a StageRecord, clock: &Clock) -> Self {
        let (result, cause) = result(part.result);
        Self { stage: StageView::of(&part.stage, clock), closed_at: Instant::at(part.closed, clock), result, cause }
    }
}

/// How a stage ended, and the cause where it was not answered.
pub const fn result(result: StageResult) -> (&'static str, Option<&'static str>) {
    match result {
        StageResult::Answered => ("answered", None),
        StageResult::Unanswered(cause) => ("unanswered", Some(cause.name())),
    }
}
