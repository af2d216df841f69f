//! Who takes part in a call: numbers, parties, and how a party was addressed.

use crate::id::{DeviceId, ExtensionId, TrunkId, UserId};
use minicbor::{Decode, Encode};
use std::fmt;

/// The most characters a dialled or shown number may have.
pub const DIGITS_LEN_MAX: usize = 64;

/// A number as dialled or shown: `0-9 * # + A-D`, or the user part of a SIP address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Digits(#[n(0)] String);

impl Digits {
    /// Takes a number: 1 to [`DIGITS_LEN_MAX`] printable ASCII characters without blanks or quotes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=DIGITS_LEN_MAX).contains(&text.len());
        let clean = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
        (fits && clean).then(|| Self(text.to_owned()))
    }

    /// No number: withheld, or not known.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of end a party is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum PartyKind {
    /// A telephone of this exchange.
    #[n(0)]
    Device,
    /// Somebody outside.
    #[n(1)]
    Remote,
    /// A service of this exchange (queue, mailbox, menu).
    #[n(2)]
    Service,
}

/// Whether a party lets its number be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Presentation {
    /// Number and name may be shown.
    #[default]
    #[n(0)]
    Allowed,
    /// Both are withheld from the other side.
    #[n(1)]
    Restricted,
}

/// One side of a call as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Party {
    /// What it is.
    #[n(0)]
    pub kind: PartyKind,
    /// Its number; empty when not known.
    #[n(1)]
    pub number: Digits,
    /// Its name; empty when not known.
    #[n(2)]
    pub name: String,
    /// The device, where it is one of ours.
    #[n(3)]
    pub device: Option<DeviceId>,
    /// The directory number, where it is one of ours.
    #[n(4)]
    pub extension: Option<ExtensionId>,
    /// Whether it may be shown.
    #[n(5)]
    pub presentation: Presentation,
}

impl Party {
    /// A party outside of which only the number is known.
    #[must_use]
    pub fn remote(number: Digits, name: String) -> Self {
        Self {
            kind: PartyKind::Remote,
            number,
            name,
            device: None,
            extension: None,
            presentation: Presentation::Allowed,
        }
    }
}

/// Which of an extension's ways led to this device (ring sets, F call history 001 to 203).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Via {
    /// The device itself was named, or it placed the call.
    #[n(0)]
    Direct,
    /// The extension's primary phone.
    #[n(1)]
    Primary,
    /// The extension's secondary phone.
    #[n(2)]
    Secondary,
    /// The extension's mobile phone.
    #[n(3)]
    Mobile,
}

/// How a connection came to be addressed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Addressed {
    /// The number that led here.
    #[n(0)]
    pub number: Digits,
    /// By which way.
    #[n(1)]
    pub via: Via,
    /// The directory number it belongs to.
    #[n(2)]
    pub extension: Option<ExtensionId>,
}

/// Whom the device served when the connection was born; captured then, because people move.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Serving {
    /// The user logged on or owning the number.
    #[n(0)]
    pub user: Option<UserId>,
}

/// One line of a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Circuit {
    /// The trunk group.
    #[n(0)]
    pub trunk: TrunkId,
    /// The circuit in it, from 1.
    #[n(1)]
    pub number: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bounded_and_clean() {
        assert!(Digits::parse("+49301234*#").is_some());
        assert!(Digits::parse(&"1".repeat(DIGITS_LEN_MAX)).is_some());
        for wrong in ["", " ", "1 2", "1\"2", "1\r\n2", "é", &"1".repeat(DIGITS_LEN_MAX + 1)] {
            assert_eq!(Digits::parse(wrong), None, "{wrong:?}");
        }
    }
}
