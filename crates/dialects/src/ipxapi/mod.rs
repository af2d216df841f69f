//! The door of the iPECS Web API: REST and one WebSocket over TLS, sessions with tokens.
//!
//! A server account watches and controls terminals and reads records; a station's account reads its own records and clicks to
//! call. Here are login, monitors, Make Call, Answer, Clear Connection, call status, the list of terminals and their events, and the
//! records with their query language. Hold, transfer, conference, forward, presence, groups and agents are not here yet: their features answer as unknown ones do.

pub mod error;
pub mod event;
pub mod id;
pub mod session;
pub mod smdr;
pub mod token;
pub mod wire;

mod front;
mod request;
mod socket;
mod stream;

pub use front::router;
pub use stream::Stream;

use crate::common::attempts::Attempts;
use crate::common::exchange::Exchange;
use jiff::tz::TimeZone;
use session::Sessions;
use std::sync::Arc;
use token::Signer;

/// Name of this door in credentials, logs and records.
pub const NAME: &str = "ipxapi";
/// How long a session lives without a request or socket, in milliseconds (IPX-ADM-07: two minutes).
pub const SESSION_MS: u64 = 120_000;

/// Everything the listeners of one exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    exchange: Exchange,
    stream: Stream,
    attempts: Arc<Attempts>,
    signer: Arc<Signer>,
    zone: TimeZone,
}

impl Door {
    /// A door on one exchange; `stream` is the one that its projector feeds, records have the dates of `zone`.
    ///
    /// # Errors
    ///
    /// When the system gives no random octets for the key of the tokens.
    pub fn new(exchange: Exchange, stream: Stream, zone: TimeZone) -> Result<Self, getrandom::Error> {
        Ok(Self { exchange, stream, attempts: Arc::new(Attempts::at(NAME)), signer: Arc::new(Signer::new()?), zone })
    }

    /// A time zone of the IANA database.
    #[must_use]
    pub fn zone_named(name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }

    fn sessions(&self) -> &Arc<Sessions> {
        &self.stream.sessions
    }
}
