//! How often a credential may ask: one bucket for commands and one for reads, each refilled evenly over a minute.
//!
//! Real time counts here also where the exchange's clock is virtual: what is guarded is this machine.

use super::answer::header;
use super::declared;
use super::problem::Problem;
use axum::http::HeaderMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Credentials whose buckets are remembered; the fullest are forgotten first.
const ACCOUNTS_MAX: usize = 10_000;
/// The window of the policy.
const WINDOW_S: f64 = 60.0;

/// What is being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something that may change something.
    Command,
    /// Something that does not.
    Read,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Command => "commands",
            Self::Read => "reads",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Command => 0,
            Self::Read => 1,
        }
    }
}

/// The buckets of all credentials.
#[derive(Clone)]
pub struct Rates {
    buckets: Arc<Mutex<HashMap<String, [Bucket; 2]>>>,
    per_minute: [u32; 2],
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Rates {
    /// So many commands and reads a minute.
    #[must_use]
    pub fn new(commands_per_minute: u32, reads_per_minute: u32) -> Self {
        Self { buckets: Arc::default(), per_minute: [commands_per_minute, reads_per_minute] }
    }

    /// Takes one.
    ///
    /// # Errors
    ///
    /// `rate_limited` when there is none.
    pub fn take(&self, account: &str, kind: Kind) -> Result<(), Problem> {
        let left = self.with(account, kind, |bucket| {
            if bucket.left >= 1.0 {
                bucket.left -= 1.0;
                return None;
            }
            Some(1.0 - bucket.left)
        });
        match left {
            None => Ok(()),
            Some(missing) => {
                let wait_s = (missing * WINDOW_S / f64::from(self.per_minute[kind.index()].max(1))).ceil();
                Err(Self::exceeded(wait_s as u32))
            }
        }
    }

    fn exceeded(wait_s: u32) -> Problem {
        Problem::of(declared::RATE_LIMITED).retry_after(wait_s.max(1))
    }

    /// The policy and what is left of it.
    pub fn write_headers(&self, account: &str, kind: Kind, headers: &mut HeaderMap) {
        let quota = self.per_minute[kind.index()];
        let left = self.with(account, kind, |bucket| bucket.left);
        let refill_s = (f64::from(quota) - left) * WINDOW_S / f64::from(quota.max(1));
        let name = kind.name();
        header(headers, "ratelimit-policy", Some(format!("\"{name}\";q={quota};w=60")));
        header(headers, "ratelimit", Some(format!("\"{name}\";r={};t={}", left as u64, refill_s.ceil() as u64)));
    }

    fn with<T>(&self, account: &str, kind: Kind, look: impl FnOnce(&mut Bucket) -> T) -> T {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ACCOUNTS_MAX && !buckets.contains_key(account) {
            // Whoever has been quiet for a window has a full bucket again and loses nothing.
            buckets.retain(|_, both| both.iter().any(|bucket| now.duration_since(bucket.at).as_secs_f64() < WINDOW_S));
        }
        let fresh = || self.per_minute.map(|quota| Bucket { left: f64::from(quota), at: now });
        let both = buckets.entry(account.to_owned()).or_insert_with(fresh);
        let quota = f64::from(self.per_minute[kind.index()]);
        let bucket = &mut both[kind.index()];
        let refill = now.duration_since(bucket.at).as_secs_f64() * quota / WINDOW_S;
        *bucket = Bucket { left: (bucket.left + refill).min(quota), at: now };
        look(bucket)
    }
}
