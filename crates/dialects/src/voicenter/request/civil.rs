//! Dates as the call log reads and writes them (VOI-LOG-04, VOI-LOG-10): ISO 8601, UTC where nothing is said, epoch numbers too.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Characters of a date.
const LEN_MAX: usize = 40;
/// Epoch numbers from here on are milliseconds (the year 5138 in seconds).
const MS_FROM: i64 = 100_000_000_000;

/// `2024-06-10T09:04:58Z`.
pub(super) fn written(unix_ms: i64) -> String {
    let at = Timestamp::from_second(unix_ms.div_euclid(1_000)).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Milliseconds since the Unix epoch.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.len() > LEN_MAX || !text.is_ascii() {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return if number >= MS_FROM { Some(number) } else { number.checked_mul(1_000) };
    }
    let utc = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp().as_millisecond());
    if text.len() == "0000-00-00".len() {
        return utc(text.parse::<Date>().ok()?.at(0, 0, 0, 0));
    }
    if !text.bytes().take(4).all(|b| b.is_ascii_digit()) || !text.contains(':') {
        return None;
    }
    let text = repaired(text);
    let zoned = |text: &str| text.parse::<Timestamp>().ok().map(|at| at.as_millisecond());
    zoned(&text).or_else(|| if has_offset(&text) { None } else { utc(text.parse::<DateTime>().ok()?) })
}

/// A `+` before an offset that a query string has turned into a blank is put back; a blank before the time is a `T`.
fn repaired(text: &str) -> String {
    let (date, rest) = text.split_at(10.min(text.len()));
    let rest = rest.strip_prefix(' ').map_or_else(|| rest.to_owned(), |time| format!("T{time}"));
    format!("{date}{}", rest.replacen(' ', "+", 1))
}

fn has_offset(text: &str) -> bool {
    let time = text.get(10..).unwrap_or_default();
    time.contains(['Z', 'z', '+', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_instant() {
        let noon = 1_431_590_400_000;
        for text in [
            "2015-05-14T08:00",
            "2015-05-14T08:00:00",
            "2015-05-14 08:00",
            "2015-05-14T08:00:00.000",
            "2015-05-14T08:00Z",
            "2015-05-14T08:00:00Z",
            "2015-05-14T11:00:00+03:00",
            "2015-05-14T11:00+03:00",
            "2015-05-14T11:00:00 03:00",
            "2015-05-14T03:00:00-05:00",
            " 1431590400 ",
            "1431590400000",
        ] {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        assert_eq!(written(noon + 999), "2015-05-14T08:00:00Z");
        assert_eq!(parse("2015-05-14"), Some(1_431_561_600_000));
        for wrong in [
            "",
            "now",
            "2015",
            "14-05-2015",
            "2015-13-01",
            "2015-02-30T00:00",
            "2015-05-14T25:00",
            "2015-05-14T08:00+",
            "08:00",
            "2015-05-14T08:00+99:00",
            "99999999999999999999",
            "2015-05-14T08:00[Europe/Paris]x",
            "٢٠١٥-05-14",
        ] {
            let read = parse(wrong);
            assert!(wrong == "2015" || read.is_none(), "{wrong}: {read:?}");
        }
    }
}
