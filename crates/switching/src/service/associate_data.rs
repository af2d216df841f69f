//! Associate Data (ECMA-269 18.1.1): attach data to a call or variables to a connection.

use crate::command::{Answer, DataPatch, Guard, Which};
use crate::event::What;
use crate::limits::{ACCOUNT_CODE_LEN_MAX, CORRELATOR_LEN_MAX, CUSTOM_MAX, VARS_MAX};
use crate::refusal::Refusal;
use crate::service::make_call::fits;
use crate::switch::Switch;

impl Switch {
    pub(crate) fn associate_data(&mut self, which: &Which, guard: &Guard, patch: DataPatch) -> Result<Answer, Refusal> {
        let connection = self.admit(which, guard)?;
        let field = |field: &str| Err(Refusal::Value { field: field.to_owned() });
        let picture = &self.state.picture;
        let Some(it) = picture.connections.get(&connection) else { return Err(Refusal::UnknownConnection) };
        let Some(call) = picture.calls.get(&it.call) else { return Err(Refusal::UnknownConnection) };
        let mut data = call.data.clone();
        let mut vars = it.vars.clone();
        if patch.correlator.as_ref().is_some_and(|data| data.len() > CORRELATOR_LEN_MAX) {
            return field("correlator");
        }
        if patch.account_code.as_ref().is_some_and(|code| code.len() > ACCOUNT_CODE_LEN_MAX) {
            return field("account_code");
        }
        data.correlator = patch.correlator.or(data.correlator);
        data.account_code = patch.account_code.or(data.account_code);
        data.custom.extend(patch.custom);
        let changes_vars = !patch.vars.is_empty();
        vars.extend(patch.vars);
        if !fits(&data.custom, CUSTOM_MAX) {
            return field("data");
        }
        if !fits(&vars, VARS_MAX) {
            return field("vars");
        }
        let (call, stage) = (call.id, call.stage);
        let vars = changes_vars.then_some((connection, vars));
        self.emit_in_call(call, &[], What::CallInformation { call, data: Box::new(data), vars });
        Ok(Answer::Connection { call, connection, stage })
    }
}
