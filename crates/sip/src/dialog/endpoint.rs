//! The one value that owns transactions and usages, takes orders and is polled. How it routes messages stands in `route.rs`.

use super::route::{invite_key_of, tags_key};
use super::uac::Uac;
use super::uas::Provisional;
use super::usage::{Begin, Core, Phase, Role, Usage, UsageInfo, without_tag};
use super::{BadCheckpoint, Checkpoint, Event, Nat, Offer, OutgoingInvite, OutgoingRequest, Refused, UsageKey, print};
use crate::message::{Body, HeaderName, Headers, Method, Printer};
use crate::timer::TimeMs;
use crate::transaction::{ClientKey, Config, Outgoing, Response, ServerKey, Transactions};
use crate::transport::{AddressPlan, Flow, Transmit};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The token of requests whose response concerns nobody.
pub(super) const NOBODY: u64 = u64::MAX;
/// The token of requests outside dialogs.
pub(super) const ALONE: u64 = 0;
/// Index capacity below which giving memory back is not worth the work.
const INDEX_KEPT: usize = 1_024;

/// Settings of an endpoint.
#[derive(Debug, Clone, Default)]
pub struct EndpointConfig {
    /// Timers, limits, methods and extensions.
    pub transactions: Config,
    /// Which of our addresses peers are shown.
    pub addresses: AddressPlan,
    /// How much a Contact is trusted.
    pub nat: Nat,
}

/// What an endpoint wants done.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send bytes.
    Transmit(Transmit),
    /// Know this.
    Event(Event),
}

/// A SIP user agent, both sides of it, without IO.
#[derive(Debug)]
pub struct Endpoint {
    pub(super) core: Core,
    pub(super) usages: BTreeMap<u64, Box<Usage>>,
    /// (Call-ID, our tag) to usage.
    pub(super) by_tags: HashMap<Box<[u8]>, u64>,
    /// (Call-ID, the peer's tag, CSeq) of INVITEs under way: a second one by another path is a loop (8.2.2.2).
    pub(super) by_invite: HashMap<Box<[u8]>, u64>,
    pub(super) last_id: u64,
}

impl Endpoint {
    /// An endpoint without calls. `seed` makes tags and branches unguessable.
    pub fn new(config: EndpointConfig, seed: [u8; 32]) -> Endpoint {
        let tx = Transactions::new(config.transactions, seed);
        let core = Core { tx, events: VecDeque::new(), plan: config.addresses, nat: config.nat };
        Endpoint { core, usages: BTreeMap::new(), by_tags: HashMap::new(), by_invite: HashMap::new(), last_id: 0 }
    }

    /// Takes a datagram, or a message cut from a stream.
    pub fn handle_datagram(&mut self, now: TimeMs, flow: &Flow, bytes: &[u8]) {
        self.core.tx.handle_message(now, flow, bytes);
        self.route(now);
    }

    /// Lets everything happen that is due.
    pub fn handle_timeout(&mut self, now: TimeMs) {
        self.core.tx.handle_timeout(now);
        self.route(now);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        let Core { tx, events, .. } = &mut self.core;
        let next = tx.poll_transmit().map(Output::Transmit).or_else(|| events.pop_front().map(Output::Event));
        next.or_else(|| tx.poll_trying().map(Output::Transmit))
    }

    /// When [`Endpoint::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<TimeMs> {
        self.core.tx.poll_timeout()
    }

    /// Moves every timer into the future, after a time in which nobody looked at the sockets.
    pub fn shift_timers(&mut self, by_ms: u64) {
        self.core.tx.shift_timers(by_ms);
    }

    /// The path is gone (port unreachable, connection refused): requests that wait on it fail at once. Dialogs live on.
    pub fn flow_failed(&mut self, now: TimeMs, flow: &Flow) {
        self.core.tx.flow_failed(flow);
        self.route(now);
    }

    /// Answers a request that was reported with its transaction. `None` when it is answered already.
    pub fn respond(&mut self, now: TimeMs, key: ServerKey, response: &Response<'_>) -> Option<Bytes> {
        self.core.tx.respond(now, key, response)
    }

    /// Sends a request outside dialogs; `Response` or `NoResponse` follows.
    pub fn request(&mut self, now: TimeMs, request: &OutgoingRequest) -> Result<ClientKey, Refused> {
        if self.core.tx.is_full() {
            return Err(Refused::Full);
        }
        Ok(self.core.send_alone(now, request, ALONE))
    }

    /// Sends an INVITE; `Provisional`, then `Answered` or `Failed` follow.
    pub fn invite(&mut self, now: TimeMs, order: OutgoingInvite) -> Result<UsageKey, Refused> {
        if self.core.tx.is_full() {
            return Err(Refused::Full);
        }
        let flow = order.flow;
        let sent_by = self.core.plan.sent_by(&flow);
        let contact = print::contact(&self.core.plan, &flow, &order.contact_user);
        let mut printer = Printer::request("INVITE", &order.request_uri);
        printer.via(flow.transport.via_name(), &sent_by, &order.branch);
        printer.number(HeaderName::MaxForwards, print::MAX_FORWARDS);
        for route in &order.routes {
            printer.header(HeaderName::Route, route);
        }
        printer
            .address(HeaderName::From, &order.from, &order.from_tag)
            .header(HeaderName::To, &order.to)
            .header(HeaderName::CallId, &order.call_id)
            .cseq(order.cseq, "INVITE")
            .header(HeaderName::Contact, &contact)
            .lines(&self.core.capabilities())
            .lines(&order.headers);
        let bytes = printer.finish(order.body.as_ref());
        self.last_id += 1;
        let id = self.last_id;
        let outgoing = Outgoing { flow, method: Method::Invite, branch: &order.branch, bytes, token: id };
        let invite = self.core.tx.request(now, outgoing);
        let mut usage = Usage::begin(Begin {
            id,
            role: Role::Uac,
            call_id: &order.call_id,
            local: &order.from,
            local_tag: &order.from_tag,
            remote: &without_tag(&order.to),
            flow,
            sent_by,
            contact,
            invite_cseq: order.cseq,
        });
        usage.uac = Some(Box::new(Uac {
            invite,
            cancelled: false,
            offered: order.body.is_some(),
            answered_early: false,
            request_uri: order.request_uri.into(),
            prack_owed: None,
        }));
        Ok(self.insert(usage))
    }

    /// Cancels our unanswered INVITE; `Failed` follows. `headers` (a Reason) go into the CANCEL.
    pub fn cancel(&mut self, now: TimeMs, usage: UsageKey, headers: Headers) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.cancel(core, now, headers))
    }

    /// Sends the ACK with the answer, after an answer to an INVITE or re-INVITE without offer.
    pub fn ack(&mut self, now: TimeMs, usage: UsageKey, body: Option<&Body>) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.ack(core, now, body))
    }

    /// Sends the PRACK with the answer, after a reliable provisional response with an offer.
    pub fn prack(&mut self, now: TimeMs, usage: UsageKey, body: Option<&Body>) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.prack(core, now, body))
    }

    /// Sends a provisional response (101 to 199) to the peer's INVITE; reliably when asked for and the peer can, or when
    /// the peer requires it.
    pub fn provisional(
        &mut self,
        now: TimeMs,
        usage: UsageKey,
        code: u16,
        headers: Headers,
        body: Option<Body>,
        reliable: bool,
    ) -> Result<(), Refused> {
        let provisional = Provisional { code, headers, body, reliable };
        self.order(usage, |usage, core| usage.provisional(core, now, provisional))
    }

    /// Answers the peer's INVITE with 200; `Acked` or `NoAck` follows.
    pub fn accept(
        &mut self,
        now: TimeMs,
        usage: UsageKey,
        headers: Headers,
        body: Option<Body>,
    ) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.accept(core, now, headers, body))
    }

    /// Refuses the peer's INVITE (300 to 699); the usage is over.
    pub fn reject(&mut self, now: TimeMs, usage: UsageKey, response: &Response<'_>) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.reject(core, now, response))
    }

    /// Ends the session with BYE; `Ended` follows.
    pub fn bye(&mut self, now: TimeMs, usage: UsageKey, headers: Headers) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.bye(core, now, headers))
    }

    /// Ends the usage in the way its phase asks for: BYE, CANCEL, or refusal of the INVITE with `code`.
    pub fn end(&mut self, now: TimeMs, usage: UsageKey, code: u16, headers: Headers) -> Result<(), Refused> {
        self.order(usage, |usage, core| match (usage.phase, usage.role) {
            (Phase::Confirmed, _) => usage.bye(core, now, headers),
            (Phase::Early, Role::Uac) => usage.cancel(core, now, headers),
            (Phase::Early, Role::Uas) => usage.reject(core, now, &Response::new(code).with_headers(headers)),
            (Phase::Ending | Phase::Gone, _) => Err(Refused::State),
        })
    }

    /// Offers a change of the session; `OfferAnswered` or `OfferRefused` follows.
    pub fn offer(&mut self, now: TimeMs, usage: UsageKey, offer: Offer) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.offer(core, now, offer))
    }

    /// Accepts the peer's re-INVITE or UPDATE.
    pub fn accept_offer(
        &mut self,
        now: TimeMs,
        usage: UsageKey,
        headers: Headers,
        body: Option<&Body>,
    ) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.accept_offer(core, now, headers, body))
    }

    /// Refuses the peer's re-INVITE or UPDATE (300 to 699).
    pub fn reject_offer(&mut self, now: TimeMs, usage: UsageKey, response: &Response<'_>) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.reject_offer(core, now, response))
    }

    /// Sends INFO, OPTIONS, NOTIFY, REFER, SUBSCRIBE or MESSAGE within the dialog; `RequestDone` follows.
    pub fn send(
        &mut self,
        now: TimeMs,
        usage: UsageKey,
        method: Method,
        headers: Headers,
        body: Option<Body>,
    ) -> Result<(), Refused> {
        self.order(usage, |usage, core| usage.send(core, now, method, headers, body))
    }

    /// What the usage is.
    pub fn info(&self, usage: UsageKey) -> Option<UsageInfo<'_>> {
        self.usages.get(&usage.0).map(|usage| usage.info())
    }

    /// The usage with this dialog (for Replaces and Target-Dialog).
    pub fn find(&self, call_id: &[u8], local_tag: &[u8], remote_tag: &[u8]) -> Option<UsageKey> {
        let usage = self.usages.get(self.by_tags.get(&tags_key(call_id, local_tag))?)?;
        usage.dialog_of(remote_tag).map(|_| usage.key())
    }

    /// Sends further requests of this usage over another flow: the device came back by another connection.
    pub fn rebind(&mut self, usage: UsageKey, flow: Flow) -> Result<(), Refused> {
        self.order(usage, |usage, core| {
            usage.flow = flow;
            usage.sent_by = core.plan.sent_by(&flow).into();
            Ok(())
        })
    }

    /// Shows the peer another Contact from now on (a URI in angle brackets).
    pub fn set_contact(&mut self, usage: UsageKey, contact: &[u8]) -> Result<(), Refused> {
        self.order(usage, |usage, _| {
            usage.contact = contact.into();
            Ok(())
        })
    }

    /// The Contact that a peer on this flow is shown, with this user part.
    pub fn contact_for(&self, flow: &Flow, user: &str) -> Vec<u8> {
        print::contact(&self.core.plan, flow, user)
    }

    /// What must be kept to take this session up after a restart; `None` unless it is confirmed.
    pub fn checkpoint(&self, usage: UsageKey) -> Option<Checkpoint> {
        self.usages.get(&usage.0)?.checkpoint()
    }

    /// Takes a session up again; our CSeq jumps by [`super::CSEQ_JUMP`].
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<UsageKey, BadCheckpoint> {
        let usage = Usage::restore(self.last_id + 1, checkpoint)?;
        self.last_id += 1;
        Ok(self.insert(usage))
    }

    /// How many usages there are.
    pub fn usage_count(&self) -> usize {
        self.usages.len()
    }

    /// The transactions, for their counters and settings.
    pub fn transactions(&self) -> &Transactions {
        &self.core.tx
    }

    /// A fresh unguessable tag, for callers that build requests themselves.
    pub fn new_tag(&mut self) -> Vec<u8> {
        self.core.tx.tokens().tag()
    }

    pub(super) fn insert(&mut self, usage: Usage) -> UsageKey {
        let key = usage.key();
        self.by_tags.insert(tags_key(&usage.call_id, &usage.local_tag), usage.id);
        self.usages.insert(usage.id, Box::new(usage));
        key
    }

    /// Runs an order on a usage and forgets the usage when it is over.
    fn order<R>(
        &mut self,
        key: UsageKey,
        run: impl FnOnce(&mut Usage, &mut Core) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        let usage = self.usages.get_mut(&key.0).ok_or(Refused::Unknown)?;
        let result = run(usage, &mut self.core);
        if usage.phase == Phase::Gone {
            self.forget(key.0);
        } else if usage.phase != Phase::Early && usage.role == Role::Uas && !self.by_invite.is_empty() {
            let invite = invite_key_of(usage);
            self.by_invite.remove(&invite);
        }
        result
    }

    pub(super) fn visit(&mut self, id: u64, run: impl FnOnce(&mut Usage, &mut Core)) {
        let _ = self.order(UsageKey(id), |usage, core| {
            run(usage, core);
            Ok(())
        });
    }

    fn forget(&mut self, id: u64) {
        let Some(mut usage) = self.usages.remove(&id) else { return };
        usage.stop_timers(&mut self.core);
        let key = tags_key(&usage.call_id, &usage.local_tag);
        if self.by_tags.get(&key) == Some(&id) {
            self.by_tags.remove(&key);
        }
        self.by_invite.remove(&invite_key_of(&usage));
        if self.by_tags.capacity() > INDEX_KEPT && self.by_tags.len() < self.by_tags.capacity() / 8 {
            self.by_tags.shrink_to(self.by_tags.len() * 2);
            self.by_invite.shrink_to(self.by_invite.len() * 2);
        }
    }
}
