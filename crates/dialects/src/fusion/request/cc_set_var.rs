//! ccSetVar (FUS-CC-19): sets a variable of a channel. Its bounds are the core's.

use super::super::id;
use super::{Answer, Asked, code};
use std::collections::BTreeMap;
use switching::command::{DataPatch, ReplyAt, Verb, Which};

pub(super) async fn answer(asked: &Asked<'_>) -> Answer {
    let given = (asked.params.get("channel_id"), asked.params.get("variable"), asked.params.even_empty("value"));
    let (Some(channel), Some(variable), Some(value)) = given else { return code(false) };
    let found = asked.door.exchange.read(|picture| id::connection_of(picture, channel).map(|it| it.id));
    let Some(connection) = found else { return code(false) };
    let vars = BTreeMap::from([(variable.to_owned(), value.to_owned())]);
    let patch = Box::new(DataPatch { vars, ..DataPatch::default() });
    let verb = Verb::AssociateData { which: Which::Connection(connection), patch };
    code(asked.command("ccSetVar", verb, ReplyAt::Accepted).await)
}
