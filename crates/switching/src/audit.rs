//! The invariants, asserted after every input in debug builds and in the simulator.
//!
//! A violated invariant is a fault of ours, so it panics with what is wrong; nothing that a peer sends may lead here.

use crate::leg::Role;
use crate::switch::Switch;
use crate::timer::TimerReason;
use std::collections::BTreeSet;

impl Switch {
    /// Asserts the invariants of the whole state.
    ///
    /// # Panics
    ///
    /// When one does not hold.
    pub fn audit(&self) {
        self.audit_calls();
        self.audit_legs();
        self.audit_timers();
    }

    fn audit_calls(&self) {
        let picture = &self.state.picture;
        for (id, call) in &picture.calls {
            assert!(!call.connections.is_empty(), "{id} lives without a connection");
            assert!(self.state.work.contains_key(id), "{id} is public and not worked on");
            for connection in &call.connections {
                let of = picture.connections.get(connection).map(|connection| connection.call);
                assert_eq!(of, Some(*id), "{connection} is in exactly one live call");
            }
        }
        for (id, connection) in &picture.connections {
            let call = picture.calls.get(&connection.call);
            assert!(call.is_some_and(|call| call.connections.contains(id)), "{id} is in no live call");
            let times = [Some(connection.created), connection.alerting, connection.answered, connection.party_since];
            let known: Vec<_> = times.into_iter().flatten().collect();
            assert!(known.is_sorted(), "{id}: created <= alerting <= answered <= party_since");
            if let (Some(supervised), Some(answered)) = (connection.supervised, connection.answered) {
                assert!(supervised <= answered, "{id}: supervised <= answered");
            }
            if let (Some(alerting), Some(supervised)) = (connection.alerting, connection.supervised) {
                assert!(alerting <= supervised, "{id}: alerting <= supervised");
            }
            assert!(self.state.legs.get(connection.leg).is_some(), "{id} has no leg");
        }
        for (id, device) in &picture.devices {
            let listed: BTreeSet<_> = device.connections.iter().copied().collect();
            assert_eq!(listed.len(), device.connections.len(), "{id} lists a connection twice");
        }
        for stage in picture.stages.values() {
            let call = picture.calls.get(&stage.call);
            assert!(call.is_some_and(|call| call.open_stages.contains(&stage.id)), "{} is open in no call", stage.id);
        }
        assert_eq!(self.state.recorder.open(), picture.calls.len(), "one unfinished record per live call");
    }

    fn audit_legs(&self) {
        let picture = &self.state.picture;
        let mut lines = BTreeSet::new();
        for (id, leg) in self.state.legs.iter() {
            assert!(lines.insert((leg.device, leg.line)), "{id}: line {} of {} is taken twice", leg.line, leg.device);
            let call = picture.calls.get(&leg.call);
            assert!(call.is_some(), "{id} belongs to no live call");
            let public = picture.connections.contains_key(&leg.connection);
            assert_eq!(public, leg.unborn.is_none(), "{id}: its connection is public or held back");
            let work = self.state.work.get(&leg.call);
            let Some(work) = work else { continue };
            assert!(work.legs.contains(&id), "{id} is not among its call's legs");
            if work.established && leg.role == Role::Destination {
                assert!(leg.answered, "{id} still rings after another answered");
            }
        }
    }

    fn audit_timers(&self) {
        let picture = &self.state.picture;
        for reason in self.state.timers.reasons() {
            let lives = match reason {
                TimerReason::NoAnswer(leg) => self.state.legs.get(leg).is_some_and(|leg| !leg.answered),
                TimerReason::FailTone(connection) => picture.connections.contains_key(&connection),
                TimerReason::TalkLimit(call) => picture.calls.contains_key(&call),
                TimerReason::ReplyDeadline(request) => self.state.waiting.contains_key(&request),
            };
            assert!(lives, "timer {reason:?} has no living owner");
        }
    }
}
