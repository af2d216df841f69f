//! `answer_call`: Answer Call (ECMA-269 17.1.2). A device has to be able to.

use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::{ANSWERED, NO_QUERY, ON_CONNECTION, ON_DEVICE, submit, which};
use switching::command::Verb;
use switching::model::ConnectionState;

/// States in which a device's connection is looked for, in order.
const STATES: &[ConnectionState] = &[ConnectionState::Alerting];

/// On a connection, and on a device where the core chooses.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "answer_call",
        method: Method::Post,
        path: "/api/v1/connections/{connection}/answer_call",
        what: "Makes a ringing device answer; the reply waits until it has",
        need: Need::Scope("calls:control"),
        query: NO_QUERY,
        body: Some(&ON_CONNECTION),
        gives: Gives::Json(200, &ANSWERED),
        run: |incoming| Box::pin(carry_out(incoming)),
    },
    Operation {
        id: "answer_call_of_device",
        method: Method::Post,
        path: "/api/v1/devices/{device}/answer_call",
        what: "Makes a ringing device answer; the reply waits until it has; the core chooses the device's connection",
        need: Need::Scope("calls:control"),
        query: NO_QUERY,
        body: Some(&ON_DEVICE),
        gives: Gives::Json(200, &ANSWERED),
        run: |incoming| Box::pin(carry_out(incoming)),
    },
];

async fn carry_out(incoming: Incoming) -> Outcome {
    let which = which(&incoming, STATES)?;
    submit(&incoming, Verb::AnswerCall { which }).await
}
