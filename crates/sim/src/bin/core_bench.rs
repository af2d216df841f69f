//! `core_bench [CALLS]`: how many calls and events a second the core alone carries, on one core, with 1,000 and 100,000 phones.
//!
//! Inputs are made in front; the clock runs over `handle` and `poll` only, with a mirror folded beside it in a second figure.
//! Nothing is asserted about time. Build with `--release`: debug builds audit the whole exchange after every input.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that measures")]

use sim::office::Office;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use switching::cause::Cause;
use switching::command::{Command, DeviceName, Guard, LegOptions, MakeCall, Principal, ReplyAt, Verb};
use switching::engine::{EngineInput, OrderKind, Report, ReportKind};
use switching::id::{DeviceId, LegId, RequestId};
use switching::model::{FailTone, Prompt};
use switching::party::Digits;
use switching::picture::Picture;
use switching::time::Time;
use switching::{Input, Output, Switch};

/// Calls that are up at a time.
const LIVE_MAX: usize = 400;

/// Measures and prints; a first argument that is a number is the number of calls.
pub fn main() {
    let calls: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    if cfg!(debug_assertions) {
        println!("a debug build audits everything after every input: its figures mean nothing");
    }
    println!(
        "{:>8} {:>8} {:>8} {:>10} {:>10} {:>10} {:>12}",
        "phones", "kind", "calls", "calls/s", "events/s", "us/call", "us/call+mirror"
    );
    for phones in [1_000, 100_000] {
        for ordered in [false, true] {
            measure(phones, calls, ordered);
        }
    }
}

struct Bench {
    switch: Switch,
    mirror: Option<Picture>,
    core: Duration,
    events: u64,
    seqs: BTreeMap<LegId, u32>,
    now: u64,
    rung: VecDeque<LegId>,
}

fn measure(phones: u64, calls: u64, ordered: bool) {
    let plain = Bench::run(phones, calls, ordered, false);
    let with_mirror = Bench::run(phones, calls, ordered, true);
    let seconds = plain.core.as_secs_f64();
    let kind = if ordered { "ordered" } else { "dialled" };
    println!(
        "{phones:>8} {kind:>8} {calls:>8} {:>10.0} {:>10.0} {:>10.2} {:>12.2}",
        calls as f64 / seconds,
        plain.events as f64 / seconds,
        seconds * 1e6 / calls as f64,
        with_mirror.core.as_secs_f64() * 1e6 / calls as f64
    );
}

impl Bench {
    fn run(phones: u64, calls: u64, ordered: bool, with_mirror: bool) -> Self {
        let office = Office::of(phones);
        let mut bench = Self {
            switch: Switch::new(),
            mirror: with_mirror.then(Picture::default),
            core: Duration::ZERO,
            events: 0,
            seqs: BTreeMap::new(),
            now: 1,
            rung: VecDeque::new(),
        };
        for input in &office.inputs {
            bench.give(input.clone());
        }
        // Phones with one line and one number, none of them unregistered.
        let usable = |n: &u64| n % 10 < 8 && n % 13 != 5;
        let usable: Vec<usize> = (0..phones).filter(usable).map(|n| n as usize).collect();
        bench.core = Duration::ZERO;
        bench.events = 0;
        let mut up: VecDeque<LegId> = VecDeque::new();
        for call in 0..calls as usize {
            bench.now += 1;
            let (from, _) = office.phones[usable[2 * call % usable.len()]];
            let (_, to) = &office.phones[usable[(2 * call + 1) % usable.len()]];
            let caller = if ordered { bench.order(call as u64, from, to) } else { bench.dial(call as u64, from, to) };
            if let Some(called) = bench.rung.pop_front() {
                bench.report(called, ReportKind::Alerting);
                bench.report(called, ReportKind::Answered);
            }
            up.extend(caller);
            if up.len() > LIVE_MAX.min(usable.len() / 4) {
                bench.hang_up(&mut up);
            }
        }
        while !up.is_empty() {
            bench.hang_up(&mut up);
        }
        assert_eq!(bench.switch.live(), [0; 4], "every call has ended");
        bench
    }

    fn dial(&mut self, n: u64, device: DeviceId, to: &Digits) -> Option<LegId> {
        let leg = LegId::arrived(n + 1);
        self.report(leg, ReportKind::Arrived { device, dialled: to.clone(), from: None, withheld: false });
        Some(leg)
    }

    fn order(&mut self, n: u64, device: DeviceId, to: &Digits) -> Option<LegId> {
        let make = MakeCall {
            from: DeviceName::Id(device),
            to: to.clone(),
            prompt: Prompt::Ring,
            first: LegOptions::default(),
            second: LegOptions::default(),
            as_number: None,
            fail_tone: FailTone::Reject,
            talk_limit_ms: None,
            vars: BTreeMap::new(),
            custom: BTreeMap::new(),
            correlator: None,
            check: Default::default(),
        };
        self.give(Input::Command(Box::new(Command {
            request: RequestId(1_000_000 + n),
            by: Principal { door: "bench".into(), account: "bench".into() },
            key: None,
            guard: Guard::default(),
            reply: ReplyAt::Accepted,
            deadline_ms: None,
            verb: Verb::MakeCall(Box::new(make)),
        })));
        let first = self.rung.pop_front()?;
        self.report(first, ReportKind::Alerting);
        self.report(first, ReportKind::Answered);
        Some(first)
    }

    fn hang_up(&mut self, up: &mut VecDeque<LegId>) {
        if let Some(leg) = up.pop_front() {
            self.report(leg, ReportKind::Released { cause: Cause::NormalClearing, q850: 16 });
            self.seqs.remove(&leg);
        }
    }

    fn report(&mut self, leg: LegId, what: ReportKind) {
        let seq = self.seqs.entry(leg).or_insert(0);
        *seq += 1;
        let report = Report { leg, leg_seq: *seq, what };
        self.give(Input::Engine(EngineInput::Report(report)));
    }

    fn give(&mut self, input: Input) {
        let start = Instant::now();
        self.switch.handle(Time(self.now), input);
        while let Some(output) = self.switch.poll() {
            match output {
                Output::Event(event) => {
                    self.events += 1;
                    if let Some(mirror) = &mut self.mirror {
                        mirror.fold(&event, None);
                    }
                }
                Output::Engine(order) => {
                    if let OrderKind::Ring { .. } = order.what {
                        self.rung.push_back(order.leg);
                    }
                }
                Output::Record(_) | Output::Reply(_) | Output::Decision { .. } => {}
            }
        }
        self.core += start.elapsed();
    }
}
