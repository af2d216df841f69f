//! HTTP/1.1 listeners (RFC 9112), in the clear or over TLS, for every door that leaves its paths to a router.
//!
//! Bounded before a door sees anything: connections in all and per source, the time of a TLS handshake, of a request's head and of
//! its body, the size and number of header fields; and how long a client may take none of its answer ([`crate::patience`]). How long a body may be is each door's own matter, and so is what it answers;
//! that the answer reaches a client that sends more is seen to here ([`crate::linger`]).

use crate::linger::{HandedOver, Lingering};
use crate::tls::Acceptor;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, StatusCode};
use dialects::common::clock::Clock;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep, timeout};
use tower_service::Service;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may be silent before a request, and a request's head be on its way.
const HEAD: Duration = Duration::from_secs(60);
/// How long a request's body may be on its way.
const BODY: Duration = Duration::from_secs(60);
/// Octets of a request's head.
const HEAD_LEN_MAX: usize = 65_536;
/// Header fields of a request.
const FIELDS_MAX: usize = 128;
/// Octets that the operating system may hold for a client that has not taken them. Much more, and a slow client would be seen to take
/// something so seldom that it would pass for one that takes nothing.
const UNTAKEN_LEN: usize = 131_072;
/// Pause after the operating system refused a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Counts the connections of all listeners that share it.
#[derive(Clone)]
pub struct Gate(Arc<Mutex<Count>>, usize, usize);

#[derive(Default)]
struct Count {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// One connection's place; free again when it is dropped.
struct Place(Gate, IpAddr);

impl Gate {
    /// One that lets in so many connections at a time, and so many of one source.
    #[must_use]
    pub fn new(total: usize, per_source: usize) -> Self {
        Self(Arc::default(), total, per_source)
    }

    fn enter(&self, source: IpAddr) -> Option<Place> {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = count.of.get(&source).copied().unwrap_or(0);
        if count.all >= self.1 || of_source >= self.2 {
            return None;
        }
        count.all += 1;
        count.of.insert(source, of_source + 1);
        Some(Place(self.clone(), source))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self(Gate(count, ..), source) = self;
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        count.all -= 1;
        match count.of.get_mut(source) {
            Some(of) if *of > 1 => *of -= 1,
            Some(_) | None => drop(count.of.remove(source)),
        }
    }
}

/// What is served on a listener, and how.
#[derive(Clone)]
pub struct Served {
    /// The paths.
    pub router: Router,
    /// TLS; none: in the clear.
    pub tls: Option<Acceptor>,
    /// The exchange's clock.
    pub clock: Clock,
}

/// Serves a router on a listener until it is dropped. Requests carry [`ConnectInfo`]`<`[`SocketAddr`]`>`.
pub async fn serve_http(key: &'static str, listener: TcpListener, served: Served, gate: Gate) {
    loop {
        match listener.accept().await {
            Ok((socket, client)) => match gate.enter(client.ip()) {
                Some(place) => drop(tokio::spawn(converse(socket, client, served.clone(), place))),
                None => tracing::warn!(key, %client, "refused: too many connections"),
            },
            Err(error) => {
                tracing::warn!(key, %error, "connection not accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(socket: TcpStream, client: SocketAddr, served: Served, place: Place) {
    let Served { router, tls, clock } = served;
    // Without it answers only leave later.
    let _ = socket.set_nodelay(true);
    // Without it a client has to be quicker to be seen.
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(&socket, UNTAKEN_LEN);
    let handed_over = HandedOver::default();
    let socket = Lingering::new(socket, clock, handed_over.clone());
    match tls {
        None => requests(socket, client, router, handed_over).await,
        Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => requests(stream, client, router, handed_over).await,
            Ok(Err(error)) => tracing::debug!(%client, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%client, "TLS handshake not finished in time"),
        },
    }
    drop(place);
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    client: SocketAddr,
    router: Router,
    handed_over: HandedOver,
) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (mut router, handed_over) = (router.clone(), handed_over.clone());
        async move {
            let left = Arc::new(AtomicBool::new(false));
            let body =
                |body: Incoming| if body.is_end_stream() { Body::empty() } else { timed(body, Arc::clone(&left)) };
            let mut request = request.map(body);
            request.extensions_mut().insert(ConnectInfo(client));
            let mut answer: Result<axum::response::Response, Infallible> = router.call(request).await;
            if let Ok(answer) = &mut answer {
                if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                    handed_over.note();
                } else if left.load(Ordering::Relaxed) {
                    // The rest of that body is never read, so there is no next request (RFC 9112 section 9.6).
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
            }
            answer
        }
    });
    let mut connection = http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_LEN_MAX).max_headers(FIELDS_MAX);
    if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(%client, %error, "connection ended");
    }
}

/// A body that has to arrive in time.
struct Timed {
    body: Incoming,
    until: Pin<Box<Sleep>>,
    /// Set when it is dropped before its end.
    left: Arc<AtomicBool>,
}

fn timed(body: Incoming, left: Arc<AtomicBool>) -> Body {
    Body::new(Timed { body, until: Box::pin(sleep(BODY)), left })
}

impl Drop for Timed {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.left.store(true, Ordering::Relaxed);
        }
    }
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        this.until.as_mut().poll(cx).map(|()| Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn gate_counts_all_and_each_source_and_gives_places_back() {
        let source = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let gate = Gate::new(3, 2);
        let first = gate.enter(source(1));
        let second = gate.enter(source(1));
        assert!(first.is_some() && second.is_some());
        assert!(gate.enter(source(1)).is_none(), "two of one source are all");
        let third = gate.enter(source(2));
        assert!(third.is_some());
        assert!(gate.enter(source(3)).is_none(), "three are all");
        drop(first);
        assert!(gate.enter(source(3)).is_some(), "a place is free again");
        drop((second, third));
        assert!(gate.0.lock().is_ok_and(|count| count.all == 0 && count.of.is_empty()), "nothing is kept");
    }
}
