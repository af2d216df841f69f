//! Writing messages into one buffer. [`Printer`] prints requests and responses; [`ResponseHead`] keeps the part of a
//! request that every response to it repeats (RFC 3261 8.2.6.2), so that the request itself need not be kept.

use super::header_name::HeaderName;
use super::{Message, split_commas};
use bytes::Bytes;
use std::borrow::Cow;
use std::io::Write as _;
use std::net::SocketAddr;

/// First guess at the length of a message without its body, in bytes.
const HEAD_LEN_USUAL: usize = 640;

/// Header lines printed ahead of time, to be added to a request or response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<u8>);

impl Headers {
    /// No lines.
    pub const fn none() -> Headers {
        Headers(Vec::new())
    }

    /// Adds a line.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Headers {
        write_header(&mut self.0, name.as_bytes(), value.as_ref());
        self
    }

    /// Adds a line and hands itself on.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Headers {
        self.push(name, value);
        self
    }

    /// Adds the lines of another set.
    pub fn append(&mut self, other: &Headers) -> &mut Headers {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// The printed lines.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Are there no lines?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A message body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The Content-Type.
    pub content_type: Cow<'static, str>,
    /// The content.
    pub bytes: Bytes,
}

impl Body {
    /// A session description.
    pub fn sdp(bytes: impl Into<Bytes>) -> Body {
        Body { content_type: Cow::Borrowed("application/sdp"), bytes: bytes.into() }
    }

    /// A body of another type.
    pub fn new(content_type: impl Into<Cow<'static, str>>, bytes: impl Into<Bytes>) -> Body {
        Body { content_type: content_type.into(), bytes: bytes.into() }
    }

    /// Is it a session description?
    pub fn is_sdp(&self) -> bool {
        self.content_type.eq_ignore_ascii_case("application/sdp")
    }
}

/// Writes one message.
#[derive(Debug)]
pub struct Printer {
    buf: Vec<u8>,
}

impl Printer {
    /// Starts a request.
    pub fn request(method: &str, uri: &[u8]) -> Printer {
        let mut buf = Vec::with_capacity(HEAD_LEN_USUAL);
        buf.extend_from_slice(method.as_bytes());
        buf.push(b' ');
        buf.extend_from_slice(uri);
        buf.extend_from_slice(b" SIP/2.0\r\n");
        Printer { buf }
    }

    /// Starts a response; an empty reason is filled with the usual phrase.
    pub fn response(code: u16, reason: &str) -> Printer {
        let mut buf = Vec::with_capacity(HEAD_LEN_USUAL);
        let reason = if reason.is_empty() { reason_phrase(code) } else { reason };
        buf.extend_from_slice(b"SIP/2.0 ");
        write_number(&mut buf, u32::from(code));
        buf.push(b' ');
        buf.extend(reason.bytes().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { b }));
        buf.extend_from_slice(b"\r\n");
        Printer { buf }
    }

    /// A header line. A line break within the value becomes a space, so that no value can smuggle in another header.
    pub fn header(&mut self, name: HeaderName, value: impl AsRef<[u8]>) -> &mut Printer {
        write_header(&mut self.buf, name.as_str().as_bytes(), value.as_ref());
        self
    }

    /// A header line of a name outside the table.
    pub fn other(&mut self, name: &[u8], value: &[u8]) -> &mut Printer {
        write_header(&mut self.buf, name, value);
        self
    }

    /// A header line with a number.
    pub fn number(&mut self, name: HeaderName, value: u32) -> &mut Printer {
        self.buf.extend_from_slice(name.as_str().as_bytes());
        self.buf.extend_from_slice(b": ");
        write_number(&mut self.buf, value);
        self.buf.extend_from_slice(b"\r\n");
        self
    }

    /// The Via of a request of ours; asks for the answer at the source port (RFC 3581).
    pub fn via(&mut self, transport: &str, sent_by: &str, branch: &[u8]) -> &mut Printer {
        for part in
            [b"Via: SIP/2.0/", transport.as_bytes(), b" ", sent_by.as_bytes(), b";rport;branch=", branch, b"\r\n"]
        {
            self.buf.extend_from_slice(part);
        }
        self
    }

    /// `name: address;tag=tag`, without the tag when it is empty.
    pub fn address(&mut self, name: HeaderName, address: &[u8], tag: &[u8]) -> &mut Printer {
        self.buf.extend_from_slice(name.as_str().as_bytes());
        self.buf.extend_from_slice(b": ");
        push_one_line(&mut self.buf, address);
        if !tag.is_empty() {
            self.buf.extend_from_slice(b";tag=");
            self.buf.extend_from_slice(tag);
        }
        self.buf.extend_from_slice(b"\r\n");
        self
    }

    /// The CSeq line.
    pub fn cseq(&mut self, number: u32, method: &str) -> &mut Printer {
        self.buf.extend_from_slice(b"CSeq: ");
        write_number(&mut self.buf, number);
        self.buf.push(b' ');
        self.buf.extend_from_slice(method.as_bytes());
        self.buf.extend_from_slice(b"\r\n");
        self
    }

    /// Lines printed ahead of time.
    pub fn lines(&mut self, headers: &Headers) -> &mut Printer {
        self.buf.extend_from_slice(&headers.0);
        self
    }

    fn raw(&mut self, lines: &[u8]) -> &mut Printer {
        self.buf.extend_from_slice(lines);
        self
    }

    /// Ends the message with its length and body.
    pub fn finish(mut self, body: Option<&Body>) -> Bytes {
        let content: &[u8] = body.map_or(b"", |body| &body.bytes);
        if let Some(body) = body.filter(|body| !body.bytes.is_empty()) {
            write_header(&mut self.buf, b"Content-Type", body.content_type.as_bytes());
        }
        self.buf.extend_from_slice(b"Content-Length: ");
        write_number(&mut self.buf, u32::try_from(content.len()).unwrap_or(u32::MAX));
        self.buf.extend_from_slice(b"\r\n\r\n");
        self.buf.extend_from_slice(content);
        // Copied, for a transaction may keep it for half a minute: allocators shrink in place and leave the rest of the block unused.
        Bytes::copy_from_slice(&self.buf)
    }
}

fn write_number(buf: &mut Vec<u8>, number: u32) {
    write!(buf, "{number}").expect("writing to a vector does not fail");
}

fn write_header(buf: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    buf.extend_from_slice(name);
    buf.extend_from_slice(b": ");
    push_one_line(buf, value);
    buf.extend_from_slice(b"\r\n");
}

fn push_one_line(buf: &mut Vec<u8>, value: &[u8]) {
    let at = buf.len();
    buf.extend_from_slice(value);
    for b in &mut buf[at..] {
        if matches!(b, b'\r' | b'\n') {
            *b = b' ';
        }
    }
}

/// What every response to one request repeats: Vias (the top one completed with where the request came from), From,
/// Call-ID, CSeq, Record-Route, and To with the tag that all responses but 100 carry (RFC 3261 8.2.6.2).
#[derive(Debug, Clone)]
pub struct ResponseHead {
    /// Via, From, Call-ID, CSeq | Record-Route | To without line end.
    lines: Box<[u8]>,
    routes_at: u32,
    to_at: u32,
    /// The tag we add; empty when the request's To has one.
    tag: Box<[u8]>,
}

impl ResponseHead {
    /// Takes what is needed from `request`, which came from `source`; `tag` is used when To has none.
    #[allow(clippy::cast_possible_truncation)] // a message is at most 64 KiB long
    pub fn new(request: &Message, source: SocketAddr, tag: &[u8]) -> ResponseHead {
        let mut lines = Vec::with_capacity(HEAD_LEN_USUAL);
        let mut vias = request.values(HeaderName::Via).flat_map(split_commas);
        if let Some(top) = vias.next() {
            write_top_via(&mut lines, top, source);
        }
        for via in vias {
            write_header(&mut lines, b"Via", via);
        }
        for name in [HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
            if let Some(value) = request.value(name) {
                write_header(&mut lines, name.as_str().as_bytes(), value);
            }
        }
        let routes_at = lines.len() as u32;
        for value in request.values(HeaderName::RecordRoute) {
            write_header(&mut lines, b"Record-Route", value);
        }
        let to_at = lines.len() as u32;
        if let Some(to) = request.value(HeaderName::To) {
            lines.extend_from_slice(b"To: ");
            lines.extend_from_slice(to);
        }
        let has_tag = !request.to_tag().is_empty() || lines.len() as u32 == to_at;
        let tag: &[u8] = if has_tag { b"" } else { tag };
        ResponseHead { lines: lines.into(), routes_at, to_at, tag: tag.into() }
    }

    /// The tag that was added to To; empty when the request had one.
    pub fn tag(&self) -> &[u8] {
        &self.tag
    }

    /// Starts a response; `routes` repeats Record-Route, as responses that make a dialog must (RFC 3261 12.1.1).
    pub fn respond(&self, code: u16, reason: &str, routes: bool) -> Printer {
        let mut printer = Printer::response(code, reason);
        let end = if routes { self.to_at } else { self.routes_at };
        printer.raw(&self.lines[..end as usize]);
        let to = &self.lines[self.to_at as usize..];
        if !to.is_empty() {
            printer.raw(to);
            if code != 100 && !self.tag.is_empty() {
                printer.raw(b";tag=").raw(&self.tag);
            }
            printer.raw(b"\r\n");
        }
        printer
    }
}

/// The top Via with `received` and `rport` as RFC 3261 18.2.1 and RFC 3581 4 ask.
fn write_top_via(lines: &mut Vec<u8>, top: &[u8], source: SocketAddr) {
    let via = super::Via::parse(top);
    let (wants_rport, has_rport) = via.map_or((false, false), |via| (via.wants_rport(), via.rport().is_some()));
    let same_host = via.is_ok_and(|via| super::uri::ip_of(via.host) == Some(source.ip()));
    lines.extend_from_slice(b"Via: ");
    let at = lines.len();
    push_one_line(lines, top);
    if wants_rport && !has_rport {
        fill_rport(lines, at, source.port());
    }
    if (wants_rport || !same_host) && via.is_ok_and(|via| !via.params.has("received")) {
        write!(lines, ";received={}", source.ip()).expect("writing to a vector does not fail");
    }
    lines.extend_from_slice(b"\r\n");
}

/// Writes the port behind the valueless `rport` of the Via that starts at `via_at`.
fn fill_rport(lines: &mut Vec<u8>, via_at: usize, port: u16) {
    let lower = lines[via_at..].to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = lower[from..].windows(5).position(|window| window == b"rport") {
        let end = from + found + 5;
        let before = super::trim(&lower[..from + found]).last();
        let after = super::trim(&lower[end..]).first();
        if before == Some(&b';') && matches!(after, None | Some(b';' | b'=')) {
            let cut = lower[end..].iter().position(|b| *b == b';').map_or(lower.len(), |len| end + len);
            let value = format!("={port}");
            lines.splice(via_at + end..via_at + cut, value.into_bytes());
            return;
        }
        from = end;
    }
}

/// The usual reason phrase (RFC 3261 21 and the registry).
pub fn reason_phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        199 => "Early Dialog Terminated",
        200 => "OK",
        202 => "Accepted",
        204 => "No Notification",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        380 => "Alternative Service",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        412 => "Conditional Request Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        430 => "Flow Failed",
        439 => "First Hop Lacks Outbound Support",
        469 => "Bad Info Package",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        493 => "Undecipherable",
        494 => "Security Agreement Required",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        580 => "Precondition Failure",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        607 => "Unwanted",
        608 => "Rejected",
        _ => match code / 100 {
            1 => "Progress",
            2 => "OK",
            3 => "Redirect",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}
