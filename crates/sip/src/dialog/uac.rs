//! The side that sent the INVITE (RFC 3261 13.2, RFC 3262 4): forks, the ACK, the race of CANCEL and 200, PRACK.

use super::usage::{Core, Dialog, Phase, Usage};
use super::{Event, FORKS_MAX, Refused};
use crate::message::{Body, HeaderName, Headers, Message, Method};
use crate::timer::TimeMs;
use crate::transaction::ClientKey;
use crate::transport::Flow;

/// What only an unanswered INVITE of ours needs.
#[derive(Debug)]
pub(super) struct Uac {
    pub invite: ClientKey,
    pub cancelled: bool,
    /// Did the INVITE hold an offer, so that ACK and PRACK need no body?
    pub offered: bool,
    /// Did a reliable provisional response answer that offer, so that UPDATE may come?
    pub answered_early: bool,
    pub request_uri: Box<[u8]>,
    /// A reliable response with an offer that waits for the user's answer: (dialog, RSeq).
    pub prack_owed: Option<(usize, u32)>,
}

impl Usage {
    /// A response to the INVITE that began the usage, or a 2xx of another fork of it.
    pub fn invite_response(&mut self, core: &mut Core, now: TimeMs, flow: &Flow, message: Message) {
        match message.code() {
            100 => {}
            101..=199 => self.provisional_response(core, now, flow, message),
            200..=299 => self.success(core, now, flow, message),
            code => {
                self.phase = Phase::Gone;
                core.report(Event::Failed { usage: self.key(), code, message: Some(message) });
            }
        }
    }

    fn provisional_response(&mut self, core: &mut Core, now: TimeMs, flow: &Flow, message: Message) {
        if self.uac.is_none() {
            return;
        }
        self.flow = *flow;
        let fork = self.early_dialog(&message);
        let rseq = message.number(HeaderName::RSeq).filter(|_| message.lists(HeaderName::Require, "100rel"));
        let reliable = match (fork, rseq) {
            (Some(index), Some(rseq)) if !self.take_rseq(index, rseq) => return,
            (Some(index), Some(rseq)) => {
                self.acknowledge_provisional(core, now, index, rseq, message.sdp().is_some());
                true
            }
            _ => false,
        };
        core.report(Event::Provisional {
            usage: self.key(),
            fork: fork.and_then(|index| u32::try_from(index).ok()),
            code: message.code(),
            sdp: message.sdp(),
            reliable,
            message,
        });
    }

    /// The early dialog that this response belongs to or makes (12.1).
    fn early_dialog(&mut self, message: &Message) -> Option<usize> {
        let tag = message.to_tag();
        if tag.is_empty() {
            return None;
        }
        if let Some(index) = self.dialog_of(tag) {
            self.dialogs[index].refresh_target(message);
            return Some(index);
        }
        let request_uri = &self.uac.as_ref()?.request_uri;
        if self.dialogs.len() == FORKS_MAX {
            return None;
        }
        self.dialogs.push(Dialog::from_message(message, request_uri, self.invite_cseq));
        Some(self.dialogs.len() - 1)
    }

    /// Is this reliable response the next of its dialog (RFC 3262 4)? Repetitions and early ones are dropped.
    fn take_rseq(&mut self, index: usize, rseq: u32) -> bool {
        let dialog = &mut self.dialogs[index];
        if dialog.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
            return false;
        }
        dialog.rseq = Some(rseq);
        true
    }

    fn acknowledge_provisional(&mut self, core: &mut Core, now: TimeMs, index: usize, rseq: u32, has_sdp: bool) {
        let Some(uac) = &mut self.uac else { return };
        if has_sdp && !uac.offered {
            uac.prack_owed = Some((index, rseq));
            return;
        }
        uac.answered_early |= has_sdp;
        self.send_prack(core, now, index, rseq, None);
    }

    fn send_prack(&mut self, core: &mut Core, now: TimeMs, index: usize, rseq: u32, body: Option<&Body>) {
        let rack = format!("{rseq} {} INVITE", self.invite_cseq);
        self.request(core, now, index, Method::Prack, &Headers::none().with("RAck", rack), body);
    }

    /// Answers the offer in a reliable provisional response.
    pub fn prack(&mut self, core: &mut Core, now: TimeMs, body: Option<&Body>) -> Result<(), Refused> {
        let uac = self.uac.as_mut().ok_or(Refused::State)?;
        let (index, rseq) = uac.prack_owed.take().ok_or(Refused::State)?;
        uac.answered_early = true;
        uac.offered = true;
        self.send_prack(core, now, index, rseq, body);
        Ok(())
    }

    fn success(&mut self, core: &mut Core, now: TimeMs, flow: &Flow, message: Message) {
        match self.uac.take() {
            Some(uac) if uac.cancelled => {
                core.dismiss(now, flow, &message);
                self.phase = Phase::Gone;
                core.report(Event::Failed { usage: self.key(), code: 487, message: Some(message) });
            }
            Some(uac) => self.confirm(core, now, flow, &uac, message),
            None if self.repeat_ack(core, &message) => {}
            // The user still owes the ACK of this very answer.
            None if self.dialog_of(message.to_tag()).is_some() => {}
            None => core.dismiss(now, flow, &message),
        }
    }

    fn confirm(&mut self, core: &mut Core, now: TimeMs, flow: &Flow, uac: &Uac, message: Message) {
        self.flow = *flow;
        let early = self.dialog_of(message.to_tag()).map(|index| self.dialogs.swap_remove(index));
        let fallback = early.as_ref().map_or(&*uac.request_uri, |dialog| &*dialog.target);
        let mut dialog = Dialog::from_message(&message, fallback, self.invite_cseq);
        if let Some(early) = early {
            dialog.local_cseq = early.local_cseq;
            dialog.remote_cseq = early.remote_cseq;
        }
        self.dialogs = vec![dialog];
        self.phase = Phase::Confirmed;
        if uac.offered {
            self.send_ack(core, now, 0, self.invite_cseq, None);
        } else {
            self.ack_owed = Some(self.invite_cseq);
        }
        core.report(Event::Answered { usage: self.key(), sdp: message.sdp(), message });
    }

    /// Sends the ACK that holds the answer to the offer in a 2xx.
    pub fn ack(&mut self, core: &mut Core, now: TimeMs, body: Option<&Body>) -> Result<(), Refused> {
        let cseq = self.ack_owed.take().ok_or(Refused::State)?;
        self.send_ack(core, now, 0, cseq, body);
        Ok(())
    }

    /// Cancels the INVITE; `Failed` follows.
    pub fn cancel(&mut self, core: &mut Core, now: TimeMs, headers: Headers) -> Result<(), Refused> {
        let uac = self.uac.as_mut().ok_or(Refused::State)?;
        uac.cancelled = true;
        core.tx.cancel(now, uac.invite, headers);
        Ok(())
    }

    /// No final response to the INVITE.
    pub fn invite_unanswered(&mut self, core: &mut Core, code: u16) {
        self.phase = Phase::Gone;
        core.report(Event::Failed { usage: self.key(), code, message: None });
    }
}
