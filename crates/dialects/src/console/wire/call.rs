//! A live call.

use super::{
    CONNECTION, COUNT_OR_NULL, ID, ID_OR_NULL, IDS, Id, Ids, Instant, NAMED, PARTY, PartyView, STAGE, TEXT,
    TEXT_OR_NULL, number,
};
use crate::common::clock::Clock;
use crate::console::shape::{Shape, optional, required};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::BTreeMap;
use switching::id::{CallId, ConnectionId, RequestId, StageId};
use switching::model::{Call, CallData, FailTone, Origin};

/// A call.
#[derive(Debug, Serialize)]
pub struct CallView<'a> {
    id: Id<CallId>,
    origin: OriginView,
    created_at: Instant,
    dialled: Option<&'a str>,
    called: PartyView<'a>,
    did: Option<&'a str>,
    data: DataView<'a>,
    fail_tone_ms: Option<u64>,
    talk_limit_ms: Option<u64>,
    root_stage: Id<StageId>,
    stage: Id<StageId>,
    connections: Ids<'a, ConnectionId>,
    open_stages: Ids<'a, StageId>,
    context: &'a str,
}

#[derive(Debug, Serialize)]
struct OriginView {
    kind: &'static str,
    request: Option<Id<RequestId>>,
}

/// Data that applications attached.
#[derive(Debug, Serialize)]
pub struct DataView<'a> {
    correlator: Option<String>,
    custom: &'a BTreeMap<String, String>,
    account_code: Option<&'a str>,
}

/// Its form.
pub const DATA: Shape = Shape::Named(
    "CallData",
    &Shape::Object(&[
        required("correlator", &TEXT_OR_NULL),
        required("custom", &NAMED),
        required("account_code", &TEXT_OR_NULL),
    ]),
);

/// Its form.
pub const CALL: Shape = Shape::Named(
    "Call",
    &Shape::Object(&[
        required("id", &ID),
        required(
            "origin",
            &Shape::Object(&[
                required("kind", &Shape::Word(&["phone", "trunk", "application"])),
                required("request", &ID_OR_NULL),
            ]),
        ),
        required("created_at", &Shape::Instant),
        required("dialled", &TEXT_OR_NULL),
        required("called", &PARTY),
        required("did", &TEXT_OR_NULL),
        required("data", &DATA),
        required("fail_tone_ms", &COUNT_OR_NULL),
        required("talk_limit_ms", &COUNT_OR_NULL),
        required("root_stage", &ID),
        required("stage", &ID),
        required("connections", &IDS),
        required("open_stages", &IDS),
        required("context", &TEXT),
        // Where a list or a read was asked for it; never in frames.
        optional(
            "expanded",
            &Shape::Object(&[
                optional("connections", &Shape::List(&CONNECTION, usize::MAX)),
                optional("stages", &Shape::List(&STAGE, usize::MAX)),
            ]),
        ),
    ]),
);

impl<'a> CallView<'a> {
    /// A call as the mirror has it.
    #[must_use]
    pub fn of(call: &'a Call, clock: &Clock) -> Self {
        let (kind, request) = match call.origin {
            Origin::Phone => ("phone", None),
            Origin::Trunk => ("trunk", None),
            Origin::Application(request) => ("application", Some(Id(request))),
        };
        Self {
            id: Id(call.id),
            origin: OriginView { kind, request },
            created_at: Instant::at(call.created, clock),
            dialled: number(&call.dialled),
            called: PartyView::of(&call.called),
            did: call.did.as_ref().and_then(number),
            data: DataView::of(&call.data),
            fail_tone_ms: match call.fail_tone {
                FailTone::Reject => None,
                FailTone::Tone { ms } => Some(ms),
            },
            talk_limit_ms: call.talk_limit_ms,
            root_stage: Id(call.root),
            stage: Id(call.stage),
            connections: Ids(&call.connections),
            open_stages: Ids(&call.open_stages),
            context: &call.context,
        }
    }
}

impl<'a> DataView<'a> {
    /// Data of a call.
    #[must_use]
    pub fn of(data: &'a CallData) -> Self {
        Self {
            correlator: data.correlator.as_ref().map(|octets| STANDARD.encode(octets)),
            custom: &data.custom,
            account_code: data.account_code.as_deref(),
        }
    }
}
