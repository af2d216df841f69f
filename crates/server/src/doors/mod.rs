//! The doors of one exchange: each opened from its own file here, bound to its listeners, served.
//!
//! A door is one file with `open`, and one line in [`DOORS`]. What it gives back is data: what the projector feeds, the paths it
//! has on the shared listener, and how each of its own listeners is served.

mod announce;
mod clickcall;
mod console;
mod fusion;
mod ipxapi;
mod listeners;
mod telservices;
mod voicenter;

pub use announce::announce;
pub use listeners::Listeners;

use crate::config::Config;
use crate::http::{Gate, Served, serve_http};
use crate::metrics::Metrics;
use crate::tls::{self, Acceptor};
use axum::Router;
use dialects::common::clock::Clock;
use dialects::common::exchange::Exchange;
use dialects::common::frames::Frames;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use store::{StoreHandle, Tenant};
use tokio::net::TcpListener;

/// Every door this version has, with the keys of its listeners.
const DOORS: &[Entry] = &[
    (&["console"], console::open),
    (&["fusion", "fusion_events"], fusion::open),
    (&["clickcall"], clickcall::open),
    (&["ipxapi"], ipxapi::open),
    (&["voicenter"], voicenter::open),
    (&["telservices_tcp", "telservices_http"], telservices::open),
];

type Entry = (&'static [&'static str], fn(&Office) -> anyhow::Result<Opened>);

/// What a door is opened on.
pub struct Office<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The exchange.
    pub exchange: &'a Exchange,
    /// The program's figures.
    pub metrics: &'a Arc<Metrics>,
    /// Every listener that is bound, by its key in `listen.json`.
    pub bound: &'a [(&'static str, SocketAddr)],
    /// The store, for pushes and what is told of them.
    pub store: &'a StoreHandle,
    /// Whose it is.
    pub tenant: Tenant,
}

/// Serves connections of a protocol of the door's own until it is dropped.
pub type RawServe = Box<dyn FnOnce(TcpListener) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// How a listener is served.
pub enum Serve {
    /// HTTP in the clear.
    Http(Router),
    /// HTTP over TLS, with the certificate of the house.
    Tls(Router),
    /// The door reads the connections itself.
    Raw(RawServe),
}

/// A door, opened.
#[derive(Default)]
pub struct Opened {
    /// What the projector feeds.
    pub frames: Vec<Box<dyn Frames>>,
    /// Its own listeners by their keys in `listen.json`.
    pub listeners: Vec<(&'static str, Serve)>,
    /// Its paths on the listener that all doors share: exact paths, no fallback.
    pub shared: Option<Router>,
    /// Whether it is on the shared listener only where that speaks TLS.
    pub shared_needs_tls: bool,
    /// What it does beside its listeners, until the program ends.
    pub beside: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// All doors of one exchange, not yet served.
pub struct Doors {
    opened: Vec<Opened>,
    gate: Gate,
    shared_tls: bool,
    tls: Option<Acceptor>,
    clock: Clock,
}

impl Doors {
    /// Opens every door that this version has.
    ///
    /// # Errors
    ///
    /// When a door's settings are wrong, or the certificate cannot be read or made.
    pub fn open(office: &Office) -> anyhow::Result<Self> {
        let opened = DOORS.iter().map(|(_, open)| open(office)).collect::<anyhow::Result<Vec<_>>>()?;
        let limits = &office.config.limits;
        let gate = Gate::new(limits.connections as usize, limits.connections_per_source as usize);
        let shared_tls = office.config.listen.shared_http_tls;
        let bound = |key: &str| office.bound.iter().any(|(known, _)| *known == key);
        let speaks_tls = |(key, serve): &(&'static str, Serve)| matches!(serve, Serve::Tls(_)) && bound(key);
        let needed = opened.iter().flat_map(|door| &door.listeners).any(speaks_tls)
            || (shared_tls && bound(listeners::SHARED_HTTP));
        let tls = needed.then(|| tls::acceptor(office.config, office.bound)).transpose()?;
        Ok(Self { opened, gate, shared_tls, tls, clock: office.exchange.clock().clone() })
    }

    /// What the projector feeds.
    pub fn take_frames(&mut self) -> Vec<Box<dyn Frames>> {
        self.opened.iter_mut().flat_map(|door| std::mem::take(&mut door.frames)).collect()
    }

    /// Serves the bound listeners on the present runtime, until it ends.
    pub fn serve(self, mut listeners: Listeners) {
        let Self { opened, gate, shared_tls, tls, clock } = self;
        let over = |tls: Option<Acceptor>, router| Served { router, tls, clock: clock.clone() };
        let mut shared = Router::new();
        for door in opened {
            door.beside.into_iter().for_each(|work| drop(tokio::spawn(work)));
            for (key, serve) in door.listeners {
                let Some(listener) = listeners.take(key) else { continue };
                match serve {
                    Serve::Http(router) => {
                        drop(tokio::spawn(serve_http(key, listener, over(None, router), gate.clone())));
                    }
                    // Without the certificate the office would not have been opened.
                    Serve::Tls(router) => {
                        drop(tokio::spawn(serve_http(key, listener, over(tls.clone(), router), gate.clone())));
                    }
                    Serve::Raw(serve) => drop(tokio::spawn(serve(listener))),
                }
            }
            if let Some(router) = door.shared.filter(|_| shared_tls || !door.shared_needs_tls) {
                shared = shared.merge(router);
            }
        }
        if let Some(listener) = listeners.take(listeners::SHARED_HTTP) {
            let served = over(tls.filter(|_| shared_tls), shared);
            drop(tokio::spawn(serve_http(listeners::SHARED_HTTP, listener, served, gate)));
        }
    }
}
