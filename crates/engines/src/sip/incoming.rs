//! What phones do: they call, change the session, press keys, hang up.

use super::auth::Sender;
use super::leg::{Leg, Role};
use super::{cause, SipEngine};
use ::sip::dialog::{Offer, OfferMethod, UsageKey};
use ::sip::message::{Body, Headers, Message, Method};
use ::sip::sdp::{answer, relay_codecs, rewrite_for_relay, Direction, Session};
use ::sip::transaction::{Response, ServerKey};
use ::sip::transport::Flow;
use switching::cause::Cause;
use switching::engine::ReportKind;
use switching::id::LegId;
use switching::party::Digits;
use switching::time::Time;

/// What a caller that cannot be taken now is told to wait, in seconds.
const RETRY_AFTER_S: &str = "5";

impl SipEngine {
    pub(super) fn invited(&mut self, now: Time, usage: UsageKey, flow: &Flow, sdp: Option<&[u8]>, message: &Message) {
        let device = match self.authenticate(now, flow, message) {
            Sender::Device { id, .. } => id,
            Sender::Challenge(headers) => return self.refuse(now, usage, 401, headers),
        };
        let dialled = message.request_uri().ok().and_then(|uri| super::auth::user_of(&uri));
        let Some(dialled) = dialled.and_then(|dialled| Digits::parse(&dialled)) else {
            return self.refuse(now, usage, 404, Headers::none());
        };
        let headers = match self.session_of_request(message) {
            Ok(answer) => answer,
            Err(min_se) => return self.refuse(now, usage, 422, min_se),
        };
        self.arrived += 1;
        let id = LegId::arrived(self.config.legs_from + self.arrived);
        let mut leg = Box::new(Leg::new(id, device, Role::Arrived));
        leg.usages.push(usage);
        leg.session_answer = headers;
        if !self.open_port(&mut leg, flow) {
            return self.refuse(now, usage, 503, Headers::none().with("Retry-After", RETRY_AFTER_S));
        }
        if let Some(sdp) = sdp
            && !self.take_remote(&mut leg, sdp)
        {
            self.close_port(&mut leg);
            return self.refuse(now, usage, 488, Headers::none());
        }
        self.trace.note(id, message.call_id());
        self.by_usage.insert(usage, id);
        self.legs.insert(id, leg);
        self.report(id, ReportKind::Arrived { device, dialled, from: None });
    }

    /// The ACK for our answer; it holds the phone's answer where its INVITE held no offer.
    pub(super) fn acked(&mut self, _now: Time, usage: UsageKey, sdp: Option<&[u8]>) {
        let Some(id) = self.leg_of(usage) else { return };
        if let Some(sdp) = sdp
            && let Some(mut leg) = self.legs.remove(&id)
        {
            self.take_remote(&mut leg, sdp);
            self.legs.insert(id, leg);
        }
    }

    pub(super) fn pracked(&mut self, now: Time, usage: UsageKey, key: Option<ServerKey>) {
        let Some(key) = key else { return };
        // A new offer in a PRACK (RFC 3262 5) is answered with what we said before.
        let local = self.leg_of(usage).and_then(|id| self.legs.get(&id)).and_then(|leg| leg.local.as_deref());
        let body = local.map(|session| Body::sdp(session.to_string()));
        self.endpoint.respond(now.0, key, &Response::new(200).with_body(body.as_ref()));
    }

    /// The phone offers a change of the session: passed to its peer, whose answer decides.
    pub(super) fn offered(&mut self, now: Time, usage: UsageKey, update: bool, sdp: Option<&[u8]>, message: &Message) {
        let Some(id) = self.leg_of(usage) else {
            let _ = self.endpoint.reject_offer(now.0, usage, &Response::new(481));
            return;
        };
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let refresh = self.session_refreshed_by_peer(now, &mut leg, message);
        let Some(sdp) = sdp else {
            // Without an offer we say again what we said (RFC 3261 14.2), or only confirm an UPDATE.
            let local = leg.local.as_deref().filter(|_| !update).map(|session| Body::sdp(session.to_string()));
            self.legs.insert(id, leg);
            let _ = self.endpoint.accept_offer(now.0, usage, refresh, local.as_ref());
            return;
        };
        let readable = self.take_remote(&mut leg, sdp);
        let peer = leg.peer.filter(|_| leg.is_answered());
        let remote = leg.remote.clone();
        self.legs.insert(id, leg);
        if !readable {
            let _ = self.endpoint.reject_offer(now.0, usage, &Response::new(488));
            return;
        }
        let passed = peer.and_then(|peer| self.pass_offer(now, id, peer, update, remote.as_deref()?));
        match passed {
            Some(Passed::Waits) => {}
            Some(Passed::Busy) => {
                let _ = self.endpoint.reject_offer(now.0, usage, &Response::new(491));
            }
            None => self.answer_alone(now, id, usage, refresh),
        }
    }

    fn pass_offer(&mut self, now: Time, from: LegId, to: LegId, update: bool, offered: &Session) -> Option<Passed> {
        let leg = self.legs.get_mut(&to)?;
        let (usage, shown) = (leg.chosen?, leg.shown?);
        let session = rewrite_for_relay(offered, shown, &mut leg.origin);
        let body = Body::sdp(session.to_string());
        let method = if update { OfferMethod::Update } else { OfferMethod::ReInvite };
        match self.endpoint.offer(now.0, usage, Offer { method, headers: Headers::none(), body: Some(body) }) {
            Ok(()) => {
                if let Some(leg) = self.legs.get_mut(&to) {
                    leg.local = Some(Box::new(session));
                    leg.relays_for = Some(from);
                }
                Some(Passed::Waits)
            }
            Err(sip::dialog::Refused::OfferPending) => Some(Passed::Busy),
            Err(_) => None,
        }
    }

    /// Nobody is at the other end of the session yet: we answer for ourselves.
    fn answer_alone(&mut self, now: Time, id: LegId, usage: UsageKey, headers: Headers) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let own = match (leg.remote.as_deref(), leg.shown) {
            (Some(remote), Some(shown)) => {
                answer(remote, &relay_codecs(), shown, Direction::SendRecv, &mut leg.origin).ok()
            }
            (_, _) => None,
        };
        match own {
            Some(session) => {
                let body = Body::sdp(session.to_string());
                leg.local = Some(Box::new(session));
                let _ = self.endpoint.accept_offer(now.0, usage, headers, Some(&body));
            }
            None => {
                let _ = self.endpoint.reject_offer(now.0, usage, &Response::new(488));
            }
        }
    }

    pub(super) fn offer_answered(&mut self, now: Time, usage: UsageKey, sdp: Option<&[u8]>, message: &Message) {
        let Some(id) = self.leg_of(usage) else { return };
        let Some(mut leg) = self.legs.remove(&id) else { return };
        self.session_refreshed_by_us(now, &mut leg, message);
        if let Some(sdp) = sdp {
            self.take_remote(&mut leg, sdp);
        }
        let waiting = leg.relays_for.take();
        let answered = leg.remote.clone();
        let peer = leg.peer;
        self.legs.insert(id, leg);
        match waiting {
            Some(waiting) => self.pass_answer(now, waiting, answered.as_deref()),
            None => {
                // Our own offer after a narrower answer: the numbers may have changed.
                if let Some(peer) = peer {
                    let _ = self.fit(id, peer);
                }
            }
        }
    }

    fn pass_answer(&mut self, now: Time, waiting: LegId, answered: Option<&Session>) {
        let Some(leg) = self.legs.get_mut(&waiting) else { return };
        let (Some(usage), Some(shown), Some(answered)) = (leg.chosen, leg.shown, answered) else { return };
        let mut session = rewrite_for_relay(answered, shown, &mut leg.origin);
        if let Some(offered) = leg.remote.as_deref() {
            sip::sdp::align_answer(offered, &mut session);
        }
        let body = Body::sdp(session.to_string());
        leg.local = Some(Box::new(session));
        let headers = super::session::current(leg);
        let _ = self.endpoint.accept_offer(now.0, usage, headers, Some(&body));
    }

    pub(super) fn offer_refused(&mut self, now: Time, usage: UsageKey, code: u16) {
        let Some(id) = self.leg_of(usage) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if let Some(timer) = &mut leg.session {
            timer.retry_refresh();
        }
        let waiting = leg.relays_for.take().and_then(|waiting| self.legs.get(&waiting)).and_then(|leg| leg.chosen);
        if let Some(waiting) = waiting {
            let _ = self.endpoint.reject_offer(now.0, waiting, &Response::new(code));
        }
        self.watch_session(id);
        if matches!(code, 408 | 481) {
            self.lost_for(now, usage, Cause::PeerFailure);
        }
    }

    /// INFO: digits are told to the core; all of it is passed to the peer.
    pub(super) fn info(&mut self, now: Time, usage: UsageKey, content_type: &[u8], body: &[u8]) {
        let Some(id) = self.leg_of(usage) else { return };
        let peer = self.legs.get(&id).and_then(|leg| leg.peer);
        if let Some(peer) = peer.and_then(|peer| self.legs.get(&peer)).and_then(|leg| leg.chosen) {
            let content_type = String::from_utf8_lossy(content_type).into_owned();
            let body = (!body.is_empty()).then(|| Body::new(content_type, body.to_vec()));
            // A peer that is going away needs no digits.
            let _ = self.endpoint.send(now.0, peer, Method::Info, Headers::none(), body);
        }
        if let Some(digits) = digits_in(content_type, body) {
            self.report(id, ReportKind::Digits { digits });
        }
    }

    /// REFER and its like come later; a NOTIFY that nobody asked for is acknowledged as such.
    pub(super) fn in_dialog(&mut self, now: Time, key: ServerKey, message: &Message) {
        let code = if message.method() == Method::Notify { 489 } else { 405 };
        self.endpoint.respond(now.0, key, &Response::new(code));
    }

    pub(super) fn hung_up(&mut self, now: Time, usage: UsageKey, message: &Message) {
        let Some(id) = self.leg_of(usage) else { return };
        let cause = Cause::NormalClearing;
        let q850 = cause::q850(message).unwrap_or(cause.q850());
        self.report(id, ReportKind::Released { cause, q850 });
        self.forget(now, id);
    }

    /// Nobody acknowledged what we said: the leg is lost.
    pub(super) fn lost(&mut self, now: Time, usage: UsageKey) {
        self.lost_for(now, usage, Cause::PeerFailure);
    }

    pub(super) fn lost_for(&mut self, now: Time, usage: UsageKey, why: Cause) {
        let Some(id) = self.leg_of(usage) else { return };
        self.report(id, ReportKind::Released { cause: why, q850: why.q850() });
        self.release(now, id, why);
    }

    pub(super) fn ended(&mut self, now: Time, usage: UsageKey) {
        match self.leg_of(usage) {
            Some(_) => self.lost_for(now, usage, Cause::PeerFailure),
            None => self.orphan_ended(usage),
        }
    }
}

enum Passed {
    Waits,
    Busy,
}

/// The digits of an INFO as phones send them (`application/dtmf-relay`: `Signal=5`; `application/dtmf`: `5`).
fn digits_in(content_type: &[u8], body: &[u8]) -> Option<Digits> {
    let kind = content_type.split(|b| *b == b';').next()?.trim_ascii().to_ascii_lowercase();
    let text = std::str::from_utf8(body).ok()?;
    let signal = match kind.as_slice() {
        b"application/dtmf-relay" => text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim())
        })?,
        b"application/dtmf" => text.trim(),
        _ => return None,
    };
    let number = match signal {
        "10" => "*",
        "11" => "#",
        other => other,
    };
    let known = number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit() || b"*#ABCDabcd".contains(&b));
    if known { Digits::parse(number) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_an_info() {
        let digits = |kind: &str, body: &str| digits_in(kind.as_bytes(), body.as_bytes()).map(|d| d.to_string());
        assert_eq!(digits("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n").as_deref(), Some("5"));
        assert_eq!(digits("Application/DTMF-Relay; x=y", "signal = 11").as_deref(), Some("#"));
        assert_eq!(digits("application/dtmf", "*\r\n").as_deref(), Some("*"));
        assert_eq!(digits("application/dtmf", "12"), None);
        assert_eq!(digits("text/plain", "5"), None);
    }
}
