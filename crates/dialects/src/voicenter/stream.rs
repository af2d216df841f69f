//! The door's end of the log: frames rendered once, read by each socket at its own pace. Without a socket nothing is rendered.

use super::config::VoicenterConfig;
use super::event::{Frame, render};
use super::live::Words;
use crate::common::clock::Clock;
use crate::common::frames::Frames;
use crate::common::ring::Ring;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use switching::event::Event;
use switching::picture::{Before, Picture};

/// Frames that are kept: who is further behind gets a new snapshot instead.
const FRAMES_MAX: usize = 8_192;

struct Inner {
    ring: Ring<Frame>,
    config: Arc<VoicenterConfig>,
    clock: Clock,
    first_seq: u64,
    readers: AtomicUsize,
}

/// The stream. Cheap to clone.
#[derive(Clone)]
pub struct Stream(Arc<Inner>);

impl Stream {
    /// A stream of the events from `first_seq` on; earlier ones (a replayed log) are passed over.
    #[must_use]
    pub fn new(config: Arc<VoicenterConfig>, clock: Clock, first_seq: u64) -> Self {
        let ring = Ring::new(1, FRAMES_MAX);
        Self(Arc::new(Inner { ring, config, clock, first_seq, readers: AtomicUsize::new(0) }))
    }

    pub(super) fn ring(&self) -> &Ring<Frame> {
        &self.0.ring
    }

    /// Says that somebody reads, for as long as what it gives is kept; none: there are `most` already.
    pub(super) fn read_by_one_more(&self, most: usize) -> Option<Reading> {
        let count = &self.0.readers;
        let fits = |readers: usize| (readers < most).then_some(readers + 1);
        count.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).ok().map(|_| Reading(self.clone()))
    }
}

/// Somebody reads.
pub(super) struct Reading(Stream);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.0.readers.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Frames for Stream {
    fn is_watched(&self) -> bool {
        self.0.readers.load(Ordering::Acquire) > 0
    }

    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        let inner = &self.0;
        if event.seq < inner.first_seq || !self.is_watched() {
            return;
        }
        let words = Words { config: &inner.config, clock: &inner.clock };
        for frame in render(&words, before, event, after) {
            inner.ring.push(frame);
        }
    }

    fn publish(&self) {
        self.0.ring.publish();
    }
}
