//! Which source address a relay port believes, and where its partner's packets are sent (symmetric RTP).
//!
//! The address from the peer's SDP is believed at once. Another source is believed only when the SDP's own address has
//! not been heard and the other source kept sending for the learning window, and that happens once per
//! [`Latch::set_remote`]. The IP address from which the peer's signalling came may be named as expected: a phone behind
//! NAT then loses no sound to the window. Nothing here authenticates a packet: that is SRTP's work.

use std::net::{IpAddr, SocketAddr};

/// The believed address of one flow (RTP or RTCP) of one port.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    in_use: Option<SocketAddr>,
    locked: bool,
    expected: Option<IpAddr>,
    candidate: Option<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    source: SocketAddr,
    first_at_ms: u64,
    last_at_ms: u64,
}

impl Latch {
    /// Takes the address of a new or repeated SDP. A repeated one keeps a learned source in use, but may be relearned.
    pub(crate) fn set_remote(&mut self, signalled: SocketAddr, repeated: bool) {
        if !repeated || self.in_use.is_none() {
            self.in_use = Some(signalled);
        }
        self.locked = false;
        self.candidate = None;
    }

    /// Names the address from which a foreign source is believed without waiting for the learning window.
    pub(crate) fn expect_ip(&mut self, ip: Option<IpAddr>) {
        self.expected = ip;
    }

    /// Where packets for this peer go.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.in_use
    }

    /// Whether a packet from `source` belongs to the peer. Learns on the way.
    pub(crate) fn accepts(&mut self, source: SocketAddr, now_ms: u64, window_ms: u64) -> bool {
        let Some(in_use) = self.in_use else { return false };
        if in_use == source {
            self.locked = true;
            self.candidate = None;
            return true;
        }
        if self.locked {
            return false;
        }
        let believed = self.expected == Some(source.ip()) || self.candidate_has_waited(source, now_ms, window_ms);
        if believed {
            self.in_use = Some(source);
            self.locked = true;
            self.candidate = None;
        }
        believed
    }

    /// The first foreign source holds the place until it is believed or pauses for a whole window.
    fn candidate_has_waited(&mut self, source: SocketAddr, now_ms: u64, window_ms: u64) -> bool {
        match &mut self.candidate {
            Some(held) if held.source == source && now_ms.saturating_sub(held.last_at_ms) <= window_ms => {
                held.last_at_ms = now_ms;
                now_ms.saturating_sub(held.first_at_ms) >= window_ms
            }
            Some(held) if held.source != source && now_ms.saturating_sub(held.last_at_ms) <= window_ms => false,
            Some(_) | None => {
                self.candidate = Some(Candidate { source, first_at_ms: now_ms, last_at_ms: now_ms });
                window_ms == 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_MS: u64 = 200;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn latch() -> Latch {
        let mut latch = Latch::default();
        latch.set_remote(at("10.0.0.1:4000"), false);
        latch
    }

    #[test]
    fn nothing_is_believed_before_an_sdp() {
        assert!(!Latch::default().accepts(at("10.0.0.1:4000"), 0, WINDOW_MS));
    }

    #[test]
    fn the_sdp_address_shuts_out_every_other_source() {
        let mut latch = latch();
        assert!(latch.accepts(at("10.0.0.1:4000"), 0, WINDOW_MS));
        for now_ms in (0..60_000).step_by(20) {
            assert!(!latch.accepts(at("192.0.2.9:5000"), now_ms, WINDOW_MS));
        }
        assert_eq!(latch.remote(), Some(at("10.0.0.1:4000")));
    }

    #[test]
    fn a_foreign_source_is_learned_once_after_the_window() {
        let mut latch = latch();
        let learned_at = (0..2_000).step_by(20).find(|&now_ms| latch.accepts(at("192.0.2.9:5000"), now_ms, WINDOW_MS));
        assert_eq!(learned_at, Some(200));
        assert_eq!(latch.remote(), Some(at("192.0.2.9:5000")));
        for now_ms in (220..5_000).step_by(20) {
            assert!(!latch.accepts(at("198.51.100.1:7"), now_ms, WINDOW_MS), "a third source");
            assert!(!latch.accepts(at("10.0.0.1:4000"), now_ms, WINDOW_MS), "only once until the next SDP");
        }
    }

    #[test]
    fn a_rival_cannot_take_the_place_of_a_source_that_keeps_sending() {
        let mut latch = latch();
        assert!(!latch.accepts(at("192.0.2.9:5000"), 0, WINDOW_MS));
        assert!(!latch.accepts(at("198.51.100.1:7"), 10, WINDOW_MS));
        assert!(!latch.accepts(at("192.0.2.9:5000"), 190, WINDOW_MS));
        assert!(!latch.accepts(at("198.51.100.1:7"), 230, WINDOW_MS));
        assert!(latch.accepts(at("192.0.2.9:5000"), 240, WINDOW_MS));
    }

    #[test]
    fn a_source_that_pauses_begins_its_window_again() {
        let mut latch = latch();
        assert!(!latch.accepts(at("192.0.2.9:5000"), 0, WINDOW_MS));
        assert!(!latch.accepts(at("192.0.2.9:5000"), 1_000, WINDOW_MS));
        assert!(latch.accepts(at("192.0.2.9:5000"), 1_200, WINDOW_MS));
    }

    #[test]
    fn the_address_of_the_signalling_is_believed_at_once() {
        let mut latch = latch();
        latch.expect_ip(Some("192.0.2.9".parse().unwrap()));
        assert!(latch.accepts(at("192.0.2.9:5000"), 0, WINDOW_MS));
        assert!(!latch.accepts(at("192.0.2.9:5002"), 1, WINDOW_MS));
    }

    #[test]
    fn a_repeated_sdp_keeps_the_learned_source_and_allows_another() {
        let mut latch = latch();
        latch.expect_ip(Some("192.0.2.9".parse().unwrap()));
        assert!(latch.accepts(at("192.0.2.9:5000"), 0, WINDOW_MS));
        latch.set_remote(at("10.0.0.1:4000"), true);
        assert_eq!(latch.remote(), Some(at("192.0.2.9:5000")));
        assert!(latch.accepts(at("192.0.2.9:6000"), 50, WINDOW_MS), "the NAT binding moved");
        latch.set_remote(at("10.0.0.2:4000"), false);
        assert_eq!(latch.remote(), Some(at("10.0.0.2:4000")), "a new SDP address is used from now on");
    }
}
