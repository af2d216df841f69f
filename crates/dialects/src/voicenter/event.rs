//! What each core event is to this door (VOI-CDR-01, VOI-CDR-10).
//!
//! Rows are made of finished calls only, so one event matters until the real-time channel comes: the end of a call. All else is
//! polled by the clients.

use switching::event::{Event, What};
use switching::id::CallId;

/// The call whose rows are complete by this event.
#[must_use]
pub fn completes(event: &Event) -> Option<CallId> {
    match &event.what {
        What::CallCleared { call } => Some(*call),
        What::ServiceInitiated { .. }
        | What::Originated { .. }
        | What::Delivered { .. }
        | What::Established { .. }
        | What::Failed { .. }
        | What::ConnectionCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::DoNotDisturb { .. }
        | What::ApplicationSession { .. }
        | What::ConfigurationChanged(_) => None,
    }
}
