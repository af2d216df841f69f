//! What each core event is on this door: nothing. The vendor's service has no events (CCX-06).
//!
//! The rule is written out all the same, so that a new event has to be decided here as on every other door.

use switching::event::{Event, What};

/// The frame of one core event: never one.
#[must_use]
pub const fn render(event: &Event) -> Option<Vec<u8>> {
    match &event.what {
        What::ServiceInitiated { .. }
        | What::Originated { .. }
        | What::Delivered { .. }
        | What::Established { .. }
        | What::Failed { .. }
        | What::ConnectionCleared { .. }
        | What::CallCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::DoNotDisturb { .. }
        | What::ApplicationSession { .. }
        | What::ConfigurationChanged(_)
        | What::Prompted { .. } => None,
    }
}
