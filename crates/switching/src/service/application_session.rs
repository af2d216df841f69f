//! Application sessions (ECMA-354): an application attends to a device in a user's name.

use crate::command::{Answer, DeviceName};
use crate::event::What;
use crate::id::UserId;
use crate::refusal::Refusal;
use crate::switch::Switch;

impl Switch {
    pub(crate) fn open_session(&mut self, name: &DeviceName, user: Option<UserId>) -> Result<Answer, Refusal> {
        let device = self.device(name)?;
        let open = self.state.picture.devices.get(&device).and_then(|it| it.session);
        match open {
            Some(present) if present == user => Ok(Answer::Done),
            Some(_) => Err(Refusal::SessionState),
            None => {
                self.emit(Vec::new(), vec![device], What::ApplicationSession { device, user, open: true });
                Ok(Answer::Done)
            }
        }
    }

    pub(crate) fn close_session(&mut self, name: &DeviceName) -> Result<Answer, Refusal> {
        let device = self.device(name)?;
        let Some(user) = self.state.picture.devices.get(&device).and_then(|it| it.session) else {
            return Err(Refusal::SessionState);
        };
        self.emit(Vec::new(), vec![device], What::ApplicationSession { device, user, open: false });
        Ok(Answer::Done)
    }
}
