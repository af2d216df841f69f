//! `/calls`: live calls.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, Param, param};
use super::super::problem::Problem;
use super::super::shape::Shape;
use super::super::wire::{CALL, CallView, ConnectionView, ID, StageView};
use super::super::{answer, name};
use super::filter_by::{self, list_query};
use super::list::{COUNT_PARAM, CURSOR_PARAM, LIMIT_PARAM, Listed, page, page_fields};
use crate::common::clock::Clock;
use serde_json::{Map, Value, json};
use std::ops::Bound;
use switching::id::CallId;
use switching::picture::Picture;

const PAGE: Shape = Shape::Object(&page_fields(&Shape::List(&CALL, usize::MAX)));

/// Reads.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_calls",
        method: Method::Get,
        path: "/api/v1/calls",
        what: "Live calls",
        need: Need::Scope("calls:read"),
        query: LIST_QUERY,
        body: None,
        gives: Gives::Json(200, &PAGE),
        run: |incoming| Box::pin(async move { page(&incoming, &LISTED) }),
    },
    Operation {
        id: "get_call",
        method: Method::Get,
        path: "/api/v1/calls/{call}",
        what: "One live call",
        need: Need::Scope("calls:read"),
        query: &[EXPAND_PARAM],
        body: None,
        gives: Gives::Json(200, &CALL),
        run: |incoming| Box::pin(async move { one(&incoming) }),
    },
];

/// Orders of the list.
const SORTS: &[&str] = &["id", "-id", "created_at", "-created_at", "dialled", "-dialled"];
const EXPAND: Shape = Shape::List(&Shape::Word(&["connections", "stages"]), 2);
const EXPAND_PARAM: Param = param("expand", &EXPAND, "adds these whole, as `expanded`");
const INSTANT: Shape = Shape::Instant;
const LIST_QUERY: &[Param] = list_query! { sort SORTS, EXPAND_PARAM;
    "dialled" ID [is in ne prefix];
    "context" ID [is in ne];
    "created_at" INSTANT [gte lt];
};

const LISTED: Listed<CallId> = Listed {
    parse: CallId::parse,
    after: |picture, from, most, clock| {
        let from = from.map_or(Bound::Unbounded, Bound::Excluded);
        let calls = picture.calls.range((from, Bound::Unbounded)).take(most);
        calls.map(|(id, call)| (*id, json!(CallView::of(call, clock)))).collect()
    },
    expand: Some(expand),
};

fn one(incoming: &Incoming) -> Outcome {
    let id = name::call_at(incoming.at("call"))?;
    let exchange = incoming.door.exchange();
    exchange.read(|picture| {
        let call = picture.calls.get(&id).ok_or_else(|| Problem::of(declared::UNKNOWN_CALL))?;
        let mut view = json!(CallView::of(call, exchange.clock()));
        if let Some(words) = incoming.query.list("expand") {
            expand(picture, id, &words, exchange.clock(), &mut view);
        }
        Ok(answer::read(picture.seq, &view))
    })
}

/// Adds what `expand` names, as it stands in the picture.
fn expand(picture: &Picture, id: CallId, words: &[&str], clock: &Clock, view: &mut Value) {
    let Some(call) = picture.calls.get(&id) else { return };
    let mut expanded = Map::new();
    if words.contains(&"connections") {
        let all = picture.connections_of(call).map(|it| json!(ConnectionView::of(it, clock)));
        expanded.insert("connections".to_owned(), all.collect());
    }
    if words.contains(&"stages") {
        let open = call.open_stages.iter().filter_map(|stage| picture.stages.get(stage));
        expanded.insert("stages".to_owned(), open.map(|stage| json!(StageView::of(stage, clock))).collect());
    }
    view["expanded"] = Value::Object(expanded);
}
