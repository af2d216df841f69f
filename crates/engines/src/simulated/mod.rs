//! Telephones that exist in this program only: for demonstrations, tests and laptops without phones.
//!
//! A phone registers, rings, answers by its script or by a hand, refuses, is busy, vanishes, presses digits and hangs up. Callers
//! from outside stand behind a trunk device. No sound flows here: a real phone that talks to a simulated one hears silence.

mod call;
mod phone;

pub use phone::{Hand, HandFault, OnRing, Script};

use call::{Call, Phase};
use phone::Phone;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use switching::cause::Cause;
use switching::engine::{Contact, EngineInput, Order, OrderFault, OrderKind, Report, ReportKind};
use switching::id::{DeviceId, LegId, OrderId};
use switching::party::{Digits, Party};
use switching::time::Time;

/// Calls of one simulated phone at a time.
pub const CALLS_PER_PHONE_MAX: usize = 16;
/// Calls of all outside parties at a time.
pub const OUTSIDE_CALLS_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Answer,
    Reject,
    Press(usize),
    HangUp,
}

/// All simulated phones of one exchange.
pub struct Simulated {
    phones: BTreeMap<DeviceId, Phone>,
    /// How outside parties behave, by number.
    outside: BTreeMap<Digits, Script>,
    calls: BTreeMap<LegId, Call>,
    timers: BTreeSet<(Time, LegId, Act)>,
    out: VecDeque<EngineInput>,
    legs_from: u64,
    legs: u64,
}

impl Simulated {
    /// An engine without phones. `legs_from` is where its numbers of arriving legs begin: unique over restarts.
    #[must_use]
    pub fn new(legs_from: u64) -> Self {
        Self {
            phones: BTreeMap::new(),
            outside: BTreeMap::new(),
            calls: BTreeMap::new(),
            timers: BTreeSet::new(),
            out: VecDeque::new(),
            legs_from,
            legs: 0,
        }
    }

    /// Puts a phone on the network; it registers at once.
    pub fn add_phone(&mut self, device: DeviceId, name: &str) {
        let phone = self.phones.entry(device).or_default();
        name.clone_into(&mut phone.name);
        phone.plugged = true;
        self.register(device);
    }

    /// Takes a phone away for good.
    pub fn remove_phone(&mut self, device: DeviceId) {
        self.unplug(device);
        self.phones.remove(&device);
    }

    /// Whether this is one of its phones.
    #[must_use]
    pub fn has_phone(&self, device: DeviceId) -> bool {
        self.phones.contains_key(&device)
    }

    /// Whether this is one of its legs.
    #[must_use]
    pub fn has_leg(&self, leg: LegId) -> bool {
        self.calls.contains_key(&leg)
    }

    /// How many legs are alive.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.calls.len()
    }

    /// What a phone does by itself from now on.
    ///
    /// # Errors
    ///
    /// When there is no such phone.
    pub fn set_script(&mut self, device: DeviceId, script: Script) -> Result<(), HandFault> {
        self.phones.get_mut(&device).ok_or(HandFault::NoSuchPhone)?.script = script;
        Ok(())
    }

    /// How an outside number behaves from now on.
    pub fn set_outside(&mut self, number: Digits, script: Script) {
        self.outside.insert(number, script);
    }

    /// Carries out an order.
    pub fn order(&mut self, now: Time, order: Order) {
        let Order { id, leg, what } = order;
        match what {
            OrderKind::Ring { device, auto_answer, .. } => self.ring(now, leg, device, auto_answer),
            OrderKind::Alert { .. } => {}
            OrderKind::Accept { .. } | OrderKind::Join { .. } => self.talk(now, leg),
            OrderKind::AnswerRemotely => self.answer_remotely(now, id, leg),
            OrderKind::Release { .. } => self.forget(leg),
        }
    }

    /// A hand does something to a phone.
    ///
    /// # Errors
    ///
    /// When the phone is not there or has no call to which it could be done.
    pub fn hand(&mut self, now: Time, device: DeviceId, hand: Hand) -> Result<(), HandFault> {
        let plugged = self.phones.get(&device).ok_or(HandFault::NoSuchPhone)?.plugged;
        match hand {
            Hand::Unplug => self.unplug(device),
            Hand::PlugIn => {
                if let Some(phone) = self.phones.get_mut(&device) {
                    phone.plugged = true;
                }
                self.register(device);
            }
            Hand::Answer | Hand::Reject | Hand::Dial(_) | Hand::Press(_) | Hand::HangUp if !plugged => {
                return Err(HandFault::Unplugged);
            }
            Hand::Dial(number) => {
                if self.calls_of(device).count() >= CALLS_PER_PHONE_MAX {
                    return Err(HandFault::TooManyCalls);
                }
                self.dial(device, None, number);
            }
            Hand::Answer => {
                let leg = self.find(device, |call| call.phase == Phase::Ringing && !call.deaf)?;
                self.answer(now, leg);
            }
            Hand::Reject => {
                let leg = self.find(device, |call| call.phase == Phase::Ringing && !call.deaf)?;
                self.refuse(leg, Cause::Rejected);
            }
            Hand::Press(digits) => {
                let leg = self.find(device, |call| call.phase == Phase::Talking)?;
                self.report(leg, ReportKind::Digits { digits });
            }
            Hand::HangUp => {
                let leg = self.find(device, |call| call.phase != Phase::Ringing)?;
                self.hang_up(leg, Cause::NormalClearing);
            }
        }
        Ok(())
    }

    /// Somebody outside calls over a trunk.
    ///
    /// # Errors
    ///
    /// When too many outside calls are up.
    pub fn ring_in(&mut self, trunk: DeviceId, from: Digits, name: String, to: Digits) -> Result<(), HandFault> {
        if self.calls_of(trunk).count() >= OUTSIDE_CALLS_MAX {
            return Err(HandFault::TooManyCalls);
        }
        self.dial(trunk, Some(Party::remote(from, name)), to);
        Ok(())
    }

    /// A hand outside does something in the newest call of that outside number.
    ///
    /// # Errors
    ///
    /// When that number has no call to which it could be done.
    pub fn outside_hand(&mut self, number: &Digits, hand: Hand) -> Result<(), HandFault> {
        let found = self.calls.iter().rev().find(|(_, call)| call.outside.as_ref() == Some(number));
        let leg = *found.ok_or(HandFault::NoCall)?.0;
        match hand {
            Hand::HangUp | Hand::Unplug => self.hang_up(leg, Cause::NormalClearing),
            Hand::Press(digits) => self.report(leg, ReportKind::Digits { digits }),
            Hand::Answer | Hand::Reject | Hand::Dial(_) | Hand::PlugIn => return Err(HandFault::NoCall),
        }
        Ok(())
    }

    /// The next thing to tell the core.
    pub fn poll(&mut self) -> Option<EngineInput> {
        self.out.pop_front()
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.first().map(|(at, _, _)| *at)
    }

    /// The time has come.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(first) = self.timers.first().copied().filter(|(at, _, _)| *at <= now) {
            self.timers.remove(&first);
            let (_, leg, act) = first;
            match act {
                Act::Answer => self.answer(now, leg),
                Act::Reject => self.refuse(leg, Cause::Rejected),
                Act::HangUp => self.hang_up(leg, Cause::NormalClearing),
                Act::Press(index) => {
                    let digits = self.script_of(leg).and_then(|script| Some(script.press.get(index)?.1.clone()));
                    if let Some(digits) = digits {
                        self.report(leg, ReportKind::Digits { digits });
                    }
                }
            }
        }
    }

    fn ring(&mut self, now: Time, leg: LegId, device: DeviceId, auto_answer: bool) {
        let Some(phone) = self.phones.get(&device) else { return self.turn_away(leg, Cause::Unregistered) };
        let on_ring = phone.script.on_ring;
        if !phone.plugged {
            return self.turn_away(leg, Cause::Unregistered);
        }
        if on_ring == OnRing::Busy || self.calls_of(device).count() >= CALLS_PER_PHONE_MAX {
            return self.turn_away(leg, Cause::Busy);
        }
        let deaf = matches!(on_ring, OnRing::Never | OnRing::Vanish);
        let outside = None;
        self.calls.insert(leg, Call { device, phase: Phase::Ringing, deaf, outside, seq: 0 });
        if on_ring == OnRing::Vanish {
            return;
        }
        self.report(leg, ReportKind::Alerting);
        match on_ring {
            OnRing::Wait | OnRing::Answer { .. } if auto_answer => self.answer(now, leg),
            OnRing::Answer { after_ms } => self.later(now, after_ms, leg, Act::Answer),
            OnRing::Reject { after_ms } => self.later(now, after_ms, leg, Act::Reject),
            OnRing::Wait | OnRing::Never | OnRing::Busy | OnRing::Vanish => {}
        }
    }

    fn turn_away(&mut self, leg: LegId, cause: Cause) {
        let what = ReportKind::Refused { cause, q850: cause.q850() };
        self.out.push_back(EngineInput::Report(Report { leg, leg_seq: 1, what }));
    }

    fn answer(&mut self, now: Time, leg: LegId) {
        let Some(call) = self.calls.get_mut(&leg).filter(|call| call.phase == Phase::Ringing) else { return };
        call.phase = Phase::Answered;
        self.timers.retain(|(_, of, _)| *of != leg);
        self.report(leg, ReportKind::Answered);
        self.talk_script(now, leg);
    }

    fn answer_remotely(&mut self, now: Time, id: OrderId, leg: LegId) {
        let ringing = self.calls.get(&leg).map(|call| call.phase == Phase::Ringing && !call.deaf);
        let outcome = match ringing {
            Some(true) => {
                self.answer(now, leg);
                EngineInput::OrderDone(id)
            }
            Some(false) => return,
            None => EngineInput::OrderFailed { id, why: OrderFault::UnknownLeg },
        };
        self.out.push_back(outcome);
    }

    fn refuse(&mut self, leg: LegId, cause: Cause) {
        if self.calls.get(&leg).is_some_and(|call| call.phase == Phase::Ringing) {
            self.report(leg, ReportKind::Refused { cause, q850: cause.q850() });
            self.forget(leg);
        }
    }

    fn hang_up(&mut self, leg: LegId, cause: Cause) {
        if self.calls.contains_key(&leg) {
            self.report(leg, ReportKind::Released { cause, q850: cause.q850() });
            self.forget(leg);
        }
    }

    fn dial(&mut self, device: DeviceId, from: Option<Party>, number: Digits) {
        self.legs += 1;
        let leg = LegId::arrived(self.legs_from + self.legs);
        let outside = from.as_ref().map(|party| party.number.clone());
        self.calls.insert(leg, Call { device, phase: Phase::Dialling, deaf: false, outside, seq: 0 });
        self.report(leg, ReportKind::Arrived { device, dialled: number, from, withheld: false });
    }

    /// The other side is connected.
    fn talk(&mut self, now: Time, leg: LegId) {
        let Some(call) = self.calls.get_mut(&leg) else { return };
        let waited = call.phase != Phase::Talking;
        call.phase = Phase::Talking;
        if waited {
            self.talk_script(now, leg);
        }
    }

    /// Talk begins: the script says what the phone does by itself from here.
    fn talk_script(&mut self, now: Time, leg: LegId) {
        let Some(script) = self.script_of(leg).cloned() else { return };
        if let Some(call) = self.calls.get_mut(&leg) {
            call.phase = Phase::Talking;
        }
        self.timers.retain(|(_, of, _)| *of != leg);
        for (index, (after_ms, _)) in script.press.iter().enumerate() {
            self.later(now, *after_ms, leg, Act::Press(index));
        }
        if let Some(after_ms) = script.hang_up_after_ms {
            self.later(now, after_ms, leg, Act::HangUp);
        }
    }

    fn script_of(&self, leg: LegId) -> Option<&Script> {
        let call = self.calls.get(&leg)?;
        match &call.outside {
            Some(number) => self.outside.get(number),
            None => self.phones.get(&call.device).map(|phone| &phone.script),
        }
    }

    fn later(&mut self, now: Time, after_ms: u64, leg: LegId, act: Act) {
        self.timers.insert((now.after_ms(after_ms), leg, act));
    }

    fn forget(&mut self, leg: LegId) {
        if self.calls.remove(&leg).is_some() {
            self.timers.retain(|(_, of, _)| *of != leg);
        }
    }

    fn unplug(&mut self, device: DeviceId) {
        let Some(phone) = self.phones.get_mut(&device) else { return };
        phone.plugged = false;
        self.out.push_back(EngineInput::Registration { device, contacts: Vec::new() });
        let legs: Vec<LegId> = self.calls_of(device).map(|(leg, _)| leg).collect();
        for leg in legs {
            self.hang_up(leg, Cause::EngineLost);
        }
    }

    fn register(&mut self, device: DeviceId) {
        let Some(phone) = self.phones.get(&device) else { return };
        let contact = Contact {
            ip: "127.0.0.1".to_owned(),
            port: 0,
            transport: "simulated".to_owned(),
            user_agent: phone.name.clone(),
        };
        self.out.push_back(EngineInput::Registration { device, contacts: vec![contact] });
    }

    fn report(&mut self, leg: LegId, what: ReportKind) {
        let Some(call) = self.calls.get_mut(&leg) else { return };
        call.seq += 1;
        self.out.push_back(EngineInput::Report(Report { leg, leg_seq: call.seq, what }));
    }

    fn calls_of(&self, device: DeviceId) -> impl Iterator<Item = (LegId, &Call)> {
        self.calls.iter().filter(move |(_, call)| call.device == device).map(|(leg, call)| (*leg, call))
    }

    fn find(&self, device: DeviceId, fits: impl Fn(&Call) -> bool) -> Result<LegId, HandFault> {
        self.calls_of(device).find(|(_, call)| fits(call)).map(|(leg, _)| leg).ok_or(HandFault::NoCall)
    }
}

#[cfg(test)]
mod tests;
