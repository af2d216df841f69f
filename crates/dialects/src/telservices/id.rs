//! Numbers as clients write them, and the numbers made for callers that show none (TEL-REQ-38, TEL-CALL-05).

use switching::id::CallId;
use switching::party::Digits;

/// What the number of a caller without one begins with; the reference of the call follows.
const HIDDEN: &str = "*****-";

/// The number shown for a caller that has none or hides it.
#[must_use]
pub fn hidden(call: CallId) -> String {
    format!("{HIDDEN}{}", call.0)
}

/// The call that such a number stands for.
#[must_use]
pub fn call_of_hidden(number: &str) -> Option<CallId> {
    let digits = number.strip_prefix(HIDDEN)?;
    let clean = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if clean { digits.parse().ok().map(CallId) } else { None }
}

/// A number without the marks that people write into it: blanks, dots, hyphens, brackets.
#[must_use]
pub fn number(text: &str) -> Option<Digits> {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '[' | ']')).collect();
    Digits::parse(&bare)
}

/// Under which name the session of a device is kept, and that it was authorised: the number without such marks; a text that is
/// no number as it is.
#[must_use]
pub fn key(text: &str) -> String {
    number(text).map_or_else(|| text.to_owned(), |number| number.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_what_only_people_read() {
        assert_eq!(number("+32 (2) 555.01-00").map(|n| n.to_string()).as_deref(), Some("+3225550100"));
        assert_eq!(number("1102").map(|n| n.to_string()).as_deref(), Some("1102"));
        for wrong in ["", " - ", "é", "1\"2", &"1".repeat(65)] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
        assert_eq!(call_of_hidden(&hidden(CallId(4711))), Some(CallId(4711)));
        for wrong in ["*****-", "*****-+1", "****-1", "1102", "*****-99999999999999999999999"] {
            assert_eq!(call_of_hidden(wrong), None, "{wrong}");
        }
    }
}
