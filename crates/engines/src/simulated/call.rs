//! One call as a simulated phone sees it.

use switching::id::DeviceId;
use switching::party::Digits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Dialled, not yet answered by the other side.
    Dialling,
    /// Rings here.
    Ringing,
    /// Answered here; the other side is not connected yet.
    Answered,
    /// Both talk.
    Talking,
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) device: DeviceId,
    pub(super) phase: Phase,
    /// Does not react to a hand.
    pub(super) deaf: bool,
    /// The outside party whose call it is.
    pub(super) outside: Option<Digits>,
    pub(super) seq: u32,
}
