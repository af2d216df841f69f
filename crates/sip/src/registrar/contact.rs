//! Whether two Contact URIs are the same (RFC 3261 19.1.4), on their text.
//!
//! Escapes of unreserved characters are undone; headers after `?` are compared as they stand.

/// Compares two URIs. Scheme, host and parameters without case, user with case; the parameters `transport`, `user`, `ttl`,
/// `method` and `maddr` must be in both or in neither, all others only agree where both have them.
pub(super) fn same_contact(a: &str, b: &str) -> bool {
    match (Parts::of(a), Parts::of(b)) {
        (Some(a), Some(b)) => a.equals(&b),
        _ => a.trim() == b.trim(),
    }
}

const WEIGHTY_PARAMETERS: [&str; 5] = ["transport", "user", "ttl", "method", "maddr"];

struct Parts {
    scheme: String,
    user: String,
    host: String,
    port: Option<String>,
    parameters: Vec<(String, String)>,
    headers: String,
}

impl Parts {
    /// The parts of a `sip:` or `sips:` URI; `None` for others.
    fn of(uri: &str) -> Option<Parts> {
        let (scheme, rest) = uri.trim().split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "sip" && scheme != "sips" {
            return None;
        }
        let (user, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (rest, headers) = rest.split_once('?').unwrap_or((rest, ""));
        let (address, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        let port_at = address.rfind(':').filter(|&at| at > address.rfind(']').unwrap_or(0));
        let (host, port) = match port_at {
            Some(at) => (&address[..at], Some(address[at + 1..].to_owned())),
            None => (address, None),
        };
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (unescape(name).to_ascii_lowercase(), unescape(value).to_ascii_lowercase())
        };
        Some(Parts {
            scheme,
            user: unescape(user),
            host: host.to_ascii_lowercase(),
            port,
            parameters: parameters.split(';').filter(|text| !text.is_empty()).map(pair).collect(),
            headers: headers.to_owned(),
        })
    }

    fn equals(&self, other: &Parts) -> bool {
        let address = |parts: &Parts| {
            let Parts { scheme, user, host, port, headers, .. } = parts;
            (scheme.clone(), user.clone(), host.clone(), port.clone(), headers.clone())
        };
        address(self) == address(other) && self.parameters_agree(other) && other.parameters_agree(self)
    }

    fn parameters_agree(&self, other: &Parts) -> bool {
        self.parameters.iter().all(|(name, value)| match other.parameter(name) {
            Some(theirs) => theirs == value,
            None => !WEIGHTY_PARAMETERS.contains(&name.as_str()),
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Undoes `%41`, but not `%40`: only an escape of an unreserved character means the character itself (RFC 3261 19.1.2).
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3);
        let octet = escape.and_then(|escape| u8::from_str_radix(&escape[1..], 16).ok());
        match (octet, escape) {
            (Some(octet), _) if octet.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&octet) => {
                plain.push(char::from(octet))
            }
            (Some(_), Some(escape)) => plain.push_str(&escape.to_ascii_uppercase()),
            (None, _) | (_, None) => {
                plain.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs of RFC 3261 19.1.4 that do not turn on header order.
    #[test]
    fn rfc_3261_equal_uris() {
        for (a, b) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            ("sip:[2001:DB8::1]:5070", "SIP:[2001:db8::1]:5070"),
        ] {
            assert!(same_contact(a, b) && same_contact(b, a), "{a} {b}");
        }
    }

    #[test]
    fn rfc_3261_different_uris() {
        for (a, b) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a%40b@c.com", "sip:a@b@c.com"),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        ] {
            assert!(!same_contact(a, b) && !same_contact(b, a), "{a} {b}");
        }
    }

    #[test]
    fn odd_escapes_and_schemes_do_not_panic() {
        assert_eq!(unescape("%"), "%");
        assert_eq!(unescape("a%4"), "a%4");
        assert_eq!(unescape("%é%zz%2d"), "%é%zz-");
        assert_eq!(unescape("%3b"), "%3B");
        assert!(same_contact("tel:+1", "tel:+1") && !same_contact("tel:+1", "tel:+2") && same_contact("", ""));
    }
}
