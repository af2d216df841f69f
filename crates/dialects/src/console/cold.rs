//! Reading behind the hot ring: events come from the stored log, and the picture before them is folded from it.
//!
//! The fold starts at the last checkpoint in memory that is old enough, else at the log's first event; it is bounded. Where
//! retention has deleted the beginning, the picture cannot be rebuilt: facts can still be told, resources cannot.

use super::render::{Rendered, render};
use super::stream::{Slot, Stream};
use crate::common::ask::{Ask, Fault};
use crate::common::exchange::Exchange;
use std::sync::{Arc, Mutex, PoisonError};
use switching::event::Event;
use switching::picture::{Before, Overlay, Picture};

/// Events folded at most to come to a place in the log; behind it a resume is answered by a gap.
pub const FOLD_MAX: u64 = 500_000;
/// Events read from the log at a time.
const PAGE: usize = 1_024;
/// Folding fewer than this is not worth a checkpoint.
const CHECKPOINT_AFTER: u64 = 2_000;

/// Why a place cannot be read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Deleted, or too far back.
    Expired {
        /// The oldest sequence number after which reading is possible, as far as known.
        oldest: u64,
    },
    /// Of another life of the log.
    Epoch,
    /// The reader was too slow.
    Slow {
        /// The oldest place that is there.
        oldest: u64,
    },
    /// The credential does not hold any more.
    Rights,
}

impl Gap {
    /// The reason's name.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Expired { .. } => "expired",
            Self::Epoch => "epoch",
            Self::Slow { .. } => "slow",
            Self::Rights => "rights",
        }
    }

    /// The oldest place that can be read.
    #[must_use]
    pub const fn oldest(self) -> u64 {
        match self {
            Self::Expired { oldest } | Self::Slow { oldest } => oldest,
            Self::Epoch | Self::Rights => 1,
        }
    }
}

/// The newest picture that a cold read needed; the next one starts there.
#[derive(Default)]
pub struct Checkpoint(Mutex<Option<Arc<Picture>>>);

impl Checkpoint {
    fn at_or_before(&self, seq: u64) -> Option<Arc<Picture>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|picture| picture.seq <= seq)
    }

    fn keep(&self, picture: &Picture) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(picture.clone()));
    }
}

/// A reader of events from a place on, hot or cold.
pub struct Reader {
    /// The last event that was read.
    pub seq: u64,
    /// Whether resources are needed, not facts alone.
    after: bool,
    /// While it reads the log: the picture at `seq`.
    picture: Option<Box<Picture>>,
    /// Whether it has read the ring: then falling behind is slowness.
    was_hot: bool,
}

impl Reader {
    /// A reader that goes on after `seq`.
    #[must_use]
    pub fn after(seq: u64, after: bool, live: bool) -> Self {
        Self { seq, after, picture: None, was_hot: live }
    }

    /// The next events, at most about `most`; empty when there are none yet.
    ///
    /// # Errors
    ///
    /// Why the place cannot be read any more.
    pub async fn next(&mut self, stream: &Stream, exchange: &Exchange, most: usize) -> Result<Vec<Arc<Slot>>, Gap> {
        match stream.ring().read(self.seq + 1, most) {
            Ok(slots) => {
                let hot: Vec<Arc<Slot>> = slots.into_iter().take_while(|slot| matches!(**slot, Slot::Hot(_))).collect();
                if !hot.is_empty() || self.seq >= stream.seq() {
                    self.seq += hot.len() as u64;
                    self.picture = None;
                    self.was_hot = true;
                    return Ok(hot);
                }
            }
            Err(behind) if self.was_hot => return Err(Gap::Slow { oldest: behind.oldest }),
            Err(_) => {}
        }
        self.read_log(stream, exchange, most).await
    }

    /// Rendered events of a slot list.
    pub fn rendered(slots: &[Arc<Slot>]) -> impl Iterator<Item = &Rendered> {
        slots.iter().filter_map(|slot| match &**slot {
            Slot::Hot(rendered) => Some(rendered),
            Slot::Cold => None,
        })
    }

    async fn read_log(&mut self, stream: &Stream, exchange: &Exchange, most: usize) -> Result<Vec<Arc<Slot>>, Gap> {
        let mut picture = match self.picture.take() {
            Some(picture) => picture,
            None => Box::new(picture_at(stream, exchange, self.seq, self.after).await?),
        };
        // Not beyond the mirror: what is committed and not yet shown comes over the ring.
        let shown = usize::try_from(stream.seq().saturating_sub(self.seq)).unwrap_or(PAGE);
        let events = page(exchange, self.seq + 1, most.min(PAGE).min(shown)).await?;
        let mut slots = Vec::with_capacity(events.len());
        for event in &events {
            let mut overlay = Overlay::default();
            picture.fold(event, Some(&mut overlay));
            let before = Before { after: &picture, overlay: &overlay };
            slots.push(Arc::new(Slot::Hot(render(&before, event, &picture, exchange.clock()))));
        }
        self.seq = picture.seq;
        self.picture = Some(picture);
        Ok(slots)
    }
}

/// The picture at a place of the log.
async fn picture_at(stream: &Stream, exchange: &Exchange, seq: u64, exact: bool) -> Result<Picture, Gap> {
    let mut picture = stream.checkpoint().at_or_before(seq).map(|picture| (*picture).clone()).unwrap_or_default();
    let start = picture.seq;
    if seq - start > FOLD_MAX && exact {
        return Err(Gap::Expired { oldest: exchange.seq() });
    }
    while picture.seq < seq {
        let most = usize::try_from(seq - picture.seq).unwrap_or(PAGE).min(PAGE);
        match page(exchange, picture.seq + 1, most).await {
            Ok(events) if events.is_empty() => return Err(Gap::Expired { oldest: exchange.seq() }),
            Ok(events) => events.iter().for_each(|event| picture.fold(event, None)),
            // Facts need no picture: go on with an empty one, if the place itself is still there.
            Err(Gap::Expired { oldest }) if !exact && oldest <= seq + 1 => {
                let mut empty = Picture::default();
                empty.seq = seq;
                return Ok(empty);
            }
            Err(gap) => return Err(gap),
        }
    }
    if picture.seq - start >= CHECKPOINT_AFTER {
        stream.checkpoint().keep(&picture);
    }
    Ok(picture)
}

async fn page(exchange: &Exchange, from: u64, most: usize) -> Result<Vec<Event>, Gap> {
    let expired = |oldest| Gap::Expired { oldest };
    match exchange.ask(|back| Ask::Events { from, most, back }).await {
        Ok(Ok(events)) if events.first().is_none_or(|event| event.seq == from) => Ok(events),
        Ok(Ok(events)) => Err(expired(events.first().map_or(from, |event| event.seq))),
        Ok(Err(Fault::Gone { oldest })) => Err(expired(oldest)),
        Ok(Err(Fault::NotFound | Fault::Store(_) | Fault::Value(_) | Fault::Stopping)) | Err(_) => {
            Err(expired(exchange.seq()))
        }
    }
}
