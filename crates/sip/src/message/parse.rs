//! The parser (RFC 3261 7, 25.1). One copy of the foreign bytes is made, folded lines are joined in that copy by
//! overwriting the line break with spaces (7.3.1), and positions are noted. Header values are looked at only when a
//! typed view asks for them.

use super::check::Fault;
use super::header_name::HeaderName;
use super::lex::{decimal, is_space, is_token, trim};
use super::method::Method;
use super::{Message, Slot, Span, Start};
use bytes::Bytes;

/// Longest message that is read, in bytes: the longest UDP datagram, and the bound of a framed stream message.
pub const MESSAGE_LEN_MAX: usize = 65_536;
/// Most header lines in one message.
pub const HEADERS_MAX: usize = 256;
/// Room for headers that most messages fit in.
const HEADERS_USUAL: usize = 16;

/// Bytes to which nobody can answer; they are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Only line breaks: a keep-alive (RFC 5626 4.4.1).
    #[error("keep-alive")]
    KeepAlive,
    /// Longer than [`MESSAGE_LEN_MAX`].
    #[error("message too long")]
    TooLong,
    /// The first line is neither a request line nor a status line.
    #[error("not SIP")]
    NotSip,
    /// No Via says where an answer would go.
    #[error("no Via")]
    NoVia,
}

pub(super) fn parse(bytes: &[u8]) -> Result<Message, Unreadable> {
    let skipped = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n' | 0)).ok_or(Unreadable::KeepAlive)?;
    let bytes = &bytes[skipped..];
    if bytes.len() > MESSAGE_LEN_MAX {
        return Err(Unreadable::TooLong);
    }
    let mut buf = bytes.to_vec();
    let line = next_line(&buf, 0);
    let (start, mut fault) = start_line(&buf, line)?;
    let mut slots = Vec::with_capacity(HEADERS_USUAL);
    let body_at = headers(&mut buf, line.next, &mut slots, &mut fault);
    let body = body_span(&buf, &slots, body_at, &mut fault);
    let message = Message { buf: Bytes::from(buf), start, slots, body, fault };
    match message.value(HeaderName::Via) {
        Some(_) => Ok(message),
        None => Err(Unreadable::NoVia),
    }
}

/// A line of the head: its text is `at..end`, the next line starts at `next`.
#[derive(Clone, Copy)]
struct Line {
    at: usize,
    end: usize,
    next: usize,
}

fn next_line(buf: &[u8], at: usize) -> Line {
    match buf[at..].iter().position(|b| *b == b'\n') {
        Some(len) => {
            let end = at + len;
            let text_end = if len > 0 && buf[end - 1] == b'\r' { end - 1 } else { end };
            Line { at, end: text_end, next: end + 1 }
        }
        None => Line { at, end: buf.len(), next: buf.len() },
    }
}

/// Positions fit 32 bits because a message is at most [`MESSAGE_LEN_MAX`] long.
#[allow(clippy::cast_possible_truncation)]
fn span(at: usize, len: usize) -> Span {
    Span { at: at as u32, len: len as u32 }
}

/// The position of `part`, which is a slice of `buf`.
fn span_in(buf: &[u8], part: &[u8]) -> Span {
    span((part.as_ptr() as usize).saturating_sub(buf.as_ptr() as usize), part.len())
}

fn start_line(buf: &[u8], line: Line) -> Result<(Start, Option<Fault>), Unreadable> {
    let text = trim(&buf[line.at..line.end]);
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        return status_line(buf, text).map(|start| (start, None)).ok_or(Unreadable::NotSip);
    }
    let first = text.iter().position(|b| is_space(*b)).ok_or(Unreadable::NotSip)?;
    let last = text.iter().rposition(|b| is_space(*b)).ok_or(Unreadable::NotSip)?;
    let (name, version) = (&text[..first], &text[last + 1..]);
    if !name.iter().all(|b| is_token(*b)) || !version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case(b"SIP/")) {
        return Err(Unreadable::NotSip);
    }
    let uri = trim(&text[first..last]);
    let fault = if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        Some(Fault::Version)
    } else if uri.is_empty() || uri.iter().any(|b| is_space(*b)) {
        Some(Fault::RequestUri)
    } else {
        None
    };
    let start = Start::Request { method: Method::from_bytes(name), name: span_in(buf, name), uri: span_in(buf, uri) };
    Ok((start, fault))
}

fn status_line(buf: &[u8], text: &[u8]) -> Option<Start> {
    let version = text.get(..7)?;
    if !version.eq_ignore_ascii_case(b"SIP/2.0") || !text.get(7).is_some_and(|b| is_space(*b)) {
        return None;
    }
    let rest = trim(&text[7..]);
    let end = rest.iter().position(|b| is_space(*b)).unwrap_or(rest.len());
    let code = decimal(&rest[..end]).filter(|code| end == 3 && (100..700).contains(code))?;
    Some(Start::Response { code: u16::try_from(code).ok()?, reason: span_in(buf, trim(&rest[end..])) })
}

/// Reads header lines from `at`; returns where the body starts. Lines beyond [`HEADERS_MAX`] are not kept: what stands before them
/// says where the refusal goes.
fn headers(buf: &mut [u8], mut at: usize, slots: &mut Vec<Slot>, fault: &mut Option<Fault>) -> usize {
    loop {
        if at >= buf.len() {
            fault.get_or_insert(Fault::HeadersUnended);
            return buf.len();
        }
        let line = next_line(buf, at);
        if line.end == line.at {
            return line.next;
        }
        let line = unfold(buf, line);
        at = line.next;
        let text = &buf[line.at..line.end];
        let colon = text.iter().position(|b| *b == b':');
        let name = trim(&text[..colon.unwrap_or(0)]);
        if name.is_empty() || !name.iter().all(|b| is_token(*b)) {
            fault.get_or_insert(Fault::HeaderLine);
            continue;
        }
        if slots.len() == HEADERS_MAX {
            fault.get_or_insert(Fault::TooManyHeaders);
            continue;
        }
        let value = trim(&text[colon.unwrap_or(0) + 1..]);
        slots.push(Slot { known: HeaderName::from_bytes(name), name: span_in(buf, name), value: span_in(buf, value) });
    }
}

/// Joins the lines that continue `line` (they start with a space or tab) by turning the breaks into spaces.
fn unfold(buf: &mut [u8], mut line: Line) -> Line {
    while matches!(buf.get(line.next), Some(b' ' | b'\t')) {
        let following = next_line(buf, line.next);
        buf[line.end..line.next].fill(b' ');
        line = Line { at: line.at, ..following };
    }
    line
}

/// Where the body lies. Differing or malformed lengths and one beyond the datagram are faults (RFC 3261 18.3, 20.14).
fn body_span(buf: &[u8], slots: &[Slot], body_at: usize, fault: &mut Option<Fault>) -> Span {
    let available = buf.len() - body_at;
    let mut length: Option<usize> = None;
    for slot in slots.iter().filter(|slot| slot.known == HeaderName::ContentLength) {
        let at = slot.value.at as usize;
        let Some(value) = decimal(&buf[at..at + slot.value.len as usize]) else {
            fault.get_or_insert(Fault::ContentLength);
            return span(body_at, available);
        };
        if length.is_some_and(|length| length != value as usize) {
            fault.get_or_insert(Fault::ContentLength);
            return span(body_at, available);
        }
        length = Some(value as usize);
    }
    let length = length.unwrap_or(available);
    if length > available {
        fault.get_or_insert(Fault::ContentLength);
        return span(body_at, available);
    }
    span(body_at, length)
}
