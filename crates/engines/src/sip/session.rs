//! Session timers of legs (RFC 4028): each leg has its own, refreshed with the current description.

use super::leg::Leg;
use super::SipEngine;
use ::sip::dialog::{Offer, OfferMethod};
use ::sip::message::{Body, HeaderName, Headers, Message};
use ::sip::session_timer::{
    answer_headers, parse_min_se, parse_session_expires, Due, Refresher, SessionExpires, SessionTimer, TimerAnswer,
    TimerConfig, TimerHeaders,
};
use switching::cause::Cause;
use switching::id::LegId;
use switching::time::Time;

impl SipEngine {
    fn timer_config(&self) -> TimerConfig {
        self.config.session_timer.unwrap_or_default()
    }

    /// What our 200 will say to this INVITE. Without a wish of the peer and of ours there is no timer; too short a wish gets 422
    /// with these lines.
    pub(super) fn session_of_request(&self, message: &Message) -> Result<Option<TimerAnswer>, Headers> {
        let headers = read(message);
        if headers.session_expires.is_none() && self.config.session_timer.is_none() {
            return Ok(None);
        }
        let config = self.timer_config();
        match answer_headers(&config, &headers) {
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

    /// A re-INVITE or UPDATE of the peer refreshes the session; gives the lines of our 200.
    pub(super) fn session_refreshed_by_peer(&mut self, now: Time, leg: &mut Leg, message: &Message) -> Headers {
        let headers = read(message);
        if headers.session_expires.is_none() && leg.session.is_none() {
            return Headers::none();
        }
        let Ok(answer) = answer_headers(&self.timer_config(), &headers) else { return Headers::none() };
        leg.session = SessionTimer::after_answer(&answer, now.0);
        leg.session_answer = Some(answer);
        self.schedule(leg);
        print(&answer)
    }

    /// Our own re-INVITE or UPDATE was answered.
    pub(super) fn session_refreshed_by_us(&mut self, now: Time, leg: &mut Leg, message: &Message) {
        let negotiated = SessionTimer::after_response(&read(message), now.0);
        if let Some(timer) = &mut leg.session {
            timer.refreshed(negotiated);
        }
        self.schedule(leg);
    }

    pub(super) fn session_timeouts(&mut self, now: Time) {
        while let Some((at, id)) = self.session_deadlines.first().copied() {
            if at > now.0 {
                return;
            }
            self.session_deadlines.remove(&(at, id));
            let Some(leg) = self.legs.get_mut(&id) else { continue };
            leg.session_at = None;
            match leg.session.as_mut().and_then(|timer| timer.poll(now.0)) {
                Some(Due::Refresh) => self.refresh(now, id),
                Some(Due::HangUp) => {
                    if let Some(usage) = self.legs.get(&id).and_then(Leg::usage_of) {
                        self.lost_for(now, usage, Cause::EngineLost);
                    }
                }
                None => {}
            }
            self.watch_session(id);
        }
    }

    fn refresh(&mut self, now: Time, id: LegId) {
        let config = self.timer_config();
        let Some(leg) = self.legs.get(&id) else { return };
        let (Some(usage), Some(timer)) = (leg.chosen, &leg.session) else { return };
        let wish = timer.refresh_headers(&config);
        let mut headers = Headers::none();
        if let Some(expires) = wish.session_expires {
            headers.push("Session-Expires", session_expires(&expires));
        }
        if let Some(min_se) = wish.min_se_s {
            headers.push("Min-SE", min_se.to_string());
        }
        let body = leg.local.as_deref().map(|session| Body::sdp(session.to_string()));
        // A pending offer refreshes the session as well.
        let _ = self.endpoint.offer(now.0, usage, Offer { method: OfferMethod::ReInvite, headers, body });
    }

    /// Looks anew at when the timer of a leg is due.
    pub(super) fn watch_session(&mut self, id: LegId) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        self.schedule(&mut leg);
        self.legs.insert(id, leg);
    }

    fn schedule(&mut self, leg: &mut Leg) {
        if let Some(at) = leg.session_at.take() {
            self.session_deadlines.remove(&(at, leg.id));
        }
        leg.session_at = leg.session.as_ref().and_then(SessionTimer::next_deadline);
        if let Some(at) = leg.session_at {
            self.session_deadlines.insert((at, leg.id));
        }
    }
}

impl Leg {
    fn usage_of(self: &Box<Self>) -> Option<sip::dialog::UsageKey> {
        self.chosen
    }
}

/// The lines of a 200 to a re-INVITE that was passed to the peer.
pub(super) fn current(leg: &Leg) -> Headers {
    leg.session_answer.as_ref().filter(|_| leg.session.is_some()).map_or_else(Headers::none, print)
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

fn print(answer: &TimerAnswer) -> Headers {
    let mut headers = Headers::none();
    if let Some(expires) = &answer.session_expires {
        headers.push("Session-Expires", session_expires(expires));
    }
    if answer.requires_timer {
        headers.push("Require", "timer");
    }
    headers
}

fn session_expires(expires: &SessionExpires) -> String {
    let refresher = match expires.refresher {
        Some(Refresher::Uac) => ";refresher=uac",
        Some(Refresher::Uas) => ";refresher=uas",
        None => "",
    };
    format!("{}{refresher}", expires.interval_s)
}
