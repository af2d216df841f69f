//! Instants as local dates and back (FUS-FMT-15).

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// `YYYY-MM-DD HH:MM:SS`.
pub(super) fn timestamp(unix_ms: i64, zone: &TimeZone) -> String {
    local(unix_ms, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `M-D h:m:s` without leading zeros and without a year.
pub(super) fn last_call(unix_ms: i64, zone: &TimeZone) -> String {
    let at = local(unix_ms, zone);
    format!("{}-{} {}:{}:{}", at.month(), at.day(), at.hour(), at.minute(), at.second())
}

/// The date of an HTTP header.
pub(super) fn http_date(unix_ms: i64) -> String {
    local(unix_ms, &TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The day of an instant, to tell one from the next.
pub(super) fn day(unix_ms: i64, zone: &TimeZone) -> Date {
    local(unix_ms, zone).date()
}

/// Reads `YYYY-MM-DD HH:MM:SS`, also with `T` between, also a date alone; milliseconds since the Unix epoch. Of an hour
/// that the clocks repeat the first is meant.
#[must_use]
pub fn parse(text: &str, zone: &TimeZone) -> Option<i64> {
    let shape = |pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(b, p)| if p == b'0' { b.is_ascii_digit() } else { b == p })
    };
    let at = if shape("0000-00-00 00:00:00") || shape("0000-00-00T00:00:00") {
        text.replacen(' ', "T", 1).parse::<DateTime>().ok()?
    } else if shape("0000-00-00") {
        text.parse::<Date>().ok()?.at(0, 0, 0, 0)
    } else {
        return None;
    };
    let at = at.to_zoned(zone.clone()).ok()?;
    Some(at.timestamp().as_millisecond())
}

fn local(unix_ms: i64, zone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_local_and_read_back() {
        let zone = TimeZone::get("Europe/Brussels").unwrap();
        let summer = 1_714_644_672_999;
        assert_eq!(timestamp(summer, &zone), "2024-05-02 12:11:12");
        assert_eq!(last_call(1_722_000_009_000, &zone), "7-26 15:20:9");
        assert_eq!(http_date(summer), "Thu, 02 May 2024 10:11:12 GMT");
        for text in ["2024-05-02 12:11:12", "2024-05-02T12:11:12"] {
            assert_eq!(parse(text, &zone), Some(1_714_644_672_000), "{text}");
        }
        assert_eq!(parse("2024-05-02", &zone), Some(1_714_600_800_000), "midnight in Brussels");
        assert_eq!(parse("2024-10-27 02:30:00", &zone), Some(1_729_989_000_000), "the first of the two");
        for wrong in ["", "2024", "2024-13-01", "2024-02-30 00:00:00", "2024-05-02 25:00:00", "02-05-2024", "yesterday"]
        {
            assert_eq!(parse(wrong, &zone), None, "{wrong}");
        }
    }
}
