//! `/stream`: subscriptions over WebSocket, subprotocol `hookswitch.v1`.
//!
//! All subscriptions of a socket share one cursor, so its frames come in one order. A subscription begins with a snapshot or at a
//! place; what it cannot be given any more it is told as a gap, and it has ended then. A socket that takes no octet for a
//! minute is closed; one that falls behind the ring is told so.

use super::cold::{Gap, Reader};
use super::dispatch::Incoming;
use super::filter::Filter;
use super::frame::{envelope, items};
use super::operation::{Gives, Method, Need, Operation, Outcome};
use super::problem::Problem;
use super::shape::{optional, required, Fields, Shape};
use super::stream::Slot;
use super::verb::NO_QUERY;
use super::wire::{Instant, COUNT, ID, TEXT};
use super::Door;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::FromRequestParts;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The subprotocol.
pub const SUBPROTOCOL: &str = "hookswitch.v1";
/// Sockets and event readers at a time.
pub const SOCKETS_MAX: usize = 2_048;
/// Subscriptions of one socket.
pub const SUBSCRIPTIONS_MAX: usize = 16;
/// Octets of a message from a client.
const MESSAGE_LEN_MAX: usize = 64 * 1_024;
/// Octets of one snapshot frame, about.
const SNAPSHOT_FRAME_LEN: usize = 256 * 1_024;
/// Events read at a time.
const BATCH: usize = 256;
/// A socket that takes no octet for so long is closed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Close codes.
const CLOSE_PROTOCOL: u16 = 4_400;
const CLOSE_SLOW: u16 = 4_408;
const CLOSE_TOO_MANY: u16 = 4_429;

const SUBSCRIBE: Shape = Shape::Object(&[
    required("op", &TEXT),
    required("id", &TEXT),
    optional("collections", &Shape::List(&TEXT, 16)),
    optional("filter", &Shape::Object(&[
        optional("types", &Shape::List(&TEXT, 64)),
        optional("devices", &Shape::List(&ID, super::filter::IDS_MAX)),
    ])),
    optional("detail", &TEXT),
    optional("snapshot", &Shape::Flag),
    optional("from", &COUNT),
    optional("epoch", &TEXT),
]);

/// Opens.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "stream",
    method: Method::Get,
    path: "/api/v1/stream",
    what: "Subscriptions over WebSocket",
    need: Need::Scope("calls:read"),
    query: NO_QUERY,
    body: None,
    gives: Gives::Other(101, "application/json"),
    run: |incoming| Box::pin(open(incoming)),
}];

async fn open(incoming: Incoming) -> Outcome {
    let Incoming { door, mut parts, .. } = incoming;
    room(&door)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| Problem::edge(400, "syntax", "This path speaks WebSocket", "caller"))?;
    let upgrade = upgrade.protocols([SUBPROTOCOL]).max_message_size(MESSAGE_LEN_MAX).max_frame_size(MESSAGE_LEN_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(door, socket)))
}

/// Whether one more reader may come.
///
/// # Errors
///
/// When too many are there.
pub fn room(door: &Door) -> Result<(), Problem> {
    if door.stream().watchers() < SOCKETS_MAX {
        return Ok(());
    }
    Err(Problem::edge(503, "resource", "Too many readers of events", "server").retry_after(5))
}

struct Subscription {
    filter: Filter,
    prev: u64,
}

struct Session {
    door: Door,
    socket: WebSocket,
    subscriptions: BTreeMap<String, Subscription>,
    reader: Reader,
    _watch: super::stream::Watch,
}

/// Why a socket ends.
enum End {
    Gone,
    Close(u16, &'static str),
}

async fn serve(door: Door, socket: WebSocket) {
    let watch = door.stream().watch();
    let seq = door.exchange().seq();
    let reader = Reader::after(seq, true, true);
    let mut session = Session { door, socket, subscriptions: BTreeMap::new(), reader, _watch: watch };
    let end = session.run().await;
    if let End::Close(code, reason) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        // The client may be gone.
        let _ = tokio::time::timeout(Duration::from_secs(1), session.socket.send(Message::Close(Some(frame)))).await;
    }
}

impl Session {
    async fn run(&mut self) -> End {
        let mut beat = tokio::time::interval(super::sse::HEARTBEAT);
        beat.tick().await;
        loop {
            let stream = self.door.stream().clone();
            let next = self.reader.seq + 1;
            let outcome = tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.heard(&text).await,
                    Some(Ok(Message::Binary(_))) => Err(End::Close(CLOSE_PROTOCOL, "text only")),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
                },
                () = stream.ring().wait_for(next), if !self.subscriptions.is_empty() => self.events().await,
                _ = beat.tick() => self.heartbeat().await,
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    async fn heard(&mut self, text: &str) -> Result<(), End> {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return Err(End::Close(CLOSE_PROTOCOL, "not JSON"));
        };
        match message.get("op").and_then(Value::as_str) {
            Some("subscribe") => self.subscribe(&message).await,
            Some("unsubscribe") => {
                if let Some(id) = message.get("id").and_then(Value::as_str) {
                    self.subscriptions.remove(id);
                }
                Ok(())
            }
            Some(_) | None => Err(End::Close(CLOSE_PROTOCOL, "unknown op")),
        }
    }

    async fn subscribe(&mut self, message: &Value) -> Result<(), End> {
        let wrong = SUBSCRIBE.check(message);
        if !wrong.is_empty() {
            return self.refuse(message, &Problem::value(wrong)).await;
        }
        let fields = Fields::of(message);
        let id = fields.text("id").unwrap_or_default().to_owned();
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX && !self.subscriptions.contains_key(&id) {
            return Err(End::Close(CLOSE_TOO_MANY, "too many subscriptions"));
        }
        let filter = self.door.exchange().read(|picture| Filter::of_subscribe(fields, picture));
        let filter = match filter {
            Ok(filter) => filter,
            Err(problem) => return self.refuse(message, &problem).await,
        };
        match fields.number("from") {
            Some(from) => self.resume(id, filter, from, fields.text("epoch")).await,
            None => self.begin(id, filter, fields.flag("snapshot").unwrap_or(false)).await,
        }
    }

    /// A new subscription starts where the mirror stands; the socket's other subscriptions are brought there first.
    async fn begin(&mut self, id: String, filter: Filter, snapshot: bool) -> Result<(), End> {
        let exchange = self.door.exchange().clone();
        let (seq, frames) = exchange.read(|picture| {
            let frames = if snapshot { snapshot_frames(&id, &filter, picture, &exchange) } else { Vec::new() };
            (picture.seq, frames)
        });
        self.catch_up(seq).await?;
        for frame in frames {
            self.send(frame).await?;
        }
        self.subscriptions.insert(id, Subscription { filter, prev: seq });
        Ok(())
    }

    /// A subscription that goes on: what it missed is read for it alone, then it joins the others.
    async fn resume(&mut self, id: String, filter: Filter, from: u64, epoch: Option<&str>) -> Result<(), End> {
        let exchange = self.door.exchange().clone();
        if epoch.is_some_and(|epoch| epoch != exchange.epoch()) || from > exchange.seq() {
            return self.gap(&id, Gap::Epoch).await;
        }
        let target = exchange.seq();
        self.catch_up(target).await?;
        let joined = self.reader.seq;
        let mut own = Reader::after(from, filter.after, false);
        let mut prev = from;
        let stream = self.door.stream().clone();
        while own.seq < joined {
            let most = usize::try_from(joined - own.seq).unwrap_or(BATCH).min(BATCH);
            let slots = match own.next(&stream, &exchange, most).await {
                Ok(slots) => slots,
                Err(gap) => return self.gap(&id, gap).await,
            };
            for event in Reader::rendered(&slots) {
                if let Some(frame) = envelope(&filter, exchange.epoch(), prev, event) {
                    prev = event.seq;
                    self.send(event_frame(&id, &frame)).await?;
                }
            }
        }
        self.subscriptions.insert(id, Subscription { filter, prev });
        Ok(())
    }

    async fn catch_up(&mut self, seq: u64) -> Result<(), End> {
        if self.subscriptions.is_empty() {
            self.reader = Reader::after(seq.max(self.reader.seq), true, true);
            return Ok(());
        }
        while self.reader.seq < seq {
            self.events().await?;
        }
        Ok(())
    }

    async fn events(&mut self) -> Result<(), End> {
        let stream = self.door.stream().clone();
        let exchange = self.door.exchange().clone();
        match self.reader.next(&stream, &exchange, BATCH).await {
            Ok(slots) => self.tell(&slots, exchange.epoch()).await,
            Err(gap) => {
                for id in std::mem::take(&mut self.subscriptions).into_keys() {
                    self.gap(&id, gap).await?;
                }
                self.reader = Reader::after(exchange.seq(), true, true);
                Ok(())
            }
        }
    }

    async fn tell(&mut self, slots: &[Arc<Slot>], epoch: &str) -> Result<(), End> {
        let mut frames = Vec::new();
        for event in Reader::rendered(slots) {
            for (id, subscription) in &mut self.subscriptions {
                if let Some(frame) = envelope(&subscription.filter, epoch, subscription.prev, event) {
                    subscription.prev = event.seq;
                    frames.push(event_frame(id, &frame));
                }
            }
        }
        for frame in frames {
            self.send(frame).await?;
        }
        Ok(())
    }

    async fn heartbeat(&mut self) -> Result<(), End> {
        let exchange = self.door.exchange();
        let seq = if self.subscriptions.is_empty() { exchange.seq() } else { self.reader.seq };
        for subscription in self.subscriptions.values_mut() {
            subscription.prev = seq;
        }
        let timestamp = Instant::at(exchange.clock().now(), exchange.clock()).to_string();
        let beat = json!({ "op": "heartbeat", "epoch": exchange.epoch(), "seq": seq, "timestamp": timestamp });
        self.send(beat.to_string()).await
    }

    async fn gap(&mut self, id: &str, gap: Gap) -> Result<(), End> {
        let newest = self.door.exchange().seq();
        let frame = json!({ "op": "gap", "id": id, "reason": gap.reason(), "oldest": gap.oldest(), "newest": newest });
        self.send(frame.to_string()).await
    }

    async fn refuse(&mut self, message: &Value, problem: &Problem) -> Result<(), End> {
        let id = message.get("id").cloned().unwrap_or(Value::Null);
        self.send(json!({ "op": "refused", "id": id, "problem": problem.body() }).to_string()).await
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        match tokio::time::timeout(WRITE_TIMEOUT, self.socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Close(CLOSE_SLOW, "takes no octets")),
        }
    }
}

fn event_frame(id: &str, envelope: &str) -> String {
    format!("{{\"op\":\"event\",\"id\":{},{envelope}}}", json!(id))
}

fn snapshot_frames(
    id: &str,
    filter: &Filter,
    picture: &switching::picture::Picture,
    exchange: &crate::common::exchange::Exchange,
) -> Vec<String> {
    let mut frames = Vec::new();
    for collection in &filter.collections {
        let all = items(filter, *collection, picture, exchange.clock());
        let mut chunks: Vec<Vec<String>> = vec![Vec::new()];
        let mut length = 0;
        for item in all {
            if length > SNAPSHOT_FRAME_LEN {
                chunks.push(Vec::new());
                length = 0;
            }
            length += item.len();
            if let Some(chunk) = chunks.last_mut() {
                chunk.push(item);
            }
        }
        let last = chunks.len() - 1;
        for (index, chunk) in chunks.iter().enumerate() {
            frames.push(format!(
                "{{\"op\":\"snapshot\",\"id\":{},\"epoch\":{},\"seq\":{},\"collection\":\"{}\",\"items\":[{}],\"more\":{}}}",
                json!(id),
                json!(exchange.epoch()),
                picture.seq,
                collection.name(),
                chunk.join(","),
                index < last
            ));
        }
    }
    frames
}
