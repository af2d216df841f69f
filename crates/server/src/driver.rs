//! The driver: the one task that owns a tenant's core and its engines.
//!
//! It stamps the time, journals each input, hands it to the core, carries the core's orders to the engines at once, and gives the
//! rest as one batch to the store. It never waits for the store: replies and events leave when their batch is committed.

use crate::asks::Answerer;
use crate::batch::Draft;
use crate::metrics::{InUse, Metrics};
use crate::projector::Projector;
use crate::registrations::WriteBehind;
use crate::sip_io::{Heard, SipIo, SipSockets, StreamLimits};
use dialects::common::ask::{Ask, Back, Fault, Test, TraceLine};
use dialects::common::clock::Clock;
use dialects::common::exchange::{Down, KeyKnown, Submit};
use engines::simulated::{Hand, HandFault, OnRing, Script};
use engines::sip::{Output as SipOutput, SipDevice};
use engines::{Engines, Output as EngineOutput};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Commit, StoreHandle, SubmitError, Tenant};
use switching::command::{Command, Configure, Principal, Reply, Verb};
use switching::config::{Change, DeviceKind};
use switching::engine::{EngineInput, OrderKind};
use switching::event::{Configured, What};
use switching::id::{CallId, DeviceId, LegId, RequestId};
use switching::time::Time;
use switching::{Decided, Input, Output, Switch};
use tokio::sync::mpsc;

/// What comes down that is taken in one go, before timers and the store have their turn.
const DOWN_PER_TURN_MAX: usize = 256;
/// Turns that one input may take through core and engines: more would be two of them talking in a circle.
const ECHO_MAX: usize = 100_000;

/// Legs of recent calls that are remembered for ladders.
const TRACED_LEGS_MAX: usize = 20_000;
/// How long a stop waits for phones to answer their BYE, in milliseconds.
const SEE_OFF_MS: u64 = 1_500;

/// Who ends the program, in the journal.
const SELF: &str = "server";

/// What the driver works with.
pub struct Parts {
    /// The recovered core.
    pub switch: Switch,
    /// Its engines.
    pub engines: Engines,
    /// The clock of all doors.
    pub clock: Clock,
    /// The store.
    pub store: StoreHandle,
    /// Which tenant.
    pub tenant: Tenant,
    /// Number of the last journaled input.
    pub input_no: u64,
    /// Where committed batches are shown.
    pub projector: Arc<Projector>,
    /// Who answers questions to the store.
    pub answerer: Answerer,
    /// Where blocking work runs.
    pub blocking: tokio::runtime::Handle,
    /// Figures for the operator.
    pub metrics: Arc<Metrics>,
    /// Told by the relay when digits or silence wait.
    pub media: Arc<tokio::sync::Notify>,
}

/// What the driver meets its phones with.
pub struct Wire {
    /// Bound sockets.
    pub sockets: SipSockets,
    /// Bounds on streams.
    pub limits: StreamLimits,
    /// Bindings of the former life: user and stored form.
    pub bindings: Vec<(String, Vec<u8>)>,
    /// Legs of the former life.
    pub orphans: Vec<(LegId, Vec<u8>)>,
}

/// The driver of one tenant.
pub struct Driver {
    parts: Parts,
    request: u64,
    replies: BTreeMap<RequestId, Back<Reply>>,
    draft: Draft,
    /// Sequence number of the log once all batches handed over are committed.
    handed_over: u64,
    /// Set when the store refused a batch: nothing is taken any more.
    failed: bool,
    io: Option<SipIo>,
    registrations: WriteBehind,
    /// Legs of recent calls, for ladders.
    legs: std::collections::VecDeque<(CallId, LegId)>,
}

impl Driver {
    /// A driver for a recovered core. Devices of the core are made known to the engines.
    #[must_use]
    pub fn new(mut parts: Parts) -> Self {
        let devices: Vec<_> = parts
            .switch
            .picture()
            .devices
            .values()
            .map(|device| (device.id, device.config.kind, device.config.display_name.clone()))
            .collect();
        for (id, kind, name) in devices {
            parts.engines.configure(id, Some(kind), &name);
        }
        let request = parts.switch.last_request();
        let handed_over = parts.switch.picture().seq;
        Self {
            parts,
            request,
            replies: BTreeMap::new(),
            draft: Draft::default(),
            handed_over,
            failed: false,
            io: None,
            registrations: WriteBehind::default(),
            legs: std::collections::VecDeque::new(),
        }
    }

    /// What the engines still had after a start; calls whose legs are gone end here.
    pub fn take_inventory(&mut self) {
        let legs = self.parts.engines.legs();
        self.input(Input::Engine(EngineInput::Inventory { legs }));
        self.settle();
    }

    /// A change of configuration from the program itself; gives the object's number.
    ///
    /// # Errors
    ///
    /// When the core refuses it.
    pub fn seed(&mut self, change: Change) -> anyhow::Result<u64> {
        let request = self.next_request();
        let by = Principal { door: SELF.to_owned(), account: String::new() };
        let (back, mut answer) = tokio::sync::oneshot::channel();
        self.replies.insert(request, back);
        self.input(Input::Configure(Box::new(Configure { request, by, change })));
        let reply = self.draft.visible.replies.pop();
        drop(answer.try_recv());
        match reply.map(|(reply, _)| reply.outcome) {
            Some(Ok(switching::command::Answer::Configured(id))) => Ok(id),
            other => anyhow::bail!("the configuration was refused: {other:?}"),
        }
    }

    /// Directory writes go with the next batch.
    pub fn write_directory(&mut self, writes: Vec<store::DirectoryWrite>) {
        self.draft.stored.directory.extend(writes);
        self.draft.stored.durable = true;
    }

    /// The core's public picture.
    #[must_use]
    pub fn picture(&self) -> &switching::picture::Picture {
        self.parts.switch.picture()
    }

    /// A SIP device and its hashed password.
    pub fn put_sip_device(&mut self, device: SipDevice) {
        self.parts.engines.sip.put_device(device);
    }

    /// What a simulated phone does with calls from the start.
    pub fn answer_by_itself(&mut self, device: DeviceId, after_ms: u64) {
        let script = Script { on_ring: OnRing::Answer { after_ms }, ..Script::default() };
        // The seed names only phones that it has just made.
        let _ = self.parts.engines.simulated.set_script(device, script);
    }

    /// Runs until `stop` says so; then all calls are ended.
    ///
    /// # Errors
    ///
    /// When the sockets cannot be served.
    pub async fn run(
        mut self,
        wire: Wire,
        mut queue: mpsc::Receiver<Down>,
        mut stop: tokio::sync::oneshot::Receiver<()>,
    ) -> anyhow::Result<Self> {
        let mut io = SipIo::start(wire.sockets, wire.limits)?;
        self.take_over(&mut io, wire.bindings, wire.orphans);
        self.io = Some(io);
        self.settle();
        loop {
            let wake = self.next_wake();
            let clock = self.parts.clock.clone();
            let media = Arc::clone(&self.parts.media);
            let Some(mut io) = self.io.take() else { break };
            let woken = tokio::select! {
                biased;
                _ = &mut stop => Woken::Stop,
                down = queue.recv() => down.map_or(Woken::Stop, Woken::Down),
                () = io.ready() => Woken::Other,
                () = media.notified() => Woken::Media,
                () = wait_until(&clock, wake) => Woken::Other,
            };
            self.io = Some(io);
            match woken {
                Woken::Stop => break,
                Woken::Down(down) => self.down(down),
                Woken::Media => {
                    self.parts.engines.sip.handle_media(self.parts.clock.now());
                    self.engine_outputs();
                }
                Woken::Other => {}
            }
            for _ in 0..DOWN_PER_TURN_MAX {
                match queue.try_recv() {
                    Ok(down) => self.down(down),
                    Err(_) => break,
                }
            }
            // Sockets are read before timers fire: after a stall of the machine, what came meanwhile counts.
            self.hear();
            self.timers();
            self.settle();
        }
        self.shut_down();
        self.see_off(&mut queue).await;
        Ok(self)
    }

    /// Reads the sockets and lets what was read have its effects.
    fn hear(&mut self) {
        let Some(mut io) = self.io.take() else { return };
        let now = self.parts.clock.now();
        let sip = &mut self.parts.engines.sip;
        io.read(|heard| match heard {
            Heard::Message(flow, octets) => sip.handle_message(now, flow, octets),
            Heard::Ended(connection) => sip.flow_lost(now, connection),
        });
        self.io = Some(io);
        self.engine_outputs();
    }

    /// What a former life left: phones that are registered, and legs to be ended.
    fn take_over(&mut self, io: &mut SipIo, bindings: Vec<(String, Vec<u8>)>, orphans: Vec<(LegId, Vec<u8>)>) {
        let now = self.parts.clock.now();
        for (user, stored) in bindings {
            let remote = engines::sip::source_of(&stored);
            if let Some(local) = remote.and_then(|remote| io.local_towards(remote)) {
                self.parts.engines.sip.restore_binding(now, &user, &stored, local);
            }
        }
        for (leg, stored) in orphans {
            self.parts.engines.sip.end_orphan(now, leg, &stored);
        }
    }

    /// Gives the phones of ended calls a moment to hear of it.
    async fn see_off(&mut self, queue: &mut mpsc::Receiver<Down>) {
        queue.close();
        let end = self.parts.clock.now().after_ms(SEE_OFF_MS);
        while self.parts.engines.sip.says_goodbye() && self.parts.clock.now() < end {
            let wake = self.next_wake().map_or(end, |at| at.min(end));
            let clock = self.parts.clock.clone();
            let Some(mut io) = self.io.take() else { return };
            tokio::select! {
                () = io.ready() => {}
                () = clock.sleep_until(wake) => {}
            }
            self.io = Some(io);
            self.hear();
            self.timers();
            self.settle();
        }
        self.registrations.flush(&self.parts.store, self.parts.tenant);
    }

    /// The core as octets with the number of its last input, for a planned stop.
    #[must_use]
    pub fn snapshot(&self) -> store::Snapshot {
        let seq = self.parts.switch.picture().seq;
        store::Snapshot { input_no: self.parts.input_no, seq, bytes: self.parts.switch.snapshot() }
    }

    fn shut_down(&mut self) {
        let request = self.next_request();
        let by = Principal { door: SELF.to_owned(), account: String::new() };
        let submit = Submit::plain(by, Verb::Shutdown);
        self.input(command(request, submit));
        self.settle();
    }

    fn next_wake(&self) -> Option<Time> {
        let core = self.parts.switch.poll_timeout().map(|(at, _)| at);
        let engines = self.parts.engines.poll_timeout();
        let registrations = self.registrations.due();
        [core, engines, registrations].into_iter().flatten().min()
    }

    fn down(&mut self, down: Down) {
        match down {
            Down::Command(submit, back) => {
                if self.failed {
                    return;
                }
                let request = self.next_request();
                self.replies.insert(request, back);
                self.input(command(request, *submit));
            }
            Down::Configure(by, change, back) => {
                if self.failed {
                    return;
                }
                let request = self.next_request();
                self.replies.insert(request, back);
                self.draft.stored.durable = true;
                self.input(Input::Configure(Box::new(Configure { request, by, change: *change })));
            }
            Down::Key(by, key, back) => {
                let known = match self.parts.switch.key(&by, &key) {
                    None => KeyKnown::Unknown,
                    Some(None) => KeyKnown::Pending,
                    Some(Some(reply)) => KeyKnown::Done(Box::new(reply)),
                };
                // Whoever asked may have gone.
                let _ = back.send(known);
            }
            Down::Ask(Ask::Test(test, back)) => {
                let outcome = self.test(test);
                self.settle();
                // Whoever asked may have gone.
                let _ = back.send(outcome);
            }
            Down::Ask(Ask::Trace(call, back)) => {
                // Whoever asked may have gone.
                let _ = back.send(self.trace(call));
            }
            Down::Ask(ask) => {
                let answerer = self.parts.answerer.clone();
                self.parts.blocking.spawn_blocking(move || answerer.answer(ask));
            }
        }
    }

    fn timers(&mut self) {
        let now = self.parts.clock.now();
        self.parts.engines.handle_timeout(now);
        self.engine_outputs();
        if self.parts.switch.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.input(Input::Timeout);
        }
        if self.registrations.due().is_some_and(|at| at <= now) {
            self.registrations.flush(&self.parts.store, self.parts.tenant);
        }
    }

    /// One input into the core, and everything that follows from it through the engines.
    fn input(&mut self, input: Input) {
        self.one_input(input);
        self.engine_outputs();
    }

    fn engine_outputs(&mut self) {
        for _ in 0..ECHO_MAX {
            match self.parts.engines.poll() {
                Some(EngineOutput::Core(input)) => self.one_input(Input::Engine(input)),
                Some(EngineOutput::Sip(output)) => self.sip_output(output),
                None => return,
            }
        }
        tracing::error!("core and engines talk in a circle; the rest waits for the next turn");
    }

    fn sip_output(&mut self, output: SipOutput) {
        let now = self.parts.clock.now();
        match output {
            SipOutput::Core(input) => self.one_input(Input::Engine(input)),
            SipOutput::Transmit(transmit) => {
                let sent = self.io.as_mut().is_none_or(|io| io.send(&transmit));
                if !sent {
                    self.parts.engines.sip.flow_failed(now, &transmit.flow);
                }
            }
            SipOutput::Checkpoint(leg, stored) => self.draft.checkpoint(leg.0, stored),
            SipOutput::Binding { user, contact, stored, expires } => {
                self.registrations.note(now, user, contact, stored, expires);
            }
        }
    }

    /// The signalling of a call, while it is remembered.
    fn trace(&self, call: CallId) -> Result<Vec<TraceLine>, Fault> {
        let legs: Vec<LegId> = self.legs.iter().filter(|(of, _)| *of == call).map(|(_, leg)| *leg).collect();
        if legs.is_empty() {
            return Err(Fault::NotFound);
        }
        let line = |line: engines::sip::TraceLine| TraceLine {
            at: line.at,
            sent: line.sent,
            peer: format!("{} {}", line.transport, line.peer),
            leg: line.leg.to_string(),
            message: line.message,
        };
        Ok(self.parts.engines.sip.ladder(&legs).into_iter().map(line).collect())
    }

    /// Notes which legs a call has.
    fn note_legs(&mut self, event: &switching::event::Event) {
        let connection = match &event.what {
            What::ServiceInitiated { connection, .. } | What::Delivered { connection, .. } => connection.as_ref(),
            What::Originated { born: Some(born), .. } => &born.0,
            What::Established { born: Some(born), .. } => born.as_ref(),
            _ => return,
        };
        self.legs.push_back((connection.call, connection.leg));
        if self.legs.len() > TRACED_LEGS_MAX {
            self.legs.pop_front();
        }
    }

    fn one_input(&mut self, input: Input) {
        let now = self.parts.clock.now().max(self.parts.switch.now());
        self.parts.input_no += 1;
        self.draft.input(self.parts.input_no, now, &input);
        self.parts.switch.handle(now, input);
        while let Some(output) = self.parts.switch.poll() {
            self.output(now, output);
        }
    }

    fn output(&mut self, now: Time, output: Output) {
        match output {
            Output::Engine(order) => {
                if let OrderKind::Ring { device, .. } = &order.what {
                    tracing::debug!(leg = %order.leg, %device, "ring");
                }
                self.parts.engines.order(now, order);
            }
            Output::Event(event) => {
                if let What::ConfigurationChanged(Configured::Device(id, config)) = &event.what {
                    let kind = config.as_ref().map(|config| config.kind);
                    let name = config.as_ref().map(|config| config.display_name.clone()).unwrap_or_default();
                    self.parts.engines.configure(*id, kind, &name);
                }
                tracing::debug!(seq = event.seq, event = event.what.name(), "event");
                self.note_legs(&event);
                self.draft.event(*event);
            }
            Output::Record(record) => {
                self.parts.metrics.ended(&record);
                self.draft.record(&record);
            }
            Output::Reply(reply) => {
                if let Err(refusal) = &reply.outcome {
                    self.parts.metrics.refused();
                    tracing::info!(request = %reply.request, refusal = refusal.name(), ?refusal, "refused");
                }
                if let Some(back) = self.replies.remove(&reply.request) {
                    self.draft.visible.replies.push((*reply, back));
                }
            }
            Output::Decision { after_seq, call, what } => match what {
                Decided::Skipped { device, why } => {
                    tracing::info!(after_seq, ?call, %device, why = why.name(), "phone skipped");
                }
                Decided::NoRoute { dialled } => tracing::info!(after_seq, ?call, %dialled, "no route"),
            },
        }
    }

    /// Notes for the operator what is in use.
    fn measure(&self) {
        let [_, dialogs, transactions, relay_ports] = self.parts.engines.sip.in_use();
        let picture = self.parts.switch.picture();
        self.parts.metrics.set(InUse {
            calls: picture.calls.len(),
            registrations: self.parts.engines.sip.registered(),
            dialogs,
            transactions,
            relay_ports,
            seq: picture.seq,
        });
    }

    /// Hands what has gathered to the store.
    pub fn settle(&mut self) {
        if self.draft.is_empty() || self.failed {
            return;
        }
        self.measure();
        let Draft { mut stored, visible } = std::mem::take(&mut self.draft);
        stored.tenant = self.parts.tenant;
        let expected_seq = self.handed_over;
        self.handed_over += stored.events.len() as u64;
        let projector = Arc::clone(&self.parts.projector);
        let done = Box::new(move |result: Result<(), store::AppendError>| match result {
            Ok(()) => projector.show(visible),
            Err(error) => tracing::error!(%error, "a batch was not committed; nothing of it is shown"),
        });
        let mut commit = Commit { expected_seq, batch: stored, done };
        loop {
            match self.parts.store.commit(commit) {
                Ok(()) => return,
                Err(SubmitError::Full(back)) => {
                    // The store is thousands of batches behind: calls wait for it rather than lose their records.
                    commit = back;
                    std::thread::yield_now();
                }
                Err(SubmitError::Closed(_)) => {
                    tracing::error!("the store is closed; nothing is taken any more");
                    self.failed = true;
                    return;
                }
            }
        }
    }

    fn next_request(&mut self) -> RequestId {
        self.request += 1;
        RequestId(self.request)
    }

    fn test(&mut self, test: Test) -> Result<(), Fault> {
        let now = self.parts.clock.now();
        let simulated = &mut self.parts.engines.simulated;
        let outcome = match test {
            Test::Hand(device, hand) => simulated.hand(now, device, translate_hand(hand)),
            Test::Script(device, script) => simulated.set_script(device, translate_script(script)),
            Test::OutsideScript(number, script) => {
                simulated.set_outside(number, translate_script(script));
                Ok(())
            }
            Test::RingIn { from, name, to } => match self.trunk() {
                Some(trunk) => self.parts.engines.simulated.ring_in(trunk, from, name, to),
                None => return Err(Fault::NotFound),
            },
            Test::Outside(number, hand) => simulated.outside_hand(&number, translate_hand(hand)),
            Test::Advance { to } => {
                self.advance(to);
                Ok(())
            }
            Test::Step { limit, moved } => {
                let to = self.next_wake().map_or(limit, |at| at.min(limit)).max(now);
                self.advance(to);
                self.settle();
                // Whoever asked may have gone.
                let _ = moved.send((to, self.parts.switch.picture().seq));
                Ok(())
            }
        };
        self.engine_outputs();
        outcome.map_err(|fault| match fault {
            HandFault::NoSuchPhone => Fault::NotFound,
            HandFault::Unplugged => Fault::Value("the phone is unplugged".to_owned()),
            HandFault::NoCall => Fault::Value("the phone has no call to which this could be done".to_owned()),
            HandFault::TooManyCalls => Fault::Value("the phone has too many calls".to_owned()),
        })
    }

    fn trunk(&self) -> Option<DeviceId> {
        let devices = &self.parts.switch.picture().devices;
        devices.values().find(|device| device.config.kind == DeviceKind::Trunk).map(|device| device.id)
    }

    /// Moves a stopped clock, firing every timer on the way at its own instant.
    fn advance(&mut self, to: Time) {
        while let Some(at) = self.next_wake().filter(|at| *at <= to) {
            self.parts.clock.advance_to(at);
            self.timers();
            if !self.parts.clock.is_virtual() {
                return;
            }
        }
        self.parts.clock.advance_to(to);
    }
}

/// What woke the driver.
enum Woken {
    Stop,
    Down(Down),
    Media,
    Other,
}

fn command(request: RequestId, submit: Submit) -> Input {
    let Submit { by, key, guard, reply, deadline_ms, verb } = submit;
    Input::Command(Box::new(Command { request, by, key, guard, reply, deadline_ms, verb }))
}

async fn wait_until(clock: &Clock, at: Option<Time>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn translate_hand(hand: dialects::common::ask::Hand) -> Hand {
    use dialects::common::ask::Hand as Asked;
    match hand {
        Asked::Answer => Hand::Answer,
        Asked::Reject => Hand::Reject,
        Asked::Dial(number) => Hand::Dial(number),
        Asked::Press(digits) => Hand::Press(digits),
        Asked::HangUp => Hand::HangUp,
        Asked::Unplug => Hand::Unplug,
        Asked::PlugIn => Hand::PlugIn,
    }
}

fn translate_script(script: dialects::common::ask::PhoneScript) -> Script {
    use dialects::common::ask::OnRing as Asked;
    let on_ring = match script.on_ring {
        Asked::Wait => OnRing::Wait,
        Asked::Answer { after_ms } => OnRing::Answer { after_ms },
        Asked::Reject { after_ms } => OnRing::Reject { after_ms },
        Asked::Busy => OnRing::Busy,
        Asked::Never => OnRing::Never,
        Asked::Vanish => OnRing::Vanish,
    };
    Script { on_ring, press: script.press, hang_up_after_ms: script.hang_up_after_ms }
}
