//! One simulated phone: what it does by itself and what a hand can do to it.

use switching::party::Digits;

/// What a phone does with a call that comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnRing {
    /// Rings until a hand does something; a call marked for auto-answer is answered at once.
    #[default]
    Wait,
    /// Rings, then answers.
    Answer {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// Rings, then refuses.
    Reject {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// Says at once that it is busy.
    Busy,
    /// Rings for ever.
    Never,
    /// Does not respond at all.
    Vanish,
}

/// What a phone does by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// When a call comes.
    pub on_ring: OnRing,
    /// Digits it presses so many milliseconds after talk began.
    pub press: Vec<(u64, Digits)>,
    /// Hangs up so many milliseconds after talk began.
    pub hang_up_after_ms: Option<u64>,
}

/// What a hand does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    /// Lifts the receiver of the phone that rings.
    Answer,
    /// Refuses the call that rings.
    Reject,
    /// Dials.
    Dial(Digits),
    /// Presses digits in the call.
    Press(Digits),
    /// Hangs up.
    HangUp,
    /// Pulls the plug: its calls are lost.
    Unplug,
    /// Puts it back.
    PlugIn,
}

/// Why a hand could not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandFault {
    /// There is no such simulated phone.
    NoSuchPhone,
    /// It is unplugged.
    Unplugged,
    /// It has no call in a state to which it could be done.
    NoCall,
    /// It has as many calls as it can have.
    TooManyCalls,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Phone {
    pub(super) name: String,
    pub(super) plugged: bool,
    pub(super) script: Script,
}
