//! Requests within a dialog in both directions (RFC 3261 12.2, 15): sequence numbers, BYE, INFO in order, OPTIONS.

use super::offer::offer_method;
use super::usage::{Core, Phase, Role, Usage, Waiting};
use super::{Event, OUTBOX_MAX, Refused};
use crate::message::{Body, Headers, Message, Method};
use crate::timer::TimeMs;
use crate::transaction::{ClientKey, Response, ServerKey};
use crate::transport::Flow;
use bytes::Bytes;

impl Usage {
    /// A request of the peer that names our tag.
    pub fn handle_request(&mut self, core: &mut Core, now: TimeMs, key: ServerKey, flow: &Flow, message: Message) {
        let method = message.method();
        let index = self.dialog_of(message.from_tag());
        let Some(index) = index.filter(|_| matches!(self.phase, Phase::Early | Phase::Confirmed)) else {
            // Crossing BYEs are both answered with 200.
            let crossing = method == Method::Bye && index.is_some();
            core.tx.respond(now, key, &Response::new(if crossing { 200 } else { 481 }));
            return;
        };
        let cseq = message.cseq().map_or(0, |cseq| cseq.number);
        if self.dialogs[index].remote_cseq.is_some_and(|last| cseq <= last) {
            core.tx.respond(now, key, &Response::new(500));
            return;
        }
        self.dialogs[index].remote_cseq = Some(cseq);
        // The peer may come from elsewhere now: a new connection, another mapping of its NAT.
        self.flow = *flow;
        core.tx.set_token(key, self.id);
        self.serve(core, now, key, method, message);
    }

    fn serve(&mut self, core: &mut Core, now: TimeMs, key: ServerKey, method: Method, message: Message) {
        match method {
            Method::Bye => self.handle_bye(core, now, key, message),
            Method::Invite | Method::Update => {
                let Some(method) = offer_method(method) else { return };
                self.handle_offer(core, now, key, method, message);
            }
            Method::Prack => self.handle_prack(core, now, key, &message),
            Method::Info => {
                core.tx.respond(now, key, &Response::new(200));
                let content_type = Bytes::copy_from_slice(message.content_type());
                core.report(Event::Info { usage: self.key(), content_type, body: message.body(), message });
            }
            Method::Options => {
                let mut headers = core.capabilities();
                headers.push("Accept", "application/sdp").push("Contact", &self.contact);
                core.tx.respond(now, key, &Response::new(200).with_headers(headers));
            }
            Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Register
            | Method::Ack
            | Method::Cancel
            | Method::Other => core.report(Event::InDialog { usage: self.key(), key, message }),
        }
    }

    fn handle_bye(&mut self, core: &mut Core, now: TimeMs, key: ServerKey, message: Message) {
        core.tx.respond(now, key, &Response::new(200));
        // Requests without final answer get 487 (15.1.2).
        if let Some(uas) = self.uas.take() {
            core.tx.respond(now, uas.server, &Response::new(487));
        }
        if let Some(uac) = &self.uac {
            core.tx.cancel(now, uac.invite, Headers::none());
        }
        self.drop_offers(core, now);
        self.phase = Phase::Gone;
        core.report(Event::Bye { usage: self.key(), message });
    }

    /// Ends the session; `Ended` follows. While our 2xx has no ACK the BYE waits for it (15).
    pub fn bye(&mut self, core: &mut Core, now: TimeMs, headers: Headers) -> Result<(), Refused> {
        if self.phase != Phase::Confirmed {
            return Err(Refused::State);
        }
        let first_answer = |cseq| self.role == Role::Uas && cseq == self.invite_cseq;
        if self.unacked.as_ref().is_some_and(|unacked| first_answer(unacked.cseq)) {
            self.bye_wanted = Some(headers);
            return Ok(());
        }
        if self.ack_owed.is_some() {
            self.ack(core, now, None)?;
        }
        self.drop_offers(core, now);
        self.stop_timers(core);
        self.unacked = None;
        self.outbox.clear();
        self.phase = Phase::Ending;
        self.request(core, now, 0, Method::Bye, &headers, None);
        Ok(())
    }

    /// Sends a request of the dialog. INFO requests leave one after the other, so that digits keep their order.
    pub fn send(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        method: Method,
        headers: Headers,
        body: Option<Body>,
    ) -> Result<(), Refused> {
        let open = matches!(self.phase, Phase::Early | Phase::Confirmed) && !self.dialogs.is_empty();
        let plain = match method {
            Method::Info
            | Method::Options
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish => true,
            Method::Invite
            | Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Update
            | Method::Other => false,
        };
        if !open || !plain {
            return Err(Refused::State);
        }
        if method != Method::Info {
            let index = self.dialogs.len() - 1;
            self.request(core, now, index, method, &headers, body.as_ref());
            return Ok(());
        }
        if self.outbox.len() == OUTBOX_MAX {
            return Err(Refused::Full);
        }
        self.outbox.push_back(Waiting { method, headers, body });
        self.send_waiting(core, now);
        Ok(())
    }

    fn send_waiting(&mut self, core: &mut Core, now: TimeMs) {
        if self.outbox_busy.is_some() {
            return;
        }
        let Some(next) = self.outbox.pop_front() else { return };
        let index = self.dialogs.len() - 1;
        let (key, _) = self.request(core, now, index, next.method, &next.headers, next.body.as_ref());
        self.outbox_busy = Some(key);
    }

    /// A response to a request of this usage.
    pub fn handle_response(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        key: Option<ClientKey>,
        flow: &Flow,
        message: Message,
    ) {
        let code = message.code();
        match message.method() {
            Method::Invite | Method::Update if self.answers_offer(key) => self.offer_response(core, now, flow, message),
            Method::Invite => self.invite_response(core, now, flow, message),
            Method::Cancel | Method::Prack | Method::Update | Method::Ack => {}
            Method::Bye if code >= 200 => self.finish_bye(core, code),
            method if code >= 200 => self.request_done(core, now, key, method, code, Some(message)),
            _ => {}
        }
    }

    /// No response came to a request of this usage.
    pub fn handle_no_response(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        key: ClientKey,
        method: Method,
        unreachable: bool,
    ) {
        let code = if unreachable { 503 } else { 408 };
        match method {
            Method::Invite | Method::Update if self.answers_offer(Some(key)) => self.offer_unanswered(core, code),
            Method::Invite if self.uac.as_ref().is_some_and(|uac| uac.invite == key) => {
                self.invite_unanswered(core, code);
            }
            Method::Bye => self.finish_bye(core, code),
            Method::Invite | Method::Update | Method::Cancel | Method::Prack | Method::Ack => {}
            Method::Options
            | Method::Register
            | Method::Info
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other => self.request_done(core, now, Some(key), method, code, None),
        }
    }

    fn finish_bye(&mut self, core: &mut Core, code: u16) {
        self.phase = Phase::Gone;
        core.report(Event::Ended { usage: self.key(), code });
    }

    fn request_done(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        key: Option<ClientKey>,
        method: Method,
        code: u16,
        message: Option<Message>,
    ) {
        core.report(Event::RequestDone { usage: self.key(), method, code, message });
        if self.outbox_busy == key {
            self.outbox_busy = None;
            self.send_waiting(core, now);
        }
    }
}
