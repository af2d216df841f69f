//! An open stage: one step of a caller's journey.

use super::{ID, ID_OR_NULL, INSTANT_OR_NULL, Id, Instant, PARTY, PartyView, push_id, push_id_or_null};
use crate::common::clock::Clock;
use crate::common::json::{Object, push_text};
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

    /// Appends it with its members in the order of their names, as the facts of an event have it.
    pub fn push_sorted(&self, out: &mut String) {
        Object::write(out, |o| {
            push_instant_or_null(o.value("answered_at"), self.answered_at);
            push_id(o.value("call"), self.call.0);
            push_id(o.value("id"), self.id.0);
            o.text("kind", self.kind);
            push_instant_or_null(o.value("opened_at"), Some(self.opened_at));
            push_instant_or_null(o.value("ringing_at"), self.ringing_at);
            push_id(o.value("root"), self.root.0);
            self.target.push_sorted(o.value("target"));
            push_id_or_null(o.value("user"), self.user.map(|id| id.0));
        });
    }
}

fn push_instant_or_null(out: &mut String, at: Option<Instant>) {
    match at {
        Some(at) => push_text(out, at.text().as_str()),
        None => out.push_str("null"),
    }
}
