//! The resources as they stand on the wire: each a pure function of one object of the mirror.
//!
//! Nothing that ticks and no list position is in here, so a client's mirror folded from frames equals a later snapshot. This
//! is the only place of the door where serde derives stand.

mod call;
mod connection;
mod device;
mod event;
mod extension;
mod party;
mod record;
mod stage;

pub use call::{CALL, CallView};
pub use connection::{CONNECTION, ConnectionView, STATE};
pub use device::{CONTACT, ContactView, DEVICE, DeviceView, KIND};
pub use event::data;
pub use extension::{EXTENSION, ExtensionView};
pub use party::{PARTY, PartyView};
pub use record::{ConnectionPart, RECORD, RecordView, StagePart};
pub use stage::{STAGE, StageView};

use crate::common::clock::Clock;
use crate::console::shape::Shape;
use serde::{Serialize, Serializer};
use std::fmt::Display;
use switching::party::Digits;
use switching::time::Time;

/// An instant: RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(i64);

impl Instant {
    /// The time of day at an instant of the exchange.
    #[must_use]
    pub fn at(time: Time, clock: &Clock) -> Self {
        Self(clock.unix_ms(time))
    }

    /// The same for one that may not have come.
    #[must_use]
    pub fn maybe(time: Option<Time>, clock: &Clock) -> Option<Self> {
        time.map(|time| Self::at(time, clock))
    }
}

impl Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => f.write_str("9999-12-31T23:59:59.999Z"),
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// An instant of the exchange from RFC 3339; none when it is not one or lies before the exchange's time line.
#[must_use]
pub fn parse_instant(text: &str, clock: &Clock) -> Option<Time> {
    let unix_ms = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    (unix_ms >= clock.unix_ms(Time(0))).then(|| clock.at_unix_ms(unix_ms))
}

/// An id, written as log and ladder write it.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: Display> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// Ids in order.
pub fn ids<T: Display + Copy>(list: &[T]) -> Vec<Id<T>> {
    list.iter().copied().map(Id).collect()
}

/// A number; none when there is none.
fn number(digits: &Digits) -> Option<&str> {
    (!digits.is_empty()).then(|| digits.as_str())
}

/// A text; none when it is empty.
fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// An id on the wire.
pub const ID: Shape = Shape::Text { least: 1, most: 80 };
/// An id that may not be there.
pub const ID_OR_NULL: Shape = Shape::Nullable(&ID);
/// A list of ids.
pub const IDS: Shape = Shape::List(&ID, usize::MAX);
/// An instant that may not have come.
pub const INSTANT_OR_NULL: Shape = Shape::Nullable(&Shape::Instant);
/// Any text.
pub const TEXT: Shape = Shape::Text { least: 0, most: usize::MAX };
/// Any text, or none.
pub const TEXT_OR_NULL: Shape = Shape::Nullable(&TEXT);
/// A whole number.
pub const COUNT: Shape = Shape::Number { least: 0, most: i64::MAX };
/// A whole number, or none.
pub const COUNT_OR_NULL: Shape = Shape::Nullable(&COUNT);
/// Named values.
pub const NAMED: Shape = Shape::Map(&TEXT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_milliseconds_and_read_back() {
        let clock = Clock::stopped(Time(0));
        let at = Time(1_731_000_000_007);
        let text = Instant::at(at, &clock).to_string();
        assert_eq!(text, "2024-11-07T17:20:00.007Z");
        assert_eq!(parse_instant(&text, &clock), Some(at));
        assert_eq!(Instant::at(Time(0), &clock).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(parse_instant("yesterday", &clock), None);
        assert_eq!(parse_instant("1969-12-31T23:59:59Z", &clock), None);
    }
}
