//! `/snapshot`: what is in view, exact at one sequence number. Frames from the next number on keep it so.

use super::super::answer;
use super::super::dispatch::Incoming;
use super::super::filter::Filter;
use super::super::frame::items;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, Param, param};
use super::super::render::Collection;
use super::super::shape::{Shape, optional, required};
use super::super::wire::{CALL, CONNECTION, COUNT, DEVICE, EXTENSION, ID, Instant, STAGE, TEXT};
use std::fmt::Write;

const COLLECTIONS: Shape = Shape::List(&Shape::Word(Collection::NAMES), 16);
const DEVICES: Shape = Shape::List(&ID, super::super::filter::IDS_MAX);

/// Kinds of resources.
pub const COLLECTIONS_PARAM: Param = param("collections", &COLLECTIONS, "kinds of resources, all unless said");
/// Devices.
pub const DEVICES_PARAM: Param = param("devices", &DEVICES, "only what these devices are in");

const fn list_of(item: &'static Shape) -> Shape {
    Shape::List(item, usize::MAX)
}

/// Reads.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "get_snapshot",
    method: Method::Get,
    path: "/api/v1/snapshot",
    what: "Everything in view, exact at its seq",
    need: Need::Scope("calls:read"),
    query: &[COLLECTIONS_PARAM, DEVICES_PARAM],
    body: None,
    gives: Gives::Json(
        200,
        &Shape::Object(&[
            required("seq", &COUNT),
            required("epoch", &TEXT),
            required("timestamp", &Shape::Instant),
            optional("calls", &list_of(&CALL)),
            optional("connections", &list_of(&CONNECTION)),
            optional("stages", &list_of(&STAGE)),
            optional("devices", &list_of(&DEVICE)),
            optional("extensions", &list_of(&EXTENSION)),
        ]),
    ),
    run: |incoming| Box::pin(async move { snapshot(&incoming) }),
}];

fn snapshot(incoming: &Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    exchange.read(|picture| {
        let filter = Filter::of_query(&incoming.query, picture)?;
        let at = Instant::at(picture.at, exchange.clock());
        let mut body = format!("{{\"seq\":{},\"epoch\":\"{}\",\"timestamp\":\"{at}\"", picture.seq, exchange.epoch());
        for collection in &filter.collections {
            let items = items(&filter, *collection, picture, exchange.clock());
            let _ = write!(body, ",\"{}\":[{}]", collection.name(), items.join(","));
        }
        body.push('}');
        Ok(answer::at_seq(picture.seq, answer::text_json(200, body)))
    })
}
