//! SIP messages (RFC 3261 7, 20, 25): a parser that borrows, typed views of header fields, and a printer.
//!
//! A [`Message`] is one buffer plus a table of positions. Unknown headers and the order of all headers are kept. The
//! parser never panics; it tells a datagram that is *unreadable* (nobody can be answered: [`Unreadable`]) from a request
//! that is *readable but wrong* (it carries a [`Fault`] with the code of its answer).
//!
//! What is deliberately absent: bodies (see [`crate::sdp`] for SDP), and a mutable message. To change one, print another.

mod check;
mod fields;
mod header_name;
mod lex;
mod method;
mod params;
mod parse;
mod print;
mod uri;

pub use check::Fault;
pub use fields::{BadValue, CSEQ_MAX, CSeq, MAGIC_COOKIE, NameAddr, RAck, Via};
pub use header_name::HeaderName;
pub use lex::{unescape, unquote};
pub use method::Method;
pub use params::Params;
pub use parse::{HEADERS_MAX, MESSAGE_LEN_MAX, Unreadable};
pub use print::{Body, Headers, Printer, ResponseHead, reason_phrase};
pub use uri::{BadUri, Scheme, Uri};

pub(crate) use lex::{decimal, split_commas, trim};

use bytes::Bytes;
use std::borrow::Cow;

/// A position in the buffer of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Span {
    at: u32,
    len: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    known: HeaderName,
    name: Span,
    value: Span,
}

#[derive(Debug, Clone, Copy)]
enum Start {
    Request { method: Method, name: Span, uri: Span },
    Response { code: u16, reason: Span },
}

/// One header field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name, when this stack knows it.
    pub known: HeaderName,
    /// The name as written.
    pub name: &'a [u8],
    /// The value without white space at its ends; folded lines are joined by spaces.
    pub value: &'a [u8],
}

/// A SIP request or response.
#[derive(Debug, Clone)]
pub struct Message {
    buf: Bytes,
    start: Start,
    slots: Vec<Slot>,
    body: Span,
    fault: Option<Fault>,
}

impl Message {
    /// Parses one whole message: a datagram, or what [`crate::transport::Framer`] cut from a stream.
    pub fn parse(bytes: &[u8]) -> Result<Message, Unreadable> {
        parse::parse(bytes)
    }

    fn text(&self, span: Span) -> &[u8] {
        let at = span.at as usize;
        self.buf.get(at..at + span.len as usize).unwrap_or_default()
    }

    /// What is wrong with the message as a whole, if anything: the answer a request deserves.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Checks the header fields that every request needs (RFC 3261 8.1.1, 8.2): the first fault found.
    pub fn request_fault(&self) -> Option<Fault> {
        self.fault.or_else(|| check::request_fault(self))
    }

    /// Is it a request?
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The method of a request; of a response the one in its CSeq.
    pub fn method(&self) -> Method {
        match self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => self.cseq().map_or(Method::Other, |cseq| cseq.known_method()),
        }
    }

    /// The method of a request as written; empty for a response.
    pub fn method_name(&self) -> &[u8] {
        match self.start {
            Start::Request { name, .. } => self.text(name),
            Start::Response { .. } => b"",
        }
    }

    /// The status code; 0 for a request.
    pub fn code(&self) -> u16 {
        match self.start {
            Start::Request { .. } => 0,
            Start::Response { code, .. } => code,
        }
    }

    /// The reason phrase as written; empty for a request.
    pub fn reason(&self) -> &[u8] {
        match self.start {
            Start::Request { .. } => b"",
            Start::Response { reason, .. } => self.text(reason),
        }
    }

    /// The text of the request URI; empty for a response.
    pub fn request_uri_raw(&self) -> &[u8] {
        match self.start {
            Start::Request { uri, .. } => self.text(uri),
            Start::Response { .. } => b"",
        }
    }

    /// The request URI.
    pub fn request_uri(&self) -> Result<Uri<'_>, BadUri> {
        Uri::parse(self.request_uri_raw())
    }

    /// All headers in their order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        self.slots.iter().map(|slot| Header {
            known: slot.known,
            name: self.text(slot.name),
            value: self.text(slot.value),
        })
    }

    /// The values of all headers of this name, one per header line.
    pub fn values(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.slots.iter().filter(move |slot| slot.known == name).map(|slot| self.text(slot.value))
    }

    /// The value of the first header of this name.
    pub fn value(&self, name: HeaderName) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The first value of a header by its spelling, for names outside the table (case insensitive).
    pub fn value_of(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|header| header.name.eq_ignore_ascii_case(name.as_bytes())).map(|header| header.value)
    }

    /// The first value as text; bytes that are no UTF-8 are replaced.
    pub fn value_text(&self, name: HeaderName) -> Option<Cow<'_, str>> {
        self.value(name).map(String::from_utf8_lossy)
    }

    /// The elements of a comma separated header over all its lines, in order.
    pub fn elements(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.values(name).flat_map(split_commas).filter(|element| !element.is_empty())
    }

    /// Does a comma separated header list this token (case insensitive)?
    pub fn lists(&self, name: HeaderName, token: &str) -> bool {
        self.elements(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The topmost Via.
    pub fn via(&self) -> Result<Via<'_>, BadValue> {
        self.values(HeaderName::Via).flat_map(split_commas).next().ok_or(BadValue).and_then(Via::parse)
    }

    /// The From header.
    pub fn from(&self) -> Result<NameAddr<'_>, BadValue> {
        self.value(HeaderName::From).ok_or(BadValue).and_then(NameAddr::parse)
    }

    /// The To header.
    pub fn to(&self) -> Result<NameAddr<'_>, BadValue> {
        self.value(HeaderName::To).ok_or(BadValue).and_then(NameAddr::parse)
    }

    /// The tag of From; empty when absent (an RFC 2543 peer).
    pub fn from_tag(&self) -> &[u8] {
        self.from().ok().and_then(|from| from.tag()).unwrap_or_default()
    }

    /// The tag of To; empty when absent.
    pub fn to_tag(&self) -> &[u8] {
        self.to().ok().and_then(|to| to.tag()).unwrap_or_default()
    }

    /// The Call-ID; empty when absent.
    pub fn call_id(&self) -> &[u8] {
        self.value(HeaderName::CallId).unwrap_or_default()
    }

    /// The CSeq header.
    pub fn cseq(&self) -> Result<CSeq<'_>, BadValue> {
        self.value(HeaderName::CSeq).ok_or(BadValue).and_then(CSeq::parse)
    }

    /// Max-Forwards; `None` when absent or malformed.
    pub fn max_forwards(&self) -> Option<u32> {
        self.value(HeaderName::MaxForwards).and_then(decimal)
    }

    /// A header with one number before any parameters (Expires, Min-SE, RSeq, Retry-After).
    pub fn number(&self, name: HeaderName) -> Option<u32> {
        let value = self.value(name)?;
        let end = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
        decimal(&value[..end])
    }

    /// All contacts that are addresses (not `*`).
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'_>, BadValue>> {
        self.elements(HeaderName::Contact).filter(|element| *element != b"*").map(NameAddr::parse)
    }

    /// Is there a Contact `*` (RFC 3261 10.2.2)?
    pub fn contact_is_star(&self) -> bool {
        self.elements(HeaderName::Contact).any(|element| element == b"*")
    }

    /// The media type of the body without parameters; empty when absent.
    pub fn content_type(&self) -> &[u8] {
        let value = self.value(HeaderName::ContentType).unwrap_or_default();
        let end = value.iter().position(|b| *b == b';').unwrap_or(value.len());
        trim(&value[..end])
    }

    /// The body; it shares the buffer of the message.
    pub fn body(&self) -> Bytes {
        let at = self.body.at as usize;
        self.buf.slice(at..at + self.body.len as usize)
    }

    /// The body when it is `application/sdp` and not empty. (Of a multipart body the whole is left to the caller.)
    pub fn sdp(&self) -> Option<Bytes> {
        (self.body.len > 0 && self.content_type().eq_ignore_ascii_case(b"application/sdp")).then(|| self.body())
    }

    /// The whole message as received, folding replaced by spaces and trailing bytes included.
    pub fn as_bytes(&self) -> &Bytes {
        &self.buf
    }
}
