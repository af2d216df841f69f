//! `action=terminate`: every call of an extension ends (VOI-C2C-18).

use super::super::error::Refused;
use super::super::{address, id};
use super::click2call::Outcome;
use super::{Asked, DOOR, make_call};
use crate::common::exchange::Submit;
use switching::command::{Answer, DeviceName, Principal, Verb};

pub(super) async fn carry_out(asked: &Asked<'_>, account: String) -> Outcome {
    let phone = asked.params.given("phone").ok_or_else(|| Refused::missing("phone"))?;
    make_call::reserved(asked, &phone)?;
    let device = asked.door.exchange.read(|picture| address::extension(picture, &phone).map(|device| device.id));
    let device = DeviceName::Id(device.ok_or_else(|| Refused::invalid("phone"))?);
    let by = Principal { door: DOOR.to_owned(), account };
    let submit = Submit::plain(by, Verb::ClearDevice { device });
    let reply = asked.door.exchange.command(submit).await;
    let reply = reply.map_err(|_| Refused::application("The platform is not in service"))?;
    match reply.outcome? {
        Answer::Ended { root, opened, .. } => Ok(id::call(opened, root, asked.door.config.node)),
        Answer::Done | Answer::Made { .. } | Answer::Connection { .. } | Answer::Configured(_) => {
            Err(Refused::application("Application error"))
        }
    }
}
