//! `/doors/{door}/authorised`: what a door admits for good because somebody known there has opened it once, and the way to take
//! that back.

use super::super::answer;
use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Shape, required};
use super::super::verb::NO_QUERY;
use super::super::wire::TEXT;
use crate::common::ask::{AUTHORISED, Ask};
use serde_json::json;

/// The list, and taking one out of it.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_authorised",
        method: Method::Get,
        path: "/api/v1/doors/{door}/authorised",
        what: "Numbers of devices that a door admits without credentials, for somebody has opened them with his",
        need: Need::Scope("config:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Object(&[required("items", &Shape::List(&TEXT, usize::MAX))])),
        run: |incoming| Box::pin(list(incoming)),
    },
    Operation {
        id: "remove_authorised",
        method: Method::Delete,
        path: "/api/v1/doors/{door}/authorised/{number}",
        what: "Takes such a number back: whoever opens it next needs credentials again",
        need: Need::Scope("config:write"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Nothing,
        run: |incoming| Box::pin(remove(incoming)),
    },
];

async fn list(incoming: Incoming) -> Outcome {
    let (door, list) = (incoming.at("door").to_owned(), AUTHORISED.to_owned());
    let items = incoming.door.exchange().ask(|back| Ask::Kept { door, list, back }).await??;
    Ok(answer::json(200, &json!({ "items": items })))
}

async fn remove(incoming: Incoming) -> Outcome {
    let (door, list) = (incoming.at("door").to_owned(), AUTHORISED.to_owned());
    let (name, kept) = (incoming.at("number").to_owned(), false);
    let was_there = incoming.door.exchange().ask(|back| Ask::Keep { door, list, name, kept, back }).await??;
    if was_there { Ok(answer::nothing()) } else { Err(Problem::of(declared::UNKNOWN_NUMBER)) }
}
