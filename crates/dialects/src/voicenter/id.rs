//! Vendor ids as views on the core's: call ids (VOI-ADM-23), SIP codes (VOI-ADM-04), users' short ids (VOI-CDR-15).

use crate::common::json::{push_digits, push_hex};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use std::borrow::Cow;
use switching::id::{StageId, UserId};
use switching::model::Device;
use switching::party::Digits;
use switching::time::Time;

/// Characters of a call id (VOI-LIM-07).
pub const CALL_ID_LEN: usize = 32;

/// The call id of a journey: `YYYYMMDDHHMMSS` of its first stage, node, the stage's key in 14 hex digits.
///
/// The time is that of the exchange's own time line, which is UTC but for what the machine's clock was set meanwhile: so the
/// id of a stored record stays what it was.
#[must_use]
pub fn call(opened: Time, root: StageId, node: u16) -> String {
    let mut id = String::with_capacity(CALL_ID_LEN);
    let ms = i64::try_from(opened.0).unwrap_or(i64::MAX);
    let at = Offset::UTC.to_datetime(Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH));
    push_digits(&mut id, u64::from(at.year().unsigned_abs()), 4);
    for part in [at.month(), at.day(), at.hour(), at.minute(), at.second()] {
        push_digits(&mut id, u64::from(part.unsigned_abs()), 2);
    }
    push_digits(&mut id, u64::from(node % 10_000), 4);
    push_hex(&mut id, root.0 & 0xff_ffff_ffff_ffff, 14);
    id
}

/// The instants at which the first stage of the journey with this call id may have opened, from and before. None: it is no call id.
#[must_use]
pub fn opened(call_id: &str) -> Option<(Time, Time)> {
    let at = call_id.get(..14).filter(|_| call_id.len() == CALL_ID_LEN)?;
    let at = DateTime::strptime("%Y%m%d%H%M%S", at).ok()?.to_zoned(TimeZone::UTC).ok()?;
    let from = Time(u64::try_from(at.timestamp().as_millisecond()).ok()?);
    Some((from, from.after_ms(1_000)))
}

/// An extension's SIP code: the SIP user of its device, else its number, else its resource id.
#[must_use]
pub fn sip_code(device: &Device) -> Cow<'_, str> {
    let names = &device.config.names;
    let number = || names.number.as_ref().map(Digits::as_str);
    let name = names.sip.as_deref().or_else(number).or(names.resource.as_deref());
    name.map_or_else(|| device.id.to_string().into(), Cow::Borrowed)
}

/// A user's short id, never less than four digits.
#[must_use]
pub fn user(id: UserId) -> String {
    format!("{:04}", id.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_has_its_three_parts() {
        let id = call(Time(1_700_000_000_999), StageId(0xa1b2), 1);
        assert_eq!(id, "2023111422132000010000000000a1b2");
        assert_eq!(id.len(), CALL_ID_LEN);
        for (at, stage, node) in [(0, 0, 0), (253_402_300_799_999, u64::MAX, u16::MAX), (u64::MAX, 1, 9_999)] {
            let id = call(Time(at), StageId(stage), node);
            assert_eq!(id.len(), CALL_ID_LEN, "{id}");
            assert!(id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{id}");
        }
        assert_eq!(user(UserId(7)), "0007");
    }

    #[test]
    fn a_call_id_tells_when_its_journey_began() {
        for at in [0, 1_700_000_000_999, 1_709_164_800_000, 253_000_000_000_000] {
            let (from, before) = opened(&call(Time(at), StageId(7), 1)).expect("a call id");
            assert!(from <= Time(at) && Time(at) < before, "{at}");
            assert_eq!(before.ms_since(from), 1_000);
        }
        let id = call(Time(1_700_000_000_999), StageId(7), 1);
        let other =
            [&id[1..], &format!("{id}0"), "", "20231399999999000100000000000001", "ä0231114221320000100000000000001"];
        assert!(other.iter().all(|other| opened(other).is_none()));
    }
}
