//! `/calls`: live calls.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, param};
use super::super::problem::Problem;
use super::super::shape::Shape;
use super::super::verb::NO_QUERY;
use super::super::wire::{CALL, CallView, ID};
use super::super::{answer, name};
use super::list::{COUNT_PARAM, CURSOR_PARAM, LIMIT_PARAM, Listed, page, page_fields};
use std::ops::Bound;
use switching::id::CallId;

const PAGE: Shape = Shape::Object(&page_fields(&Shape::List(&CALL, usize::MAX)));

/// Reads.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_calls",
        method: Method::Get,
        path: "/api/v1/calls",
        what: "Live calls",
        need: Need::Scope("calls:read"),
        query: &[
            LIMIT_PARAM,
            CURSOR_PARAM,
            COUNT_PARAM,
            param("dialled", &ID, "only calls to this number"),
            param("context", &ID, "only calls routed there"),
        ],
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
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &CALL),
        run: |incoming| Box::pin(async move { one(&incoming) }),
    },
];

const LISTED: Listed<CallId> = Listed {
    parse: CallId::parse,
    after: |picture, from, most, clock| {
        let from = from.map_or(Bound::Unbounded, Bound::Excluded);
        let calls = picture.calls.range((from, Bound::Unbounded)).take(most);
        calls.map(|(id, call)| (*id, serde_json::json!(CallView::of(call, clock)))).collect()
    },
    fields: &["dialled", "context"],
};

fn one(incoming: &Incoming) -> Outcome {
    let id = name::call_at(incoming.at("call"))?;
    let exchange = incoming.door.exchange();
    exchange.read(|picture| {
        let call = picture.calls.get(&id).ok_or_else(|| Problem::of(declared::UNKNOWN_CALL))?;
        Ok(answer::read(picture.seq, &CallView::of(call, exchange.clock())))
    })
}
