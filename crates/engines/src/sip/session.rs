//! Session timers of legs (RFC 4028): each leg has its own, refreshed with the current description.
//!
//! A timer starts or starts anew only with a 2xx; a refused refresh leaves it running.

use super::SipEngine;
use super::leg::{Leg, Why};
use ::sip::dialog::OfferMethod;
use ::sip::message::{HeaderName, Headers, Message};
use ::sip::session_timer::{
    Due, SessionExpires, SessionTimer, TimerAnswer, TimerConfig, TimerHeaders, answer_headers, parse_min_se,
    parse_session_expires, retry_headers,
};
use switching::cause::Cause;
use switching::id::LegId;
use switching::time::Time;

/// A refused refresh is tried again after so long, in milliseconds.
const REFRESH_AGAIN_MS: u64 = 10_000;

impl SipEngine {
    pub(super) fn timer_config(&self) -> TimerConfig {
        self.config.session_timer.unwrap_or_default()
    }

    /// What our 200 will say to this INVITE. Without a wish of the peer and of ours there is no timer; too short a wish gets 422
    /// with these lines.
    pub(super) fn session_of_request(&self, message: &Message) -> Result<Option<TimerAnswer>, Headers> {
        let headers = read(message);
        if headers.session_expires.is_none() && self.config.session_timer.is_none() {
            return Ok(None);
        }
        self.answer_to(&headers)
    }

    /// The same for a re-INVITE or UPDATE.
    pub(super) fn session_of_offer(&self, id: LegId, message: &Message) -> Result<Option<TimerAnswer>, Headers> {
        let headers = read(message);
        let runs = self.legs.get(&id).is_some_and(|leg| leg.session.is_some());
        if headers.session_expires.is_none() && !runs {
            return Ok(None);
        }
        self.answer_to(&headers)
    }

    fn answer_to(&self, headers: &TimerHeaders) -> Result<Option<TimerAnswer>, Headers> {
        match answer_headers(&self.timer_config(), headers) {
            Ok(answer) => Ok(Some(answer)),
            Err(small) => Err(Headers::none().with("Min-SE", small.min_se_s.to_string())),
        }
    }

    /// Starts the timer of a leg that we answer; gives the lines of the 200.
    pub(super) fn session_in_answer(&mut self, now: Time, leg: &mut Leg) -> Headers {
        let Some(answer) = leg.session_answer else { return Headers::none() };
        leg.session = SessionTimer::after_answer(&answer, now.0);
        self.schedule(leg);
        print(&answer)
    }

    /// Starts the timer of a leg that answered us.
    pub(super) fn session_after_response(&mut self, now: Time, leg: &mut Leg, message: &Message) {
        leg.session = SessionTimer::after_response(&read(message), now.0);
        self.schedule(leg);
    }

    /// We accepted a re-INVITE or UPDATE of the peer, which refreshes the session.
    pub(super) fn session_refreshed_by_peer(&mut self, now: Time, id: LegId, answer: &TimerAnswer) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        leg.session = SessionTimer::after_answer(answer, now.0);
        self.schedule(&mut leg);
        self.legs.insert(id, leg);
    }

    /// Our own re-INVITE or UPDATE was answered.
    pub(super) fn session_refreshed_by_us(&mut self, now: Time, id: LegId, message: &Message) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        if let Some(timer) = &mut leg.session {
            timer.refreshed(SessionTimer::after_response(&read(message), now.0));
            leg.refresh_from = 0;
            self.schedule(&mut leg);
        }
        self.legs.insert(id, leg);
    }

    /// Our own re-INVITE or UPDATE was refused: the session runs on, and a refresh is tried again.
    pub(super) fn refresh_refused(&mut self, now: Time, id: LegId, code: u16, message: Option<&Message>) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        if let Some(timer) = &mut leg.session {
            timer.retry_refresh();
            leg.refresh_from = now.0 + REFRESH_AGAIN_MS;
            leg.min_se_s = message.filter(|_| code == 422).and_then(|message| read(message).min_se_s).max(leg.min_se_s);
            self.schedule(&mut leg);
        }
        self.legs.insert(id, leg);
    }

    pub(super) fn session_timeouts(&mut self, now: Time) {
        while let Some((at, id)) = self.session_deadlines.first().copied() {
            if at > now.0 {
                return;
            }
            self.session_deadlines.remove(&(at, id));
            let Some(mut leg) = self.legs.remove(&id) else { continue };
            leg.session_at = None;
            let due = leg.session.as_mut().and_then(|timer| timer.poll(now.0));
            self.schedule(&mut leg);
            let usage = leg.chosen;
            self.legs.insert(id, leg);
            if self.legs.get(&id).and_then(|leg| leg.gives_up_at).is_some_and(|until| until <= now.0) {
                self.patience_ends(now, id);
            }
            match (due, usage) {
                (Some(Due::Refresh), _) => self.refresh(now, id),
                (Some(Due::HangUp), Some(usage)) => self.lost_for(now, usage, Cause::EngineLost),
                (Some(Due::HangUp), None) | (None, _) => {}
            }
        }
    }

    fn refresh(&mut self, now: Time, id: LegId) {
        let session = self.legs.get(&id).and_then(|leg| leg.local.as_deref().cloned());
        // An offer that is under way refreshes the session as well.
        let _ = self.send_offer(now, id, OfferMethod::ReInvite, session, Why::Refresh);
    }

    pub(super) fn schedule(&mut self, leg: &mut Leg) {
        if let Some(at) = leg.session_at.take() {
            self.session_deadlines.remove(&(at, leg.id));
        }
        let refresh = leg.session.as_ref().and_then(SessionTimer::next_deadline).map(|at| at.max(leg.refresh_from));
        leg.session_at = refresh.or(leg.gives_up_at.filter(|_| !leg.is_answered()));
        if let Some(at) = leg.session_at {
            self.session_deadlines.insert((at, leg.id));
        }
    }
}

/// The session interval to ask for when an INVITE that asked for `asked_s` was refused as too short; none: asking again
/// would help nothing.
pub(super) fn longer(asked_s: u32, refusal: &Message) -> Option<u32> {
    let session_expires = (asked_s > 0).then_some(SessionExpires { interval_s: asked_s, refresher: None });
    let sent = TimerHeaders { supports_timer: true, session_expires, min_se_s: None };
    Some(retry_headers(&sent, &read(refusal))?.session_expires?.interval_s)
}

/// The lines of our re-INVITE or UPDATE on a leg with a timer: a request without them would end it (RFC 4028 7.4).
pub(super) fn refresh_lines(leg: &Leg, config: &TimerConfig) -> Headers {
    let mut headers = Headers::none();
    let Some(timer) = &leg.session else { return headers };
    let wish = timer.refresh_headers(config);
    let least_s = leg.min_se_s.unwrap_or(0);
    if let Some(expires) = wish.session_expires {
        let expires = SessionExpires { interval_s: expires.interval_s.max(least_s), ..expires };
        headers.push("Session-Expires", expires.to_string());
    }
    if let Some(min_se) = wish.min_se_s.max(leg.min_se_s) {
        headers.push("Min-SE", min_se.to_string());
    }
    headers
}

fn read(message: &Message) -> TimerHeaders {
    let text = |name: &str| message.value_of(name).and_then(|value| std::str::from_utf8(value).ok());
    let compact = |long: &str, short: &str| text(long).or_else(|| text(short));
    TimerHeaders {
        supports_timer: message.lists(HeaderName::Supported, "timer") || message.lists(HeaderName::Require, "timer"),
        session_expires: compact("Session-Expires", "x").and_then(parse_session_expires),
        min_se_s: text("Min-SE").and_then(parse_min_se),
    }
}

pub(super) fn print(answer: &TimerAnswer) -> Headers {
    let mut headers = Headers::none();
    if let Some(expires) = &answer.session_expires {
        headers.push("Session-Expires", expires.to_string());
    }
    if answer.requires_timer {
        headers.push("Require", "timer");
    }
    headers
}
