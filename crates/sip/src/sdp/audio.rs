//! What a description says of its sound: where to send it, in which codecs, in which direction.

use super::{Codec, Line, Media, Session, attribute, parse_connection};
use std::net::{IpAddr, SocketAddr};

/// Who sends (RFC 8866 6.7), seen from the one who wrote the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    SendRecv,
    /// The writer only: the peer is on hold.
    SendOnly,
    /// The peer only.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// The same seen from the peer.
    pub fn reversed(self) -> Direction {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            Direction::SendRecv | Direction::Inactive => self,
        }
    }

    /// Whether the writer sends.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether the writer wants to hear.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The direction with these two properties.
    pub fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    fn find(lines: &[Line]) -> Option<Direction> {
        lines.iter().filter_map(Line::as_attribute).find_map(|(name, _)| Direction::named(name))
    }

    pub(crate) fn named(name: &str) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| name.eq_ignore_ascii_case(direction.as_str()))
    }
}

/// The audio stream of a description that we relay: the first over unencrypted RTP that is not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Which `m=` section it is, from 0.
    pub index: usize,
    /// Where the peer wants RTP; `None` when the description has a host name or no address.
    pub rtp: Option<SocketAddr>,
    /// Where it wants RTCP, if it said so (RFC 3605); otherwise the next port.
    pub rtcp: Option<SocketAddr>,
    /// Who sends. An address of 0.0.0.0, the hold of RFC 2543, is shown as a stream that does not receive.
    pub direction: Direction,
    /// The codecs in order of preference.
    pub codecs: Vec<Codec>,
    /// Milliseconds of sound per packet that the peer wants.
    pub ptime_ms: Option<u32>,
}

impl Audio {
    /// Which `m=` section it is, without reading it; `None` when there is nothing we relay.
    pub fn index_in(session: &Session) -> Option<usize> {
        session.media.iter().position(|media| media.is_plain_audio() && media.port != 0)
    }

    /// Finds the stream; `None` when there is nothing we relay.
    pub fn of(session: &Session) -> Option<Audio> {
        let index = Audio::index_in(session)?;
        let media = session.media.get(index)?;
        let ip = address_of(session, media);
        Some(Audio {
            index,
            rtp: ip.map(|ip| SocketAddr::new(ip, media.port)),
            rtcp: attribute(&media.lines, "rtcp").and_then(|value| parse_rtcp(value, ip)),
            direction: direction_of(session, media),
            codecs: Codec::list(media),
            ptime_ms: attribute(&media.lines, "ptime").and_then(|value| value.parse().ok()),
        })
    }

    /// Whether the writer puts its peer on hold (RFC 3264 8.4): it does not want to hear.
    pub fn is_hold(&self) -> bool {
        !self.direction.receives()
    }

    /// The payload type of telephone events that go with the preferred codec.
    pub fn telephone_event(&self) -> Option<u8> {
        let clock_hz = self.codecs.iter().find(|codec| codec.is_sound()).map_or(8_000, |codec| codec.clock_hz);
        super::telephone_event(&self.codecs, clock_hz)
    }
}

fn address_of(session: &Session, media: &Media) -> Option<IpAddr> {
    media.line('c').or_else(|| session.line('c')).and_then(parse_connection)
}

/// The direction with 0.0.0.0 read as *does not receive* (RFC 3264 8.4, RFC 2543 B.5).
pub(super) fn direction_of(session: &Session, media: &Media) -> Direction {
    let written = Direction::find(&media.lines).or_else(|| Direction::find(&session.lines));
    let written = written.unwrap_or(Direction::SendRecv);
    let old_hold = address_of(session, media).is_some_and(|ip| ip.is_unspecified());
    if old_hold { Direction::of(written.sends(), false) } else { written }
}

/// `a=rtcp:port` or `a=rtcp:port IN IP4 address` (RFC 3605 2.1).
fn parse_rtcp(value: &str, rtp_ip: Option<IpAddr>) -> Option<SocketAddr> {
    let (port, connection) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let ip = if connection.trim().is_empty() { rtp_ip } else { parse_connection(connection) };
    Some(SocketAddr::new(ip?, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::tests::sdp;
    use super::*;

    fn audio(text: &str) -> Option<Audio> {
        Audio::of(&sdp(text))
    }

    #[test]
    fn the_streams_own_address_wins() {
        let found = audio("v=0\nc=IN IP4 10.0.0.1\nm=video 9 RTP/AVP 31\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::7")
            .unwrap();
        assert_eq!((found.index, found.rtp), (1, "[2001:db8::7]:4000".parse().ok()));
    }

    #[test]
    fn rtcp_with_and_without_an_address() {
        let with = |line: &str| audio(&format!("v=0\nc=IN IP4 10.0.0.1\nm=audio 4000 RTP/AVP 0\n{line}")).unwrap().rtcp;
        assert_eq!(with("a=rtcp:5555"), "10.0.0.1:5555".parse().ok());
        assert_eq!(with("a=rtcp:5555 IN IP4 10.0.0.9"), "10.0.0.9:5555".parse().ok());
        assert_eq!(with("a=rtcp:5555 IN IP6 ::1"), "[::1]:5555".parse().ok());
        assert_eq!(with("a=ptime:20"), None);
        assert_eq!(with("a=rtcp:none"), None);
    }

    #[test]
    fn hold_in_all_its_forms() {
        let direction = |session: &str, media: &str| {
            let text = format!("v=0\nc=IN IP4 10.0.0.1\n{session}\nm=audio 4000 RTP/AVP 0\n{media}");
            let found = audio(&text).unwrap();
            (found.direction, found.is_hold())
        };
        assert_eq!(direction("", ""), (Direction::SendRecv, false));
        assert_eq!(direction("", "a=sendonly"), (Direction::SendOnly, true));
        assert_eq!(direction("a=inactive", ""), (Direction::Inactive, true));
        assert_eq!(direction("a=inactive", "a=sendrecv"), (Direction::SendRecv, false));
        assert_eq!(direction("", "a=recvonly"), (Direction::RecvOnly, false));
        assert_eq!(direction("", "c=IN IP4 0.0.0.0"), (Direction::SendOnly, true));
        assert_eq!(direction("", "c=IN IP4 0.0.0.0\na=recvonly"), (Direction::Inactive, true));
        assert_eq!(direction("", "c=IN IP6 ::"), (Direction::SendOnly, true));
    }

    #[test]
    fn refused_and_encrypted_streams_are_not_ours() {
        assert_eq!(audio("v=0\nc=IN IP4 10.0.0.1\nm=audio 0 RTP/AVP 0"), None);
        assert_eq!(audio("v=0\nc=IN IP4 10.0.0.1\nm=audio 4000 RTP/SAVP 0\na=crypto:1 x"), None);
        let second = audio("v=0\nc=IN IP4 10.0.0.1\nm=audio 4000 RTP/SAVP 0\nm=audio 4002 RTP/AVP 0").unwrap();
        assert_eq!(second.index, 1);
        assert_eq!(audio("v=0\nc=IN IP4 pc.example.com\nm=audio 4000 RTP/AVP 0").unwrap().rtp, None);
    }

    #[test]
    fn directions_seen_from_the_peer() {
        for direction in [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive] {
            let peer = direction.reversed();
            assert_eq!((peer.sends(), peer.receives()), (direction.receives(), direction.sends()));
            assert_eq!(Direction::of(direction.sends(), direction.receives()), direction);
        }
    }
}
