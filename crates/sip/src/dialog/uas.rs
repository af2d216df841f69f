//! The side that got the INVITE (RFC 3261 13.3, RFC 3262 3): provisional responses, reliable ones in order, the 2xx until
//! its ACK, rejection, CANCEL.

use super::usage::{Core, Phase, Unacked, Usage};
use super::{Event, PROVISIONALS_WAITING_MAX, Refused};
use crate::message::{Body, HeaderName, Headers, Message, RAck};
use crate::timer::TimeMs;
use crate::transaction::{DialogTimer, Response, ServerKey};
use crate::transport::Flow;
use bytes::Bytes;
use std::collections::VecDeque;

/// What only an unanswered INVITE of the peer needs.
#[derive(Debug)]
pub(super) struct Uas {
    pub server: ServerKey,
    /// May (Supported) and must (Require) provisional responses be reliable?
    pub may_100rel: bool,
    pub must_100rel: bool,
    /// Did the INVITE hold an offer?
    pub offered: bool,
    /// Did an acknowledged reliable response carry a session description, so that UPDATE may come?
    pub answered_early: bool,
    pub rseq: u32,
    pub reliable: Option<Reliable>,
    pub waiting: VecDeque<Provisional>,
    /// The 2xx, when it has to wait for a PRACK.
    pub accept: Option<(Headers, Option<Body>)>,
}

/// A reliable response without its PRACK.
#[derive(Debug)]
pub(super) struct Reliable {
    rseq: u32,
    bytes: Bytes,
    flow: Flow,
    interval_ms: u64,
    has_sdp: bool,
}

/// A provisional response to send.
#[derive(Debug)]
pub(super) struct Provisional {
    pub code: u16,
    pub headers: Headers,
    pub body: Option<Body>,
    pub reliable: bool,
}

impl Uas {
    pub fn new(server: ServerKey, invite: &Message, rseq: u32) -> Uas {
        let must_100rel = invite.lists(HeaderName::Require, "100rel");
        Uas {
            server,
            may_100rel: must_100rel || invite.lists(HeaderName::Supported, "100rel"),
            must_100rel,
            offered: invite.sdp().is_some(),
            answered_early: false,
            rseq,
            reliable: None,
            waiting: VecDeque::new(),
            accept: None,
        }
    }
}

impl Usage {
    /// Sends a provisional response; a reliable one waits for the PRACK of the one before.
    pub fn provisional(&mut self, core: &mut Core, now: TimeMs, mut provisional: Provisional) -> Result<(), Refused> {
        let uas = self.uas.as_mut().ok_or(Refused::State)?;
        if uas.accept.is_some() || !(101..200).contains(&provisional.code) {
            return Err(Refused::State);
        }
        provisional.reliable = uas.must_100rel || (provisional.reliable && uas.may_100rel);
        if provisional.reliable && uas.reliable.is_some() {
            if uas.waiting.len() == PROVISIONALS_WAITING_MAX {
                return Err(Refused::Full);
            }
            uas.waiting.push_back(provisional);
            return Ok(());
        }
        self.send_provisional(core, now, provisional);
        Ok(())
    }

    fn send_provisional(&mut self, core: &mut Core, now: TimeMs, provisional: Provisional) {
        let Some(uas) = &mut self.uas else { return };
        let mut headers = Headers::none().with("Contact", &self.contact);
        if provisional.reliable {
            uas.rseq += 1;
            headers.push("Require", "100rel").push("RSeq", uas.rseq.to_string());
        }
        headers.append(&provisional.headers);
        let body = provisional.body.as_ref();
        let response =
            Response { routes: true, ..Response::new(provisional.code).with_headers(headers).with_body(body) };
        let Some(bytes) = core.tx.respond(now, uas.server, &response) else { return };
        if !provisional.reliable {
            return;
        }
        let interval_ms = core.tx.config().t1_ms;
        uas.reliable = Some(Reliable {
            rseq: uas.rseq,
            bytes,
            flow: core.tx.server_flow(uas.server).unwrap_or(self.flow),
            interval_ms,
            has_sdp: body.is_some_and(Body::is_sdp),
        });
        let give_up_at = now + core.tx.config().give_up_ms();
        self.arm(core, DialogTimer::RepeatProvisional, Some(now + interval_ms));
        self.arm(core, DialogTimer::GiveUpProvisional, Some(give_up_at));
    }

    pub fn repeat_provisional(&mut self, core: &mut Core, now: TimeMs) {
        let Some(reliable) = self.uas.as_mut().and_then(|uas| uas.reliable.as_mut()) else { return };
        core.tx.send(reliable.flow, reliable.bytes.clone());
        reliable.interval_ms *= 2;
        let at = now + reliable.interval_ms;
        self.arm(core, DialogTimer::RepeatProvisional, Some(at));
    }

    pub fn give_up_provisional(&mut self, core: &mut Core, now: TimeMs) {
        if self.reject(core, now, &Response::new(504)).is_ok() {
            core.report(Event::NoPrack { usage: self.key() });
        }
    }

    /// A PRACK (RFC 3262 3): 200 when it acknowledges the response under way, else 481.
    pub fn handle_prack(&mut self, core: &mut Core, now: TimeMs, key: ServerKey, message: &Message) {
        let rack = message.value(HeaderName::RAck).and_then(|value| RAck::parse(value).ok());
        let cseq = self.invite_cseq;
        let matched = self.uas.as_mut().and_then(|uas| {
            let wanted = uas.reliable.as_ref().map(|reliable| RAck { rseq: reliable.rseq, cseq });
            if rack.is_none() || rack != wanted { None } else { uas.reliable.take().map(|reliable| (uas, reliable)) }
        });
        let Some((uas, reliable)) = matched else {
            core.tx.respond(now, key, &Response::new(481));
            return;
        };
        uas.answered_early |= reliable.has_sdp;
        let sdp = message.sdp();
        // With an offer in the INVITE a description in the PRACK is a new offer, which the user answers.
        let new_offer = sdp.is_some() && uas.offered;
        let next = uas.waiting.pop_front();
        let accept = uas.accept.take();
        self.arm(core, DialogTimer::RepeatProvisional, None);
        self.arm(core, DialogTimer::GiveUpProvisional, None);
        if !new_offer {
            core.tx.respond(now, key, &Response::new(200));
        }
        core.report(Event::Prack { usage: self.key(), sdp, key: new_offer.then_some(key) });
        if let Some((headers, body)) = accept {
            let _ = self.accept(core, now, headers, body);
        } else if let Some(next) = next {
            self.send_provisional(core, now, next);
        }
    }

    /// Answers the INVITE. Waits for the PRACK of a reliable response that held a session description (RFC 3262 3).
    pub fn accept(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        headers: Headers,
        body: Option<Body>,
    ) -> Result<(), Refused> {
        let uas = self.uas.as_mut().filter(|uas| uas.accept.is_none()).ok_or(Refused::State)?;
        if uas.reliable.as_ref().is_some_and(|reliable| reliable.has_sdp) {
            uas.waiting.clear();
            uas.accept = Some((headers, body));
            return Ok(());
        }
        let server = uas.server;
        self.arm(core, DialogTimer::RepeatProvisional, None);
        self.arm(core, DialogTimer::GiveUpProvisional, None);
        self.answer_invite(core, now, server, self.invite_cseq, headers, body.as_ref());
        self.uas = None;
        self.phase = Phase::Confirmed;
        Ok(())
    }

    /// Sends a 2xx to an INVITE or re-INVITE and repeats it until the ACK comes (RFC 3261 13.3.1.4).
    pub fn answer_invite(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        server: ServerKey,
        cseq: u32,
        headers: Headers,
        body: Option<&Body>,
    ) {
        let mut lines = Headers::none().with("Contact", &self.contact);
        lines.append(&core.capabilities()).append(&headers);
        let response = Response { routes: true, ..Response::new(200).with_headers(lines).with_body(body) };
        let flow = core.tx.server_flow(server).unwrap_or(self.flow);
        let Some(bytes) = core.tx.respond(now, server, &response) else { return };
        let interval_ms = core.tx.config().t1_ms;
        self.unacked = Some(Unacked { cseq, bytes, flow, interval_ms });
        let give_up_at = now + core.tx.config().give_up_ms();
        self.arm(core, DialogTimer::RepeatAnswer, Some(now + interval_ms));
        self.arm(core, DialogTimer::GiveUpAnswer, Some(give_up_at));
    }

    pub fn repeat_answer(&mut self, core: &mut Core, now: TimeMs) {
        let t2_ms = core.tx.config().t2_ms;
        let Some(unacked) = &mut self.unacked else { return };
        core.tx.send(unacked.flow, unacked.bytes.clone());
        unacked.interval_ms = (unacked.interval_ms * 2).min(t2_ms);
        let at = now + unacked.interval_ms;
        self.arm(core, DialogTimer::RepeatAnswer, Some(at));
    }

    pub fn give_up_answer(&mut self, core: &mut Core, now: TimeMs) {
        self.arm(core, DialogTimer::RepeatAnswer, None);
        self.unacked = None;
        core.report(Event::NoAck { usage: self.key() });
        let headers = self.bye_wanted.take().unwrap_or_default();
        let _ = self.bye(core, now, headers);
    }

    /// The ACK of a 2xx; repeated ones find nothing to do.
    pub fn handle_ack(&mut self, core: &mut Core, now: TimeMs, message: &Message) {
        let cseq = message.cseq().map_or(0, |cseq| cseq.number);
        if self.unacked.as_ref().is_none_or(|unacked| unacked.cseq != cseq) {
            return;
        }
        self.unacked = None;
        self.arm(core, DialogTimer::RepeatAnswer, None);
        self.arm(core, DialogTimer::GiveUpAnswer, None);
        core.report(Event::Acked { usage: self.key(), sdp: message.sdp() });
        if let Some(headers) = self.bye_wanted.take() {
            let _ = self.bye(core, now, headers);
        }
    }

    /// Refuses the INVITE; the usage is over.
    pub fn reject(&mut self, core: &mut Core, now: TimeMs, response: &Response<'_>) -> Result<(), Refused> {
        let uas = self.uas.as_ref().filter(|_| response.code >= 300).ok_or(Refused::State)?;
        core.tx.respond(now, uas.server, response);
        self.phase = Phase::Gone;
        Ok(())
    }

    /// The peer cancels the INVITE or a re-INVITE that has no final answer.
    pub fn handle_cancel(&mut self, core: &mut Core, now: TimeMs, invite: ServerKey, message: Message) {
        core.tx.respond(now, invite, &Response::new(487));
        if self.uas.as_ref().is_some_and(|uas| uas.server == invite) {
            self.phase = Phase::Gone;
            core.report(Event::Cancelled { usage: self.key(), message });
        } else if self.offer_in.as_ref().is_some_and(|offer| offer.key == invite) {
            self.offer_in = None;
        }
    }
}
