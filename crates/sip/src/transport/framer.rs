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

/// Collects what arrives on one connection.
#[derive(Debug, Default)]
pub struct Framer {
    buf: Vec<u8>,
    /// How far the end of the head was already looked for, so that drop by drop arrival stays linear.
    scanned: usize,
    broken: Option<FrameError>,
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
        if self.buf.len() + bytes.len() > BUFFER_LEN_MAX {
            self.fail(FrameError::TooLong);
            return;
        }
        self.buf.extend_from_slice(bytes);
    }

    fn fail(&mut self, error: FrameError) -> FrameError {
        self.buf = Vec::new();
        self.broken = Some(error);
        error
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
        let head_end = self.head_end();
        let Some(head_end) = head_end else {
            return (self.buf.len() > MESSAGE_LEN_MAX).then(|| Err(self.fail(FrameError::TooLong)));
        };
        match content_length(&self.buf[..head_end]) {
            Err(error) => Some(Err(self.fail(error))),
            Ok(length) if head_end + length > MESSAGE_LEN_MAX => Some(Err(self.fail(FrameError::TooLong))),
            Ok(length) if self.buf.len() < head_end + length => None,
            Ok(length) => Some(Ok(Frame::Message(self.take(head_end + length)))),
        }
    }

    fn take(&mut self, len: usize) -> Bytes {
        let message = Bytes::copy_from_slice(&self.buf[..len]);
        self.drop_front(len);
        message
    }

    fn drop_front(&mut self, len: usize) {
        self.buf.drain(..len);
        self.scanned = 0;
        if self.buf.is_empty() {
            // An idle connection holds no buffer.
            self.buf = Vec::new();
        }
    }

    /// Drops line breaks before a message; two of them are a ping.
    fn skip_breaks(&mut self) -> Option<Frame> {
        loop {
            if self.buf.starts_with(b"\r\n\r\n") {
                self.drop_front(4);
                return Some(Frame::Ping);
            }
            // A single break may be the first half of a ping: wait for what follows it.
            match self.buf.as_slice() {
                [b'\r', b'\n', next, ..] if *next != b'\r' => self.drop_front(2),
                [b'\r', b'\n', b'\r', next, ..] if *next != b'\n' => self.drop_front(2),
                [b'\n', ..] => self.drop_front(1),
                [b'\r', next, ..] if *next != b'\n' => self.drop_front(1),
                _ => return None,
            }
        }
    }

    /// Where the body starts: after the first empty line.
    fn head_end(&mut self) -> Option<usize> {
        if self.buf.first().is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            return None;
        }
        let mut at = self.scanned;
        while let Some(len) = self.buf[at..].iter().position(|b| *b == b'\n') {
            let next = at + len + 1;
            match &self.buf[next..] {
                [b'\n', ..] => return Some(next + 1),
                [b'\r', b'\n', ..] => return Some(next + 2),
                [] | [b'\r'] => {
                    self.scanned = at;
                    return None;
                }
                _ => at = next,
            }
        }
        self.scanned = at;
        None
    }
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
