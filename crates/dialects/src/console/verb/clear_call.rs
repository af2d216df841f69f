//! `clear_call`: all parties leave, and the call is over.

use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::{ANSWERED, NO_QUERY, ON_CONNECTION, submit};
use crate::console::name;
use switching::command::Verb;

/// On a call.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "clear_call",
    method: Method::Post,
    path: "/api/v1/calls/{call}/clear_call",
    what: "Ends a call for all its parties",
    need: Need::Scope("calls:control"),
    query: NO_QUERY,
    body: Some(&ON_CONNECTION),
    gives: Gives::Json(200, &ANSWERED),
    run: |incoming| Box::pin(carry_out(incoming)),
}];

async fn carry_out(incoming: Incoming) -> Outcome {
    let call = name::call_at(incoming.at("call"))?;
    submit(&incoming, Verb::ClearCallById { call }).await
}
