//! `/events`: the log as server-sent events, or in pages as JSON.
//!
//! A position is `<epoch>.<seq>`. `Last-Event-ID` or `from` resumes; a place that cannot be read any more is answered by 410 at
//! the beginning and by `event: gap` later.

use super::cold::{Gap, Reader};
use super::dispatch::Incoming;
use super::filter::Filter;
use super::frame::envelope;
use super::operation::{param, Gives, Method, Need, Operation, Outcome};
use super::problem::{Done, Problem};
use super::resource::snapshot::{COLLECTIONS_PARAM, DEVICES_PARAM};
use super::shape::{required, Shape};
use super::wire::{Instant, COUNT, TEXT};
use super::{answer, Door};
use axum::body::Body;
use axum::http::{header, HeaderValue};
use axum::response::Response;
use futures_util::stream;
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

/// How often a silent stream says that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events of one page.
const PAGE_MAX: u64 = 1_000;
/// Events that are put into one write.
const BATCH: usize = 256;

const DETAIL: Shape = Shape::Word(&["facts", "full"]);
const TYPES: Shape = Shape::List(&TEXT, 64);
const LIMIT: Shape = Shape::Number { least: 1, most: PAGE_MAX as i64 };

/// Reads.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "events",
    method: Method::Get,
    path: "/api/v1/events",
    what: "Events as a stream (text/event-stream) or as a page (application/json)",
    need: Need::Scope("calls:read"),
    query: &[
        COLLECTIONS_PARAM,
        DEVICES_PARAM,
        param("types", &TYPES, "only these events"),
        param("detail", &DETAIL, "`facts` leaves out what changed"),
        param("from", &COUNT, "the last sequence number that is known"),
        param("epoch", &TEXT, "the life of the log that `from` belongs to"),
        param("limit", &LIMIT, "events of one page"),
    ],
    body: None,
    gives: Gives::Json(200, &Shape::Object(&[
        required("epoch", &TEXT),
        required("seq", &COUNT),
        required("items", &Shape::List(&Shape::Any, PAGE_MAX as usize)),
    ])),
    run: |incoming| Box::pin(events(incoming)),
}];

async fn events(incoming: Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    let filter = exchange.read(|picture| Filter::of_query(&incoming.query, picture))?;
    let accept = incoming.parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let from = place(&incoming)?;
    if accept.contains("text/event-stream") {
        return open(&incoming, filter, from).await;
    }
    let limit = incoming.query.number("limit").unwrap_or(100).min(PAGE_MAX);
    let start = from.unwrap_or(0);
    let mut reader = Reader::after(start, filter.after, false);
    let watch = incoming.door.stream().watch();
    let mut items = Vec::new();
    let mut prev = start;
    while (items.len() as u64) < limit {
        let most = usize::try_from(limit).unwrap_or(BATCH) - items.len();
        let slots = reader.next(incoming.door.stream(), exchange, most).await.map_err(gone)?;
        if slots.is_empty() {
            break;
        }
        for event in Reader::rendered(&slots) {
            if let Some(frame) = envelope(&filter, exchange.epoch(), prev, event) {
                items.push(format!("{{{frame}}}"));
                prev = event.seq;
            }
        }
    }
    drop(watch);
    let body = format!("{{\"epoch\":{},\"seq\":{},\"items\":[{}]}}", json!(exchange.epoch()), reader.seq, items.join(","));
    Ok(answer::at_seq(reader.seq, answer::text_json(200, body)))
}

/// Where to go on: `Last-Event-ID`, else the query; none: from now.
fn place(incoming: &Incoming) -> Done<Option<u64>> {
    let exchange = incoming.door.exchange();
    let last = incoming.parts.headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let (epoch, seq) = match last {
        Some(last) => {
            let wrong = || Problem::one_value("/header/Last-Event-ID", "is the id of an event");
            let (epoch, seq) = last.rsplit_once('.').ok_or_else(wrong)?;
            (Some(epoch), Some(seq.parse().map_err(|_| wrong())?))
        }
        None => (incoming.query.text("epoch"), incoming.query.number("from")),
    };
    if seq.is_some() && epoch.is_some_and(|epoch| epoch != exchange.epoch()) {
        return Err(gone(Gap::Epoch));
    }
    match seq {
        Some(seq) if seq > exchange.seq() => Err(Problem::one_value("/query/from", "is not beyond the log")),
        other => Ok(other),
    }
}

/// A place that cannot be read: 410.
pub fn gone(gap: Gap) -> Problem {
    Problem::edge(410, "gap", "The place cannot be read any more", "caller")
        .with("reason", gap.reason())
        .with("oldest", gap.oldest())
}

struct Flow {
    door: Door,
    filter: Filter,
    reader: Reader,
    prev: u64,
    ended: bool,
    _watch: super::stream::Watch,
}

async fn open(incoming: &Incoming, filter: Filter, from: Option<u64>) -> Outcome {
    let door = incoming.door.clone();
    super::socket::room(&door)?;
    let watch = door.stream().watch();
    let start = from.unwrap_or_else(|| door.exchange().seq());
    let mut reader = Reader::after(start, filter.after, from.is_none());
    // A gap at the beginning is a plain answer.
    let first = reader.next(door.stream(), door.exchange(), BATCH).await.map_err(gone)?;
    let mut flow = Flow { door, filter, reader, prev: start, ended: false, _watch: watch };
    let hello = format!(": hookswitch\n\n{}", flow.write(&first));
    let body = stream::unfold((flow, Some(hello)), |(mut flow, hello)| async move {
        if let Some(hello) = hello {
            return Some((Ok::<_, std::convert::Infallible>(hello), (flow, None)));
        }
        if flow.ended {
            return None;
        }
        let text = flow.more().await;
        Some((Ok(text), (flow, None)))
    });
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

impl Flow {
    async fn more(&mut self) -> String {
        let next = self.reader.seq + 1;
        let waited = tokio::time::timeout(HEARTBEAT, self.door.stream().ring().wait_for(next)).await;
        if waited.is_err() {
            return self.heartbeat();
        }
        match self.reader.next(self.door.stream(), self.door.exchange(), BATCH).await {
            Ok(slots) => self.write(&slots),
            Err(gap) => {
                self.ended = true;
                format!("event: gap\ndata: {}\n\n", json!({ "reason": gap.reason(), "oldest": gap.oldest() }))
            }
        }
    }

    fn write(&mut self, slots: &[std::sync::Arc<super::stream::Slot>]) -> String {
        let mut text = String::new();
        let epoch = self.door.exchange().epoch();
        for event in Reader::rendered(slots) {
            if let Some(frame) = envelope(&self.filter, epoch, self.prev, event) {
                let _ = write!(text, "id: {epoch}.{}\nevent: {}\ndata: {{{frame}}}\n\n", event.seq, event.kind);
                self.prev = event.seq;
            }
        }
        text
    }

    fn heartbeat(&mut self) -> String {
        let exchange = self.door.exchange();
        let (epoch, seq) = (exchange.epoch(), self.reader.seq);
        self.prev = seq;
        let timestamp = Instant::at(exchange.clock().now(), exchange.clock());
        let data = json!({ "epoch": epoch, "seq": seq, "timestamp": timestamp.to_string() });
        format!("id: {epoch}.{seq}\nevent: heartbeat\ndata: {data}\n\n")
    }
}
