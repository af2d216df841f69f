//! What the user of an [`super::Endpoint`] asks for.

use crate::message::{Body, Headers, Method};
use crate::transport::Flow;

/// An INVITE to send. Call-ID, tag and branch come from the caller, who can so issue the same INVITE again after a
/// restart. Allow, Supported, Contact, Max-Forwards and Via are added.
#[derive(Debug, Clone)]
pub struct OutgoingInvite {
    /// Where to.
    pub flow: Flow,
    /// The request URI.
    pub request_uri: Vec<u8>,
    /// From without tag, as name-addr.
    pub from: Vec<u8>,
    /// To, as name-addr.
    pub to: Vec<u8>,
    /// The Call-ID.
    pub call_id: Vec<u8>,
    /// The tag of From.
    pub from_tag: Vec<u8>,
    /// The branch, with its magic cookie.
    pub branch: Vec<u8>,
    /// The CSeq number.
    pub cseq: u32,
    /// The user part of our Contact; none when empty.
    pub contact_user: String,
    /// Route headers (an outbound proxy, a Path), each an element in angle brackets.
    pub routes: Vec<Vec<u8>>,
    /// Further lines: Expires, Session-Expires, P-Asserted-Identity, auto-answer ...
    pub headers: Headers,
    /// The offer; without one the ACK is the caller's, with `ack`.
    pub body: Option<Body>,
}

/// A request outside dialogs: an OPTIONS ping, a REGISTER at a trunk, a NOTIFY.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// Where to.
    pub flow: Flow,
    /// The method.
    pub method: Method,
    /// The request URI.
    pub request_uri: Vec<u8>,
    /// From without tag, as name-addr.
    pub from: Vec<u8>,
    /// The tag of From.
    pub from_tag: Vec<u8>,
    /// To with its tag, if it has one.
    pub to: Vec<u8>,
    /// The Call-ID.
    pub call_id: Vec<u8>,
    /// The CSeq number.
    pub cseq: u32,
    /// Further lines: Contact, Expires, Route, Authorization ...
    pub headers: Headers,
    /// The body.
    pub body: Option<Body>,
}

/// How a change of the session is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferMethod {
    /// A re-INVITE (RFC 3261 14).
    ReInvite,
    /// An UPDATE (RFC 3311), also in an early dialog.
    Update,
}

impl OfferMethod {
    pub(crate) fn method(self) -> Method {
        match self {
            OfferMethod::ReInvite => Method::Invite,
            OfferMethod::Update => Method::Update,
        }
    }
}

/// A change of the session to send.
#[derive(Debug, Clone)]
pub struct Offer {
    /// How.
    pub method: OfferMethod,
    /// Further lines.
    pub headers: Headers,
    /// The offer; a re-INVITE without one asks the peer for its.
    pub body: Option<Body>,
}

/// Why an order changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such usage (any more).
    #[error("no such usage")]
    Unknown,
    /// The usage is not in a state for this.
    #[error("not in this state")]
    State,
    /// An offer of ours is still under way.
    #[error("an offer is pending")]
    OfferPending,
    /// A named bound is reached.
    #[error("too many")]
    Full,
}
