//! Telephone events (DTMF digits) out of RTP payloads: RFC 4733.
//!
//! All packets of one key press carry the timestamp of its start, so the timestamp tells repeated packets from a second
//! press of the same key. A digit is reported once, with its full duration: at the first packet with the end bit, or,
//! when all of those were lost, at the next press or after [`END_LOST_MS`]. It makes no events and plays no tones.

/// A press is taken as finished when no packet of it came for this long (the packets come every 20 to 50 ms).
pub(crate) const END_LOST_MS: u64 = 250;
const EVENT_LEN: usize = 4;
const END_BIT: u8 = 0x80;
/// A longer press goes on as a new segment whose timestamp lies this much later (RFC 4733 2.5.1.3).
const SEGMENT_MAX: u32 = 0xffff;

/// A finished key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Press {
    pub(crate) digit: char,
    /// In timestamp units.
    pub(crate) duration: u32,
}

/// The key presses of one RTP stream.
#[derive(Debug, Default)]
pub(crate) struct DigitDecoder {
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    event: u8,
    timestamp: u32,
    /// Duration of the segments before this one.
    before: u32,
    duration: u32,
    last_at_ms: u64,
    reported: bool,
}

impl Current {
    fn report(&mut self) -> Option<Press> {
        if std::mem::replace(&mut self.reported, true) {
            return None;
        }
        digit_of(self.event).map(|digit| Press { digit, duration: self.before.saturating_add(self.duration) })
    }
}

impl DigitDecoder {
    /// Takes one telephone-event payload. Gives the presses that ended: an earlier one whose end was lost, then this one.
    pub(crate) fn handle(&mut self, payload: &[u8], timestamp: u32, now_ms: u64) -> [Option<Press>; 2] {
        let Some(&[event, flags, high, low]) = payload.first_chunk::<EVENT_LEN>() else { return [None, None] };
        let duration = u32::from(u16::from_be_bytes([high, low]));
        let lost = self.begin_if_new(event, timestamp, now_ms);
        let Some(current) = &mut self.current else { return [lost, None] };
        if current.timestamp != timestamp {
            return [lost, None];
        }
        current.last_at_ms = now_ms;
        current.duration = current.duration.max(duration);
        let ended = if flags & END_BIT != 0 { current.report() } else { None };
        [lost, ended]
    }

    /// Ends a press whose last packets were all lost.
    pub(crate) fn flush(&mut self, now_ms: u64) -> Option<Press> {
        let current = self.current.as_mut()?;
        if now_ms.saturating_sub(current.last_at_ms) < END_LOST_MS {
            return None;
        }
        current.report()
    }

    fn begin_if_new(&mut self, event: u8, timestamp: u32, now_ms: u64) -> Option<Press> {
        let fresh = |before| Current { event, timestamp, before, duration: 0, last_at_ms: now_ms, reported: false };
        let Some(current) = &mut self.current else {
            self.current = Some(fresh(0));
            return None;
        };
        let step = timestamp.wrapping_sub(current.timestamp);
        if step == 0 || step > u32::MAX / 2 {
            return None; // the same press, or an older one that the network delivered late
        }
        let goes_on = current.event == event && step == SEGMENT_MAX && !current.reported;
        let lost = if goes_on { None } else { current.report() };
        let before = if goes_on { current.before.saturating_add(SEGMENT_MAX) } else { 0 };
        self.current = Some(fresh(before));
        lost
    }
}

/// The key of an event code (RFC 4733 3.2). Flash and other codes are no digits.
fn digit_of(event: u8) -> Option<char> {
    match event {
        0..=9 => Some(char::from(b'0' + event)),
        10 => Some('*'),
        11 => Some('#'),
        12..=15 => Some(char::from(b'A' + (event - 12))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: u8, end: bool, duration: u16) -> [u8; 4] {
        let [high, low] = duration.to_be_bytes();
        [code, if end { END_BIT | 10 } else { 10 }, high, low]
    }

    fn pressed(digit: char, duration: u32) -> [Option<Press>; 2] {
        [None, Some(Press { digit, duration })]
    }

    const NOTHING: [Option<Press>; 2] = [None, None];

    #[test]
    fn one_press_is_one_digit_although_the_end_comes_three_times() {
        let mut decoder = DigitDecoder::default();
        for (n, now_ms) in (1..=5_u16).zip((0..).step_by(20)) {
            assert_eq!(decoder.handle(&event(5, false, n * 160), 1_000, now_ms), NOTHING);
        }
        assert_eq!(decoder.handle(&event(5, true, 960), 1_000, 120), pressed('5', 960));
        assert_eq!(decoder.handle(&event(5, true, 960), 1_000, 120), NOTHING);
        assert_eq!(decoder.handle(&event(5, true, 960), 1_000, 121), NOTHING);
        assert_eq!(decoder.flush(10_000), None);
    }

    #[test]
    fn the_same_key_again_has_another_timestamp() {
        let mut decoder = DigitDecoder::default();
        assert_eq!(decoder.handle(&event(11, true, 800), 1_000, 0), pressed('#', 800));
        assert_eq!(decoder.handle(&event(11, true, 800), 5_000, 500), pressed('#', 800));
    }

    #[test]
    fn a_press_whose_end_was_lost_is_reported_at_the_next_press_or_after_a_while() {
        let mut decoder = DigitDecoder::default();
        assert_eq!(decoder.handle(&event(1, false, 320), 1_000, 0), NOTHING);
        let lost = Some(Press { digit: '1', duration: 320 });
        assert_eq!(decoder.handle(&event(2, true, 400), 3_000, 100), [lost, pressed('2', 400)[1]]);
        assert_eq!(decoder.handle(&event(15, false, 160), 9_000, 300), NOTHING);
        assert_eq!(decoder.flush(300 + END_LOST_MS - 1), None);
        assert_eq!(decoder.flush(300 + END_LOST_MS), Some(Press { digit: 'D', duration: 160 }));
        assert_eq!(decoder.handle(&event(15, true, 320), 9_000, 700), NOTHING, "its end after all");
    }

    #[test]
    fn a_late_packet_of_the_press_before_is_no_new_digit() {
        let mut decoder = DigitDecoder::default();
        assert_eq!(decoder.handle(&event(1, true, 320), 1_000, 0), pressed('1', 320));
        assert_eq!(decoder.handle(&event(2, false, 160), 3_000, 100), NOTHING);
        assert_eq!(decoder.handle(&event(1, true, 320), 1_000, 101), NOTHING);
        assert_eq!(decoder.handle(&event(2, true, 320), 3_000, 140), pressed('2', 320));
    }

    #[test]
    fn a_long_press_goes_over_several_segments() {
        let mut decoder = DigitDecoder::default();
        assert_eq!(decoder.handle(&event(0, false, 0xffff), 1_000, 0), NOTHING);
        assert_eq!(decoder.handle(&event(0, false, 160), 1_000 + 0xffff, 20), NOTHING);
        assert_eq!(decoder.handle(&event(0, true, 320), 1_000 + 0xffff, 40), pressed('0', 0xffff + 320));
    }

    #[test]
    fn flash_and_short_payloads_give_no_digit() {
        let mut decoder = DigitDecoder::default();
        assert_eq!(decoder.handle(&event(16, true, 400), 1_000, 0), NOTHING);
        assert_eq!(decoder.handle(&[1, 2, 3], 2_000, 0), NOTHING);
    }
}
