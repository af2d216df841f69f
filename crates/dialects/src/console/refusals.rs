//! The last refusals, for the status page: what was refused to whom, never what was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use switching::time::Time;

/// How many are kept.
const KEPT_MAX: usize = 50;

/// One refusal.
#[derive(Debug, Clone)]
pub struct Refused {
    /// When.
    pub at: Time,
    /// The account; empty when it is not known.
    pub account: String,
    /// The operation.
    pub operation: String,
    /// The refusal's name.
    pub refusal: &'static str,
}

/// The last ones, oldest first.
#[derive(Clone, Default)]
pub struct Refusals(Arc<Mutex<VecDeque<Refused>>>);

impl Refusals {
    /// Notes one.
    pub fn note(&self, at: Time, account: &str, operation: &str, refusal: &'static str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Refused { at, account: account.to_owned(), operation: operation.to_owned(), refusal });
    }

    /// All that are kept.
    #[must_use]
    pub fn list(&self) -> Vec<Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
