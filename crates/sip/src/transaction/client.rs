//! Client transactions (RFC 3261 17.1, RFC 6026 7.2): our requests, their repetition, the ACK for a failure, CANCEL.

use super::{Cancel, ClientKey, Event, State, Transaction, Transactions, key};
use crate::message::{HeaderName, Headers, Message, Method, Printer, split_commas};
use crate::timer::{Armed, TimeMs};
use crate::transport::Flow;
use bytes::Bytes;

/// A request of ours, ready to be sent. Its top Via carries `branch`.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// Where to.
    pub flow: Flow,
    /// The method.
    pub method: Method,
    /// The branch in the top Via.
    pub branch: &'a [u8],
    /// The printed request.
    pub bytes: Bytes,
    /// Comes back with every event of this transaction.
    pub token: u64,
}

impl Transactions {
    /// Sends a request and watches over it. (Whether there is room is asked before, with [`Transactions::is_full`].)
    pub fn request(&mut self, now: TimeMs, outgoing: Outgoing<'_>) -> ClientKey {
        let Outgoing { flow, method, branch, bytes, token } = outgoing;
        let state = if method == Method::Invite { State::Calling } else { State::ClientTrying };
        let id = self.insert(Transaction {
            key: key::client(branch, method.as_str().as_bytes()),
            state,
            method,
            flow,
            token,
            message: bytes,
            head: None,
            cancel: Cancel::No,
            retransmit: Armed::default(),
            interval_ms: self.config.t1_ms,
            expire: Armed::default(),
        });
        self.send_held(id);
        if !flow.transport.is_reliable() {
            self.arm_retransmit(id, Some(now + self.config.t1_ms));
        }
        self.arm_expire(id, Some(now + self.config.give_up_ms()));
        ClientKey(id)
    }

    /// Cancels our INVITE: at once when a provisional response came, else as soon as one comes (RFC 3261 9.1). Does
    /// nothing when the final response is already here. `headers` (a Reason) go into the CANCEL.
    pub fn cancel(&mut self, now: TimeMs, invite: ClientKey, headers: Headers) {
        let Some(tx) = self.table.get_mut(&invite.0) else { return };
        match (tx.state, &tx.cancel) {
            (State::Calling, Cancel::No) => tx.cancel = Cancel::Wanted(headers),
            (State::ClientInviteProceeding, Cancel::No) => {
                tx.cancel = Cancel::Wanted(headers);
                self.send_cancel(now, invite.0);
            }
            _ => {}
        }
    }

    /// Nobody waits for the final response any more: a peer that never gives one must not hold us for ever.
    pub fn abandon(&mut self, now: TimeMs, key: ClientKey) {
        if self.table.get(&key.0).is_some_and(|tx| tx.state == State::ClientInviteProceeding) {
            self.arm_expire(key.0, Some(now + self.config.give_up_ms()));
        }
    }

    fn send_cancel(&mut self, now: TimeMs, id: u64) {
        let Some(tx) = self.table.get_mut(&id) else { return };
        if !matches!(tx.cancel, Cancel::Wanted(_)) {
            return;
        }
        let Cancel::Wanted(headers) = std::mem::replace(&mut tx.cancel, Cancel::Sent) else { return };
        let (flow, token) = (tx.flow, tx.token);
        let Ok(invite) = Message::parse(&tx.message) else { return };
        let Ok(via) = invite.via() else { return };
        let bytes = sibling_of_invite(&invite, "CANCEL", None, &headers);
        // A lost CANCEL or a peer that never ends its INVITE must not hold us for ever (RFC 3261 9.1).
        self.arm_expire(id, Some(now + self.config.give_up_ms()));
        let branch = via.branch();
        self.request(now, Outgoing { flow, method: Method::Cancel, branch, bytes, token });
    }

    pub(super) fn handle_response(&mut self, now: TimeMs, flow: &Flow, message: Message) {
        let one_via = message.values(HeaderName::Via).flat_map(split_commas).count() == 1;
        let Some(key) = key::of_response(&message).filter(|_| message.fault().is_none() && one_via) else {
            self.dropped.bad_responses += 1;
            return;
        };
        match self.index.get(&key).copied() {
            Some(id) => self.match_response(now, flow, id, message),
            None if message.method() == Method::Invite && message.code() / 100 == 2 => {
                self.events.push_back(Event::Response { key: None, token: 0, flow: *flow, message });
            }
            None => self.dropped.stray_responses += 1,
        }
    }

    fn match_response(&mut self, now: TimeMs, flow: &Flow, id: u64, message: Message) {
        let Some(tx) = self.table.get(&id) else { return };
        let (state, token) = (tx.state, tx.token);
        let report = match (state, message.code()) {
            (State::Calling | State::ClientInviteProceeding, code) => self.invite_response(now, id, code, &message),
            (State::ClientTrying | State::ClientProceeding, 100..=199) => {
                let t2_ms = self.config.t2_ms;
                if !flow.transport.is_reliable() {
                    self.arm_retransmit(id, Some(now + t2_ms));
                }
                self.set_state(id, State::ClientProceeding);
                true
            }
            (State::ClientTrying | State::ClientProceeding, _) => {
                self.finish_client(now, id, State::ClientCompleted, self.config.t4_ms, Bytes::new());
                true
            }
            (State::ClientInviteAccepted, code) => code / 100 == 2,
            (State::ClientInviteCompleted, code) => {
                if code >= 300 {
                    self.send_held(id);
                }
                false
            }
            _ => false,
        };
        if report {
            self.events.push_back(Event::Response { key: Some(ClientKey(id)), token, flow: *flow, message });
        }
    }

    /// A response to an INVITE that had no final one yet. Is it to be reported?
    fn invite_response(&mut self, now: TimeMs, id: u64, code: u16, message: &Message) -> bool {
        match code {
            100..=199 => {
                self.arm_retransmit(id, None);
                let cancelling = self.table.get(&id).is_some_and(|tx| matches!(tx.cancel, Cancel::Sent));
                if !cancelling {
                    self.arm_expire(id, None);
                }
                self.set_state(id, State::ClientInviteProceeding);
                self.send_cancel(now, id);
            }
            200..=299 => {
                // Accepted: later 2xx of other forks still come through (RFC 6026 7.2).
                self.arm_retransmit(id, None);
                self.set_state(id, State::ClientInviteAccepted);
                self.drop_message(id, Bytes::new());
                self.arm_expire(id, Some(now + self.config.give_up_ms()));
            }
            _ => {
                let ack = self.table.get(&id).map_or_else(Bytes::new, |tx| ack_of_failure(&tx.message, message));
                self.finish_client(now, id, State::ClientInviteCompleted, self.config.give_up_ms(), ack);
            }
        }
        true
    }

    fn set_state(&mut self, id: u64, state: State) {
        if let Some(tx) = self.table.get_mut(&id) {
            tx.state = state;
        }
    }

    fn drop_message(&mut self, id: u64, message: Bytes) {
        if let Some(tx) = self.table.get_mut(&id) {
            tx.message = message;
            tx.cancel = Cancel::Sent;
        }
    }

    /// A final response came: send the ACK if there is one, then linger for repetitions unless the path is reliable.
    fn finish_client(&mut self, now: TimeMs, id: u64, state: State, linger_ms: u64, ack: Bytes) {
        self.set_state(id, state);
        self.drop_message(id, ack);
        self.send_held(id);
        self.arm_retransmit(id, None);
        let reliable = self.table.get(&id).is_none_or(|tx| tx.flow.transport.is_reliable());
        if reliable {
            self.remove(id);
        } else {
            self.arm_expire(id, Some(now + linger_ms));
        }
    }

    pub(super) fn fail_client(&mut self, id: u64, unreachable: bool) {
        let Some(tx) = self.table.get(&id) else { return };
        let (token, method) = (tx.token, tx.method);
        self.events.push_back(Event::NoResponse { key: ClientKey(id), token, method, unreachable });
        self.remove(id);
    }
}

/// The ACK for a failure response: same branch, To of the response (RFC 3261 17.1.1.3).
fn ack_of_failure(invite: &[u8], response: &Message) -> Bytes {
    match Message::parse(invite) {
        Ok(invite) => sibling_of_invite(&invite, "ACK", response.value(HeaderName::To), &Headers::none()),
        Err(_) => Bytes::new(),
    }
}

/// A CANCEL or ACK that goes the INVITE's way: its request URI, top Via, Route, From, Call-ID and CSeq number.
fn sibling_of_invite(invite: &Message, method: &str, to: Option<&[u8]>, headers: &Headers) -> Bytes {
    let mut printer = Printer::request(method, invite.request_uri_raw());
    if let Some(via) = invite.value(HeaderName::Via) {
        printer.header(HeaderName::Via, via);
    }
    printer.number(HeaderName::MaxForwards, 70);
    for route in invite.values(HeaderName::Route) {
        printer.header(HeaderName::Route, route);
    }
    for name in [HeaderName::From, HeaderName::CallId] {
        printer.header(name, invite.value(name).unwrap_or_default());
    }
    printer.header(HeaderName::To, to.or_else(|| invite.value(HeaderName::To)).unwrap_or_default());
    printer.cseq(invite.cseq().map_or(1, |cseq| cseq.number), method);
    printer.lines(headers);
    printer.finish(None)
}
