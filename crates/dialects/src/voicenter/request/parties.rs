//! What the store finds records by for the criteria of the call log (VOI-LOG-04): spellings of numbers, and devices, which
//! are those of trunks too.
//!
//! It may find too many, never too few: rows are held against the criteria afterwards.

use super::super::address::{each_device, is_extension};
use super::super::id::sip_code;
use super::super::number::{ANONYMOUS, comparable, spellings};
use super::criteria::Criteria;
use crate::common::exchange::Exchange;
use switching::model::Device;
use switching::picture::Picture;

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
    let named = |picture: &Picture, device: &Device| match (phones, &criteria.extensions) {
        (Some(phones), _) => phones.contains(&comparable(&sip_code(device), home)),
        (None, Some(extensions)) => {
            let trunk = || picture.trunks.values().find(|trunk| trunk.device == device.id);
            let of_trunk = || !is_extension(device) && trunk().is_some_and(|trunk| extensions.contains(&trunk.name));
            extensions.contains(&*sip_code(device)) || of_trunk()
        }
        (None, None) => false,
    };
    parties.extend(each_device(exchange, |picture, device| named(picture, device).then(|| device.id.to_string())));
    parties.sort_unstable();
    parties.dedup();
    Some(parties)
}
