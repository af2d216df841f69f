//! The services, one file each, and the table that finds them.

mod answer_call;
mod application_session;
mod associate_data;
mod clear_connection;
mod configure;
mod make_call;
mod set_do_not_disturb;

use crate::command::{Answer, Guard, ReplyAt, Verb};
use crate::refusal::Refusal;
use crate::switch::{Done, Switch};

impl Switch {
    pub(crate) fn carry_out(&mut self, verb: Verb, guard: &Guard, reply: ReplyAt) -> Result<Done, Refusal> {
        if self.state.stopping && verb != Verb::Shutdown {
            return Err(Refusal::OutOfService);
        }
        match verb {
            Verb::MakeCall(make) => self.make_call(*make, guard, reply),
            Verb::AnswerCall { which } => self.answer_call(&which, guard),
            Verb::ClearConnection { which } => self.clear_connection(&which, guard).map(Done::Now),
            Verb::ClearCall { which } => self.clear_call_of(&which, guard).map(Done::Now),
            Verb::ClearCallById { call } => self.clear_call_by_id(call).map(Done::Now),
            Verb::AssociateData { which, patch } => self.associate_data(&which, guard, *patch).map(Done::Now),
            Verb::SetDoNotDisturb { number, on } => self.set_do_not_disturb(&number, on).map(Done::Now),
            Verb::OpenSession { device, user } => self.open_session(&device, user).map(Done::Now),
            Verb::CloseSession { device } => self.close_session(&device).map(Done::Now),
            Verb::ClearDevice { device } => self.clear_device(&device).map(Done::Now),
            Verb::Shutdown => {
                self.state.stopping = true;
                self.shut_down();
                Ok(Done::Now(Answer::Done))
            }
        }
    }
}
