//! Dialogs follow their phone: when it comes back over another connection, what we say in its dialogs goes there (RFC 5626
//! 5.3). It may have another Contact URI then, since its port is new.
//!
//! Is a call ended meanwhile, its BYE waits for the phone as long as its registration does.
//!
//! A datagram needs none of this: it goes to the Contact, or to where the phone was seen.

use super::SipEngine;
use ::sip::dialog::{Endpoint, UsageKey};
use ::sip::message::Headers;
use ::sip::registrar::{Binding, Reach};
use ::sip::transport::{Flow, Transport};
use std::collections::{BTreeSet, VecDeque};
use switching::id::DeviceId;
use switching::time::Time;

/// Ended connections that are remembered; the oldest is forgotten first.
const LOST_MAX: usize = 4_096;
/// Dialogs whose BYE waits for a connection; beyond these it is tried at once, in vain.
const ADRIFT_MAX: usize = 4_096;

/// A dialog that is to be ended, with a phone that cannot be reached now.
#[derive(Debug)]
pub(super) struct Adrift {
    device: DeviceId,
    home: Option<Box<Binding>>,
    /// Lines of its BYE.
    headers: Headers,
    until: u64,
}

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

    /// Whether what is said over this flow reaches nobody: its connection has ended.
    fn has(&self, flow: &Flow) -> bool {
        flow.transport != Transport::Udp && (flow.connection == 0 || self.known.contains(&flow.connection))
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
    pub(super) fn follow(&mut self, now: Time, device: DeviceId, binding: &Binding, old: Option<Flow>, new: &Flow) {
        let Self { legs, lost, endpoint, adrift, .. } = self;
        let was = |endpoint: &Endpoint, usage| endpoint.info(usage).map(|info| info.flow).filter(|flow| flow != new);
        let moves = |was: &Flow, home: Option<&Binding>| {
            let is_stream = was.transport != Transport::Udp;
            let same = home.is_some_and(|home| is_same(home, binding))
                || old.is_some_and(|old| old.connection == was.connection);
            is_stream && (same || (lost.has(was) && !home.is_some_and(|home| is_another(home, binding))))
        };
        for fork in legs.values().filter(|leg| leg.device == device).flat_map(|leg| &leg.forks) {
            if was(endpoint, fork.usage).is_some_and(|was| moves(&was, fork.home.as_deref())) {
                // It was just seen.
                let _ = endpoint.rebind(fork.usage, *new);
            }
        }
        let waits = adrift.iter().filter(|(usage, it)| {
            it.device == device && was(endpoint, **usage).is_some_and(|was| moves(&was, it.home.as_deref()))
        });
        for usage in waits.map(|(usage, _)| *usage).collect::<Vec<_>>() {
            // It was just seen.
            let _ = self.endpoint.rebind(usage, *new);
            self.say_goodbye(now, usage);
        }
    }

    /// Whether what we say in this dialog reaches nobody now: its connection has ended, and none has taken its place.
    pub(super) fn is_adrift(&self, usage: UsageKey) -> bool {
        self.endpoint.info(usage).is_some_and(|info| self.lost.has(&info.flow))
    }

    /// Ends a dialog as soon as its phone is back.
    pub(super) fn end_when_back(
        &mut self,
        now: Time,
        usage: UsageKey,
        device: DeviceId,
        home: Option<Box<Binding>>,
        headers: Headers,
    ) {
        let until = now.0 + self.config.registrar.no_flow_grace_ms;
        self.adrift.insert(usage, Adrift { device, home, headers, until });
        self.adrift_until.insert((until, usage));
        if self.adrift.len() > ADRIFT_MAX {
            self.say_goodbye(now, usage);
        }
    }

    /// Those that were waited for long enough: their BYE fails, and that is the end.
    pub(super) fn waited_enough(&mut self, now: Time) {
        while let Some((_, usage)) = self.adrift_until.first().copied().filter(|(until, _)| *until <= now.0) {
            self.say_goodbye(now, usage);
        }
    }

    fn say_goodbye(&mut self, now: Time, usage: UsageKey) {
        if let Some(headers) = self.not_adrift(usage) {
            // It may have ended by itself.
            let _ = self.endpoint.bye(now.0, usage, headers);
        }
    }

    /// The dialog has an end, or comes to it now.
    pub(super) fn not_adrift(&mut self, usage: UsageKey) -> Option<Headers> {
        let Adrift { headers, until, .. } = self.adrift.remove(&usage)?;
        self.adrift_until.remove(&(until, usage));
        Some(headers)
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
