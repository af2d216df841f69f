//! Server transactions (RFC 3261 17.2, RFC 6026 7.1): foreign requests, the repetition of our answers, CANCEL.

use super::{Cancel, Event, ServerKey, State, Transaction, Transactions, key};
use crate::message::{Body, HeaderName, Headers, Message, Method, Printer, ResponseHead};
use crate::timer::{Armed, TimeMs};
use crate::transport::{Flow, Transmit, Transport};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// An answer of ours.
#[derive(Debug, Clone, Default)]
pub struct Response<'a> {
    /// The status code.
    pub code: u16,
    /// The reason phrase; the usual one when empty.
    pub reason: &'a str,
    /// Lines to add.
    pub headers: Headers,
    /// The body.
    pub body: Option<&'a Body>,
    /// Repeat Record-Route, as an answer that makes a dialog must?
    pub routes: bool,
}

impl<'a> Response<'a> {
    /// An answer without body.
    pub fn new(code: u16) -> Response<'a> {
        Response { code, ..Response::default() }
    }

    /// Adds lines.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Response<'a> {
        self.headers = headers;
        self
    }

    /// Adds a body.
    #[must_use]
    pub fn with_body(mut self, body: Option<&'a Body>) -> Response<'a> {
        self.body = body;
        self
    }
}

impl Transactions {
    /// Answers a request. Returns what was sent, or `None` when the request is already answered or gone. The bytes of a
    /// 2xx to an INVITE are the caller's to repeat until its ACK comes (RFC 3261 13.3.1.4).
    pub fn respond(&mut self, now: TimeMs, key: ServerKey, response: &Response<'_>) -> Option<Bytes> {
        let tx = self.table.get_mut(&key.0)?;
        let state = match (tx.state, response.code) {
            (State::ServerInviteProceeding, 100..=199) => State::ServerInviteProceeding,
            (State::ServerInviteProceeding, 200..=299) => State::ServerInviteAccepted,
            (State::ServerInviteProceeding, _) => State::ServerInviteCompleted,
            (State::ServerTrying | State::ServerProceeding, 100..=199) => State::ServerProceeding,
            (State::ServerTrying | State::ServerProceeding, _) => State::ServerCompleted,
            _ => return None,
        };
        let head = tx.head.as_deref()?;
        let mut printer = head.respond(response.code, response.reason, response.routes);
        finish_lines(&mut printer, &self.config.server, &response.headers);
        let bytes = printer.finish(response.body);
        tx.state = state;
        tx.message = bytes.clone();
        if response.code >= 200 {
            tx.head = None;
        }
        self.send_held(key.0);
        self.after_answer(now, key.0, state);
        Some(bytes)
    }

    /// A 100 for the next INVITE that its user has taken and not answered, so that the peer stops repeating it (17.2.1). To be
    /// polled when the user has worked on all events: where its answer has followed at once (a challenge, a refusal) there
    /// is none.
    pub fn poll_trying(&mut self) -> Option<Transmit> {
        while let Some((key, now)) = self.unheard.pop_front() {
            if self.table.get(&key.0).is_some_and(|tx| tx.message.is_empty()) {
                self.respond(now, key, &Response::new(100));
            }
            if let Some(transmit) = self.transmits.pop_front() {
                return Some(transmit);
            }
        }
        None
    }

    /// The tag that our answers to this request add to To; empty when its To had one or it is answered.
    pub fn server_tag(&self, key: ServerKey) -> &[u8] {
        self.table.get(&key.0).and_then(|tx| tx.head.as_deref()).map_or(b"", |head| head.tag())
    }

    /// Where answers to this request go.
    pub fn server_flow(&self, key: ServerKey) -> Option<Flow> {
        self.table.get(&key.0).map(|tx| tx.flow)
    }

    /// Is this request still without a final answer?
    pub fn is_open(&self, key: ServerKey) -> bool {
        self.table.get(&key.0).is_some_and(|tx| tx.head.is_some())
    }

    /// Notes a token at a request; it comes back with the events of its transaction.
    pub fn set_token(&mut self, key: ServerKey, token: u64) {
        if let Some(tx) = self.table.get_mut(&key.0) {
            tx.token = token;
        }
    }

    fn after_answer(&mut self, now: TimeMs, id: u64, state: State) {
        let Some(tx) = self.table.get_mut(&id) else { return };
        let reliable = tx.flow.transport.is_reliable();
        let give_up_at = now + self.config.give_up_ms();
        match state {
            State::ServerInviteAccepted => {
                // Timer L: absorb the INVITE's repetitions; the dialog repeats the 2xx.
                tx.message = Bytes::new();
                self.arm_expire(id, Some(give_up_at));
            }
            State::ServerInviteCompleted => {
                tx.interval_ms = self.config.t1_ms;
                if !reliable {
                    self.arm_retransmit(id, Some(now + self.config.t1_ms));
                }
                self.arm_expire(id, Some(give_up_at));
            }
            State::ServerCompleted if reliable => self.remove(id),
            State::ServerCompleted => self.arm_expire(id, Some(give_up_at)),
            _ => {}
        }
    }

    pub(super) fn handle_request(&mut self, now: TimeMs, flow: &Flow, message: Message) {
        let key = key::of_request(&message).filter(|_| message.fault().is_none());
        let known = key.as_ref().and_then(|key| self.index.get(key).copied());
        match (message.method(), known) {
            (Method::Ack, Some(id)) => self.match_ack(now, flow, id, message),
            (Method::Ack, None) if message.request_fault().is_none() => {
                self.events.push_back(Event::Ack { flow: *flow, message });
            }
            (Method::Ack, None) => self.dropped.bad_acks += 1,
            // A repetition: the last answer again, if there is one.
            (_, Some(id)) => self.send_held(id),
            (method, None) => match (self.refusal(&message), key) {
                (Some(refusal), _) => self.refuse(flow, &message, refusal),
                (None, Some(key)) if method == Method::Cancel => self.handle_cancel(now, flow, key, message),
                (None, Some(key)) => {
                    let id = self.begin_server(now, flow, key, &message);
                    self.events.push_back(Event::Request { key: ServerKey(id), flow: *flow, message });
                }
                // Without a readable Via the request is malformed, which `refusal` has seen.
                (None, None) => self.dropped.unreadable += 1,
            },
        }
    }

    fn begin_server(&mut self, now: TimeMs, flow: &Flow, key: Arc<[u8]>, message: &Message) -> u64 {
        let tag = self.tokens.tag();
        self.begin_server_with_tag(now, flow, key, message, &tag)
    }

    fn begin_server_with_tag(
        &mut self,
        now: TimeMs,
        flow: &Flow,
        key: Arc<[u8]>,
        message: &Message,
        tag: &[u8],
    ) -> u64 {
        let head = ResponseHead::new(message, flow.remote, tag);
        let method = message.method();
        let is_invite = method == Method::Invite;
        let id = self.insert(Transaction {
            key,
            state: if is_invite { State::ServerInviteProceeding } else { State::ServerTrying },
            method,
            flow: self.reply_flow(flow, message),
            token: 0,
            message: Bytes::new(),
            head: Some(Box::new(head)),
            cancel: Cancel::No,
            retransmit: Armed::default(),
            interval_ms: 0,
            expire: Armed::default(),
        });
        if is_invite {
            self.unheard.push_back((ServerKey(id), now));
        } else {
            // After timer F of the peer an answer is of no use (RFC 4320 4.2).
            self.arm_expire(id, Some(now + self.config.give_up_ms()));
        }
        id
    }

    /// Where answers go (RFC 3261 18.2.2, RFC 3581 4): datagrams to the source when `rport` asks for it, else to the
    /// source's address at the port of sent-by; streams back on their connection.
    pub(super) fn reply_flow(&self, flow: &Flow, message: &Message) -> Flow {
        match message.via() {
            Ok(via) if flow.transport == Transport::Udp && !via.wants_rport() && !self.config.force_rport => {
                let port = via.port.filter(|port| *port != 0).unwrap_or(flow.transport.default_port());
                Flow { remote: SocketAddr::new(flow.remote.ip(), port), ..*flow }
            }
            _ => *flow,
        }
    }

    fn match_ack(&mut self, now: TimeMs, flow: &Flow, id: u64, message: Message) {
        let Some(tx) = self.table.get_mut(&id) else { return };
        match tx.state {
            State::ServerInviteCompleted => {
                tx.state = State::ServerInviteConfirmed;
                tx.message = Bytes::new();
                let reliable = tx.flow.transport.is_reliable();
                self.arm_retransmit(id, None);
                if reliable {
                    self.remove(id);
                } else {
                    self.arm_expire(id, Some(now + self.config.t4_ms));
                }
            }
            // An old peer that acknowledges a 2xx with the INVITE's branch.
            State::ServerInviteAccepted => self.events.push_back(Event::Ack { flow: *flow, message }),
            _ => {}
        }
    }

    /// CANCEL (RFC 3261 9.2): answered here; the user hears of it while the INVITE has no final answer.
    fn handle_cancel(&mut self, now: TimeMs, flow: &Flow, key: Arc<[u8]>, message: Message) {
        let invite = key::of_cancelled(&message).and_then(|key| self.index.get(&key).copied());
        let Some(invite) = invite else {
            self.refuse(flow, &message, super::policy::Refusal::plain(481));
            return;
        };
        let tag = self.server_tag(ServerKey(invite)).to_vec();
        let tag = if tag.is_empty() { self.tokens.tag() } else { tag };
        let id = self.begin_server_with_tag(now, flow, key, &message, &tag);
        self.respond(now, ServerKey(id), &Response::new(200));
        let Some(tx) = self.table.get(&invite) else { return };
        if tx.state == State::ServerInviteProceeding {
            let token = tx.token;
            self.events.push_back(Event::Cancelled { invite: ServerKey(invite), token, message });
        }
    }
}

pub(super) fn finish_lines(printer: &mut Printer, server: &str, headers: &Headers) {
    if !server.is_empty() {
        printer.header(HeaderName::Server, server);
    }
    printer.lines(headers);
}
