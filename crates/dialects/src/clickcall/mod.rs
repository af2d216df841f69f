//! The ClickCall door: XML documents over HTTPS that ask for a call between a desk phone and a number (iPECS ClickCall Web
//! Service).
//!
//! One operation, two stages: the desk phone rings, and when it is answered the number is dialled. The answer tells that the
//! request was accepted, not what became of the call. Every request carries its own credentials; there is no session, no event
//! and no way to follow a call here. The door has no plain HTTP: whoever serves its router does so over TLS.

pub mod error;
pub mod event;
pub mod id;
pub mod wire;

mod front;
mod request;
#[cfg(test)]
mod tests;

pub use front::router;

use crate::common::attempts::Attempts;
use crate::common::exchange::Exchange;
use std::sync::Arc;

/// Name of this door in credentials, logs and records.
pub const NAME: &str = "clickcall";

/// Everything the listeners of one exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    exchange: Exchange,
    attempts: Arc<Attempts>,
    config: ClickCallConfig,
}

/// Settings of the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickCallConfig {
    /// Whether the ClickCall licence is installed (CCX-04); without it every command is answered 104.
    pub licence: bool,
    /// The door where a station that has no account at this one has its code: the vendor's second table (CCX-04).
    pub codes: Option<String>,
}

impl Default for ClickCallConfig {
    fn default() -> Self {
        Self { licence: true, codes: None }
    }
}

impl Door {
    /// A door on one exchange.
    #[must_use]
    pub fn new(exchange: Exchange, config: ClickCallConfig) -> Self {
        Self { exchange, attempts: Arc::new(Attempts::at(NAME)), config }
    }
}
