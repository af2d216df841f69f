//! What `phone` and `target` name (VOI-C2C-19): an extension by its SIP code or short number, or a number outside.
//!
//! Order: exact SIP code, SIP code in another case if only one fits, short number, one of the organisation's own outside
//! numbers, any outside number. The reserved words are read before.

use super::number;
use crate::common::exchange::Exchange;
use switching::config::DeviceKind;
use switching::id::DeviceId;
use switching::model::Device;
use switching::party::Digits;
use switching::picture::Picture;

/// Devices that are looked at without letting go of the picture.
const PORTION: usize = 256;

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An extension of the organisation, and the number by which the exchange dials it; none: it has none.
    Extension(DeviceId, Option<Digits>),
    /// A number that is dialled as it is: one outside, or the inside number of one of our own.
    Number(Digits),
}

/// The place of an address; none: it is no extension and no number.
#[must_use]
pub fn place(picture: &Picture, text: &str, home: &str) -> Option<Place> {
    if let Some(device) = extension(picture, text) {
        return Some(Place::Extension(device.id, dialled_as(picture, device)));
    }
    let outside = number::e164(text, home)?;
    let owned = picture.trunks.values().flat_map(|trunk| &trunk.dids);
    let mut inside =
        owned.filter(|(did, _)| number::comparable(did.as_str(), home) == outside).map(|(_, to)| to.clone());
    inside.next().or_else(|| Digits::parse(&outside)).map(Place::Number)
}

/// The extension of this SIP code or short number.
#[must_use]
pub fn extension<'a>(picture: &'a Picture, text: &str) -> Option<&'a Device> {
    let exact = picture.device_by_sip(text).filter(|device| is_extension(device));
    exact.or_else(|| in_any_case(picture, text)).or_else(|| by_short_number(picture, text))
}

fn in_any_case<'a>(picture: &'a Picture, text: &str) -> Option<&'a Device> {
    if !text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let same = |device: &&Device| {
        is_extension(device) && device.config.names.sip.as_ref().is_some_and(|sip| sip.eq_ignore_ascii_case(text))
    };
    let mut fitting = picture.devices.values().filter(same);
    fitting.next().filter(|_| fitting.next().is_none())
}

fn by_short_number<'a>(picture: &'a Picture, text: &str) -> Option<&'a Device> {
    let number = Digits::parse(text)?;
    let of_number = || {
        let (_, extension) = picture.extension_by_number(&number)?;
        extension.config.primary.or(extension.config.secondary)
    };
    let device = of_number().or_else(|| picture.device_by_number(&number).map(|device| device.id))?;
    picture.devices.get(&device).filter(|device| is_extension(device))
}

/// The number by which the exchange reaches a device: its own, else that of its extension.
fn dialled_as(picture: &Picture, device: &Device) -> Option<Digits> {
    let of_extension = || picture.extension_of(device.id).map(|(_, extension)| extension.config.number.clone());
    device.config.names.number.clone().or_else(of_extension)
}

/// What is made of each telephone of the organisation, in the order of their keys.
pub fn each_extension<T>(exchange: &Exchange, make: impl Fn(&Picture, &Device) -> Option<T>) -> Vec<T> {
    each_device(exchange, |picture, device| if is_extension(device) { make(picture, device) } else { None })
}

/// What is made of each device, in the order of their keys. The picture is let go between portions, so that a long list does not hold
/// up the exchange.
pub fn each_device<T>(exchange: &Exchange, make: impl Fn(&Picture, &Device) -> Option<T>) -> Vec<T> {
    let all: Vec<DeviceId> = exchange.read(|picture| picture.devices.keys().copied().collect());
    let mut made = Vec::with_capacity(all.len());
    for portion in all.chunks(PORTION) {
        exchange.read(|picture| {
            let devices = portion.iter().filter_map(|id| picture.devices.get(id));
            made.extend(devices.filter_map(|device| make(picture, device)));
        });
    }
    made
}

/// Whether a device is a telephone of the organisation.
#[must_use]
pub fn is_extension(device: &Device) -> bool {
    match device.config.kind {
        DeviceKind::Sip | DeviceKind::Simulated => true,
        DeviceKind::Trunk => false,
    }
}
