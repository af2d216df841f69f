//! The vendor's numbers as views on the core's: call references, terminals, representative numbers (IPX-EVT-38, IPX-LIM-18).

use super::wire::REFERENCE_MAX;
use std::borrow::Cow;
use switching::config::DeviceKind;
use switching::id::{CallId, DeviceId};
use switching::model::Device;
use switching::party::{Digits, Party, PartyKind, Presentation};
use switching::picture::Picture;

/// The reference of a call: 1 + (id - 1) mod (2^31 - 1).
#[must_use]
pub fn reference(call: CallId) -> u64 {
    1 + call.0.saturating_sub(1) % REFERENCE_MAX
}

/// The newest call with this reference, of which it cannot be told here whether it is still there.
#[must_use]
pub fn call_of(picture: &Picture, reference: u64) -> CallId {
    let newest = picture.calls.last_key_value().map_or(0, |(call, _)| call.0);
    let turns = newest.saturating_sub(1) / REFERENCE_MAX;
    let of_turn = |turn: u64| CallId(turn * REFERENCE_MAX + reference);
    let now = of_turn(turns);
    if turns > 0 && now.0 > newest { of_turn(turns - 1) } else { now }
}

/// Whether a device is a terminal of the vendor's.
#[must_use]
pub fn is_terminal(device: &Device) -> bool {
    match device.config.kind {
        DeviceKind::Sip | DeviceKind::Simulated => true,
        DeviceKind::Trunk => false,
    }
}

/// The terminal with this number.
#[must_use]
pub fn terminal<'a>(picture: &'a Picture, number: &Digits) -> Option<&'a Device> {
    let own = picture.device_by_number(number);
    let primary = || picture.extension_by_number(number).and_then(|(_, extension)| extension.config.primary);
    own.or_else(|| picture.devices.get(&primary()?)).filter(|device| is_terminal(device))
}

/// The number of the physical phone; empty where it has none of its own and is no number's phone.
#[must_use]
pub fn device_number(picture: &Picture, device: DeviceId) -> &str {
    let own = picture.devices.get(&device).and_then(|device| device.config.names.number.as_ref());
    own.map_or_else(|| service_number(picture, device), Digits::as_str)
}

/// The representative number: of the directory number that the phone belongs to, else its own.
#[must_use]
pub fn service_number(picture: &Picture, device: DeviceId) -> &str {
    let own = || picture.devices.get(&device)?.config.names.number.as_ref();
    let directory = picture.extension_of(device).map(|(_, extension)| &extension.config.number);
    directory.or_else(own).map_or("", Digits::as_str)
}

/// A party's number in an event: withheld ones are empty, those outside begin with `+` where they are digits (IPX-EVT-03).
#[must_use]
pub fn shown(party: &Party) -> Cow<'_, str> {
    let number = match party.presentation {
        Presentation::Allowed => party.number.as_str(),
        Presentation::Restricted => "",
    };
    match party.kind {
        PartyKind::Remote if number.bytes().next().is_some_and(|b| b.is_ascii_digit()) => format!("+{number}").into(),
        PartyKind::Device | PartyKind::Remote | PartyKind::Service => number.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_turn_round_and_find_their_call_again() {
        assert_eq!(reference(CallId(1)), 1);
        assert_eq!(reference(CallId(REFERENCE_MAX)), REFERENCE_MAX);
        assert_eq!(reference(CallId(REFERENCE_MAX + 1)), 1);
        assert_eq!(call_of(&Picture::default(), 9), CallId(9));
    }
}
