//! Telephone numbers as this vendor reads and writes them (VOI-C2C-19, VOI-CDR-12, VOI-ADM-25).
//!
//! Read: `+`, `00`, blanks, dashes, dots and brackets are left out; `0…` is national. Written: numbers of the home country national
//! where callers are shown, E.164 without `+` for targets. Short numbers of the exchange itself stay as they are.

use std::borrow::Cow;
use switching::party::{Party, Presentation};

/// Digits of a number that may be dialled to the outside, country code included (ITU-T E.164: at most 15).
const LEN: std::ops::RangeInclusive<usize> = 7..=15;
/// What is shown of somebody who is not.
pub const ANONYMOUS: &str = "Anonymous";

/// The E.164 digits that a text stands for; none: it is no number that could be dialled to the outside.
#[must_use]
pub fn e164(text: &str, home: &str) -> Option<String> {
    let cleaned: String =
        text.chars().filter(|c| !c.is_ascii_whitespace() && !matches!(c, '-' | '.' | '(' | ')' | '/')).collect();
    let (digits, international) = match (cleaned.strip_prefix('+'), cleaned.strip_prefix("00")) {
        (Some(digits), _) | (None, Some(digits)) => (digits, true),
        (None, None) => (cleaned.as_str(), false),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = match digits.strip_prefix('0') {
        Some(national) if !international => format!("{home}{national}"),
        Some(_) | None => digits.to_owned(),
    };
    LEN.contains(&number.len()).then_some(number)
}

/// The same number whatever its spelling: E.164 digits where it is an outside number, else the text itself.
#[must_use]
pub fn comparable(text: &str, home: &str) -> String {
    e164(text, home).unwrap_or_else(|| text.trim().to_owned())
}

/// Every way in which a number that is [`comparable`] may have been dialled or shown, but for separators.
#[must_use]
pub fn spellings(comparable: &str, home: &str) -> Vec<String> {
    let mut all = vec![comparable.to_owned()];
    if e164(&format!("+{comparable}"), home).is_some_and(|number| number == comparable) {
        all.extend([format!("+{comparable}"), format!("00{comparable}")]);
        all.extend(comparable.strip_prefix(home).map(|national| format!("0{national}")));
    }
    all
}

/// As a caller or a dialled-in number is shown: home numbers national, others E.164 without `+`.
#[must_use]
pub fn shown<'a>(number: &'a str, home: &str) -> Cow<'a, str> {
    // Most numbers are short ones of the exchange itself, which no country code makes long enough.
    if number.len() < *LEN.start() && number.len() + home.len() <= *LEN.start() {
        return Cow::Borrowed(number);
    }
    match e164(number, home) {
        Some(number) => match number.strip_prefix(home) {
            Some(national) if LEN.contains(&number.len()) => Cow::Owned(format!("0{national}")),
            Some(_) | None => Cow::Owned(number),
        },
        None => Cow::Borrowed(number),
    }
}

/// As a party is shown to others: its number, or that it does not want to be.
#[must_use]
pub fn shown_party<'a>(party: &'a Party, home: &str) -> Cow<'a, str> {
    match party.presentation {
        Presentation::Restricted => Cow::Borrowed(ANONYMOUS),
        Presentation::Allowed if party.number.is_empty() => Cow::Borrowed(ANONYMOUS),
        Presentation::Allowed => shown(party.number.as_str(), home),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_every_spelling() {
        for (number, expected) in [
            ("972544444444", vec!["972544444444", "+972544444444", "00972544444444", "0544444444"]),
            ("3225550100", vec!["3225550100", "+3225550100", "003225550100"]),
            ("1001", vec!["1001"]),
            ("AAPINFzL", vec!["AAPINFzL"]),
        ] {
            assert_eq!(spellings(number, "972"), expected);
            assert!(expected.iter().all(|spelling| comparable(spelling, "972") == number), "{number}");
        }
    }

    #[test]
    fn every_spelling_is_one_number() {
        for text in
            ["0544444444", "972544444444", "+972544444444", "00972544444444", "+972 (54) 444-44.44", "054/4444444"]
        {
            assert_eq!(e164(text, "972").as_deref(), Some("972544444444"), "{text}");
            assert_eq!(shown(text, "972"), "0544444444", "{text}");
            assert_eq!(comparable(text, "972"), "972544444444", "{text}");
        }
        assert_eq!(shown("+3225550100", "972"), "3225550100");
        assert_eq!(shown("1001", "972"), "1001", "a short number is nobody's outside");
        for wrong in
            ["", "+", "00", "1199", "123456", "1234567890123456", "05x4444444", "SIPTRUNK", "++1", "٠٥٤٤٤٤٤٤٤٤"]
        {
            assert_eq!(e164(wrong, "972"), None, "{wrong}");
        }
    }
}
