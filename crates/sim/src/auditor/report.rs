//! What engines say, as the auditor takes it.

use super::attempt::{Attempt, Phase};
use super::sign::{About, OrderWhat, OutcomeSign};
use super::{Auditor, WaitsOn};
use std::collections::BTreeSet;
use switching::cause::Cause;
use switching::config::DeviceKind;
use switching::engine::{EngineInput, OrderFault, Report, ReportKind};
use switching::id::{CallId, DeviceId, LegId, OrderId};
use switching::party::Digits;

impl Auditor {
    pub(super) fn engine(&mut self, input: &EngineInput) {
        match input {
            EngineInput::Report(report) => self.report(report),
            EngineInput::Registration { device, contacts } => {
                let Some(phone) = self.book.phones.get_mut(device) else { return };
                if phone.contacts != *contacts {
                    phone.contacts.clone_from(contacts);
                    let name = if contacts.is_empty() { "out_of_service" } else { "back_in_service" };
                    self.event(name, None, About::Device(*device), None);
                }
            }
            EngineInput::OrderDone(_) => {}
            EngineInput::OrderFailed { id, why } => self.order_failed(*id, *why),
            EngineInput::Inventory { legs } => self.inventory(legs),
        }
    }

    fn report(&mut self, Report { leg, leg_seq, what }: &Report) {
        let Some((call, last)) = self.legs.get_mut(leg) else { return self.report_of_stranger(*leg, *leg_seq, what) };
        if *leg_seq <= *last {
            return;
        }
        *last = *leg_seq;
        let call = *call;
        match what {
            ReportKind::Arrived { .. } => {}
            ReportKind::Alerting => self.rings(call, *leg),
            ReportKind::Answered => self.answers(call, *leg),
            ReportKind::Refused { cause, .. } | ReportKind::Released { cause, .. } => self.ended(*leg, *cause, false),
            ReportKind::Digits { .. } => {
                let Some(mut it) = self.attempts.remove(&call) else { return };
                if let Some(end) = end_of(&it, *leg).filter(|end| end.public) {
                    let about = About::Connection(end.connection);
                    self.event("digits_generated", Some(&mut it), about, None);
                }
                self.attempts.insert(call, it);
            }
        }
    }

    fn report_of_stranger(&mut self, leg: LegId, seq: u32, what: &ReportKind) {
        match what {
            ReportKind::Arrived { device, dialled, .. } => {
                if leg.is_arrived() && !self.arrived_before.contains(&leg) {
                    self.arrives(leg, *device, dialled);
                    if let Some((_, last)) = self.legs.get_mut(&leg) {
                        *last = seq;
                    }
                }
            }
            ReportKind::Alerting | ReportKind::Answered => {
                self.order(leg, OrderWhat::Release(Cause::NormalClearing));
            }
            ReportKind::Refused { .. } | ReportKind::Released { .. } | ReportKind::Digits { .. } => {}
        }
    }

    fn arrives(&mut self, leg: LegId, device: DeviceId, dialled: &Digits) {
        if !self.book.phones.contains_key(&device) {
            self.order(leg, OrderWhat::Release(Cause::Blocked));
            return;
        }
        if self.stopping {
            self.order(leg, OrderWhat::Release(Cause::Shutdown));
            return;
        }
        if self.attempts.len() >= self.book.settings.calls_max as usize {
            self.order(leg, OrderWhat::Release(Cause::Resource));
            return;
        }
        let full =
            self.book.phones.get(&device).is_some_and(|phone| phone.config.kind != DeviceKind::Trunk && phone.full());
        if full {
            self.order(leg, OrderWhat::Release(Cause::Busy));
            return;
        }
        let trunk = self.book.trunk(device).map(|(_, trunk)| trunk.clone());
        let taken: BTreeSet<u16> = self
            .attempts
            .values()
            .filter(|call| call.caller.as_ref().is_some_and(|caller| caller.device == device))
            .filter_map(|call| call.circuit)
            .collect();
        let circuit = trunk.as_ref().map(|trunk| (1..=trunk.circuits).find(|number| !taken.contains(number)));
        if circuit == Some(None) {
            self.order(leg, OrderWhat::Release(Cause::TrunkBusy));
            return;
        }
        let inside = trunk.iter().flat_map(|trunk| &trunk.dids).find(|(outside, _)| outside == dialled);
        let dialled = inside.map_or_else(|| dialled.clone(), |(_, inside)| inside.clone());
        self.arrived_before.insert(leg);
        self.counted.call += 1;
        let id = CallId(self.counted.call);
        let caller = self.new_end(id, leg, device, true);
        let connection = caller.connection;
        let mut call = Attempt {
            call: id,
            phase: Phase::Trying,
            caller: Some(caller),
            ordered: false,
            called: Vec::new(),
            dialled,
            circuit: circuit.flatten(),
            ring_ms: None,
            auto_answer: false,
            tone_ms: None,
            limit_ms: None,
            alerted: false,
            worst: None,
            stages: Vec::new(),
            waits: None,
            parts: Vec::new(),
            first_seq: 0,
            events: 0,
        };
        self.open_stage(&mut call);
        self.event("originated", Some(&mut call), About::Connection(connection), None);
        self.try_destination(call);
    }

    fn rings(&mut self, id: CallId, leg: LegId) {
        let Some(mut call) = self.attempts.remove(&id) else { return };
        let prompted = call.caller.as_mut().filter(|caller| caller.leg == leg && !caller.up && !caller.rang);
        if let Some(caller) = prompted.filter(|_| call.ordered) {
            caller.rang = true;
            let about = About::Connection(caller.connection);
            self.event("prompted", Some(&mut call), about, None);
        }
        let place = call.called.iter().position(|end| end.leg == leg && !end.public);
        if let Some(place) = place {
            let mut end = call.called.remove(place);
            self.show(id, &mut end);
            let about = About::Connection(end.connection);
            call.called.insert(place, end);
            let entered = if call.circuit.is_some() { Cause::TrunkCall } else { Cause::NewCall };
            self.event("delivered", Some(&mut call), about, Some(entered));
            let hears = call.caller.as_ref().filter(|caller| caller.leg.is_arrived() && !caller.up).map(|it| it.leg);
            if let Some(hears) = hears.filter(|_| !call.alerted) {
                self.order(hears, OrderWhat::Alert);
            }
            call.alerted = true;
        }
        self.attempts.insert(id, call);
    }

    fn answers(&mut self, id: CallId, leg: LegId) {
        let Some(call) = self.attempts.get(&id) else { return };
        let Some(end) = end_of(call, leg).filter(|end| !end.up) else { return };
        let connection = end.connection;
        let newest = call.stages.last().map_or(switching::id::StageId(0), |(stage, _)| *stage);
        self.stop(super::Clock::Ringing(leg));
        self.answer_commands(connection, OutcomeSign::At(id, connection, newest));
        let Some(mut call) = self.attempts.remove(&id) else { return };
        let Some(caller) = call.caller.as_mut().filter(|caller| caller.leg == leg) else { return self.talk(call, leg) };
        caller.up = true;
        if !call.ordered {
            self.attempts.insert(id, call);
            return;
        }
        if let Some(root) = call.stages.first_mut() {
            root.1 = true;
        }
        self.event("originated", Some(&mut call), About::Connection(connection), None);
        self.first_leg_is(&mut call, Ok(()));
        self.open_stage(&mut call);
        self.try_destination(call);
    }

    pub(super) fn rang_long_enough(&mut self, leg: LegId) {
        self.ended(leg, Cause::NoAnswer, true);
    }

    /// A leg has ended, or we end it because it rang long enough.
    fn ended(&mut self, leg: LegId, cause: Cause, ours: bool) {
        let Some((id, _)) = self.legs.get(&leg).copied() else { return };
        let Some(call) = self.attempts.get(&id) else { return };
        let Some(end) = end_of(call, leg) else { return };
        let connection = end.connection;
        let called = call.called.iter().any(|end| end.leg == leg);
        if end.up || (end.leg.is_arrived() && !called) {
            return self.gone(connection, cause);
        }
        if ours {
            self.order(leg, OrderWhat::Release(cause));
        }
        let Some(mut call) = self.attempts.remove(&id) else { return };
        if !called {
            self.first_leg_is(&mut call, Err(()));
            if let Some(caller) = call.caller.take() {
                self.leave(&mut call, caller, cause);
            }
            call.note(cause);
            return self.finish(call, Cause::NormalClearing);
        }
        if let Some(place) = call.called.iter().position(|end| end.leg == leg) {
            let end = call.called.remove(place);
            self.leave(&mut call, end, cause);
        }
        call.note(cause);
        self.fail_if_all_refused(call);
    }

    fn order_failed(&mut self, id: OrderId, why: OrderFault) {
        let refusal = match why {
            OrderFault::UnknownLeg => "already_over",
            OrderFault::DeviceCannot => "device_cannot",
            OrderFault::Refused => "peer_rejected",
            OrderFault::NoResponse => "peer_timeout",
        };
        let waits =
            self.waiting.iter().find(|(_, waiting)| matches!(waiting.on, WaitsOn::Answer(order, _) if order == id));
        if let Some(request) = waits.map(|(request, _)| *request) {
            self.settle(request, OutcomeSign::Refused(refusal));
        }
    }

    fn inventory(&mut self, alive: &[LegId]) {
        self.stopping = false;
        let alive: BTreeSet<LegId> = alive.iter().copied().collect();
        let known: BTreeSet<LegId> = self.legs.keys().copied().collect();
        for stray in alive.difference(&known) {
            self.order(*stray, OrderWhat::Release(Cause::EngineLost));
        }
        for lost in known.difference(&alive) {
            let Some((call, _)) = self.legs.get(lost) else { continue };
            let Some(call) = self.attempts.get(call) else { continue };
            let Some(end) = end_of(call, *lost) else { continue };
            if end.public {
                self.gone(end.connection, Cause::EngineLost);
            } else {
                self.ended(*lost, Cause::EngineLost, false);
            }
        }
    }
}

fn end_of(call: &Attempt, leg: LegId) -> Option<&super::attempt::End> {
    call.caller.iter().chain(&call.called).find(|end| end.leg == leg)
}
