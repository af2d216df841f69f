//! An open stage: one step of a caller's journey.

use super::{ID, ID_OR_NULL, INSTANT_OR_NULL, Id, Instant, PARTY, PartyView};
use crate::common::clock::Clock;
use crate::console::shape::{Shape, required};
use serde::Serialize;
use switching::id::{CallId, StageId, UserId};
use switching::model::Stage;

/// A stage.
#[derive(Debug, Serialize)]
pub struct StageView<'a> {
    id: Id<StageId>,
    root: Id<StageId>,
    call: Id<CallId>,
    kind: &'static str,
    target: PartyView<'a>,
    opened_at: Instant,
    ringing_at: Option<Instant>,
    answered_at: Option<Instant>,
    user: Option<Id<UserId>>,
}

/// Its form.
pub const STAGE: Shape = Shape::Named(
    "Stage",
    &Shape::Object(&[
        required("id", &ID),
        required("root", &ID),
        required("call", &ID),
        required("kind", &Shape::Word(&["first_leg", "dial"])),
        required("target", &PARTY),
        required("opened_at", &Shape::Instant),
        required("ringing_at", &INSTANT_OR_NULL),
        required("answered_at", &INSTANT_OR_NULL),
        required("user", &ID_OR_NULL),
    ]),
);

impl<'a> StageView<'a> {
    /// A stage as the mirror has it.
    #[must_use]
    pub fn of(stage: &'a Stage, clock: &Clock) -> Self {
        Self {
            id: Id(stage.id),
            root: Id(stage.root),
            call: Id(stage.call),
            kind: stage.kind.name(),
            target: PartyView::of(&stage.target),
            opened_at: Instant::at(stage.opened, clock),
            ringing_at: Instant::maybe(stage.ringing, clock),
            answered_at: Instant::maybe(stage.answered, clock),
            user: stage.user.map(Id),
        }
    }
}
