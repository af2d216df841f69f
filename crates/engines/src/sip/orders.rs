//! What the core orders on a leg that is there.

use super::leg::{Role, Why};
use super::{Asked, Output, SipEngine, cause};
use ::sip::dialog::{OfferMethod, UsageKey};
use ::sip::message::{Headers, Method};
use ::sip::transaction::Response;
use switching::cause::Cause;
use switching::engine::{EngineInput, OrderFault, ReportKind};
use switching::id::{LegId, OrderId};
use switching::time::Time;

impl SipEngine {
    /// The caller is told that its destination rings: 180, or 183 where early sound is there.
    pub(super) fn alert(&mut self, now: Time, id: LegId, peer: Option<LegId>) {
        if peer.is_some_and(|peer| self.legs.get(&peer).is_some_and(|peer| peer.is_answered())) {
            // It answered without a word before: the answer goes on to the caller at once, and needs no ringing before it.
            return;
        }
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let usage = leg.usage().filter(|_| !leg.is_answered());
        let sounds = peer.filter(|peer| self.legs.get(peer).is_some_and(|peer| peer.remote.is_some()));
        leg.progress_from = peer;
        if leg.peer.is_none() || sounds.is_some() {
            leg.peer = peer;
        }
        let (may, must) = leg.reliable;
        // An offer may stand in a reliable response only (RFC 3262 5), and a reliable one must hold it.
        let body = sounds.filter(|_| may || !leg.delayed).and_then(|peer| self.answer_for(&mut leg, Some(peer)));
        let mute = leg.delayed && must && body.is_none();
        self.legs.insert(id, leg);
        if let Some(peer) = sounds {
            self.bridge(id, peer);
        }
        if let Some(usage) = usage.filter(|_| !mute) {
            let (code, reliable) = if body.is_some() { (183, true) } else { (180, false) };
            // A caller that has hung up meanwhile needs no ringing.
            let _ = self.endpoint.provisional(now.0, usage, code, Headers::none(), body, reliable);
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
        let Some(usage) = leg.usage().filter(|_| !leg.is_answered()) else {
            self.legs.insert(id, leg);
            return;
        };
        leg.peer = Some(peer);
        // Offer and answer are exchanged already where our offer went in a reliable provisional response.
        let exchanged = leg.delayed && leg.remote.is_some();
        let body = if exchanged { None } else { self.answer_for(&mut leg, Some(peer)) };
        let fits = exchanged || body.is_some();
        let headers = self.session_in_answer(now, &mut leg);
        leg.chosen = Some(usage);
        leg.delayed &= !exchanged;
        self.listen_again(&leg);
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
            self.incompatible(now, id);
        }
    }

    /// Two legs that have answered us are joined.
    pub(super) fn join(&mut self, now: Time, first: LegId, second: LegId) {
        for (leg, peer) in [(first, second), (second, first)] {
            if let Some(leg) = self.legs.get_mut(&leg) {
                leg.peer = Some(peer);
            }
        }
        self.fit_or_offer(now, first, second);
    }

    /// Lets two legs hear each other; `first` is offered less where `second` took less, and `second` ends where nothing fits.
    pub(super) fn fit_or_offer(&mut self, now: Time, first: LegId, second: LegId) {
        match self.fit(first, second) {
            Ok(None) => {}
            Ok(Some(session)) => {
                // A leg that is gone needs no offer; one under way is answered in the same codecs.
                let _ = self.send_offer(now, first, OfferMethod::ReInvite, Some(session), Why::Narrower(second));
            }
            Err(super::media_path::NothingInCommon) => self.incompatible(now, second),
        }
    }

    fn incompatible(&mut self, now: Time, id: LegId) {
        let cause = Cause::Incompatible;
        self.report(id, ReportKind::Released { cause, q850: cause.q850() });
        self.release(now, id, cause);
    }

    /// Makes a ringing phone answer (the `talk` event package of phones, as the field uses it). Which phones know it is a setting,
    /// and the core's: an order is for one that does.
    pub(super) fn answer_remotely(&mut self, now: Time, order: OrderId, id: LegId) {
        let fault = match self.legs.get(&id) {
            None => Some(OrderFault::UnknownLeg),
            Some(leg) => {
                let rings = leg.role == Role::Ordered && !leg.is_answered();
                let usages: Vec<UsageKey> = leg.forks.iter().filter(|_| rings).map(|fork| fork.usage).collect();
                self.tell_to_talk(now, order, &usages)
            }
        };
        if let Some(why) = fault {
            self.out.push_back(Output::Core(EngineInput::OrderFailed { id: order, why }));
        }
    }

    /// Tells the first contact that rings: one that has not said so yet has no dialog to tell it in.
    fn tell_to_talk(&mut self, now: Time, order: OrderId, usages: &[UsageKey]) -> Option<OrderFault> {
        for usage in usages {
            let headers = Headers::none().with("Event", "talk").with("Subscription-State", "active");
            if self.endpoint.send(now.0, *usage, Method::Notify, headers, None).is_ok() {
                self.asked.insert(*usage, Asked::Talk(order));
                return None;
            }
        }
        Some(OrderFault::DeviceCannot)
    }

    /// Ends a leg, whatever its state.
    pub(super) fn release(&mut self, now: Time, id: LegId, why: Cause) {
        let Some(leg) = self.legs.get(&id) else { return };
        let mut headers = cause::reason(why);
        let code = leg.refused.filter(|(cause, _)| *cause == why).map_or(cause::status(why), |(_, code)| code);
        if code == 503 {
            headers.push("Retry-After", super::incoming::RETRY_AFTER_S);
        }
        let (device, chosen) = (leg.device, leg.chosen);
        for (usage, home) in leg.forks.iter().map(|fork| (fork.usage, fork.home.clone())).collect::<Vec<_>>() {
            if chosen == Some(usage) && self.is_adrift(usage) {
                self.end_when_back(now, usage, device, home, headers.clone());
                continue;
            }
            // A usage that has ended by itself needs no end.
            let _ = self.endpoint.end(now.0, usage, code, headers.clone());
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
            Some(Asked::Probe) => {
                if let Some(leg) = self.leg_of(usage).and_then(|id| self.legs.get(&id)) {
                    self.listen_again(leg);
                }
            }
            None => {}
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
        for fork in &leg.forks {
            self.by_usage.remove(&fork.usage);
            self.asked.remove(&fork.usage);
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
}
