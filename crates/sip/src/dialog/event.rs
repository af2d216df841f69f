//! Everything an [`super::Endpoint`] reports. Each variant names its usage; messages come along so that the user can read
//! any header.

use super::UsageKey;
use crate::message::{Message, Method};
use crate::transaction::{ClientKey, ServerKey};
use crate::transport::Flow;
use bytes::Bytes;

/// A report.
#[derive(Debug, Clone)]
pub enum Event {
    /// A new INVITE. 100 is already sent; answer with `provisional`, `accept` or `reject`.
    Invite {
        /// The new usage.
        usage: UsageKey,
        /// Where it came from.
        flow: Flow,
        /// The offer, if there is one.
        sdp: Option<Bytes>,
        /// The INVITE.
        message: Message,
    },
    /// A request outside dialogs (REGISTER, OPTIONS, SUBSCRIBE ...); answer with `respond`.
    Request {
        /// Its transaction.
        key: ServerKey,
        /// Where it came from.
        flow: Flow,
        /// The request.
        message: Message,
    },
    /// A response to a request outside dialogs.
    Response {
        /// The transaction that `request` returned.
        key: ClientKey,
        /// Where it came from.
        flow: Flow,
        /// The response.
        message: Message,
    },
    /// No response to a request outside dialogs.
    NoResponse {
        /// The transaction that `request` returned.
        key: ClientKey,
        /// Was the path reported unreachable?
        unreachable: bool,
    },
    /// A provisional response to our INVITE (not 100).
    Provisional {
        /// The usage.
        usage: UsageKey,
        /// Which of its early dialogs, in the order of their first response; `None` when the response had no tag.
        fork: Option<u32>,
        /// The status code.
        code: u16,
        /// The session description, if there is one.
        sdp: Option<Bytes>,
        /// Was it sent reliably? A PRACK is sent already, unless the response held an offer: then call `prack`.
        reliable: bool,
        /// The response.
        message: Message,
    },
    /// Our INVITE was answered. The ACK is sent already, unless the INVITE had no offer: then call `ack`.
    Answered {
        /// The usage, now confirmed.
        usage: UsageKey,
        /// The answer (or the offer, when the INVITE had none).
        sdp: Option<Bytes>,
        /// The response.
        message: Message,
    },
    /// Our INVITE failed; the usage is over. 487 also when a 2xx crossed our CANCEL (it got ACK and BYE), 408 when nothing
    /// came, 503 when the path is gone.
    Failed {
        /// The usage, which is over.
        usage: UsageKey,
        /// The status code.
        code: u16,
        /// The response, if there was one.
        message: Option<Message>,
    },
    /// The peer acknowledged our 2xx.
    Acked {
        /// The usage.
        usage: UsageKey,
        /// The answer, when our 2xx held the offer.
        sdp: Option<Bytes>,
    },
    /// Nobody acknowledged our 2xx within 64*T1: BYE is sent; `Ended` follows.
    NoAck {
        /// The usage.
        usage: UsageKey,
    },
    /// Nobody acknowledged our reliable provisional response: the INVITE got 504; the usage is over.
    NoPrack {
        /// The usage, which is over.
        usage: UsageKey,
    },
    /// The peer acknowledged our reliable provisional response.
    Prack {
        /// The usage.
        usage: UsageKey,
        /// The session description in the PRACK, if there is one.
        sdp: Option<Bytes>,
        /// Set when the PRACK holds a new offer: answer it with `respond`.
        key: Option<ServerKey>,
    },
    /// A re-INVITE; answer with `accept_offer` or `reject_offer`.
    ReInvite {
        /// The usage.
        usage: UsageKey,
        /// The offer, if there is one.
        sdp: Option<Bytes>,
        /// The request.
        message: Message,
    },
    /// An UPDATE; answer with `accept_offer` or `reject_offer`.
    Update {
        /// The usage.
        usage: UsageKey,
        /// The offer, if there is one.
        sdp: Option<Bytes>,
        /// The request.
        message: Message,
    },
    /// Our re-INVITE or UPDATE was answered. The ACK is sent already, unless the re-INVITE had no offer: then call `ack`.
    OfferAnswered {
        /// The usage.
        usage: UsageKey,
        /// The answer, if there is one.
        sdp: Option<Bytes>,
        /// The response.
        message: Message,
    },
    /// Our re-INVITE or UPDATE was refused for good (491 is tried again first); the session stays as it was. After 481
    /// and 408 the user ends the usage (RFC 3261 12.2.1.2).
    OfferRefused {
        /// The usage.
        usage: UsageKey,
        /// The status code; 408 when nothing came, 503 when the path is gone.
        code: u16,
        /// The response, if there was one.
        message: Option<Message>,
    },
    /// An INFO; it is answered already.
    Info {
        /// The usage.
        usage: UsageKey,
        /// The media type of the body.
        content_type: Bytes,
        /// The body.
        body: Bytes,
        /// The request.
        message: Message,
    },
    /// Another request within the dialog (REFER, NOTIFY, SUBSCRIBE, MESSAGE); answer with `respond`.
    InDialog {
        /// The usage.
        usage: UsageKey,
        /// Its transaction.
        key: ServerKey,
        /// The request.
        message: Message,
    },
    /// The final response to a request we sent with `send`.
    RequestDone {
        /// The usage.
        usage: UsageKey,
        /// The method of the request.
        method: Method,
        /// The status code; 408 when nothing came, 503 when the path is gone.
        code: u16,
        /// The response, if there was one.
        message: Option<Message>,
    },
    /// The peer ended the session; answered already, the usage is over.
    Bye {
        /// The usage, which is over.
        usage: UsageKey,
        /// The BYE, with its Reason if it has one.
        message: Message,
    },
    /// The peer cancelled its INVITE; answered already, the usage is over.
    Cancelled {
        /// The usage, which is over.
        usage: UsageKey,
        /// The CANCEL, with its Reason if it has one.
        message: Message,
    },
    /// Our BYE is answered or given up: the usage is over.
    Ended {
        /// The usage, which is over.
        usage: UsageKey,
        /// The answer to our BYE; 408 when nothing came, 503 when the path is gone.
        code: u16,
    },
}
