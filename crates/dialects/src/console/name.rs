//! How clients name devices, directory numbers and parties.

use super::declared;
use super::problem::{Done, Problem};
use switching::command::DeviceName;
use switching::id::{CallId, ConnectionId, DeviceId, ExtensionId};
use switching::party::Digits;
use switching::picture::Picture;

/// A device: `dev_7`, `number:1001`, `sip:1101`, `resource:SDP40001`; bare digits are a number.
#[must_use]
pub fn device(text: &str) -> Option<DeviceName> {
    match text.split_once(':') {
        Some(("number", number)) => Digits::parse(number).map(DeviceName::Number),
        Some(("sip", user)) => (!user.is_empty()).then(|| DeviceName::Sip(user.to_owned())),
        Some(("resource", resource)) => (!resource.is_empty()).then(|| DeviceName::Resource(resource.to_owned())),
        Some(_) => None,
        None => match DeviceId::parse(text) {
            Some(id) => Some(DeviceName::Id(id)),
            None if text.starts_with(DeviceId::PREFIX) => None,
            None => Digits::parse(text).map(DeviceName::Number),
        },
    }
}

/// The device of a path.
///
/// # Errors
///
/// `unknown_device` when no name has this form.
pub fn device_at(text: &str) -> Done<DeviceName> {
    device(text).ok_or_else(|| Problem::of(declared::UNKNOWN_DEVICE))
}

/// The device of a path as the mirror knows it.
///
/// # Errors
///
/// `unknown_device`.
pub fn known_device(picture: &Picture, text: &str) -> Done<DeviceId> {
    device(text).and_then(|name| picture.resolve(&name)).ok_or_else(|| Problem::of(declared::UNKNOWN_DEVICE))
}

/// The directory number of a path: `ext_3`, or its digits.
///
/// # Errors
///
/// `unknown_number`.
pub fn known_extension(picture: &Picture, text: &str) -> Done<ExtensionId> {
    let unknown = || Problem::of(declared::UNKNOWN_NUMBER);
    if let Some(id) = ExtensionId::parse(text) {
        return if picture.extensions.contains_key(&id) { Ok(id) } else { Err(unknown()) };
    }
    let digits = text.strip_prefix("number:").unwrap_or(text);
    let number = Digits::parse(digits).ok_or_else(unknown)?;
    picture.extension_by_number(&number).map(|(id, _)| id).ok_or_else(unknown)
}

/// The call of a path.
///
/// # Errors
///
/// `unknown_call`.
pub fn call_at(text: &str) -> Done<CallId> {
    CallId::parse(text).ok_or_else(|| Problem::of(declared::UNKNOWN_CALL))
}

/// The connection of a path.
///
/// # Errors
///
/// `unknown_connection`.
pub fn connection_at(text: &str) -> Done<ConnectionId> {
    ConnectionId::parse(text).ok_or_else(|| Problem::of(declared::UNKNOWN_CONNECTION))
}

/// A number in a body.
///
/// # Errors
///
/// `value`.
pub fn digits(pointer: &str, text: &str) -> Done<Digits> {
    Digits::parse(text)
        .ok_or_else(|| Problem::one_value(pointer, "is a number: printable characters without blanks or quotes"))
}
