//! Loss and jitter of one received RTP stream, estimated as in RFC 3550 A.1, A.3 and A.8.
//!
//! Arrival times have the resolution of the relay's tick, so a jitter below a few milliseconds says little.

use crate::rtp::RtpHeader;

/// A jump ahead of more than this, or back by more than [`MISORDER_MAX`], is a restarted stream (RFC 3550 A.1).
const DROPOUT_MAX: u16 = 3_000;
const MISORDER_MAX: u16 = 100;
/// The jitter estimate moves by a sixteenth per packet (RFC 3550 6.4.1).
const JITTER_GAIN: f64 = 16.0;

/// What was received of the current synchronisation source, and the loss of those before it.
#[derive(Debug, Default)]
pub(crate) struct Reception {
    source: Option<Source>,
    lost_before: u64,
    jitter_ticks: f64,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    base: u64,
    highest: u64,
    received: u64,
    transit: Option<f64>,
}

impl Reception {
    /// Counts one packet. `clock_hz` is `None` for packets whose timestamps do not run on (telephone events).
    pub(crate) fn count(&mut self, header: &RtpHeader, now_ms: u64, clock_hz: Option<u32>) {
        let sequence = header.sequence;
        let goes_on = self.source.as_mut().is_some_and(|known| known.ssrc == header.ssrc && known.advance(sequence));
        if !goes_on {
            self.lost_before = self.lost();
            self.source = None;
        }
        let source = self.source.get_or_insert_with(|| Source::starting(header));
        source.received += 1;
        let Some(clock_hz) = clock_hz else { return };
        let transit = now_ms as f64 * f64::from(clock_hz) / 1000.0 - f64::from(header.timestamp);
        if let Some(before) = source.transit.replace(transit) {
            let step = (transit - before).abs();
            // A timestamp that wrapped or jumped says nothing of the network.
            if step < f64::from(clock_hz) {
                self.jitter_ticks += (step - self.jitter_ticks) / JITTER_GAIN;
            }
        }
    }

    /// Packets that never came, over all sources of the port.
    pub(crate) fn lost(&self) -> u64 {
        self.lost_before + self.source.as_ref().map_or(0, Source::lost)
    }

    /// Interarrival jitter in milliseconds.
    pub(crate) fn jitter_ms(&self, clock_hz: u32) -> f64 {
        self.jitter_ticks * 1000.0 / f64::from(clock_hz.max(1))
    }

    /// The synchronisation source heard last.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.source.as_ref().map(|source| source.ssrc)
    }
}

impl Source {
    fn starting(header: &RtpHeader) -> Source {
        let first = u64::from(header.sequence);
        Source { ssrc: header.ssrc, base: first, highest: first, received: 0, transit: None }
    }

    /// Moves the extended sequence number; false when the stream started anew.
    fn advance(&mut self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead < DROPOUT_MAX {
            self.highest += u64::from(ahead);
            return true;
        }
        ahead > u16::MAX - MISORDER_MAX
    }

    fn lost(&self) -> u64 {
        (self.highest - self.base + 1).saturating_sub(self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::tests::packet;

    fn feed(reception: &mut Reception, sequence: u16, timestamp: u32, now_ms: u64) {
        let header = RtpHeader::read(&packet(0, sequence, timestamp, 7, &[])).unwrap();
        reception.count(&header, now_ms, Some(8_000));
    }

    #[test]
    fn counts_gaps_over_the_wrap_and_forgives_misorder() {
        let mut reception = Reception::default();
        for sequence in [65_533, 65_534, 0, 65_535, 1, 4, 3] {
            feed(&mut reception, sequence, 0, 0);
        }
        assert_eq!(reception.lost(), 1, "only number 2 is missing");
    }

    #[test]
    fn a_steady_stream_has_no_jitter_and_an_unsteady_one_has_some() {
        let mut reception = Reception::default();
        for n in 0..100_u16 {
            feed(&mut reception, n, u32::from(n) * 160, u64::from(n) * 20);
        }
        assert!(reception.jitter_ms(8_000) < 0.001);
        for n in 100..400_u16 {
            feed(&mut reception, n, u32::from(n) * 160, u64::from(n) * 20 + u64::from(n % 2) * 10);
        }
        let jitter_ms = reception.jitter_ms(8_000);
        assert!((9.0..=10.1).contains(&jitter_ms), "{jitter_ms}");
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn a_restarted_stream_is_no_loss() {
        let mut reception = Reception::default();
        feed(&mut reception, 10, 0, 0);
        feed(&mut reception, 12, 0, 0);
        feed(&mut reception, 40_000, 0, 0);
        feed(&mut reception, 40_001, 0, 0);
        assert_eq!(reception.lost(), 1);
        assert_eq!(reception.ssrc(), Some(7));
    }
}
