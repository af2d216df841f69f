//! The real-time channel: Socket.IO 1 and 2 over WebSocket, which is Engine.IO 3 (VOI-RT-03 to 07, VOI-RT-12, VOI-RT-13).
//!
//! Nothing is told before a login with a code. Then a snapshot, then each event of the extensions that are watched. A socket that
//! falls behind gets a new snapshot: missed events are not replayed. Polling, tokens and logins by password are not there; queues and
//! diallers do not exist, so their lists are empty.

use super::address::each_extension;
use super::gate::CODE_LEN_MAX;
use super::live::Words;
use super::request::DOOR;
use super::stream::Reading;
use super::wire::Json;
use super::{Door, id};
use crate::common::ask::Ask;
use crate::common::pace;
use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Sockets at a time (VOI-LIM-09).
pub const SOCKETS_MAX: usize = 200;
/// Octets of a message from a client.
pub const MESSAGE_LEN_MAX: usize = 65_536;
/// How often a client is to ping (VOI-RT-12).
const PING: Duration = Duration::from_secs(25);
/// How long it may be late with it (VOI-RT-12).
const PING_LATE: Duration = Duration::from_secs(60);
/// How long a client may take none of our octets.
const STALL: Duration = Duration::from_secs(60);
/// Frames that are read from the stream at a time.
const BATCH: usize = 64;
/// Extensions that one socket may pick out.
const PICKED_MAX: usize = 1_000;

/// A message of a client, as far as it means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// `2`: a ping, with what has to come back.
    Ping(String),
    /// `41`, `1`: it goes.
    Close,
    /// `42["name",payload]`; with a number before the bracket where it is to be acknowledged.
    Event(String, Json, Option<u64>),
    /// Anything else.
    Nothing,
}

impl Said {
    /// Reads one message.
    #[must_use]
    pub fn read(text: &str) -> Self {
        if let Some(probe) = text.strip_prefix('2') {
            return Self::Ping(probe.to_owned());
        }
        if text == "1" || text == "41" {
            return Self::Close;
        }
        let Some(rest) = text.strip_prefix("42") else { return Self::Nothing };
        let event = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let ack = match &rest[..rest.len() - event.len()] {
            "" => None,
            number => match number.parse() {
                Ok(number) => Some(number),
                Err(_) => return Self::Nothing,
            },
        };
        let Some(Json::Array(mut values)) = Json::parse(event.as_bytes()) else { return Self::Nothing };
        if values.is_empty() {
            return Self::Nothing;
        }
        match values.remove(0) {
            Json::Text(name) => Self::Event(name, values.into_iter().next().unwrap_or(Json::Null), ack),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => Self::Nothing,
        }
    }
}

/// Serves a socket until it ends.
pub(super) async fn serve(door: Door, source: IpAddr, socket: WebSocket, reading: Reading) {
    let position = door.stream.ring().head();
    let mut talk = Talk { door, source, socket, position, logged_in: false, picked: None, _reading: reading };
    if talk.send(vec![open_packet(), "40".to_owned()]).await.is_some() {
        while talk.step().await.is_some() {}
    }
    // It may be gone already.
    let _ = timeout(STALL, talk.socket.close()).await;
}

/// Tells one client too many that it may not come in, and lets it go.
pub(super) async fn turn_away(mut socket: WebSocket) {
    let refusal = async {
        socket.send(Message::text(open_packet())).await?;
        socket.send(Message::text("44\"Too many connections\"")).await
    };
    // It may be gone already.
    let _ = timeout(STALL, refusal).await;
    let _ = timeout(STALL, socket.close()).await;
}

fn open_packet() -> String {
    format!(
        "0{{\"sid\":\"{}\",\"upgrades\":[],\"pingInterval\":{},\"pingTimeout\":{}}}",
        session_id(),
        PING.as_millis(),
        PING_LATE.as_millis()
    )
}

/// A name for the connection, which nobody can use for anything.
fn session_id() -> String {
    let mut octets = [0; 10];
    // Without randomness the name is always the same, which does no harm.
    let _ = getrandom::fill(&mut octets);
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

struct Talk {
    door: Door,
    source: IpAddr,
    socket: WebSocket,
    position: u64,
    logged_in: bool,
    /// Extensions that are watched; none: all.
    picked: Option<BTreeSet<String>>,
    _reading: Reading,
}

impl Talk {
    /// Waits for the next thing and does it; none: the socket ends.
    async fn step(&mut self) -> Option<()> {
        let silent = Instant::now() + PING + PING_LATE;
        loop {
            let ring = self.door.stream.ring().clone();
            tokio::select! {
                // What happened before an answer is told before it.
                biased;
                () = ring.wait_for(self.position), if self.logged_in => self.tell().await?,
                message = self.socket.recv() => {
                    return match message {
                        Some(Ok(Message::Text(text))) => self.heard(Said::read(text.as_str())).await,
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => Some(()),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => None,
                    };
                }
                () = tokio::time::sleep_until(silent) => return None,
            }
        }
    }

    async fn heard(&mut self, said: Said) -> Option<()> {
        match said {
            Said::Ping(probe) => self.send(vec![format!("3{probe}")]).await,
            Said::Close => None,
            Said::Nothing => Some(()),
            Said::Event(name, payload, ack) => {
                self.asked(&name.to_ascii_lowercase(), &payload).await?;
                // It was heard; what it came to is told by events.
                self.send(ack.map(|number| format!("43{number}[]")).into_iter().collect()).await
            }
        }
    }

    async fn asked(&mut self, name: &str, payload: &Json) -> Option<()> {
        match name {
            "loginusercode" => self.log_in(code_in(payload)).await,
            "login" | "loginuser" | "loginaccount" => self.refuse().await,
            "closeme" => None,
            "keepalive" if self.logged_in => {
                let frame = self.stamped("keepaliveResponse", vec![("isOk", Json::Bool(true))]);
                self.send(vec![frame]).await
            }
            "resync" if self.logged_in => self.send_state().await,
            "updatemonitoredextensions" if self.logged_in => {
                let list = text_of(payload, "extensionsstring").unwrap_or_default();
                let codes = list.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty());
                self.picked = Some(codes.take(PICKED_MAX).collect());
                Some(())
            }
            _ => Some(()),
        }
    }

    async fn log_in(&mut self, code: Option<String>) -> Option<()> {
        let (exchange, gate) = (self.door.exchange.clone(), self.door.gate.clone());
        let now = exchange.clock().now();
        let open = self.door.config.trusts_everywhere(self.source) && !gate.is_blocked(self.source, now);
        let Some(code) = code.filter(|code| open && !code.is_empty() && code.len() <= CODE_LEN_MAX) else {
            return self.refuse().await;
        };
        match exchange.ask(|back| Ask::Code { door: DOOR.to_owned(), code, back }).await {
            Ok(Some(_)) => {
                let answer = login_response(0, "OK");
                let success = self.stamped("loginSuccess", Vec::new());
                self.send(vec![answer, success]).await?;
                self.logged_in = true;
                self.send_state().await
            }
            Ok(None) => {
                gate.wrong(self.source, now);
                self.refuse().await
            }
            Err(_) => self.send(vec![login_response(2, "Internal error.")]).await,
        }
    }

    async fn refuse(&mut self) -> Option<()> {
        self.send(vec![login_response(1, "Authorization failed.")]).await
    }

    /// The whole state, and the place in the stream from which events follow it. An event that falls into its making is told once more:
    /// it says what the snapshot says.
    async fn send_state(&mut self) -> Option<()> {
        self.position = self.door.stream.ring().head();
        let words = Words { config: &self.door.config, clock: self.door.exchange.clock() };
        let extensions = each_extension(&self.door.exchange, |picture, device| {
            self.watches(&id::sip_code(picture, device.id)).then(|| words.told_extension(picture, device, None))
        });
        let none = || Json::Array(Vec::new());
        let frames = vec![
            self.stamped("loginStatus", vec![("queues", none()), ("Queues", none())]),
            self.stamped("AllExtensionsStatus", vec![("extensions", Json::Array(extensions))]),
            self.stamped("AllDialersStatus", vec![("dialers", none())]),
        ];
        self.send(frames).await
    }

    /// Sends what has come for the extensions that are watched.
    async fn tell(&mut self) -> Option<()> {
        let frames = match self.door.stream.ring().read(self.position, BATCH) {
            Ok(frames) => frames,
            Err(_) => return self.send_state().await,
        };
        let taken = frames.len();
        self.position += frames.len() as u64;
        let watched = frames.iter().filter(|frame| frame.extension.as_ref().is_none_or(|code| self.watches(code)));
        let texts = watched.map(|frame| format!("42[\"{}\",{}]", frame.name, frame.payload)).collect();
        self.send(texts).await?;
        pace::rest_after(taken, BATCH).await;
        Some(())
    }

    fn watches(&self, code: &str) -> bool {
        self.picked.as_ref().is_none_or(|picked| picked.contains(code))
    }

    /// An event with the time and no error.
    fn stamped(&self, name: &str, fields: Vec<(&'static str, Json)>) -> String {
        let clock = self.door.exchange.clock();
        let words = Words { config: &self.door.config, clock };
        let now = clock.now();
        let stamp = [
            ("servertime", Json::number(words.local(now))),
            ("servertimeoffset", Json::number(words.offset_min(now))),
            ("errorCode", Json::number(0)),
            ("errorDesc", Json::text("OK")),
        ];
        event(name, &Json::of_fields(fields.into_iter().chain(stamp)))
    }

    async fn send(&mut self, texts: Vec<String>) -> Option<()> {
        pace::write(&mut self.socket, texts, STALL).await
    }
}

fn login_response(code: u8, text: &str) -> String {
    let fields = [("ErrorCode", Json::number(code)), ("ErrorDesc", Json::text(text)), ("Token", Json::text(""))];
    event("loginResponse", &Json::object(fields))
}

fn event(name: &str, payload: &Json) -> String {
    format!("42[\"{name}\",{}]", payload.write())
}

/// The code of a login: the payload itself, or its `code`.
fn code_in(payload: &Json) -> Option<String> {
    match payload {
        Json::Text(code) | Json::Number(code) => Some(code.trim().to_owned()),
        Json::Object(_) => text_of(payload, "code"),
        Json::Null | Json::Bool(_) | Json::Array(_) => None,
    }
}

/// A text field of an object, its name in any case.
fn text_of(payload: &Json, name: &str) -> Option<String> {
    let Json::Object(fields) = payload else { return None };
    fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| match value {
        Json::Text(text) | Json::Number(text) => Some(text.trim().to_owned()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        let event = |name: &str, payload: Json| Said::Event(name.to_owned(), payload, None);
        let with_ack = |name: &str, payload: Json, ack| Said::Event(name.to_owned(), payload, Some(ack));
        for (text, expected) in [
            ("2", Said::Ping(String::new())),
            ("2probe", Said::Ping("probe".to_owned())),
            ("41", Said::Close),
            ("42[\"loginUserCode\",\"c\"]", event("loginUserCode", Json::text("c"))),
            ("427[\"resync\",{\"cache\":false}]", with_ack("resync", Json::object([("cache", Json::Bool(false))]), 7)),
            ("4299999999999999999999[\"resync\"]", Said::Nothing),
            ("42[\"closeme\"]", event("closeme", Json::Null)),
            ("42[]", Said::Nothing),
            ("42[1]", Said::Nothing),
            ("42{", Said::Nothing),
            ("40", Said::Nothing),
            ("", Said::Nothing),
            ("é", Said::Nothing),
        ] {
            assert_eq!(Said::read(text), expected, "{text}");
        }
    }
}
