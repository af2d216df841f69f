//! The one table of timers of the whole stack. Time is a number of milliseconds that the caller passes in; the table
//! only orders deadlines. After a stall (a stopped machine, a starved process) all deadlines move together in one step,
//! so that nothing fires merely because nobody was looking (SIP design, row 18).

use std::collections::BTreeSet;

/// A point on the virtual clock, in milliseconds.
pub type TimeMs = u64;

/// A deadline as its owner keeps it: what [`TimerTable::set`] needs to move or drop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Armed(Option<u64>);

impl Armed {
    /// Is the timer running?
    pub fn is_set(self) -> bool {
        self.0.is_some()
    }
}

/// Deadlines in order, each with the key of its owner.
#[derive(Debug)]
pub struct TimerTable<K> {
    /// Deadlines on the table's own clock, which lags the caller's by `lag_ms`.
    queue: BTreeSet<(u64, K)>,
    lag_ms: u64,
}

impl<K: Ord + Copy> TimerTable<K> {
    /// An empty table.
    pub const fn new() -> TimerTable<K> {
        TimerTable { queue: BTreeSet::new(), lag_ms: 0 }
    }

    /// Arms the timer `key` for `at`, or stops it with `None`; `armed` is the owner's note of it.
    pub fn set(&mut self, armed: &mut Armed, key: K, at: Option<TimeMs>) {
        if let Some(old) = armed.0.take() {
            self.queue.remove(&(old, key));
        }
        if let Some(at) = at {
            let at = at.saturating_sub(self.lag_ms);
            self.queue.insert((at, key));
            armed.0 = Some(at);
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<TimeMs> {
        self.queue.first().map(|(at, _)| at.saturating_add(self.lag_ms))
    }

    /// Takes the earliest timer that is due at `now`. Its owner clears its note with `Armed::default()`.
    pub fn pop_due(&mut self, now: TimeMs) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        self.queue.pop_first().map(|(_, key)| key)
    }

    /// Moves every deadline `by_ms` into the future.
    pub fn shift(&mut self, by_ms: u64) {
        self.lag_ms = self.lag_ms.saturating_add(by_ms);
    }

    /// How many timers run.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Does none run?
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

impl<K: Ord + Copy> Default for TimerTable<K> {
    fn default() -> TimerTable<K> {
        TimerTable::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_in_order_and_move_together() {
        let mut table = TimerTable::new();
        let (mut a, mut b) = (Armed::default(), Armed::default());
        table.set(&mut a, 'a', Some(100));
        table.set(&mut b, 'b', Some(50));
        table.shift(1_000);
        assert_eq!(table.next(), Some(1_050));
        assert_eq!(table.pop_due(1_049), None);
        assert_eq!(table.pop_due(1_050), Some('b'));
        table.set(&mut a, 'a', Some(2_000));
        assert_eq!((table.next(), table.len()), (Some(2_000), 1));
        table.set(&mut a, 'a', None);
        assert!(table.is_empty() && !a.is_set());
    }
}
