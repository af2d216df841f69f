//! Session descriptions: RFC 8866 (and its predecessors RFC 4566 and 2327), offer and answer of RFC 3264 for one audio
//! stream, and the rewriting that puts our relay between two peers.
//!
//! A [`Session`] keeps every line in its order, known or not, so that what we do not understand still reaches the other
//! peer. Reading is tolerant (bare LF, missing lines, foreign character sets), printing is strict. Video, fax and
//! encrypted media are refused by port 0; nothing here touches sockets or SIP.

mod audio;
mod codec;
mod offer_answer;
mod relay;
mod third_party;

pub use audio::{Audio, Direction};
pub use codec::{Codec, RELAY_CODECS, common_codecs, payload_map, relay_codecs, telephone_event};
pub use offer_answer::{NoCommonCodec, OurOrigin, align_answer, answer, answer_direction, offer};
pub use relay::rewrite_for_relay;
pub use third_party::{SecondLegAnswer, judge_second_answer, offer_for_second_leg};

use std::fmt;
use std::net::IpAddr;

/// Larger descriptions are refused; a busy WebRTC offer has about 10 KiB.
pub const SDP_LEN_MAX: usize = 65_536;
/// Media streams of one description; more are refused.
pub const MEDIA_MAX: usize = 32;

/// A session description: session-level lines, then the media streams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Session-level lines in their order, `v=` first.
    pub lines: Vec<Line>,
    /// The `m=` sections in their order.
    pub media: Vec<Media>,
}

/// One `type=value` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The letter before the equals sign.
    pub kind: char,
    /// What follows it, without the line end.
    pub value: String,
}

/// One `m=` section (RFC 8866 5.14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image`, ...
    pub kind: String,
    /// The transport port; 0 refuses the stream (RFC 3264 6).
    pub port: u16,
    /// The number of ports after a slash, where given.
    pub port_count: Option<u16>,
    /// `RTP/AVP`, `RTP/SAVPF`, ...
    pub protocol: String,
    /// Payload types or other format names, in order of preference.
    pub formats: Vec<String>,
    /// The lines below `m=`, in their order.
    pub lines: Vec<Line>,
}

/// Why bytes are no session description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Longer than [`SDP_LEN_MAX`].
    #[error("session description too long")]
    TooLong,
    /// The first line is not `v=0`.
    #[error("no session description")]
    NotSdp,
    /// A line that is not `letter=value`.
    #[error("unreadable line {0}")]
    BadLine(usize),
    /// An `m=` line without kind, port and protocol.
    #[error("unreadable m= line {0}")]
    BadMedia(usize),
    /// More than [`MEDIA_MAX`] streams.
    #[error("too many media streams")]
    TooManyMedia,
}

impl Session {
    /// Reads a description. Empty lines are skipped, and octets that are not UTF-8 are replaced.
    pub fn parse(bytes: &[u8]) -> Result<Session, SdpError> {
        if bytes.len() > SDP_LEN_MAX {
            return Err(SdpError::TooLong);
        }
        let text = String::from_utf8_lossy(bytes);
        let mut session = Session::default();
        let lines = text.split(['\r', '\n']).enumerate().filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in lines {
            let line = Line::parse(line).ok_or(SdpError::BadLine(number))?;
            if session.lines.is_empty() && (line.kind != 'v' || line.value.trim() != "0") {
                return Err(SdpError::NotSdp);
            }
            if line.kind == 'm' {
                if session.media.len() == MEDIA_MAX {
                    return Err(SdpError::TooManyMedia);
                }
                session.media.push(Media::parse(&line.value).ok_or(SdpError::BadMedia(number))?);
                continue;
            }
            match session.media.last_mut() {
                Some(media) => media.lines.push(line),
                None => session.lines.push(line),
            }
        }
        if session.lines.is_empty() { Err(SdpError::NotSdp) } else { Ok(session) }
    }

    /// The value of the first session-level line of a kind.
    pub fn line(&self, kind: char) -> Option<&str> {
        self.lines.iter().find(|line| line.kind == kind).map(|line| line.value.as_str())
    }

    /// Replaces the first session-level line of a kind, or adds it where RFC 8866 5 puts it.
    pub(crate) fn set_line(&mut self, kind: char, value: String) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.kind == kind) {
            line.value = value;
            return;
        }
        const ORDER: &str = "vosiuepcbtrzka";
        let rank = |kind: char| ORDER.find(kind).unwrap_or(ORDER.len());
        let at = self.lines.iter().position(|line| rank(line.kind) > rank(kind)).unwrap_or(self.lines.len());
        self.lines.insert(at, Line { kind, value });
    }
}

impl Media {
    fn parse(value: &str) -> Option<Media> {
        let mut words = value.split_ascii_whitespace();
        let kind = words.next()?.to_owned();
        let (port, port_count) = match words.next()?.split_once('/') {
            Some((port, count)) => (port, Some(count.parse().ok()?)),
            None => (value.split_ascii_whitespace().nth(1)?, None),
        };
        let port = port.parse().ok()?;
        let protocol = words.next()?.to_owned();
        Some(Media { kind, port, port_count, protocol, formats: words.map(str::to_owned).collect(), lines: Vec::new() })
    }

    /// The value of the first line of a kind in this section.
    pub fn line(&self, kind: char) -> Option<&str> {
        self.lines.iter().find(|line| line.kind == kind).map(|line| line.value.as_str())
    }

    /// Whether it is sound over unencrypted RTP that the sender wants.
    pub fn is_plain_audio(&self) -> bool {
        self.kind.eq_ignore_ascii_case("audio")
            && (self.protocol.eq_ignore_ascii_case("RTP/AVP") || self.protocol.eq_ignore_ascii_case("RTP/AVPF"))
    }
}

impl Line {
    pub(crate) fn attribute(text: impl Into<String>) -> Line {
        Line { kind: 'a', value: text.into() }
    }

    /// Name and value of an `a=` line; the value is empty for a property.
    pub fn as_attribute(&self) -> Option<(&str, &str)> {
        if self.kind != 'a' {
            return None;
        }
        let (name, value) = self.value.split_once(':').unwrap_or((&self.value, ""));
        Some((name.trim(), value.trim()))
    }

    fn parse(line: &str) -> Option<Line> {
        let (kind, value) = line.trim_start().split_once('=')?;
        let mut letters = kind.chars();
        match (letters.next(), letters.next()) {
            (Some(kind), None) if kind.is_ascii_alphabetic() => Some(Line { kind, value: value.to_owned() }),
            _ => None,
        }
    }
}

/// The value of the first attribute of that name, in a section's lines.
pub(crate) fn attribute<'a>(lines: &'a [Line], name: &str) -> Option<&'a str> {
    attributes(lines, name).next()
}

/// The values of all attributes of that name.
pub(crate) fn attributes<'a>(lines: &'a [Line], name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = lines.iter().filter_map(Line::as_attribute);
    pairs.filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Reads `IN IP4 host` or `IN IP6 host`; a host name gives `None`. A multicast suffix is ignored.
pub(crate) fn parse_connection(value: &str) -> Option<IpAddr> {
    let host = value.split_ascii_whitespace().nth(2)?;
    host.split('/').next()?.parse().ok()
}

/// Prints `IN IP4 host` or `IN IP6 host`.
pub(crate) fn print_connection(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("IN IP4 {ip}"),
        IpAddr::V6(ip) => format!("IN IP6 {ip}"),
    }
}

impl fmt::Display for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| line.fmt(out))?;
        self.media.iter().try_for_each(|media| media.fmt(out))
    }
}

impl fmt::Display for Media {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "m={} {}", self.kind, self.port)?;
        if let Some(count) = self.port_count {
            write!(out, "/{count}")?;
        }
        write!(out, " {}", self.protocol)?;
        self.formats.iter().try_for_each(|format| write!(out, " {format}"))?;
        out.write_str("\r\n")?;
        self.lines.iter().try_for_each(|line| line.fmt(out))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}\r\n", self.kind, self.value)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Reads a description written with bare line feeds.
    pub(crate) fn sdp(text: &str) -> Session {
        Session::parse(text.as_bytes()).unwrap()
    }

    const TWO_STREAMS: &str = "v=0\r\no=alice 2890844526 2890844526 IN IP4 host.anywhere.com\r\ns=\r\n\
        c=IN IP4 host.anywhere.com\r\nt=0 0\r\nz=odd line\r\nm=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n\
        x=unknown\r\nm=video 51372/2 RTP/AVP 31 32\r\na=rtpmap:31 H261/90000\r\n";

    #[test]
    fn prints_what_it_read() {
        assert_eq!(sdp(TWO_STREAMS).to_string(), TWO_STREAMS);
        assert_eq!(sdp(&TWO_STREAMS.replace('\r', "")).to_string(), TWO_STREAMS, "bare line feeds are read too");
    }

    #[test]
    fn reads_media_lines() {
        let session = sdp(TWO_STREAMS);
        assert_eq!(session.line('t'), Some("0 0"));
        assert_eq!(session.media.len(), 2);
        assert!(session.media[0].is_plain_audio());
        assert_eq!((session.media[1].port, session.media[1].port_count), (51_372, Some(2)));
        assert_eq!(session.media[1].formats, ["31", "32"]);
        assert_eq!(attribute(&session.media[0].lines, "RTPMAP"), Some("0 PCMU/8000"));
    }

    #[test]
    fn refuses_what_is_no_description() {
        let refused = |text: &str| Session::parse(text.as_bytes()).unwrap_err();
        assert_eq!(refused(""), SdpError::NotSdp);
        assert_eq!(refused("o=- 1 1 IN IP4 1.2.3.4"), SdpError::NotSdp);
        assert_eq!(refused("v=1"), SdpError::NotSdp);
        assert_eq!(refused("v=0\nrubbish"), SdpError::BadLine(1));
        assert_eq!(refused("v=0\nm=audio"), SdpError::BadMedia(1));
        assert_eq!(refused("v=0\nm=audio 70000 RTP/AVP 0"), SdpError::BadMedia(1));
        assert_eq!(refused(&format!("v=0\n{}", "m=audio 1 RTP/AVP 0\n".repeat(33))), SdpError::TooManyMedia);
        assert_eq!(refused(&"v=0\n".repeat(20_000)), SdpError::TooLong);
    }

    #[test]
    fn foreign_octets_do_not_lose_the_rest() {
        let session = Session::parse(b"v=0\r\ns=Fr\xfchst\xfcck\r\nm=audio 4000 RTP/AVP 8\r\n").unwrap();
        assert_eq!(session.media[0].port, 4_000);
    }

    #[test]
    fn a_missing_line_is_added_in_its_place() {
        let mut session = sdp("v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\nt=0 0\na=x");
        session.set_line('c', "IN IP6 ::1".into());
        let kinds: String = session.lines.iter().map(|line| line.kind).collect();
        assert_eq!(kinds, "vosc".to_owned() + "ta");
    }

    #[test]
    fn connection_lines_of_both_families() {
        assert_eq!(parse_connection("IN IP4 224.2.1.1/127"), "224.2.1.1".parse().ok());
        assert_eq!(parse_connection("IN IP6 2001:db8::1"), "2001:db8::1".parse().ok());
        assert_eq!(parse_connection("IN IP4 phone.example.com"), None);
        assert_eq!(print_connection("2001:db8::1".parse().unwrap()), "IN IP6 2001:db8::1");
    }
}
