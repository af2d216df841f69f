//! `/records`: one record per call that is over, newest first.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, param};
use super::super::problem::Problem;
use super::super::shape::Shape;
use super::super::verb::NO_QUERY;
use super::super::wire::{ID, RECORD, RecordView, parse_instant};
use super::super::{answer, name};
use super::list::{CURSOR_PARAM, LIMIT, LIMIT_PARAM, link, page_fields};
use crate::common::ask::{Ask, Fault, RecordQuery, RecordScan};
use serde_json::json;
use switching::id::CallId;
use switching::record::CallRecord;
use switching::time::Time;

/// Nothing is ever taken off the list that this door shows.
const WHOLE_LIST: &str = "console";

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
            param("sort", &Shape::Word(&["started_at", "-started_at"]), "the order: newest first unless said"),
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
    let seq = exchange.seq();
    let mut records = if query.text("sort") == Some("started_at") {
        oldest_first(&incoming, limit.saturating_add(1)).await?
    } else {
        newest_first(&incoming, limit.saturating_add(1)).await?
    };
    let more = records.len() > limit as usize;
    records.truncate(limit as usize);
    let next = records.last().filter(|_| more).map(|record| record.call.id.to_string());
    let items: Vec<RecordView<'_>> = records.iter().map(|record| RecordView::of(record, exchange.clock())).collect();
    let body = json!({ "seq": seq, "epoch": exchange.epoch(), "items": items, "next": next });
    let mut response = answer::read(seq, &body);
    if let Some(next) = next {
        answer::header(response.headers_mut(), "link", Some(link(&incoming, &next)));
    }
    Ok(response)
}

fn wrong_cursor() -> Problem {
    Problem::one_value("/query/cursor", "is the `next` of a page")
}

/// The last record of the page before, and when it began.
async fn cursor(incoming: &Incoming) -> Result<Option<(Time, CallId)>, Problem> {
    let Some(text) = incoming.query.text("cursor") else { return Ok(None) };
    let call = CallId::parse(text).ok_or_else(wrong_cursor)?;
    match incoming.door.exchange().ask(|back| Ask::Record(call, back)).await? {
        Err(Fault::NotFound) => Err(wrong_cursor()),
        record => Ok(Some((record?.call.created, call))),
    }
}

fn instant(incoming: &Incoming, name: &str) -> Option<Time> {
    incoming.query.text(name).and_then(|text| parse_instant(text, incoming.door.exchange().clock()))
}

async fn newest_first(incoming: &Incoming, limit: u32) -> Result<Vec<CallRecord>, Problem> {
    let asked = RecordQuery {
        parties: incoming.query.text("party").map(str::to_owned).into_iter().collect(),
        from: instant(incoming, "started_at.gte"),
        to: instant(incoming, "started_at.lt"),
        limit,
        before: cursor(incoming).await?,
    };
    Ok(incoming.door.exchange().ask(|back| Ask::Records(asked, back)).await??)
}

async fn oldest_first(incoming: &Incoming, limit: u32) -> Result<Vec<CallRecord>, Problem> {
    let exchange = incoming.door.exchange();
    let after = cursor(incoming).await?;
    let scan = RecordScan {
        party: incoming.query.text("party").map(str::to_owned),
        from: instant(incoming, "started_at.gte"),
        to: instant(incoming, "started_at.lt"),
        calls: 0..u64::MAX,
        list: WHOLE_LIST,
        after,
        limit,
    };
    Ok(exchange.ask(|back| Ask::Scan(scan, back)).await??)
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
