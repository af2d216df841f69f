//! Dialogs follow their phone: when it comes back over another connection, what we say in its dialogs goes there (RFC 5626
//! 5.3). It may have another Contact URI then, since its port is new.
//!
//! A datagram needs none of this: it goes to the Contact, or to where the phone was seen.

use super::SipEngine;
use ::sip::registrar::{Binding, Reach};
use ::sip::transport::Flow;
use std::collections::{BTreeSet, VecDeque};
use switching::id::DeviceId;
use switching::time::Time;

/// Ended connections that are remembered; the oldest is forgotten first.
const LOST_MAX: usize = 4_096;

/// Connections that have ended.
#[derive(Debug, Default)]
pub(super) struct Lost {
    order: VecDeque<u64>,
    known: BTreeSet<u64>,
}

impl Lost {
    fn note(&mut self, connection: u64) {
        if self.known.insert(connection) {
            self.order.push_back(connection);
        }
        if self.order.len() > LOST_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn contains(&self, connection: u64) -> bool {
        self.known.contains(&connection)
    }
}

impl SipEngine {
    /// A connection ended: devices that were reached over it are so no more, unless they come back soon.
    ///
    /// Nothing is told yet: the binding counts on without a flow until its grace is over.
    pub fn flow_lost(&mut self, now: Time, connection: u64) {
        self.lost.note(connection);
        for user in self.registrar.flow_lost(connection, now.0) {
            self.back_already(now, &user, connection);
        }
    }

    /// The contact that a device registered over this connection: where its dialogs belong.
    pub(super) fn home_of(&self, now: Time, device: DeviceId, flow: &Flow) -> Option<Box<Binding>> {
        let user = self.users.get(&device).filter(|_| flow.connection != 0)?;
        let bindings = self.registrar.bindings(user, now.0);
        let home = bindings.into_iter().find(|binding| binding.reach == Reach::Flow(flow.connection))?;
        Some(Box::new(home.clone()))
    }

    /// A contact was registered over `new`, which it was not before: dialogs of the same phone move there. `old` is how the same
    /// contact was reached before.
    ///
    /// The same phone is known by its instance, its Contact, or the Call-ID of its registrations. Else it is taken for the
    /// same where the dialog's connection has ended, and nothing says that it is another.
    pub(super) fn follow(&mut self, device: DeviceId, binding: &Binding, old: Option<Flow>, new: &Flow) {
        let Self { legs, lost, endpoint, .. } = self;
        for fork in legs.values().filter(|leg| leg.device == device).flat_map(|leg| &leg.forks) {
            let Some(was) = endpoint.info(fork.usage).map(|info| info.flow.connection) else { continue };
            if was == 0 || was == new.connection {
                continue;
            }
            let home = fork.home.as_deref();
            let same = home.is_some_and(|home| is_same(home, binding)) || old.is_some_and(|old| old.connection == was);
            let perhaps = lost.contains(was) && !home.is_some_and(|home| is_another(home, binding));
            if same || perhaps {
                // It was just seen.
                let _ = endpoint.rebind(fork.usage, *new);
            }
        }
    }

    /// A phone may have registered over its next connection before we heard that the one before had ended. Without an instance it
    /// is known by where it is and what it calls itself.
    fn back_already(&mut self, now: Time, user: &str, connection: u64) {
        let Some(device) = self.devices.get(user).map(|device| device.id) else { return };
        let others = self.registrar.reachable(user, now.0);
        let flows = self.flows.get(user);
        let of = |binding: &&Binding| Some(((*binding).clone(), *flows?.get(&binding.uri)?));
        let others: Vec<(Binding, Flow)> = others.iter().filter_map(of).collect();
        if others.is_empty() {
            return;
        }
        let Self { legs, endpoint, .. } = self;
        for fork in legs.values().filter(|leg| leg.device == device).flat_map(|leg| &leg.forks) {
            let Some(home) = fork.home.as_deref() else { continue };
            if endpoint.info(fork.usage).is_none_or(|info| info.flow.connection != connection) {
                continue;
            }
            let looks_same = |other: &Binding| {
                other.source.ip() == home.source.ip() && other.user_agent == home.user_agent && !is_another(home, other)
            };
            if let Some((_, flow)) = others.iter().find(|(other, _)| is_same(home, other) || looks_same(other)) {
                // It was just seen.
                let _ = endpoint.rebind(fork.usage, *flow);
            }
        }
    }
}

/// The same phone for certain. One keeps the Call-ID of its registrations (RFC 3261 10.2).
fn is_same(home: &Binding, other: &Binding) -> bool {
    home.is_same_contact(other) || (home.call_id == other.call_id && !is_another(home, other))
}

/// Another phone for certain: both name their instance (RFC 5626 4.1).
fn is_another(home: &Binding, other: &Binding) -> bool {
    matches!((&home.instance, &other.instance), (Some(home), Some(other)) if home != other)
}
