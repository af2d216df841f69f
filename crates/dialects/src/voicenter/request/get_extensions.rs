//! GetExtensions: every extension of the organisation (VOI-EXT-01, VOI-EXT-02).
//!
//! `showAll` chooses between all of them and those of the account of the code's user. The names of later clients are sent too.

use super::super::sight::{Sight, node_of};
use super::super::wire::Json;
use super::super::{address, id};
use super::Asked;

/// The directory field that holds a mail address.
const MAIL: &str = "email";

pub(super) fn list(asked: &Asked<'_>, sight: &Sight) -> Vec<Json> {
    let config = &asked.door.config;
    let said = asked.params.text("showall").unwrap_or_default();
    let own_only = said == "0" || said.eq_ignore_ascii_case("false");
    let mut rows = address::each_extension(&asked.door.exchange, |picture, device| {
        let node = node_of(picture, config, device.id);
        if own_only && node != sight.account() {
            return None;
        }
        let (account_id, account_name) = config.node(&node);
        let extension = picture.extension_of(device.id).map(|(_, extension)| &extension.config);
        let own = device.config.names.number.as_ref();
        let number = extension.map(|it| &it.number).or(own).map(|number| number.as_str().to_owned());
        let number = number.unwrap_or_default();
        let name = extension.map(|it| it.full_name()).filter(|name| !name.is_empty());
        let owner = extension.and_then(|it| it.owner).and_then(|id| picture.users.get(&id));
        let mail = extension.and_then(|it| it.fields.get(MAIL)).cloned().unwrap_or_default();
        let row = Json::object([
            ("SIP", Json::text(id::sip_code(device))),
            ("Name", Json::text(name.unwrap_or_else(|| device.config.display_name.clone()))),
            ("SpeedDial", Json::text(number.as_str())),
            ("AccountID", Json::number(account_id)),
            ("AccountName", Json::text(account_name)),
            ("UserName", Json::text(owner.map(|user| user.name.clone()).unwrap_or_default())),
            ("UserEmail", Json::text(mail)),
        ]);
        Some(((account_name.to_owned(), sorted_by(&number)), row))
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
