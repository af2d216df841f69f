//! INVITE dialog usages (RFC 3261 12 to 15, RFC 3262, RFC 3311, RFC 5057) and the [`Endpoint`] that owns them together
//! with the transactions.
//!
//! **One contract: time and bytes come in through [`Endpoint::handle_datagram`] and [`Endpoint::handle_timeout`], orders
//! through the methods named for them; after each of these the caller drains [`Endpoint::poll`] until `None` and sleeps
//! until [`Endpoint::poll_timeout`].**
//!
//! A [`UsageKey`] names one INVITE usage: one leg of a call, with all the early dialogs that forks of it may make and the
//! one dialog that is confirmed. Dialogs are found by Call-ID and tags, never by connection.
//!
//! What is deliberately absent: the meaning of session descriptions, authentication, session timers (their headers pass
//! through), subscriptions, DNS.

mod checkpoint;
mod endpoint;
mod event;
mod offer;
mod order;
mod print;
mod route;
mod target;
mod uac;
mod uas;
mod usage;
mod within;

pub use checkpoint::{BadCheckpoint, CSEQ_JUMP, Checkpoint};
pub use endpoint::{Endpoint, EndpointConfig, Output};
pub use event::Event;
pub use order::{Offer, OfferMethod, OutgoingInvite, OutgoingRequest, Refused};
pub use target::{Nat, next_hop};
pub use usage::{Phase, Role, UsageInfo};

/// One INVITE usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey(pub(crate) u64);

/// Most early dialogs that forks of one INVITE may make; responses of further ones are reported without a dialog.
pub const FORKS_MAX: usize = 12;
/// Most reliable provisional responses that wait for their turn (RFC 3262 3 allows one at a time).
pub const PROVISIONALS_WAITING_MAX: usize = 8;
/// Most INFO requests that wait for the answer to the one before.
pub const OUTBOX_MAX: usize = 64;
/// Most ACKs kept for repeated 2xx responses.
pub const ACKS_KEPT_MAX: usize = 4;
/// How often an offer that met a 491 is tried again before it is given up.
pub const OFFER_RETRIES_MAX: u32 = 10;
