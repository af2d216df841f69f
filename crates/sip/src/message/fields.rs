//! Typed views of the header fields that transactions and dialogs need: Via, name-addr (From, To, Contact, Route),
//! CSeq, RAck. All borrow from the message.

use super::lex;
use super::method::Method;
use super::params::Params;
use super::uri::{self, BadUri, Uri};
use std::net::IpAddr;

/// Highest CSeq a sender may use (RFC 3261 8.1.1.5: less than 2^31).
pub const CSEQ_MAX: u32 = 0x7fff_ffff;

/// A header value that does not fit its grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed header value")]
pub struct BadValue;

impl From<BadUri> for BadValue {
    fn from(_: BadUri) -> BadValue {
        BadValue
    }
}

/// One Via element (RFC 3261 20.42).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, ... as written.
    pub transport: &'a [u8],
    /// The host of sent-by as written; IPv6 in brackets.
    pub host: &'a [u8],
    /// The port of sent-by, when written.
    pub port: Option<u16>,
    /// The parameters.
    pub params: Params<'a>,
}

/// The prefix of a branch that is unique in space and time (RFC 3261 8.1.1.7).
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl<'a> Via<'a> {
    /// Parses one element.
    pub fn parse(value: &'a [u8]) -> Result<Via<'a>, BadValue> {
        let mut parts = value.splitn(3, |b| *b == b'/');
        let mut part = || parts.next().map(lex::trim).ok_or(BadValue);
        let (name, version, rest) = (part()?, part()?, part()?);
        if !name.eq_ignore_ascii_case(b"SIP") || version != b"2.0" {
            return Err(BadValue);
        }
        let space = rest.iter().position(|b| lex::is_space(*b)).ok_or(BadValue)?;
        let (transport, rest) = (&rest[..space], lex::trim(&rest[space..]));
        let host_end = uri::host_end(rest)?;
        let (host, rest) = rest.split_at(host_end);
        let (port, rest) = via_port(lex::trim(rest))?;
        let params = Params::new(rest);
        if transport.is_empty() || !transport.iter().all(|b| lex::is_token(*b)) || !params.is_well_formed() {
            return Err(BadValue);
        }
        Ok(Via { transport, host, port, params })
    }

    /// The branch parameter; empty when absent.
    pub fn branch(&self) -> &'a [u8] {
        self.params.get("branch").unwrap_or_default()
    }

    /// The branch when it starts with the magic cookie and says more than that.
    pub fn magic_branch(&self) -> Option<&'a [u8]> {
        let branch = self.branch();
        let prefix = branch.get(..MAGIC_COOKIE.len())?;
        (prefix.eq_ignore_ascii_case(MAGIC_COOKIE) && branch.len() > MAGIC_COOKIE.len()).then_some(branch)
    }

    /// The `received` parameter as an address; IPv6 with or without brackets (RFC 5118 4.5).
    pub fn received(&self) -> Option<IpAddr> {
        uri::ip_of(self.params.get("received")?)
    }

    /// Does the sender ask for the answer at its source port (RFC 3581)?
    pub fn wants_rport(&self) -> bool {
        self.params.has("rport")
    }

    /// The port in `rport=`, when it is filled in.
    pub fn rport(&self) -> Option<u16> {
        lex::decimal(self.params.get("rport")?).and_then(|port| u16::try_from(port).ok())
    }
}

fn via_port(rest: &[u8]) -> Result<(Option<u16>, &[u8]), BadValue> {
    let Some(text) = rest.strip_prefix(b":") else { return Ok((None, rest)) };
    let end = text.iter().position(|b| *b == b';').unwrap_or(text.len());
    let port = lex::decimal(lex::trim(&text[..end])).and_then(|port| u16::try_from(port).ok()).ok_or(BadValue)?;
    Ok((Some(port), &text[end..]))
}

/// `"Display" <uri>;params` or `uri;params` (RFC 3261 20.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as written, quotes included; empty when there is none.
    pub display: &'a [u8],
    /// The text of the URI.
    pub uri_raw: &'a [u8],
    /// The URI.
    pub uri: Uri<'a>,
    /// The header parameters (`tag`, `expires`, `q` ...).
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Parses one element.
    pub fn parse(value: &'a [u8]) -> Result<NameAddr<'a>, BadValue> {
        let value = lex::trim(value);
        let (display, uri_raw, rest) = match lex::find_outside(value, b'<', false) {
            Some(open) => {
                let close = value[open..].iter().position(|b| *b == b'>').ok_or(BadValue)? + open;
                (lex::trim(&value[..open]), &value[open + 1..close], &value[close + 1..])
            }
            None => {
                // Without brackets `;` begins header parameters, and `?` and `,` may not stand (RFC 3261 20.10).
                let end = value.iter().position(|b| *b == b';').unwrap_or(value.len());
                if value[..end].iter().any(|b| matches!(b, b'?' | b',')) {
                    return Err(BadValue);
                }
                (&value[..0], lex::trim(&value[..end]), &value[end..])
            }
        };
        if display.first() == Some(&b'"') && lex::quoted_end(display, 0) != Some(display.len()) {
            return Err(BadValue);
        }
        let params = Params::new(rest);
        if !params.is_well_formed() {
            return Err(BadValue);
        }
        Ok(NameAddr { display, uri_raw, uri: Uri::parse(uri_raw)?, params })
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// The display name without its quotes and backslashes.
    pub fn display_name(&self) -> std::borrow::Cow<'a, [u8]> {
        lex::unquote(self.display)
    }
}

/// The CSeq header (RFC 3261 20.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The sequence number, at most [`CSEQ_MAX`].
    pub number: u32,
    /// The method as written.
    pub method: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Parses the value.
    pub fn parse(value: &'a [u8]) -> Result<CSeq<'a>, BadValue> {
        let space = value.iter().position(|b| lex::is_space(*b)).ok_or(BadValue)?;
        let number = lex::decimal(&value[..space]).filter(|number| *number <= CSEQ_MAX).ok_or(BadValue)?;
        let method = lex::trim(&value[space..]);
        if method.is_empty() || !method.iter().all(|b| lex::is_token(*b)) {
            return Err(BadValue);
        }
        Ok(CSeq { number, method })
    }

    /// The method as a known name.
    pub fn known_method(&self) -> Method {
        Method::from_bytes(self.method)
    }
}

/// The RAck header of a PRACK (RFC 3262 7.2): which reliable response it acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RAck {
    /// RSeq of the response.
    pub rseq: u32,
    /// CSeq number of the request that was answered.
    pub cseq: u32,
}

impl RAck {
    /// Parses `rseq cseq method`.
    pub fn parse(value: &[u8]) -> Result<RAck, BadValue> {
        let mut parts = value.split(|b| lex::is_space(*b)).filter(|part| !part.is_empty());
        let mut number = || parts.next().and_then(lex::decimal).ok_or(BadValue);
        let (rseq, cseq) = (number()?, number()?);
        match parts.next() {
            Some(_) => Ok(RAck { rseq, cseq }),
            None => Err(BadValue),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_via_with_every_kind_of_spacing() {
        let via =
            Via::parse(b"SIP  /   2.0  / UDP    [2001:db8::9]  : 5070 ;rport; branch=z9hG4bKx ;received=192.0.2.1")
                .expect("valid");
        assert_eq!((via.transport, via.host, via.port), (&b"UDP"[..], &b"[2001:db8::9]"[..], Some(5070)));
        assert_eq!(via.magic_branch(), Some(&b"z9hG4bKx"[..]));
        assert_eq!(via.received(), Some("192.0.2.1".parse().expect("address")));
        assert!(via.wants_rport() && via.rport().is_none());
        assert_eq!(Via::parse(b"SIP/2.0/UDP h;branch=z9hG4bK").expect("valid").magic_branch(), None);
    }

    #[test]
    fn a_name_addr_in_its_forms() {
        let quoted = NameAddr::parse(b"\"Bell, <A>\" <sip:a@b;lr>;tag=1").expect("valid");
        assert_eq!((quoted.display_name().as_ref(), quoted.tag()), (&b"Bell, <A>"[..], Some(&b"1"[..])));
        let bare = NameAddr::parse(b"sip:a@b ; tag = x").expect("valid");
        assert_eq!((bare.uri_raw, bare.tag()), (&b"sip:a@b"[..], Some(&b"x"[..])));
        for bad in ["\"open <sip:a@b>", "<sip:a@b", "x < sip:a@b >", "<sip:a@b>;;"] {
            assert_eq!(NameAddr::parse(bad.as_bytes()), Err(BadValue), "{bad}");
        }
    }

    #[test]
    fn sequence_numbers_have_a_limit() {
        assert_eq!(CSeq::parse(b"0009   INVITE").map(|cseq| cseq.number), Ok(9));
        assert_eq!(CSeq::parse(b"2147483648 INVITE"), Err(BadValue));
        assert_eq!(CSeq::parse(b"1"), Err(BadValue));
        assert_eq!(RAck::parse(b"776656 1 INVITE"), Ok(RAck { rseq: 776_656, cseq: 1 }));
    }
}
