//! dbGetRegistration (FUS-DB-13): where each phone is registered.

use super::super::id;
use super::super::wire::json::Json;
use super::super::wire::xml::Element;
use super::{Answer, Asked, Format};
use switching::config::DeviceKind;
use switching::model::Device;

/// Devices that are looked at while the mirror is held.
pub(super) const CHUNK: usize = 1_000;

pub(super) async fn answer(asked: &Asked<'_>) -> Answer {
    let mut phones = each_phone(asked, |_, device| Some(fields(device))).await;
    phones.sort();
    match asked.format {
        Format::Json => {
            let names = ["ID", "IPaddress", "IPport", "Registered"];
            let row = |row: [String; 4]| {
                Json::Object(names.into_iter().map(str::to_owned).zip(row.map(Json::Text)).collect())
            };
            Answer::Json(Json::Array(phones.into_iter().map(row).collect()))
        }
        Format::Xml | Format::Plain => {
            let row = |[id, address, port, registered]: [String; 4]| {
                let fields = vec![
                    Element::text("ID", id),
                    Element::text("IPaddress", address),
                    Element::text("IPport", port),
                    Element::text("Registered", registered),
                ];
                Element::list("Phones", fields)
            };
            Answer::Xml(Element::list("dbGetRegistrationResult", phones.into_iter().map(row).collect()))
        }
    }
}

fn fields(device: &Device) -> [String; 4] {
    let (address, port, registered) = match device.registration.contacts().first() {
        Some(contact) => (contact.ip.clone(), contact.port, "1"),
        None => ("-none-".to_owned(), 0, "0"),
    };
    [id::device_name(device), address, port.to_string(), registered.to_owned()]
}

/// Looks at every telephone, a few at a time, so that the mirror is never held for long.
pub(super) async fn each_phone<T>(
    asked: &Asked<'_>,
    look: impl Fn(&switching::picture::Picture, &Device) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    let mut from = switching::id::DeviceId(0);
    loop {
        let last = asked.door.exchange.read(|picture| {
            let mut last = None;
            for (id, device) in picture.devices.range(from..).take(CHUNK) {
                last = Some(*id);
                let phone = match device.config.kind {
                    DeviceKind::Sip | DeviceKind::Simulated => look(picture, device),
                    DeviceKind::Trunk => None,
                };
                found.extend(phone);
            }
            last
        });
        let Some(last) = last else { return found };
        from = switching::id::DeviceId(last.0 + 1);
        tokio::task::yield_now().await;
    }
}
