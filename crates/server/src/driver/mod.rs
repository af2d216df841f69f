//! The driver: the one task that owns a tenant's core and its engines.
//!
//! It stamps the time, journals each input, hands it to the core, carries the core's orders to the engines at once (those of a
//! command under an idempotency key when it is on disk: [`held`]), and gives the rest as one batch to the store. It never waits for the
//! store: replies and events leave when their batch is committed.

mod down;
mod figures;
mod held;
mod test_control;
mod wire;

use crate::asks::Answerer;
use crate::batch::Draft;
use crate::maintenance::Maintenance;
use crate::memory::Ebb;
use crate::metrics::Metrics;
use crate::projector::Projector;
use crate::registrations::WriteBehind;
use crate::sip_io::{SipIo, SipSockets, StreamLimits};
use dialects::common::ask::Back;
use dialects::common::clock::Clock;
use dialects::common::exchange::{Down, Submit};
use engines::simulated::{OnRing, Script};
use engines::sip::SipDevice;
use engines::{Engines, Output as EngineOutput};
use held::Held;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Commit, StoreHandle, SubmitError, Tenant};
use switching::command::{Command, Configure, Principal, Reply, Verb};
use switching::config::Change;
use switching::engine::{EngineInput, Order, OrderKind};
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

/// Waking so much later than was asked is a stall of the machine, in milliseconds.
const LATE_MS: u64 = 100;

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
    /// Snapshots and retention.
    pub maintenance: Maintenance,
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
    /// Orders that wait for the disk.
    held: Held,
    io: Option<SipIo>,
    registrations: WriteBehind,
    /// When the figures were last noted, and whether something happened since.
    measured: Option<Time>,
    unmeasured: bool,
    ebb: Ebb,
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
            held: Held::default(),
            io: None,
            measured: None,
            unmeasured: false,
            ebb: Ebb::default(),
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
        // A phone that has been removed since needs none.
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
            let committed = self.held.committed();
            let Some(mut io) = self.io.take() else { break };
            let woken = tokio::select! {
                biased;
                _ = &mut stop => Woken::Stop,
                down = queue.recv() => down.map_or(Woken::Stop, Woken::Down),
                () = io.ready() => Woken::Other,
                () = media.notified() => Woken::Media,
                () = committed.further() => Woken::Other,
                () = wait_until(&clock, wake) => Woken::Other,
            };
            self.io = Some(io);
            // Timers of this turn fire as of now: a stall in its midst is the next turn's, which hears first.
            let now = self.parts.clock.now();
            if wake.is_some_and(|at| now >= at.after_ms(LATE_MS)) {
                // A stall may have cut the wait for sockets short (a signal does): the runtime looks at them again before it
                // comes back here, so that what came meanwhile is heard before any timer fires.
                tokio::task::yield_now().await;
            }
            self.let_go();
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
            self.timers(now);
            self.settle();
            if self.parts.maintenance.wants_snapshot(self.parts.input_no) {
                let snapshot = self.snapshot();
                self.parts.maintenance.keep_snapshot(&self.parts.store, self.parts.tenant, snapshot);
            }
        }
        self.shut_down();
        self.see_off(&mut queue).await;
        Ok(self)
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
        self.next_timer().into_iter().chain(self.figures_due()).min()
    }

    /// The same, but for the figures: they follow what happens, and nothing happens because they are noted.
    fn next_timer(&self) -> Option<Time> {
        let core = self.parts.switch.poll_timeout().map(|(at, _)| at);
        let engines = self.parts.engines.poll_timeout();
        let registrations = self.registrations.due();
        [core, engines, registrations, Some(self.parts.maintenance.due())].into_iter().flatten().min()
    }

    fn timers(&mut self, now: Time) {
        self.parts.engines.handle_timeout(now);
        self.engine_outputs();
        if self.parts.switch.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.input(Input::Timeout);
        }
        self.parts.maintenance.prune(&self.parts.store, self.parts.tenant, now);
        if self.registrations.due().is_some_and(|at| at <= now) {
            self.registrations.flush(&self.parts.store, self.parts.tenant);
        }
        // Last, for what a timer has just ended may be the last thing that happens in a long while.
        self.measure();
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

    fn one_input(&mut self, input: Input) {
        let now = self.parts.clock.now().max(self.parts.switch.now());
        self.parts.input_no += 1;
        self.draft.input(self.parts.input_no, now, &input);
        // What a crash could make to be done twice waits for the disk; all else leaves at once.
        let keyed = matches!(&input, Input::Command(command) if command.key.is_some());
        let until = keyed.then_some(self.parts.input_no);
        self.parts.switch.handle(now, input);
        while let Some(output) = self.parts.switch.poll() {
            self.output(now, until, output);
        }
    }

    fn order(&mut self, now: Time, order: Order) {
        if let OrderKind::Ring { device, .. } = &order.what {
            tracing::debug!(leg = %order.leg, %device, "ring");
        }
        self.parts.engines.order(now, order);
    }

    /// Orders leave that waited for the disk and need not any more.
    fn let_go(&mut self) {
        let now = self.parts.clock.now();
        while let Some(order) = self.held.next() {
            self.order(now, order);
            self.engine_outputs();
        }
    }

    fn output(&mut self, now: Time, until: Option<u64>, output: Output) {
        match output {
            Output::Engine(order) => {
                if let Some(order) = self.held.pass(order, until) {
                    self.order(now, order);
                }
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
                self.draft.record(record);
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
                Decided::NoLine { device } => tracing::info!(after_seq, %device, "no line left: its call is refused"),
                Decided::NoRoute { dialled } => tracing::info!(after_seq, ?call, %dialled, "no route"),
            },
        }
    }

    /// Hands what has gathered to the store.
    pub fn settle(&mut self) {
        if self.draft.is_empty() || self.failed {
            return;
        }
        let Draft { mut stored, visible } = std::mem::take(&mut self.draft);
        stored.tenant = self.parts.tenant;
        let expected_seq = self.handed_over;
        self.handed_over += stored.events.len() as u64;
        let projector = Arc::clone(&self.parts.projector);
        let (waits, input_no) = (self.held.waits(), self.parts.input_no);
        let done = Box::new(move |result: Result<(), store::AppendError>| match result {
            Ok(()) => {
                // First, so that whoever acts on what is shown finds the phones told.
                if let Some(committed) = waits {
                    committed.reached(input_no);
                }
                projector.show(visible);
            }
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
