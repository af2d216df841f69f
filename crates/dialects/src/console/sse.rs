//! `/events`: the same envelopes as server-sent events, resumed by `Last-Event-ID`; as `application/json` it pages the log.
//!
//! A place that cannot be read any more is answered by 410 at the beginning and by `event: gap` later.

use super::cold::{Gap, Reader};
use super::declared;
use super::dispatch::Incoming;
use super::filter::{EVENT_TYPES, Filter};
use super::frame::{envelope, push_envelope};
use super::operation::{Gives, Method, Need, Operation, Outcome, Param, param};
use super::problem::{Done, Problem};
use super::resource::list::LIMIT;
use super::resource::snapshot::{COLLECTIONS_PARAM, DEVICES_PARAM};
use super::shape::{Shape, required};
use super::stream::{Slot, Watch};
use super::who::Who;
use super::wire::{COUNT, COUNT_OR_NULL, ID, Instant, TEXT};
use super::{Door, answer, socket};
use crate::common::exchange::Exchange;
use crate::common::pace;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant as Deadline;

/// How often a silent stream says where it stands.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events read at a time.
const BATCH: usize = 128;
/// Events of the log that one page looks at.
const LOOK_MAX: u64 = 20_000;

const PAGE: Shape = Shape::Object(&[
    required("seq", &COUNT),
    required("epoch", &TEXT),
    required("items", &Shape::List(&super::describe::ENVELOPE, usize::MAX)),
    required("next", &COUNT_OR_NULL),
]);

/// A ticket where no header can be set.
pub const TICKET_PARAM: Param = param("ticket", &ID, "a stream ticket, where no header can be set");

/// Watches, or pages.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "watch_events",
    method: Method::Get,
    path: "/api/v1/events",
    what: "Events as server-sent events (Accept: text/event-stream), or a page of the log (application/json)",
    need: Need::Scope("calls:read"),
    query: &[
        COLLECTIONS_PARAM,
        DEVICES_PARAM,
        param("types", &Shape::List(&Shape::Word(EVENT_TYPES), EVENT_TYPES.len()), "only events of these types"),
        param("detail", &Shape::Word(&["facts", "full"]), "facts: without `after`"),
        param("from", &COUNT, "go on after this seq"),
        param("epoch", &ID, "of the life of the log in which `from` was read"),
        param("limit", &Shape::Number { least: 1, most: 1_000 }, "events on a page of the log"),
        TICKET_PARAM,
    ],
    body: None,
    gives: Gives::Json(200, &PAGE),
    run: |incoming| Box::pin(events(incoming)),
}];

async fn events(incoming: Incoming) -> Outcome {
    let accept = incoming.parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/event-stream") { watch(incoming).await } else { page(&incoming).await }
}

/// Where to go on: `Last-Event-ID`, else `from` and `epoch`; none: from now.
fn position(incoming: &Incoming) -> Done<Option<u64>> {
    let wrong = || Problem::one_value("/header/Last-Event-ID", "is the id of an event");
    let last = incoming.parts.headers.get("last-event-id").map(|value| {
        let (epoch, seq) = value.to_str().ok()?.rsplit_once('.')?;
        Some((epoch, seq.parse::<u64>().ok()?))
    });
    let (epoch, seq) = match (last, incoming.query.number("from")) {
        (Some(last), _) => last.map(|(epoch, seq)| (Some(epoch), seq)).ok_or_else(wrong)?,
        (None, Some(seq)) => (incoming.query.text("epoch"), seq),
        (None, None) => return Ok(None),
    };
    check_position(incoming.door.exchange(), epoch, seq).map_err(|gap| gone(&incoming.door, gap))?;
    Ok(Some(seq))
}

/// Whether a position belongs to this life of the log.
///
/// # Errors
///
/// [`Gap::Epoch`].
pub fn check_position(exchange: &Exchange, epoch: Option<&str>, seq: u64) -> Result<(), Gap> {
    let other = epoch.is_some_and(|epoch| epoch != exchange.epoch());
    if other || seq > exchange.seq() { Err(Gap::Epoch) } else { Ok(()) }
}

fn gone(door: &Door, gap: Gap) -> Problem {
    Problem::of(declared::GAP)
        .with("reason", gap.reason())
        .with("oldest", gap.oldest())
        .with("newest", door.exchange().seq())
}

async fn page(incoming: &Incoming) -> Outcome {
    let door = &incoming.door;
    let exchange = door.exchange();
    let filter = exchange.read(|picture| Filter::of_query(&incoming.query, picture))?;
    let limit = incoming.query.number("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(LIMIT);
    let from = position(incoming)?.unwrap_or(0);
    let (newest, mut prev) = (exchange.seq(), from);
    let mut reader = Reader::after(from, filter.after, false);
    let mut items: Vec<String> = Vec::new();
    while items.len() < limit && reader.seq < newest && reader.seq - from < LOOK_MAX {
        let slots = reader.next(door.stream(), exchange, limit - items.len()).await.map_err(|gap| gone(door, gap))?;
        if slots.is_empty() {
            break;
        }
        for event in Reader::rendered(&slots) {
            let Some(envelope) = envelope(&filter, exchange.epoch(), prev, event) else { continue };
            items.push(envelope);
            prev = event.seq;
        }
    }
    let next = if reader.seq < newest { reader.seq.to_string() } else { "null".to_owned() };
    let epoch = super::render::text(&exchange.epoch());
    let body = format!("{{\"seq\":{newest},\"epoch\":{epoch},\"items\":[{}],\"next\":{next}}}", items.join(","));
    Ok(answer::at_seq(newest, answer::text_json(200, body)))
}

async fn watch(incoming: Incoming) -> Outcome {
    let door = incoming.door.clone();
    socket::room_for_one(&door)?;
    // From here on everything is rendered, so what follows the position comes over the ring.
    let watch = door.stream().watch();
    let exchange = door.exchange();
    let filter = exchange.read(|picture| Filter::of_query(&incoming.query, picture))?;
    let position = position(&incoming)?;
    let from = position.unwrap_or_else(|| exchange.seq());
    let mut reader = Reader::after(from, filter.after, position.is_none());
    let first = reader.next(door.stream(), exchange, BATCH).await.map_err(|gap| gone(&door, gap))?;
    let told = Telling {
        who: incoming.who.clone(),
        filter,
        reader,
        prev: from,
        pending: Some(first),
        heartbeat_at: Deadline::now(),
        credentials: door.watch_credentials(),
        begun: false,
        told: None,
        ended: false,
        _watch: watch,
        door,
    };
    let chunks = futures_util::stream::unfold(told, |mut told| async move {
        let chunk = told.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), told))
    });
    let mut response: Response = Body::from_stream(chunks).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // A proxy that gathers answers would hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// One open stream.
struct Telling {
    door: Door,
    who: Who,
    filter: Filter,
    reader: Reader,
    /// The last place that was told.
    prev: u64,
    /// What has been read and not been told.
    pending: Option<Vec<Arc<Slot>>>,
    heartbeat_at: Deadline,
    credentials: watch::Receiver<u64>,
    begun: bool,
    /// Of how many events the last thing sent was made.
    told: Option<usize>,
    ended: bool,
    _watch: Watch,
}

impl Telling {
    /// What is sent next; none when the stream is over.
    async fn next(&mut self) -> Option<String> {
        if let Some(told) = self.told.take() {
            pace::rest_after(told, BATCH).await;
        }
        while !self.ended {
            if Deadline::now() >= self.heartbeat_at {
                return Some(self.heartbeat().await);
            }
            let slots = match self.pending.take() {
                Some(slots) => Ok(slots),
                None => self.reader.next(self.door.stream(), self.door.exchange(), BATCH).await,
            };
            match slots {
                Err(gap) => return Some(self.gap(gap)),
                Ok(slots) if slots.is_empty() => {
                    let position = self.reader.seq + 1;
                    // There is something to read, or a heartbeat is due; the loop finds out which.
                    tokio::select! {
                        () = self.door.stream().ring().wait_for(position) => {}
                        () = tokio::time::sleep_until(self.heartbeat_at) => {}
                        // The heartbeat looks whether the credential still holds.
                        _ = self.credentials.changed() => self.heartbeat_at = Deadline::now(),
                    }
                }
                Ok(slots) => {
                    let chunk = self.write(&slots);
                    if !chunk.is_empty() {
                        self.told = Some(slots.len());
                        return Some(chunk);
                    }
                }
            }
        }
        None
    }

    fn write(&mut self, slots: &[Arc<Slot>]) -> String {
        let epoch = self.door.exchange().epoch();
        let mut chunk = String::new();
        for event in Reader::rendered(slots) {
            let Some(tells) = self.filter.tells(event) else { continue };
            let _ = write!(chunk, "id: {epoch}.{}\nevent: {}\ndata: {{", event.seq, event.kind);
            push_envelope(&mut chunk, &self.filter, tells, epoch, self.prev, event);
            chunk.push_str("}\n\n");
            self.prev = event.seq;
        }
        chunk
    }

    async fn heartbeat(&mut self) -> String {
        self.heartbeat_at = Deadline::now() + HEARTBEAT;
        // The first one tells a client at once where it stands; its credential has just been looked at.
        if std::mem::replace(&mut self.begun, true)
            && !matches!(self.who.still_may(&self.door, "calls:read").await, Ok(true))
        {
            return self.gap(Gap::Rights);
        }
        let exchange = self.door.exchange();
        let seq = if self.pending.is_some() { self.prev } else { self.reader.seq };
        self.prev = self.prev.max(seq);
        let (epoch, at) = (exchange.epoch(), Instant::at(exchange.clock().now(), exchange.clock()));
        let data = format!("{{\"op\":\"heartbeat\",\"epoch\":\"{epoch}\",\"seq\":{seq},\"timestamp\":\"{at}\"}}");
        format!("id: {epoch}.{seq}\nevent: heartbeat\ndata: {data}\n\n")
    }

    fn gap(&mut self, gap: Gap) -> String {
        self.ended = true;
        let (reason, oldest, newest) = (gap.reason(), gap.oldest(), self.door.exchange().seq());
        format!(
            "event: gap\ndata: {{\"op\":\"gap\",\"reason\":\"{reason}\",\"oldest\":{oldest},\"newest\":{newest}}}\n\n"
        )
    }
}
