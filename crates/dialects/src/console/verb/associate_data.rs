//! `associate_data`: Associate Data (ECMA-269 18.1.1): named values for a call, variables for one of its connections.

use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::shape::{Fields, Shape, optional};
use super::super::wire::NAMED;
use super::make_call::correlator;
use super::{ANSWERED, NO_QUERY, call, deadline, guard, other_party, reply, submit, which};
use switching::command::{DataPatch, Verb};
use switching::model::ConnectionState;

const CORRELATOR: Shape = Shape::Text { least: 0, most: 1_368 };
const ACCOUNT_CODE: Shape = Shape::Text { least: 1, most: 32 };
const STATES: &[ConnectionState] = &[
    ConnectionState::Connected,
    ConnectionState::Alerting,
    ConnectionState::Initiated,
    ConnectionState::Hold,
    ConnectionState::Queued,
    ConnectionState::Fail,
];

const ON_CONNECTION: Shape = Shape::Object(&[
    optional("data", &NAMED),
    optional("vars", &NAMED),
    optional("account_code", &ACCOUNT_CODE),
    optional("correlator", &CORRELATOR),
    guard(),
    reply(),
    deadline(),
]);
const ON_DEVICE: Shape = Shape::Object(&[
    optional("data", &NAMED),
    optional("vars", &NAMED),
    optional("account_code", &ACCOUNT_CODE),
    optional("correlator", &CORRELATOR),
    call(),
    other_party(),
    guard(),
    reply(),
    deadline(),
]);

/// On a connection, and on a device where the core chooses.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "associate_data",
        method: Method::Post,
        path: "/api/v1/connections/{connection}/associate_data",
        what: "Sets named values of the call and variables of the connection; what is not named stays",
        need: Need::Scope("calls:control"),
        query: NO_QUERY,
        body: Some(&ON_CONNECTION),
        gives: Gives::Json(200, &ANSWERED),
        run: |incoming| Box::pin(carry_out(incoming)),
    },
    Operation {
        id: "associate_data_of_device",
        method: Method::Post,
        path: "/api/v1/devices/{device}/associate_data",
        what: "Sets named values of the device's call; the core chooses the connection",
        need: Need::Scope("calls:control"),
        query: NO_QUERY,
        body: Some(&ON_DEVICE),
        gives: Gives::Json(200, &ANSWERED),
        run: |incoming| Box::pin(carry_out(incoming)),
    },
];

async fn carry_out(incoming: Incoming) -> Outcome {
    let which = which(&incoming, STATES)?;
    let body = Fields::of(&incoming.body);
    let patch = DataPatch {
        correlator: correlator(body)?,
        custom: body.named("data"),
        account_code: body.text("account_code").map(str::to_owned),
        vars: body.named("vars"),
    };
    submit(&incoming, Verb::AssociateData { which, patch: Box::new(patch) }).await
}
