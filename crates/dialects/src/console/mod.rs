//! The door `console`: our own API (HTTP, WebSocket, server-sent events), which the pages, the command line and the test
//! helpers use like everybody else.
//!
//! A request walks through [`dispatch`] to one row of [`operation::all`]; a committed event walks through
//! [`Frames::take`](crate::common::frames::Frames::take) to whoever watches. Names are the core's in snake_case. This door decides
//! nothing about a call and keeps none.

pub mod dispatch;
pub mod message;
pub mod operation;
pub mod problem;
pub mod shape;
pub mod wire;

mod answer;
mod cold;
mod declared;
mod describe;
mod edge_keys;
mod filter;
mod frame;
mod name;
mod query;
mod rate;
mod refusals;
mod render;
mod resource;
mod seats;
mod session;
mod socket;
mod sse;
mod status_page;
mod stream;
mod test_control;
#[cfg(test)]
mod tests;
mod verb;
mod who;

pub use render::{Collection, Rendered};
pub use stream::{HOT_EVENTS_MAX, Stream};
pub use who::SCOPES;

use crate::common::exchange::Exchange;
use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};
use edge_keys::EdgeKeys;
use operation::{Method, Operation};
use problem::Problem;
use rate::Rates;
use refusals::Refusals;
use session::Sessions;
use std::sync::Arc;
use tokio::sync::watch;

/// What the API's paths begin with.
pub const BASE: &str = "/api/v1";

/// How the door is set up.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// Scheme, host and port under which browsers reach it, where a proxy stands before it: `https://pbx.example`. Else its own
    /// listener speaks plain HTTP and is known by the host that was asked for.
    pub origin: Option<String>,
    /// Whether phones may be played and the clock moved (only from loopback, with scope `test`).
    pub test_control: bool,
    /// Commands a minute for each credential.
    pub commands_per_min: u32,
    /// Reads a minute for each credential.
    pub reads_per_min: u32,
    /// The doors that stand open, for the status page.
    pub doors: Vec<OpenDoor>,
}

/// A door that stands open.
#[derive(Debug, Clone)]
pub struct OpenDoor {
    /// Its name.
    pub name: String,
    /// Where it listens, `host:port`.
    pub address: String,
}

impl Default for ConsoleConfig {
    /// As the API promises: 600 commands and 6,000 reads a minute, no test control.
    fn default() -> Self {
        Self { origin: None, test_control: false, commands_per_min: 600, reads_per_min: 6_000, doors: Vec::new() }
    }
}

impl ConsoleConfig {
    /// Whether browsers speak TLS to it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.starts_with("https:"))
    }
}

/// The door. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    inner: Arc<Inner>,
    /// Whether cookies count here.
    cookies: bool,
}

struct Inner {
    exchange: Exchange,
    stream: Stream,
    config: ConsoleConfig,
    rates: Rates,
    sessions: Sessions,
    refusals: Refusals,
    keys: EdgeKeys,
    /// Rises when a credential has ended, so that streams ask at once whether theirs still holds.
    ended: watch::Sender<u64>,
}

impl Door {
    /// A door on an exchange; `stream` is what the projector feeds.
    #[must_use]
    pub fn new(exchange: Exchange, config: ConsoleConfig, stream: Stream) -> Self {
        stream.set_clock(exchange.clock());
        let rates = Rates::new(config.commands_per_min, config.reads_per_min);
        let sessions = Sessions::new(config.is_secure());
        let inner = Inner {
            exchange,
            stream,
            config,
            rates,
            sessions,
            refusals: Refusals::default(),
            keys: EdgeKeys::default(),
            ended: watch::Sender::new(0),
        };
        Self { inner: Arc::new(inner), cookies: true }
    }

    /// The exchange it stands on.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.inner.exchange
    }

    /// The events.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.inner.stream
    }

    /// How it is set up.
    #[must_use]
    pub fn config(&self) -> &ConsoleConfig {
        &self.inner.config
    }

    /// The last refusals; other doors' may be noted here too.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.inner.refusals
    }

    /// A credential has ended.
    fn credentials_ended(&self) {
        self.inner.ended.send_modify(|times| *times += 1);
    }

    /// Tells when a credential has ended.
    fn watch_credentials(&self) -> watch::Receiver<u64> {
        self.inner.ended.subscribe()
    }

    fn for_tokens_only(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), cookies: false }
    }

    fn rates(&self) -> &Rates {
        &self.inner.rates
    }

    fn keys(&self) -> &EdgeKeys {
        &self.inner.keys
    }

    fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }
}

/// Whether a refusal of this name is among those that are declared.
#[must_use]
pub fn is_declared(refusal: &str) -> bool {
    declared::NAMES.contains(&refusal)
}

/// All paths of the door. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn router(door: Door) -> Router {
    let pages = status_page::router(door.clone());
    api(&door, |_| true)
        .merge(pages)
        .method_not_allowed_fallback(|| async { Problem::of(declared::METHOD) })
        .fallback(|| async { Problem::of(declared::UNKNOWN_PATH) })
}

/// The API alone, for a listener that it shares with vendors' pages: bearer tokens only, no logins, no pages, no cookie.
pub fn shared_router(door: Door) -> Router {
    let alone = door.for_tokens_only();
    api(&alone, |operation| operation.path.starts_with(BASE) && operation.id != "open_session")
}

fn api(door: &Door, serves: impl Fn(&Operation) -> bool) -> Router {
    let mut router = Router::new();
    for operation in operation::all().iter().copied().flatten().filter(|operation| serves(operation)) {
        let door = door.clone();
        let handler = move |request: Request| dispatch::dispatch(door.clone(), operation, request);
        router = router.route(operation.path, on(filter(operation.method), handler));
    }
    router
}

const fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}
