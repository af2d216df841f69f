//! The auditor: a second exchange in the smallest words, written from the rules and not from the core.
//!
//! It sees the inputs that the core gets and predicts every order, event, record and reply, with ids, sequence numbers, causes and
//! times; then it compares. It knows nothing of pictures, snapshots or vendors, and it never asks the core anything.

mod attempt;
mod book;
mod command;
mod keys;
mod report;
pub mod sign;

use attempt::{Attempt, End, Phase, telling};
use book::{Book, Targets};
use keys::Keys;
use sign::{About, Bill, EventSign, OrderSign, OrderWhat, OutcomeSign, Part, ReplySign, Signs};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use switching::cause::{Cause, Elsewhere};
use switching::id::{CallId, ConnectionId, DeviceId, LegId, OrderId, RequestId, StageId};
use switching::time::Time;
use switching::{Input, Output};

/// How long an ended connection is known to have been there, in milliseconds, and how many are.
const GRAVE_LIFE_MS: u64 = 60_000;
const GRAVES_MAX: usize = 10_000;

/// When something is due, and what. At one instant ringing ends before tones, tones before talk, talk before replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Clock {
    Ringing(LegId),
    Tone(ConnectionId),
    Talk(CallId),
    Reply(RequestId),
}

/// A reply that waits.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    before: u64,
    on: WaitsOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitsOn {
    FirstLeg(CallId),
    Answer(OrderId, ConnectionId),
}

/// The second exchange.
#[derive(Default)]
pub struct Auditor {
    book: Book,
    now: Time,
    request: Option<RequestId>,
    attempts: BTreeMap<CallId, Attempt>,
    /// Legs that are alive, with their call and the number of their last report.
    legs: BTreeMap<LegId, (CallId, u32)>,
    arrived_before: BTreeSet<LegId>,
    /// From *Shutdown* on, until an inventory.
    stopping: bool,
    of_connection: BTreeMap<ConnectionId, CallId>,
    clocks: BTreeSet<(Time, Clock)>,
    due_at: BTreeMap<Clock, Time>,
    waiting: BTreeMap<RequestId, Waiting>,
    graves: VecDeque<(Time, ConnectionId, CallId)>,
    keys: Keys,
    counted: Counted,
    signs: Signs,
    due: Vec<(RequestId, u64, OutcomeSign)>,
}

#[derive(Default)]
struct Counted {
    seq: u64,
    connection: u64,
    call: u64,
    stage: u64,
    leg: u64,
    order: u64,
}

impl Auditor {
    /// Takes an input and what came of it; says what is wrong.
    ///
    /// # Errors
    ///
    /// The first difference between what had to come and what came.
    pub fn take(&mut self, now: Time, input: &Input, outputs: &[Output]) -> Result<(), String> {
        let expected = self.predict(now, input);
        let seen = Signs::of(outputs);
        expected.differ(&seen).map_or(Ok(()), Err)
    }

    /// What must come of an input.
    pub fn predict(&mut self, now: Time, input: &Input) -> Signs {
        self.now = self.now.max(now);
        match input {
            Input::Command(command) => self.command(command),
            Input::Configure(configure) => {
                let before = self.counted.seq;
                self.request = Some(configure.request);
                let id = self.book.change(&configure.change);
                self.event("configuration_changed", None, About::Nothing, None);
                self.due.push((configure.request, before, OutcomeSign::Configured(id)));
            }
            Input::Engine(input) => self.engine(input),
            Input::Timeout => self.time_passes(),
        }
        self.request = None;
        self.give_replies();
        std::mem::take(&mut self.signs)
    }

    /// How many calls there are.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.attempts.len()
    }

    fn time_passes(&mut self) {
        while let Some((at, clock)) = self.clocks.first().copied().filter(|(at, _)| *at <= self.now) {
            self.clocks.remove(&(at, clock));
            self.due_at.remove(&clock);
            match clock {
                Clock::Ringing(leg) => self.rang_long_enough(leg),
                Clock::Tone(connection) => self.clear(connection, Cause::Timeout),
                Clock::Talk(call) => self.clear_call(call, Cause::TalkLimit, None),
                Clock::Reply(request) => self.settle(request, OutcomeSign::Refused("peer_timeout")),
            }
        }
    }

    fn stop(&mut self, clock: Clock) {
        if let Some(at) = self.due_at.remove(&clock) {
            self.clocks.remove(&(at, clock));
        }
    }

    fn start(&mut self, clock: Clock, ms: u64) {
        self.stop(clock);
        let at = self.now.after_ms(ms);
        self.due_at.insert(clock, at);
        self.clocks.insert((at, clock));
    }

    fn event(&mut self, name: &'static str, call: Option<&mut Attempt>, about: About, cause: Option<Cause>) {
        self.counted.seq += 1;
        let seq = self.counted.seq;
        let of = call.as_ref().map(|call| call.call);
        if let Some(call) = call {
            if call.events == 0 {
                call.first_seq = seq;
            }
            call.events += 1;
        }
        self.signs.events.push(EventSign { seq, at: self.now, request: self.request, name, call: of, about, cause });
    }

    fn order(&mut self, leg: LegId, what: OrderWhat) -> OrderId {
        self.counted.order += 1;
        let id = OrderId(self.counted.order);
        self.signs.orders.push(OrderSign { id, leg, what });
        id
    }

    fn new_end(&mut self, call: CallId, leg: LegId, device: DeviceId, public: bool) -> End {
        self.counted.connection += 1;
        let connection = ConnectionId(self.counted.connection);
        self.legs.insert(leg, (call, 0));
        if let Some(phone) = self.book.phones.get_mut(&device) {
            phone.lines += 1;
        }
        let mut end =
            End { leg, connection, device, born: self.now, public: false, rang: false, up: false, talks_since: None };
        if public {
            self.show(call, &mut end);
        }
        end
    }

    fn show(&mut self, call: CallId, end: &mut End) {
        end.public = true;
        self.of_connection.insert(end.connection, call);
        if let Some(phone) = self.book.phones.get_mut(&end.device) {
            phone.seen.push(end.connection);
        }
    }

    fn next_leg(&mut self) -> LegId {
        self.counted.leg += 1;
        LegId(self.counted.leg)
    }

    fn open_stage(&mut self, call: &mut Attempt) -> StageId {
        self.counted.stage += 1;
        let stage = StageId(self.counted.stage);
        call.stages.push((stage, false));
        self.event("stage_opened", Some(call), About::Stage(stage), None);
        stage
    }

    /// Tries the phones of the number that was dialled. `call` is put back, or ends.
    fn try_destination(&mut self, mut call: Attempt) {
        let Some(caller) = call.caller.clone() else { return };
        call.phase = Phase::Trying;
        if !self.book.may_call(caller.device, &call.dialled) {
            return self.fail(call, Cause::Blocked);
        }
        let Some(Targets { phones, ring_ms, closed }) = self.book.targets(&call.dialled) else {
            return self.fail(call, Cause::InvalidDestination);
        };
        let why_not = |device: &DeviceId| {
            let phone = self.book.phones.get(device)?;
            let busy = *device == caller.device || phone.full();
            [(closed, Cause::DoNotDisturb), (!phone.reachable(), Cause::Unregistered), (busy, Cause::Busy)]
                .into_iter()
                .find_map(|(holds, cause)| holds.then_some(cause))
        };
        let tried: Vec<(DeviceId, Option<Cause>)> = phones.iter().map(|device| (*device, why_not(device))).collect();
        if tried.iter().all(|(_, why)| why.is_some()) {
            let worst = tried.iter().filter_map(|(_, why)| *why).max_by_key(|why| telling(*why));
            return self.fail(call, worst.unwrap_or(Cause::NotObtainable));
        }
        let limit_ms = call.ring_ms.or(ring_ms).unwrap_or(self.book.settings.ring_ms);
        for (device, _) in tried.into_iter().filter(|(_, why)| why.is_none()) {
            let leg = self.next_leg();
            let end = self.new_end(call.call, leg, device, false);
            self.start(Clock::Ringing(leg), limit_ms);
            let auto_answer = call.auto_answer && self.lifts_itself(device);
            self.order(leg, OrderWhat::Ring { device, limit_ms, auto_answer });
            call.called.push(end);
        }
        self.attempts.insert(call.call, call);
    }

    /// The attempt has failed: the caller hears it, if it hears at all, or is told and ends.
    fn fail(&mut self, mut call: Attempt, cause: Cause) {
        let Some(caller) = call.caller.clone() else { return };
        call.note(cause);
        self.event("failed", Some(&mut call), About::Connection(caller.connection), Some(cause));
        match call.tone_ms.filter(|_| caller.up && call.ordered) {
            Some(ms) => {
                call.phase = Phase::Tone;
                self.start(Clock::Tone(caller.connection), ms);
                self.attempts.insert(call.call, call);
            }
            None => {
                self.order(caller.leg, OrderWhat::Release(cause));
                call.caller = None;
                self.leave(&mut call, caller, cause);
                self.finish(call, Cause::NormalClearing);
            }
        }
    }

    fn fail_if_all_refused(&mut self, call: Attempt) {
        if call.phase == Phase::Trying && call.called.is_empty() {
            let cause = call.worst.unwrap_or(Cause::NotObtainable);
            self.fail(call, cause);
        } else {
            self.attempts.insert(call.call, call);
        }
    }

    /// A destination has answered.
    fn talk(&mut self, mut call: Attempt, leg: LegId) {
        let Some(place) = call.called.iter().position(|end| end.leg == leg) else { return };
        let mut winner = call.called.remove(place);
        if let Some(caller) = &mut call.caller {
            let what = if caller.up { OrderWhat::Join { peer: leg } } else { OrderWhat::Accept { peer: leg } };
            caller.up = true;
            caller.talks_since = Some(self.now);
            let to = caller.leg;
            self.order(to, what);
        }
        winner.up = true;
        winner.talks_since = Some(self.now);
        if !winner.public {
            self.show(call.call, &mut winner);
        }
        call.phase = Phase::Talking;
        if let Some(stage) = call.stages.last_mut() {
            stage.1 = true;
        }
        let entered = if call.circuit.is_some() { Cause::TrunkCall } else { Cause::NewCall };
        self.event("established", Some(&mut call), About::Connection(winner.connection), Some(entered));
        let elsewhere = Cause::AnsweredElsewhere(Elsewhere::Branch);
        for loser in std::mem::take(&mut call.called) {
            self.order(loser.leg, OrderWhat::Release(elsewhere));
            self.leave(&mut call, loser, elsewhere);
        }
        call.called.push(winner);
        if let Some(ms) = call.limit_ms {
            self.start(Clock::Talk(call.call), ms);
        }
        self.attempts.insert(call.call, call);
    }

    /// An end is taken out of a call: its leg is over, and if it was seen, that is told.
    fn leave(&mut self, call: &mut Attempt, end: End, cause: Cause) {
        self.stop(Clock::Ringing(end.leg));
        self.stop(Clock::Tone(end.connection));
        self.legs.remove(&end.leg);
        if let Some(phone) = self.book.phones.get_mut(&end.device) {
            phone.lines -= 1;
            phone.seen.retain(|other| *other != end.connection);
        }
        self.answer_commands(end.connection, OutcomeSign::Refused("peer_rejected"));
        if !end.public {
            return;
        }
        self.of_connection.remove(&end.connection);
        self.graves.push_back((self.now, end.connection, call.call));
        while self.graves.len() > GRAVES_MAX {
            self.graves.pop_front();
        }
        self.event("connection_cleared", Some(call), About::Connection(end.connection), Some(cause));
        let (connection, born, answered, ended) = (end.connection, end.born, end.talks_since, self.now);
        call.parts.push(Part { connection, born, answered, ended, cause });
    }

    /// Ends what is left of a call.
    fn finish(&mut self, mut call: Attempt, cause: Cause) {
        let left: Vec<End> = call.caller.take().into_iter().chain(std::mem::take(&mut call.called)).collect();
        for end in left {
            self.order(end.leg, OrderWhat::Release(cause));
            self.leave(&mut call, end, cause);
        }
        let given_up = if cause == Cause::NormalClearing { Cause::Abandoned } else { cause };
        let mut stages = Vec::new();
        for (stage, answered) in call.stages.clone() {
            let why = (!answered).then(|| call.worst.unwrap_or(given_up));
            self.event("stage_closed", Some(&mut call), About::Stage(stage), why);
            stages.push((stage, why));
        }
        self.stop(Clock::Talk(call.call));
        self.event("call_cleared", Some(&mut call), About::Nothing, None);
        self.attempts.remove(&call.call);
        call.parts.sort_by_key(|part| part.connection);
        // The caller is the connection that began first.
        let talk_ms = call.parts.first().and_then(|part| Some(part.ended.ms_since(part.answered?))).unwrap_or(0);
        self.signs.bills.push(Bill {
            call: call.call,
            first_seq: call.first_seq,
            last_seq: self.counted.seq,
            events: call.events,
            parts: call.parts,
            stages,
            talk_ms,
        });
    }

    /// One end leaves: on the wire already, or by an order that was just given.
    fn gone(&mut self, connection: ConnectionId, cause: Cause) {
        let Some(mut call) = self.take_call_of(connection) else { return };
        let caller = call.caller.take_if(|caller| caller.connection == connection);
        if let Some(caller) = caller {
            self.first_leg_is(&mut call, Err(()));
            let unanswered = caller.talks_since.is_none();
            if call.phase != Phase::Tone {
                call.worst = None;
            }
            self.leave(&mut call, caller, cause);
            let plain = if unanswered { Cause::Abandoned } else { Cause::NormalClearing };
            return self.finish(call, handed_on(cause).unwrap_or(plain));
        }
        let Some(place) = call.called.iter().position(|end| end.connection == connection) else {
            self.attempts.insert(call.call, call);
            return;
        };
        let end = call.called.remove(place);
        let talked = end.talks_since.is_some();
        self.leave(&mut call, end, cause);
        if talked {
            return self.finish(call, handed_on(cause).unwrap_or(Cause::NormalClearing));
        }
        call.note(cause);
        self.fail_if_all_refused(call);
    }

    /// Ends one connection from our side.
    fn clear(&mut self, connection: ConnectionId, cause: Cause) {
        let Some(call) = self.of_connection.get(&connection).and_then(|call| self.attempts.get(call)) else { return };
        let Some(end) = call.end(connection) else { return };
        let leg = end.leg;
        self.order(leg, OrderWhat::Release(cause));
        self.gone(connection, cause);
    }

    /// Ends all of a call, `first` first.
    fn clear_call(&mut self, id: CallId, cause: Cause, first: Option<ConnectionId>) {
        let Some(mut call) = self.attempts.remove(&id) else { return };
        self.first_leg_is(&mut call, Err(()));
        if call.phase != Phase::Tone {
            call.worst = None;
        }
        let end = call.caller.take_if(|caller| first.is_none_or(|first| caller.connection == first)).or_else(|| {
            let place = call.called.iter().position(|end| Some(end.connection) == first)?;
            Some(call.called.remove(place))
        });
        if let Some(end) = end {
            self.order(end.leg, OrderWhat::Release(cause));
            self.leave(&mut call, end, cause);
        }
        self.finish(call, cause);
    }

    fn take_call_of(&mut self, connection: ConnectionId) -> Option<Attempt> {
        let call = self.of_connection.get(&connection)?;
        self.attempts.remove(call)
    }

    /// The first leg was answered or was not: the command that waits for it gets its reply.
    fn first_leg_is(&mut self, call: &mut Attempt, outcome: Result<(), ()>) {
        let Some(request) = call.waits.take() else { return };
        let caller = call.caller.as_ref().map(|caller| caller.connection);
        let made = match (outcome, caller, call.stages.first()) {
            (Ok(()), Some(caller), Some((root, _))) => OutcomeSign::Made(call.call, caller, *root),
            (Ok(()) | Err(()), _, _) => OutcomeSign::Refused("first_leg"),
        };
        self.settle(request, made);
    }

    fn settle(&mut self, request: RequestId, outcome: OutcomeSign) {
        let Some(waiting) = self.waiting.remove(&request) else { return };
        self.stop(Clock::Reply(request));
        if let WaitsOn::FirstLeg(call) = waiting.on
            && let Some(call) = self.attempts.get_mut(&call)
        {
            call.waits = None;
        }
        self.due.push((request, waiting.before, outcome));
    }

    /// All commands that wait for a phone to answer get this.
    fn answer_commands(&mut self, connection: ConnectionId, outcome: OutcomeSign) {
        let waits = |(request, waiting): (&RequestId, &Waiting)| match waiting.on {
            WaitsOn::Answer(_, other) if other == connection => Some(*request),
            WaitsOn::Answer(..) | WaitsOn::FirstLeg(_) => None,
        };
        let requests: Vec<RequestId> = self.waiting.iter().filter_map(waits).collect();
        for request in requests {
            self.settle(request, outcome.clone());
        }
    }

    fn give_replies(&mut self) {
        for (request, before, outcome) in std::mem::take(&mut self.due) {
            let without_effect = match &outcome {
                OutcomeSign::Refused(name) => !["first_leg", "peer_timeout", "peer_rejected"].contains(name),
                OutcomeSign::Done
                | OutcomeSign::Made(..)
                | OutcomeSign::At(..)
                | OutcomeSign::Ended(..)
                | OutcomeSign::Configured(_) => false,
            };
            let through = if without_effect { before } else { self.counted.seq };
            for other in self.keys.answered(request, before, through, &outcome) {
                let outcome = outcome.clone();
                self.signs.replies.push(ReplySign { request: other, before, through, replayed: true, outcome });
            }
            self.signs.replies.push(ReplySign { request, before, through, replayed: false, outcome });
        }
    }
}

/// Causes that end the other parties as well, under their own name.
fn handed_on(cause: Cause) -> Option<Cause> {
    [Cause::TalkLimit, Cause::EngineLost, Cause::MediaLost, Cause::Shutdown].into_iter().find(|it| *it == cause)
}
