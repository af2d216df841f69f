//! ccHangup (FUS-CC-02): ends the call of a leg, all its legs.

use super::super::id;
use super::{Answer, Asked, code};
use switching::command::{ReplyAt, Verb, Which};

pub(super) async fn answer(asked: &Asked<'_>) -> Answer {
    let Some(channel) = asked.params.get("channel_id") else { return code(false) };
    let found = asked.door.exchange.read(|picture| id::connection_of(picture, channel).map(|it| it.id));
    let Some(connection) = found else { return code(false) };
    let verb = Verb::ClearCall { which: Which::Connection(connection) };
    code(asked.command("ccHangup", verb, ReplyAt::Accepted).await)
}
