//! Ringing a destination, its answer, and its failure.

use crate::cause::{Cause, Elsewhere};
use crate::command::{Answer, ClearedBy};
use crate::engine::OrderKind;
use crate::event::What;
use crate::flow::begin::{NewConnection, shown_to_destination};
use crate::flow::route::{RouteStep, strength};
use crate::id::{CallId, ConnectionId, LegId};
use crate::leg::Role;
use crate::model::{ConnectionState, FailTone};
use crate::party::{Addressed, Circuit};
use crate::refusal::{FirstLegFault, Refusal};
use crate::switch::{Decided, Switch};
use crate::timer::TimerReason;
use std::collections::BTreeMap;

impl Switch {
    /// Rings the destination of a call, or lets the call fail.
    pub(crate) fn deliver(&mut self, call: CallId) {
        let picture = &self.state.picture;
        let Some(it) = picture.calls.get(&call) else { return };
        let Some(caller) = picture.caller_of(it).cloned() else { return };
        let dialled = it.dialled.clone();
        if self.barred(caller.device, &dialled) {
            return self.fail(call, Cause::Blocked, Cause::Blocked.q850());
        }
        let Some(route) = self.route(Some(caller.device), &dialled) else {
            self.decide(Some(call), Decided::NoRoute { dialled });
            return self.fail(call, Cause::InvalidDestination, Cause::InvalidDestination.q850());
        };
        for RouteStep { device, skipped, .. } in &route.steps {
            if let Some(why) = *skipped {
                self.decide(Some(call), Decided::Skipped { device: *device, why });
            }
        }
        if let Some(why) = route.refused() {
            return self.fail(call, why, why.q850());
        }
        let configured_ring = route.extension.and_then(|id| self.state.picture.extensions.get(&id)?.config.ring_ms);
        for step in route.steps.iter().filter(|step| step.skipped.is_none()) {
            self.ring(call, &caller, step, &route, configured_ring);
        }
    }

    fn ring(
        &mut self,
        call: CallId,
        caller: &crate::model::Connection,
        step: &RouteStep,
        route: &crate::flow::route::Route,
        configured_ring_ms: Option<u64>,
    ) {
        let Some(stage) = self.state.picture.calls.get(&call).map(|call| call.stage) else { return };
        let second = self.state.work.get(&call).map(|work| work.second.clone()).unwrap_or_default();
        let ring_limit_ms = second.ring_ms.or(configured_ring_ms).unwrap_or(self.state.picture.settings.ring_ms);
        let from = shown_to_destination(&caller.party, &caller.addressed.number, &second);
        let leg = self.new_leg();
        let mut party = self.party_of(step.device);
        if let Some(extension) = route.extension {
            party.number = route.called.number.clone();
            party.name = route.called.name.clone();
            party.extension = Some(extension);
        }
        let number = route.called.number.clone();
        let entered = if caller.circuit.is_some() { Cause::TrunkCall } else { Cause::NewCall };
        let connection = self.new_connection(
            call,
            stage,
            Role::Destination,
            NewConnection {
                device: step.device,
                leg,
                state: ConnectionState::Alerting,
                prompt: None,
                placed: false,
                addressed: Addressed { number: number.clone(), via: step.via, extension: route.extension },
                entered,
                party,
                circuit: None::<Circuit>,
                vars: BTreeMap::new(),
            },
        );
        if let Some(leg) = self.state.legs.get_mut(leg) {
            leg.unborn = Some(Box::new(connection));
        }
        self.state.timers.set(self.state.now.after_ms(ring_limit_ms), TimerReason::NoAnswer(leg));
        let (peer, auto_answer) = (Some(caller.leg), second.auto_answer && self.answers_by_itself(step.device));
        self.order(leg, OrderKind::Ring { device: step.device, from, to: number, peer, auto_answer, ring_limit_ms });
    }

    /// A called phone rings.
    pub(crate) fn alerting(&mut self, id: LegId) {
        let now = self.state.now;
        let Some(leg) = self.state.legs.get_mut(id) else { return };
        let (call, device, role, public) = (leg.call, leg.device, leg.role, leg.connection);
        let Some(mut connection) = leg.unborn.take() else {
            return match role {
                Role::First => self.first_leg_rings(call, public),
                Role::Caller | Role::Destination => {}
            };
        };
        connection.alerting = Some(now);
        let (cause, via) = (connection.entered, connection.addressed.via);
        self.emit_in_call(call, &[device], What::Delivered { connection, cause, via });
        self.tell_caller(call, id);
    }

    /// The phone of an ordered call rings: told once, and not after its answer.
    fn first_leg_rings(&mut self, call: CallId, connection: ConnectionId) {
        let waits = |it: &crate::model::Connection| it.state == ConnectionState::Initiated && it.alerting.is_none();
        if self.state.picture.connections.get(&connection).is_some_and(waits) {
            self.emit_in_call(call, &[], What::Prompted { connection });
        }
    }

    fn tell_caller(&mut self, call: CallId, ringing: LegId) {
        let Some(work) = self.state.work.get_mut(&call) else { return };
        if std::mem::replace(&mut work.alerted, true) {
            return;
        }
        let caller = work
            .legs
            .iter()
            .copied()
            .find(|id| self.state.legs.get(*id).is_some_and(|leg| leg.role == Role::Caller && !leg.answered));
        if let Some(caller) = caller {
            self.order(caller, OrderKind::Alert { peer: Some(ringing) });
        }
    }

    /// A called phone was answered: first legs dial on, destinations are connected.
    pub(crate) fn answered(&mut self, id: LegId) {
        let Some(leg) = self.state.legs.get_mut(id) else { return };
        if std::mem::replace(&mut leg.answered, true) {
            return;
        }
        let (call, connection, role) = (leg.call, leg.connection, leg.role);
        self.state.timers.cancel(TimerReason::NoAnswer(id));
        self.leg_confirmed(connection);
        match role {
            Role::Caller => {}
            Role::First => self.first_leg_answered(call, connection),
            Role::Destination => self.destination_answered(call, id),
        }
    }

    fn first_leg_answered(&mut self, call: CallId, connection: ConnectionId) {
        let Some(it) = self.state.picture.calls.get(&call) else { return };
        let (dialled, called, did) = (it.dialled.clone(), it.called.clone(), it.did.clone());
        let arrival = crate::event::Arrival::Application;
        let what =
            What::Originated { connection, born: None, dialled, called: called.clone(), did, arrival, prompted: true };
        self.emit_in_call(call, &[], what);
        self.first_leg_decided(call, Ok(()));
        self.next_stage(call, called);
        self.deliver(call);
    }

    /// The reply that waits for the first leg, if one does.
    pub(crate) fn first_leg_decided(&mut self, call: CallId, outcome: Result<(), FirstLegFault>) {
        let Some(request) = self.state.work.get_mut(&call).and_then(|work| work.waiting.take()) else { return };
        let answer = self.state.picture.calls.get(&call).and_then(|it| {
            let caller = self.state.picture.caller_of(it)?;
            Some(Answer::Made { call, connection: caller.id, stage: it.root })
        });
        let outcome = match outcome {
            Ok(()) => Ok(answer.unwrap_or(Answer::Done)),
            Err(fault) => Err(Refusal::FirstLeg(fault)),
        };
        self.settle(request, outcome);
    }

    fn destination_answered(&mut self, call: CallId, id: LegId) {
        let Some(work) = self.state.work.get_mut(&call) else { return };
        work.established = true;
        let legs = work.legs.clone();
        let Some(caller) =
            legs.iter().copied().find(|leg| self.state.legs.get(*leg).is_some_and(|leg| leg.role != Role::Destination))
        else {
            return;
        };
        self.connect_sound(caller, id);
        let Some((connection, born)) = self.state.legs.get_mut(id).map(|leg| (leg.connection, leg.unborn.take()))
        else {
            return;
        };
        let peers: Vec<ConnectionId> = self.state.legs.get(caller).map(|leg| leg.connection).into_iter().collect();
        let cause = match (&born, self.state.picture.connections.get(&connection)) {
            (Some(born), _) => born.entered,
            (None, Some(connection)) => connection.entered,
            (None, None) => Cause::NewCall,
        };
        let device = born.as_ref().map(|born| born.device);
        self.emit_in_call(call, device.as_slice(), What::Established { connection, born, cause, peers });
        for loser in legs.into_iter().filter(|leg| *leg != id && *leg != caller) {
            self.drop_leg(loser, Cause::AnsweredElsewhere(Elsewhere::Branch), ClearedBy::Party(connection));
        }
        let limit = self.state.picture.calls.get(&call).and_then(|call| call.talk_limit_ms);
        if let Some(limit) = limit {
            self.state.timers.set(self.state.now.after_ms(limit), TimerReason::TalkLimit(call));
        }
    }

    fn connect_sound(&mut self, caller: LegId, peer: LegId) {
        let Some(leg) = self.state.legs.get_mut(caller) else { return };
        if std::mem::replace(&mut leg.answered, true) {
            self.order(caller, OrderKind::Join { peer });
        } else {
            self.order(caller, OrderKind::Accept { peer });
        }
    }

    /// A phone has rung long enough.
    pub(crate) fn no_answer(&mut self, id: LegId) {
        self.refused(id, Cause::NoAnswer, Cause::NoAnswer.q850(), true);
    }

    /// A called phone did not take the call; `ours` when the exchange gave up on it.
    pub(crate) fn refused(&mut self, id: LegId, cause: Cause, q850: u8, ours: bool) {
        let Some(leg) = self.state.legs.get(id) else { return };
        let (call, role, connection) = (leg.call, leg.role, leg.connection);
        if ours {
            self.order(id, OrderKind::Release { cause });
        }
        let by = if ours { ClearedBy::Exchange(cause) } else { ClearedBy::Itself };
        match role {
            Role::Caller => {}
            Role::First => {
                self.first_leg_decided(call, Err(FirstLegFault::of(cause)));
                self.forget_leg(id);
                self.cleared(call, connection, cause, q850, by);
                self.note_refusal(call, cause, q850);
                self.end_call_of(call, connection, Cause::NormalClearing);
            }
            Role::Destination => {
                let public = self.forget_leg(id).is_some_and(|leg| leg.unborn.is_none());
                if public {
                    self.cleared(call, connection, cause, q850, by);
                }
                self.note_refusal(call, cause, q850);
                self.fail_if_nobody_rings(call);
            }
        }
    }

    pub(crate) fn note_refusal(&mut self, call: CallId, cause: Cause, q850: u8) {
        let Some(work) = self.state.work.get_mut(&call) else { return };
        if work.refused.is_none_or(|(old, _)| strength(cause) > strength(old)) {
            work.refused = Some((cause, q850));
        }
    }

    /// Lets the call fail when no destination is left to answer it.
    pub(crate) fn fail_if_nobody_rings(&mut self, call: CallId) {
        let Some(work) = self.state.work.get(&call) else { return };
        let rings = |id: &LegId| self.state.legs.get(*id).is_some_and(|leg| leg.role == Role::Destination);
        if work.established || work.legs.iter().any(rings) {
            return;
        }
        let (cause, q850) = work.refused.unwrap_or((Cause::NotObtainable, Cause::NotObtainable.q850()));
        self.fail(call, cause, q850);
    }

    /// The call attempt has failed: the caller is told, or hears the tone.
    pub(crate) fn fail(&mut self, call: CallId, cause: Cause, q850: u8) {
        let picture = &self.state.picture;
        let Some(it) = picture.calls.get(&call) else { return };
        let Some(caller) = picture.caller_of(it) else { return };
        let (connection, leg, called) = (caller.id, caller.leg, it.called.clone());
        let hears = caller.supervised.is_some();
        let tone_ms = match it.fail_tone {
            FailTone::Tone { ms } if hears => Some(ms),
            FailTone::Tone { .. } | FailTone::Reject => None,
        };
        self.note_refusal(call, cause, q850);
        let what = What::Failed { connection, cause, q850, called, offers: Vec::new(), tone: tone_ms.is_some() };
        self.emit_in_call(call, &[], what);
        match tone_ms {
            Some(ms) => self.state.timers.set(self.state.now.after_ms(ms), TimerReason::FailTone(connection)),
            None => {
                self.order(leg, OrderKind::Release { cause });
                self.forget_leg(leg);
                self.cleared(call, connection, cause, q850, ClearedBy::Exchange(cause));
                self.end_call_of(call, connection, Cause::NormalClearing);
            }
        }
    }

    /// The tone has been heard long enough.
    pub(crate) fn clear_after_tone(&mut self, connection: ConnectionId) {
        self.clear(connection, Cause::Timeout, ClearedBy::Exchange(Cause::Timeout));
    }
}
