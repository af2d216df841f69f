//! `/requests/{key}`: what became of a command, after a connection was lost. 404 says that it was never admitted.

use super::super::answer::{self, reply_body};
use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Shape, required};
use super::super::verb::{NO_QUERY, result};
use super::super::wire::{COUNT_OR_NULL, TEXT};
use crate::common::exchange::KeyKnown;
use serde_json::json;

/// Reads.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "get_request",
    method: Method::Get,
    path: "/api/v1/requests/{key}",
    what: "What became of the command with this idempotency key",
    need: Need::Credential,
    query: NO_QUERY,
    body: None,
    gives: Gives::Json(
        200,
        &Shape::Object(&[
            required("key", &TEXT),
            required("state", &Shape::Word(&["pending", "done"])),
            required("status", &COUNT_OR_NULL),
            required("answer", &Shape::Any),
        ]),
    ),
    run: |incoming| Box::pin(read(incoming)),
}];

async fn read(incoming: Incoming) -> Outcome {
    let key = incoming.at("key").to_owned();
    let exchange = incoming.door.exchange();
    let body = match exchange.key(incoming.principal(), key.clone()).await? {
        KeyKnown::Unknown => return Err(Problem::of(declared::UNKNOWN_REQUEST)),
        KeyKnown::Pending => json!({ "key": key, "state": "pending", "status": null, "answer": null }),
        KeyKnown::Done(reply) => {
            let (status, answer) = match &reply.outcome {
                Ok(answer) => (200, reply_body(&reply, result(answer))),
                Err(refusal) => {
                    let problem = Problem::of_reply(&reply, refusal);
                    (problem.status.as_u16(), problem.body())
                }
            };
            json!({ "key": key, "state": "done", "status": status, "answer": answer })
        }
    };
    Ok(answer::read(exchange.seq(), &body))
}
