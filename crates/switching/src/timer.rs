//! The one timer table. Every timer has a reason that names its living owner.

use crate::id::{CallId, ConnectionId, LegId, RequestId};
use crate::time::Time;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Why the core wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum TimerReason {
    /// A phone has rung long enough.
    #[n(0)]
    NoAnswer(#[n(0)] LegId),
    /// A failed caller has heard the tone long enough.
    #[n(1)]
    FailTone(#[n(0)] ConnectionId),
    /// A call has talked long enough.
    #[n(2)]
    TalkLimit(#[n(0)] CallId),
    /// A deferred reply is due.
    #[n(3)]
    ReplyDeadline(#[n(0)] RequestId),
}

/// All timers, at most one per reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Timers {
    #[n(0)]
    due: BTreeMap<TimerReason, Time>,
    #[cbor(skip)]
    order: BTreeSet<(Time, TimerReason)>,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Time, reason: TimerReason) {
        self.cancel(reason);
        self.due.insert(reason, at);
        self.order.insert((at, reason));
    }

    pub(crate) fn cancel(&mut self, reason: TimerReason) {
        if let Some(at) = self.due.remove(&reason) {
            self.order.remove(&(at, reason));
        }
    }

    /// Takes the first timer that is due.
    pub(crate) fn pop(&mut self, now: Time) -> Option<TimerReason> {
        let (at, reason) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.cancel(reason);
        Some(reason)
    }

    pub(crate) fn next(&self) -> Option<(Time, TimerReason)> {
        self.order.first().copied()
    }

    pub(crate) fn reasons(&self) -> impl Iterator<Item = TimerReason> {
        self.due.keys().copied()
    }

    /// Builds the order anew after decoding.
    pub(crate) fn reindex(&mut self) {
        self.order = self.due.iter().map(|(reason, at)| (*at, *reason)).collect();
    }
}
