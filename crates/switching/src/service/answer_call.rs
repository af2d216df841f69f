//! Answer Call (ECMA-269 17.1.2): the device answers a ringing call, if it can be told to.
//!
//! The reply waits until the phone has answered: only then is it true.

use crate::command::{Awaits, Guard, Which};
use crate::engine::OrderKind;
use crate::model::ConnectionState;
use crate::refusal::Refusal;
use crate::switch::{Done, Switch};

impl Switch {
    pub(crate) fn answer_call(&mut self, which: &Which, guard: &Guard) -> Result<Done, Refusal> {
        let connection = self.admit(which, guard)?;
        let Some(it) = self.state.picture.connections.get(&connection) else { return Err(Refusal::UnknownConnection) };
        match it.state {
            ConnectionState::Alerting | ConnectionState::Initiated => {}
            found @ (ConnectionState::Connected
            | ConnectionState::Hold
            | ConnectionState::Queued
            | ConnectionState::Fail) => return Err(Refusal::ConnectionState { found }),
        }
        let leg = it.leg;
        if !self.state.picture.devices.get(&it.device).is_some_and(|device| device.config.can.remote_answer) {
            return Err(Refusal::DeviceCannot);
        }
        let order = self.order(leg, OrderKind::AnswerRemotely);
        let within_ms = self.state.picture.settings.remote_answer_ms;
        if let Some(request) = self.request {
            self.state.answering.entry(connection).or_default().push(request);
        }
        Ok(Done::Later { awaits: Awaits::Answer(order, connection), within_ms })
    }
}
