//! `/backups`: a copy of everything stored, made while the exchange runs.

use super::super::answer;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::shape::{Fields, Shape, optional, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{COUNT, Instant, TEXT};
use crate::common::ask::Ask;
use serde_json::json;

/// Makes one.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "make_backup",
    method: Method::Post,
    path: "/api/v1/backups",
    what: "Makes a backup below the data directory",
    need: Need::Scope("config:write"),
    query: NO_QUERY,
    body: Some(&Shape::Object(&[optional("name", &Shape::Text { least: 1, most: 64 })])),
    gives: Gives::Json(
        201,
        &Shape::Object(&[required("name", &TEXT), required("octets", &COUNT), required("seq", &COUNT)]),
    ),
    run: |incoming| Box::pin(make(incoming)),
}];

async fn make(incoming: Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    let seq = exchange.seq();
    let now = Instant::at(exchange.clock().now(), exchange.clock()).to_string().replace([':', '.'], "-");
    let name = Fields::of(&incoming.body).text("name").map_or_else(|| format!("backup-{now}.db"), str::to_owned);
    let asked = name.clone();
    let octets = exchange.ask(|back| Ask::Backup { name: asked, back }).await??;
    Ok(answer::json(201, &json!({ "name": name, "octets": octets, "seq": seq })))
}
