//! A live connection: one device in one call.

use super::party::{VIA, via};
use super::{COUNT, ID, ID_OR_NULL, INSTANT_OR_NULL, Id, Instant, NAMED, PARTY, PartyView, TEXT_OR_NULL, number};
use crate::common::clock::Clock;
use crate::console::shape::{Shape, required};
use serde::Serialize;
use std::collections::BTreeMap;
use switching::id::{CallId, ConnectionId, DeviceId, ExtensionId, StageId, TrunkId, UserId};
use switching::model::{Connection, LinePart, Prompt};

/// A connection.
#[derive(Debug, Serialize)]
pub struct ConnectionView<'a> {
    id: Id<ConnectionId>,
    device: Id<DeviceId>,
    call: Id<CallId>,
    state: &'static str,
    prompt: Option<&'static str>,
    placed: bool,
    line: LineView,
    addressed: AddressedView<'a>,
    entered: &'static str,
    redirected_by: Option<PartyView<'a>>,
    party: PartyView<'a>,
    created_at: Instant,
    alerting_at: Option<Instant>,
    supervised_at: Option<Instant>,
    answered_at: Option<Instant>,
    party_since_at: Option<Instant>,
    circuit: Option<CircuitView>,
    user: Option<Id<UserId>>,
    vars: &'a BTreeMap<String, String>,
    stage: Id<StageId>,
}

#[derive(Debug, Serialize)]
struct LineView {
    no: u16,
    part: &'static str,
}

#[derive(Debug, Serialize)]
struct AddressedView<'a> {
    number: Option<&'a str>,
    via: &'static str,
    extension: Option<Id<ExtensionId>>,
}

#[derive(Debug, Serialize)]
struct CircuitView {
    trunk: Id<TrunkId>,
    number: u16,
}

/// The states of ECMA-269.
pub const STATE: Shape = Shape::Word(&["initiated", "alerting", "connected", "hold", "queued", "fail"]);

/// Its form.
pub const CONNECTION: Shape = Shape::Named(
    "Connection",
    &Shape::Object(&[
        required("id", &ID),
        required("device", &ID),
        required("call", &ID),
        required("state", &STATE),
        required("prompt", &Shape::Nullable(&Shape::Word(&["off_hook", "ring", "auto_answer"]))),
        required("placed", &Shape::Flag),
        required(
            "line",
            &Shape::Object(&[required("no", &COUNT), required("part", &Shape::Word(&["primary", "secondary"]))]),
        ),
        required(
            "addressed",
            &Shape::Object(&[
                required("number", &TEXT_OR_NULL),
                required("via", &VIA),
                required("extension", &ID_OR_NULL),
            ]),
        ),
        required("entered", &super::TEXT),
        required("redirected_by", &Shape::Nullable(&PARTY)),
        required("party", &PARTY),
        required("created_at", &Shape::Instant),
        required("alerting_at", &INSTANT_OR_NULL),
        required("supervised_at", &INSTANT_OR_NULL),
        required("answered_at", &INSTANT_OR_NULL),
        required("party_since_at", &INSTANT_OR_NULL),
        required("circuit", &Shape::Nullable(&Shape::Object(&[required("trunk", &ID), required("number", &COUNT)]))),
        required("user", &ID_OR_NULL),
        required("vars", &NAMED),
        required("stage", &ID),
    ]),
);

impl<'a> ConnectionView<'a> {
    /// A connection as the mirror has it.
    #[must_use]
    pub fn of(it: &'a Connection, clock: &Clock) -> Self {
        let part = match it.line.part {
            LinePart::Primary => "primary",
            LinePart::Secondary => "secondary",
        };
        Self {
            id: Id(it.id),
            device: Id(it.device),
            call: Id(it.call),
            state: it.state.name(),
            prompt: it.prompt.map(Prompt::name),
            placed: it.placed,
            line: LineView { no: it.line.no, part },
            addressed: AddressedView {
                number: number(&it.addressed.number),
                via: via(it.addressed.via),
                extension: it.addressed.extension.map(Id),
            },
            entered: it.entered.name(),
            redirected_by: it.redirected_by.as_ref().map(PartyView::of),
            party: PartyView::of(&it.party),
            created_at: Instant::at(it.created, clock),
            alerting_at: Instant::maybe(it.alerting, clock),
            supervised_at: Instant::maybe(it.supervised, clock),
            answered_at: Instant::maybe(it.answered, clock),
            party_since_at: Instant::maybe(it.party_since, clock),
            circuit: it.circuit.map(|circuit| CircuitView { trunk: Id(circuit.trunk), number: circuit.number }),
            user: it.serving.user.map(Id),
            vars: &it.vars,
            stage: Id(it.stage),
        }
    }
}
