//! What keeps the store small: snapshots of the core, behind which the journal may go, and retention.
//!
//! A snapshot is taken when enough inputs were journaled since the last one. Encoding it takes the exchange's own thread a
//! moment (a few milliseconds for a thousand phones); a follower that replays the journal will take that over.

use crate::config::Retention as Configured;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{Retention, Snapshot, StoreHandle, Tenant};
use switching::time::Time;

/// Inputs after which a new snapshot is worth it: a restart then replays at most so many.
const INPUTS_PER_SNAPSHOT: u64 = 50_000;
/// How often retention is applied, in milliseconds.
const PRUNE_EVERY_MS: u64 = 600_000;
/// Steps of one pruning; the rest has time until the next.
const PRUNE_STEPS_MAX: usize = 50;

const HOUR_MS: u64 = 3_600_000;

/// When what is due.
pub struct Maintenance {
    keep: Retention,
    snapshot_at: u64,
    prune_at: Time,
    /// The instant of the pruning that waits for the store; 0: none waits.
    pruning: Arc<AtomicU64>,
}

impl Maintenance {
    /// For a tenant that starts at `input_no`.
    #[must_use]
    pub fn new(configured: &Configured, input_no: u64, now: Time) -> Self {
        let keep = Retention {
            event_age_max_ms: u64::from(configured.events_h.max(configured.journal_h)) * HOUR_MS,
            record_age_max_ms: u64::from(configured.records_days) * 24 * HOUR_MS,
            ..Retention::default()
        };
        Self { keep, snapshot_at: input_no, prune_at: now.after_ms(PRUNE_EVERY_MS), pruning: Arc::default() }
    }

    /// When it wants to be looked at.
    #[must_use]
    pub fn due(&self) -> Time {
        self.prune_at
    }

    /// Whether a snapshot is due now.
    #[must_use]
    pub fn wants_snapshot(&self, input_no: u64) -> bool {
        input_no >= self.snapshot_at + INPUTS_PER_SNAPSHOT
    }

    /// Keeps a snapshot, in its place behind the batches that it contains.
    pub fn keep_snapshot(&mut self, store: &StoreHandle, tenant: Tenant, snapshot: Snapshot) {
        self.snapshot_at = snapshot.input_no;
        let task = store.run(Box::new(move |store| {
            if let Err(error) = store.put_snapshot(tenant, &snapshot) {
                tracing::error!(%error, "the snapshot was not kept; the journal grows");
            }
        }));
        if task.is_err() {
            tracing::warn!("the store takes no snapshot now; the journal grows");
        }
    }

    /// Applies retention when its time has come. One that still waits for the store is then for this instant: a day that a stopped
    /// clock moves through at once has a hundred, and what is to be stored would wait behind them all.
    pub fn prune(&mut self, store: &StoreHandle, tenant: Tenant, now: Time) {
        if now < self.prune_at {
            return;
        }
        self.prune_at = now.after_ms(PRUNE_EVERY_MS);
        if self.pruning.swap(now.0, Ordering::AcqRel) != 0 {
            return;
        }
        let (keep, pruning) = (self.keep, Arc::clone(&self.pruning));
        let task = store.run(Box::new(move |store| {
            let now_ms = pruning.swap(0, Ordering::AcqRel);
            for _ in 0..PRUNE_STEPS_MAX {
                match store.prune(tenant, now_ms, &keep) {
                    Ok(pruned) if pruned.more => {}
                    Ok(pruned) => {
                        tracing::debug!(?pruned, "retention");
                        return;
                    }
                    Err(error) => {
                        tracing::error!(%error, "retention could not be applied");
                        return;
                    }
                }
            }
        }));
        if task.is_err() {
            self.pruning.store(0, Ordering::Release);
            tracing::warn!("the store has no time for retention now");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_and_pruning_come_when_they_are_due() {
        let configured = Configured { events_h: 72, records_days: 400, journal_h: 24 };
        let mut maintenance = Maintenance::new(&configured, 10, Time(1_000));
        assert!(!maintenance.wants_snapshot(10 + INPUTS_PER_SNAPSHOT - 1));
        assert!(maintenance.wants_snapshot(10 + INPUTS_PER_SNAPSHOT));
        let thread = store::StoreThread::spawn(store::Store::memory(), store::Pace::default()).expect("a thread");
        thread.handle().open_log(1).expect("a log");
        let snapshot = Snapshot { input_no: 60_000, seq: 5, bytes: vec![1] };
        maintenance.keep_snapshot(&thread.handle(), 1, snapshot.clone());
        assert!(!maintenance.wants_snapshot(60_001));
        let kept = thread.handle().call(|store| store.read(|view| view.latest_snapshot(1))).expect("readable");
        assert_eq!(kept, Some(snapshot));
        maintenance.prune(&thread.handle(), 1, Time(1_000 + PRUNE_EVERY_MS));
        assert_eq!(maintenance.due(), Time(1_000 + 2 * PRUNE_EVERY_MS));
    }

    #[test]
    fn one_pruning_waits_for_the_store_and_is_for_the_newest_instant() {
        let configured = Configured { events_h: 72, records_days: 400, journal_h: 24 };
        let mut maintenance = Maintenance::new(&configured, 0, Time(0));
        let thread = store::StoreThread::spawn(store::Store::memory(), store::Pace::default()).expect("a thread");
        let handle = thread.handle();
        handle.open_log(1).expect("a log");
        let (go_on, busy) = std::sync::mpsc::channel::<()>();
        let held = handle.run(Box::new(move |_| busy.recv().expect("the test goes on")));
        assert!(held.is_ok());
        let instant = |n: usize| Time(n as u64 * PRUNE_EVERY_MS);
        let often = 2 * store::QUEUE_LEN_MAX;
        (1..=often).for_each(|n| maintenance.prune(&handle, 1, instant(n)));
        assert_eq!(maintenance.pruning.load(Ordering::Acquire), instant(often).0);
        assert!(handle.run(Box::new(|_| ())).is_ok(), "there is room for what is to be stored");
        go_on.send(()).expect("the store waits");
        handle.call(|_| Ok(())).expect("it has done all");
        assert_eq!(maintenance.pruning.load(Ordering::Acquire), 0, "the next one is a new one");
    }
}
