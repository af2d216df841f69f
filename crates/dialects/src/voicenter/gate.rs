//! Who may come in and how often: codes, trusted sources, wrong codes, requests per second and minute (VOI-ADM-02, VOI-LIM-01,
//! VOI-LIM-09). Kept in memory, by the exchange's clock.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use switching::time::Time;

/// Characters of a code.
pub const CODE_LEN_MAX: usize = 128;
/// Wrong codes from one source within [`WRONG_SPAN_MS`] that block it.
pub const WRONG_MAX: u32 = 10;
/// The time within which they count, in milliseconds.
pub const WRONG_SPAN_MS: u64 = 60_000;
/// How long a source is blocked, in milliseconds.
pub const BLOCK_MS: u64 = 60_000;
/// Sources or codes that are counted at a time.
const COUNTED_MAX: usize = 10_000;

/// Counts per key in spans of time that begin with the first event.
struct Counts<K> {
    span_ms: u64,
    counts: BTreeMap<K, (Time, u32)>,
}

impl<K: Ord + Clone> Counts<K> {
    const fn new(span_ms: u64) -> Self {
        Self { span_ms, counts: BTreeMap::new() }
    }

    /// Counts one more; gives how many there are in the span.
    fn count(&mut self, key: &K, now: Time) -> u32 {
        if self.counts.len() >= COUNTED_MAX && !self.counts.contains_key(key) {
            let span_ms = self.span_ms;
            self.counts.retain(|_, (since, _)| now.ms_since(*since) < span_ms);
            if self.counts.len() >= COUNTED_MAX {
                self.counts.pop_first();
            }
        }
        let (since, count) = self.counts.entry(key.clone()).or_insert((now, 0));
        if now.ms_since(*since) >= self.span_ms {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}

/// What is counted.
pub struct Gate(Mutex<Counted>);

struct Counted {
    wrong: Counts<IpAddr>,
    blocked: BTreeMap<IpAddr, Time>,
    calls: Counts<()>,
    log: Counts<String>,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Mutex::new(Counted {
            wrong: Counts::new(WRONG_SPAN_MS),
            blocked: BTreeMap::new(),
            calls: Counts::new(1_000),
            log: Counts::new(60_000),
        }))
    }
}

impl Gate {
    /// Whether a source has to wait because of wrong codes.
    pub fn is_blocked(&self, source: IpAddr, now: Time) -> bool {
        self.with(|counted| counted.blocked.get(&source).is_some_and(|since| now.ms_since(*since) < BLOCK_MS))
    }

    /// A source has shown a wrong code.
    pub fn wrong(&self, source: IpAddr, now: Time) {
        self.with(|counted| {
            if counted.wrong.count(&source, now) < WRONG_MAX {
                return;
            }
            counted.blocked.retain(|_, since| now.ms_since(*since) < BLOCK_MS);
            if counted.blocked.len() >= COUNTED_MAX {
                counted.blocked.pop_first();
            }
            counted.blocked.insert(source, now);
            tracing::warn!(dialect = "voicenter", %source, "blocked: too many wrong codes");
        });
    }

    /// Whether the organisation may ask for one thing more in this second.
    pub fn may_call(&self, most: u32, now: Time) -> bool {
        self.with(|counted| counted.calls.count(&(), now) <= most)
    }

    /// Whether a code may read the call log once more in this minute.
    pub fn may_read(&self, account: &str, most: u32, now: Time) -> bool {
        self.with(|counted| counted.log.count(&account.to_owned(), now) <= most)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Counted) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn spans_begin_with_the_first_and_are_counted_per_key() {
        let gate = Gate::default();
        let allowed = (0..4).filter(|_| gate.may_call(3, Time(5_500))).count();
        assert_eq!(allowed, 3);
        assert!(!gate.may_call(3, Time(6_499)));
        assert!(gate.may_call(3, Time(6_500)));
        assert!(gate.may_read("a", 1, Time(0)) && !gate.may_read("a", 1, Time(59_999)));
        assert!(gate.may_read("b", 1, Time(1)) && gate.may_read("a", 1, Time(60_000)));
    }

    #[test]
    fn ten_wrong_codes_block_a_source_for_a_minute() {
        let gate = Gate::default();
        let source = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for n in 0..WRONG_MAX {
            assert!(!gate.is_blocked(source, Time(1_000)), "{n}");
            gate.wrong(source, Time(1_000));
        }
        assert!(gate.is_blocked(source, Time(60_999)));
        assert!(!gate.is_blocked(IpAddr::V4(Ipv4Addr::BROADCAST), Time(1_000)));
        assert!(!gate.is_blocked(source, Time(61_000)));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let mut counts = Counts::new(1_000);
        for n in 0..COUNTED_MAX + 10 {
            assert_eq!(counts.count(&n, Time(5)), 1);
        }
        assert_eq!(counts.counts.len(), COUNTED_MAX);
        counts.count(&usize::MAX, Time(2_000));
        assert_eq!(counts.counts.len(), 1, "what is over goes first");
    }
}
