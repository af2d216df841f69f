//! Whose message it is: what the transactions report goes to the usage it concerns, or begins one, or is refused (RFC 3261
//! 8.2, 12.2.2).

use super::endpoint::{ALONE, Endpoint, NOBODY};
use super::uas::Uas;
use super::usage::{Begin, Dialog, Role, Usage, without_tag};
use super::{Event, print};
use crate::message::{HeaderName, Headers, Message, Method};
use crate::timer::TimeMs;
use crate::transaction::{ClientKey, Event as Below, Response, ServerKey};
use crate::transport::Flow;

/// Highest first RSeq (RFC 3262 3: uniformly from 1 to 2^31 - 1; kept lower so that it never wraps).
const RSEQ_FIRST_MAX: u64 = 1 << 20;

impl Endpoint {
    /// Hands what the transactions report to the usage it concerns.
    pub(super) fn route(&mut self, now: TimeMs) {
        while let Some(event) = self.core.tx.poll_event() {
            match event {
                Below::Request { key, flow, message } => self.route_request(now, key, &flow, message),
                Below::Ack { message, .. } => {
                    if let Some(id) = self.usage_of(&message) {
                        self.visit(id, |usage, core| usage.handle_ack(core, now, &message));
                    }
                }
                Below::Cancelled { invite, token, message } => {
                    self.visit(token, |usage, core| usage.handle_cancel(core, now, invite, message));
                }
                Below::Response { key, token, flow, message } => self.route_response(now, key, token, &flow, message),
                Below::NoResponse { key, token: ALONE, unreachable, .. } => {
                    self.core.report(Event::NoResponse { key, unreachable });
                }
                Below::NoResponse { key, token, method, unreachable } => {
                    self.visit(token, |usage, core| usage.handle_no_response(core, now, key, method, unreachable));
                }
                // The usage of a refused INVITE is gone long before.
                Below::NotAcknowledged { .. } => {}
                Below::DialogTimer { id, timer } => {
                    self.visit(id, |usage, core| usage.handle_timer(core, now, timer));
                }
            }
        }
    }

    fn usage_of(&self, message: &Message) -> Option<u64> {
        self.by_tags.get(&tags_key(message.call_id(), message.to_tag())).copied()
    }

    fn route_request(&mut self, now: TimeMs, key: ServerKey, flow: &Flow, message: Message) {
        let method = message.method();
        if !message.to_tag().is_empty() {
            match self.usage_of(&message) {
                Some(id) => {
                    self.visit(id, |usage, core| usage.handle_request(core, now, key, flow, message));
                }
                // A REGISTER or SUBSCRIBE with a tag of old is its user's to judge.
                None if matches!(method, Method::Register | Method::Subscribe | Method::Options) => {
                    self.core.report(Event::Request { key, flow: *flow, message });
                }
                None => {
                    self.core.tx.respond(now, key, &Response::new(481));
                }
            }
            return;
        }
        match method {
            Method::Invite => self.begin_uas(now, key, flow, message),
            Method::Bye | Method::Prack | Method::Update | Method::Info => {
                self.core.tx.respond(now, key, &Response::new(481));
            }
            Method::Ack
            | Method::Cancel
            | Method::Options
            | Method::Register
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other => self.core.report(Event::Request { key, flow: *flow, message }),
        }
    }

    /// An INVITE without To tag: a new usage, unless it is unusable.
    fn begin_uas(&mut self, now: TimeMs, key: ServerKey, flow: &Flow, message: Message) {
        if let Some(refusal) = self.invite_refusal(&message) {
            self.core.tx.respond(now, key, &refusal);
            return;
        }
        self.last_id += 1;
        let id = self.last_id;
        let invite_cseq = message.cseq().map_or(1, |cseq| cseq.number);
        let called = message.request_uri().ok().and_then(|uri| uri.user).unwrap_or_default();
        let contact = print::contact(&self.core.plan, flow, &String::from_utf8_lossy(called));
        let mut usage = Usage::begin(Begin {
            id,
            role: Role::Uas,
            call_id: message.call_id(),
            local: message.value(HeaderName::To).unwrap_or_default(),
            local_tag: self.core.tx.server_tag(key),
            remote: &without_tag(message.value(HeaderName::From).unwrap_or_default()),
            flow: *flow,
            sent_by: self.core.plan.sent_by(flow),
            contact,
            invite_cseq,
        });
        let caller = message.from().map_or(&b""[..], |from| from.uri_raw);
        usage.dialogs.push(Dialog::from_message(&message, caller, 0));
        let rseq = u32::try_from(self.core.tx.tokens().between(1, RSEQ_FIRST_MAX)).unwrap_or(1);
        usage.uas = Some(Box::new(Uas::new(key, &message, rseq)));
        self.core.tx.set_token(key, id);
        self.by_invite.insert(invite_key(message.call_id(), message.from_tag(), invite_cseq), id);
        let usage = self.insert(usage);
        self.core.report(Event::Invite { usage, flow: *flow, sdp: message.sdp(), message });
    }

    /// Why an INVITE cannot begin a session: a loop (8.2.2.2), no Contact (8.1.1.8, forgiven to RFC 2543 peers), a body nobody here reads (8.2.3), or
    /// a caller that reads no session descriptions (21.4.7).
    fn invite_refusal(&self, message: &Message) -> Option<Response<'static>> {
        let cseq = message.cseq().map_or(0, |cseq| cseq.number);
        if self.by_invite.contains_key(&invite_key(message.call_id(), message.from_tag(), cseq)) {
            return Some(Response::new(482));
        }
        let old_peer = message.via().is_ok_and(|via| via.magic_branch().is_none());
        if message.contacts().next().is_none() && !old_peer {
            return Some(Response { reason: "Missing Contact", ..Response::new(400) });
        }
        let content_type = message.content_type();
        let readable = content_type.eq_ignore_ascii_case(b"application/sdp")
            || content_type.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"));
        if !message.body().is_empty() && !readable {
            return Some(Response::new(415).with_headers(Headers::none().with("Accept", "application/sdp")));
        }
        if message.elements(HeaderName::ContentEncoding).any(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
            return Some(Response::new(415).with_headers(Headers::none().with("Accept-Encoding", "identity")));
        }
        let mut accepts = message.elements(HeaderName::Accept).peekable();
        let reads_sdp = accepts.peek().is_none() || accepts.any(accepts_sdp);
        (!reads_sdp).then(|| Response::new(406))
    }

    fn route_response(&mut self, now: TimeMs, key: Option<ClientKey>, token: u64, flow: &Flow, message: Message) {
        match (key, token) {
            (_, NOBODY) => {}
            (Some(key), ALONE) => self.core.report(Event::Response { key, flow: *flow, message }),
            (key, token) => {
                let id = if token == ALONE { self.answered_usage(&message) } else { Some(token) };
                match id.filter(|id| self.usages.contains_key(id)) {
                    Some(id) => {
                        self.visit(id, |usage, core| usage.handle_response(core, now, key, flow, message));
                    }
                    // A late 2xx to an INVITE whose usage is over. Without a transaction it is not ours to answer: whoever
                    // made it up would choose where our BYE goes.
                    None if key.is_some() && message.method() == Method::Invite && message.code() / 100 == 2 => {
                        self.core.dismiss(now, flow, &message);
                    }
                    None => {}
                }
            }
        }
    }

    /// The usage that a 2xx without transaction belongs to; only where its From tag is one of ours.
    fn answered_usage(&self, message: &Message) -> Option<u64> {
        self.by_tags.get(&tags_key(message.call_id(), message.from_tag())).copied()
    }
}

fn accepts_sdp(range: &[u8]) -> bool {
    let end = range.iter().position(|b| *b == b';').unwrap_or(range.len());
    let range = crate::message::trim(&range[..end]).to_ascii_lowercase();
    matches!(&range[..], b"application/sdp" | b"application/*" | b"*/*")
}

pub(super) fn tags_key(call_id: &[u8], tag: &[u8]) -> Box<[u8]> {
    [call_id, b"\0", tag].concat().into()
}

fn invite_key(call_id: &[u8], remote_tag: &[u8], cseq: u32) -> Box<[u8]> {
    [call_id, b"\0", remote_tag, b"\0", &cseq.to_be_bytes()].concat().into()
}

pub(super) fn invite_key_of(usage: &Usage) -> Box<[u8]> {
    let tag = usage.dialogs.first().map_or(&b""[..], |dialog| &dialog.remote_tag);
    invite_key(&usage.call_id, tag, usage.invite_cseq)
}
