//! What the store finds records by for the criteria of the call log (VOI-LOG-04): spellings of numbers, and devices.
//!
//! It may find too many, never too few: rows are held against the criteria afterwards.

use super::super::address::each_device;
use super::super::id::sip_code;
use super::super::number::{ANONYMOUS, comparable, spellings};
use super::criteria::Criteria;
use crate::common::exchange::Exchange;

/// The parties one of which took part in every call that fits. None: it may be any call.
///
/// A row names a phone by the SIP code of its device as it is today, so devices of these codes count; where the device is gone, by the
/// number that it had. Whoever withheld its number is found by none.
pub(super) fn of(exchange: &Exchange, criteria: &Criteria, home: &str) -> Option<Vec<String>> {
    let phones = criteria.phones.as_ref().filter(|phones| !phones.contains(ANONYMOUS));
    let mut parties: Vec<String> = match (phones, &criteria.extensions) {
        (Some(phones), _) => phones.iter().flat_map(|phone| spellings(phone, home)).collect(),
        (None, Some(extensions)) => extensions.iter().cloned().collect(),
        (None, None) => return None,
    };
    let named = |code: &str| match (phones, &criteria.extensions) {
        (Some(phones), _) => phones.contains(&comparable(code, home)),
        (None, Some(extensions)) => extensions.contains(code),
        (None, None) => false,
    };
    parties.extend(each_device(exchange, |_, device| named(&sip_code(device)).then(|| device.id.to_string())));
    parties.sort_unstable();
    parties.dedup();
    Some(parties)
}
