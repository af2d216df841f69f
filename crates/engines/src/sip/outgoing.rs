//! Legs that we begin: one INVITE per contact of the device, and what comes back.

use super::invite::Attempt;
use super::leg::{Fork, Leg, Refusal, Role};
use super::{SipEngine, cause, session};
use ::sip::dialog::{UsageKey, next_hop};
use ::sip::message::{Body, Headers, Message, NameAddr};
use ::sip::registrar::{Binding, Reach};
use ::sip::sdp::{Audio, Session};
use ::sip::transport::Flow;
use bytes::Bytes;
use std::net::SocketAddr;
use switching::cause::{Cause, Elsewhere};
use switching::engine::ReportKind;
use switching::id::{DeviceId, LegId, OrderId};
use switching::party::{Digits, Party};
use switching::time::Time;

/// Contacts of one device that ring at the same time.
const FORKS_MAX: usize = 8;
/// How often a contact that finds the session interval too short is asked again.
const ATTEMPTS_MAX: u32 = 2;

/// The order, taken apart.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) order: OrderId,
    pub(super) device: DeviceId,
    pub(super) from: Party,
    pub(super) to: Digits,
    pub(super) peer: Option<LegId>,
    pub(super) auto_answer: bool,
    pub(super) ring_limit_ms: u64,
}

impl SipEngine {
    pub(super) fn ring(&mut self, now: Time, id: LegId, order: Box<Ring>) {
        let user = self.users.get(&order.device).cloned().unwrap_or_default();
        let bindings: Vec<Binding> =
            self.registrar.reachable(&user, now.0).into_iter().take(FORKS_MAX).cloned().collect();
        let mut leg = Box::new(Leg::new(id, order.device, Role::Ordered));
        leg.peer = order.peer;
        let expires_s = self.config.session_timer.map_or(0, |timer| timer.session_expires_s.max(timer.min_se_s));
        let mut why = Cause::Unregistered;
        let mut said: Option<(SocketAddr, Body)> = None;
        for (index, binding) in bindings.iter().enumerate() {
            let Some(flow) = self.flow_of(&user, binding) else { continue };
            let Some(shown) = self.open_port(&mut leg, &flow) else {
                why = Cause::Resource;
                continue;
            };
            let body = match said.take().filter(|(at, _)| *at == shown) {
                Some((_, body)) => body,
                None => self.offer_for(&mut leg, order.peer, shown),
            };
            said = Some((shown, body.clone()));
            let attempt = Attempt { index, attempt: 0, expires_s, flow, body };
            if !self.invite(now, &mut leg, &order, binding, shown, attempt) {
                why = Cause::Resource;
            }
        }
        let rings = !leg.forks.is_empty();
        if rings {
            leg.ring = Some(order);
        } else {
            self.close_port(&mut leg);
        }
        self.legs.insert(id, leg);
        if !rings {
            self.report(id, ReportKind::Refused { cause: why, q850: why.q850() });
            self.legs.remove(&id);
        }
    }

    fn invite(
        &mut self,
        now: Time,
        leg: &mut Leg,
        order: &Ring,
        binding: &Binding,
        shown: SocketAddr,
        attempt: Attempt,
    ) -> bool {
        let (tried, expires_s) = (attempt.attempt, attempt.expires_s);
        let invite = self.print(leg.id, order, binding, attempt);
        self.trace.note(leg.id, &invite.call_id);
        let Ok(usage) = self.endpoint.invite(now.0, invite) else { return false };
        self.by_usage.insert(usage, leg.id);
        let contact = binding.uri.clone();
        let home = matches!(binding.reach, Reach::Flow(_)).then(|| Box::new(binding.clone()));
        leg.forks.push(Fork { usage, contact, home, shown, rang: false, early: None, expires_s, attempt: tried });
        true
    }

    fn flow_of(&self, user: &str, binding: &Binding) -> Option<Flow> {
        let seen = self.flows.get(user)?.get(&binding.uri)?;
        // A contact with a Path is reached through the proxy that is named first (RFC 3327 5.3).
        let first = binding.path.first().and_then(|path| NameAddr::parse(path.as_bytes()).ok());
        let hop = first.map_or(binding.uri.as_bytes(), |path| path.uri_raw);
        Some(next_hop(self.config.endpoint.nat, seen, hop))
    }

    pub(super) fn provisional(&mut self, now: Time, usage: UsageKey, code: u16, sdp: Option<&Bytes>) {
        let Some(id) = self.leg_of(usage) else { return };
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let early = !leg.is_answered() && self.hear_early(&mut leg, usage, sdp);
        let rings = matches!(code, 180 | 183);
        let first = rings && !leg.alerted;
        leg.alerted |= rings;
        if let Some(fork) = leg.forks.iter_mut().find(|fork| fork.usage == usage) {
            fork.rang |= code == 180;
        }
        let peer = leg.peer;
        self.legs.insert(id, leg);
        if first {
            self.report(id, ReportKind::Alerting);
        }
        if early && let Some(peer) = peer {
            self.bridge(peer, id);
            if !first {
                self.pass_early_media(now, peer, id);
            }
        }
    }

    /// Takes early sound of a phone; false where there is none, or none that is new.
    fn hear_early(&mut self, leg: &mut Leg, usage: UsageKey, sdp: Option<&Bytes>) -> bool {
        let Some(sdp) = sdp else { return false };
        let Some(fork) = leg.forks.iter_mut().find(|fork| fork.usage == usage) else { return false };
        if fork.early.as_ref() == Some(sdp) {
            return false;
        }
        let Some(session) = sound(sdp) else { return false };
        fork.early = Some(sdp.clone());
        self.hear(leg, session);
        true
    }

    pub(super) fn answered(&mut self, now: Time, usage: UsageKey, sdp: Option<&Bytes>, message: &Message) {
        let Some(mut leg) = self.leg_of(usage).and_then(|id| self.legs.remove(&id)) else {
            // Nobody wants this answer any more; the core has let go of the leg.
            let _ = self.endpoint.bye(now.0, usage, Headers::none());
            return;
        };
        let id = leg.id;
        leg.chosen = Some(usage);
        leg.ring = None;
        let forked = leg.forks.len() > 1;
        self.call_off(now, &mut leg, Some(usage), Cause::AnsweredElsewhere(Elsewhere::Branch));
        leg.shown = leg.forks.first().map(|fork| fork.shown);
        // A phone that answers at once has rung all the same: who watches it, or calls it, sees a call come before it talks. A phone
        // that is rung first for an ordered call is not called by anybody.
        let unsaid = leg.peer.is_some() && !std::mem::replace(&mut leg.alerted, true);
        let heard = self.hear_answer(&mut leg, sdp, forked);
        self.session_after_response(now, &mut leg, message);
        self.legs.insert(id, leg);
        if unsaid {
            self.report(id, ReportKind::Alerting);
        }
        if heard {
            self.checkpoint(id);
            self.report(id, ReportKind::Answered);
        } else {
            let cause = Cause::Incompatible;
            self.report(id, ReportKind::Refused { cause, q850: cause.q850() });
            self.release(now, id, cause);
        }
    }

    /// Takes the sound of the phone that answered; false where there is none.
    fn hear_answer(&mut self, leg: &mut Leg, sdp: Option<&Bytes>, forked: bool) -> bool {
        let Some(fork) = leg.forks.first_mut() else { return false };
        let early = fork.early.take();
        if forked && let (Some(port), Some(info)) = (leg.port, self.endpoint.info(fork.usage)) {
            // The port is open as long as the leg has it.
            let _ = self.relay.expect_source(port.id, Some(info.flow.remote.ip()));
        }
        if !forked && early.is_some() && (sdp.is_none() || sdp == early.as_ref()) {
            // What was heard in ringing holds.
            return true;
        }
        match sdp.or(early.as_ref()).and_then(|sdp| sound(sdp)) {
            Some(session) => {
                self.hear(leg, session);
                true
            }
            None => false,
        }
    }

    pub(super) fn failed(&mut self, now: Time, usage: UsageKey, code: u16, message: Option<&Message>) {
        let Some(id) = self.by_usage.remove(&usage) else { return };
        self.asked.remove(&usage);
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let place = leg.forks.iter().position(|fork| fork.usage == usage);
        let fork = place.map(|place| leg.forks.remove(place));
        let fork_rang = fork.as_ref().is_some_and(|fork| fork.rang);
        let longer_s = match (fork.as_ref(), message, code) {
            (Some(fork), Some(message), 422) => session::longer(fork.expires_s, message),
            _ => None,
        };
        if let (Some(fork), Some(longer_s)) = (fork, longer_s)
            && self.ask_again(now, &mut leg, &fork, longer_s)
        {
            self.legs.insert(id, leg);
            return;
        }
        let cause = cause::cause(code, fork_rang);
        let q850 = message.and_then(cause::q850).unwrap_or(cause.q850());
        let refusal = Refusal { code, cause, q850 };
        let told = *leg.refusal.get_or_insert(refusal);
        let strongest = if cause::strength(code) > cause::strength(told.code) { refusal } else { told };
        leg.refusal = Some(strongest);
        if code >= 600 && !leg.is_answered() {
            // This phone spoke for the others too (RFC 3261 16.7 step 5).
            self.call_off(now, &mut leg, None, cause);
        }
        let over = leg.forks.is_empty() && !leg.is_answered();
        let caller = leg.peer;
        self.legs.insert(id, leg);
        if over {
            let Refusal { code, cause, q850 } = strongest;
            if let Some(caller) = caller.and_then(|caller| self.legs.get_mut(&caller)) {
                caller.refused = Some((cause, cause::handed_on(cause, code)));
            }
            self.report(id, ReportKind::Refused { cause, q850 });
            self.forget(now, id);
        }
    }

    /// Cancels what still rings on a leg, all but one.
    fn call_off(&mut self, now: Time, leg: &mut Leg, but: Option<UsageKey>, why: Cause) {
        let (kept, others): (Vec<Fork>, Vec<Fork>) =
            std::mem::take(&mut leg.forks).into_iter().partition(|fork| Some(fork.usage) == but);
        leg.forks = kept;
        for fork in others {
            self.by_usage.remove(&fork.usage);
            self.asked.remove(&fork.usage);
            // It may have failed by itself already.
            let _ = self.endpoint.cancel(now.0, fork.usage, cause::reason(why));
        }
    }

    /// The phone wants a longer session interval (422): the same INVITE with that (RFC 4028 7.3).
    fn ask_again(&mut self, now: Time, leg: &mut Leg, fork: &Fork, expires_s: u32) -> bool {
        if fork.attempt >= ATTEMPTS_MAX {
            return false;
        }
        let (Some(order), Some(local)) = (leg.ring.take(), leg.local.as_deref()) else { return false };
        let body = Body::sdp(local.to_string());
        let user = self.users.get(&leg.device).cloned().unwrap_or_default();
        let contacts = self.registrar.reachable(&user, now.0);
        let found = contacts.iter().position(|binding| binding.uri == fork.contact);
        let binding = found.and_then(|index| contacts.get(index)).map(|binding| (*binding).clone());
        let flow = binding.as_ref().and_then(|binding| self.flow_of(&user, binding));
        let asked = match (found, &binding, flow) {
            (Some(index), Some(binding), Some(flow)) => {
                let attempt = Attempt { index, attempt: fork.attempt + 1, expires_s, flow, body };
                self.invite(now, leg, &order, binding, fork.shown, attempt)
            }
            _ => false,
        };
        leg.ring = Some(order);
        asked
    }
}

/// A description with sound that we can relay.
fn sound(sdp: &[u8]) -> Option<Session> {
    Session::parse(sdp).ok().filter(|session| Audio::index_in(session).is_some())
}
