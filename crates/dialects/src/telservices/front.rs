//! The listeners: raw XML and HTTP on one port, told apart by the first octets (TEL-TRN-01, TEL-TRN-10), or HTTP alone.
//!
//! A connection carries one request and one return. A client that is slow, silent, or reads nothing holds one bounded buffer and
//! is let go in time; it never slows anybody else.

use super::error::TelError;
use super::http::{self, Asked, Response};
use super::request::Client;
use super::wire::framing::{Framer, Progress, is_blank};
use super::wire::{self, PDU_LEN_MAX, Request, decode};
use super::{Door, Place, civil};
use crate::common::clock::Clock;
use std::net::SocketAddr;
use std::time::Duration;
use switching::time::Time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Pause after the operating system refused a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What is still read from a client that has its answer, so that the close does not take it away: octets, and milliseconds.
const LINGER: (usize, u64) = (134_217_728, 5_000);
/// Octets that are read of what an HTTP client sends while it waits for its answer.
const AHEAD_LEN_MAX: usize = 65_536;
/// Longest name of an HTTP method.
const METHOD_LEN_MAX: usize = 10;

/// What a listener understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Raw XML and HTTP.
    Both,
    /// HTTP alone.
    Http,
}

/// Serves connections until it is dropped; dropping closes them all.
pub async fn serve(listener: TcpListener, door: Door, speaks: Speaks) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, client)) => {
                    while connections.try_join_next().is_some() {}
                    if door.0.config.admits(client.ip()) {
                        // Places are given in the order of arrival.
                        let place = door.enter(client.ip().to_canonical());
                        connections.spawn(welcome(socket, client, door.clone(), place, speaks));
                    } else {
                        tracing::warn!(dialect = "telservices", %client, "refused: address not allowed");
                    }
                }
                Err(error) => {
                    tracing::warn!(dialect = "telservices", %error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn welcome(socket: TcpStream, client: SocketAddr, door: Door, place: Option<Place>, speaks: Speaks) {
    // Without it answers only leave later.
    let _ = socket.set_nodelay(true);
    let ip = client.ip().to_canonical();
    let mut conversation = Conversation::new(socket, &door);
    if place.is_none() {
        tracing::warn!(dialect = "telservices", %client, "refused: too many connections");
        let refusal = match speaks {
            Speaks::Both => {
                [wire::error(TelError::ResourceError.name()).as_bytes(), &door.0.config.end_of_pdu].concat()
            }
            Speaks::Http => http::head(&door, &Response::empty(503), false).into_bytes(),
        };
        conversation.finish(&refusal).await;
        return;
    }
    conversation.run(&door, ip, speaks).await;
}

/// Why no more octets came.
enum End {
    /// The client has closed its sending side.
    Closed,
    /// It was too slow.
    Late,
    /// The connection is broken.
    Gone,
}

struct Conversation {
    socket: TcpStream,
    clock: Clock,
    buffer: Vec<u8>,
    idle_ms: u64,
    request_ms: u64,
}

impl Conversation {
    fn new(socket: TcpStream, door: &Door) -> Self {
        let (clock, config) = (door.0.exchange.clock().clone(), &door.0.config);
        Self { socket, clock, buffer: Vec::new(), idle_ms: config.idle_ms, request_ms: config.request_ms }
    }

    async fn run(&mut self, door: &Door, ip: std::net::IpAddr, speaks: Speaks) {
        let deadline = self.clock.now().after_ms(self.request_ms);
        match self.is_http(deadline).await {
            Ok(Some(true)) => self.http(door, Client { ip, http: true }).await,
            Ok(Some(false)) if speaks == Speaks::Both => self.raw(door, Client { ip, http: false }, deadline).await,
            Ok(Some(false)) => self.finish(http::head(door, &Response::empty(400), false).as_bytes()).await,
            Ok(None) => self.reject(door, speaks).await,
            Err(End::Late | End::Closed) if !self.buffer.is_empty() => self.reject(door, speaks).await,
            Err(_) => {}
        }
    }

    /// Whether the first octets are those of HTTP or of XML; none: of neither.
    async fn is_http(&mut self, deadline: Time) -> Result<Option<bool>, End> {
        loop {
            let blank = self.buffer.iter().take_while(|octet| is_blank(**octet)).count();
            if blank > PDU_LEN_MAX {
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

    async fn raw(&mut self, door: &Door, client: Client, deadline: Time) {
        let mut framer = Framer::default();
        let mut fed = 0;
        let end = loop {
            let progress = framer.feed(&self.buffer[fed..]);
            fed = self.buffer.len();
            match progress {
                Progress::Done(end) => break end,
                Progress::More if fed <= PDU_LEN_MAX => match self.more(deadline).await {
                    Ok(()) => {}
                    Err(End::Closed | End::Late) => return self.reject(door, Speaks::Both).await,
                    Err(End::Gone) => return,
                },
                Progress::More | Progress::Bad => return self.reject(door, Speaks::Both).await,
            }
        };
        if end > PDU_LEN_MAX {
            return self.reject(door, Speaks::Both).await;
        }
        let request = std::mem::take(&mut self.buffer);
        let Some(answer) = self.answered(door, &request[..end], client).await else { return };
        let mut octets = answer.into_bytes();
        octets.extend_from_slice(&door.0.config.end_of_pdu);
        self.finish(&octets).await;
    }

    /// The return of a request; none: it was a long poll, and the client has gone.
    async fn answered(&mut self, door: &Door, octets: &[u8], client: Client) -> Option<String> {
        let request = match decode(octets) {
            Ok(request) => request,
            Err(_) => return Some(door.answer(octets, client).await),
        };
        let polls = matches!(request, Request::Snapshot { poll: Some(_), .. });
        let answer = door.carry_out(request, client);
        if !polls {
            return Some(answer.await);
        }
        tokio::select! {
            answer = answer => Some(answer),
            () = broken(&mut self.socket) => None,
        }
    }

    async fn http(&mut self, door: &Door, client: Client) {
        loop {
            let deadline = self.clock.now().after_ms(self.request_ms);
            let asked = match self.request(deadline).await {
                Ok(Some(asked)) => asked,
                Ok(None) => return,
                Err(status) => return self.finish(http::head(door, &Response::empty(status), false).as_bytes()).await,
            };
            let keep = asked.keep_alive;
            let polls =
                asked.method == "POST" && matches!(decode(&asked.body), Ok(Request::Snapshot { poll: Some(_), .. }));
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
            match http::parse(&self.buffer)? {
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
        let mut body = http::Body::new(framing);
        if asked.expects_continue && body.is_awaited() && self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
            return Ok(None);
        }
        while !body.take(&mut self.buffer)? {
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
        let mut octets = match speaks {
            Speaks::Both => wire::error(TelError::Reject.name()).into_bytes(),
            Speaks::Http => http::head(door, &Response::empty(400), false).into_bytes(),
        };
        if speaks == Speaks::Both {
            octets.extend_from_slice(&door.0.config.end_of_pdu);
        }
        self.finish(&octets).await;
    }

    /// Writes all, unless the client takes nothing for too long.
    async fn write(&mut self, mut octets: &[u8]) -> Result<(), ()> {
        while !octets.is_empty() {
            let taken = tokio::select! {
                written = self.socket.write(octets) => written.ok().filter(|taken| *taken > 0).ok_or(())?,
                () = self.clock.sleep_ms(self.idle_ms) => return Err(()),
            };
            octets = &octets[taken..];
        }
        Ok(())
    }

    /// Writes the last octets, closes the sending side, and takes what the client still sends (TEL-TRN-01).
    async fn finish(&mut self, octets: &[u8]) {
        if self.write(octets).await.is_err() {
            return;
        }
        let (most, within_ms) = LINGER;
        let drained = async {
            let mut ignored = vec![0; 65_536];
            let mut total = 0;
            let _ = self.socket.shutdown().await;
            while let Ok(octets @ 1..) = self.socket.read(&mut ignored).await {
                total += octets;
                if total > most {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(within_ms), drained).await;
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

/// The date for a head.
pub(super) fn date(door: &Door) -> String {
    let clock = door.0.exchange.clock();
    civil::http_date(clock.unix_ms(clock.now()))
}
