//! Changes of a running session: a phone's re-INVITE or UPDATE goes to its peer, and the peer's answer comes back (RFC 3261
//! 14, RFC 3311, RFC 3264 8). Until then the session stays as it was, and a refusal leaves it so.
//!
//! Glare and repetition are the dialog's work; what the descriptions mean is decided by the phones.

use super::leg::{Leg, Offered, Offering, Why};
use super::{SipEngine, session};
use ::sip::dialog::{Offer, OfferMethod, Refused, UsageKey};
use ::sip::message::{Body, Headers, Message};
use ::sip::sdp::{Audio, Direction, Session, align_answer, answer, relay_codecs, rewrite_for_relay};
use ::sip::transaction::Response;
use bytes::Bytes;
use switching::cause::Cause;
use switching::id::LegId;
use switching::time::Time;

/// What became of an offer that was to be passed.
enum Passed {
    /// The peer has it.
    Waits,
    /// An offer of ours to the peer is under way: the phone tries again.
    Busy,
    /// Nobody is at the other end yet.
    Alone,
}

impl SipEngine {
    /// The phone offers a change of the session, or asks for our offer.
    pub(super) fn offered(&mut self, now: Time, usage: UsageKey, update: bool, sdp: Option<&Bytes>, message: &Message) {
        let Some(id) = self.leg_of(usage) else {
            return self.reject_offer(now, usage, 481, Headers::none());
        };
        let timer = match self.session_of_offer(id, message) {
            Ok(timer) => timer,
            Err(min_se) => return self.reject_offer(now, usage, 422, min_se),
        };
        let session = sdp.map(|sdp| Session::parse(sdp).ok().filter(|session| Audio::index_in(session).is_some()));
        let session = match session {
            Some(None) => return self.reject_offer(now, usage, 488, Headers::none()),
            Some(Some(session)) => Some(session),
            None if update => return self.confirm(now, id, usage, timer.as_ref(), None),
            None => None,
        };
        let passed = self.pass_offer(now, id, update, session.as_ref());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.offered = Some(Box::new(Offered { session, timer }));
        match passed {
            Passed::Waits => {}
            Passed::Busy => {
                leg.offered = None;
                self.reject_offer(now, usage, 491, Headers::none());
            }
            Passed::Alone => self.answer_alone(now, id, usage),
        }
    }

    fn pass_offer(&mut self, now: Time, from: LegId, update: bool, session: Option<&Session>) -> Passed {
        let peer = self.legs.get(&from).filter(|leg| leg.is_answered()).and_then(|leg| leg.peer);
        let Some(peer) = peer else { return Passed::Alone };
        let Some(leg) = self.legs.get_mut(&peer) else { return Passed::Alone };
        let (Some(_), Some(shown)) = (leg.chosen, leg.shown) else { return Passed::Alone };
        let session = session.map(|session| rewrite_for_relay(session, shown, &mut leg.origin));
        let method = if update { OfferMethod::Update } else { OfferMethod::ReInvite };
        match self.send_offer(now, peer, method, session, Why::Relayed(from)) {
            Ok(()) => Passed::Waits,
            Err(Refused::OfferPending) => Passed::Busy,
            Err(Refused::Unknown | Refused::State | Refused::Full) => Passed::Alone,
        }
    }

    /// Offers a leg a change. Without a session the phone is asked for its offer.
    pub(super) fn send_offer(
        &mut self,
        now: Time,
        id: LegId,
        method: OfferMethod,
        session: Option<Session>,
        why: Why,
    ) -> Result<(), Refused> {
        let config = self.timer_config();
        let Some(leg) = self.legs.get_mut(&id) else { return Err(Refused::Unknown) };
        let Some(usage) = leg.chosen else { return Err(Refused::State) };
        let headers = session::refresh_lines(leg, &config);
        let body = session.as_ref().map(|session| Body::sdp(session.to_string()));
        self.endpoint.offer(now.0, usage, Offer { method, headers, body })?;
        let before = match session {
            Some(session) => leg.local.replace(Box::new(session)),
            None => leg.local.clone(),
        };
        leg.offering = Some(Box::new(Offering { why, before }));
        Ok(())
    }

    /// Nobody is at the other end of the session yet: we answer for ourselves, in codecs that the peer takes where one is known.
    fn answer_alone(&mut self, now: Time, id: LegId, usage: UsageKey) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let Some(offered) = leg.offered.take() else { return };
        let own = match (&offered.session, leg.shown) {
            (None, _) => leg.local.as_deref().cloned(),
            (Some(session), Some(shown)) => {
                let peer = leg.peer.and_then(|peer| self.legs.get(&peer)).and_then(|peer| peer.remote.as_deref());
                let codecs = peer.and_then(Audio::of).map_or_else(relay_codecs, |audio| audio.codecs);
                answer(session, &codecs, shown, Direction::SendRecv, &mut leg.origin).ok()
            }
            (Some(_), None) => None,
        };
        if let (Some(session), Some(_)) = (&offered.session, &own) {
            self.hear(&mut leg, session.clone());
        }
        self.legs.insert(id, leg);
        match own {
            Some(own) => self.confirm(now, id, usage, offered.timer.as_ref(), Some(own)),
            None => self.reject_offer(now, usage, 488, Headers::none()),
        }
    }

    /// Accepts the phone's offer and starts its session timer anew.
    fn confirm(
        &mut self,
        now: Time,
        id: LegId,
        usage: UsageKey,
        timer: Option<&::sip::session_timer::TimerAnswer>,
        local: Option<Session>,
    ) {
        let body = local.as_ref().map(|session| Body::sdp(session.to_string()));
        let headers = timer.map_or_else(Headers::none, session::print);
        if self.endpoint.accept_offer(now.0, usage, headers, body.as_ref()).is_err() {
            return;
        }
        if let Some(local) = local
            && let Some(leg) = self.legs.get_mut(&id)
        {
            leg.local = Some(Box::new(local));
        }
        if let Some(timer) = timer {
            self.session_refreshed_by_peer(now, id, timer);
        }
    }

    /// The phone answered our offer (or gave its own, where we asked for it).
    pub(super) fn offer_answered(&mut self, now: Time, usage: UsageKey, sdp: Option<&Bytes>, message: &Message) {
        let Some(id) = self.leg_of(usage) else { return };
        self.session_refreshed_by_us(now, id, message);
        let Some(mut leg) = self.legs.remove(&id) else { return };
        if let Some(session) = sdp.and_then(|sdp| Session::parse(sdp).ok()) {
            self.hear(&mut leg, session);
        }
        let offering = leg.offering.take();
        self.legs.insert(id, leg);
        match offering.map(|offering| offering.why) {
            Some(Why::Relayed(waiting)) => self.pass_answer(now, waiting, id),
            Some(Why::Narrower(other)) => {
                // Asked once: what it does not understand now it will not understand later.
                let _ = self.fit(id, other);
            }
            Some(Why::Refresh) | None => {}
        }
    }

    /// The answer of `id` goes to the leg whose offer it was.
    fn pass_answer(&mut self, now: Time, waiting: LegId, id: LegId) {
        let Some(mut leg) = self.legs.remove(&waiting) else { return };
        let (Some(usage), Some(shown), Some(offered)) = (leg.chosen, leg.shown, leg.offered.take()) else {
            self.legs.insert(waiting, leg);
            return self.undo(now, waiting, id);
        };
        let answered = self.legs.get(&id).and_then(|leg| leg.remote.as_deref());
        let local = answered.map(|answered| {
            let mut session = rewrite_for_relay(answered, shown, &mut leg.origin);
            if let Some(offer) = &offered.session {
                align_answer(offer, &mut session);
            }
            session
        });
        let body = local.as_ref().map(|session| Body::sdp(session.to_string()));
        let headers = offered.timer.as_ref().map_or_else(Headers::none, session::print);
        let accepted = self.endpoint.accept_offer(now.0, usage, headers, body.as_ref()).is_ok();
        if accepted {
            leg.local = local.map(Box::new).or_else(|| leg.local.take());
            match offered.session {
                Some(session) => self.hear(&mut leg, session),
                None => leg.answers_for = Some(id),
            }
        }
        self.legs.insert(waiting, leg);
        if let (true, Some(timer)) = (accepted, &offered.timer) {
            self.session_refreshed_by_peer(now, waiting, timer);
        }
        if accepted {
            self.same_numbers([waiting, id]);
        } else {
            self.undo(now, waiting, id);
        }
    }

    /// The phone took its offer back while its peer had accepted: the peer gets the old description again.
    fn undo(&mut self, now: Time, from: LegId, id: LegId) {
        let old = self.legs.get(&from).and_then(|leg| leg.remote.clone());
        let (Some(old), Some(leg)) = (old, self.legs.get_mut(&id)) else { return };
        let (Some(usage), Some(shown)) = (leg.chosen, leg.shown) else { return };
        let session = rewrite_for_relay(&old, shown, &mut leg.origin);
        // Where we had asked for its offer it still waits for an answer, which is this one.
        let body = Body::sdp(session.to_string());
        if self.endpoint.ack(now.0, usage, Some(&body)).is_ok() {
            leg.local = Some(Box::new(session));
            return;
        }
        // A session that ends meanwhile needs nothing made good.
        let _ = self.send_offer(now, id, OfferMethod::ReInvite, Some(session), Why::Refresh);
    }

    /// The ACK of a re-INVITE without offer holds the answer for its peer's 2xx.
    pub(super) fn pass_delayed_answer(&mut self, now: Time, to: LegId, from: LegId) {
        let answered = self.legs.get(&from).and_then(|leg| leg.remote.clone());
        let Some(leg) = self.legs.get_mut(&to) else { return };
        let (Some(usage), Some(shown)) = (leg.chosen, leg.shown) else { return };
        let session = answered.map(|answered| {
            let mut session = rewrite_for_relay(&answered, shown, &mut leg.origin);
            if let Some(offer) = leg.remote.as_deref() {
                align_answer(offer, &mut session);
            }
            session
        });
        let body = session.as_ref().map(|session| Body::sdp(session.to_string()));
        if self.endpoint.ack(now.0, usage, body.as_ref()).is_ok()
            && let Some(session) = session
        {
            leg.local = Some(Box::new(session));
        }
    }

    pub(super) fn offer_refused(&mut self, now: Time, usage: UsageKey, code: u16, message: Option<&Message>) {
        let Some(id) = self.leg_of(usage) else { return };
        self.refresh_refused(now, id, code, message);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if let Some(offering) = leg.offering.take() {
            leg.local = offering.before;
            if let Why::Relayed(waiting) = offering.why {
                // A dialog that is gone at one end is no reason for the other phone to think that its own is.
                let told = if matches!(code, 408 | 481 | 503) { 500 } else { code };
                self.refuse_waiting(now, waiting, told);
            }
        }
        if matches!(code, 408 | 481) {
            self.lost_for(now, usage, Cause::PeerFailure);
        }
    }

    fn refuse_waiting(&mut self, now: Time, waiting: LegId, code: u16) {
        let Some(leg) = self.legs.get_mut(&waiting) else { return };
        leg.offered = None;
        if let Some(usage) = leg.chosen {
            self.reject_offer(now, usage, code, Headers::none());
        }
    }

    fn reject_offer(&mut self, now: Time, usage: UsageKey, code: u16, headers: Headers) {
        // An offer that its phone took back needs no refusal.
        let _ = self.endpoint.reject_offer(now.0, usage, &Response::new(code).with_headers(headers));
    }

    /// The peer of a leg that goes may wait for the answer to an offer that it passed.
    pub(super) fn let_go_of_offer(&mut self, now: Time, leg: &Leg) {
        if let Some(Why::Relayed(waiting)) = leg.offering.as_ref().map(|offering| offering.why) {
            self.refuse_waiting(now, waiting, 500);
        }
    }
}
