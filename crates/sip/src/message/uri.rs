//! SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966), borrowed from the message. Other schemes are kept as text. URI
//! comparison by the rules of 19.1.4 is deliberately absent: addresses of record are compared by the registrar.

use super::lex;
use super::params::Params;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

/// The scheme of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966); the number is in [`Uri::user`].
    Tel,
    /// Any other; nothing but [`Uri::raw`] is filled.
    Other,
}

/// A URI that is no URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed URI")]
pub struct BadUri;

/// A parsed URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// The scheme.
    pub scheme: Scheme,
    /// The whole text.
    pub raw: &'a [u8],
    /// The user part, escapes as they stand; the number for `tel:`.
    pub user: Option<&'a [u8]>,
    /// The password (deprecated, but parsed).
    pub password: Option<&'a [u8]>,
    /// The host as written; an IPv6 address with its brackets. Empty for `tel:` and other schemes.
    pub host: &'a [u8],
    /// The port, when written.
    pub port: Option<u16>,
    /// The URI parameters.
    pub params: Params<'a>,
    /// The text after `?`.
    pub headers: &'a [u8],
}

impl<'a> Uri<'a> {
    /// Parses a URI without angle brackets.
    pub fn parse(raw: &'a [u8]) -> Result<Uri<'a>, BadUri> {
        let colon = raw.iter().position(|b| *b == b':').ok_or(BadUri)?;
        let (scheme, rest) = (&raw[..colon], &raw[colon + 1..]);
        let scheme_is_name = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !scheme_is_name || rest.is_empty() || raw.iter().any(|b| *b <= b' ' || matches!(b, b'<' | b'>' | b'"')) {
            return Err(BadUri);
        }
        if scheme.eq_ignore_ascii_case(b"sip") {
            Uri::parse_sip(Scheme::Sip, raw, rest)
        } else if scheme.eq_ignore_ascii_case(b"sips") {
            Uri::parse_sip(Scheme::Sips, raw, rest)
        } else if scheme.eq_ignore_ascii_case(b"tel") {
            Ok(Uri::parse_tel(raw, rest))
        } else {
            Ok(Uri::opaque(Scheme::Other, raw))
        }
    }

    fn opaque(scheme: Scheme, raw: &'a [u8]) -> Uri<'a> {
        Uri { scheme, raw, user: None, password: None, host: b"", port: None, params: Params::default(), headers: b"" }
    }

    fn parse_tel(raw: &'a [u8], rest: &'a [u8]) -> Uri<'a> {
        let end = rest.iter().position(|b| *b == b';').unwrap_or(rest.len());
        Uri { user: Some(&rest[..end]), params: Params::new(&rest[end..]), ..Uri::opaque(Scheme::Tel, raw) }
    }

    fn parse_sip(scheme: Scheme, raw: &'a [u8], rest: &'a [u8]) -> Result<Uri<'a>, BadUri> {
        let (user, password, rest) = split_user(rest)?;
        let host_end = host_end(rest)?;
        let (host, rest) = rest.split_at(host_end);
        let (port, rest) = split_port(rest)?;
        let question = rest.iter().position(|b| *b == b'?').unwrap_or(rest.len());
        let (params, headers) = rest.split_at(question);
        if !params.is_empty() && params[0] != b';' {
            return Err(BadUri);
        }
        let headers = headers.strip_prefix(b"?").unwrap_or_default();
        Ok(Uri { scheme, raw, user, password, host, port, params: Params::new(params), headers })
    }

    /// The user part with its escapes resolved.
    pub fn user_unescaped(&self) -> Option<Cow<'a, [u8]>> {
        self.user.map(lex::unescape)
    }

    /// The host as an address, when it is one.
    pub fn host_ip(&self) -> Option<IpAddr> {
        ip_of(self.host)
    }

    /// The host without the brackets of an IPv6 address, as text.
    pub fn host_str(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(self.host))
    }
}

/// `host` as an address; IPv6 in brackets or bare (RFC 5118 4.5), with the third colon of an old grammar's bug
/// (RFC 5118 4.10) forgiven.
pub(crate) fn ip_of(host: &[u8]) -> Option<IpAddr> {
    let bare = host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host);
    let text = std::str::from_utf8(bare).ok()?;
    match text.parse() {
        Ok(ip) => Some(ip),
        Err(_) if text.contains(":::") => text.replacen(":::", "::", 1).parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        Err(_) => None,
    }
}

/// The end of the host that starts `rest`: a bracketed IPv6 address or a name.
pub(crate) fn host_end(rest: &[u8]) -> Result<usize, BadUri> {
    if rest.first() == Some(&b'[') {
        let end = rest.iter().position(|b| *b == b']').ok_or(BadUri)? + 1;
        return if ip_of(&rest[..end]).is_some_and(|ip| ip.is_ipv6()) { Ok(end) } else { Err(BadUri) };
    }
    let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let end = rest.iter().position(|b| !is_host(*b)).unwrap_or(rest.len());
    if end == 0 { Err(BadUri) } else { Ok(end) }
}

type UserHost<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, &'a [u8]);

fn split_user(rest: &[u8]) -> Result<UserHost<'_>, BadUri> {
    let Some(at) = rest.iter().position(|b| *b == b'@') else { return Ok((None, None, rest)) };
    let (userinfo, host) = (&rest[..at], &rest[at + 1..]);
    if userinfo.is_empty() {
        return Err(BadUri);
    }
    match userinfo.iter().position(|b| *b == b':') {
        Some(colon) => Ok((Some(&userinfo[..colon]), Some(&userinfo[colon + 1..]), host)),
        None => Ok((Some(userinfo), None, host)),
    }
}

fn split_port(rest: &[u8]) -> Result<(Option<u16>, &[u8]), BadUri> {
    let Some(text) = rest.strip_prefix(b":") else { return Ok((None, rest)) };
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let port = lex::decimal(&text[..end]).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    Ok((Some(port.ok_or(BadUri)?), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_of_a_sip_uri() {
        let uri = Uri::parse(b"sip:+49%2030;x=1:pw@[2001:db8::1]:5070;transport=tcp;lr?Subject=a").expect("valid");
        assert_eq!(uri.user, Some(&b"+49%2030;x=1"[..]));
        assert_eq!(uri.user_unescaped().as_deref(), Some(&b"+49 30;x=1"[..]));
        assert_eq!(uri.password, Some(&b"pw"[..]));
        assert_eq!(uri.host_str(), "2001:db8::1");
        assert_eq!(uri.port, Some(5070));
        assert_eq!(uri.params.get("transport"), Some(&b"tcp"[..]));
        assert_eq!(uri.headers, b"Subject=a");
    }

    #[test]
    fn tel_and_foreign_schemes() {
        let uri = Uri::parse(b"tel:+1-201-555-0123;phone-context=x").expect("valid");
        assert_eq!((uri.scheme, uri.user), (Scheme::Tel, Some(&b"+1-201-555-0123"[..])));
        assert_eq!(Uri::parse(b"soap.beep://192.0.2.103:3002").map(|uri| uri.scheme), Ok(Scheme::Other));
    }

    #[test]
    fn malformed_uris_are_refused() {
        for bad in [
            "",
            "sip",
            "sip:",
            "sip:@h",
            "sip:u@",
            "sip:h:0",
            "sip:h:99999",
            "sip:2001:db8::10",
            "sip:[1::g]",
            "sip:a b@c",
            "<sip:a@b>",
            "sip:a@b@c",
        ] {
            assert_eq!(Uri::parse(bad.as_bytes()), Err(BadUri), "{bad}");
        }
    }
}
