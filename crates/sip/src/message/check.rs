//! What makes a readable request wrong, and the code of the answer it gets (RFC 3261 8.2, 21.4; RFC 4475 gives the
//! examples). Only what would mislead a transaction or a dialog is checked: a strange Date or Subject is nobody's harm.

use super::fields::NameAddr;
use super::header_name::HeaderName;
use super::lex::{decimal, split_commas};
use super::uri::Scheme;
use super::{Message, Via};

/// Highest Max-Forwards (RFC 3261 20.22).
const MAX_FORWARDS_MAX: u32 = 255;

/// A request that is readable but wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Another SIP version: 505.
    Version,
    /// A malformed request URI: 400.
    RequestUri,
    /// A request URI whose scheme nobody here serves: 416.
    UriScheme,
    /// A header line without a name: 400.
    HeaderLine,
    /// More header lines than are read: 513.
    TooManyHeaders,
    /// No empty line ends the headers: 400.
    HeadersUnended,
    /// Content-Length malformed, contradictory or beyond the datagram: 400.
    ContentLength,
    /// A header field that must be there is not: 400.
    Missing(HeaderName),
    /// A header field that may stand once stands twice: 400.
    Twice(HeaderName),
    /// A header field is malformed: 400.
    Malformed(HeaderName),
    /// CSeq names another method than the request line: 400.
    CSeqMethod,
}

impl Fault {
    /// The code of the answer.
    pub fn code(self) -> u16 {
        match self {
            Fault::Version => 505,
            Fault::UriScheme => 416,
            Fault::TooManyHeaders => 513,
            Fault::RequestUri
            | Fault::HeaderLine
            | Fault::HeadersUnended
            | Fault::ContentLength
            | Fault::Missing(_)
            | Fault::Twice(_)
            | Fault::Malformed(_)
            | Fault::CSeqMethod => 400,
        }
    }

    /// The reason phrase of the answer: says what was wrong (RFC 3261 21.4.1).
    pub fn reason(self) -> std::borrow::Cow<'static, str> {
        match self {
            Fault::Version => "Version Not Supported".into(),
            Fault::RequestUri => "Bad Request-URI".into(),
            Fault::UriScheme => "Unsupported URI Scheme".into(),
            Fault::HeaderLine => "Bad Header Line".into(),
            Fault::TooManyHeaders => "Too Many Header Lines".into(),
            Fault::HeadersUnended => "Headers Not Ended".into(),
            Fault::ContentLength => "Bad Content-Length".into(),
            Fault::Missing(name) => format!("Missing {}", name.as_str()).into(),
            Fault::Twice(name) => format!("More Than One {}", name.as_str()).into(),
            Fault::Malformed(name) => format!("Bad {}", name.as_str()).into(),
            Fault::CSeqMethod => "CSeq Method Mismatch".into(),
        }
    }
}

/// Headers of which a request has exactly one.
const ONCE: [HeaderName; 4] = [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];

pub(super) fn request_fault(message: &Message) -> Option<Fault> {
    vias(message)
        .or_else(|| once(message))
        .or_else(|| sequence(message))
        .or_else(|| request_uri(message))
        .or_else(|| numbers(message))
        .or_else(|| contacts(message))
}

fn vias(message: &Message) -> Option<Fault> {
    let good = message.values(HeaderName::Via).flat_map(split_commas).all(|via| Via::parse(via).is_ok());
    (!good).then_some(Fault::Malformed(HeaderName::Via))
}

fn once(message: &Message) -> Option<Fault> {
    for name in ONCE {
        let mut values = message.values(name);
        let Some(value) = values.next() else { return Some(Fault::Missing(name)) };
        if values.next().is_some() {
            return Some(Fault::Twice(name));
        }
        let good = match name {
            HeaderName::From | HeaderName::To => NameAddr::parse(value).is_ok(),
            _ => !value.is_empty(),
        };
        if !good {
            return Some(Fault::Malformed(name));
        }
    }
    None
}

fn sequence(message: &Message) -> Option<Fault> {
    match message.cseq() {
        Err(_) => Some(Fault::Malformed(HeaderName::CSeq)),
        Ok(cseq) if cseq.method != message.method_name() => Some(Fault::CSeqMethod),
        Ok(_) => None,
    }
}

fn request_uri(message: &Message) -> Option<Fault> {
    match message.request_uri() {
        Err(_) => Some(Fault::RequestUri),
        Ok(uri) if uri.scheme == Scheme::Other => Some(Fault::UriScheme),
        Ok(uri) if !uri.headers.is_empty() => Some(Fault::RequestUri),
        Ok(_) => None,
    }
}

fn numbers(message: &Message) -> Option<Fault> {
    let mut hops = message.values(HeaderName::MaxForwards);
    if let Some(value) = hops.next() {
        if decimal(value).is_none_or(|hops| hops > MAX_FORWARDS_MAX) {
            return Some(Fault::Malformed(HeaderName::MaxForwards));
        }
        if hops.next().is_some() {
            return Some(Fault::Twice(HeaderName::MaxForwards));
        }
    }
    let expires_good = message.value(HeaderName::Expires).is_none_or(|value| decimal(value).is_some());
    (!expires_good).then_some(Fault::Malformed(HeaderName::Expires))
}

fn contacts(message: &Message) -> Option<Fault> {
    let good = message.contacts().all(|contact| {
        contact.is_ok_and(|contact| contact.params.get("expires").is_none_or(|value| decimal(value).is_some()))
    });
    (!good).then_some(Fault::Malformed(HeaderName::Contact))
}
