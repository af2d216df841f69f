//! ccPing (FUS-CC-08): one evPong to every event socket, then the answer.

use super::{Answer, Asked, code};

pub(super) fn answer(asked: &Asked<'_>) -> Answer {
    code(asked.door.stream.pong())
}
