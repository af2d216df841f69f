//! `/parked_pushes`: messages to other servers that nobody took, and trying them once more.

use super::super::answer;
use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Shape, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{COUNT, ID, TEXT};
use crate::common::ask::{Ask, ParkedPush};
use serde_json::{Value, json};

const PARKED: Shape = Shape::Named(
    "ParkedPush",
    &Shape::Object(&[
        required("id", &ID),
        required("endpoint", &TEXT),
        required("message", &TEXT),
        required("tries", &COUNT),
    ]),
);

/// The list, and another try.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_parked_pushes",
        method: Method::Get,
        path: "/api/v1/parked_pushes",
        what: "Messages to other servers that were tried by their plan and not taken, the thousand oldest",
        need: Need::Scope("config:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Object(&[required("items", &Shape::List(&PARKED, usize::MAX))])),
        run: |incoming| Box::pin(list(incoming)),
    },
    Operation {
        id: "replay_parked_push",
        method: Method::Post,
        path: "/api/v1/parked_pushes/{push}/replay",
        what: "Tries such a message again, as if it had never been tried",
        need: Need::Scope("config:write"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Nothing,
        run: |incoming| Box::pin(replay(incoming)),
    },
];

async fn list(incoming: Incoming) -> Outcome {
    let parked = incoming.door.exchange().ask(Ask::Parked).await??;
    let view = |push: ParkedPush| json!({ "id": push.id.to_string(), "endpoint": push.endpoint, "message": push.message, "tries": push.tries });
    let items: Vec<Value> = parked.into_iter().map(view).collect();
    Ok(answer::json(200, &json!({ "items": items })))
}

async fn replay(incoming: Incoming) -> Outcome {
    let id = incoming.at("push").parse().map_err(|_| Problem::of(declared::UNKNOWN_PUSH))?;
    let was_one = incoming.door.exchange().ask(|back| Ask::Replay { id, back }).await??;
    if was_one { Ok(answer::nothing()) } else { Err(Problem::of(declared::UNKNOWN_PUSH)) }
}
