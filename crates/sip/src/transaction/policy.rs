//! Which requests are refused before anyone looks at them, and with what (RFC 3261 8.2, 16.3; SIP design, row 9). Such
//! answers keep no state: their To-tag depends on the request alone, so a repeated request gets the same answer.

use super::Transactions;
use super::server::finish_lines;
use crate::message::{Fault, HeaderName, Headers, Message, Method, ResponseHead};
use crate::transport::{Flow, Transmit};
use std::borrow::Cow;

/// A refusal: code, phrase, lines.
#[derive(Debug)]
pub(super) struct Refusal {
    code: u16,
    reason: Cow<'static, str>,
    headers: Headers,
}

impl Refusal {
    /// A code with its usual phrase.
    pub(super) fn plain(code: u16) -> Refusal {
        Refusal { code, reason: Cow::Borrowed(""), headers: Headers::none() }
    }

    fn with(code: u16, name: &str, value: &str) -> Refusal {
        Refusal { headers: Headers::none().with(name, value), ..Refusal::plain(code) }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal { reason: fault.reason(), ..Refusal::plain(fault.code()) }
    }
}

impl Transactions {
    /// Why this request is refused, if it is.
    pub(super) fn refusal(&self, message: &Message) -> Option<Refusal> {
        // The version comes first, then the method (so that a strange method with a strange CSeq says 501).
        if let Some(fault) = message.fault() {
            return Some(fault.into());
        }
        self.method_refusal(message)
            .or_else(|| message.request_fault().map(Refusal::from))
            .or_else(|| (message.max_forwards() == Some(0)).then(|| Refusal::plain(483)))
            .or_else(|| self.require_refusal(message))
            .or_else(|| self.full_refusal(message))
    }

    fn method_refusal(&self, message: &Message) -> Option<Refusal> {
        match message.method() {
            Method::Other => Some(Refusal::with(501, "Allow", &self.config.allow())),
            method if !self.config.methods.contains(&method) => Some(Refusal::with(405, "Allow", &self.config.allow())),
            _ => None,
        }
    }

    /// Unknown option tags (8.2.2.3); a CANCEL's Require means nothing.
    fn require_refusal(&self, message: &Message) -> Option<Refusal> {
        if message.method() == Method::Cancel {
            return None;
        }
        let supported =
            |tag: &&[u8]| self.config.options.iter().any(|option| option.as_bytes().eq_ignore_ascii_case(tag));
        let unknown: Vec<Cow<'_, str>> =
            message.elements(HeaderName::Require).filter(|tag| !supported(tag)).map(String::from_utf8_lossy).collect();
        (!unknown.is_empty()).then(|| Refusal::with(420, "Unsupported", &unknown.join(", ")))
    }

    fn full_refusal(&self, message: &Message) -> Option<Refusal> {
        let reserve = if message.to_tag().is_empty() { 0 } else { self.config.transactions_max / 4 };
        if self.table.len() < self.config.transactions_max + reserve {
            return None;
        }
        Some(Refusal::with(503, "Retry-After", &self.config.retry_after_s.to_string()))
    }

    /// Answers without keeping a transaction.
    pub(super) fn refuse(&mut self, flow: &Flow, message: &Message, refusal: Refusal) {
        if refusal.code == 503 {
            self.dropped.refused += 1;
        }
        self.answer_stateless(flow, message, refusal.code, &refusal.reason, &refusal.headers);
    }

    /// Answers a request for which no transaction is kept.
    pub(crate) fn answer_stateless(
        &mut self,
        flow: &Flow,
        message: &Message,
        code: u16,
        reason: &str,
        headers: &Headers,
    ) {
        let tag = self.tokens.tag_for(message.call_id());
        let head = ResponseHead::new(message, flow.remote, &tag);
        let mut printer = head.respond(code, reason, false);
        finish_lines(&mut printer, &self.config.server, headers);
        let flow = self.reply_flow(flow, message);
        self.transmits.push_back(Transmit { flow, bytes: printer.finish(None) });
    }
}
