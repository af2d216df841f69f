//! The door's end of the log: each event is rendered once per device that somebody watches, counted for those who poll, and
//! handed to the sender of datagrams (TEL-EVT-01, TEL-TRN-08).

use super::call::Shows;
use super::config::TelServicesConfig;
use super::event;
use super::session::{Datagram, Sessions, Tail};
use crate::common::frames::Frames;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switching::event::Event;
use switching::picture::{Before, Picture};
use tokio::sync::mpsc;

/// Datagrams that may wait to be sent; one more is lost, as UDP may lose any.
const DATAGRAMS_MAX: usize = 16_384;

struct Inner {
    first_seq: u64,
    sessions: Mutex<Sessions>,
    tail: Tail,
    shows: Shows,
    out: mpsc::Sender<Datagram>,
    queue: Mutex<Option<mpsc::Receiver<Datagram>>>,
}

/// What the projector feeds. Cheap to clone.
#[derive(Clone)]
pub struct Stream(Arc<Inner>);

impl Stream {
    /// A stream of the events from `first_seq` on, written as the settings of the door have it.
    #[must_use]
    pub fn new(first_seq: u64, config: &TelServicesConfig) -> Self {
        let tail = Tail { end: config.end_of_pdu.clone(), octets_max: config.event_octets_max };
        let shows = config.shows();
        let (out, queue) = mpsc::channel(DATAGRAMS_MAX);
        let (sessions, queue) = (Mutex::default(), Mutex::new(Some(queue)));
        Self(Arc::new(Inner { first_seq, sessions, tail, shows, out, queue }))
    }

    /// Looks at the sessions or changes them; what comes of it for clients is sent. Never reads the mirror inside: the projector
    /// comes here while it holds that.
    pub(super) fn sessions<T>(&self, change: impl FnOnce(&mut Sessions, &mut Vec<Datagram>, &Tail) -> T) -> T {
        let mut out = Vec::new();
        let mut sessions = self.lock();
        let given = change(&mut sessions, &mut out, &self.0.tail);
        self.send(out);
        given
    }

    /// The datagrams to send; none: somebody sends them already.
    pub(super) fn take_queue(&self) -> Option<mpsc::Receiver<Datagram>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn send(&self, datagrams: Vec<Datagram>) {
        let lost = datagrams.into_iter().filter_map(|datagram| self.0.out.try_send(datagram).err()).count();
        if lost > 0 {
            tracing::warn!(dialect = "telservices", lost, "events lost: more than {DATAGRAMS_MAX} wait to be sent");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Frames for Stream {
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        if event.seq < self.0.first_seq {
            return;
        }
        self.sessions(|sessions, out, tail| {
            if sessions.len() == 0 {
                return;
            }
            for frame in event::render(before, event, after, &|device| sessions.is_watched(device), self.0.shows) {
                sessions.tell(&frame, out, tail);
            }
        });
    }

    /// Those who wait were woken one by one.
    fn publish(&self) {}
}
