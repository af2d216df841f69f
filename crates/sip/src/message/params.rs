//! `;name=value` lists as they follow addresses, Vias and URIs (RFC 3261 25.1 `generic-param`).

use super::lex;

/// A borrowed parameter list; `raw` starts at the first `;` or is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// Wraps the text from the first `;` on.
    pub fn new(raw: &'a [u8]) -> Params<'a> {
        Params { raw: lex::trim(raw) }
    }

    /// The text as it stands, from the first `;` on.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Each parameter with its value, if it has one (quotes kept).
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            let body = rest.strip_prefix(b";")?;
            let end = lex::find_outside(body, b';', false).unwrap_or(body.len());
            rest = &body[end..];
            Some(split_pair(&body[..end]))
        })
    }

    /// Is there a parameter of this name (case insensitive)?
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The value of the first parameter of this name (case insensitive, quotes kept); empty when it has none.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.unwrap_or_default())
    }

    /// Is every parameter a token with a token, host or quoted string as value?
    pub fn is_well_formed(&self) -> bool {
        if self.raw.first().is_some_and(|b| *b != b';') {
            return false;
        }
        self.iter().all(|(name, value)| {
            !name.is_empty() && name.iter().all(|b| lex::is_token(*b)) && value.is_none_or(value_is_well_formed)
        })
    }
}

fn split_pair(pair: &[u8]) -> (&[u8], Option<&[u8]>) {
    match lex::find_outside(pair, b'=', false) {
        Some(equals) => (lex::trim(&pair[..equals]), Some(lex::trim(&pair[equals + 1..]))),
        None => (lex::trim(pair), None),
    }
}

fn value_is_well_formed(value: &[u8]) -> bool {
    match value {
        [] => false,
        [b'"', ..] => lex::quoted_end(value, 0) == Some(value.len()),
        // Tokens and hosts (IPv6 in brackets or bare); a stray comma, quote or space is an error.
        _ => value
            .iter()
            .all(|b| lex::is_token(*b) || matches!(b, b'[' | b']' | b':' | b'/' | b'@' | b'&' | b'$') || *b >= 0x80),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_flags_are_found_whatever_the_spacing() {
        let params = Params::new(b" ; TAG = abc ;lr; x=\"a;b\" ");
        assert_eq!(params.get("tag"), Some(&b"abc"[..]));
        assert!(params.has("LR"));
        assert_eq!(params.get("x"), Some(&b"\"a;b\""[..]));
        assert_eq!(params.get("y"), None);
        assert!(params.is_well_formed());
    }

    #[test]
    fn stray_separators_are_not_well_formed() {
        for bad in [&b";;"[..], b";a=", b";a=b,c", b"x", b";a b", b";a=\"open"] {
            assert!(!Params::new(bad).is_well_formed(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
