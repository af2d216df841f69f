//! Memory goes back to the operating system after a start and after a storm of calls.
//!
//! SIP transactions linger for half a minute after the last message (RFC 3261, timers B to J), and the database keeps the pages it
//! has read. Both are let go when the storm is over. The allocator gives free pages back by itself, but only while somebody
//! allocates, or when a thread ends: after a start that has hashed passwords (19 MiB for argon2) a thread that soon ends gives some of
//! it back, not all. Huge pages are not asked for: they made no call cheaper, and rounded each heap up.

use crate::metrics::InUse;
use store::{Store, StoreHandle};
use tokio::runtime::Handle;

/// Fewer transactions and calls than this at the peak are not worth the trouble.
const STORM: usize = 512;
/// The storm is over when so many times fewer are left than at its peak.
const EBB: usize = 8;

/// Watches for the end of a storm.
#[derive(Debug, Default)]
pub struct Ebb {
    peak: usize,
}

impl Ebb {
    /// Takes what is in use now; true once after each storm.
    pub fn note(&mut self, in_use: &InUse) -> bool {
        let now = in_use.transactions + in_use.calls;
        self.peak = self.peak.max(now);
        let over = self.peak >= STORM && now <= self.peak / EBB;
        if over {
            self.peak = now;
        }
        over
    }
}

/// Lets go of the pages that the database keeps, on its own threads; one of these ends when it has nothing else to do.
pub fn give_back(store: &StoreHandle, blocking: &Handle) {
    let blocking = blocking.clone();
    let reader = store.reader().clone();
    let task = move |store: &mut Store| {
        store.release_memory();
        blocking.spawn_blocking(move || reader.release_memory());
    };
    // A store that is too busy for this has no ebb.
    let _ = store.run(Box::new(task));
}

#[cfg(test)]
mod tests {
    use super::{Ebb, STORM};
    use crate::metrics::InUse;

    #[test]
    fn the_end_of_a_storm_is_told_once() {
        let mut ebb = Ebb::default();
        let mut note = |transactions| ebb.note(&InUse { transactions, ..InUse::default() });
        assert!(!note(0) && !note(STORM / 2) && !note(0), "that was no storm");
        assert!(!note(STORM) && !note(STORM / 2), "it is not over yet");
        assert!(note(STORM / 8) && !note(0), "once");
        assert!(!note(STORM * 4) && note(1), "and again");
    }
}
