//! One port: which packets it believes, what they tell, and what it counts. It knows no other port.

use super::PAYLOAD_TYPES;
use crate::digits::{DigitDecoder, Press};
use crate::event::{Component, Event, PortId, Stats};
use crate::latch::Latch;
use crate::reception::Reception;
use crate::rtp::{self, RtpHeader};
use std::net::SocketAddr;

const DEFAULT_CLOCK_HZ: u32 = 8_000;

#[derive(Debug)]
pub(super) struct Port {
    pub(super) rtp: Latch,
    pub(super) rtcp: Latch,
    /// The addresses of the SDP last set, to tell a repeated one.
    pub(super) signalled: Option<(SocketAddr, SocketAddr)>,
    pub(super) partner: Option<PortId>,
    pub(super) payload_map: Option<Box<[u8; PAYLOAD_TYPES]>>,
    pub(super) telephone_event: Option<u8>,
    pub(super) clock_hz: u32,
    pub(super) digits: DigitDecoder,
    pub(super) muted: bool,
    pub(super) reception: Reception,
    pub(super) stats: Stats,
    /// When the silence began that is being watched; `None` while there is no peer or it was reported.
    pub(super) silent_from_ms: Option<u64>,
    pub(super) last_rtp_at_ms: Option<u64>,
    pub(super) last_rtcp_at_ms: Option<u64>,
}

/// What a port decided about a datagram.
pub(super) struct Admission {
    pub(super) accepted: bool,
    pub(super) forward: bool,
    pub(super) events: [Option<Event>; 3],
}

impl Admission {
    const REFUSED: Admission = Admission { accepted: false, forward: false, events: [const { None }; 3] };
}

impl Port {
    pub(super) fn new() -> Port {
        Port {
            rtp: Latch::default(),
            rtcp: Latch::default(),
            signalled: None,
            partner: None,
            payload_map: None,
            telephone_event: None,
            clock_hz: DEFAULT_CLOCK_HZ,
            digits: DigitDecoder::default(),
            muted: false,
            reception: Reception::default(),
            stats: Stats::default(),
            silent_from_ms: None,
            last_rtp_at_ms: None,
            last_rtcp_at_ms: None,
        }
    }

    pub(super) fn admit_rtp(
        &mut self,
        id: PortId,
        source: SocketAddr,
        packet: &mut [u8],
        now_ms: u64,
        window_ms: u64,
    ) -> Admission {
        let Some(header) = RtpHeader::read(packet) else {
            self.stats.dropped_malformed += 1;
            return Admission::REFUSED;
        };
        if !self.rtp.accepts(source, now_ms, window_ms) {
            self.stats.dropped_foreign += 1;
            return Admission::REFUSED;
        }
        let is_event = self.telephone_event == Some(header.payload_type);
        self.stats.rtp_packets_in += 1;
        self.stats.rtp_bytes_in += packet.len() as u64;
        self.reception.count(&header, now_ms, if is_event { None } else { Some(self.clock_hz) });
        let first = self.last_rtp_at_ms.replace(now_ms).is_none();
        self.silent_from_ms = Some(now_ms);
        let mut events = [const { None }; 3];
        if first {
            events[0] = Some(Event::FirstPacket { port: id });
        }
        if is_event {
            let presses = self.digits.handle(header.payload(packet), header.timestamp, now_ms);
            for (event, press) in events[1..].iter_mut().zip(presses) {
                *event = press.map(|press| self.digit_event(id, press));
            }
        }
        if let Some(map) = &self.payload_map {
            rtp::set_payload_type(packet, map[usize::from(header.payload_type) % PAYLOAD_TYPES]);
        }
        Admission { accepted: true, forward: !self.muted, events }
    }

    pub(super) fn admit_rtcp(
        &mut self,
        arrived_on: Component,
        source: SocketAddr,
        packet: &[u8],
        now_ms: u64,
        window_ms: u64,
    ) -> Admission {
        if !rtp::is_rtcp(packet) {
            self.stats.dropped_malformed += 1;
            return Admission::REFUSED;
        }
        let accepted = match arrived_on {
            // Multiplexed: only the believed RTP source may do so, and it teaches nothing.
            Component::Rtp => self.rtp.remote() == Some(source),
            Component::Rtcp => self.rtcp.accepts(source, now_ms, window_ms),
        };
        if !accepted {
            self.stats.dropped_foreign += 1;
            return Admission::REFUSED;
        }
        self.stats.rtcp_packets_in += 1;
        self.last_rtcp_at_ms = Some(now_ms);
        self.silent_from_ms = Some(now_ms);
        Admission { accepted: true, forward: true, events: [const { None }; 3] }
    }

    pub(super) fn digit_event(&self, id: PortId, press: Press) -> Event {
        let duration_ms = u64::from(press.duration) * 1000 / u64::from(self.clock_hz);
        Event::Digit { port: id, digit: press.digit, duration_ms }
    }
}
