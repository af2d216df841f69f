//! `/connections`: live connections, each one device in one call.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, Param, param};
use super::super::problem::Problem;
use super::super::shape::Shape;
use super::super::verb::NO_QUERY;
use super::super::wire::{CONNECTION, ConnectionView, ID, STATE};
use super::super::{answer, name};
use super::filter_by::{self, list_query};
use super::list::{COUNT_PARAM, CURSOR_PARAM, LIMIT_PARAM, Listed, page, page_fields};
use std::ops::Bound;
use switching::id::ConnectionId;

const PAGE: Shape = Shape::Object(&page_fields(&Shape::List(&CONNECTION, usize::MAX)));

/// Reads.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_connections",
        method: Method::Get,
        path: "/api/v1/connections",
        what: "Live connections",
        need: Need::Scope("calls:read"),
        query: LIST_QUERY,
        body: None,
        gives: Gives::Json(200, &PAGE),
        run: |incoming| Box::pin(async move { page(&incoming, &LISTED) }),
    },
    Operation {
        id: "get_connection",
        method: Method::Get,
        path: "/api/v1/connections/{connection}",
        what: "One live connection",
        need: Need::Scope("calls:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &CONNECTION),
        run: |incoming| Box::pin(async move { one(&incoming) }),
    },
];

/// Orders of the list.
const SORTS: &[&str] = &["id", "-id", "created_at", "-created_at", "state", "-state"];
const INSTANT: Shape = Shape::Instant;
const LIST_QUERY: &[Param] = list_query! { sort SORTS;
    "device" ID [is in ne];
    "call" ID [is in ne];
    "state" STATE [is in ne];
    "created_at" INSTANT [gte lt];
    "answered_at" INSTANT [gte lt];
};

const LISTED: Listed<ConnectionId> = Listed {
    parse: ConnectionId::parse,
    after: |picture, from, most, clock| {
        let from = from.map_or(Bound::Unbounded, Bound::Excluded);
        let connections = picture.connections.range((from, Bound::Unbounded)).take(most);
        connections.map(|(id, connection)| (*id, serde_json::json!(ConnectionView::of(connection, clock)))).collect()
    },
    expand: None,
};

fn one(incoming: &Incoming) -> Outcome {
    let id = name::connection_at(incoming.at("connection"))?;
    let exchange = incoming.door.exchange();
    exchange.read(|picture| {
        let connection = picture.connections.get(&id).ok_or_else(|| Problem::of(declared::UNKNOWN_CONNECTION))?;
        Ok(answer::read(picture.seq, &ConnectionView::of(connection, exchange.clock())))
    })
}
