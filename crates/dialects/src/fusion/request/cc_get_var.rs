//! ccGetVar (FUS-CC-20): reads a variable of a channel.

use super::super::error::Trouble;
use super::super::id;
use super::{Answer, Asked};

pub(super) fn answer(asked: &Asked<'_>) -> Answer {
    let missing = |name| Answer::Trouble(Trouble::Parameter(name));
    let Some(channel) = asked.params.get("channel_id") else { return missing("channel_id") };
    let Some(variable) = asked.params.get("variable") else { return missing("variable") };
    let value = asked.door.exchange.read(|picture| {
        id::connection_of(picture, channel).map(|it| it.vars.get(variable).cloned().unwrap_or_default())
    });
    value.map_or(Answer::Trouble(Trouble::UnknownChannel), Answer::Value)
}
