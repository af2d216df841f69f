//! Set Do Not Disturb (ECMA-269 22.1.10) of a directory number. Setting what is set already is no event.

use crate::command::Answer;
use crate::event::What;
use crate::id::DeviceId;
use crate::party::Digits;
use crate::refusal::Refusal;
use crate::switch::Switch;

impl Switch {
    pub(crate) fn set_do_not_disturb(&mut self, number: &Digits, on: bool) -> Result<Answer, Refusal> {
        let (extension, it) = self.state.picture.extension_by_number(number).ok_or(Refusal::UnknownNumber)?;
        if it.do_not_disturb != on {
            let devices: Vec<DeviceId> = [it.config.primary, it.config.secondary].into_iter().flatten().collect();
            self.emit(Vec::new(), devices, What::DoNotDisturb { extension, on });
        }
        Ok(Answer::Done)
    }
}
