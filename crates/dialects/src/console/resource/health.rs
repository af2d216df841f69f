//! `/healthz` (the process lives) and `/readyz` (the exchange takes commands). Nobody has to show anything for them.

use super::super::answer;
use super::super::dispatch::{DOOR, Incoming};
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Shape, required};
use super::super::verb::NO_QUERY;
use super::super::wire::TEXT;
use serde_json::json;
use std::time::Duration;
use switching::command::Principal;
use switching::refusal::Refusal;

/// How long the exchange may take to answer a question before it counts as not ready.
const READY_WAIT_S: u64 = 2;

const STATUS: Shape = Shape::Object(&[required("status", &TEXT)]);

/// Probes.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "get_health",
        method: Method::Get,
        path: "/healthz",
        what: "The process lives",
        need: Need::Nothing,
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &STATUS),
        run: |_| Box::pin(async { Ok(answer::json(200, &json!({ "status": "alive" }))) }),
    },
    Operation {
        id: "get_readiness",
        method: Method::Get,
        path: "/readyz",
        what: "The exchange takes commands",
        need: Need::Nothing,
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &STATUS),
        run: |incoming| Box::pin(ready(incoming)),
    },
];

async fn ready(incoming: Incoming) -> Outcome {
    // Any question shows that the driver turns.
    let probe = Principal { door: DOOR.to_owned(), account: "readyz".to_owned() };
    let question = incoming.door.exchange().key(probe, "readyz".to_owned());
    match tokio::time::timeout(Duration::from_secs(READY_WAIT_S), question).await {
        Ok(Ok(_)) => Ok(answer::json(200, &json!({ "status": "ready" }))),
        Ok(Err(_)) | Err(_) => Err(Problem::of_refusal(&Refusal::OutOfService)),
    }
}
