//! The door of the iPECS Web API: REST and one WebSocket over TLS, sessions with tokens.
//!
//! A server account watches and controls terminals and reads records; a station's account reads its own records and clicks to
//! call. Here are login, monitors, Make Call, Answer, Clear Connection, call status, presence, the list of terminals and their events, and the
//! records with their query language. Hold, transfer, conference, forward, groups and agents are not here yet: their features answer as unknown ones do.

pub mod error;
pub mod event;
pub mod head;
pub mod id;
pub mod numbering;
pub mod session;
pub mod settings;
pub mod smdr;
pub mod status;
pub mod token;
pub mod wire;

mod frame;
mod front;
mod request;
mod socket;
mod stream;
#[cfg(test)]
mod tests;

pub use front::router;
pub use stream::Stream;

pub use settings::{IpxapiConfig, Licences, SmdrSettings};
pub use socket::MESSAGE_LEN_MAX;

use crate::common::attempts::Attempts;
use crate::common::clock::Clock;
use crate::common::exchange::Exchange;
use crate::common::logons::{Logon, Logons};
use jiff::tz::TimeZone;
use session::Sessions;
use std::sync::Arc;
use token::Signer;

/// Name of this door in credentials, logs and records.
pub const NAME: &str = "ipxapi";
/// How long a session lives without a request or socket unless configured, in milliseconds (IPX-ADM-07: two minutes).
pub const SESSION_MS: u64 = 120_000;

/// Everything the listeners of one exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    exchange: Exchange,
    stream: Stream,
    attempts: Arc<Attempts>,
    signer: Arc<Signer>,
    config: Arc<IpxapiConfig>,
}

impl Door {
    /// A door on one exchange; `stream` is the one that its projector feeds.
    ///
    /// # Errors
    ///
    /// When the system gives no random octets for the key of the tokens.
    pub fn new(exchange: Exchange, stream: Stream) -> Result<Self, getrandom::Error> {
        let book = Book { sessions: Arc::clone(&stream.sessions), clock: exchange.clock().clone() };
        exchange.lend_logons(NAME, Arc::new(book));
        let (attempts, signer) = (Arc::new(Attempts::at(NAME)), Arc::new(Signer::new()?));
        let config = Arc::clone(&stream.config);
        Ok(Self { exchange, stream, attempts, signer, config })
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

/// The logged-on list (IPX-ADM-17).
struct Book {
    sessions: Arc<Sessions>,
    clock: Clock,
}

impl Logons for Book {
    fn list(&self) -> Vec<Logon> {
        self.sessions.logons(self.clock.now())
    }

    fn force_out(&self, number: u64) -> bool {
        self.sessions.force_out(number, self.clock.now())
    }
}
