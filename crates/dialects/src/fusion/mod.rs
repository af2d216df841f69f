//! The Fusion door: the HTTP functions and the event socket of an Escaux Fusion SOP.
//!
//! Functions are read from a tolerant request line, answered in XML or JSON from the mirror and the store, or turned into
//! one command; events are rendered once and written to every socket. The protocol has no credentials: an address list is
//! the only guard. The door keeps no call state. Parking, holding, redirecting, queues, profiles and recording are not here
//! yet: their names answer as unknown functions do.

pub mod civil;
pub mod config;
pub mod error;
pub mod event;
pub mod id;
pub mod session;
pub mod wire;

mod channel;
mod disposition;
mod front;
mod request;
mod stream;
#[cfg(test)]
mod tests;

pub use config::{CallerIdStyle, FusionConfig, Network};
pub use front::{router, serve_http};
pub use session::serve_events;
pub use stream::Stream;

use crate::common::exchange::Exchange;
use request::Traffic;
use std::sync::Arc;

/// Everything the listeners of one exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    exchange: Exchange,
    config: Arc<FusionConfig>,
    stream: Stream,
    traffic: Arc<Traffic>,
}

impl Door {
    /// A door on one exchange; `stream` is the one that its projector feeds.
    #[must_use]
    pub fn new(exchange: Exchange, config: FusionConfig, stream: Stream) -> Self {
        Self { exchange, config: Arc::new(config), stream, traffic: Arc::default() }
    }
}
