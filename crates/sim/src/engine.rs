//! The simulated engine and its phones: what is true of legs, and how people behave. It decides nothing about calls.
//!
//! Orders come in and reports go out with a delay, in order; [`Faults`] lose, repeat, delay and so reorder them. An order to a leg that
//! has ended is answered by telling its end again, so that no loss is for ever; an inventory tells the rest.

use crate::prng::Prng;
use std::collections::BTreeMap;
use switching::cause::Cause;
use switching::engine::{EngineInput, Order, OrderFault, OrderKind, Report, ReportKind};
use switching::id::{DeviceId, LegId};
use switching::party::Digits;

/// How often things go wrong, in a thousand, and how late what is late comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Reports that get lost.
    pub report_lost: u64,
    /// Reports that come twice.
    pub report_doubled: u64,
    /// Reports that come late, and so in another order.
    pub report_late: u64,
    /// Orders that get lost.
    pub order_lost: u64,
    /// Inputs after which the program ends and starts again.
    pub restart: u64,
    /// The longest delay of what comes late, in milliseconds.
    pub late_ms_max: u64,
}

impl Faults {
    /// A perfect world.
    pub const NONE: Self =
        Self { report_lost: 0, report_doubled: 0, report_late: 0, order_lost: 0, restart: 0, late_ms_max: 1 };
    /// An ordinary bad day.
    pub const SOME: Self =
        Self { report_lost: 10, report_doubled: 20, report_late: 20, order_lost: 10, restart: 1, late_ms_max: 4_000 };
    /// Everything at once.
    pub const MANY: Self = Self {
        report_lost: 60,
        report_doubled: 100,
        report_late: 150,
        order_lost: 60,
        restart: 10,
        late_ms_max: 20_000,
    };

    /// Whether nothing goes wrong.
    #[must_use]
    pub fn none(&self) -> bool {
        *self == Self::NONE
    }
}

/// Something that comes to pass after a while.
#[derive(Debug, Clone)]
pub enum Later {
    /// An order reaches the engine.
    Order(Order),
    /// A phone does something.
    Phone(LegId, ReportKind),
    /// The engine's word reaches the exchange.
    Tell(EngineInput),
}

/// What follows from something, each after so many milliseconds.
pub type Follows = Vec<(u64, Later)>;

#[derive(Debug, Clone)]
struct Leg {
    seq: u32,
    up: bool,
    /// How long it talks once it is up, in milliseconds.
    talk_ms: Option<u64>,
}

/// All phones and what connects them with the exchange.
#[derive(Default)]
pub struct Engine {
    legs: BTreeMap<LegId, Leg>,
    ended: BTreeMap<LegId, u32>,
    arrived: u64,
}

/// How long an order or a report takes when nothing is wrong, in milliseconds.
const WAY_MS: u64 = 2;

impl Engine {
    /// Legs that are alive.
    #[must_use]
    pub fn inventory(&self) -> Vec<LegId> {
        self.legs.keys().copied().collect()
    }

    /// Whether no leg is.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.legs.is_empty()
    }

    /// A phone dials: it waits so long for an answer and then talks so long.
    pub fn dial(&mut self, device: DeviceId, dialled: Digits, patience_ms: u64, talk_ms: u64) -> (LegId, Follows) {
        self.arrived += 1;
        let leg = LegId::arrived(self.arrived);
        self.legs.insert(leg, Leg { seq: 1, up: false, talk_ms: Some(talk_ms) });
        let what = ReportKind::Arrived { device, dialled, from: None, withheld: false };
        let report = EngineInput::Report(Report { leg, leg_seq: 1, what });
        let gives_up = Later::Phone(leg, released(Cause::Abandoned));
        (leg, vec![(WAY_MS, Later::Tell(report)), (patience_ms, gives_up)])
    }

    /// Sends an order on its way.
    pub fn send(order: Order, faults: &Faults, chance: &mut Prng) -> Follows {
        if chance.chance(faults.order_lost) { Vec::new() } else { vec![(WAY_MS, Later::Order(order))] }
    }

    /// An order arrives.
    pub fn order(&mut self, order: Order, chance: &mut Prng) -> Follows {
        let Order { id, leg, what } = order;
        match what {
            OrderKind::Ring { .. } if self.ended.contains_key(&leg) || self.legs.contains_key(&leg) => Vec::new(),
            OrderKind::Ring { peer, .. } => {
                // Only a first leg hangs up by itself; of other calls the caller does.
                let talk_ms =
                    if peer.is_none() || chance.chance(500) { Some(chance.between(100, 60_000)) } else { None };
                self.legs.insert(leg, Leg { seq: 0, up: false, talk_ms });
                behave(leg, chance)
            }
            OrderKind::Release { .. } => {
                let seq = self.legs.remove(&leg).map_or(0, |leg| leg.seq);
                self.ended.entry(leg).or_insert(seq);
                Vec::new()
            }
            OrderKind::AnswerRemotely => match self.legs.get(&leg) {
                None => vec![(WAY_MS, Later::Tell(EngineInput::OrderFailed { id, why: OrderFault::UnknownLeg }))],
                Some(_) if chance.chance(100) => {
                    vec![(50, Later::Tell(EngineInput::OrderFailed { id, why: OrderFault::Refused }))]
                }
                Some(_) if chance.chance(100) => Vec::new(),
                Some(_) => {
                    vec![(200, Later::Phone(leg, ReportKind::Answered)), (201, Later::Tell(EngineInput::OrderDone(id)))]
                }
            },
            OrderKind::Alert { .. } | OrderKind::Accept { .. } | OrderKind::Join { .. } => {
                let Some(it) = self.legs.get_mut(&leg) else { return self.told_again(leg) };
                let accepts = matches!(what, OrderKind::Accept { .. }) && !std::mem::replace(&mut it.up, true);
                let talks = it.talk_ms.filter(|_| accepts);
                talks.map(|ms| (ms, Later::Phone(leg, released(Cause::NormalClearing)))).into_iter().collect()
            }
        }
    }

    fn told_again(&mut self, leg: LegId) -> Follows {
        let seq = self.ended.entry(leg).or_insert(0);
        *seq += 1;
        let what = released(Cause::EngineLost);
        vec![(WAY_MS, Later::Tell(EngineInput::Report(Report { leg, leg_seq: *seq, what })))]
    }

    /// A phone does something, if its leg is still there and the act makes sense.
    pub fn act(&mut self, leg: LegId, what: ReportKind, faults: &Faults, chance: &mut Prng) -> Follows {
        let Some(it) = self.legs.get_mut(&leg) else { return Vec::new() };
        // Giving up and refusing are for calls that are not up.
        let patience =
            matches!(what, ReportKind::Released { cause: Cause::Abandoned, .. } | ReportKind::Refused { .. });
        if it.up && (patience || matches!(what, ReportKind::Answered | ReportKind::Alerting)) {
            return Vec::new();
        }
        it.seq += 1;
        let leg_seq = it.seq;
        let mut follows = Vec::new();
        match &what {
            ReportKind::Answered => {
                it.up = true;
                if let Some(ms) = it.talk_ms {
                    follows.push((ms, Later::Phone(leg, released(Cause::NormalClearing))));
                }
            }
            ReportKind::Refused { .. } | ReportKind::Released { .. } => {
                self.legs.remove(&leg);
                self.ended.insert(leg, leg_seq);
            }
            ReportKind::Arrived { .. } | ReportKind::Alerting | ReportKind::Digits { .. } => {}
        }
        follows.extend(on_its_way(Report { leg, leg_seq, what }, faults, chance));
        follows
    }
}

fn on_its_way(report: Report, faults: &Faults, chance: &mut Prng) -> Follows {
    let mut follows = Vec::new();
    let delay = |chance: &mut Prng| {
        if chance.chance(faults.report_late) { chance.between(WAY_MS, faults.late_ms_max) } else { WAY_MS }
    };
    let tell = Later::Tell(EngineInput::Report(report));
    if !chance.chance(faults.report_lost) {
        follows.push((delay(chance), tell.clone()));
    }
    if chance.chance(faults.report_doubled) {
        follows.push((delay(chance), tell));
    }
    follows
}

fn released(cause: Cause) -> ReportKind {
    ReportKind::Released { cause, q850: cause.q850() }
}

fn refused(cause: Cause) -> ReportKind {
    ReportKind::Refused { cause, q850: cause.q850() }
}

/// What the person at a called phone does.
fn behave(leg: LegId, chance: &mut Prng) -> Follows {
    let rings_after = chance.between(20, 400);
    let mut follows = vec![(rings_after, Later::Phone(leg, ReportKind::Alerting))];
    let decides_after = rings_after + chance.between(100, 20_000);
    let mut then = |after, what| follows.push((after, Later::Phone(leg, what)));
    match chance.between(1, 100) {
        1..=62 => then(decides_after, ReportKind::Answered),
        63..=66 => then(rings_after.saturating_sub(10), ReportKind::Answered),
        67..=74 => then(decides_after, refused(Cause::Rejected)),
        75..=81 => then(rings_after.saturating_sub(5), refused(Cause::Busy)),
        82..=84 => then(decides_after, refused(Cause::NotObtainable)),
        // It vanishes.
        85..=88 => then(decides_after, released(Cause::EngineLost)),
        // It answers and presses keys.
        89..=94 => {
            then(decides_after, ReportKind::Answered);
            let digits = Digits::parse("12#").expect("digits of ours are a number");
            then(decides_after + 300, ReportKind::Digits { digits });
        }
        // Nobody is there, or the phone does not even ring.
        95..=98 => {}
        _ => follows.clear(),
    }
    follows
}
