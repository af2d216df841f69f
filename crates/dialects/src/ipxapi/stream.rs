//! The door's end of the log: each event is rendered once, and given to the sessions that watch its terminals.

use super::event;
use super::session::Sessions;
use crate::common::frames::Frames;
use std::sync::Arc;
use switching::event::Event;
use switching::picture::{Before, Picture};

/// What the projector feeds. Cheap to clone.
#[derive(Clone)]
pub struct Stream {
    pub(super) sessions: Arc<Sessions>,
    first_seq: u64,
}

impl Stream {
    /// A stream of the events from `first_seq` on; earlier ones (a replayed log) are passed over. A session lives for `life_ms`.
    #[must_use]
    pub fn new(first_seq: u64, life_ms: u64) -> Self {
        Self { sessions: Arc::new(Sessions::new(life_ms)), first_seq }
    }
}

impl Frames for Stream {
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        if event.seq < self.first_seq || self.sessions.is_empty() {
            return;
        }
        for told in event::render(before, event, after) {
            self.sessions.tell(told.device, &told.data);
        }
    }

    fn publish(&self) {
        self.sessions.wake();
    }
}
