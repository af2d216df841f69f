//! Whether the `uri` of credentials names the request's target (RFC 3261 22.4, RFC 7616 3.4.6).

/// Compares the digest URI with the Request-URI as leniently as a server may: scheme and host without case, a default
/// port like none, parameters and headers not at all, because clients leave them out of one of the two. A user part is
/// compared exactly; credentials without one name the server, as several clients have it (SIPp among them): what they
/// then do not bind to the number is bound by the nonce count, which is good once.
pub fn uris_agree(digest_uri: &str, request_uri: &str) -> bool {
    if digest_uri == request_uri {
        return true;
    }
    let (Some(digest), Some(request)) = (essentials(digest_uri), essentials(request_uri)) else { return false };
    let users_agree = digest.1.is_empty() || digest.1 == request.1;
    users_agree && (digest.0, digest.2, digest.3) == (request.0, request.2, request.3)
}

/// Scheme, user, host and port.
fn essentials(uri: &str) -> Option<(String, &str, String, u16)> {
    let (scheme, rest) = uri.trim().split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "sip" => 5060,
        "sips" => 5061,
        _ => return None,
    };
    // A user part may hold semicolons and question marks, so it is taken off first.
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let host = host.split([';', '?']).next()?;
    let user = user.split(':').next()?;
    let port_at = host.rfind(':').filter(|&at| at > host.rfind(']').unwrap_or(0));
    let (host, port) = match port_at {
        Some(at) => (&host[..at], host[at + 1..].parse().ok()?),
        None => (host, default_port),
    };
    Some((scheme, user, host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_leave_out_does_not_matter() {
        for (digest, request) in [
            ("sip:example.com", "sip:example.com"),
            ("SIP:Example.COM:5060", "sip:example.com"),
            ("sip:bob@example.com", "sip:bob@example.com;transport=tcp?x=y"),
            ("sips:bob@example.com:5061", "sips:bob@example.com"),
            ("sip:[2001:DB8::1]:5060", "sip:[2001:db8::1]"),
            ("tel:+1555", "tel:+1555"),
        ] {
            assert!(uris_agree(digest, request), "{digest} {request}");
            assert!(uris_agree(request, digest), "{request} {digest}");
        }
    }

    #[test]
    fn another_target_is_another_target() {
        for (digest, request) in [
            ("sip:example.com", "sip:example.org"),
            ("sip:bob@example.com", "sip:Bob@example.com"),
            ("sip:bob@example.com", "sip:example.com"),
            ("sip:example.com", "sips:example.com"),
            ("sip:example.com:5070", "sip:example.com"),
            ("sip:[2001:db8::1]", "sip:[2001:db8::2]"),
            ("tel:+1555", "tel:+1556"),
            ("", "sip:example.com"),
            ("sip:example.com:port", "sip:example.com"),
        ] {
            assert!(!uris_agree(digest, request), "{digest} {request}");
        }
    }
}
