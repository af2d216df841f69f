//! An exchange under watch: every input goes to the core and to the auditor, and every output is checked.
//!
//! Checked after each input: the auditor's prediction; the sequence; a mirror folded from the events against the core's picture
//! (always, or each so many inputs); ids never used again; one reply per command; one balanced record per call. At rest: nothing is
//! left, and the party-milliseconds of all records are the lifetimes that the events told of.

use crate::auditor::Auditor;
use crate::bug::Bug;
use crate::ladder;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use switching::event::{Event, What};
use switching::id::{CallId, ConnectionId, RequestId};
use switching::picture::Picture;
use switching::record::CallRecord;
use switching::time::Time;
use switching::{Input, Output, Switch};

/// One thing that happens to the exchange.
#[derive(Debug, Clone)]
pub enum Step {
    /// An input.
    Give(Input),
    /// The program ends and starts again from its state.
    Restart,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// When, on the exchange's time line.
    pub at: Time,
    /// What is wrong, in words.
    pub what: String,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Inputs, with time-outs.
    pub inputs: u64,
    /// Orders to the engine.
    pub orders: u64,
    /// Events.
    pub events: u64,
    /// Records, one per call.
    pub records: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Replies.
    pub replies: u64,
    /// Of these, refusals.
    pub refused: u64,
    /// Hash of all encoded outputs in order.
    pub digest: u64,
}

/// The exchange and its watchers.
pub struct Checked {
    switch: Switch,
    mirror: Picture,
    auditor: Auditor,
    bug: Bug,
    mirror_every: u64,
    owed: BTreeSet<RequestId>,
    born: BTreeMap<ConnectionId, Time>,
    used: Used,
    lifetimes_ms: u64,
    billed_ms: u64,
    totals: Totals,
    ladder: Option<String>,
}

/// The highest ids that were seen; ids come from counters, so that a new one is higher.
#[derive(Default)]
struct Used {
    connections: BTreeSet<ConnectionId>,
    calls: BTreeSet<CallId>,
    records: BTreeSet<CallId>,
}

impl Checked {
    /// A new exchange; the mirror is compared after each `mirror_every` inputs, `bug` falsifies what the core puts out.
    #[must_use]
    pub fn new(mirror_every: u64, bug: Bug, with_ladder: bool) -> Self {
        Self {
            switch: Switch::new(),
            mirror: Picture::default(),
            auditor: Auditor::default(),
            bug,
            mirror_every: mirror_every.max(1),
            owed: BTreeSet::new(),
            born: BTreeMap::new(),
            used: Used::default(),
            lifetimes_ms: 0,
            billed_ms: 0,
            totals: Totals { digest: FNV_OFFSET, ..Totals::default() },
            ladder: with_ladder.then(String::new),
        }
    }

    /// When the core wants to be woken, if that is before `before`.
    #[must_use]
    pub fn wakes_before(&self, before: Time) -> Option<Time> {
        self.switch.poll_timeout().map(|(at, _)| at).filter(|at| *at < before)
    }

    /// What everybody can see.
    #[must_use]
    pub const fn mirror(&self) -> &Picture {
        &self.mirror
    }

    /// Legs, records, timers and replies that are unfinished.
    #[must_use]
    pub fn live(&self) -> [usize; 4] {
        self.switch.live()
    }

    /// What has come so far.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The run as text, where it was asked for.
    #[must_use]
    pub fn ladder(&self) -> &str {
        self.ladder.as_deref().unwrap_or_default()
    }

    /// Does one step.
    ///
    /// # Errors
    ///
    /// What must not be.
    pub fn step(&mut self, at: Time, step: &Step) -> Result<Vec<Output>, Fault> {
        let fault = |what: String| Fault { at, what };
        match step {
            Step::Give(input) => {
                self.write_input(at, input);
                let outputs = catch_unwind(AssertUnwindSafe(|| self.give(at, input)))
                    .map_err(|panic| fault(format!("panic: {}", panic_text(&*panic))))?;
                self.write_outputs(&outputs);
                self.check(at, input, &outputs).map_err(fault)?;
                Ok(outputs)
            }
            Step::Restart => {
                if let Some(ladder) = &mut self.ladder {
                    let _ = writeln!(ladder, "{:>8} restart", at.0);
                }
                let octets = self.switch.snapshot();
                let restored = Switch::restore(&octets).ok_or_else(|| fault("a snapshot is unreadable".into()))?;
                if restored.snapshot() != octets {
                    return Err(fault("a restored snapshot differs".into()));
                }
                self.switch = restored;
                Ok(Vec::new())
            }
        }
    }

    fn give(&mut self, at: Time, input: &Input) -> Vec<Output> {
        self.switch.handle(at, input.clone());
        let mut outputs: Vec<Output> = std::iter::from_fn(|| self.switch.poll()).collect();
        self.bug.falsify(&mut outputs);
        outputs
    }

    fn check(&mut self, at: Time, input: &Input, outputs: &[Output]) -> Result<(), String> {
        self.totals.inputs += 1;
        match input {
            Input::Command(command) => {
                self.owed.insert(command.request);
            }
            Input::Configure(configure) => {
                self.owed.insert(configure.request);
            }
            Input::Engine(_) | Input::Timeout => {}
        }
        self.auditor.take(at, input, outputs)?;
        for output in outputs {
            match output {
                Output::Engine(order) => {
                    self.totals.orders += 1;
                    self.hash(order);
                }
                Output::Event(event) => self.check_event(event)?,
                Output::Record(record) => self.check_record(record)?,
                Output::Reply(reply) => {
                    self.totals.replies += 1;
                    self.totals.refused += u64::from(reply.outcome.is_err());
                    if !self.owed.remove(&reply.request) {
                        return Err(format!("{} has two replies", reply.request));
                    }
                    self.hash(&**reply);
                }
                Output::Decision { .. } => {}
            }
        }
        if self.totals.inputs.is_multiple_of(self.mirror_every) && self.mirror != *self.switch.picture() {
            return Err("the mirror differs from the picture".into());
        }
        Ok(())
    }

    fn check_event(&mut self, event: &Event) -> Result<(), String> {
        self.totals.events += 1;
        if event.seq != self.mirror.seq + 1 {
            return Err(format!("event {} follows event {}", event.seq, self.mirror.seq));
        }
        match &event.what {
            What::ServiceInitiated { connection, call, .. } => {
                self.begin(connection.id, connection.created, Some(call.id))?
            }
            What::Originated { born: Some(born), .. } => self.begin(born.0.id, born.0.created, Some(born.1.id))?,
            What::Delivered { connection, .. } => self.begin(connection.id, connection.created, None)?,
            What::Established { born: Some(born), .. } => self.begin(born.id, born.created, None)?,
            What::ConnectionCleared { connection, .. } => {
                let born = self.born.remove(connection).ok_or_else(|| format!("{connection} ended and never began"))?;
                self.lifetimes_ms += event.at.ms_since(born);
            }
            What::Originated { born: None, .. }
            | What::Established { born: None, .. }
            | What::Failed { .. }
            | What::CallCleared { .. }
            | What::StageOpened { .. }
            | What::StageClosed { .. }
            | What::CallInformation { .. }
            | What::DigitsGenerated { .. }
            | What::BackInService { .. }
            | What::OutOfService { .. }
            | What::DoNotDisturb { .. }
            | What::ApplicationSession { .. }
            | What::ConfigurationChanged(_)
            | What::Prompted { .. } => {}
        }
        self.mirror.fold(event, None);
        self.hash(event);
        Ok(())
    }

    fn begin(&mut self, connection: ConnectionId, born: Time, call: Option<CallId>) -> Result<(), String> {
        if !self.used.connections.insert(connection) || call.is_some_and(|call| !self.used.calls.insert(call)) {
            return Err(format!("{connection} or its call was used before"));
        }
        self.born.insert(connection, born);
        Ok(())
    }

    fn check_record(&mut self, record: &CallRecord) -> Result<(), String> {
        self.totals.records += 1;
        self.totals.answered += u64::from(record.connections.iter().any(|part| part.connection.answered.is_some()));
        let call = record.call.id;
        if !self.used.records.insert(call) {
            return Err(format!("{call} has two records"));
        }
        if !record.balances() {
            return Err(format!("the record of {call} does not balance"));
        }
        let segments = record.connections.iter().flat_map(|part| &part.segments);
        self.billed_ms += segments.map(|segment| segment.to.ms_since(segment.from)).sum::<u64>();
        self.hash(record);
        Ok(())
    }

    /// What must hold when no call is left.
    ///
    /// # Errors
    ///
    /// What does not.
    pub fn check_rest(&self) -> Result<(), String> {
        let checks = [
            (self.live() == [0; 4], "something is left of calls"),
            (self.mirror == *self.switch.picture(), "the mirror differs from the picture"),
            (self.born.is_empty(), "a connection began and never ended"),
            (self.used.calls == self.used.records, "a call has no record"),
            (self.lifetimes_ms == self.billed_ms, "the records' time is not the connections' lifetime"),
            (self.owed.is_empty(), "a command has no reply"),
            (self.auditor.calls() == 0, "the auditor still has calls"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(what.to_owned()))
    }

    fn hash(&mut self, value: &impl minicbor::Encode<()>) {
        let octets = minicbor::to_vec(value).expect("encoding into memory cannot fail");
        for octet in octets {
            self.totals.digest = (self.totals.digest ^ u64::from(octet)).wrapping_mul(FNV_PRIME);
        }
    }

    fn write_input(&mut self, at: Time, input: &Input) {
        if let Some(ladder) = &mut self.ladder {
            let _ = writeln!(ladder, "{:>8} {}", at.0, ladder::input(input, self.switch.picture()));
        }
    }

    fn write_outputs(&mut self, outputs: &[Output]) {
        if let Some(ladder) = &mut self.ladder {
            for output in outputs {
                let _ = writeln!(ladder, "             {}", ladder::output(output, self.switch.picture(), 0));
            }
        }
    }
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "of no text".into())
}
