//! One simulated run: people, engine and exchange on one virtual clock, in one queue of events.

use crate::bug::Bug;
use crate::checked::{Checked, Fault, Step, Totals};
use crate::engine::{Engine, Faults, Later};
use crate::office::Office;
use crate::prng::Prng;
use crate::translate::{Minted, Recorded, Translation};
use crate::workload::{Deed, Workload};
use std::collections::BTreeMap;
use switching::engine::EngineInput;
use switching::time::Time;
use switching::{Input, Output};

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// Calls that are begun.
    pub calls: u64,
    /// Phones.
    pub devices: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// After how many inputs the mirror is compared with the picture.
    pub mirror_every: u64,
    /// What is falsified (tests of the watchers).
    pub bug: Bug,
    /// Whether the run is written as text.
    pub with_ladder: bool,
}

impl Options {
    /// A run with everything usual.
    #[must_use]
    pub const fn new(seed: u64, calls: u64, devices: u64) -> Self {
        let (faults, bug) = (Faults::SOME, Bug::None);
        Self { seed, calls, devices, faults, mirror_every: 1, bug, with_ladder: false }
    }
}

/// A run that failed, with all its inputs.
#[derive(Debug)]
pub struct Failed {
    /// What is wrong.
    pub fault: Fault,
    /// Everything that happened until then, time-outs left out: they follow from the rest.
    pub steps: Vec<Recorded>,
    /// How many of these build the house.
    pub prefix: usize,
}

/// How often the engine tells its inventory where things go wrong, in milliseconds.
const INVENTORY_MS: u64 = 30_000;
/// How often it does at most, once the last call has begun, until nothing is left.
const ROUNDS_MAX: u32 = 1_000;
/// How long a call takes two phones, in milliseconds, about; the time between calls follows from it.
const MEAN_CALL_MS: u64 = 60_000;

/// Simulates.
///
/// # Errors
///
/// What must not be, with the inputs that led there.
pub fn run(options: Options) -> Result<(Totals, String), Box<Failed>> {
    let office = Office::of(options.devices);
    let mut world = World::new(&office, options);
    match world.play() {
        Ok(()) => Ok((*world.checked.totals(), world.checked.ladder().to_owned())),
        Err(fault) => Err(Box::new(Failed { fault, steps: world.steps, prefix: office.inputs.len() })),
    }
}

enum Happens {
    Call,
    Interference,
    Later(Later),
    Inventory,
}

struct World<'a> {
    options: Options,
    office: &'a Office,
    workload: Workload<'a>,
    chance: Prng,
    engine: Engine,
    checked: Checked,
    queue: BTreeMap<(Time, u64), Happens>,
    queued: u64,
    now: Time,
    steps: Vec<Recorded>,
}

impl<'a> World<'a> {
    fn new(office: &'a Office, options: Options) -> Self {
        Self {
            options,
            office,
            workload: Workload::of(office),
            chance: Prng::new(options.seed),
            engine: Engine::default(),
            checked: Checked::new(options.mirror_every, options.bug, options.with_ladder),
            queue: BTreeMap::new(),
            queued: 0,
            now: Time(0),
            steps: Vec::new(),
        }
    }

    fn play(&mut self) -> Result<(), Fault> {
        for input in &self.office.inputs {
            self.give(input.clone())?;
        }
        // A third of the phones is in a call at any time.
        let gap_ms = (2 * 2 * MEAN_CALL_MS * 3 / self.options.devices.max(2)).max(1);
        let mut at = 1_000;
        for _ in 0..self.options.calls {
            at += self.chance.between(0, gap_ms);
            self.later(at, Happens::Call);
            if self.chance.chance(600) {
                let after = self.chance.between(0, 30_000);
                self.later(at + after, Happens::Interference);
            }
        }
        if !self.options.faults.none() {
            for n in 1..=at / INVENTORY_MS {
                self.later(n * INVENTORY_MS, Happens::Inventory);
            }
        }
        self.drain()?;
        self.come_to_rest()
    }

    fn come_to_rest(&mut self) -> Result<(), Fault> {
        for _ in 0..ROUNDS_MAX {
            if self.checked.live() == [0; 4] && self.engine.idle() {
                return self.checked.check_rest().map_err(|what| Fault { at: self.now, what });
            }
            if self.options.faults.none() {
                break;
            }
            self.later(INVENTORY_MS, Happens::Inventory);
            self.drain()?;
        }
        let what = format!("no rest: {:?} left, engine idle: {}", self.checked.live(), self.engine.idle());
        Err(Fault { at: self.now, what })
    }

    /// Lets everything happen that is queued, and every time-out of the core.
    fn drain(&mut self) -> Result<(), Fault> {
        loop {
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            // At one instant the engine comes before the time-out.
            if let Some(at) = self.checked.wakes_before(next.unwrap_or(Time(u64::MAX))) {
                self.now = self.now.max(at);
                let _ = self.step(Step::Give(Input::Timeout))?;
                continue;
            }
            let Some(((at, _), happens)) = self.queue.pop_first() else { return Ok(()) };
            self.now = at;
            self.happen(happens)?;
            if self.chance.chance(self.options.faults.restart) {
                self.record_and_step(Step::Restart)?;
            }
        }
    }

    fn happen(&mut self, happens: Happens) -> Result<(), Fault> {
        match happens {
            Happens::Call => {
                let deed = self.workload.begin_call(&mut self.chance);
                self.deed(deed)
            }
            Happens::Interference => {
                let deed = self.workload.interfere(&mut self.chance, self.checked.mirror());
                self.deed(deed)
            }
            Happens::Later(Later::Order(order)) => {
                let follows = self.engine.order(order, &mut self.chance);
                self.follow(follows);
                Ok(())
            }
            Happens::Later(Later::Phone(leg, what)) => {
                let follows = self.engine.act(leg, what, &self.options.faults, &mut self.chance);
                self.follow(follows);
                Ok(())
            }
            Happens::Later(Later::Tell(input)) => self.give(Input::Engine(input)),
            Happens::Inventory => {
                let legs = self.engine.inventory();
                self.give(Input::Engine(EngineInput::Inventory { legs }))
            }
        }
    }

    fn deed(&mut self, deed: Deed) -> Result<(), Fault> {
        match deed {
            Deed::Give(input) => self.give(input),
            Deed::Dial { from, to, patience_ms, talk_ms } => {
                let (_, follows) = self.engine.dial(from, to, patience_ms, talk_ms);
                self.follow(follows);
                Ok(())
            }
        }
    }

    fn follow(&mut self, follows: Vec<(u64, Later)>) {
        for (after_ms, later) in follows {
            self.later(after_ms, Happens::Later(later));
        }
    }

    fn later(&mut self, after_ms: u64, happens: Happens) {
        self.queued += 1;
        self.queue.insert((self.now.after_ms(after_ms), self.queued), happens);
    }

    fn give(&mut self, input: Input) -> Result<(), Fault> {
        self.record_and_step(Step::Give(input))
    }

    fn record_and_step(&mut self, step: Step) -> Result<(), Fault> {
        self.steps.push(Recorded { at: self.now, step: step.clone(), minted: Minted::default() });
        let minted = self.step(step)?;
        if let Some(last) = self.steps.last_mut() {
            last.minted = minted;
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<Minted, Fault> {
        let outputs = self.checked.step(self.now, &step)?;
        let minted = Minted::by(&outputs);
        for output in outputs {
            if let Output::Engine(order) = output {
                let follows = Engine::send(order, &self.options.faults, &mut self.chance);
                self.follow(follows);
            }
        }
        Ok(minted)
    }
}

/// Gives recorded steps to a new exchange, with every time-out at its time; gives what came, and the ladder.
///
/// # Errors
///
/// What must not be.
pub fn replay(steps: &[Recorded], bug: Bug, mirror_every: u64, with_ladder: bool) -> (Result<Totals, Fault>, String) {
    let mut checked = Checked::new(mirror_every, bug, with_ladder);
    let result = replay_on(&mut checked, steps);
    (result, checked.ladder().to_owned())
}

fn replay_on(checked: &mut Checked, steps: &[Recorded]) -> Result<Totals, Fault> {
    let mut now = Time(0);
    let mut translation = Translation::default();
    for Recorded { at, step, minted } in steps {
        pass(checked, &mut now, *at)?;
        now = *at;
        let outputs = checked.step(now, &translation.step(step))?;
        translation.learn(minted, &Minted::by(&outputs));
    }
    pass(checked, &mut now, Time(u64::MAX))?;
    Ok(*checked.totals())
}

fn pass(checked: &mut Checked, now: &mut Time, until: Time) -> Result<(), Fault> {
    while let Some(due) = checked.wakes_before(until) {
        *now = (*now).max(due);
        checked.step(*now, &Step::Give(Input::Timeout))?;
    }
    Ok(())
}
