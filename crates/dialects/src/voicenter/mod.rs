//! The Voicenter door: Click2Call, the call log, and the lists of extensions and their calls.
//!
//! Requests come as GET, form, multipart form or JSON and are answered in XML-RPC, JSON or HTML; every request carries a code. Beside
//! them a WebSocket tells what the extensions do, and finished calls are told to other servers. The door keeps no call state. Messages,
//! conferences, queues, pop-ups, the external IVR, the dialler and the web phone are not here yet.

pub mod config;
pub mod error;
pub mod event;
pub mod id;
pub mod number;
pub mod push;
pub mod session;
pub mod wire;

mod address;
mod country;
mod front;
mod gate;
mod kind;
mod live;
mod request;
mod row;
mod sight;
mod stream;
#[cfg(test)]
mod tests;
mod tokens;

pub use config::{Network, VoicenterConfig};
pub use front::{router, shared_router};
pub use request::{Endpoint, decode, window};
pub use stream::Stream;

use crate::common::attempts::Attempts;
use crate::common::exchange::Exchange;
use gate::Gate;
use std::sync::Arc;
use tokens::Tokens;

/// Everything that the listeners of one exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    exchange: Exchange,
    config: Arc<VoicenterConfig>,
    gate: Arc<Gate>,
    attempts: Arc<Attempts>,
    tokens: Arc<Tokens>,
    stream: Stream,
}

impl Door {
    /// A door on one exchange; `stream` is the one that its projector feeds.
    #[must_use]
    pub fn new(exchange: Exchange, config: Arc<VoicenterConfig>, stream: Stream) -> Self {
        let attempts = Arc::new(Attempts::at(request::DOOR));
        Self { exchange, config, gate: Arc::default(), attempts, tokens: Arc::default(), stream }
    }
}
