//! `/records`: one record per call that is over, newest first.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, param};
use super::super::problem::Problem;
use super::super::shape::Shape;
use super::super::verb::NO_QUERY;
use super::super::wire::{ID, RECORD, RecordView, parse_instant};
use super::super::{answer, name};
use super::list::{CURSOR_PARAM, LIMIT, LIMIT_PARAM, page_fields};
use crate::common::ask::{Ask, Fault, RecordQuery};
use serde_json::json;
use switching::id::CallId;
use switching::record::CallRecord;

const PAGE: Shape = Shape::Object(&page_fields(&Shape::List(&RECORD, usize::MAX)));

/// Reads.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_records",
        method: Method::Get,
        path: "/api/v1/records",
        what: "Records of calls that are over, newest first",
        need: Need::Scope("records:read"),
        query: &[
            LIMIT_PARAM,
            CURSOR_PARAM,
            param("party", &ID, "only calls that this number or device took part in"),
            param("started_at.gte", &Shape::Instant, "only calls that began then or later"),
            param("started_at.lt", &Shape::Instant, "only calls that began earlier"),
        ],
        body: None,
        gives: Gives::Json(200, &PAGE),
        run: |incoming| Box::pin(list(incoming)),
    },
    Operation {
        id: "get_record",
        method: Method::Get,
        path: "/api/v1/records/{call}",
        what: "The record of one call",
        need: Need::Scope("records:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &RECORD),
        run: |incoming| Box::pin(one(incoming)),
    },
];

async fn list(incoming: Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    let query = &incoming.query;
    let limit = u32::try_from(query.number("limit").unwrap_or(LIMIT as u64)).unwrap_or(u32::MAX);
    let cursor =
        |text| CallId::parse(text).ok_or_else(|| Problem::one_value("/query/cursor", "is the `next` of a page"));
    let asked = RecordQuery {
        party: query.text("party").map(str::to_owned),
        from: query.text("started_at.gte").and_then(|text| parse_instant(text, exchange.clock())),
        to: query.text("started_at.lt").and_then(|text| parse_instant(text, exchange.clock())),
        limit: limit.saturating_add(1),
        before: query.text("cursor").map(cursor).transpose()?,
    };
    let seq = exchange.seq();
    let mut records = match exchange.ask(|back| Ask::Records(asked, back)).await? {
        Err(Fault::NotFound) => return Err(Problem::one_value("/query/cursor", "is the `next` of a page")),
        records => records?,
    };
    let more = records.len() > limit as usize;
    records.truncate(limit as usize);
    let next = records.last().filter(|_| more).map(|record| record.call.id.to_string());
    let items: Vec<RecordView<'_>> = records.iter().map(|record| RecordView::of(record, exchange.clock())).collect();
    Ok(answer::read(seq, &json!({ "seq": seq, "epoch": exchange.epoch(), "items": items, "next": next })))
}

async fn one(incoming: Incoming) -> Outcome {
    let seq = incoming.door.exchange().seq();
    let record = record(&incoming).await?;
    Ok(answer::read(seq, &RecordView::of(&record, incoming.door.exchange().clock())))
}

/// The record that the path names.
///
/// # Errors
///
/// `unknown_call`.
pub async fn record(incoming: &Incoming) -> Result<CallRecord, Problem> {
    let id = name::call_at(incoming.at("call"))?;
    match incoming.door.exchange().ask(|back| Ask::Record(id, back)).await? {
        Err(Fault::NotFound) => Err(Problem::of(declared::UNKNOWN_CALL)),
        answer => Ok(answer?),
    }
}
