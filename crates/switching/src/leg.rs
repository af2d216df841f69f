//! What the core knows of legs beyond the public picture: roles, phases, and connections that are not public yet.
//!
//! A destination's connection gets its id when its phone is called and becomes public when the phone rings, answers, or the
//! call is over; until then it is here.

use crate::cause::Cause;
use crate::command::{Awaits, LegOptions};
use crate::id::{CallId, ConnectionId, DeviceId, LegId, RequestId};
use crate::limits::TOMBSTONES_MAX;
use crate::model::Connection;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a leg is in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Role {
    /// It arrived: a phone or trunk calls.
    #[n(0)]
    Caller,
    /// The first leg of an ordered call.
    #[n(1)]
    First,
    /// It was called.
    #[n(2)]
    Destination,
}

/// One leg.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Leg {
    #[n(0)]
    pub(crate) connection: ConnectionId,
    #[n(1)]
    pub(crate) call: CallId,
    #[n(2)]
    pub(crate) device: DeviceId,
    #[n(3)]
    pub(crate) role: Role,
    /// Answered on the wire.
    #[n(4)]
    pub(crate) answered: bool,
    /// Number of the last report taken.
    #[n(5)]
    pub(crate) seq: u32,
    /// The connection while it is not public.
    #[n(6)]
    pub(crate) unborn: Option<Box<Connection>>,
    /// Its line at the device.
    #[n(7)]
    pub(crate) line: u16,
}

/// What the core knows of a call beyond the public picture.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Work {
    /// Its legs in the order in which they began.
    #[n(0)]
    pub(crate) legs: Vec<LegId>,
    /// How the destination is to be rung.
    #[n(1)]
    pub(crate) second: LegOptions,
    /// The strongest reason why a destination did not take the call.
    #[n(2)]
    pub(crate) refused: Option<(Cause, u8)>,
    /// The calling leg has been told that the destination rings.
    #[n(3)]
    pub(crate) alerted: bool,
    /// Two parties have talked.
    #[n(4)]
    pub(crate) established: bool,
    /// The command that ordered it, while its reply waits for the first leg.
    #[n(5)]
    pub(crate) waiting: Option<RequestId>,
}

/// A reply that is still due.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Waiting {
    #[n(0)]
    pub(crate) before: u64,
    #[n(1)]
    pub(crate) awaits: Awaits,
}

/// All legs of one exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Legs {
    #[n(0)]
    table: BTreeMap<LegId, Leg>,
    #[cbor(skip)]
    at_device: BTreeMap<DeviceId, Vec<LegId>>,
    /// Arrived legs that have ended, oldest first: their arrival may be reported once more.
    #[n(1)]
    ended: VecDeque<LegId>,
    #[cbor(skip)]
    has_ended: BTreeSet<LegId>,
}

impl Legs {
    pub(crate) fn insert(&mut self, id: LegId, leg: Leg) {
        self.at_device.entry(leg.device).or_default().push(id);
        self.table.insert(id, leg);
    }

    pub(crate) fn remove(&mut self, id: LegId) -> Option<Leg> {
        let leg = self.table.remove(&id)?;
        if id.is_arrived() {
            self.remember_ended(id);
        }
        if let Some(legs) = self.at_device.get_mut(&leg.device) {
            legs.retain(|other| *other != id);
            if legs.is_empty() {
                self.at_device.remove(&leg.device);
            }
        }
        Some(leg)
    }

    fn remember_ended(&mut self, id: LegId) {
        if self.has_ended.insert(id) {
            self.ended.push_back(id);
        }
        while self.ended.len() > TOMBSTONES_MAX {
            self.ended.pop_front().map(|oldest| self.has_ended.remove(&oldest));
        }
    }

    /// Whether a report may begin a call on this leg: the engine numbered it, and it has not been here before.
    pub(crate) fn may_arrive(&self, id: LegId) -> bool {
        id.is_arrived() && !self.has_ended.contains(&id)
    }

    pub(crate) fn get(&self, id: LegId) -> Option<&Leg> {
        self.table.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        self.table.get_mut(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LegId, &Leg)> {
        self.table.iter().map(|(id, leg)| (*id, leg))
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// The calls in which a device has a leg, in the order of its legs.
    pub(crate) fn calls_of(&self, device: DeviceId) -> impl Iterator<Item = CallId> {
        self.at_device.get(&device).into_iter().flatten().filter_map(|id| self.table.get(id)).map(|leg| leg.call)
    }

    /// How many lines of a device are taken, also by calls that do not ring yet.
    pub(crate) fn lines_taken(&self, device: DeviceId) -> usize {
        self.at_device.get(&device).map_or(0, Vec::len)
    }

    /// The smallest line number that is free at a device.
    pub(crate) fn free_line(&self, device: DeviceId) -> u16 {
        let legs = self.at_device.get(&device).into_iter().flatten().filter_map(|id| self.table.get(id));
        smallest_free(legs.map(|leg| leg.line)).unwrap_or(u16::MAX)
    }

    /// Builds the look-up anew after decoding.
    pub(crate) fn reindex(&mut self) {
        self.at_device.clear();
        for (id, leg) in &self.table {
            self.at_device.entry(leg.device).or_default().push(*id);
        }
        self.has_ended = self.ended.iter().copied().collect();
    }
}

/// The smallest number from 1 that is not taken; none when all are. A trunk has thousands.
pub(crate) fn smallest_free(taken: impl Iterator<Item = u16>) -> Option<u16> {
    let taken: BTreeSet<u16> = taken.collect();
    (1..=u16::MAX)
        .zip(taken.iter().copied().chain(std::iter::once(0)))
        .find(|(free, taken)| free != taken)
        .map(|(free, _)| free)
}

#[cfg(test)]
mod tests {
    use super::smallest_free;

    #[test]
    fn the_smallest_number_that_is_free() {
        for (taken, free) in [(vec![], 1), (vec![1, 2, 3], 4), (vec![3, 1], 2), (vec![2, 3], 1), (vec![5, 2, 1, 3], 4)]
        {
            assert_eq!(smallest_free(taken.iter().copied()), Some(free), "{taken:?}");
        }
        assert_eq!(smallest_free(1..=u16::MAX), None);
    }
}
