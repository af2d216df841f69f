//! GetExtensions: every extension of the organisation (VOI-EXT-01, VOI-EXT-02).
//!
//! The organisation is one account, so `showAll` chooses between the same two lists. The names of later clients are sent too.

use super::super::wire::Json;
use super::super::{address, id};
use super::Asked;

/// The directory field that holds a mail address.
const MAIL: &str = "email";

pub(super) fn list(asked: &Asked<'_>) -> Vec<Json> {
    let config = &asked.door.config;
    let mut rows = address::each_extension(&asked.door.exchange, |picture, device| {
        let extension = picture.extension_of(device.id).map(|(_, extension)| &extension.config);
        let own = device.config.names.number.as_ref();
        let number = extension.map(|it| &it.number).or(own).map(|number| number.as_str().to_owned());
        let number = number.unwrap_or_default();
        let name = extension.map(|it| it.full_name()).filter(|name| !name.is_empty());
        let owner = extension.and_then(|it| it.owner).and_then(|id| picture.users.get(&id));
        let mail = extension.and_then(|it| it.fields.get(MAIL)).cloned().unwrap_or_default();
        let row = Json::object([
            ("SIP", Json::text(id::sip_code(picture, device.id))),
            ("Name", Json::text(name.unwrap_or_else(|| device.config.display_name.clone()))),
            ("SpeedDial", Json::text(number.as_str())),
            ("AccountID", Json::number(config.account_id)),
            ("AccountName", Json::text(config.organisation.as_str())),
            ("UserName", Json::text(owner.map(|user| user.name.clone()).unwrap_or_default())),
            ("UserEmail", Json::text(mail)),
        ]);
        Some((sorted_by(&number), row))
    });
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Short numbers in the order of their values: shorter ones first.
fn sorted_by(number: &str) -> Vec<u8> {
    let mut key = (number.len() as u64).to_be_bytes().to_vec();
    key.extend_from_slice(number.as_bytes());
    key
}
