//! Clear Connection (ECMA-269 17.1.8) and clear call: a party leaves, or all do.
//!
//! A ringing phone that is cleared counts as having refused the call. With two parties, the other is released too.

use crate::cause::Cause;
use crate::command::{Answer, ClearedBy, DeviceName, Guard, Which};
use crate::id::{CallId, ConnectionId};
use crate::model::ConnectionState;
use crate::refusal::Refusal;
use crate::switch::Switch;
use std::collections::BTreeSet;

impl Switch {
    pub(crate) fn clear_connection(&mut self, which: &Which, guard: &Guard) -> Result<Answer, Refusal> {
        let connection = self.admit(which, guard)?;
        let answer = self.named(connection)?;
        let Some(it) = self.state.picture.connections.get(&connection) else { return Err(Refusal::UnknownConnection) };
        let cause = if it.state == ConnectionState::Alerting { Cause::Rejected } else { Cause::NormalClearing };
        let by = self.request.map_or(ClearedBy::Itself, ClearedBy::Request);
        self.clear(connection, cause, by);
        Ok(answer)
    }

    pub(crate) fn clear_call_of(&mut self, which: &Which, guard: &Guard) -> Result<Answer, Refusal> {
        let connection = self.admit(which, guard)?;
        let answer = self.named(connection)?;
        if let Some(call) = self.state.picture.connections.get(&connection).map(|it| it.call) {
            self.clear_call(call, Cause::NormalClearing, Some(connection));
        }
        Ok(answer)
    }

    pub(crate) fn clear_call_by_id(&mut self, call: CallId) -> Result<Answer, Refusal> {
        let Some(it) = self.state.picture.calls.get(&call) else {
            return Err(if self.was_there(call) { Refusal::AlreadyOver } else { Refusal::UnknownConnection });
        };
        let first = it.connections.first().copied().ok_or(Refusal::UnknownConnection)?;
        let answer = self.named(first)?;
        self.clear_call(call, Cause::NormalClearing, Some(first));
        Ok(answer)
    }

    /// Clears every call in which a device has a leg, also one that does not ring yet; the newest call is answered.
    pub(crate) fn clear_device(&mut self, device: &DeviceName) -> Result<Answer, Refusal> {
        let device = self.device(device)?;
        let calls: BTreeSet<CallId> = self.state.legs.calls_of(device).collect();
        let picture = &self.state.picture;
        let newest = calls.last().and_then(|call| picture.calls.get(call));
        let root = newest.and_then(|call| picture.stages.get(&call.root));
        let Some(root) = root else { return Err(Refusal::NoSuchCall { wanted: Vec::new() }) };
        let answer = Answer::Ended { call: root.call, root: root.id, opened: root.opened };
        for call in calls {
            let picture = &self.state.picture;
            let Some(it) = picture.calls.get(&call) else { continue };
            let own = picture.connections_of(it).find(|connection| connection.device == device).map(|it| it.id);
            self.clear_call(call, Cause::NormalClearing, own);
        }
        Ok(answer)
    }

    pub(crate) fn shut_down(&mut self) {
        let calls: Vec<CallId> = self.state.picture.calls.keys().copied().collect();
        for call in calls {
            self.clear_call(call, Cause::Shutdown, None);
        }
    }

    fn named(&self, connection: ConnectionId) -> Result<Answer, Refusal> {
        let it = self.state.picture.connections.get(&connection).ok_or(Refusal::UnknownConnection)?;
        let stage = self.state.picture.calls.get(&it.call).map_or(it.stage, |call| call.stage);
        Ok(Answer::Connection { call: it.call, connection, stage })
    }
}
