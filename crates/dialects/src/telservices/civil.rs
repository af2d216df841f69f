//! Local dates and times (TEL-TRN-12).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// `yyyy-MM-dd`.
pub(super) fn date(unix_ms: i64, zone: &TimeZone) -> String {
    local(unix_ms, zone).strftime("%Y-%m-%d").to_string()
}

/// `HH:mm:ss`.
pub(super) fn time(unix_ms: i64, zone: &TimeZone) -> String {
    local(unix_ms, zone).strftime("%H:%M:%S").to_string()
}

/// The date of an HTTP header.
pub(super) fn http_date(unix_ms: i64) -> String {
    local(unix_ms, &TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The first millisecond of an hour of a day, since the Unix epoch. Of an hour that the clocks repeat the first is meant.
pub(super) fn start_of(day: Date, hour: i8, zone: &TimeZone) -> Option<i64> {
    day.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_millisecond())
}

fn local(unix_ms: i64, zone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}
