//! What every door with events gives to the projector.

use switching::event::Event;
use switching::picture::{Before, Picture};
use switching::record::CallRecord;

/// A door's end of the log: it renders each committed event once and wakes its subscribers.
///
/// The projector calls it behind the commit gate, and before the replies of the same batch are given out. All calls must be
/// short and never wait: the mirror stands still meanwhile.
pub trait Frames: Send + Sync {
    /// Whether somebody could be told of the next event. Where nobody could at any door, the picture before an event is not kept.
    fn is_watched(&self) -> bool;

    /// Takes one event with the picture before and after it.
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture);

    /// Notes an event of which nobody is told.
    fn pass_over(&self, _event: &Event) {}

    /// Takes the record of a call that has ended, after the events of its batch. Most doors tell nothing of records.
    fn record(&self, _record: &CallRecord) {}

    /// Wakes the subscribers: once per batch.
    fn publish(&self);
}
