//! Orders of commands that may be repeated, held until the command is on disk.
//!
//! A command under an idempotency key is carried out once, also over a crash: so nothing of it may reach a phone while the disk does
//! not know it, else its repetition in the next life would ring a second time. Every other order leaves at once; of a leg with a
//! held order the later ones wait behind it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use switching::engine::Order;
use switching::id::LegId;
use tokio::sync::Notify;

/// How far the store has come, as the driver is told of it.
#[derive(Default)]
pub(super) struct Committed {
    /// Number of the last journaled input on disk.
    input_no: AtomicU64,
    told: Notify,
}

impl Committed {
    /// The batch that ends with this input is on disk. Called before anything of it is shown.
    pub(super) fn reached(&self, input_no: u64) {
        self.input_no.fetch_max(input_no, Ordering::Release);
        self.told.notify_one();
    }

    /// Ends when the store has come further.
    pub(super) async fn further(&self) {
        self.told.notified().await;
    }
}

/// The orders that wait.
#[derive(Default)]
pub(super) struct Held {
    /// In the order in which the core gave them, each with the input that has to be on disk; those numbers never fall.
    orders: VecDeque<(u64, Order)>,
    legs: BTreeSet<LegId>,
    committed: Arc<Committed>,
}

impl Held {
    /// Gives the order back when it may leave at once. `until` is the input of the keyed command it comes from, if it does.
    pub(super) fn pass(&mut self, order: Order, until: Option<u64>) -> Option<Order> {
        let behind = || self.legs.contains(&order.leg).then(|| self.orders.back().map_or(0, |(until, _)| *until));
        let Some(until) = until.or_else(behind) else { return Some(order) };
        self.legs.insert(order.leg);
        self.orders.push_back((until, order));
        None
    }

    /// Where the store tells how far it has come; none: nothing waits for that.
    pub(super) fn waits(&self) -> Option<Arc<Committed>> {
        (!self.orders.is_empty()).then(|| Arc::clone(&self.committed))
    }

    /// Where the store would tell.
    pub(super) fn committed(&self) -> Arc<Committed> {
        Arc::clone(&self.committed)
    }

    /// The next order whose command is on disk by now.
    pub(super) fn next(&mut self) -> Option<Order> {
        let committed = self.committed.input_no.load(Ordering::Acquire);
        let (_, order) = if self.orders.front()?.0 <= committed { self.orders.pop_front()? } else { return None };
        if self.orders.iter().all(|(_, other)| other.leg != order.leg) {
            self.legs.remove(&order.leg);
        }
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switching::engine::OrderKind;
    use switching::id::OrderId;

    fn order(id: u64, leg: u64) -> Order {
        Order { id: OrderId(id), leg: LegId(leg), what: OrderKind::AnswerRemotely }
    }

    fn passed(held: &mut Held) -> Vec<u64> {
        std::iter::from_fn(|| held.next()).map(|order| order.id.0).collect()
    }

    #[test]
    fn orders_of_a_keyed_command_wait_for_the_disk_and_later_ones_of_their_leg_behind_them() {
        let mut held = Held::default();
        assert!(held.waits().is_none());
        assert_eq!(held.pass(order(1, 7), Some(10)), None);
        assert_eq!(held.pass(order(2, 8), None).map(|order| order.id.0), Some(2), "another leg");
        assert_eq!(held.pass(order(3, 7), None), None);
        assert_eq!(held.pass(order(4, 9), Some(12)), None);
        // Behind the first of its leg: the last that waits counts, so that all leave in their order.
        assert_eq!(held.pass(order(5, 7), None), None);
        assert!(passed(&mut held).is_empty());
        let committed = held.waits().expect("three wait");
        committed.reached(9);
        assert!(passed(&mut held).is_empty());
        committed.reached(11);
        assert_eq!(passed(&mut held), [1, 3]);
        assert_eq!(held.pass(order(6, 7), None), None, "one of its leg still waits");
        committed.reached(12);
        assert_eq!(passed(&mut held), [4, 5, 6]);
        assert!(held.waits().is_none());
        assert_eq!(held.pass(order(7, 7), None).map(|order| order.id.0), Some(7));
    }
}
