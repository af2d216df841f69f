//! How connections and calls end: the acting party first, then the others in the order in which they joined.

use crate::cause::Cause;
use crate::command::ClearedBy;
use crate::engine::OrderKind;
use crate::event::What;
use crate::id::{CallId, ConnectionId, DeviceId, LegId};
use crate::leg::Leg;
use crate::model::{ConnectionState, StageResult};
use crate::refusal::FirstLegFault;
use crate::switch::Switch;
use crate::timer::TimerReason;

impl Switch {
    /// Ends one connection on our side. With two parties the call is over; a ringing phone counts as having refused.
    pub(crate) fn clear(&mut self, connection: ConnectionId, cause: Cause, by: ClearedBy) {
        let Some(leg) = self.state.picture.connections.get(&connection).map(|it| it.leg) else { return };
        self.order(leg, OrderKind::Release { cause });
        self.gone(connection, cause, cause.q850(), by);
    }

    /// A connection has ended, on the wire already or by an order just given.
    pub(crate) fn gone(&mut self, connection: ConnectionId, cause: Cause, q850: u8, by: ClearedBy) {
        let Some(it) = self.state.picture.connections.get(&connection) else { return };
        let (call, leg, placed, answered) = (it.call, it.leg, it.placed, it.answered.is_some());
        let failed = it.state == ConnectionState::Fail;
        if placed {
            self.first_leg_decided(call, Err(FirstLegFault::of(cause)));
        }
        self.forget_leg(leg);
        self.cleared(call, connection, cause, q850, by);
        if placed || answered {
            if !failed {
                self.give_up(call);
            }
            let for_others = if placed && !answered { Cause::Abandoned } else { Cause::NormalClearing };
            let for_others = match cause {
                Cause::TalkLimit | Cause::EngineLost | Cause::MediaLost | Cause::Shutdown => cause,
                _ => for_others,
            };
            self.end_call_of(call, connection, for_others);
        } else {
            self.note_refusal(call, cause, q850);
            self.fail_if_nobody_rings(call);
        }
    }

    /// Ends all of a call.
    pub(crate) fn clear_call(&mut self, call: CallId, cause: Cause, first: Option<ConnectionId>) {
        let Some(it) = self.state.picture.calls.get(&call) else { return };
        let Some(first) = first.or_else(|| it.connections.first().copied()) else { return };
        let by = self.request.map_or(ClearedBy::Exchange(cause), ClearedBy::Request);
        let failed = self.state.picture.connections_of(it).any(|connection| connection.state == ConnectionState::Fail);
        let Some(leg) = self.state.picture.connections.get(&first).map(|c| c.leg) else { return };
        if !failed {
            self.give_up(call);
        }
        self.first_leg_decided(call, Err(FirstLegFault::Cleared));
        self.order(leg, OrderKind::Release { cause });
        self.forget_leg(leg);
        self.cleared(call, first, cause, cause.q850(), by);
        self.end_call_of(call, first, cause);
    }

    /// Ends what is left of a call after `actor` has gone.
    pub(crate) fn end_call_of(&mut self, call: CallId, actor: ConnectionId, cause: Cause) {
        let legs = self.state.work.get(&call).map(|work| work.legs.clone()).unwrap_or_default();
        for leg in legs {
            self.drop_leg(leg, cause, ClearedBy::Party(actor));
        }
        self.close_stages(call, cause);
        self.state.timers.cancel(TimerReason::TalkLimit(call));
        self.state.work.remove(&call);
        self.emit(vec![call], Vec::new(), What::CallCleared { call });
    }

    /// Releases one leg of a call and its connection, if that is public.
    pub(crate) fn drop_leg(&mut self, id: LegId, cause: Cause, by: ClearedBy) {
        if self.state.legs.get(id).is_none() {
            return;
        }
        self.order(id, OrderKind::Release { cause });
        let Some(leg) = self.forget_leg(id) else { return };
        if leg.unborn.is_none() {
            self.cleared(leg.call, leg.connection, cause, cause.q850(), by);
        }
    }

    /// Forgets a leg: from here on it is the engine's alone.
    pub(crate) fn forget_leg(&mut self, id: LegId) -> Option<Leg> {
        self.state.timers.cancel(TimerReason::NoAnswer(id));
        let leg = self.state.legs.remove(id)?;
        if let Some(work) = self.state.work.get_mut(&leg.call) {
            work.legs.retain(|other| *other != id);
        }
        self.leg_lost(leg.connection);
        Some(leg)
    }

    /// Writes the end of one connection into the log.
    pub(crate) fn cleared(&mut self, call: CallId, connection: ConnectionId, cause: Cause, q850: u8, by: ClearedBy) {
        let Some(it) = self.state.picture.connections.get(&connection) else { return };
        let (was, device) = (it.state, it.device);
        let left = self.state.picture.calls.get(&call).map_or(0, |call| call.connections.len().saturating_sub(1));
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        self.state.timers.cancel(TimerReason::FailTone(connection));
        self.bury(connection, call);
        let what = What::ConnectionCleared { connection, cause, by, q850, was, left };
        self.emit_in_call(call, &[device], what);
    }

    /// The call ends before its destination was decided: what single phones said is no result of it.
    fn give_up(&mut self, call: CallId) {
        if let Some(work) = self.state.work.get_mut(&call) {
            work.refused = None;
        }
    }

    pub(crate) fn close_stages(&mut self, call: CallId, cause: Cause) {
        let open = self.state.picture.calls.get(&call).map(|call| call.open_stages.clone()).unwrap_or_default();
        let failed = self.state.work.get(&call).and_then(|work| work.refused).map(|(cause, _)| cause);
        let given_up = if cause == Cause::NormalClearing { Cause::Abandoned } else { cause };
        for id in open {
            let Some(stage) = self.state.picture.stages.get(&id).cloned() else { continue };
            let result = match stage.answered {
                Some(_) => StageResult::Answered,
                None => StageResult::Unanswered(failed.unwrap_or(given_up)),
            };
            self.emit(vec![call], Vec::new(), What::StageClosed { stage: Box::new(stage), result });
        }
    }

    /// Writes an event of a call into the log; it concerns every device of the call and `more`.
    pub(crate) fn emit_in_call(&mut self, call: CallId, more: &[DeviceId], what: What) {
        let mut devices: Vec<DeviceId> = self
            .state
            .picture
            .calls
            .get(&call)
            .into_iter()
            .flat_map(|it| self.state.picture.connections_of(it))
            .map(|connection| connection.device)
            .chain(more.iter().copied())
            .collect();
        devices.sort_unstable();
        devices.dedup();
        self.emit(vec![call], devices, what);
    }
}
