//! The one clock. Door sessions, time-outs and retries read it, so that virtual time holds everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;
use switching::time::Time;
use tokio::sync::watch;

/// The exchange's time line: never goes back, and moves by itself or only when a test says so.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    kind: Kind,
    /// What is added to [`Time`] to give milliseconds since the Unix epoch.
    wall_offset_ms: AtomicI64,
}

enum Kind {
    Real { base: Time, since: Instant },
    Virtual { now: AtomicU64, moved: watch::Sender<u64> },
}

impl Clock {
    /// A clock that runs, from `base` on. `wall_offset_ms` is what the time of day differs from it.
    #[must_use]
    pub fn real(base: Time, wall_offset_ms: i64) -> Self {
        let kind = Kind::Real { base, since: Instant::now() };
        Self(Arc::new(Inner { kind, wall_offset_ms: AtomicI64::new(wall_offset_ms) }))
    }

    /// A clock that moves only by [`Clock::advance_to`].
    #[must_use]
    pub fn stopped(at: Time) -> Self {
        let kind = Kind::Virtual { now: AtomicU64::new(at.0), moved: watch::channel(at.0).0 };
        Self(Arc::new(Inner { kind, wall_offset_ms: AtomicI64::new(0) }))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Time {
        match &self.0.kind {
            Kind::Real { base, since } => base.after_ms(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)),
            Kind::Virtual { now, .. } => Time(now.load(Ordering::Acquire)),
        }
    }

    /// Whether it moves only by [`Clock::advance_to`].
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self.0.kind, Kind::Virtual { .. })
    }

    /// Moves a stopped clock forward; a running one is left alone.
    pub fn advance_to(&self, at: Time) {
        if let Kind::Virtual { now, moved } = &self.0.kind {
            let at = now.fetch_max(at.0, Ordering::AcqRel).max(at.0);
            moved.send_replace(at);
        }
    }

    /// Milliseconds since the Unix epoch at an instant of the exchange.
    #[must_use]
    pub fn unix_ms(&self, at: Time) -> i64 {
        i64::try_from(at.0).unwrap_or(i64::MAX).saturating_add(self.0.wall_offset_ms.load(Ordering::Relaxed))
    }

    /// The instant of the exchange at so many milliseconds since the Unix epoch: its first one for all that lies before.
    #[must_use]
    pub fn at_unix_ms(&self, unix_ms: i64) -> Time {
        Time(u64::try_from(unix_ms.saturating_sub(self.unix_ms(Time(0)))).unwrap_or(0))
    }

    /// Waits until the clock shows `at`.
    pub async fn sleep_until(&self, at: Time) {
        match &self.0.kind {
            Kind::Real { .. } => {
                let ms = at.ms_since(self.now());
                tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
            }
            Kind::Virtual { moved, .. } => {
                let mut moved = moved.subscribe();
                // The sender lives as long as this clock, so waiting ends only when the time has come.
                let _ = moved.wait_for(|now| *now >= at.0).await;
            }
        }
    }

    /// Waits this long.
    pub async fn sleep_ms(&self, ms: u64) {
        self.sleep_until(self.now().after_ms(ms)).await;
    }
}
