//! The door's end of the log: each event is rendered once per device that somebody watches, counted for those who poll, and
//! laid down as datagrams (TEL-EVT-01, TEL-TRN-08).

use super::call::Shows;
use super::config::TelServicesConfig;
use super::event;
use super::outbox::{Outbox, Post};
use super::session::{Sessions, Tail};
use crate::common::frames::Frames;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switching::event::Event;
use switching::picture::{Before, Picture};

struct Inner {
    first_seq: u64,
    sessions: Mutex<Sessions>,
    tail: Tail,
    shows: Shows,
    outbox: Outbox,
}

/// What the projector feeds. Cheap to clone.
#[derive(Clone)]
pub struct Stream(Arc<Inner>);

impl Stream {
    /// A stream of the events from `first_seq` on, written as the settings of the door have it.
    #[must_use]
    pub fn new(first_seq: u64, config: &TelServicesConfig) -> Self {
        let tail = Tail { end: config.end_of_pdu.clone(), octets_max: config.event_octets_max };
        let (sessions, shows) = (Mutex::default(), config.shows());
        Self(Arc::new(Inner { first_seq, sessions, tail, shows, outbox: Outbox::default() }))
    }

    /// Looks at the sessions or changes them; what comes of it for clients is sent. Never reads the mirror inside: the projector
    /// comes here while it holds that.
    pub(super) fn sessions<T>(&self, change: impl FnOnce(&mut Sessions, &mut Post, &Tail) -> T) -> T {
        let given = self.change(change);
        self.0.outbox.wake();
        given
    }

    /// The datagrams to send.
    pub(super) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    /// The same, but nobody is woken yet.
    fn change<T>(&self, change: impl FnOnce(&mut Sessions, &mut Post, &Tail) -> T) -> T {
        let mut sessions = self.lock();
        // Under the lock: datagrams leave in the order in which sessions changed.
        self.0.outbox.lay(|out| change(&mut sessions, out, &self.0.tail))
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Frames for Stream {
    fn is_watched(&self) -> bool {
        self.lock().len() > 0
    }

    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        if event.seq < self.0.first_seq {
            return;
        }
        self.change(|sessions, out, tail| {
            if sessions.len() == 0 {
                return;
            }
            for frame in event::render(before, event, after, &|device| sessions.is_watched(device), self.0.shows) {
                sessions.tell(&frame, out, tail);
            }
        });
    }

    /// Those who poll were woken one by one.
    fn publish(&self) {
        self.0.outbox.wake();
    }
}
