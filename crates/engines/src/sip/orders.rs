//! What the core orders on a leg that is there.

use super::leg::{Leg, Role};
use super::{cause, Asked, Output, SipEngine};
use ::sip::dialog::{Offer, OfferMethod, UsageKey};
use ::sip::message::{Headers, Method};
use ::sip::transaction::Response;
use switching::cause::Cause;
use switching::engine::{EngineInput, OrderFault, ReportKind};
use switching::id::{LegId, OrderId};
use switching::time::Time;

impl SipEngine {
    /// The caller is told that its destination rings: 180, or 183 where early sound is there.
    pub(super) fn alert(&mut self, now: Time, id: LegId, peer: Option<LegId>) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let early = peer.filter(|peer| self.legs.get(peer).is_some_and(|peer| peer.remote.is_some()));
        leg.progress_from = peer;
        if leg.peer.is_none() {
            leg.peer = peer;
        }
        let usage = leg.usage();
        let (code, body) = match early {
            Some(peer) => (183, self.answer_for(&mut leg, Some(peer))),
            None => (180, None),
        };
        self.legs.insert(id, leg);
        if let Some(peer) = early {
            self.bridge(id, peer);
        }
        if let Some(usage) = usage {
            // A caller that has hung up meanwhile needs no ringing.
            let _ = self.endpoint.provisional(now.0, usage, code, Headers::none(), body, false);
        }
    }

    /// Early sound that began after ringing is passed too.
    pub(super) fn pass_early_media(&mut self, now: Time, caller: LegId, ringing: LegId) {
        let waits = self
            .legs
            .get(&caller)
            .is_some_and(|leg| leg.role == Role::Arrived && !leg.is_answered() && leg.progress_from == Some(ringing));
        if waits {
            self.alert(now, caller, Some(ringing));
        }
    }

    /// The caller's leg is answered with what its peer answered.
    pub(super) fn accept(&mut self, now: Time, id: LegId, peer: LegId) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let Some(usage) = leg.usage() else {
            self.legs.insert(id, leg);
            return;
        };
        leg.peer = Some(peer);
        let body = self.answer_for(&mut leg, Some(peer));
        let headers = self.session_in_answer(now, &mut leg);
        leg.chosen = Some(usage);
        let fits = body.is_some();
        self.legs.insert(id, leg);
        if let Some(peer) = self.legs.get_mut(&peer) {
            peer.peer = Some(id);
        }
        self.bridge(id, peer);
        if fits {
            // A caller that has hung up meanwhile is reported by its own event.
            let _ = self.endpoint.accept(now.0, usage, headers, body);
            self.checkpoint(id);
        } else {
            let cause = Cause::Incompatible;
            self.report(id, ReportKind::Released { cause, q850: cause.q850() });
            self.release(now, id, cause);
        }
    }

    /// Two legs that have answered us are joined.
    pub(super) fn join(&mut self, now: Time, first: LegId, second: LegId) {
        for (leg, peer) in [(first, second), (second, first)] {
            if let Some(leg) = self.legs.get_mut(&leg) {
                leg.peer = Some(peer);
            }
        }
        match self.fit(first, second) {
            Ok(None) => {}
            Ok(Some(body)) => {
                let usage = self.legs.get(&first).and_then(|leg| leg.chosen);
                if let Some(usage) = usage {
                    let offer = Offer { method: OfferMethod::ReInvite, headers: Headers::none(), body: Some(body) };
                    // An offer that crosses another one is tried again by the dialog; a leg that is gone needs none.
                    let _ = self.endpoint.offer(now.0, usage, offer);
                }
            }
            Err(super::media_path::NothingInCommon) => {
                let cause = Cause::Incompatible;
                self.report(second, ReportKind::Released { cause, q850: cause.q850() });
                self.release(now, second, cause);
            }
        }
    }

    /// Makes a ringing phone answer (the `talk` event package of phones, as the field uses it).
    pub(super) fn answer_remotely(&mut self, now: Time, order: OrderId, id: LegId) {
        let fault = match self.legs.get(&id) {
            None => Some(OrderFault::UnknownLeg),
            Some(leg) => {
                let can = self.users.get(&leg.device).and_then(|user| self.devices.get(user)).is_some_and(|it| it.remote_answer);
                match leg.usage().filter(|_| can && leg.role == Role::Ordered && !leg.is_answered()) {
                    None => Some(OrderFault::DeviceCannot),
                    Some(usage) => self.tell_to_talk(now, order, usage),
                }
            }
        };
        if let Some(why) = fault {
            self.out.push_back(Output::Core(EngineInput::OrderFailed { id: order, why }));
        }
    }

    fn tell_to_talk(&mut self, now: Time, order: OrderId, usage: UsageKey) -> Option<OrderFault> {
        let headers = Headers::none().with("Event", "talk").with("Subscription-State", "active");
        match self.endpoint.send(now.0, usage, Method::Notify, headers, None) {
            Ok(()) => {
                self.asked.insert(usage, Asked::Talk(order));
                None
            }
            Err(_) => Some(OrderFault::DeviceCannot),
        }
    }

    /// Ends a leg, whatever its state.
    pub(super) fn release(&mut self, now: Time, id: LegId, why: Cause) {
        let Some(leg) = self.legs.get(&id) else { return };
        let usages: Vec<UsageKey> = leg.usages.clone();
        for usage in usages {
            let headers = cause::reason(why);
            let code = cause::status(why);
            let headers = if code == 503 { headers.with("Retry-After", "5") } else { headers };
            // A usage that has ended by itself needs no end.
            let _ = self.endpoint.end(now.0, usage, code, headers);
        }
        self.forget(now, id);
    }

    /// Is the phone at the other end of this dialog still there?
    pub(super) fn probe(&mut self, now: Time, usage: UsageKey) {
        if self.asked.contains_key(&usage) {
            return;
        }
        if self.endpoint.send(now.0, usage, Method::Options, Headers::none(), None).is_ok() {
            self.asked.insert(usage, Asked::Probe);
        }
    }

    pub(super) fn request_done(&mut self, now: Time, usage: UsageKey, method: Method, code: u16) {
        if !matches!(method, Method::Options | Method::Notify) {
            return;
        }
        match self.asked.remove(&usage) {
            // Any answer but these shows that the dialog lives (RFC 5057 5.1).
            Some(Asked::Probe) if matches!(code, 408 | 481 | 503) => self.lost_for(now, usage, Cause::MediaLost),
            Some(Asked::Probe) | None => {}
            Some(Asked::Talk(order)) => {
                let input = match code {
                    200..=299 => EngineInput::OrderDone(order),
                    408 | 503 => EngineInput::OrderFailed { id: order, why: OrderFault::NoResponse },
                    _ => EngineInput::OrderFailed { id: order, why: OrderFault::Refused },
                };
                self.out.push_back(Output::Core(input));
            }
        }
    }

    /// Refuses a call that we cannot take.
    pub(super) fn refuse(&mut self, now: Time, usage: UsageKey, code: u16, headers: Headers) {
        // A caller that has hung up meanwhile needs no refusal.
        let _ = self.endpoint.reject(now.0, usage, &Response::new(code).with_headers(headers));
    }

    /// A leg is over for this engine; its usages may still say good-bye.
    pub(super) fn forget(&mut self, now: Time, id: LegId) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        for usage in &leg.usages {
            self.by_usage.remove(usage);
            self.asked.remove(usage);
        }
        if let Some(at) = leg.session_at.take() {
            self.session_deadlines.remove(&(at, id));
        }
        self.close_port(&mut leg);
        if leg.is_answered() {
            self.out.push_back(Output::Checkpoint(id, None));
        }
        self.let_go_of_offer(now, &leg);
    }

    /// The peer of a leg that goes may wait for the answer to an offer that it passed.
    fn let_go_of_offer(&mut self, now: Time, leg: &Leg) {
        if let Some(waiting) = leg.relays_for
            && let Some(usage) = self.legs.get(&waiting).and_then(|leg| leg.chosen)
        {
            let _ = self.endpoint.reject_offer(now.0, usage, &Response::new(500));
        }
    }
}
