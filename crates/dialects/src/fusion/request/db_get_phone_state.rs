//! dbGetPhoneState (FUS-DB-07): what each phone is doing. Deprecated and kept; no hardware addresses are known yet.

use super::super::wire::json::Json;
use super::super::wire::xml::Element;
use super::super::{channel, civil, id};
use super::db_get_registration::each_phone;
use super::{Answer, Asked, Format};
use switching::model::Device;
use switching::picture::Picture;

const FIELDS: [&str; 7] = ["name", "mac", "state", "ip", "lastcall", "localchannel", "remotechannel"];
/// The parameters that filter, each with the place of its field.
const FILTERS: [(&str, usize); 5] =
    [("phone_id", 0), ("phone_mac", 1), ("phone_state", 2), ("localchannel", 5), ("remotechannel", 6)];

pub(super) async fn answer(asked: &Asked<'_>) -> Answer {
    let wanted: Vec<(usize, &str)> =
        FILTERS.into_iter().filter_map(|(name, field)| asked.params.get(name).map(|value| (field, value))).collect();
    let mut phones = each_phone(asked, |picture, device| {
        let phone = seen(asked, picture, device);
        wanted.iter().all(|(field, value)| phone[*field] == *value).then_some(phone)
    })
    .await;
    phones.sort();
    match asked.format {
        Format::Json => {
            let row = |row: [String; 7]| {
                Json::Object(FIELDS.into_iter().map(str::to_owned).zip(row.map(Json::Text)).collect())
            };
            Answer::Json(Json::Array(phones.into_iter().map(row).collect()))
        }
        Format::Xml | Format::Plain => {
            let field = |(name, value): (&str, String)| Element::text(name, value);
            let row = |row: [String; 7]| Element::list("Phone", FIELDS.into_iter().zip(row).map(field).collect());
            Answer::Xml(Element::list("PhoneState", phones.into_iter().map(row).collect()))
        }
    }
}

fn seen(asked: &Asked<'_>, picture: &Picture, device: &Device) -> [String; 7] {
    let last = device.last.placed.max(device.last.offered);
    let zone = &asked.door.config.time_zone;
    let last = last.map(|at| civil::last_call(asked.door.exchange.clock().unix_ms(at), zone)).unwrap_or_default();
    let address = device.registration.contacts().first().map(|contact| contact.ip.clone()).unwrap_or_default();
    let channel = channel::channel_of_phone(picture, device);
    [
        id::device_name(device),
        String::new(),
        channel::phone_state(picture, device).to_owned(),
        address,
        last,
        channel.map(|it| id::channel(picture, it)).unwrap_or_default(),
        channel.map(|it| channel::link(picture, it)).unwrap_or_default(),
    ]
}
