//! The SIP engine: a back-to-back user agent. Each leg of a call is one INVITE usage of its own; the core decides which legs
//! belong together, this engine makes their signalling and sound fit.
//!
//! It follows RFC 3261 with 3262, 3264, 3311, 4028 and 4733. One leg may ring several contacts of a device; the first answer
//! wins. Sound is always anchored at the relay. It knows no call, only legs and the peer an order names.

mod auth;
mod cause;
mod checkpoint;
mod config;
mod follow;
mod incoming;
mod invite;
mod leg;
mod media_path;
mod offers;
mod orders;
mod outgoing;
mod register;
mod session;
mod trace;

pub use checkpoint::source_of;
pub use config::{SipConfig, SipDevice};
pub use media_path::HeardSound;
pub use trace::TraceLine;

use ::sip::dialog::{Endpoint, Event, Output as EndpointOutput, UsageKey};
use ::sip::digest::{Bans, Server as DigestServer, ServerConfig};
use ::sip::registrar::Registrar;
use ::sip::transport::{Flow, Transmit};
use follow::{Adrift, Lost};
use leg::Leg;
use media::{PortId, Relay};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use switching::engine::{EngineInput, Order, OrderKind, Report, ReportKind};
use switching::id::{DeviceId, LegId, OrderId};
use switching::time::Time;
use trace::Trace;

/// What the engine wants done.
#[derive(Debug)]
pub enum Output {
    /// Tell the core.
    Core(EngineInput),
    /// Send octets.
    Transmit(Transmit),
    /// Keep the newest state of a leg, or forget it.
    Checkpoint(LegId, Option<Vec<u8>>),
    /// Keep a binding of the registrar, or forget it.
    Binding {
        /// The device's SIP user.
        user: String,
        /// The contact's URI.
        contact: String,
        /// The stored form; none: forget it.
        stored: Option<Vec<u8>>,
        /// When it ends by itself.
        expires: Time,
    },
}

/// Waking up so late is a stall of the machine, in milliseconds.
const STALL_MS: u64 = 1_000;

/// What an in-dialog request of ours was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Is the phone still there?
    Probe,
    /// Answer the call.
    Talk(OrderId),
}

/// The engine.
pub struct SipEngine {
    config: SipConfig,
    endpoint: Endpoint,
    registrar: Registrar,
    digest: DigestServer,
    bans: Bans,
    relay: Relay,
    devices: BTreeMap<String, SipDevice>,
    users: BTreeMap<DeviceId, String>,
    /// How a registered contact was reached last, by user and URI.
    flows: BTreeMap<String, BTreeMap<String, Flow>>,
    lost: Lost,
    /// Dialogs that are to be ended once their phone is back.
    adrift: BTreeMap<UsageKey, Adrift>,
    adrift_until: BTreeSet<(u64, UsageKey)>,
    legs: BTreeMap<LegId, Box<Leg>>,
    by_usage: BTreeMap<UsageKey, LegId>,
    by_port: BTreeMap<PortId, LegId>,
    asked: BTreeMap<UsageKey, Asked>,
    session_deadlines: BTreeSet<(u64, LegId)>,
    out: VecDeque<Output>,
    trace: Trace,
    arrived: u64,
    /// Legs of a former life that are being ended.
    orphans: BTreeSet<UsageKey>,
    heard: Vec<HeardSound>,
}

impl SipEngine {
    /// An engine without devices. `seed` makes its tags unguessable.
    #[must_use]
    pub fn new(config: SipConfig, relay: Relay, seed: [u8; 32]) -> Self {
        let digest = ServerConfig::new(config.realm.clone(), config.nonce_key);
        Self {
            endpoint: Endpoint::new(config.endpoint.clone(), seed),
            registrar: Registrar::new(config.registrar.clone()),
            digest: DigestServer::new(&digest),
            bans: Bans::new(config.bans.clone()),
            relay,
            devices: BTreeMap::new(),
            users: BTreeMap::new(),
            flows: BTreeMap::new(),
            lost: Lost::default(),
            adrift: BTreeMap::new(),
            adrift_until: BTreeSet::new(),
            legs: BTreeMap::new(),
            by_usage: BTreeMap::new(),
            by_port: BTreeMap::new(),
            asked: BTreeMap::new(),
            session_deadlines: BTreeSet::new(),
            out: VecDeque::new(),
            trace: Trace::new(config.trace_octets_max),
            arrived: 0,
            orphans: BTreeSet::new(),
            heard: Vec::new(),
            config,
        }
    }

    /// A device was configured or its secret changed.
    pub fn put_device(&mut self, device: SipDevice) {
        if let Some(old) = self.users.insert(device.id, device.user.clone())
            && old != device.user
        {
            self.devices.remove(&old);
        }
        self.devices.insert(device.user.clone(), device);
    }

    /// A device was removed: its legs are the core's to end.
    pub fn remove_device(&mut self, id: DeviceId) {
        if let Some(user) = self.users.remove(&id) {
            self.devices.remove(&user);
        }
    }

    /// Takes a datagram, or a message cut from a stream.
    pub fn handle_message(&mut self, now: Time, flow: &Flow, octets: &[u8]) {
        let source = flow.remote.ip();
        if self.bans.is_banned(source, self.registrar.has_source(source), now.0) {
            return;
        }
        self.trace.received(now, flow, octets);
        self.endpoint.handle_datagram(now.0, flow, octets);
        self.drain(now);
    }

    /// Nothing can be sent there (connection refused, host unreachable).
    pub fn flow_failed(&mut self, now: Time, flow: &Flow) {
        self.endpoint.flow_failed(now.0, flow);
        self.drain(now);
    }

    /// Carries out an order at once.
    pub fn order(&mut self, now: Time, order: Order) {
        let Order { id, leg, what } = order;
        match what {
            OrderKind::Ring { device, from, to, peer, auto_answer, ring_limit_ms } => {
                let ring = outgoing::Ring { order: id, device, from, to, peer, auto_answer, ring_limit_ms };
                self.ring(now, leg, Box::new(ring));
            }
            OrderKind::Alert { peer } => self.alert(now, leg, peer),
            OrderKind::Accept { peer } => self.accept(now, leg, peer),
            OrderKind::AnswerRemotely => self.answer_remotely(now, id, leg),
            OrderKind::Join { peer } => self.join(now, leg, peer),
            OrderKind::Release { cause } => self.release(now, leg, cause),
        }
        self.drain(now);
    }

    /// What the relay noticed: digits and silence.
    pub fn handle_media(&mut self, now: Time) {
        while let Some(event) = self.relay.poll_event() {
            self.media_event(now, event);
        }
        self.drain(now);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let endpoint = self.endpoint.poll_timeout();
        let registrar = self.registrar.next_deadline();
        let session = self.session_deadlines.first().map(|(at, _)| *at);
        let adrift = self.adrift_until.first().map(|(at, _)| *at);
        [endpoint, registrar, session, adrift].into_iter().flatten().min().map(Time)
    }

    /// The time has come. Sockets are read before this is called: after a stall of the machine what came meanwhile counts, and
    /// timers move by the pause, since peers could not be heard.
    pub fn handle_timeout(&mut self, now: Time) {
        let late_ms = self.endpoint.poll_timeout().map_or(0, |at| now.0.saturating_sub(at));
        if late_ms >= STALL_MS {
            self.endpoint.shift_timers(late_ms);
        }
        self.endpoint.handle_timeout(now.0);
        self.drain(now);
        self.digest.handle_timeout(now.0);
        self.expire_registrations(now);
        self.session_timeouts(now);
        self.waited_enough(now);
        self.drain(now);
    }

    /// Whether this is one of its legs.
    #[must_use]
    pub fn has_leg(&self, leg: LegId) -> bool {
        self.legs.contains_key(&leg)
    }

    /// How many legs, dialog usages, transactions and relay ports are in use.
    #[must_use]
    pub fn in_use(&self) -> [usize; 4] {
        let transactions = self.endpoint.transactions().len();
        [self.legs.len(), self.endpoint.usage_count(), transactions, self.relay.ports_in_use()]
    }

    /// Whether nothing is left of any call, in any of its tables.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let tables = [
            self.by_usage.len(),
            self.by_port.len(),
            self.asked.len(),
            self.session_deadlines.len(),
            self.orphans.len(),
            self.adrift.len(),
            self.adrift_until.len(),
        ];
        self.in_use() == [0; 4] && tables == [0; 7]
    }

    /// What the relay counts for each leg.
    #[must_use]
    pub fn media_stats(&self) -> Vec<(LegId, media::Stats)> {
        let ports = self.legs.values().filter_map(|leg| Some((leg.id, leg.port?.id)));
        ports.filter_map(|(leg, port)| Some((leg, self.relay.stats(port).ok()?))).collect()
    }

    /// The relay's port of a leg.
    #[must_use]
    pub fn media_port(&self, leg: LegId) -> Option<PortId> {
        self.legs.get(&leg)?.port.map(|port| port.id)
    }

    /// How many phones have a valid registration.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.registrar.addresses_of_record().count()
    }

    /// Whether a BYE is still on its way to a leg of a former life.
    #[must_use]
    pub fn ends_orphans(&self) -> bool {
        !self.orphans.is_empty()
    }

    /// The signalling of legs, oldest first, credentials masked.
    #[must_use]
    pub fn ladder(&self, legs: &[LegId]) -> Vec<TraceLine> {
        self.trace.ladder(legs)
    }

    fn drain(&mut self, now: Time) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                EndpointOutput::Transmit(transmit) => {
                    self.trace.sent(now, &transmit.flow, &transmit.bytes);
                    self.out.push_back(Output::Transmit(transmit));
                }
                EndpointOutput::Event(event) => self.event(now, event),
            }
        }
    }

    fn event(&mut self, now: Time, event: Event) {
        match event {
            Event::Invite { usage, flow, sdp, message } => self.invited(now, usage, &flow, sdp.as_ref(), &message),
            Event::Request { key, flow, message } => self.requested(now, key, &flow, &message),
            Event::Response { .. } | Event::NoResponse { .. } => {}
            Event::Provisional { usage, code, sdp, .. } => self.provisional(now, usage, code, sdp.as_ref()),
            Event::Answered { usage, sdp, message } => self.answered(now, usage, sdp.as_ref(), &message),
            Event::Failed { usage, code, message } => self.failed(now, usage, code, message.as_ref()),
            Event::Acked { usage, sdp } => self.acked(now, usage, sdp.as_ref()),
            Event::NoAck { usage } | Event::NoPrack { usage } => self.lost(now, usage),
            Event::Prack { usage, sdp, key } => self.pracked(now, usage, sdp.as_ref(), key),
            Event::ReInvite { usage, sdp, message } => self.offered(now, usage, false, sdp.as_ref(), &message),
            Event::Update { usage, sdp, message } => self.offered(now, usage, true, sdp.as_ref(), &message),
            Event::OfferAnswered { usage, sdp, message } => self.offer_answered(now, usage, sdp.as_ref(), &message),
            Event::OfferRefused { usage, code, message } => self.offer_refused(now, usage, code, message.as_ref()),
            Event::Info { usage, content_type, body, .. } => self.info(now, usage, &content_type, &body),
            Event::InDialog { key, message, .. } => self.in_dialog(now, key, &message),
            Event::RequestDone { usage, method, code, .. } => self.request_done(now, usage, method, code),
            Event::Bye { usage, message } | Event::Cancelled { usage, message } => self.hung_up(now, usage, &message),
            Event::Ended { usage, .. } => self.ended(now, usage),
        }
    }

    /// Tells the core what happened on a leg.
    fn report(&mut self, leg: LegId, what: ReportKind) {
        let Some(it) = self.legs.get_mut(&leg) else { return };
        it.seq += 1;
        let leg_seq = it.seq;
        self.out.push_back(Output::Core(EngineInput::Report(Report { leg, leg_seq, what })));
    }

    fn leg_of(&self, usage: UsageKey) -> Option<LegId> {
        self.by_usage.get(&usage).copied()
    }
}
