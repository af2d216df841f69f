//! Changes of a session by re-INVITE and UPDATE (RFC 3261 14, RFC 3311): one offer at a time in each direction, glare
//! answered with 491 and tried again after the time of 14.1, offers that come too early sent back with Retry-After.

use super::usage::{Core, Phase, Role, Usage};
use super::{Event, OFFER_RETRIES_MAX, Offer, OfferMethod, Refused};
use crate::message::{Body, Headers, Message, Method};
use crate::timer::TimeMs;
use crate::transaction::{ClientKey, DialogTimer, Response, ServerKey};
use crate::transport::Flow;

/// An offer of ours that is under way or waits to be tried again.
#[derive(Debug)]
pub(super) struct OutgoingOffer {
    pub offer: Offer,
    /// Its transaction; `None` while it waits.
    pub key: Option<ClientKey>,
    pub cseq: u32,
    pub tries: u32,
}

/// A re-INVITE or UPDATE of the peer without final answer.
#[derive(Debug)]
pub(super) struct IncomingOffer {
    pub key: ServerKey,
    pub method: OfferMethod,
    pub cseq: u32,
    /// Becomes the remote target when the offer is accepted.
    pub target: Option<Box<[u8]>>,
}

/// Longest wait that a Retry-After of ours asks for, in seconds (RFC 3261 14.2).
const RETRY_AFTER_MAX_S: u64 = 10;
/// Retry times of RFC 3261 14.1, in units of 10 ms: for the owner of the Call-ID, and for the other side.
const RETRY_OWNER_10MS: (u64, u64) = (210, 400);
const RETRY_OTHER_10MS: (u64, u64) = (0, 200);

impl Usage {
    /// Begins to change the session.
    pub fn offer(&mut self, core: &mut Core, now: TimeMs, offer: Offer) -> Result<(), Refused> {
        let possible = match (self.phase, offer.method) {
            (Phase::Confirmed, OfferMethod::ReInvite | OfferMethod::Update) => true,
            (Phase::Early, OfferMethod::Update) => !self.dialogs.is_empty(),
            (Phase::Early, OfferMethod::ReInvite) | (Phase::Ending | Phase::Gone, _) => false,
        };
        if !possible {
            return Err(Refused::State);
        }
        if self.offer_out.is_some() {
            return Err(Refused::OfferPending);
        }
        self.offer_out = Some(Box::new(OutgoingOffer { offer, key: None, cseq: 0, tries: 0 }));
        self.send_offer(core, now);
        Ok(())
    }

    /// Sends the waiting offer, or waits on while something of the peer's is under way.
    pub fn send_offer(&mut self, core: &mut Core, now: TimeMs) {
        let Some(mut out) = self.offer_out.take_if(|out| out.key.is_none()) else { return };
        let invite_open = self.unacked.is_some() || self.ack_owed.is_some() || self.phase == Phase::Early;
        if self.offer_in.is_some() || (out.offer.method == OfferMethod::ReInvite && invite_open) {
            self.offer_out = Some(out);
            self.retry_offer(core, now, None);
            return;
        }
        let index = self.dialogs.len() - 1;
        let method = out.offer.method.method();
        let (key, cseq) = self.request(core, now, index, method, &out.offer.headers, out.offer.body.as_ref());
        out.key = Some(key);
        out.cseq = cseq;
        self.offer_out = Some(out);
    }

    /// Tries the offer again after the time of 14.1, or gives it up.
    fn retry_offer(&mut self, core: &mut Core, now: TimeMs, message: Option<Message>) {
        let (low, high) = match self.role {
            Role::Uac => RETRY_OWNER_10MS,
            Role::Uas => RETRY_OTHER_10MS,
        };
        let wait_ms = core.tx.tokens().between(low, high) * 10;
        let Some(out) = &mut self.offer_out else { return };
        out.key = None;
        out.tries += 1;
        if out.tries > OFFER_RETRIES_MAX {
            self.offer_out = None;
            core.report(Event::OfferRefused { usage: self.key(), code: 491, message });
            return;
        }
        self.arm(core, DialogTimer::RetryOffer, Some(now + wait_ms));
    }

    /// Does this response answer the offer under way?
    pub fn answers_offer(&self, key: Option<ClientKey>) -> bool {
        key.is_some() && self.offer_out.as_ref().is_some_and(|out| out.key == key)
    }

    pub fn offer_response(&mut self, core: &mut Core, now: TimeMs, flow: &Flow, message: Message) {
        match message.code() {
            100..=199 => {}
            200..=299 => {
                let Some(out) = self.offer_out.take() else { return };
                self.flow = *flow;
                if let Some(index) = self.dialog_of(message.to_tag()) {
                    self.dialogs[index].refresh_target(&message);
                }
                match (out.offer.method, &out.offer.body) {
                    (OfferMethod::ReInvite, Some(_)) => self.send_ack(core, now, 0, out.cseq, None),
                    (OfferMethod::ReInvite, None) => self.ack_owed = Some(out.cseq),
                    (OfferMethod::Update, _) => {}
                }
                core.report(Event::OfferAnswered { usage: self.key(), sdp: message.sdp(), message });
            }
            491 => self.retry_offer(core, now, Some(message)),
            code => {
                self.offer_out = None;
                core.report(Event::OfferRefused { usage: self.key(), code, message: Some(message) });
            }
        }
    }

    pub fn offer_unanswered(&mut self, core: &mut Core, code: u16) {
        self.offer_out = None;
        core.report(Event::OfferRefused { usage: self.key(), code, message: None });
    }

    /// A re-INVITE or UPDATE of the peer.
    pub fn handle_offer(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        key: ServerKey,
        method: OfferMethod,
        message: Message,
    ) {
        let has_offer = method == OfferMethod::ReInvite || message.sdp().is_some();
        if let Some(refusal) = self.offer_refusal(core, method, has_offer) {
            core.tx.respond(now, key, &refusal);
            return;
        }
        let target = super::usage::contact_of(&message).map(Box::from);
        let cseq = message.cseq().map_or(0, |cseq| cseq.number);
        self.offer_in = Some(Box::new(IncomingOffer { key, method, cseq, target }));
        let (usage, sdp) = (self.key(), message.sdp());
        core.report(match method {
            OfferMethod::ReInvite => Event::ReInvite { usage, sdp, message },
            OfferMethod::Update => Event::Update { usage, sdp, message },
        });
    }

    fn offer_refusal(&mut self, core: &mut Core, method: OfferMethod, has_offer: bool) -> Option<Response<'static>> {
        let sent = self.offer_out.as_ref().is_some_and(|out| out.key.is_some());
        let unanswered = match (&self.uac, &self.uas) {
            (Some(uac), _) => uac.offered && !uac.answered_early,
            (None, Some(_)) | (None, None) => false,
        };
        if has_offer && (sent || unanswered) {
            return Some(Response::new(491));
        }
        let early_invite = self.uas.is_some() && method == OfferMethod::ReInvite;
        let early_update = has_offer && self.uas.as_ref().is_some_and(|uas| !uas.answered_early);
        if self.offer_in.is_some() || early_invite || early_update {
            let wait_s = core.tx.tokens().between(0, RETRY_AFTER_MAX_S);
            return Some(Response::new(500).with_headers(Headers::none().with("Retry-After", wait_s.to_string())));
        }
        None
    }

    /// Accepts the peer's re-INVITE or UPDATE.
    pub fn accept_offer(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        headers: Headers,
        body: Option<&Body>,
    ) -> Result<(), Refused> {
        let offer = self.offer_in.take().ok_or(Refused::State)?;
        if let (Some(target), Some(dialog)) = (offer.target, self.dialogs.first_mut()) {
            dialog.target = target;
        }
        match offer.method {
            OfferMethod::ReInvite => self.answer_invite(core, now, offer.key, offer.cseq, headers, body),
            OfferMethod::Update => {
                let mut lines = Headers::none().with("Contact", &self.contact);
                lines.append(&core.capabilities()).append(&headers);
                core.tx.respond(now, offer.key, &Response::new(200).with_headers(lines).with_body(body));
            }
        }
        Ok(())
    }

    /// Refuses the peer's re-INVITE or UPDATE; the session stays as it was.
    pub fn reject_offer(&mut self, core: &mut Core, now: TimeMs, response: &Response<'_>) -> Result<(), Refused> {
        let offer = self.offer_in.take_if(|_| response.code >= 300).ok_or(Refused::State)?;
        core.tx.respond(now, offer.key, response);
        Ok(())
    }

    /// The session ends: nobody will answer the offer under way any more.
    pub fn drop_offers(&mut self, core: &mut Core, now: TimeMs) {
        if let Some(offer) = self.offer_in.take() {
            core.tx.respond(now, offer.key, &Response::new(487));
        }
        if let Some(key) = self.offer_out.take().and_then(|out| out.key) {
            core.tx.abandon(now, key);
        }
    }
}

/// The way of offering that a request method means.
pub(super) fn offer_method(method: Method) -> Option<OfferMethod> {
    match method {
        Method::Invite => Some(OfferMethod::ReInvite),
        Method::Update => Some(OfferMethod::Update),
        Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Options
        | Method::Register
        | Method::Prack
        | Method::Info
        | Method::Refer
        | Method::Notify
        | Method::Subscribe
        | Method::Message
        | Method::Publish
        | Method::Other => None,
    }
}
