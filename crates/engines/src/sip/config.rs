//! Settings of the engine, and the devices it knows.

use ::sip::dialog::EndpointConfig;
use ::sip::digest::{Algorithm, BanPolicy, Ha1};
use ::sip::registrar::RegistrarConfig;
use ::sip::session_timer::TimerConfig;
use switching::id::DeviceId;

/// Settings.
#[derive(Debug, Clone)]
pub struct SipConfig {
    /// Digest realm, and the domain in From and To.
    pub realm: String,
    /// Transactions, addresses, trust in contacts.
    pub endpoint: EndpointConfig,
    /// The registrar.
    pub registrar: RegistrarConfig,
    /// When an address is banned.
    pub bans: BanPolicy,
    /// Session timers; none: we ask for none and still serve peers that do.
    pub session_timer: Option<TimerConfig>,
    /// Key of the nonces; a new one at each start.
    pub nonce_key: [u8; 32],
    /// Secret from which Call-IDs, tags and branches of our INVITEs are derived; kept over restarts.
    pub leg_secret: [u8; 32],
    /// Where the numbers of arriving legs begin: unique over restarts.
    pub legs_from: u64,
    /// What we call ourselves.
    pub user_agent: String,
    /// Octets of messages that are kept for ladders.
    pub trace_octets_max: usize,
    /// Algorithms offered to users that do not exist, so that they look like the others.
    pub algorithms: Vec<Algorithm>,
}

/// A SIP device.
#[derive(Debug, Clone)]
pub struct SipDevice {
    /// The core's device.
    pub id: DeviceId,
    /// SIP user and digest user.
    pub user: String,
    /// Its hashed password.
    pub ha1: Ha1,
    /// Algorithms it is offered, in order.
    pub algorithms: Vec<Algorithm>,
}
