//! A bounded ring of frames, rendered once, read by any number of subscribers at their own pace.
//!
//! A slow reader falls behind on its own cursor; when the ring has moved past it, it is told so. It never slows the writer and
//! memory does not grow with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Frames in the order of the log.
pub struct Ring<T>(Arc<Inner<T>>);

impl<T> Clone for Ring<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<T> {
    slots: Mutex<Slots<T>>,
    head: watch::Sender<u64>,
    most: usize,
}

struct Slots<T> {
    /// Number of the first slot that is still there.
    first: u64,
    items: VecDeque<Arc<T>>,
}

/// The ring has moved past the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The oldest position that can still be read.
    pub oldest: u64,
}

impl<T> Ring<T> {
    /// A ring that keeps the last `most` frames; the first will have position `first`.
    #[must_use]
    pub fn new(first: u64, most: usize) -> Self {
        let slots = Mutex::new(Slots { first, items: VecDeque::new() });
        Self(Arc::new(Inner { slots, head: watch::channel(first).0, most }))
    }

    /// Appends one frame and gives its position. Readers are told by [`Ring::publish`].
    pub fn push(&self, frame: T) -> u64 {
        self.push_shared(Arc::new(frame))
    }

    /// Appends a frame that other places of the ring may hold too.
    pub fn push_shared(&self, frame: Arc<T>) -> u64 {
        let mut slots = self.lock();
        slots.items.push_back(frame);
        if slots.items.len() > self.0.most {
            slots.items.pop_front();
            slots.first += 1;
        }
        slots.first + slots.items.len() as u64 - 1
    }

    /// Lets go of all frames: nobody reads from before the next one.
    pub fn clear(&self) {
        let mut slots = self.lock();
        slots.first += slots.items.len() as u64;
        slots.items = VecDeque::new();
    }

    /// Wakes the readers: once per batch.
    pub fn publish(&self) {
        let head = self.head();
        self.0.head.send_if_modified(|known| std::mem::replace(known, head) != head);
    }

    /// The position that the next frame will have.
    #[must_use]
    pub fn head(&self) -> u64 {
        let slots = self.lock();
        slots.first + slots.items.len() as u64
    }

    /// The oldest position that can be read.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.lock().first
    }

    /// Up to `most` frames from `position` on.
    ///
    /// # Errors
    ///
    /// [`Behind`] when the frame at `position` is gone.
    pub fn read(&self, position: u64, most: usize) -> Result<Vec<Arc<T>>, Behind> {
        let slots = self.lock();
        let Some(skip) = position.checked_sub(slots.first) else { return Err(Behind { oldest: slots.first }) };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok(slots.items.iter().skip(skip).take(most).cloned().collect())
    }

    /// Waits until there is a frame at `position`.
    pub async fn wait_for(&self, position: u64) {
        let mut head = self.0.head.subscribe();
        // The sender lives in the ring that we hold.
        let _ = head.wait_for(|head| *head > position).await;
    }

    fn lock(&self) -> MutexGuard<'_, Slots<T>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_was_overtaken_is_told() {
        let ring = Ring::new(1, 3);
        for n in 1..=5 {
            assert_eq!(ring.push(n), n);
        }
        assert_eq!(ring.read(1, 10), Err(Behind { oldest: 3 }));
        let rest: Vec<u64> = ring.read(3, 10).expect("still there").iter().map(|n| **n).collect();
        assert_eq!(rest, [3, 4, 5]);
        assert_eq!(ring.read(6, 10).expect("nothing yet").len(), 0);
        ring.clear();
        assert_eq!((ring.oldest(), ring.head()), (6, 6));
        assert_eq!(ring.push(6), 6);
    }
}
