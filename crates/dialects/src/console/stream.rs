//! The events of one exchange, rendered once each, kept hot for a while, read by every subscription at its own pace.
//!
//! Where nobody has watched for a while nothing is rendered: only places are kept, and a reader that comes to such a place, or
//! to one before the ring, reads the log ([`super::cold`]). A slow reader falls behind on its own cursor and slows nobody.

use super::render::{Rendered, render};
use crate::common::clock::Clock;
use crate::common::frames::Frames;
use crate::common::ring::Ring;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use switching::event::Event;
use switching::picture::{Before, Picture};

/// Events in the hot ring. Beyond it a resume reads the log.
pub const HOT_EVENTS_MAX: usize = 4_096;
/// Events that are still rendered after the last watcher has gone, so that it finds them hot when it comes back.
const LINGER_EVENTS: u64 = 4_096;

/// What stands at one place of the ring.
pub enum Slot {
    /// The event, rendered.
    Hot(Rendered),
    /// Nobody watched: it is in the log.
    Cold,
}

/// The stream. Cheap to clone.
#[derive(Clone)]
pub struct Stream(Arc<Inner>);

struct Inner {
    ring: Ring<Slot>,
    cold: Arc<Slot>,
    /// Set by the door; before that nobody watches.
    clock: OnceLock<Clock>,
    watchers: AtomicUsize,
    /// Up to here events are rendered though nobody watches.
    linger: AtomicU64,
    checkpoint: super::cold::Checkpoint,
}

/// Somebody watches for as long as this lives.
pub struct Watch(Stream);

impl Stream {
    /// A stream whose first event will have the number `next`.
    #[must_use]
    pub fn new(next: u64) -> Self {
        Self(Arc::new(Inner {
            ring: Ring::new(next, HOT_EVENTS_MAX),
            cold: Arc::new(Slot::Cold),
            clock: OnceLock::new(),
            watchers: AtomicUsize::new(0),
            linger: AtomicU64::new(0),
            checkpoint: super::cold::Checkpoint::default(),
        }))
    }

    /// Announces a watcher. From the next event on everything is rendered.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.0.watchers.fetch_add(1, Ordering::AcqRel);
        Watch(self.clone())
    }

    /// The ring, read by sequence number.
    #[must_use]
    pub fn ring(&self) -> &Ring<Slot> {
        &self.0.ring
    }

    /// The last sequence number.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.0.ring.head() - 1
    }

    /// How many watch.
    #[must_use]
    pub fn watchers(&self) -> usize {
        self.0.watchers.load(Ordering::Relaxed)
    }

    /// Tells it the clock by which instants are written.
    pub(super) fn set_clock(&self, clock: &Clock) {
        self.0.clock.get_or_init(|| clock.clone());
    }

    fn is_watched_at(&self, seq: u64) -> bool {
        self.0.watchers.load(Ordering::Acquire) > 0 || seq <= self.0.linger.load(Ordering::Relaxed)
    }

    /// Puts an event at its place.
    ///
    /// # Panics
    ///
    /// When an event was left out: a fault of ours.
    fn push(&self, event: &Event, slot: Arc<Slot>) {
        let position = self.0.ring.push_shared(slot);
        assert_eq!(position, event.seq, "a position of the ring is a sequence number");
    }

    pub(super) fn checkpoint(&self) -> &super::cold::Checkpoint {
        &self.0.checkpoint
    }
}

impl Frames for Stream {
    fn is_watched(&self) -> bool {
        self.is_watched_at(self.0.ring.head())
    }

    /// Every event comes here or to [`Frames::pass_over`], in order, while the mirror is being advanced.
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        match self.0.clock.get() {
            Some(clock) if self.is_watched_at(event.seq) => {
                self.push(event, Arc::new(Slot::Hot(render(before, event, after, clock))));
            }
            Some(_) | None => self.pass_over(event),
        }
    }

    fn pass_over(&self, event: &Event) {
        // One for all: thousands of small allocations that live long would each keep a page of memory from going back.
        self.push(event, Arc::clone(&self.0.cold));
    }

    fn publish(&self) {
        self.0.ring.publish();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let inner = &self.0.0;
        inner.linger.fetch_max(inner.ring.head() + LINGER_EVENTS, Ordering::Relaxed);
        inner.watchers.fetch_sub(1, Ordering::AcqRel);
    }
}
