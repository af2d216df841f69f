//! Puts the relay between two peers: the description of one becomes ours for the other.
//!
//! Codecs, packet times, bandwidths and unknown lines pass, so that the peers agree with each other; addresses, ports and
//! the origin become ours, and everything that only works between direct peers is dropped.

use super::audio::direction_of;
use super::offer_answer::{OurOrigin, refused};
use super::{Audio, Direction, Line, Media, Session, print_connection};
use std::net::SocketAddr;

/// Attributes of ICE, multiplexing and keying, which a plain relay would falsify (RFC 8839, 5761, 4568, 8842, 9143).
const DROPPED_ATTRIBUTES: [&str; 17] = [
    "candidate",
    "remote-candidates",
    "end-of-candidates",
    "ice-ufrag",
    "ice-pwd",
    "ice-options",
    "ice-lite",
    "ice-mismatch",
    "ice-pacing",
    "rtcp",
    "rtcp-mux",
    "rtcp-mux-only",
    "crypto",
    "fingerprint",
    "setup",
    "tls-id",
    "group",
];

/// The peer's description with our address and port. The first unencrypted audio stream is kept, every other stream is
/// refused with port 0, so that offer and answer have the same number of streams.
pub fn rewrite_for_relay(peer: &Session, local: SocketAddr, origin: &mut OurOrigin) -> Session {
    let kept = Audio::index_in(peer);
    let streams = peer.media.iter().enumerate();
    let media = streams.map(|(index, media)| {
        if Some(index) == kept { relayed(media, local.port(), direction_of(peer, media)) } else { refused(media) }
    });
    let mut session = Session { lines: passed(&peer.lines).collect(), media: media.collect() };
    session.set_line('c', print_connection(local.ip()));
    for (kind, value) in [('s', "-"), ('t', "0 0")] {
        if session.line(kind).is_none() {
            session.set_line(kind, value.to_owned());
        }
    }
    origin.stamp(&mut session, local.ip());
    session
}

/// The stream from our port. Its direction is always written, because 0.0.0.0 as a hold is lost with the address.
fn relayed(media: &Media, port: u16, direction: Direction) -> Media {
    let mut lines: Vec<Line> = passed(&media.lines).filter(|line| line.kind != 'c').collect();
    lines.push(Line::attribute(direction.as_str()));
    Media { port, port_count: None, lines, ..media.clone() }
}

fn passed(lines: &[Line]) -> impl Iterator<Item = Line> {
    let dropped = |line: &&Line| match line.as_attribute() {
        Some((name, _)) => {
            Direction::named(name).is_some()
                || DROPPED_ATTRIBUTES.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
        }
        None => line.kind == 'k',
    };
    lines.iter().filter(move |line| !dropped(line)).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::sdp;
    use super::*;

    fn rewrite(text: &str) -> String {
        rewrite_for_relay(&sdp(text), "192.0.2.1:10000".parse().unwrap(), &mut OurOrigin::new(5)).to_string()
    }

    #[test]
    fn addresses_become_ours_and_the_rest_passes() {
        let phone = "v=0\no=bob 9 9 IN IP4 10.0.0.1\ns=call\ni=info\nc=IN IP4 10.0.0.1\nb=AS:80\nt=0 0\na=ice-lite\n\
            a=tool:x\nm=audio 4000/2 RTP/AVP 8 101\nc=IN IP4 10.0.0.2\na=rtpmap:101 telephone-event/8000\na=ptime:20\n\
            a=candidate:1 1 UDP 1 10.0.0.1 4000 typ host\na=rtcp:4001\na=rtcp-mux\na=crypto:1 AES x\na=x-vendor:1\n\
            m=video 4002 RTP/AVP 31\na=rtpmap:31 H261/90000\n";
        let ours = "v=0\no=- 5 5 IN IP4 192.0.2.1\ns=call\ni=info\nc=IN IP4 192.0.2.1\nb=AS:80\nt=0 0\na=tool:x\n\
            m=audio 10000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\na=ptime:20\na=x-vendor:1\na=sendrecv\n\
            m=video 0 RTP/AVP 31\n";
        assert_eq!(rewrite(phone), ours.replace('\n', "\r\n"));
    }

    #[test]
    fn an_old_hold_becomes_a_direction() {
        let held = rewrite("v=0\no=- 1 1 IN IP4 10.0.0.1\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 4000 RTP/AVP 0");
        assert!(held.contains("c=IN IP4 192.0.2.1\r\n") && held.ends_with("a=sendonly\r\n"), "{held}");
        let inactive =
            rewrite("v=0\no=- 1 1 IN IP4 10.0.0.1\ns=-\nc=IN IP4 1.1.1.1\nt=0 0\na=inactive\nm=audio 4000 RTP/AVP 0");
        assert_eq!(inactive.matches("a=inactive").count(), 1);
    }

    #[test]
    fn a_refused_stream_stays_refused_and_missing_lines_are_made() {
        let refusal = rewrite("v=0\nm=audio 0 RTP/AVP 8");
        let ours = "v=0\no=- 5 5 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 0 RTP/AVP 8\n";
        assert_eq!(refusal, ours.replace('\n', "\r\n"));
    }

    #[test]
    fn an_ipv4_peer_is_described_over_ipv6() {
        let peer = sdp("v=0\no=- 1 1 IN IP4 10.0.0.1\ns=-\nc=IN IP4 10.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0");
        let ours = rewrite_for_relay(&peer, "[2001:db8::1]:10000".parse().unwrap(), &mut OurOrigin::new(5));
        assert_eq!((ours.line('o'), ours.line('c')), (Some("- 5 5 IN IP6 2001:db8::1"), Some("IN IP6 2001:db8::1")));
    }
}
