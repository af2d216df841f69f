//! Offers and answers of our own (RFC 3264), with our own origin line.

use super::audio::direction_of;
use super::{Audio, Codec, Direction, Line, Media, Session, common_codecs, print_connection};
use std::net::{IpAddr, SocketAddr};

/// Our origin in one dialog: the session id stays, the version rises by one when the description changed (RFC 3264 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurOrigin {
    session_id: u64,
    version: u64,
    /// The last description without its `o=` line.
    last: Option<String>,
}

/// None of the offered codecs carries sound that we support: 488 (RFC 3261 21.4.26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no common codec")]
pub struct NoCommonCodec;

impl OurOrigin {
    /// The session id must be unique per dialog (RFC 8866 5.2); it also gives the first version.
    pub fn new(session_id: u64) -> OurOrigin {
        // Some peers read both as signed 64-bit numbers.
        let session_id = session_id & (u64::MAX >> 2);
        OurOrigin { session_id, version: session_id, last: None }
    }

    /// Writes `o=` and decides on its version.
    pub(super) fn stamp(&mut self, session: &mut Session, ip: IpAddr) {
        session.set_line('o', String::new());
        let body = session.to_string();
        if self.last.as_ref().is_some_and(|last| *last != body) {
            self.version += 1;
        }
        self.last = Some(body);
        session.set_line('o', format!("- {} {} {}", self.session_id, self.version, print_connection(ip)));
    }
}

/// An offer of these codecs from our port.
pub fn offer(codecs: &[Codec], local: SocketAddr, direction: Direction, origin: &mut OurOrigin) -> Session {
    let mut session = skeleton(local.ip());
    session.media.push(audio_media(codecs, local.port(), "RTP/AVP", direction, None));
    origin.stamp(&mut session, local.ip());
    session
}

/// Our answer to an offer: its audio with the common codecs, every other stream refused, in the offer's order. `wanted`
/// is what we would do if the offer allowed all.
pub fn answer(
    offer: &Session,
    supported: &[Codec],
    local: SocketAddr,
    wanted: Direction,
    origin: &mut OurOrigin,
) -> Result<Session, NoCommonCodec> {
    let audio = Audio::of(offer).ok_or(NoCommonCodec)?;
    let codecs = common_codecs(&audio.codecs, supported);
    if codecs.is_empty() {
        return Err(NoCommonCodec);
    }
    let mut session = skeleton(local.ip());
    for (index, media) in offer.media.iter().enumerate() {
        session.media.push(if index == audio.index {
            let direction = answer_direction(direction_of(offer, media), wanted);
            audio_media(&codecs, local.port(), &media.protocol, direction, audio.ptime_ms)
        } else {
            refused(media)
        });
    }
    origin.stamp(&mut session, local.ip());
    Ok(session)
}

/// What we may do when the peer offers `offered` and we want `wanted` (RFC 3264 6.1).
pub fn answer_direction(offered: Direction, wanted: Direction) -> Direction {
    Direction::of(wanted.sends() && offered.receives(), wanted.receives() && offered.sends())
}

/// Gives an answer as many streams as the offer had, in its order, as RFC 3264 6 wants: what is missing is refused, what
/// is too much is cut off. Some peers answer only the streams they like.
pub fn align_answer(offer: &Session, answer: &mut Session) {
    for (index, offered) in offer.media.iter().enumerate() {
        let fits = answer.media.get(index).is_some_and(|media| media.kind.eq_ignore_ascii_case(&offered.kind));
        if !fits {
            answer.media.insert(index.min(answer.media.len()), refused(offered));
        }
    }
    answer.media.truncate(offer.media.len());
}

/// The same stream with port 0.
pub(super) fn refused(media: &Media) -> Media {
    Media { port: 0, port_count: None, lines: Vec::new(), ..media.clone() }
}

fn skeleton(ip: IpAddr) -> Session {
    let line = |kind, value: &str| Line { kind, value: value.to_owned() };
    let connection = Line { kind: 'c', value: print_connection(ip) };
    Session { lines: vec![line('v', "0"), line('o', ""), line('s', "-"), connection, line('t', "0 0")], media: vec![] }
}

fn audio_media(codecs: &[Codec], port: u16, protocol: &str, direction: Direction, ptime_ms: Option<u32>) -> Media {
    let mut lines = Vec::new();
    for codec in codecs {
        lines.push(Line::attribute(codec.rtpmap()));
        lines.extend(codec.fmtp().map(Line::attribute));
    }
    lines.extend(ptime_ms.map(|ptime_ms| Line::attribute(format!("ptime:{ptime_ms}"))));
    lines.push(Line::attribute(direction.as_str()));
    Media {
        kind: "audio".into(),
        port,
        port_count: None,
        protocol: protocol.into(),
        formats: codecs.iter().map(|codec| codec.payload_type.to_string()).collect(),
        lines,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sdp;
    use super::super::{relay_codecs, telephone_event};
    use super::*;

    fn local() -> SocketAddr {
        "192.0.2.1:10000".parse().unwrap()
    }

    #[test]
    fn an_offer_of_ours_can_be_read_back() {
        let offer = offer(&relay_codecs(), local(), Direction::SendRecv, &mut OurOrigin::new(7));
        let text = offer.to_string();
        assert!(text.starts_with("v=0\r\no=- 7 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 10000 RTP/AVP 8 0 9 18 96 101\r\n"));
        let audio = Audio::of(&sdp(&text)).unwrap();
        assert_eq!((audio.rtp, audio.codecs), (Some(local()), relay_codecs()));
    }

    #[test]
    fn the_version_rises_only_with_a_change() {
        let mut origin = OurOrigin::new(40);
        let mut version = |direction| {
            let offer = offer(&relay_codecs(), local(), direction, &mut origin);
            offer.line('o').unwrap().to_owned()
        };
        assert_eq!(version(Direction::SendRecv), "- 40 40 IN IP4 192.0.2.1");
        assert_eq!(version(Direction::SendRecv), "- 40 40 IN IP4 192.0.2.1");
        assert_eq!(version(Direction::SendOnly), "- 40 41 IN IP4 192.0.2.1");
        assert_eq!(version(Direction::SendRecv), "- 40 42 IN IP4 192.0.2.1");
    }

    const OFFER: &str = "v=0\no=a 1 1 IN IP4 10.0.0.1\ns=-\nc=IN IP4 10.0.0.1\nt=0 0\nm=video 5000 RTP/AVP 31\n\
        m=audio 4000 RTP/AVP 8 0 97\na=rtpmap:97 telephone-event/8000\na=ptime:30\na=sendonly";

    #[test]
    fn an_answer_keeps_order_numbers_and_reverses_the_direction() {
        let answer =
            answer(&sdp(OFFER), &relay_codecs(), local(), Direction::SendRecv, &mut OurOrigin::new(1)).unwrap();
        assert_eq!((answer.media[0].port, answer.media[0].kind.as_str()), (0, "video"));
        let audio = Audio::of(&answer).unwrap();
        assert_eq!((audio.index, audio.direction, audio.ptime_ms), (1, Direction::RecvOnly, Some(30)));
        assert_eq!(answer.media[1].formats, ["8", "0", "97"]);
        assert_eq!(telephone_event(&audio.codecs, 8_000), Some(97));
    }

    #[test]
    fn no_common_codec_is_said() {
        let gsm = sdp("v=0\nc=IN IP4 10.0.0.1\nm=audio 4000 RTP/AVP 3");
        let answered = answer(&gsm, &relay_codecs(), local(), Direction::SendRecv, &mut OurOrigin::new(1));
        assert_eq!(answered, Err(NoCommonCodec));
    }

    #[test]
    fn answer_directions_follow_rfc_3264_6_1() {
        use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
        assert_eq!(answer_direction(SendOnly, SendRecv), RecvOnly);
        assert_eq!(answer_direction(RecvOnly, SendRecv), SendOnly);
        assert_eq!(answer_direction(Inactive, SendRecv), Inactive);
        assert_eq!(answer_direction(SendRecv, SendOnly), SendOnly);
        assert_eq!(answer_direction(SendOnly, SendOnly), Inactive);
    }

    #[test]
    fn a_short_answer_is_filled_with_refusals() {
        let mut answer = sdp("v=0\nc=IN IP4 10.0.0.2\nm=audio 7000 RTP/AVP 8\nm=image 9 udptl t38");
        align_answer(&sdp(OFFER), &mut answer);
        let streams: Vec<(&str, u16)> = answer.media.iter().map(|media| (media.kind.as_str(), media.port)).collect();
        assert_eq!(streams, [("video", 0), ("audio", 7_000)]);
    }
}
