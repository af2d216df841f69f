//! Cuts a byte stream into messages by Content-Length (RFC 3261 18.3) and knows the keep-alive of RFC 5626 4.4.1: a
//! double line break is a ping, to be answered by a single one. A stream on which the next message cannot be found is
//! broken for good: the connection must be closed.

use crate::message::{HEADERS_MAX, HeaderName, MESSAGE_LEN_MAX, decimal, trim};
use bytes::Bytes;

/// The answer to a ping (RFC 5626 4.4.1).
pub const PONG: &[u8] = b"\r\n";
/// What is read at most beyond one message, in bytes: the bound of the buffer.
const BUFFER_LEN_MAX: usize = 2 * MESSAGE_LEN_MAX;

/// What a stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message.
    Message(Bytes),
    /// A ping; send [`PONG`].
    Ping,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The message is longer than [`MESSAGE_LEN_MAX`] or its head never ends.
    #[error("message too long")]
    TooLong,
    /// Content-Length is no number or contradicts another one.
    #[error("bad Content-Length")]
    BadLength,
    /// More header lines than [`HEADERS_MAX`].
    #[error("too many headers")]
    TooManyHeaders,
}

/// Collects what arrives on one connection. Whatever the pieces, each octet is looked at a fixed number of times.
#[derive(Debug, Default)]
pub struct Framer {
    buf: Vec<u8>,
    /// What stands before this in `buf` has been taken.
    start: usize,
    /// Line ends were looked for up to here, counted from `start`.
    scanned: usize,
    /// Where the last line that was begun starts, counted from `start`.
    line: usize,
    /// Length of the message under way, once its head is whole.
    whole: Option<usize>,
    broken: Option<FrameError>,
    /// Octets looked at or moved.
    #[cfg(test)]
    work: usize,
}

impl Framer {
    /// An empty stream.
    pub fn new() -> Framer {
        Framer::default()
    }

    /// Adds received bytes. Call [`Framer::next`] until it returns `None` before the next push.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        if self.rest().len() + bytes.len() > BUFFER_LEN_MAX {
            self.fail(FrameError::TooLong);
            return;
        }
        // Moving what is left costs less than what was taken since the last time.
        if self.start > self.rest().len() {
            self.count(self.rest().len());
            self.buf.drain(..self.start);
            self.start = 0;
        }
        self.buf.extend_from_slice(bytes);
    }

    /// The next frame; `None` until more arrives. After an error every call returns it again.
    #[allow(clippy::should_implement_trait)] // more may come after None, so it is no iterator
    pub fn next(&mut self) -> Option<Result<Frame, FrameError>> {
        if let Some(error) = self.broken {
            return Some(Err(error));
        }
        if let Some(ping) = self.skip_breaks() {
            return Some(Ok(ping));
        }
        if self.whole.is_none() {
            match self.find_whole() {
                Ok(whole) => self.whole = whole,
                Err(error) => return Some(Err(self.fail(error))),
            }
        }
        let whole = self.whole.filter(|whole| *whole <= self.rest().len())?;
        let message = Bytes::copy_from_slice(&self.rest()[..whole]);
        self.take(whole);
        Some(Ok(Frame::Message(message)))
    }

    /// What has arrived and is not taken.
    fn rest(&self) -> &[u8] {
        &self.buf[self.start..]
    }

    fn fail(&mut self, error: FrameError) -> FrameError {
        *self = Framer { broken: Some(error), ..Framer::default() };
        error
    }

    fn take(&mut self, len: usize) {
        self.count(len);
        self.start += len;
        (self.scanned, self.line, self.whole) = (0, 0, None);
        if self.start == self.buf.len() {
            // An idle connection holds no buffer.
            (self.buf, self.start) = (Vec::new(), 0);
        }
    }

    /// Drops line breaks before a message; two of them are a ping.
    fn skip_breaks(&mut self) -> Option<Frame> {
        loop {
            if self.rest().starts_with(b"\r\n\r\n") {
                self.take(4);
                return Some(Frame::Ping);
            }
            // A single break may be the first half of a ping: wait for what follows it.
            match self.rest() {
                [b'\r', b'\n', next, ..] if *next != b'\r' => self.take(2),
                [b'\r', b'\n', b'\r', next, ..] if *next != b'\n' => self.take(2),
                [b'\n', ..] => self.take(1),
                [b'\r', next, ..] if *next != b'\n' => self.take(1),
                _ => return None,
            }
        }
    }

    /// The length of the message that begins here, once its head is whole.
    fn find_whole(&mut self) -> Result<Option<usize>, FrameError> {
        let Some(head_len) = self.head_len() else {
            return if self.rest().len() > MESSAGE_LEN_MAX { Err(FrameError::TooLong) } else { Ok(None) };
        };
        self.count(head_len);
        let whole = head_len + content_length(&self.rest()[..head_len])?;
        if whole > MESSAGE_LEN_MAX { Err(FrameError::TooLong) } else { Ok(Some(whole)) }
    }

    /// The length of the head with the empty line that ends it. Goes on where it stopped.
    fn head_len(&mut self) -> Option<usize> {
        if self.rest().first().is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            return None;
        }
        while let Some(len) = self.rest()[self.scanned..].iter().position(|b| *b == b'\n') {
            self.count(len + 1);
            let end = self.scanned + len;
            let line = &self.rest()[self.line..end];
            if matches!(line, [] | [b'\r']) {
                return Some(end + 1);
            }
            (self.scanned, self.line) = (end + 1, end + 1);
        }
        self.count(self.rest().len() - self.scanned);
        self.scanned = self.rest().len();
        None
    }

    #[cfg(test)]
    fn count(&mut self, octets: usize) {
        self.work += octets;
    }

    #[cfg(not(test))]
    fn count(&mut self, _octets: usize) {}
}

/// Content-Length of a head; 0 when absent (RFC 3261 18.3 requires it on streams).
fn content_length(head: &[u8]) -> Result<usize, FrameError> {
    let mut length = None;
    for (count, line) in head.split(|b| *b == b'\n').enumerate() {
        if count > HEADERS_MAX + 2 {
            return Err(FrameError::TooManyHeaders);
        }
        let folded = line.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
        let Some(colon) = line.iter().position(|b| *b == b':').filter(|_| !folded) else { continue };
        if HeaderName::from_bytes(trim(&line[..colon])) != HeaderName::ContentLength {
            continue;
        }
        let value = decimal(trim(&line[colon + 1..])).ok_or(FrameError::BadLength)?;
        if length.is_some_and(|length| length != value) {
            return Err(FrameError::BadLength);
        }
        length = Some(value);
    }
    Ok(length.unwrap_or(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nl: 3\r\n\r\nabc";

    #[test]
    fn messages_are_cut_however_they_arrive() {
        let stream = [ONE, b"\r\n\r\n", ONE, ONE].concat();
        for step in [1, 2, 7, 1_000] {
            let mut framer = Framer::new();
            let mut frames = Vec::new();
            for piece in stream.chunks(step) {
                framer.push(piece);
                while let Some(frame) = framer.next() {
                    frames.push(frame.expect("valid"));
                }
            }
            let message = Frame::Message(Bytes::from_static(ONE));
            assert_eq!(frames, [message.clone(), Frame::Ping, message.clone(), message], "step {step}");
            assert_eq!(framer.buf.capacity(), 0);
        }
    }

    /// Octet by octet, a body, a line without end, many breaks, many messages at once: the work is a few times what came.
    #[test]
    fn work_grows_as_what_arrives() {
        let body = [&b"A sip:a SIP/2.0\r\nl: 20000\r\n\r\n"[..], &[b'b'; 20_000]].concat();
        let line = [&b"A sip:a SIP/2.0\r\nx: "[..], &[b'x'; 30_000], b"\r\n\r\n"].concat();
        let breaks = [&vec![b'\n'; 20_000][..], ONE].concat();
        for (stream, messages) in [(body, 1), (line, 1), (breaks, 1), (ONE.repeat(500), 500)] {
            for step in [1, 7, 4_096, stream.len()] {
                let mut framer = Framer::new();
                let mut found = 0;
                for piece in stream.chunks(step) {
                    framer.push(piece);
                    while let Some(frame) = framer.next() {
                        found += usize::from(matches!(frame, Ok(Frame::Message(_))));
                    }
                }
                assert_eq!(found, messages, "step {step}");
                assert!(framer.work <= 5 * stream.len(), "step {step}: {} for {}", framer.work, stream.len());
            }
        }
    }

    #[test]
    fn a_stream_that_cannot_be_cut_is_broken_for_good() {
        for (bytes, error) in [
            (&b"A sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n"[..], FrameError::BadLength),
            (b"A sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n", FrameError::BadLength),
            (b"A sip:a SIP/2.0\r\nContent-Length: 99999999\r\n\r\n", FrameError::TooLong),
        ] {
            let mut framer = Framer::new();
            framer.push(bytes);
            assert_eq!(framer.next(), Some(Err(error)));
            framer.push(ONE);
            assert_eq!(framer.next(), Some(Err(error)));
        }
        let mut framer = Framer::new();
        framer.push(&vec![b'a'; MESSAGE_LEN_MAX + 1]);
        assert_eq!(framer.next(), Some(Err(FrameError::TooLong)));
    }
}
