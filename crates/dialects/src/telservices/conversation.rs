//! One connection (TEL-TRN-01, TEL-TRN-06): one raw request and its return, or HTTP requests one after another.
//!
//! A client that is slow, silent, or reads nothing holds one bounded buffer and is let go in time; it never slows anybody else. One
//! that came when there was no room for it has its request read, and is told so (TEL-ERR-10).

use super::Door;
use super::error::TelError;
use super::front::Speaks;
use super::http::{self, Asked, Response};
use super::places::Place;
use super::request::Client;
use super::turns::Turn;
use super::wire::framing::{Framer, Progress, is_blank};
use super::wire::{self, Bounds, Request, decode_within};
use crate::common::clock::Clock;
use crate::common::farewell;
use std::net::{IpAddr, SocketAddr};
use switching::time::Time;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

/// Octets that are read of what an HTTP client sends while it waits for its answer.
const AHEAD_LEN_MAX: usize = 65_536;
/// Longest name of an HTTP method.
const METHOD_LEN_MAX: usize = 10;
/// Octets of a request that is decoded where it is read; a longer one has no place in its device's line.
const INLINE_LEN_MAX: usize = 65_536;

/// Why no more octets came.
enum End {
    /// The client has closed its sending side.
    Closed,
    /// It was too slow.
    Late,
    /// The connection is broken.
    Gone,
}

/// What has come first on a connection.
pub(super) enum Arrived {
    /// A request.
    Request(Request),
    /// One that is read elsewhere, as that takes long.
    Octets(Vec<u8>),
    /// HTTP begins.
    Http,
    /// Nothing that is one.
    NoRequest,
    /// One that is so large that there is no room for it now.
    NoRoom,
    /// Nothing, and nobody is there any more.
    Gone,
}

/// One connection.
pub(super) struct Conversation {
    socket: TcpStream,
    clock: Clock,
    buffer: Vec<u8>,
    idle_ms: u64,
    request_ms: u64,
    bounds: Bounds,
    client: IpAddr,
    door: Door,
    place: Option<Place>,
    /// Its place among the large requests.
    large: Option<OwnedSemaphorePermit>,
}

impl Conversation {
    pub(super) fn new(socket: TcpStream, door: &Door, place: Place, client: SocketAddr) -> Self {
        Self { place: Some(place), ..Self::without_place(socket, door, client) }
    }

    /// One that is only told to go.
    pub(super) fn without_place(socket: TcpStream, door: &Door, client: SocketAddr) -> Self {
        // Without it answers only leave later.
        let _ = socket.set_nodelay(true);
        let (clock, config) = (door.0.exchange.clock().clone(), &door.0.config);
        Self {
            socket,
            clock,
            buffer: Vec::new(),
            idle_ms: config.idle_ms,
            request_ms: config.request_ms,
            bounds: config.bounds,
            client: client.ip().to_canonical(),
            door: door.clone(),
            place: None,
            large: None,
        }
    }

    /// Reads what comes first.
    pub(super) async fn begin(mut self, speaks: Speaks) -> (Self, Arrived) {
        let deadline = self.clock.now().after_ms(self.request_ms);
        let arrived = match self.is_http(deadline).await {
            Ok(Some(true)) => Arrived::Http,
            Ok(Some(false)) if speaks == Speaks::Both => self.raw(deadline).await,
            Ok(Some(false) | None) => Arrived::NoRequest,
            Err(End::Late | End::Closed) if !self.buffer.is_empty() => Arrived::NoRequest,
            Err(_) => Arrived::Gone,
        };
        (self, arrived)
    }

    /// Carries out what has come, and what follows.
    pub(super) async fn go_on(mut self, door: Door, arrived: Arrived, turn: Option<Turn>, speaks: Speaks) {
        let over = self.place.as_ref().is_some_and(|place| place.over);
        let client = Client { ip: self.client, http: false };
        let read = match arrived {
            Arrived::Gone => return,
            Arrived::Http => return self.http(&door, Client { http: true, ..client }, over).await,
            Arrived::NoRequest => return self.reject(&door, speaks).await,
            Arrived::NoRoom => return self.say(&door, &wire::error(TelError::ResourceError.name())).await,
            Arrived::Request(request) => Ok(request),
            Arrived::Octets(octets) => decode_within(&octets, &self.bounds),
        };
        let answer = match read {
            Err(malformed) => {
                tracing::info!(dialect = "telservices", client = %client.ip, %malformed, "rejected");
                Some(wire::error(TelError::Reject.name()))
            }
            Ok(_) if over => {
                tracing::warn!(dialect = "telservices", client = %client.ip, "refused: too many connections");
                Some(wire::error(TelError::ResourceError.name()))
            }
            Ok(request) => self.answered(&door, request, turn, client).await,
        };
        if let Some(answer) = answer {
            self.say(&door, &answer).await;
        }
    }

    /// Whether the first octets are those of HTTP or of XML; none: of neither.
    async fn is_http(&mut self, deadline: Time) -> Result<Option<bool>, End> {
        loop {
            let blank = self.buffer.iter().take_while(|octet| is_blank(**octet)).count();
            if blank > self.bounds.octets_max {
                return Ok(None);
            }
            let start = &self.buffer[blank..];
            let letters = start.iter().take(METHOD_LEN_MAX + 1).take_while(|octet| octet.is_ascii_uppercase()).count();
            match start.get(letters) {
                Some(b'<') if letters == 0 => return Ok(Some(false)),
                Some(b' ') if letters > 0 => return Ok(Some(true)),
                Some(_) => return Ok(None),
                None => self.more(deadline).await?,
            }
        }
    }

    /// Reads one request to its end.
    async fn raw(&mut self, deadline: Time) -> Arrived {
        let mut framer = Framer::new(self.bounds);
        let mut fed = 0;
        let end = loop {
            let progress = framer.feed(&self.buffer[fed..]);
            fed = self.buffer.len();
            if fed > self.bounds.octets_max && self.large.is_none() && framer.is_directory() == Some(true) {
                self.large = self.door.large();
                if self.large.is_none() {
                    return Arrived::NoRoom;
                }
            }
            match progress {
                Progress::Done(end) => break end,
                Progress::More if fed <= framer.octets_max() => match self.more(deadline).await {
                    Ok(()) => {}
                    Err(End::Closed | End::Late) => return Arrived::NoRequest,
                    Err(End::Gone) => return Arrived::Gone,
                },
                Progress::More | Progress::Bad => return Arrived::NoRequest,
            }
        };
        let mut octets = std::mem::take(&mut self.buffer);
        octets.truncate(end);
        if end > INLINE_LEN_MAX {
            return Arrived::Octets(octets);
        }
        match decode_within(&octets, &self.bounds) {
            Ok(request) => Arrived::Request(request),
            Err(malformed) => {
                tracing::info!(dialect = "telservices", client = %self.client, %malformed, "rejected");
                Arrived::NoRequest
            }
        }
    }

    /// The return of a request; none: it was a long poll, and the client has gone.
    async fn answered(&mut self, door: &Door, request: Request, turn: Option<Turn>, client: Client) -> Option<String> {
        let polls = matches!(request, Request::Snapshot { poll: Some(_), .. });
        let answer = door.in_turn(request, client, turn);
        if !polls {
            return Some(answer.await);
        }
        tokio::select! {
            answer = answer => Some(answer),
            () = broken(&mut self.socket) => None,
        }
    }

    async fn http(&mut self, door: &Door, client: Client, over: bool) {
        loop {
            let deadline = self.clock.now().after_ms(self.request_ms);
            let asked = match self.request(deadline).await {
                Ok(Some(asked)) => asked,
                Ok(None) => return,
                Err(status) => return self.finish(http::head(door, &Response::empty(status), false).as_bytes()).await,
            };
            self.large = None;
            if over {
                tracing::warn!(dialect = "telservices", client = %client.ip, "refused: too many connections");
                let response = http::turn_away(door, &asked);
                let octets = [http::head(door, &response, false), response.body.unwrap_or_default()].concat();
                return self.finish(octets.as_bytes()).await;
            }
            let keep = asked.keep_alive;
            let polls = asked.method == "POST"
                && matches!(decode_within(&asked.body, &self.bounds), Ok(Request::Snapshot { poll: Some(_), .. }));
            let response = http::respond(door, &asked, client);
            let response = if polls {
                tokio::select! {
                    response = response => response,
                    () = self.left() => return,
                }
            } else {
                response.await
            };
            let mut octets = http::head(door, &response, keep).into_bytes();
            if asked.method != "HEAD" {
                octets.extend_from_slice(response.body.unwrap_or_default().as_bytes());
            }
            if !keep {
                return self.finish(&octets).await;
            }
            if self.write(&octets).await.is_err() {
                return;
            }
        }
    }

    /// The next HTTP request; none: the client has gone or was silent. `Err` is the status of one that cannot be read.
    async fn request(&mut self, deadline: Time) -> Result<Option<Asked>, u16> {
        let (mut asked, framing) = loop {
            match http::parse(&self.buffer, &self.bounds)? {
                Some((asked, framing, octets)) => {
                    self.buffer.drain(..octets);
                    break (asked, framing);
                }
                None => match self.more(deadline).await {
                    Ok(()) => {}
                    Err(End::Late) if !self.buffer.is_empty() => return Err(408),
                    Err(_) => return Ok(None),
                },
            }
        };
        let mut body = http::Body::new(framing, self.bounds);
        if asked.expects_continue && body.is_awaited() && self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
            return Ok(None);
        }
        while !body.take(&mut self.buffer)? {
            if body.is_large() && self.large.is_none() {
                self.large = Some(self.door.large().ok_or(503_u16)?);
            }
            match self.more(deadline).await {
                Ok(()) => {}
                Err(End::Late) => return Err(408),
                Err(_) => return Ok(None),
            }
        }
        asked.body = body.finish();
        Ok(Some(asked))
    }

    async fn more(&mut self, deadline: Time) -> Result<(), End> {
        let idle = self.clock.now().after_ms(self.idle_ms);
        tokio::select! {
            read = self.socket.read_buf(&mut self.buffer) => match read {
                Ok(0) => Err(End::Closed),
                Ok(_) => Ok(()),
                Err(_) => Err(End::Gone),
            },
            () = self.clock.sleep_until(idle.min(deadline)) => Err(End::Late),
        }
    }

    /// Ends when an HTTP client has gone that waits for its answer. What it sends meanwhile is its next request.
    async fn left(&mut self) {
        while self.buffer.len() < AHEAD_LEN_MAX {
            match self.socket.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending().await
    }

    async fn reject(&mut self, door: &Door, speaks: Speaks) {
        tracing::info!(dialect = "telservices", "rejected: not a whole request");
        self.buffer = Vec::new();
        match speaks {
            Speaks::Both => self.say(door, &wire::error(TelError::Reject.name())).await,
            Speaks::Http => self.finish(http::head(door, &Response::empty(400), false).as_bytes()).await,
        }
    }

    /// The one return of a raw connection.
    async fn say(&mut self, door: &Door, answer: &str) {
        self.finish(&[answer.as_bytes(), &door.0.config.end_of_pdu].concat()).await;
    }

    /// Writes all, unless the client takes nothing for too long.
    async fn write(&mut self, octets: &[u8]) -> Result<(), ()> {
        farewell::write(&mut self.socket, octets, &self.clock, self.idle_ms).await
    }

    /// Writes the last octets, closes the sending side, and takes what the client still sends (TEL-TRN-01).
    pub(super) async fn finish(&mut self, octets: &[u8]) {
        if self.write(octets).await.is_err() {
            return;
        }
        farewell::linger(&mut self.socket).await;
    }
}

/// Ends when a raw connection breaks. A closed sending side is no break: the client may still read (TEL-TRN-01).
async fn broken(socket: &mut TcpStream) {
    let mut ignored = [0; 512];
    loop {
        match socket.read(&mut ignored).await {
            Ok(0) => std::future::pending::<()>().await,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
