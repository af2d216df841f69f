//! The vendor's numbers as views of ours: what a client writes becomes a number, and a number becomes a phone of the user's.

use switching::command::DeviceName;
use switching::party::Digits;
use switching::picture::Picture;

/// Separators that people write into numbers; they are left out (CCX-06).
const SEPARATORS: [char; 5] = [' ', '-', '.', '(', ')'];

/// A number without separators: digits, `*`, `#`, and `+` at the beginning. None: it cannot be dialled.
#[must_use]
pub fn number(text: &str) -> Option<Digits> {
    let dialled: String = text.chars().filter(|c| !SEPARATORS.contains(c)).collect();
    let rest = dialled.strip_prefix('+').unwrap_or(&dialled);
    let keys = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'));
    if keys { Digits::parse(&dialled) } else { None }
}

/// Whether the vendor's "Click To Call Service" of a station is enabled (CCX-04); one that does not exist has no class of service.
#[must_use]
pub fn is_enabled(picture: &Picture, station: &Digits) -> bool {
    let device = picture.device_by_number(station).or_else(|| {
        let (_, extension) = picture.extension_by_number(station)?;
        picture.devices.get(&extension.config.primary?)
    });
    device.is_none_or(|device| !device.config.class.no_click_to_call)
}

/// Whether there is a station of this number.
#[must_use]
pub fn is_station(picture: &Picture, number: &Digits) -> bool {
    picture.device_by_number(number).is_some() || picture.extension_by_number(number).is_some()
}

/// The phone that a user of `station` may have rung first: the station itself, or another phone of the same directory number,
/// which is what the vendor's personal group is here (CCX-08). None: it is not the user's.
#[must_use]
pub fn own_phone(picture: &Picture, station: &Digits, source: &Digits) -> Option<DeviceName> {
    if source == station {
        return Some(DeviceName::Number(source.clone()));
    }
    let extension = match picture.device_by_number(station) {
        Some(device) => picture.extension_of(device.id)?.1,
        None => picture.extension_by_number(station)?.1,
    };
    let config = &extension.config;
    let own = |device| picture.devices.get(&device).is_some_and(|it| it.config.names.number.as_ref() == Some(source));
    let phone = [config.primary, config.secondary].into_iter().flatten().find(|device| own(*device));
    match phone {
        Some(device) => Some(DeviceName::Id(device)),
        None if config.number == *source => Some(DeviceName::Number(source.clone())),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_separators_and_keep_their_keys() {
        for (written, dialled) in [
            ("01064950821", "01064950821"),
            ("+32 (2) 555-01.00", "+3225550100"),
            ("*72#", "*72#"),
            ("#1", "#1"),
            ("1 1 0 2", "1102"),
        ] {
            assert_eq!(number(written).map(|digits| digits.to_string()).as_deref(), Some(dialled), "{written}");
        }
        for wrong in ["", " - ", "+", "1+2", "++1", "sales", "11O2", "1102;ext=4", "１１", &"1".repeat(65)] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
