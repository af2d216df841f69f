//! The state of one INVITE usage: who the two sides are, its dialogs, and what is under way in it.

use super::offer::{IncomingOffer, OutgoingOffer};
use super::target::Nat;
use super::uac::Uac;
use super::uas::Uas;
use super::{Event, UsageKey};
use crate::message::{Body, HeaderName, Headers, Message, Method};
use crate::timer::{Armed, TimeMs};
use crate::transaction::{ClientKey, DialogTimer, Transactions};
use crate::transport::{AddressPlan, Flow};
use bytes::Bytes;
use std::collections::VecDeque;

/// Who sent the INVITE that began the usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We did.
    Uac,
    /// The peer did.
    Uas,
}

/// Where a usage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The INVITE has no final answer.
    Early,
    /// There is a session.
    Confirmed,
    /// Our BYE is under way.
    Ending,
    /// Over; about to be forgotten.
    Gone,
}

/// What usages share: the transactions, what waits to be polled, and where peers are reached.
#[derive(Debug)]
pub(super) struct Core {
    pub tx: Transactions,
    pub events: VecDeque<Event>,
    pub plan: AddressPlan,
    pub nat: Nat,
}

impl Core {
    pub fn report(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

/// The peer's half of one dialog, and the counters of both (RFC 3261 12).
#[derive(Debug)]
pub(super) struct Dialog {
    pub remote_tag: Box<[u8]>,
    pub target: Box<[u8]>,
    pub routes: Vec<Box<[u8]>>,
    pub local_cseq: u32,
    pub remote_cseq: Option<u32>,
    /// The last RSeq seen of a reliable provisional response (RFC 3262 4).
    pub rseq: Option<u32>,
}

/// A 2xx of ours that waits for its ACK.
#[derive(Debug)]
pub(super) struct Unacked {
    pub cseq: u32,
    pub bytes: Bytes,
    pub flow: Flow,
    pub interval_ms: u64,
}

/// An ACK of ours, kept for repeated 2xx responses.
#[derive(Debug)]
pub(super) struct SentAck {
    pub cseq: u32,
    pub remote_tag: Box<[u8]>,
    pub flow: Flow,
    pub bytes: Bytes,
}

/// A request that waits for the one before it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub method: Method,
    pub headers: Headers,
    pub body: Option<Body>,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    repeat_answer: Armed,
    give_up_answer: Armed,
    repeat_provisional: Armed,
    give_up_provisional: Armed,
    retry_offer: Armed,
    forget_invite: Armed,
}

const TIMERS: [DialogTimer; 6] = [
    DialogTimer::RepeatAnswer,
    DialogTimer::GiveUpAnswer,
    DialogTimer::RepeatProvisional,
    DialogTimer::GiveUpProvisional,
    DialogTimer::RetryOffer,
    DialogTimer::ForgetInvite,
];

#[derive(Debug)]
pub(super) struct Usage {
    pub id: u64,
    pub role: Role,
    pub phase: Phase,
    pub call_id: Box<[u8]>,
    /// Our address (From of the UAC, To of the UAS) without tag.
    pub local: Box<[u8]>,
    pub local_tag: Box<[u8]>,
    pub remote: Box<[u8]>,
    pub flow: Flow,
    /// What stands in our Via.
    pub sent_by: Box<str>,
    /// Our Contact.
    pub contact: Box<[u8]>,
    pub invite_cseq: u32,
    /// Early dialogs; exactly one once confirmed.
    pub dialogs: Vec<Dialog>,
    pub uac: Option<Box<Uac>>,
    pub uas: Option<Box<Uas>>,
    pub unacked: Option<Unacked>,
    pub acks: Vec<SentAck>,
    /// A 2xx whose ACK waits for the user's answer: (CSeq, index of dialog).
    pub ack_owed: Option<u32>,
    pub offer_out: Option<Box<OutgoingOffer>>,
    pub offer_in: Option<Box<IncomingOffer>>,
    pub outbox: VecDeque<Waiting>,
    pub outbox_busy: Option<ClientKey>,
    /// A BYE that waits for the ACK of our 2xx (RFC 3261 15).
    pub bye_wanted: Option<Headers>,
    pub timers: Timers,
}

/// What a user may want to know of a usage.
#[derive(Debug, Clone, Copy)]
pub struct UsageInfo<'a> {
    /// Who sent the INVITE.
    pub role: Role,
    /// Where it stands.
    pub phase: Phase,
    /// The Call-ID.
    pub call_id: &'a [u8],
    /// Our tag.
    pub local_tag: &'a [u8],
    /// The peer's tag; empty while there is no dialog or the peer uses none.
    pub remote_tag: &'a [u8],
    /// The path the peer was last seen on.
    pub flow: Flow,
    /// The peer's Contact.
    pub target: &'a [u8],
    /// Our Contact.
    pub contact: &'a [u8],
}

/// What a new usage starts with.
pub(super) struct Begin<'a> {
    pub id: u64,
    pub role: Role,
    pub call_id: &'a [u8],
    pub local: &'a [u8],
    pub local_tag: &'a [u8],
    pub remote: &'a [u8],
    pub flow: Flow,
    pub sent_by: String,
    pub contact: Vec<u8>,
    pub invite_cseq: u32,
}

impl Usage {
    pub fn begin(begin: Begin<'_>) -> Usage {
        Usage {
            id: begin.id,
            role: begin.role,
            phase: Phase::Early,
            call_id: begin.call_id.into(),
            local: begin.local.into(),
            local_tag: begin.local_tag.into(),
            remote: begin.remote.into(),
            flow: begin.flow,
            sent_by: begin.sent_by.into(),
            contact: begin.contact.into(),
            invite_cseq: begin.invite_cseq,
            dialogs: Vec::new(),
            uac: None,
            uas: None,
            unacked: None,
            acks: Vec::new(),
            ack_owed: None,
            offer_out: None,
            offer_in: None,
            outbox: VecDeque::new(),
            outbox_busy: None,
            bye_wanted: None,
            timers: Timers::default(),
        }
    }

    pub fn key(&self) -> UsageKey {
        UsageKey(self.id)
    }

    pub fn info(&self) -> UsageInfo<'_> {
        let dialog = self.dialogs.first();
        UsageInfo {
            role: self.role,
            phase: self.phase,
            call_id: &self.call_id,
            local_tag: &self.local_tag,
            remote_tag: dialog.map_or(b"", |dialog| &dialog.remote_tag),
            flow: self.flow,
            target: dialog.map_or(b"", |dialog| &dialog.target),
            contact: &self.contact,
        }
    }

    fn note_of(&mut self, timer: DialogTimer) -> &mut Armed {
        match timer {
            DialogTimer::RepeatAnswer => &mut self.timers.repeat_answer,
            DialogTimer::GiveUpAnswer => &mut self.timers.give_up_answer,
            DialogTimer::RepeatProvisional => &mut self.timers.repeat_provisional,
            DialogTimer::GiveUpProvisional => &mut self.timers.give_up_provisional,
            DialogTimer::RetryOffer => &mut self.timers.retry_offer,
            DialogTimer::ForgetInvite => &mut self.timers.forget_invite,
        }
    }

    pub fn arm(&mut self, core: &mut Core, timer: DialogTimer, at: Option<TimeMs>) {
        let id = self.id;
        core.tx.set_dialog_timer(self.note_of(timer), id, timer, at);
    }

    pub fn stop_timers(&mut self, core: &mut Core) {
        for timer in TIMERS {
            self.arm(core, timer, None);
        }
    }

    pub fn handle_timer(&mut self, core: &mut Core, now: TimeMs, timer: DialogTimer) {
        *self.note_of(timer) = Armed::default();
        match timer {
            DialogTimer::RepeatAnswer => self.repeat_answer(core, now),
            DialogTimer::GiveUpAnswer => self.give_up_answer(core, now),
            DialogTimer::RepeatProvisional => self.repeat_provisional(core, now),
            DialogTimer::GiveUpProvisional => self.give_up_provisional(core, now),
            DialogTimer::RetryOffer => self.send_offer(core, now),
            DialogTimer::ForgetInvite => self.acks = Vec::new(),
        }
    }

    /// The index of the dialog with this tag of the peer.
    pub fn dialog_of(&self, remote_tag: &[u8]) -> Option<usize> {
        self.dialogs.iter().position(|dialog| *dialog.remote_tag == *remote_tag)
    }
}

impl Dialog {
    /// The peer's half from a message of it that makes a dialog: a response to our INVITE, or its INVITE.
    pub fn from_message(message: &Message, fallback_target: &[u8], local_cseq: u32) -> Dialog {
        let mut routes: Vec<Box<[u8]>> = message.elements(HeaderName::RecordRoute).map(Box::from).collect();
        let (remote_tag, remote_cseq) = if message.is_request() {
            (message.from_tag(), message.cseq().ok().map(|cseq| cseq.number))
        } else {
            // The UAC takes the route set in reverse order (12.1.2).
            routes.reverse();
            (message.to_tag(), None)
        };
        let target = contact_of(message).unwrap_or(fallback_target);
        Dialog { remote_tag: remote_tag.into(), target: target.into(), routes, local_cseq, remote_cseq, rseq: None }
    }

    /// Takes the Contact of a target refresh (12.2.1.2, 12.2.2).
    pub fn refresh_target(&mut self, message: &Message) {
        if let Some(target) = contact_of(message) {
            self.target = target.into();
        }
    }

    pub fn next_cseq(&mut self) -> u32 {
        self.local_cseq += 1;
        self.local_cseq
    }
}

/// The URI of the first Contact.
pub(super) fn contact_of(message: &Message) -> Option<&[u8]> {
    message.contacts().next()?.ok().map(|contact| contact.uri_raw)
}

/// A From or To value without its tag (other parameters stay).
pub(super) fn without_tag(value: &[u8]) -> Vec<u8> {
    let Ok(address) = crate::message::NameAddr::parse(value) else { return value.to_vec() };
    if !address.params.has("tag") {
        return value.to_vec();
    }
    let params = address.params.raw();
    let end = (params.as_ptr() as usize).saturating_sub(value.as_ptr() as usize);
    let mut out = crate::message::trim(&value[..end.min(value.len())]).to_vec();
    for (name, value) in address.params.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(b"tag")) {
        out.push(b';');
        out.extend_from_slice(name);
        if let Some(value) = value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    out
}
