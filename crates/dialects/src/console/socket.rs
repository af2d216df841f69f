//! `/stream`: the WebSocket, subprotocol `hookswitch.v1`. One socket carries up to sixteen subscriptions, each with its own
//! filter and cursor.
//!
//! Nothing gathers in memory for a socket but the frames being written: a client that does not read holds its own cursor, and
//! is told `gap slow` when the ring has moved past it. Commands go over HTTP only.

use super::Door;
use super::cold::{Gap, Reader};
use super::declared;
use super::dispatch::Incoming;
use super::filter::Filter;
use super::frame::{ENVELOPE_LEN, items, push_envelope};
use super::message::{self, Said, Wanted};
use super::operation::{Gives, Method, Need, Operation, Outcome};
use super::problem::{Done, Problem};
use super::rate::Kind;
use super::render::{Collection, text};
use super::sse::{HEARTBEAT, TICKET_PARAM, check_position};
use super::stream::Watch;
use super::who::{Credential, Who, own_origin};
use super::wire::Instant;
use crate::common::pace::{self, Unwritten};
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// The subprotocol.
pub const PROTOCOL: &str = "hookswitch.v1";
/// Sockets and event readers at a time.
pub const SOCKETS_MAX: usize = 4_096;
/// Subscriptions of one socket.
pub const SUBSCRIPTIONS_MAX: usize = 16;
/// Octets of a message from a client.
const MESSAGE_LEN_MAX: usize = 64 * 1_024;
/// Octets of a snapshot frame, about.
const SNAPSHOT_FRAME_LEN: usize = 256 * 1_024;
/// Octets that are gathered before they are written.
const WRITE_BUFFER_LEN: usize = 64 * 1_024;
/// How long a client may take none of our octets, in milliseconds.
const STALL_MS: u64 = 60_000;
/// Events read for each subscription at a time.
const BATCH: usize = 64;

const PROTOCOL_ERROR: u16 = 4400;
const CREDENTIAL_ENDED: u16 = 4401;
const STALLED: u16 = 4408;
const TOO_MANY: u16 = 4429;
const RESTARTING: u16 = 1012;

/// Opens a socket.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "open_stream",
    method: Method::Get,
    path: "/api/v1/stream",
    what: "Subscriptions over WebSocket; see asyncapi.json",
    need: Need::Scope("calls:read"),
    query: &[TICKET_PARAM],
    body: None,
    gives: Gives::Other(101, "application/json"),
    run: |incoming| Box::pin(open(incoming)),
}];

/// Refuses one more watcher when there are too many.
///
/// # Errors
///
/// `rate_limited`.
pub fn room_for_one(door: &Door) -> Done<()> {
    if door.stream().watchers() < SOCKETS_MAX {
        return Ok(());
    }
    Err(Problem::of(declared::RATE_LIMITED).saying("Too many streams are open").retry_after(1))
}

async fn open(mut incoming: Incoming) -> Outcome {
    let door = incoming.door.clone();
    if matches!(incoming.who.credential, Credential::Login(_)) && incoming.query.text("ticket").is_none() {
        // A foreign page could open a socket with our cookie.
        own_origin(&door, &incoming.parts.headers, false)?;
    }
    room_for_one(&door)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut incoming.parts, &()).await;
    let upgrade = upgrade.map_err(|why| Problem::of(declared::SYNTAX).saying(why.body_text()))?;
    let who = incoming.who;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(MESSAGE_LEN_MAX)
        .max_frame_size(MESSAGE_LEN_MAX)
        .write_buffer_size(WRITE_BUFFER_LEN);
    Ok(upgrade.on_upgrade(|socket| async move {
        let watch = door.stream().watch();
        let mut talk = Talk { socket, door, who, subscriptions: Vec::new(), _watch: watch };
        let end = talk.run().await;
        talk.end(end).await;
    }))
}

/// Why a socket ends; none: the client has gone.
type End = Option<CloseFrame>;

fn close(code: u16, reason: &'static str) -> End {
    Some(CloseFrame { code, reason: reason.into() })
}

struct Subscription {
    id: String,
    filter: Filter,
    reader: Reader,
    /// The last place that was told to this subscription.
    prev: u64,
}

struct Talk {
    socket: WebSocket,
    door: Door,
    who: Who,
    subscriptions: Vec<Subscription>,
    _watch: Watch,
}

impl Talk {
    async fn run(&mut self) -> End {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        // The first tick comes at once: there is nothing to tell yet.
        heartbeat.tick().await;
        let mut ended = self.door.watch_credentials();
        loop {
            let more = match self.pump().await {
                Ok(more) => more,
                Err(end) => return end,
            };
            let next = self.subscriptions.iter().map(|subscription| subscription.reader.seq + 1).min();
            let stream = self.door.stream().clone();
            let went = tokio::select! {
                message = self.socket.recv() => self.heard(message).await,
                _ = heartbeat.tick() => self.heartbeat().await,
                // The sender lives as long as the door.
                _ = ended.changed() => self.check_credential().await,
                () = std::future::ready(()), if more => Ok(()),
                () = stream.ring().wait_for(next.unwrap_or(u64::MAX)), if next.is_some() => Ok(()),
            };
            if let Err(end) = went {
                return end;
            }
        }
    }

    /// Sends what is there for all subscriptions, in the order of the log; gives whether there may be more.
    async fn pump(&mut self) -> Result<bool, End> {
        let mut frames: Vec<(u64, usize, String)> = Vec::new();
        let mut gaps: Vec<(usize, Gap)> = Vec::new();
        let (door, mut most) = (&self.door, 0);
        let behind = self.subscriptions.iter().map(|subscription| subscription.reader.seq).min().unwrap_or(0);
        for (n, subscription) in self.subscriptions.iter_mut().enumerate() {
            // Those ahead wait for the one that catches up, so that a socket's frames stay in order.
            if subscription.reader.seq > behind {
                continue;
            }
            let Subscription { id, filter, reader, prev } = subscription;
            let slots = match reader.next(door.stream(), door.exchange(), BATCH).await {
                Ok(slots) => slots,
                Err(gap) => {
                    gaps.push((n, gap));
                    continue;
                }
            };
            most = most.max(slots.len());
            let name = text(id);
            for event in Reader::rendered(&slots) {
                let Some(tells) = filter.tells(event) else { continue };
                let mut frame = String::with_capacity(event.octets() + ENVELOPE_LEN);
                frame.push_str("{\"op\":\"event\",\"id\":");
                frame.push_str(&name);
                frame.push(',');
                push_envelope(&mut frame, filter, tells, door.exchange().epoch(), *prev, event);
                frame.push('}');
                *prev = event.seq;
                frames.push((event.seq, n, frame));
            }
        }
        frames.sort_by_key(|(seq, n, _)| (*seq, *n));
        let mut out: Vec<String> = frames.into_iter().map(|(_, _, frame)| frame).collect();
        for (n, gap) in gaps.iter().rev() {
            let gone = self.subscriptions.remove(*n);
            out.push(gap_frame(&gone.id, *gap, self.door.exchange().seq()));
        }
        let told = !out.is_empty();
        self.send(out).await?;
        if told {
            pace::rest_after(most, BATCH).await;
        }
        Ok(most > 0 || !gaps.is_empty())
    }

    async fn heard(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(said))) => self.said(said.as_str()).await,
            Some(Ok(Message::Binary(_))) => Err(close(PROTOCOL_ERROR, "messages are text")),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            // Too long, unmasked, no text: what is no message. Where the line itself is gone this is written to nobody.
            Some(Err(_)) => Err(close(PROTOCOL_ERROR, "no message of a WebSocket, or too long")),
            Some(Ok(Message::Close(_))) | None => Err(None),
        }
    }

    async fn said(&mut self, said: &str) -> Result<(), End> {
        match message::read(said) {
            Err(why) => Err(close(PROTOCOL_ERROR, why)),
            Ok(Said::Subscribe(_)) if self.subscriptions.len() >= SUBSCRIPTIONS_MAX => {
                Err(close(TOO_MANY, "too many subscriptions"))
            }
            Ok(Said::Subscribe(message)) => match self.subscribe(&message) {
                Ok(frames) => self.send(frames).await,
                Err(problem) => self.send(vec![error_frame(&message, &problem)]).await,
            },
            Ok(Said::Unsubscribe(id)) => {
                self.subscriptions.retain(|subscription| subscription.id != id);
                Ok(())
            }
            Ok(Said::Wrong(message, problem)) => self.send(vec![error_frame(&message, &problem)]).await,
        }
    }

    fn subscribe(&mut self, message: &Value) -> Done<Vec<String>> {
        // A snapshot costs what a read costs, and a socket could ask for one after the other.
        self.door.rates().take(&self.who.account, Kind::Read)?;
        let exchange = self.door.exchange();
        let mut frames = Vec::new();
        let (wanted, seq) = exchange.read(|picture| {
            let wanted = Wanted::read(message, picture)?;
            if self.subscriptions.iter().any(|subscription| subscription.id == wanted.id) {
                return Err(Problem::one_value("/id", "is taken on this socket"));
            }
            for collection in wanted.filter.collections.iter().filter(|_| wanted.snapshot) {
                let items = items(&wanted.filter, *collection, picture, exchange.clock());
                snapshot_frames(&wanted.id, exchange.epoch(), picture.seq, *collection, items, &mut frames);
            }
            Ok::<_, Problem>((wanted, picture.seq))
        })?;
        let Wanted { id, filter, from, epoch, .. } = wanted;
        if let Some(gap) = from.and_then(|from| check_position(exchange, epoch.as_deref(), from).err()) {
            return Ok(vec![gap_frame(&id, gap, exchange.seq())]);
        }
        let start = from.unwrap_or(seq);
        let reader = Reader::after(start, filter.after, from.is_none());
        self.subscriptions.push(Subscription { id, filter, reader, prev: start });
        // Says where the subscription stands, also where there was no snapshot to say it.
        frames.push(self.heartbeat_frame());
        Ok(frames)
    }

    async fn heartbeat(&mut self) -> Result<(), End> {
        self.check_credential().await?;
        let frame = self.heartbeat_frame();
        self.send(vec![frame]).await
    }

    async fn check_credential(&mut self) -> Result<(), End> {
        match self.who.still_may(&self.door, "calls:read").await {
            Ok(true) => Ok(()),
            Ok(false) => Err(close(CREDENTIAL_ENDED, "the credential has ended")),
            Err(_) => Err(close(RESTARTING, "the exchange is stopping")),
        }
    }

    /// All up to its `seq` has been sent to every subscription.
    fn heartbeat_frame(&mut self) -> String {
        let exchange = self.door.exchange();
        let reached = self.subscriptions.iter().map(|subscription| subscription.reader.seq).min();
        let seq = reached.unwrap_or_else(|| exchange.seq());
        for subscription in &mut self.subscriptions {
            subscription.prev = subscription.prev.max(seq);
        }
        let at = Instant::at(exchange.clock().now(), exchange.clock());
        json!({ "op": "heartbeat", "epoch": exchange.epoch(), "seq": seq, "timestamp": at }).to_string()
    }

    /// Writes frames; ends the socket when the client takes nothing for too long.
    async fn send(&mut self, frames: Vec<String>) -> Result<(), End> {
        if frames.is_empty() {
            return Ok(());
        }
        let written = pace::write(&mut self.socket, frames, self.door.exchange().clock(), STALL_MS).await;
        written.map_err(|why| match why {
            Unwritten::Gone => None,
            Unwritten::Blocked => close(STALLED, "nothing was read for a minute"),
        })
    }

    async fn end(mut self, end: End) {
        if end.is_some() {
            // Whoever reads nothing does not read this either.
            let _ = timeout(Duration::from_secs(1), self.socket.send(Message::Close(end))).await;
        }
    }
}

fn gap_frame(id: &str, gap: Gap, newest: u64) -> String {
    json!({ "op": "gap", "id": id, "reason": gap.reason(), "oldest": gap.oldest(), "newest": newest }).to_string()
}

fn error_frame(message: &Value, problem: &Problem) -> String {
    // What is no name of a subscription is not said after it.
    let id = message["id"].as_str().filter(|id| (1..=64).contains(&id.len()));
    json!({ "op": "error", "id": id, "problem": problem.body() }).to_string()
}

fn snapshot_frames(
    id: &str,
    epoch: &str,
    seq: u64,
    collection: Collection,
    items: Vec<String>,
    frames: &mut Vec<String>,
) {
    let (id, epoch, name) = (text(&id), text(&epoch), collection.name());
    let frame = |items: &str, more: bool| {
        let place = format!("\"id\":{id},\"epoch\":{epoch},\"seq\":{seq},\"collection\":\"{name}\"");
        format!("{{\"op\":\"snapshot\",{place},\"items\":[{items}],\"more\":{more}}}")
    };
    let mut part = String::new();
    for item in items {
        if !part.is_empty() && part.len() + item.len() > SNAPSHOT_FRAME_LEN {
            frames.push(frame(&part, true));
            part.clear();
        }
        if !part.is_empty() {
            part.push(',');
        }
        part.push_str(&item);
    }
    frames.push(frame(&part, false));
}
