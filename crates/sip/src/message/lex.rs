//! The small scanning functions that every header parser uses (RFC 3261 25.1): tokens, linear white space, quoted
//! strings, comma lists. They work on bytes, copy nothing and never fail on foreign input: what does not fit the
//! grammar is returned as it stands, and the typed parser above decides.

use std::borrow::Cow;

/// Is `b` a token character (RFC 3261 25.1)?
pub(crate) const fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// Is `b` linear white space (folding already turned into spaces, but a stray CR or LF counts too)?
pub(crate) const fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

/// `bytes` without white space at both ends.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_space(*first) {
            break;
        }
        bytes = rest;
    }
    trim_end(bytes)
}

/// `bytes` without white space at the end.
pub(crate) fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes {
        if !is_space(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

/// The index just after the quoted string that starts at `start`, or `None` when it never ends.
pub(crate) fn quoted_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// The index of the first `wanted` byte outside quoted strings (and, with `angles`, outside `<...>`).
pub(crate) fn find_outside(bytes: &[u8], wanted: u8, angles: bool) -> Option<usize> {
    let mut at = 0;
    let mut in_angles = false;
    while at < bytes.len() {
        let b = bytes[at];
        if b == wanted && !in_angles {
            return Some(at);
        }
        match b {
            b'"' if !in_angles => at = quoted_end(bytes, at).unwrap_or(bytes.len()),
            b'<' if angles => {
                in_angles = true;
                at += 1;
            }
            b'>' if angles => {
                in_angles = false;
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}

/// The elements of a comma separated header value, trimmed; commas in quotes and angle brackets do not count.
pub(crate) fn split_commas(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let bytes = rest?;
        match find_outside(bytes, b',', true) {
            Some(comma) => {
                rest = Some(&bytes[comma + 1..]);
                Some(trim(&bytes[..comma]))
            }
            None => {
                rest = None;
                Some(trim(bytes))
            }
        }
    })
}

/// A decimal number without sign; `None` for anything else and for what does not fit 32 bits.
pub(crate) fn decimal(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u32, |sum, b| {
        b.is_ascii_digit().then_some(())?;
        sum.checked_mul(10)?.checked_add(u32::from(b - b'0'))
    })
}

/// `bytes` with `%41` turned into `A` (RFC 3261 19.1.2); a broken escape stays as it is.
pub fn unescape(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'%') {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| hex_pair(bytes.get(at + 1), bytes.get(at + 2))).flatten();
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

fn hex_pair(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |b: &u8| (*b as char).to_digit(16);
    u8::try_from(digit(high?)? * 16 + digit(low?)?).ok()
}

/// The content of a quoted string with its backslashes resolved; other text is returned as it is.
pub fn unquote(bytes: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inner @ .., b'"'] = bytes else { return Cow::Borrowed(bytes) };
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for &b in inner {
        if b == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        out.push(b);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_split() {
        let parts: Vec<_> = split_commas(b"\"a, b\" <sip:c,d@e>;x=1 , <sip:f>").collect();
        assert_eq!(parts, [&b"\"a, b\" <sip:c,d@e>;x=1"[..], b"<sip:f>"]);
    }

    #[test]
    fn a_number_that_does_not_fit_is_no_number() {
        assert_eq!(decimal(b"0068"), Some(68));
        assert_eq!(decimal(b"4294967296"), None);
        assert_eq!(decimal(b"-1"), None);
        assert_eq!(decimal(b""), None);
    }

    #[test]
    fn escapes_are_resolved_and_broken_ones_stay() {
        assert_eq!(unescape(b"a%40b%zz%4").as_ref(), b"a@b%zz%4");
        assert_eq!(unquote(b"\"J \\\\\\\"\"").as_ref(), b"J \\\"");
    }
}
