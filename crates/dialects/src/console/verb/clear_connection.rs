//! `clear_connection`: Clear Connection (ECMA-269 17.1.8): hang up, reject or cancel, whatever the state is.

use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::{ANSWERED, NO_QUERY, ON_CONNECTION, ON_DEVICE, submit, which};
use switching::command::Verb;
use switching::model::ConnectionState;

/// States in which a device's connection is looked for, in order.
const STATES: &[ConnectionState] = &[
    ConnectionState::Connected,
    ConnectionState::Alerting,
    ConnectionState::Initiated,
    ConnectionState::Hold,
    ConnectionState::Queued,
    ConnectionState::Fail,
];

/// On a connection, and on a device where the core chooses.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "clear_connection",
        method: Method::Post,
        path: "/api/v1/connections/{connection}/clear_connection",
        what: "Takes one party out of its call; with two parties the call is over",
        need: Need::Scope("calls:control"),
        query: NO_QUERY,
        body: Some(&ON_CONNECTION),
        gives: Gives::Json(200, &ANSWERED),
        run: |incoming| Box::pin(carry_out(incoming)),
    },
    Operation {
        id: "clear_connection_of_device",
        method: Method::Post,
        path: "/api/v1/devices/{device}/clear_connection",
        what: "Takes one party out of its call; with two parties the call is over; the core chooses the device's connection",
        need: Need::Scope("calls:control"),
        query: NO_QUERY,
        body: Some(&ON_DEVICE),
        gives: Gives::Json(200, &ANSWERED),
        run: |incoming| Box::pin(carry_out(incoming)),
    },
];

async fn carry_out(incoming: Incoming) -> Outcome {
    let which = which(&incoming, STATES)?;
    submit(&incoming, Verb::ClearConnection { which }).await
}
