//! Vendor ids as views on the core's: device ids, channel ids (FUS-FMT-08), `uniqueid` (FUS-DB-09).
//!
//! A channel id is `SIP/<device or trunk>-<8 hex>`, the hex being the low 32 bits of the connection's key. It is compared
//! whole. No `Local/` or `IAX2/` ids are made yet.

use switching::id::{ConnectionId, DeviceId};
use switching::model::{Connection, Device};
use switching::party::Digits;
use switching::picture::Picture;
use switching::time::Time;

/// Most characters of a channel id in a request (FUS-LIM-10).
pub const CHANNEL_LEN_MAX: usize = 128;
/// How many characters a device id may have (FUS-LIM-10).
pub const DEVICE_LEN: std::ops::RangeInclusive<usize> = 4..=16;
/// Most characters of an extension or dialled number (FUS-LIM-10).
pub const NUMBER_LEN_MAX: usize = 32;

/// A device's id: its resource id, else its SIP user, else its number.
#[must_use]
pub fn device_name(device: &Device) -> String {
    let names = &device.config.names;
    let number = || names.number.as_ref().map(|number| number.as_str().to_owned());
    names.resource.clone().or_else(|| names.sip.clone()).or_else(number).unwrap_or_else(|| device.id.to_string())
}

/// The device with this id: exactly the one that is shown with it.
#[must_use]
pub fn device_named<'a>(picture: &'a Picture, name: &str) -> Option<&'a Device> {
    let by_number = || Digits::parse(name).and_then(|number| picture.device_by_number(&number));
    let by_key = || DeviceId::parse(name).and_then(|id| picture.devices.get(&id));
    let named = [picture.device_by_resource(name), picture.device_by_sip(name), by_number(), by_key()];
    named.into_iter().flatten().find(|device| device_name(device) == name)
}

/// The id of a connection's channel. A trunk goes by its own name.
#[must_use]
pub fn channel(picture: &Picture, connection: &Connection) -> String {
    let id = connection.id.0 & 0xffff_ffff;
    format!("SIP/{}-{id:08x}", resource(picture, connection.device))
}

fn resource(picture: &Picture, id: DeviceId) -> String {
    let trunk = || picture.trunks.values().find(|trunk| trunk.device == id).map(|trunk| trunk.name.clone());
    trunk().or_else(|| picture.devices.get(&id).map(device_name)).unwrap_or_else(|| id.to_string())
}

/// The live connection whose channel has exactly this id.
#[must_use]
pub fn connection_of<'a>(picture: &'a Picture, text: &str) -> Option<&'a Connection> {
    if text.len() > CHANNEL_LEN_MAX {
        return None;
    }
    let (_, suffix) = text.rsplit_once('-')?;
    let hex = suffix.len() == 8 && suffix.bytes().all(|b| b.is_ascii_hexdigit());
    let low = if hex { u64::from_str_radix(suffix, 16).ok()? } else { return None };
    let newest = picture.connections.last_key_value().map_or(0, |(id, _)| id.0) & !0xffff_ffff;
    let keys = [Some(newest | low), newest.checked_sub(1 << 32).map(|older| older | low)];
    keys.into_iter()
        .flatten()
        .filter_map(|key| picture.connections.get(&ConnectionId(key)))
        .find(|connection| channel(picture, connection) == text)
}

/// `<epoch seconds>.<id>`; `unix_ms` is when the connection was created.
#[must_use]
pub fn unique(id: ConnectionId, unix_ms: i64) -> String {
    format!("{}.{}", unix_ms.div_euclid(1_000), id.0)
}

/// Whole seconds between two instants.
#[must_use]
pub fn seconds(from: Time, to: Time) -> u64 {
    to.ms_since(from) / 1_000
}

/// Whether a text may be an extension or a dialled number (FUS-LIM-10).
#[must_use]
pub fn is_number(text: &str) -> bool {
    let clean = |b: u8| b.is_ascii_digit() || matches!(b, b'*' | b'#' | b'+');
    (1..=NUMBER_LEN_MAX).contains(&text.len()) && text.bytes().all(clean)
}
