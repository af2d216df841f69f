//! What the engine reports, turned into transitions.
//!
//! Reports of one leg carry rising numbers: a double or late one changes nothing. A report of a leg that the core does not
//! have (any more) is answered by a release.

use crate::cause::Cause;
use crate::command::Awaits;
use crate::command::{Answer, ClearedBy};
use crate::engine::{Contact, EngineInput, OrderFault, OrderKind, Report, ReportKind};
use crate::event::What;
use crate::id::{ConnectionId, DeviceId, LegId, OrderId, RequestId};
use crate::leg::Role;
use crate::limits::CONTACTS_MAX;
use crate::refusal::Refusal;
use crate::switch::Switch;
use std::collections::BTreeSet;

impl Switch {
    pub(crate) fn engine(&mut self, input: EngineInput) {
        match input {
            EngineInput::Report(report) => self.report(report),
            EngineInput::Registration { device, contacts } => self.registration(device, contacts),
            EngineInput::OrderDone(_) => {}
            EngineInput::OrderFailed { id, why } => self.order_failed(id, why),
            EngineInput::Inventory { legs } => self.inventory(&legs),
        }
    }

    fn report(&mut self, Report { leg: id, leg_seq, what }: Report) {
        let known = match self.state.legs.get_mut(id) {
            None => false,
            Some(leg) if leg_seq <= leg.seq => return,
            Some(leg) => {
                leg.seq = leg_seq;
                true
            }
        };
        match what {
            ReportKind::Arrived { device, dialled, from, withheld } if !known && self.state.legs.may_arrive(id) => {
                self.arrive(id, device, dialled, from, withheld);
                if let Some(leg) = self.state.legs.get_mut(id) {
                    leg.seq = leg_seq;
                }
            }
            ReportKind::Arrived { .. } => {}
            ReportKind::Alerting | ReportKind::Answered if !known => {
                self.order(id, OrderKind::Release { cause: Cause::NormalClearing });
            }
            ReportKind::Alerting => self.alerting(id),
            ReportKind::Answered => self.answered(id),
            ReportKind::Refused { cause, q850 } | ReportKind::Released { cause, q850 } => {
                self.released(id, cause, q850)
            }
            ReportKind::Digits { digits } => self.digits(id, digits.as_str().chars().count()),
        }
    }

    /// A leg has ended: a phone that was being called did not take the call, any other has left it.
    fn released(&mut self, id: LegId, cause: Cause, q850: u8) {
        let Some(leg) = self.state.legs.get(id) else { return };
        match (leg.role, leg.answered, &leg.unborn) {
            (Role::First | Role::Destination, false, _) => self.refused(id, cause, q850, false),
            (_, _, None) => self.gone(leg.connection, cause, q850, ClearedBy::Itself),
            (_, _, Some(_)) => {
                self.forget_leg(id);
            }
        }
    }

    fn digits(&mut self, id: LegId, count: usize) {
        let Some(leg) = self.state.legs.get(id) else { return };
        let (call, connection) = (leg.call, leg.connection);
        if leg.unborn.is_none() {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            self.emit_in_call(call, &[], What::DigitsGenerated { connection, count });
        }
    }

    fn registration(&mut self, id: DeviceId, mut contacts: Vec<Contact>) {
        let Some(device) = self.state.picture.devices.get(&id) else { return };
        contacts.truncate(CONTACTS_MAX);
        let before = device.registration.contacts();
        if before == contacts {
            return;
        }
        let what = if contacts.is_empty() {
            What::OutOfService { device: id }
        } else {
            What::BackInService { device: id, contacts }
        };
        self.emit(Vec::new(), vec![id], what);
    }

    /// After a start: what the engine has lost has ended, and what only the engine has is released.
    fn inventory(&mut self, alive: &[LegId]) {
        self.state.stopping = false;
        let alive: BTreeSet<LegId> = alive.iter().copied().collect();
        let lost: Vec<LegId> = self.state.legs.iter().map(|(id, _)| id).filter(|id| !alive.contains(id)).collect();
        for stray in alive.into_iter().filter(|id| self.state.legs.get(*id).is_none()).collect::<Vec<_>>() {
            self.order(stray, OrderKind::Release { cause: Cause::EngineLost });
        }
        for id in lost {
            let Some(leg) = self.state.legs.get(id) else { continue };
            let q850 = Cause::EngineLost.q850();
            match (leg.role, &leg.unborn) {
                (Role::Destination, Some(_)) => self.refused(id, Cause::EngineLost, q850, false),
                (_, _) => self.gone(leg.connection, Cause::EngineLost, q850, ClearedBy::Exchange(Cause::EngineLost)),
            }
        }
    }

    fn order_failed(&mut self, id: OrderId, why: OrderFault) {
        let waits = self.state.waiting.iter().find_map(|(request, waiting)| match waiting.awaits {
            Awaits::Answer(order, _) if order == id => Some(*request),
            Awaits::Answer(..) | Awaits::FirstLeg(_) => None,
        });
        let Some(request) = waits else { return };
        let refusal = match why {
            OrderFault::UnknownLeg => Refusal::AlreadyOver,
            OrderFault::DeviceCannot => Refusal::DeviceCannot,
            OrderFault::Refused => Refusal::PeerRejected,
            OrderFault::NoResponse => Refusal::PeerTimeout,
        };
        self.settle(request, Err(refusal));
    }

    /// A phone was answered: commands that told it to are done.
    pub(crate) fn leg_confirmed(&mut self, connection: ConnectionId) {
        for request in self.answering(connection) {
            let answer = self.state.picture.connections.get(&connection).and_then(|it| {
                let stage = self.state.picture.calls.get(&it.call)?.stage;
                Some(Answer::Connection { call: it.call, connection, stage })
            });
            self.settle(request, Ok(answer.unwrap_or(Answer::Done)));
        }
    }

    /// A leg is gone: commands that waited for its answer are refused.
    pub(crate) fn leg_lost(&mut self, connection: ConnectionId) {
        for request in self.answering(connection) {
            self.settle(request, Err(Refusal::PeerRejected));
        }
    }

    fn answering(&self, connection: ConnectionId) -> Vec<RequestId> {
        self.state.answering.get(&connection).cloned().unwrap_or_default()
    }
}
