//! The exchange itself: its state, its inputs and outputs, and who handles what.

use crate::cause::Cause;
use crate::command::{Answer, Awaits, Command, Configure, Outcome, Reply};
use crate::engine::{EngineInput, Order, OrderKind};
use crate::event::{Event, What};
use crate::id::{CallId, ConnectionId, DeviceId, LegId, OrderId, RequestId};
use crate::keys::{KeyState, Keys, Known};
use crate::leg::{Legs, Waiting, Work};
use crate::limits::{TOMBSTONE_LIFE_MS, TOMBSTONES_MAX};
use crate::party::Digits;
use crate::picture::Picture;
use crate::record::{CallRecord, Recorder};
use crate::refusal::Refusal;
use crate::time::Time;
use crate::timer::{TimerReason, Timers};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, VecDeque};

/// Version of the snapshot's form; a snapshot of another version is not read.
pub const SNAPSHOT_VERSION: u32 = 1;

/// Everything that can happen to the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Input {
    /// An application asks for something.
    #[n(0)]
    Command(#[n(0)] Box<Command>),
    /// The configuration is changed.
    #[n(1)]
    Configure(#[n(0)] Box<Configure>),
    /// An engine says something.
    #[n(2)]
    Engine(#[n(0)] EngineInput),
    /// The time that [`Switch::poll_timeout`] named has come.
    #[n(3)]
    Timeout,
}

/// Why the core decided as it did; traced beside the log, never part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// A phone of the called number was not rung.
    Skipped {
        /// Which.
        device: DeviceId,
        /// Why.
        why: Cause,
    },
    /// The number leads nowhere.
    NoRoute {
        /// Which.
        dialled: Digits,
    },
    /// A phone dialled one call more than it has lines.
    NoLine {
        /// Which phone.
        device: DeviceId,
    },
}

/// What the exchange wants done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Do this now.
    Engine(Order),
    /// This happened; it may be shown once it is committed.
    Event(Box<Event>),
    /// The record of a call that has ended.
    Record(Box<CallRecord>),
    /// The answer to a command.
    Reply(Box<Reply>),
    /// Why something was decided.
    Decision {
        /// After this event.
        after_seq: u64,
        /// In this call.
        call: Option<CallId>,
        /// What.
        what: Decided,
    },
}

/// Counters from which ids come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Counters {
    #[n(0)]
    pub(crate) connection: u64,
    #[n(1)]
    pub(crate) call: u64,
    #[n(2)]
    pub(crate) stage: u64,
    #[n(3)]
    pub(crate) leg: u64,
    #[n(4)]
    pub(crate) order: u64,
    #[n(5)]
    pub(crate) object: u64,
    #[n(6)]
    pub(crate) request: u64,
}

/// All of the core's state; what a snapshot holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct State {
    #[n(0)]
    pub(crate) picture: Picture,
    #[n(1)]
    pub(crate) recorder: Recorder,
    #[n(2)]
    pub(crate) legs: Legs,
    #[n(3)]
    pub(crate) work: BTreeMap<CallId, Work>,
    #[n(4)]
    pub(crate) timers: Timers,
    #[n(5)]
    pub(crate) waiting: BTreeMap<RequestId, Waiting>,
    #[n(6)]
    pub(crate) keys: Keys,
    #[n(7)]
    pub(crate) tombstones: VecDeque<(Time, ConnectionId, CallId)>,
    #[n(8)]
    pub(crate) counters: Counters,
    #[n(9)]
    pub(crate) now: Time,
    /// Commands that wait for a phone to answer on command.
    #[n(10)]
    pub(crate) answering: BTreeMap<ConnectionId, Vec<RequestId>>,
    /// The program is being stopped: nothing new is taken until engines report what a new life has found.
    #[n(11)]
    #[cbor(default)]
    pub(crate) stopping: bool,
}

/// A reply that is given when the input has been handled, so that it knows its place in the log.
struct Due {
    request: RequestId,
    before: u64,
    outcome: Outcome,
}

/// One exchange.
#[derive(Default)]
pub struct Switch {
    pub(crate) state: State,
    orders: VecDeque<Order>,
    out: VecDeque<Output>,
    due: Vec<Due>,
    /// The request being carried out: events carry it.
    pub(crate) request: Option<RequestId>,
}

impl Switch {
    /// An exchange without devices.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input. Then call [`Switch::poll`] until it gives none.
    pub fn handle(&mut self, now: Time, input: Input) {
        self.state.now = self.state.now.max(now);
        match input {
            Input::Command(command) => self.command(*command),
            Input::Configure(configure) => self.configure(*configure),
            Input::Engine(engine) => self.engine(engine),
            Input::Timeout => self.timeout(),
        }
        self.request = None;
        self.give_replies();
        if cfg!(debug_assertions) {
            self.audit();
        }
    }

    /// The next thing to be done; none when all of the last input's have been taken. Orders come first, for they wait for
    /// nobody; then events with their records; then replies.
    pub fn poll(&mut self) -> Option<Output> {
        self.orders.pop_front().map(Output::Engine).or_else(|| self.out.pop_front())
    }

    /// When the core wants [`Input::Timeout`], and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Time, TimerReason)> {
        self.state.timers.next()
    }

    /// The public picture, exact at its sequence number.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.state.picture
    }

    /// Number of the last request that was admitted; the driver goes on from there.
    #[must_use]
    pub fn last_request(&self) -> u64 {
        self.state.counters.request
    }

    /// What became of an idempotency key: none when it was never admitted or is forgotten, `Some(None)` while it is pending, else the
    /// first reply, marked as replayed.
    #[must_use]
    pub fn key(&self, by: &crate::command::Principal, key: &str) -> Option<Option<Reply>> {
        self.state.keys.look_up(by, key).map(|state| match state {
            KeyState::Pending { .. } => None,
            KeyState::Done { request, before, through, outcome } => Some(Reply {
                request: *request,
                before: *before,
                through: *through,
                replayed: true,
                outcome: outcome.clone(),
            }),
        })
    }

    /// The core's time: that of its last input.
    #[must_use]
    pub fn now(&self) -> Time {
        self.state.now
    }

    /// Legs that are alive, for the inventory after a start.
    pub fn legs(&self) -> impl Iterator<Item = (LegId, DeviceId)> {
        self.state.legs.iter().map(|(id, leg)| (id, leg.device))
    }

    /// How many legs, unfinished records, timers and waiting replies there are. All zero when no call is.
    #[must_use]
    pub fn live(&self) -> [usize; 4] {
        let state = &self.state;
        [state.legs.len(), state.recorder.open(), state.timers.reasons().count(), state.waiting.len()]
    }

    /// The whole state as octets, in the form [`SNAPSHOT_VERSION`].
    ///
    /// # Panics
    ///
    /// Never: encoding into memory has no way to fail.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        minicbor::to_vec((SNAPSHOT_VERSION, &self.state)).expect("encoding into memory cannot fail")
    }

    /// Restores a snapshot; none when it is of another version or damaged.
    #[must_use]
    pub fn restore(snapshot: &[u8]) -> Option<Self> {
        let (version, mut state): (u32, State) = minicbor::decode(snapshot).ok()?;
        if version != SNAPSHOT_VERSION {
            return None;
        }
        state.picture.reindex();
        state.legs.reindex();
        state.timers.reindex();
        Some(Self { state, ..Self::default() })
    }

    fn command(&mut self, command: Command) {
        let Command { request, by, key, guard, reply, deadline_ms, verb } = command;
        self.state.counters.request = self.state.counters.request.max(request.0);
        let before = self.state.picture.seq;
        if let Some(key) = &key {
            match self.state.keys.admit(self.state.now, &by, key, request) {
                Known::New => {}
                Known::Joined => return,
                Known::Reused => return self.reply(request, before, Err(Refusal::KeyReused)),
                Known::Answered { before, through, outcome } => {
                    let reply = Reply { request, before, through, replayed: true, outcome };
                    return self.out.push_back(Output::Reply(Box::new(reply)));
                }
            }
        }
        self.request = Some(request);
        match self.carry_out(verb, &guard, reply) {
            Ok(Done::Now(answer)) => self.reply(request, before, Ok(answer)),
            Ok(Done::Later { awaits, within_ms }) => {
                let within_ms = deadline_ms.unwrap_or(within_ms).min(crate::limits::REPLY_DEADLINE_MS_MAX);
                self.state.timers.set(self.state.now.after_ms(within_ms), TimerReason::ReplyDeadline(request));
                self.state.waiting.insert(request, Waiting { before, awaits });
            }
            Err(refusal) => {
                assert_eq!(before, self.state.picture.seq, "a refusal changes nothing");
                self.reply(request, before, Err(refusal));
            }
        }
    }

    fn configure(&mut self, configure: Configure) {
        let Configure { request, by: _, change } = configure;
        self.state.counters.request = self.state.counters.request.max(request.0);
        let before = self.state.picture.seq;
        self.request = Some(request);
        let outcome = self.change(change);
        self.reply(request, before, outcome);
    }

    fn timeout(&mut self) {
        while let Some(reason) = self.state.timers.pop(self.state.now) {
            match reason {
                TimerReason::NoAnswer(leg) => self.no_answer(leg),
                TimerReason::FailTone(connection) => self.clear_after_tone(connection),
                TimerReason::TalkLimit(call) => self.clear_call(call, Cause::TalkLimit, None),
                TimerReason::ReplyDeadline(request) => {
                    self.settle(request, Err(Refusal::PeerTimeout));
                }
            }
        }
    }

    /// Writes an event into the log.
    pub(crate) fn emit(&mut self, calls: Vec<CallId>, devices: Vec<DeviceId>, what: What) {
        let seq = self.state.picture.seq + 1;
        let event = Event { seq, at: self.state.now, request: self.request, calls, devices, what };
        self.state.picture.fold(&event, None);
        let record = self.state.recorder.take(&event, &self.state.picture);
        self.out.push_back(Output::Event(Box::new(event)));
        if let Some(record) = record {
            self.out.push_back(Output::Record(Box::new(record)));
        }
    }

    /// Tells the engine to do something.
    pub(crate) fn order(&mut self, leg: LegId, what: OrderKind) -> OrderId {
        self.state.counters.order += 1;
        let id = OrderId(self.state.counters.order);
        self.orders.push_back(Order { id, leg, what });
        id
    }

    /// Says why something was decided.
    pub(crate) fn decide(&mut self, call: Option<CallId>, what: Decided) {
        self.out.push_back(Output::Decision { after_seq: self.state.picture.seq, call, what });
    }

    /// Gives the reply of a command when the present input has been handled.
    pub(crate) fn reply(&mut self, request: RequestId, before: u64, outcome: Outcome) {
        self.due.push(Due { request, before, outcome });
    }

    /// Gives a deferred reply, if it is still due.
    pub(crate) fn settle(&mut self, request: RequestId, outcome: Outcome) {
        let Some(waiting) = self.state.waiting.remove(&request) else { return };
        self.state.timers.cancel(TimerReason::ReplyDeadline(request));
        match waiting.awaits {
            Awaits::FirstLeg(call) => {
                if let Some(work) = self.state.work.get_mut(&call) {
                    work.waiting = None;
                }
            }
            Awaits::Answer(_, connection) => {
                if let Some(requests) = self.state.answering.get_mut(&connection) {
                    requests.retain(|other| *other != request);
                    if requests.is_empty() {
                        self.state.answering.remove(&connection);
                    }
                }
            }
        }
        self.reply(request, waiting.before, outcome);
    }

    fn give_replies(&mut self) {
        let seq = self.state.picture.seq;
        for Due { request, before, outcome } in std::mem::take(&mut self.due) {
            // A plain refusal has no effects; one of a deferred reply tells of a call that took place.
            let happened = match &outcome {
                Ok(_) => true,
                Err(refusal) => matches!(refusal, Refusal::FirstLeg(_) | Refusal::PeerTimeout | Refusal::PeerRejected),
            };
            let through = if happened { seq } else { before };
            let others = self.state.keys.answered(request, before, through, &outcome);
            for other in others {
                let reply = Reply { request: other, before, through, replayed: true, outcome: outcome.clone() };
                self.out.push_back(Output::Reply(Box::new(reply)));
            }
            self.out.push_back(Output::Reply(Box::new(Reply { request, before, through, replayed: false, outcome })));
        }
    }

    /// Remembers for a while that a connection was there.
    pub(crate) fn bury(&mut self, connection: ConnectionId, call: CallId) {
        let now = self.state.now;
        let graves = &mut self.state.tombstones;
        graves.push_back((now, connection, call));
        while graves.len() > TOMBSTONES_MAX
            || graves.front().is_some_and(|(at, _, _)| now.ms_since(*at) > TOMBSTONE_LIFE_MS)
        {
            graves.pop_front();
        }
    }
}

/// What a service came to.
pub(crate) enum Done {
    /// It is done.
    Now(Answer),
    /// The reply is given when this has happened.
    Later { awaits: Awaits, within_ms: u64 },
}
