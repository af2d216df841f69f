//! The HTTP listeners: one of this door's own, tolerant in the request line, and routes for a listener that is shared.
//!
//! A connection takes one request at a time; what else has come waits in the buffer. A client that has gone does not take its
//! command back.

use super::wire::http::{self, AnswerHead, Bad, Head, Method, Progress};
use super::wire::{Request, Response};
use super::{Door, civil};
use crate::common::clock::Clock;
use crate::common::farewell;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use switching::time::Time;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Connections at a time; one more is accepted and closed at once.
pub const CONNECTIONS_MAX: usize = 4_096;
/// How long a connection may be silent before, within and after a request, in milliseconds (FUS-LIM-09).
pub const IDLE_MS: u64 = 60_000;
/// Pause after the operating system refused a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP until it is dropped; dropping closes all connections.
pub async fn serve_http(listener: TcpListener, door: Door) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, client)) => {
                    while connections.try_join_next().is_some() {}
                    if connections.len() >= CONNECTIONS_MAX {
                        tracing::warn!(dialect = "fusion", %client, "refused: {CONNECTIONS_MAX} connections");
                    } else {
                        connections.spawn(converse(socket, client.ip(), door.clone()));
                    }
                }
                Err(error) => {
                    tracing::warn!(dialect = "fusion", %error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The paths of this door for an HTTP listener that is shared; it has to be served with
/// [`ConnectInfo`]`<`[`SocketAddr`]`>`, without which nobody is let in. Request lines are as strict there as that listener is.
pub fn router(door: Door) -> axum::Router {
    axum::Router::new().route("/xml/{*function}", axum::routing::any(shared)).with_state(door)
}

async fn shared(State(door): State<Door>, request: axum::extract::Request) -> axum::response::Response {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let Some(client) = client else { return shared_answer(&door, Response::empty(403)) };
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or_else(Vec::new, |target| target.as_str().as_bytes().to_vec());
    if target.len() > http::REQUEST_LINE_MAX {
        return shared_answer(&door, Response::empty(414));
    }
    let Ok(body) = axum::body::to_bytes(body, http::BODY_MAX).await else {
        return shared_answer(&door, Response::empty(413));
    };
    let form = head.headers.get("content-type").is_none_or(|kind| {
        let kind = kind.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    });
    let body = if form { body.to_vec() } else { Vec::new() };
    let method = Method::named(head.method.as_str().as_bytes());
    let response = door.respond(&Request { method, target, body, client }).await;
    shared_answer(&door, response)
}

fn shared_answer(door: &Door, response: Response) -> axum::response::Response {
    let (kind, text) = response.content.map_or((None, String::new()), |(kind, text)| (Some(kind), text));
    let mut builder = axum::http::Response::builder().status(response.status);
    for (name, value) in http::fields(response.status, kind, door.config.allow_origin.as_deref()) {
        builder = builder.header(name, value);
    }
    // Only an allowed origin that is no header value can fail here: then the answer is an error of ours.
    builder.body(Body::from(text)).unwrap_or_else(|_| {
        let mut failed = axum::http::Response::new(Body::empty());
        *failed.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}

/// Why a conversation ended without an answer.
enum End {
    /// The client has gone, or was silent for too long.
    Gone,
    /// The request cannot be read.
    Bad(Bad),
}

struct Conversation {
    socket: TcpStream,
    clock: Clock,
    buffer: Vec<u8>,
}

async fn converse(socket: TcpStream, client: IpAddr, door: Door) {
    // Without it answers only leave later.
    let _ = socket.set_nodelay(true);
    let clock = door.exchange.clock().clone();
    let mut conversation = Conversation { socket, clock, buffer: Vec::new() };
    loop {
        match conversation.request(client).await {
            Ok((head, request)) => {
                let response = door.respond(&request).await;
                let keep = match (head.keep_alive, head.old) {
                    (false, _) => Some(false),
                    (true, old) => old.then_some(true),
                };
                let with_body = head.method != Method::Head;
                if conversation.answer(&door, response, keep, with_body).await.is_err() || !head.keep_alive {
                    return;
                }
            }
            Err(End::Bad(bad)) => {
                tracing::debug!(dialect = "fusion", %client, ?bad, "request refused");
                let response = Response::empty(bad.status());
                if conversation.answer(&door, response, Some(false), true).await.is_ok() {
                    conversation.linger().await;
                }
                return;
            }
            Err(End::Gone) => return,
        }
    }
}

impl Conversation {
    /// Reads one request.
    async fn request(&mut self, client: IpAddr) -> Result<(Head, Request), End> {
        if self.buffer.is_empty() {
            self.more(self.clock.now().after_ms(IDLE_MS)).await?;
        }
        // From its first octet on it has to be whole within the time, however slowly it comes.
        let deadline = self.clock.now().after_ms(IDLE_MS);
        let head = loop {
            match http::head(&self.buffer).map_err(End::Bad)? {
                Progress::Done(head, octets) => {
                    self.buffer.drain(..octets);
                    break head;
                }
                Progress::More => self.more(deadline).await?,
            }
        };
        if head.expects_continue && self.buffer.is_empty() {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(|()| End::Gone)?;
        }
        let body = loop {
            match http::body(&self.buffer, head.length).map_err(End::Bad)? {
                Progress::Done(body, octets) => {
                    self.buffer.drain(..octets);
                    break body;
                }
                Progress::More => self.more(deadline).await?,
            }
        };
        let body = if head.form { body } else { Vec::new() };
        let request = Request { method: head.method, target: head.target.clone(), body, client };
        Ok((head, request))
    }

    /// Waits for more octets.
    async fn more(&mut self, deadline: Time) -> Result<(), End> {
        tokio::select! {
            read = self.socket.read_buf(&mut self.buffer) => match read {
                Ok(0) | Err(_) => Err(End::Gone),
                Ok(_) => Ok(()),
            },
            () = self.clock.sleep_until(deadline) => Err(End::Gone),
        }
    }

    async fn answer(&mut self, door: &Door, response: Response, keep: Option<bool>, with_body: bool) -> Result<(), ()> {
        let (kind, text) = response.content.map_or((None, String::new()), |(kind, text)| (Some(kind), text));
        let date = civil::http_date(self.clock.unix_ms(self.clock.now()));
        let head = AnswerHead {
            status: response.status,
            content_type: kind,
            length: text.len(),
            date: &date,
            allow_origin: door.config.allow_origin.as_deref(),
            keep_alive: keep,
        };
        let mut octets = head.write().into_bytes();
        if with_body {
            octets.extend_from_slice(text.as_bytes());
        }
        self.write(&octets).await
    }

    /// Writes all, unless the client takes nothing for too long.
    async fn write(&mut self, octets: &[u8]) -> Result<(), ()> {
        farewell::write(&mut self.socket, octets, &self.clock, IDLE_MS).await
    }

    /// Takes what a refused client still sends: closing over it would take the answer away from the client.
    async fn linger(&mut self) {
        farewell::linger(&mut self.socket).await;
    }
}
