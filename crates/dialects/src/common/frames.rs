//! What every door with events gives to the projector.

use switching::event::Event;
use switching::picture::{Before, Picture};

/// A door's end of the log: it renders each committed event once and wakes its subscribers.
///
/// The projector calls it behind the commit gate, and before the replies of the same batch are given out. Both calls must be
/// short and never wait: the mirror stands still meanwhile.
pub trait Frames: Send + Sync {
    /// Takes one event with the picture before and after it.
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture);

    /// Wakes the subscribers: once per batch.
    fn publish(&self);
}
