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
pub use event::{data, push_data};
pub use extension::{EXTENSION, ExtensionView};
pub use party::{PARTY, PartyView};
pub use record::{ConnectionPart, RECORD, RecordView, StagePart};
pub use stage::{STAGE, StageView};

use crate::common::clock::Clock;
use crate::common::json::{Decimal, push_count, push_text};
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

/// An instant as text.
#[derive(Debug, Clone, Copy)]
pub struct InstantText([u8; INSTANT_LEN]);

const INSTANT_LEN: usize = "0000-00-00T00:00:00.000Z".len();

impl InstantText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits and signs are ASCII")
    }
}

impl Instant {
    /// Its text; what lies beyond the calendar is the calendar's end.
    #[must_use]
    pub fn text(self) -> InstantText {
        let Ok(at) = jiff::Timestamp::from_millisecond(self.0) else {
            return InstantText(*b"9999-12-31T23:59:59.999Z");
        };
        let at = jiff::tz::Offset::UTC.to_datetime(at);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put_digits(&mut text[..4], at.year().max(0).unsigned_abs());
        for (from, part) in [(5, at.month()), (8, at.day()), (11, at.hour()), (14, at.minute()), (17, at.second())] {
            put_digits(&mut text[from..from + 2], part.unsigned_abs().into());
        }
        put_digits(&mut text[20..23], at.millisecond().unsigned_abs());
        InstantText(text)
    }
}

fn put_digits(places: &mut [u8], mut number: u16) {
    for place in places.iter_mut().rev() {
        *place = b"0123456789"[usize::from(number % 10)];
        number /= 10;
    }
}

impl Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.text().as_str())
    }
}

/// An instant of the exchange from RFC 3339; none when it is not one or lies before the exchange's time line.
#[must_use]
pub fn parse_instant(text: &str, clock: &Clock) -> Option<Time> {
    let unix_ms = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    (unix_ms >= clock.unix_ms(Time(0))).then(|| clock.at_unix_ms(unix_ms))
}

/// An id of the core's: a word and a number.
pub trait Named: Copy {
    /// What its text begins with.
    const PREFIX: &'static str;

    /// Its number.
    fn number(self) -> u64;
}

macro_rules! named {
    ($($id:ident)*) => {$(
        impl Named for switching::id::$id {
            const PREFIX: &'static str = Self::PREFIX;

            fn number(self) -> u64 {
                self.0
            }
        }
    )*};
}

named! { CallId ConnectionId StageId DeviceId ExtensionId UserId TrunkId RequestId }

/// An id, written as log and ladder write it.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: Named> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; ID_LEN_MAX];
        let digits = Decimal::of(self.0.number());
        let digits = digits.as_str().as_bytes();
        let (word, whole) = (T::PREFIX.len(), T::PREFIX.len() + digits.len());
        text[..word].copy_from_slice(T::PREFIX.as_bytes());
        text[word..whole].copy_from_slice(digits);
        to.serialize_str(std::str::from_utf8(&text[..whole]).expect("word and digits are ASCII"))
    }
}

/// Room for every word and every number.
const ID_LEN_MAX: usize = 32;

/// Appends an id as JSON text.
pub fn push_id<T: Named>(out: &mut String, id: T) {
    out.push('"');
    out.push_str(T::PREFIX);
    push_count(out, id.number());
    out.push('"');
}

/// Appends an id, or null.
pub fn push_id_or_null<T: Named>(out: &mut String, id: Option<T>) {
    match id {
        Some(id) => push_id(out, id),
        None => out.push_str("null"),
    }
}

/// Appends a text, or null.
fn push_text_or_null(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => push_text(out, text),
        None => out.push_str("null"),
    }
}

/// Appends ids in order.
pub fn push_ids<T: Named>(out: &mut String, ids: &[T]) {
    out.push('[');
    for (n, id) in ids.iter().enumerate() {
        out.push_str(if n == 0 { "" } else { "," });
        push_id(out, *id);
    }
    out.push(']');
}

/// Ids in order.
#[derive(Debug, Clone, Copy)]
pub struct Ids<'a, T>(pub &'a [T]);

impl<T: Named> Serialize for Ids<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().copied().map(Id))
    }
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
