//! Printing the requests of a dialog (RFC 3261 12.2.1.1) and the common lines of INVITE traffic.

use super::target::next_hop;
use super::usage::{Core, Dialog, SentAck, Usage};
use super::{ACKS_KEPT_MAX, OutgoingRequest};
use crate::message::{Body, HeaderName, Headers, Message, Method, NameAddr, Printer};
use crate::timer::TimeMs;
use crate::transaction::{ClientKey, DialogTimer, Outgoing};
use crate::transport::{AddressPlan, Flow, Transport};
use bytes::Bytes;
use std::borrow::Cow;

/// Hops that our requests may take.
pub(super) const MAX_FORWARDS: u32 = 70;

/// Our Contact on this flow.
pub(super) fn contact(plan: &AddressPlan, flow: &Flow, user: &str) -> Vec<u8> {
    let at = if user.is_empty() { "" } else { "@" };
    let secure = matches!(flow.transport, Transport::Tls | Transport::Wss);
    let scheme = if secure { "sips" } else { "sip" };
    let param = match flow.transport.uri_param().filter(|_| !secure) {
        Some(name) => format!(";transport={name}"),
        None => String::new(),
    };
    format!("<{scheme}:{user}{at}{}{param}>", plan.sent_by(flow)).into_bytes()
}

impl Core {
    /// Allow and Supported, as every INVITE and 2xx to one carries them.
    pub fn capabilities(&self) -> Headers {
        let config = self.tx.config();
        Headers::none().with("Allow", config.allow()).with("Supported", config.supported())
    }

    /// Sends a request outside dialogs.
    pub fn send_alone(&mut self, now: TimeMs, request: &OutgoingRequest, token: u64) -> ClientKey {
        let branch = self.tx.tokens().branch();
        let flow = request.flow;
        let mut printer = Printer::request(request.method.as_str(), &request.request_uri);
        printer
            .via(flow.transport.via_name(), &self.plan.sent_by(&flow), &branch)
            .number(HeaderName::MaxForwards, MAX_FORWARDS)
            .address(HeaderName::From, &request.from, &request.from_tag)
            .header(HeaderName::To, &request.to)
            .header(HeaderName::CallId, &request.call_id)
            .cseq(request.cseq, request.method.as_str())
            .lines(&request.headers);
        let bytes = printer.finish(request.body.as_ref());
        self.tx.request(now, Outgoing { flow, method: request.method, branch: &branch, bytes, token })
    }

    /// ACK and BYE for a 2xx that made a dialog nobody wants: a second fork, or an answer that crossed our CANCEL
    /// (RFC 3261 13.2.2.4). Everything needed stands in the response.
    pub fn dismiss(&mut self, now: TimeMs, flow: &Flow, response: &Message) {
        let invite_cseq = response.cseq().map_or(1, |cseq| cseq.number);
        let mut usage = Usage::begin(super::usage::Begin {
            id: 0,
            role: super::Role::Uac,
            call_id: response.call_id(),
            local: response.value(HeaderName::From).unwrap_or_default(),
            local_tag: b"",
            remote: &super::usage::without_tag(response.value(HeaderName::To).unwrap_or_default()),
            flow: *flow,
            sent_by: self.plan.sent_by(flow),
            contact: Vec::new(),
            invite_cseq,
        });
        let target = response.to().map_or(&b""[..], |to| to.uri_raw);
        usage.dialogs.push(Dialog::from_message(response, target, invite_cseq));
        let (_, _, ack, flow) = usage.print(self, 0, Method::Ack, Some(invite_cseq), &Headers::none(), None);
        self.tx.send(flow, ack);
        // Token 0 without an order: the response to this BYE concerns nobody.
        usage.request(self, now, 0, Method::Bye, &Headers::none(), None);
    }
}

impl Usage {
    /// Prints a request of dialog `index`; returns CSeq, branch, bytes and where it goes. Without `cseq` the next number
    /// is taken.
    pub fn print(
        &mut self,
        core: &mut Core,
        index: usize,
        method: Method,
        cseq: Option<u32>,
        headers: &Headers,
        body: Option<&Body>,
    ) -> (u32, Vec<u8>, Bytes, Flow) {
        let branch = core.tx.tokens().branch();
        let dialog = &mut self.dialogs[index];
        let cseq = cseq.unwrap_or_else(|| dialog.next_cseq());
        let (uri, routes) = request_uri_and_routes(dialog);
        let first_hop = routes.first().map_or(uri, |route| uri_of(route));
        let flow = next_hop(core.nat, &self.flow, first_hop);
        let mut printer = Printer::request(method.as_str(), uri);
        printer.via(flow.transport.via_name(), &self.sent_by, &branch).number(HeaderName::MaxForwards, MAX_FORWARDS);
        for route in routes {
            printer.header(HeaderName::Route, route);
        }
        printer
            .address(HeaderName::From, &self.local, &self.local_tag)
            .address(HeaderName::To, &self.remote, &dialog.remote_tag)
            .header(HeaderName::CallId, &self.call_id)
            .cseq(cseq, method.as_str());
        if wants_contact(method) && !self.contact.is_empty() {
            printer.header(HeaderName::Contact, &self.contact);
        }
        if matches!(method, Method::Invite | Method::Update) {
            printer.lines(&core.capabilities());
        }
        printer.lines(headers);
        (cseq, branch, printer.finish(body), flow)
    }

    /// Sends a request of dialog `index` in a transaction of its own.
    pub fn request(
        &mut self,
        core: &mut Core,
        now: TimeMs,
        index: usize,
        method: Method,
        headers: &Headers,
        body: Option<&Body>,
    ) -> (ClientKey, u32) {
        let (cseq, branch, bytes, flow) = self.print(core, index, method, None, headers, body);
        let token = if self.id == 0 { super::endpoint::NOBODY } else { self.id };
        (core.tx.request(now, Outgoing { flow, method, branch: &branch, bytes, token }), cseq)
    }

    /// Acknowledges a 2xx in dialog `index` and keeps the ACK for its repetitions.
    pub fn send_ack(&mut self, core: &mut Core, now: TimeMs, index: usize, cseq: u32, body: Option<&Body>) {
        let (_, _, bytes, flow) = self.print(core, index, Method::Ack, Some(cseq), &Headers::none(), body);
        core.tx.send(flow, bytes.clone());
        if self.acks.len() == ACKS_KEPT_MAX {
            self.acks.remove(0);
        }
        let remote_tag = self.dialogs[index].remote_tag.clone();
        self.acks.push(SentAck { cseq, remote_tag, flow, bytes });
        let forget_at = now + core.tx.config().give_up_ms();
        self.arm(core, DialogTimer::ForgetInvite, Some(forget_at));
    }

    /// Acknowledges a repeated 2xx again, if it is one.
    pub fn repeat_ack(&mut self, core: &mut Core, response: &Message) -> bool {
        let Ok(cseq) = response.cseq() else { return false };
        let tag = response.to_tag();
        let Some(ack) = self.acks.iter().find(|ack| ack.cseq == cseq.number && *ack.remote_tag == *tag) else {
            return false;
        };
        core.tx.send(ack.flow, ack.bytes.clone());
        true
    }
}

fn wants_contact(method: Method) -> bool {
    matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Subscribe | Method::Notify)
}

/// Loose routing: the target is the request URI. A strict first router takes its place (RFC 3261 12.2.1.1).
fn request_uri_and_routes(dialog: &Dialog) -> (&[u8], Vec<Cow<'_, [u8]>>) {
    let all = || dialog.routes.iter().map(|route| Cow::Borrowed(&**route));
    match dialog.routes.first() {
        Some(first) if !is_loose(first) => {
            let target = [b"<", &*dialog.target, b">"].concat();
            (uri_of(first), all().skip(1).chain(std::iter::once(Cow::Owned(target))).collect())
        }
        _ => (&dialog.target, all().collect()),
    }
}

fn is_loose(route: &[u8]) -> bool {
    NameAddr::parse(route).is_ok_and(|route| route.uri.params.has("lr"))
}

/// The URI within a route element, or the text itself.
fn uri_of(route: &[u8]) -> &[u8] {
    NameAddr::parse(route).map_or(route, |route| route.uri_raw)
}
