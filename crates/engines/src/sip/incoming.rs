//! What phones do on their legs: they call, acknowledge, press keys, hang up. Changes of the session are in `offers.rs`.

use super::auth::Sender;
use super::leg::{Fork, Leg, Role};
use super::{SipEngine, cause};
use ::sip::dialog::UsageKey;
use ::sip::message::{Body, HeaderName, Headers, Message, Method, Scheme, Uri};
use ::sip::sdp::{Audio, Direction, Session, answer};
use ::sip::transaction::{Response, ServerKey};
use ::sip::transport::Flow;
use bytes::Bytes;
use switching::cause::Cause;
use switching::engine::ReportKind;
use switching::id::LegId;
use switching::party::Digits;
use switching::time::Time;

/// What a caller that cannot be taken now is told to wait, in seconds.
pub(super) const RETRY_AFTER_S: &str = "5";

impl SipEngine {
    pub(super) fn invited(&mut self, now: Time, usage: UsageKey, flow: &Flow, sdp: Option<&Bytes>, message: &Message) {
        let device = match self.authenticate(now, flow, message) {
            Sender::Device { id, .. } => id,
            Sender::Challenge(headers) => return self.refuse(now, usage, 401, headers),
        };
        let dialled = message.request_uri().ok().and_then(|uri| dialled(&uri));
        let Some(dialled) = dialled.and_then(|dialled| Digits::parse(&dialled)) else {
            return self.refuse(now, usage, 404, Headers::none());
        };
        let session_answer = match self.session_of_request(message) {
            Ok(answer) => answer,
            Err(min_se) => return self.refuse(now, usage, 422, min_se),
        };
        let session = sdp.map(|sdp| Session::parse(sdp).ok().filter(|session| Audio::index_in(session).is_some()));
        if let Some(None) = session {
            return self.refuse(now, usage, 488, Headers::none());
        }
        self.arrived += 1;
        let id = LegId::arrived(self.config.legs_from + self.arrived);
        let mut leg = Box::new(Leg::new(id, device, Role::Arrived));
        let Some(shown) = self.open_port(&mut leg, flow) else {
            return self.refuse(now, usage, 503, Headers::none().with("Retry-After", RETRY_AFTER_S));
        };
        let home = self.home_of(now, device, flow);
        leg.forks.push(Fork {
            usage,
            contact: String::new(),
            home,
            shown,
            rang: false,
            early: None,
            expires_s: 0,
            attempt: 0,
        });
        leg.session_answer = session_answer;
        let patience_s = message.number(HeaderName::Expires);
        leg.gives_up_at = patience_s.map(|seconds| now.0 + u64::from(seconds) * 1_000);
        self.schedule(&mut leg);
        leg.delayed = session.is_none();
        let must = message.lists(HeaderName::Require, "100rel");
        leg.reliable = (must || message.lists(HeaderName::Supported, "100rel"), must);
        if let Some(session) = session.flatten() {
            self.hear(&mut leg, session);
        }
        self.trace.note(id, message.call_id());
        self.by_usage.insert(usage, id);
        self.legs.insert(id, leg);
        let withheld = withholds(message);
        self.report(id, ReportKind::Arrived { device, dialled, from: None, withheld });
    }

    /// The ACK for our answer; it holds the phone's answer where its INVITE held no offer.
    pub(super) fn acked(&mut self, now: Time, usage: UsageKey, sdp: Option<&Bytes>) {
        let Some(id) = self.leg_of(usage) else { return };
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let session = sdp.and_then(|sdp| Session::parse(sdp).ok());
        let heard = session.is_some();
        if let Some(session) = session {
            self.hear(&mut leg, session);
        }
        let (waits, first, peer) = (leg.answers_for.take(), leg.delayed && leg.remote.is_some(), leg.peer);
        // From here on it is a call like any other.
        leg.delayed &= !first;
        self.legs.insert(id, leg);
        match (waits, peer) {
            (Some(waits), _) => self.pass_delayed_answer(now, waits, id),
            (None, Some(peer)) if first && heard => self.fit_or_offer(now, peer, id),
            (None, _) => {}
        }
    }

    pub(super) fn pracked(&mut self, now: Time, usage: UsageKey, sdp: Option<&Bytes>, key: Option<ServerKey>) {
        let leg = self.leg_of(usage).and_then(|id| self.legs.remove(&id));
        let Some(mut leg) = leg else {
            if let Some(key) = key {
                self.endpoint.respond(now.0, key, &Response::new(481));
            }
            return;
        };
        let session = sdp.and_then(|sdp| Session::parse(sdp).ok());
        match (key, session) {
            // A new offer (RFC 3262 5) is answered in the codecs that are agreed.
            (Some(key), Some(session)) => {
                let local = leg.local.as_deref().and_then(Audio::of).map(|audio| audio.codecs).unwrap_or_default();
                let own = leg
                    .shown
                    .and_then(|shown| answer(&session, &local, shown, Direction::SendRecv, &mut leg.origin).ok());
                let body = own.as_ref().map(|own| Body::sdp(own.to_string()));
                let code = if own.is_some() { 200 } else { 488 };
                self.endpoint.respond(now.0, key, &Response::new(code).with_body(body.as_ref()));
                if let Some(own) = own {
                    self.hear(&mut leg, session);
                    leg.local = Some(Box::new(own));
                }
            }
            (Some(key), None) => {
                self.endpoint.respond(now.0, key, &Response::new(488));
            }
            // The answer to the offer in our provisional response.
            (None, Some(session)) => self.hear(&mut leg, session),
            (None, None) => {}
        }
        let (id, answered) = (leg.id, leg.is_answered());
        self.legs.insert(id, leg);
        if answered {
            // Our 200 waited for this.
            self.checkpoint(id);
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
        let Some(id) = self.leg_of(usage) else {
            self.not_adrift(usage);
            return;
        };
        let cause = Cause::NormalClearing;
        let q850 = cause::q850(message).unwrap_or(cause.q850());
        self.report(id, ReportKind::Released { cause, q850 });
        self.forget(now, id);
    }

    /// An INVITE that was to be answered by now was not: it ends as if its caller had cancelled it (RFC 3261 13.3.1).
    pub(super) fn patience_ends(&mut self, now: Time, id: LegId) {
        let Some(usage) = self.legs.get(&id).and_then(|leg| leg.usage().filter(|_| !leg.is_answered())) else { return };
        self.refuse(now, usage, 487, Headers::none());
        let cause = Cause::NormalClearing;
        self.report(id, ReportKind::Released { cause, q850: cause.q850() });
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

/// Whether a caller asks that it is not shown: `Privacy` with anything that covers its identity (RFC 3323 4.2, RFC 3325 9.3), or the
/// anonymous From that phones send for it (RFC 3323 4.1.1.3).
fn withholds(message: &Message) -> bool {
    let asked = |value: &[u8]| {
        value
            .split(|octet| *octet == b';')
            .map(<[u8]>::trim_ascii)
            .any(|word| ["id", "user", "header"].iter().any(|hides| word.eq_ignore_ascii_case(hides.as_bytes())))
    };
    message.values(HeaderName::Privacy).any(asked)
        || message.from().is_ok_and(|from| from.uri.host.eq_ignore_ascii_case(b"anonymous.invalid"))
}

/// The number that a request URI dials. Parameters of a telephone subscriber in its user part are none of it (RFC 3261
/// 19.1.6), and what makes a telephone number legible neither (RFC 3966 5.1.1).
fn dialled(uri: &Uri<'_>) -> Option<String> {
    let user = uri.user?;
    let end = user.iter().position(|b| *b == b';').unwrap_or(user.len());
    let number = super::auth::user_of(&Uri { user: Some(&user[..end]), ..*uri })?;
    let is_phone =
        uri.scheme == Scheme::Tel || uri.params.get("user").is_some_and(|kind| kind.eq_ignore_ascii_case(b"phone"));
    let plain = |number: &str| number.bytes().all(|b| b.is_ascii_digit() || b"+*#-.()".contains(&b));
    if is_phone && plain(&number) { Some(number.replace(['-', '.', '(', ')'], "")) } else { Some(number) }
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
    fn parameters_of_a_subscriber_are_not_dialled() {
        let dialled = |uri: &str| dialled(&Uri::parse(uri.as_bytes()).expect("a URI"));
        for (uri, number) in [
            ("sip:1102@x", "1102"),
            ("sip:1102;phone-context=x@x", "1102"),
            ("sip:1102;user=phone@x", "1102"),
            ("sip:+1-(212)-555.1212;ext=7@x;user=phone", "+12125551212"),
            ("sip:11-02@x", "11-02"),
            ("sip:jean-luc@x;user=phone", "jean-luc"),
            ("tel:+358-555-1234567;postd=pp22", "+3585551234567"),
            ("sip:a%3Bb@x", "a;b"),
        ] {
            assert_eq!(dialled(uri).as_deref(), Some(number), "{uri}");
        }
        assert_eq!(dialled("sip:x.test"), None);
    }

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
