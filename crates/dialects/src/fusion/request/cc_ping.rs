//! ccPing (FUS-CC-08): one evPong to every event socket, then the answer.

use super::{Answer, Asked, code};

pub(super) fn answer(asked: &Asked<'_>) -> Answer {
    asked.door.exchange.bring_up();
    code(asked.door.stream.pong())
}
