//! The Voicenter door: Click2Call, the call log, and the lists of extensions and their calls.
//!
//! Requests come as GET, form, multipart form or JSON and are answered in XML-RPC, JSON or HTML. Every request carries a code; there
//! is no session. The door keeps no call state. Messages, conferences, queues, pop-ups, pushes, the external IVR, the dialler, the
//! real-time channel and the web phone are not here yet.

pub mod config;
pub mod error;
pub mod event;
pub mod id;
pub mod number;
pub mod push;
pub mod wire;

mod address;
mod country;
mod front;
mod gate;
mod request;
mod row;
#[cfg(test)]
mod tests;

pub use config::{Network, VoicenterConfig};
pub use front::{router, shared_router};
pub use request::{Endpoint, decode, window};

use crate::common::exchange::Exchange;
use gate::Gate;
use std::sync::Arc;

/// Everything that the listeners of one exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    exchange: Exchange,
    config: Arc<VoicenterConfig>,
    gate: Arc<Gate>,
}

impl Door {
    /// A door on one exchange.
    #[must_use]
    pub fn new(exchange: Exchange, config: Arc<VoicenterConfig>) -> Self {
        Self { exchange, config, gate: Arc::default() }
    }
}
