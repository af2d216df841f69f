//! The real-time channel: Socket.IO 1 and 2 over WebSocket, which is Engine.IO 3 (VOI-RT-03 to 07, VOI-RT-12, VOI-RT-13).
//!
//! Nothing is told before a login: with a code, with a name and a password, or with the token of an earlier login. Then a snapshot, then each event of the extensions that are watched. A socket that
//! falls behind gets a new snapshot: missed events are not replayed. Polling is not there; queues and
//! diallers do not exist, so their lists are empty.

use super::address::each_extension;
use super::event::push_message;
use super::gate::CODE_LEN_MAX;
use super::live::Words;
use super::request::DOOR;
use super::sight::{Sight, node_of};
use super::stream::Reading;
use super::wire::Json;
use super::{Door, id};
use crate::common::ask::{Ask, Identity};
use crate::common::attempts::NotIn;
use crate::common::json::Object;
use crate::common::pace;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;
use switching::id::UserId;
use switching::picture::Picture;
use tokio::time::{Instant, timeout};

/// Sockets at a time (VOI-LIM-09).
pub const SOCKETS_MAX: usize = 200;
/// Octets of a message from a client.
pub const MESSAGE_LEN_MAX: usize = 65_536;
/// How often a client is to ping (VOI-RT-12).
const PING: Duration = Duration::from_secs(25);
/// How long it may be late with it (VOI-RT-12).
const PING_LATE: Duration = Duration::from_secs(60);
/// How long a client may take none of our octets, in milliseconds.
const STALL_MS: u64 = 60_000;
/// How long it may take to hear a farewell.
const FAREWELL: Duration = Duration::from_secs(60);
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
pub(super) async fn serve(door: Door, source: IpAddr, token: Option<String>, socket: WebSocket, reading: Reading) {
    door.exchange.bring_up();
    let position = door.stream.ring().head();
    let mut talk = Talk { door, source, socket, position, login: None, picked: None, _reading: reading };
    if talk.send(vec![open_packet().into(), "40".into()]).await.is_some() && talk.come_in(token).await.is_some() {
        while talk.step().await.is_some() {}
    }
    // It may be gone already.
    let _ = timeout(FAREWELL, talk.socket.close()).await;
}

/// Tells one client too many that it may not come in, and lets it go.
pub(super) async fn turn_away(mut socket: WebSocket) {
    let refusal = async {
        socket.send(Message::text(open_packet())).await?;
        socket.send(Message::text("44\"Too many connections\"")).await
    };
    // It may be gone already.
    let _ = timeout(FAREWELL, refusal).await;
    let _ = timeout(FAREWELL, socket.close()).await;
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
    /// Whose socket it is; none: nobody's yet.
    login: Option<Login>,
    /// Extensions that are watched; none: all.
    picked: Option<BTreeSet<String>>,
    _reading: Reading,
}

/// Who is logged in.
struct Login {
    sight: Sight,
    token: String,
}

impl Talk {
    /// Logs in with the token of the address, where it is one (VOI-RT-07).
    async fn come_in(&mut self, token: Option<String>) -> Option<()> {
        let Some(token) = token.filter(|_| self.is_open()) else { return Some(()) };
        let now = self.door.exchange.clock().now();
        match self.door.tokens.whose(&token, now) {
            Some(identity) => self.welcome(&identity, token).await,
            None => Some(()),
        }
    }

    /// Waits for the next thing and does it; none: the socket ends.
    async fn step(&mut self) -> Option<()> {
        let silent = Instant::now() + PING + PING_LATE;
        loop {
            let ring = self.door.stream.ring().clone();
            tokio::select! {
                // What happened before an answer is told before it.
                biased;
                () = ring.wait_for(self.position), if self.login.is_some() => self.tell().await?,
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
            Said::Ping(probe) => self.send(vec![format!("3{probe}").into()]).await,
            Said::Close => None,
            Said::Nothing => Some(()),
            Said::Event(name, payload, ack) => {
                self.asked(&name.to_ascii_lowercase(), &payload).await?;
                // It was heard; what it came to is told by events.
                self.send(ack.map(|number| format!("43{number}[]").into()).into_iter().collect()).await
            }
        }
    }

    async fn asked(&mut self, name: &str, payload: &Json) -> Option<()> {
        match name {
            "loginusercode" => self.log_in(code_in(payload)).await,
            "login" => self.log_in_by_token(text_of(payload, "token")).await,
            "loginuser" => self.log_in_by_password(payload, true).await,
            "loginaccount" => self.log_in_by_password(payload, false).await,
            "closeme" => None,
            "keepalive" if self.login.is_some() => {
                let frame = self.alive();
                self.send(vec![frame]).await
            }
            "resync" if self.login.is_some() => self.send_state().await,
            "updatemonitoredextensions" if self.login.is_some() => {
                let list = text_of(payload, "extensionsstring").unwrap_or_default();
                let codes = list.split(',').map(|code| code.trim().to_owned()).filter(|code| !code.is_empty());
                self.picked = Some(codes.take(PICKED_MAX).collect());
                Some(())
            }
            _ => Some(()),
        }
    }

    /// Whether anybody may log in from there now.
    fn is_open(&self) -> bool {
        let now = self.door.exchange.clock().now();
        self.door.config.trusts_everywhere(self.source) && !self.door.gate.is_blocked(self.source, now)
    }

    async fn log_in(&mut self, code: Option<String>) -> Option<()> {
        let exchange = self.door.exchange.clone();
        let open = self.is_open();
        let Some(code) = code.filter(|code| open && !code.is_empty() && code.len() <= CODE_LEN_MAX) else {
            return self.refuse().await;
        };
        match exchange.ask(|back| Ask::Code { door: DOOR.to_owned(), code, back }).await {
            Ok(Some(identity)) => self.let_in(&identity).await,
            Ok(None) => self.refuse_wrong().await,
            Err(_) => self.fail().await,
        }
    }

    /// A user's login is one of a station, an account's is not.
    async fn log_in_by_password(&mut self, payload: &Json, user: bool) -> Option<()> {
        let (name, password) = (text_of(payload, "user"), text_of(payload, "password"));
        let (Some(name), Some(password)) = (name, password) else { return self.refuse().await };
        if !self.is_open() {
            return self.refuse().await;
        }
        let (attempts, exchange) = (self.door.attempts.clone(), self.door.exchange.clone());
        match attempts.admit(&exchange, &name, &password).await {
            Ok(identity) if identity.settings.contains_key("station") == user => self.let_in(&identity).await,
            Ok(_) | Err(NotIn::Locked) => self.refuse().await,
            Err(NotIn::Wrong) => self.refuse_wrong().await,
            Err(NotIn::Stopping) => self.fail().await,
        }
    }

    async fn log_in_by_token(&mut self, token: Option<String>) -> Option<()> {
        let now = self.door.exchange.clock().now();
        let known =
            token.filter(|_| self.is_open()).and_then(|token| Some((self.door.tokens.whose(&token, now)?, token)));
        match known {
            Some((identity, token)) => {
                self.send(vec![login_response(0, "OK", &token)]).await?;
                self.welcome(&identity, token).await
            }
            None => self.refuse().await,
        }
    }

    /// Somebody comes in anew, with a token for the next time.
    async fn let_in(&mut self, identity: &Identity) -> Option<()> {
        let now = self.door.exchange.clock().now();
        let until = now.after_ms(self.door.config.token_ms);
        let Some(token) = self.door.tokens.give(identity, until, now) else { return self.fail().await };
        self.send(vec![login_response(0, "OK", &token)]).await?;
        self.welcome(identity, token).await
    }

    async fn welcome(&mut self, identity: &Identity, token: String) -> Option<()> {
        let door = &self.door;
        let sight = door.exchange.read(|picture| Sight::of(picture, &door.config, identity));
        let success = self.stamped("loginSuccess", |_| {});
        self.login = Some(Login { sight, token });
        self.send(vec![success]).await?;
        self.send_state().await?;
        let users = self.users();
        self.send(vec![users]).await
    }

    /// Everybody of the organisation, with the account of the first extension that is theirs (VOI-RT-07).
    fn users(&self) -> Utf8Bytes {
        let config = &self.door.config;
        let users: Vec<Json> = self.door.exchange.read(|picture| {
            let account = |user: UserId| {
                let own = picture.extensions.values().find(|it| it.config.owner == Some(user));
                let device = own.and_then(|it| it.config.primary);
                config.node(&device.map(|device| node_of(picture, config, device)).unwrap_or_default()).0
            };
            let user = |(user, it): (&UserId, &switching::config::UserConfig)| {
                Json::object([
                    ("userID", Json::number(user.0)),
                    ("userName", Json::text(it.name.as_str())),
                    ("accountID", Json::number(account(*user))),
                ])
            };
            picture.users.iter().map(user).collect()
        });
        self.stamped("AllUsersStatus", |o| Json::Array(users).push(o.value("users")))
    }

    /// The answer to a keep-alive, whatever token is in it. One whose own token is over is told so, and logs in anew (VOI-RT-12).
    fn alive(&self) -> Utf8Bytes {
        let token = self.login.as_ref().map_or("", |login| login.token.as_str());
        let now = self.door.exchange.clock().now();
        let lives = self.door.tokens.whose(token, now).is_some();
        let (code, text) = if lives { (0, "OK") } else { (1, "Token expired.") };
        self.told("keepaliveResponse", |o| o.flag("isOk", lives), code, text)
    }

    async fn refuse(&mut self) -> Option<()> {
        self.send(vec![login_response(1, "Authorization failed.", "")]).await
    }

    /// The same for a wrong code or password, which is counted.
    async fn refuse_wrong(&mut self) -> Option<()> {
        self.door.gate.wrong(self.source, self.door.exchange.clock().now());
        self.refuse().await
    }

    async fn fail(&mut self) -> Option<()> {
        self.send(vec![login_response(2, "Internal error.", "")]).await
    }

    /// The whole state, and the place in the stream from which events follow it. An event that falls into its making is told once more:
    /// it says what the snapshot says.
    async fn send_state(&mut self) -> Option<()> {
        self.door.exchange.bring_up();
        self.position = self.door.stream.ring().head();
        let words = Words { config: &self.door.config, clock: self.door.exchange.clock() };
        let extensions = each_extension(&self.door.exchange, |picture, device| {
            self.watches(picture, &id::sip_code(device)).then(|| {
                let mut told = String::new();
                words.tell_extension(&mut told, picture, device, None);
                told
            })
        });
        let extensions = format!("[{}]", extensions.join(","));
        let frames = vec![
            self.stamped("loginStatus", |o| {
                o.value("queues").push_str("[]");
                o.value("Queues").push_str("[]");
            }),
            self.stamped("AllExtensionsStatus", |o| o.value("extensions").push_str(&extensions)),
            self.stamped("AllDialersStatus", |o| o.value("dialers").push_str("[]")),
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
        let texts = self.door.exchange.read(|picture| {
            let concerns = |code: &String| self.watches(picture, code);
            let watched = frames.iter().filter(|frame| frame.extension.as_ref().is_none_or(concerns));
            watched.map(|frame| frame.text.clone()).collect::<Vec<Utf8Bytes>>()
        });
        self.send(texts).await?;
        pace::rest_after(taken, BATCH).await;
        Some(())
    }

    fn watches(&self, picture: &Picture, code: &str) -> bool {
        self.picked.as_ref().is_none_or(|picked| picked.contains(code))
            && self.login.as_ref().is_some_and(|login| login.sight.watches(picture, &self.door.config, code))
    }

    /// An event with the time and no error.
    fn stamped(&self, name: &str, fields: impl FnOnce(&mut Object<'_>)) -> Utf8Bytes {
        self.told(name, fields, 0, "OK")
    }

    /// An event with the time and what is to be said of it.
    fn told(&self, name: &str, fields: impl FnOnce(&mut Object<'_>), code: u8, text: &str) -> Utf8Bytes {
        let clock = self.door.exchange.clock();
        let words = Words { config: &self.door.config, clock };
        let now = clock.now();
        message(name, |o| {
            fields(o);
            o.number("servertime", words.local(now));
            o.number("servertimeoffset", words.offset_min(now));
            o.count("errorCode", code.into());
            o.text("errorDesc", text);
        })
    }

    async fn send(&mut self, texts: Vec<Utf8Bytes>) -> Option<()> {
        pace::write(&mut self.socket, texts, self.door.exchange.clock(), STALL_MS).await.ok()
    }
}

fn login_response(code: u8, text: &str, token: &str) -> Utf8Bytes {
    message("loginResponse", |o| {
        o.count("ErrorCode", code.into());
        o.text("ErrorDesc", text);
        o.text("Token", token);
    })
}

fn message(name: &str, payload: impl FnOnce(&mut Object<'_>)) -> Utf8Bytes {
    let mut text = String::new();
    push_message(&mut text, name, payload);
    text.into()
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
