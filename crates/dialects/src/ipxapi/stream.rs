//! The door's end of the log: each event is rendered once, and given to the sessions that watch its terminals. The SMDR event is made
//! elsewhere, when the record of a call can be read.

use super::event;
use super::session::Sessions;
use crate::common::frames::Frames;
use std::sync::{Arc, Mutex, PoisonError};
use switching::event::{Event, What};
use switching::id::CallId;
use switching::picture::{Before, Picture};
use tokio::sync::mpsc;

/// Ended calls whose SMDR event is still to be made; more are lost to the sockets, not to the store.
const ENDED_MAX: usize = 65_536;

/// What the projector feeds. Cheap to clone.
#[derive(Clone)]
pub struct Stream {
    pub(super) sessions: Arc<Sessions>,
    first_seq: u64,
    ended: mpsc::Sender<CallId>,
    /// Taken by the one who makes SMDR events.
    to_tell: Arc<Mutex<Option<mpsc::Receiver<CallId>>>>,
}

impl Stream {
    /// A stream of the events from `first_seq` on; earlier ones (a replayed log) are passed over. A session lives for `life_ms`.
    #[must_use]
    pub fn new(first_seq: u64, life_ms: u64) -> Self {
        let (ended, to_tell) = mpsc::channel(ENDED_MAX);
        let to_tell = Arc::new(Mutex::new(Some(to_tell)));
        Self { sessions: Arc::new(Sessions::new(life_ms)), first_seq, ended, to_tell }
    }

    /// The calls that end from now on; the first who asks gets them.
    pub(super) fn ended(&self) -> Option<mpsc::Receiver<CallId>> {
        self.to_tell.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Frames for Stream {
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        if event.seq < self.first_seq || self.sessions.is_empty() {
            return;
        }
        if let What::CallCleared { call } = event.what
            && self.ended.try_send(call).is_err()
        {
            tracing::warn!(dialect = super::NAME, %call, "no SMDR event: too many are waiting");
        }
        for told in event::render(before, event, after) {
            self.sessions.tell(told.device, &told.data);
        }
    }

    fn publish(&self) {
        self.sessions.wake();
    }
}
