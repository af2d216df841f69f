//! Session timers (RFC 4028) in both roles: what the headers mean, who refreshes, when, and when the session is dead.
//!
//! A session that nobody refreshes is ended by BYE on the side that notices. This module makes no requests: it answers what
//! to put into them and what is due; the refresh carries the current session description, which is the dialog's work.

/// Below this no session may be set (RFC 4028 4): 90 seconds.
pub const MIN_SE_FLOOR_S: u32 = 90;
/// Recommended interval (RFC 4028 4): 30 minutes.
pub const SESSION_EXPIRES_DEFAULT_S: u32 = 1_800;
/// The BYE goes out this long before the end, or a third of the interval if that is shorter (RFC 4028 10).
const BYE_AHEAD_MAX_MS: u64 = 32_000;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerConfig {
    /// The interval that we ask for, and grant at most.
    pub session_expires_s: u32,
    /// The shortest that we take.
    pub min_se_s: u32,
}

impl Default for TimerConfig {
    fn default() -> TimerConfig {
        TimerConfig { session_expires_s: SESSION_EXPIRES_DEFAULT_S, min_se_s: MIN_SE_FLOOR_S }
    }
}

/// The `refresher` parameter: roles within the transaction that carries it, not within the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answered it.
    Uas,
}

/// A Session-Expires value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval.
    pub interval_s: u32,
    /// Who refreshes, where said.
    pub refresher: Option<Refresher>,
}

/// What an INVITE or UPDATE, or its 2xx, says of timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimerHeaders {
    /// `timer` stands in Supported or Require.
    pub supports_timer: bool,
    /// The Session-Expires header.
    pub session_expires: Option<SessionExpires>,
    /// The Min-SE header.
    pub min_se_s: Option<u32>,
}

/// What a 2xx of ours says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerAnswer {
    /// The Session-Expires header; `None`: the session has no timer.
    pub session_expires: Option<SessionExpires>,
    /// Whether `Require: timer` goes with it (RFC 4028 9: when the client is to refresh).
    pub requires_timer: bool,
}

/// The request's interval is too small for us: 422 with this Min-SE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("session interval too small, at least {min_se_s} s")]
pub struct IntervalTooSmall {
    /// Goes into Min-SE.
    pub min_se_s: u32,
}

/// A running session timer of one dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    interval_ms: u64,
    we_refresh: bool,
    since_ms: u64,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is under way.
    Waiting,
    /// Our refresh is under way, or failed: only the end is still due.
    Refreshing,
    /// The BYE was asked for.
    Over,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send UPDATE or re-INVITE with the current description; then call [`SessionTimer::refreshed`] or
    /// [`SessionTimer::retry_refresh`].
    Refresh,
    /// Send BYE.
    HangUp,
}

/// Reads `1800;refresher=uas`. Unknown parameters are ignored.
pub fn parse_session_expires(value: &str) -> Option<SessionExpires> {
    let mut parts = value.split(';').map(str::trim);
    let interval_s = parse_seconds(parts.next()?)?;
    let refresher = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
        let is_refresher = name.trim().eq_ignore_ascii_case("refresher");
        match value.trim().to_ascii_lowercase().as_str() {
            "uac" if is_refresher => Some(Refresher::Uac),
            "uas" if is_refresher => Some(Refresher::Uas),
            _ => None,
        }
    });
    Some(SessionExpires { interval_s, refresher })
}

/// Reads the seconds of Min-SE.
pub fn parse_min_se(value: &str) -> Option<u32> {
    parse_seconds(value.split(';').next()?.trim())
}

fn parse_seconds(text: &str) -> Option<u32> {
    if text.bytes().all(|octet| octet.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl std::fmt::Display for SessionExpires {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.refresher {
            Some(Refresher::Uac) => write!(out, "{};refresher=uac", self.interval_s),
            Some(Refresher::Uas) => write!(out, "{};refresher=uas", self.interval_s),
            None => write!(out, "{}", self.interval_s),
        }
    }
}

/// As client: what our first INVITE says (RFC 4028 7.1). The refresher is left to the server.
pub fn request_headers(config: &TimerConfig) -> TimerHeaders {
    TimerHeaders {
        supports_timer: true,
        session_expires: Some(SessionExpires {
            interval_s: config.session_expires_s.max(config.min_se_s),
            refresher: None,
        }),
        min_se_s: if config.min_se_s > MIN_SE_FLOOR_S { Some(config.min_se_s) } else { None },
    }
}

/// As client: what the request says when it is sent again after a 422 (RFC 4028 7.3). `None` when the 422 asks for nothing
/// more than we sent, so that two confused peers do not go on for ever.
pub fn retry_headers(sent: &TimerHeaders, refusal: &TimerHeaders) -> Option<TimerHeaders> {
    let min_se_s = refusal.min_se_s?;
    let expires = sent.session_expires?;
    if min_se_s <= expires.interval_s {
        return None;
    }
    let session_expires = Some(SessionExpires { interval_s: min_se_s, ..expires });
    Some(TimerHeaders { supports_timer: true, session_expires, min_se_s: Some(min_se_s) })
}

/// As server: what our 2xx says to a request (RFC 4028 9), or the 422.
pub fn answer_headers(config: &TimerConfig, request: &TimerHeaders) -> Result<TimerAnswer, IntervalTooSmall> {
    let least_s = config.min_se_s.max(MIN_SE_FLOOR_S);
    let wanted_s = match request.session_expires {
        Some(SessionExpires { interval_s, .. }) if interval_s < least_s && request.supports_timer => {
            return Err(IntervalTooSmall { min_se_s: least_s });
        }
        // A client without timers cannot act on a 422; what a proxy wrote for it is raised.
        Some(SessionExpires { interval_s, .. }) => interval_s.max(least_s),
        None => config.session_expires_s,
    };
    let floor_s = least_s.max(request.min_se_s.unwrap_or(0));
    let interval_s = wanted_s.min(config.session_expires_s).max(floor_s);
    let refresher = match (request.supports_timer, request.session_expires.and_then(|expires| expires.refresher)) {
        (false, _) => Refresher::Uas,
        (true, Some(named)) => named,
        (true, None) => Refresher::Uac,
    };
    let session_expires = Some(SessionExpires { interval_s, refresher: Some(refresher) });
    Ok(TimerAnswer { session_expires, requires_timer: refresher == Refresher::Uac })
}

impl SessionTimer {
    /// As client, after a 2xx: the timer it starts. Without Session-Expires in it the peer keeps none and the session does
    /// not expire (RFC 4028 7.2).
    pub fn after_response(response: &TimerHeaders, now_ms: u64) -> Option<SessionTimer> {
        let SessionExpires { interval_s, refresher } = response.session_expires?;
        // The server must name the refresher; where it does not, we refresh, which is safe.
        let we_refresh = refresher != Some(Refresher::Uas);
        Some(SessionTimer::new(interval_s, we_refresh, now_ms))
    }

    /// As server, after our 2xx: the timer it starts.
    pub fn after_answer(answer: &TimerAnswer, now_ms: u64) -> Option<SessionTimer> {
        let SessionExpires { interval_s, refresher } = answer.session_expires?;
        Some(SessionTimer::new(interval_s, refresher == Some(Refresher::Uas), now_ms))
    }

    fn new(interval_s: u32, we_refresh: bool, now_ms: u64) -> SessionTimer {
        let interval_ms = u64::from(interval_s.max(MIN_SE_FLOOR_S)) * 1_000;
        SessionTimer { interval_ms, we_refresh, since_ms: now_ms, phase: Phase::Waiting }
    }

    /// Whether the refresh is our work.
    pub fn we_refresh(&self) -> bool {
        self.we_refresh
    }

    /// What our own refresh says: the running interval, and the roles as they are (RFC 4028 7.4).
    pub fn refresh_headers(&self, config: &TimerConfig) -> TimerHeaders {
        let refresher = Some(if self.we_refresh { Refresher::Uac } else { Refresher::Uas });
        let interval_s = u32::try_from(self.interval_ms / 1_000).unwrap_or(u32::MAX);
        TimerHeaders { session_expires: Some(SessionExpires { interval_s, refresher }), ..request_headers(config) }
    }

    /// When to call [`SessionTimer::poll`] next.
    pub fn next_deadline(&self) -> Option<u64> {
        match self.phase {
            Phase::Waiting if self.we_refresh => Some(self.refresh_at_ms()),
            Phase::Waiting | Phase::Refreshing => Some(self.hang_up_at_ms()),
            Phase::Over => None,
        }
    }

    /// What is due now. Each thing is told once.
    pub fn poll(&mut self, now_ms: u64) -> Option<Due> {
        if now_ms < self.next_deadline()? {
            return None;
        }
        if now_ms >= self.hang_up_at_ms() {
            self.phase = Phase::Over;
            return Some(Due::HangUp);
        }
        self.phase = Phase::Refreshing;
        Some(Due::Refresh)
    }

    /// Any re-INVITE or UPDATE of either side got its 2xx: the timer negotiated by it replaces this one. `None` when that one
    /// had no timer.
    pub fn refreshed(&mut self, negotiated: Option<SessionTimer>) {
        match negotiated {
            Some(fresh) => *self = fresh,
            None => self.phase = Phase::Over,
        }
    }

    /// Our refresh failed in a way that leaves the session alive (491, 500 with Retry-After): it may be sent again, the end
    /// stays where it is. Failures that end the dialog (408, 481) are the dialog's.
    pub fn retry_refresh(&mut self) {
        if self.phase == Phase::Refreshing {
            self.phase = Phase::Waiting;
        }
    }

    /// Half of the interval (RFC 4028 10).
    fn refresh_at_ms(&self) -> u64 {
        self.since_ms + self.interval_ms / 2
    }

    fn hang_up_at_ms(&self) -> u64 {
        self.since_ms + self.interval_ms - BYE_AHEAD_MAX_MS.min(self.interval_ms / 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(supports_timer: bool, session_expires: &str, min_se_s: Option<u32>) -> TimerHeaders {
        TimerHeaders { supports_timer, session_expires: parse_session_expires(session_expires), min_se_s }
    }

    fn answered(request: &TimerHeaders) -> (String, bool) {
        let answer = answer_headers(&TimerConfig::default(), request).unwrap();
        (answer.session_expires.unwrap().to_string(), answer.requires_timer)
    }

    #[test]
    fn reads_and_prints_the_headers() {
        for text in ["1800", "4000;refresher=uac", "90;refresher=uas"] {
            assert_eq!(parse_session_expires(text).unwrap().to_string(), text);
        }
        let loose = parse_session_expires(" 120 ; x=uac; Refresher = UAS ").unwrap();
        assert_eq!((loose.interval_s, loose.refresher), (120, Some(Refresher::Uas)));
        for bad in ["", "x", "-1", "+90", "99999999999"] {
            assert_eq!(parse_session_expires(bad), None, "{bad}");
        }
        assert_eq!((parse_min_se("120;x=y"), parse_min_se("")), (Some(120), None));
    }

    /// Table 2 of RFC 4028 9: who refreshes.
    #[test]
    fn the_server_names_the_refresher() {
        assert_eq!(answered(&headers(false, "", None)), ("1800;refresher=uas".into(), false));
        assert_eq!(answered(&headers(false, "600", None)), ("600;refresher=uas".into(), false));
        assert_eq!(answered(&headers(true, "600", None)), ("600;refresher=uac".into(), true));
        assert_eq!(answered(&headers(true, "600;refresher=uac", None)), ("600;refresher=uac".into(), true));
        assert_eq!(answered(&headers(true, "600;refresher=uas", None)), ("600;refresher=uas".into(), false));
    }

    #[test]
    fn the_server_shortens_but_not_below_min_se() {
        assert_eq!(answered(&headers(true, "7200", None)).0, "1800;refresher=uac");
        assert_eq!(answered(&headers(true, "7200", Some(3_600))).0, "3600;refresher=uac");
        assert_eq!(answered(&headers(true, "", None)).0, "1800;refresher=uac");
    }

    #[test]
    fn a_small_interval_gets_422_unless_the_client_has_no_timers() {
        let config = TimerConfig { min_se_s: 120, ..TimerConfig::default() };
        assert_eq!(answer_headers(&config, &headers(true, "119", None)), Err(IntervalTooSmall { min_se_s: 120 }));
        assert!(answer_headers(&config, &headers(true, "120", None)).is_ok());
        let raised = answer_headers(&config, &headers(false, "60", None)).unwrap();
        assert_eq!(raised.session_expires.unwrap().interval_s, 120);
        let floor = TimerConfig { min_se_s: 10, ..TimerConfig::default() };
        assert_eq!(answer_headers(&floor, &headers(true, "60", None)), Err(IntervalTooSmall { min_se_s: 90 }));
    }

    #[test]
    fn the_client_raises_its_interval_after_422_once() {
        let sent = request_headers(&TimerConfig { session_expires_s: 100, min_se_s: 90 });
        assert_eq!((sent.session_expires.unwrap().to_string(), sent.min_se_s), ("100".into(), None));
        let again = retry_headers(&sent, &headers(false, "", Some(300))).unwrap();
        assert_eq!((again.session_expires.unwrap().interval_s, again.min_se_s), (300, Some(300)));
        assert_eq!(retry_headers(&again, &headers(false, "", Some(300))), None);
        assert_eq!(retry_headers(&sent, &headers(false, "", None)), None);
    }

    #[test]
    fn the_refresher_refreshes_at_half_and_hangs_up_before_the_end() {
        let mut timer = SessionTimer::after_response(&headers(true, "1800;refresher=uac", None), 1_000).unwrap();
        assert!(timer.we_refresh());
        assert_eq!((timer.next_deadline(), timer.poll(900_999)), (Some(901_000), None));
        assert_eq!((timer.poll(901_000), timer.poll(901_000)), (Some(Due::Refresh), None));
        assert_eq!(timer.next_deadline(), Some(1_000 + 1_800_000 - 32_000));
        timer.retry_refresh();
        assert_eq!(timer.poll(950_000), Some(Due::Refresh), "after 491");
        assert_eq!((timer.poll(1_769_000), timer.poll(1_769_000)), (Some(Due::HangUp), None));
        assert_eq!(timer.next_deadline(), None);
    }

    #[test]
    fn the_other_side_only_watches() {
        let mut timer = SessionTimer::after_response(&headers(true, "90;refresher=uas", None), 0).unwrap();
        assert!(!timer.we_refresh());
        assert_eq!(timer.next_deadline(), Some(60_000), "a third of 90 s is less than 32 s");
        timer.refreshed(SessionTimer::after_response(&headers(true, "90;refresher=uas", None), 45_000));
        assert_eq!((timer.poll(60_000), timer.poll(105_000)), (None, Some(Due::HangUp)));
    }

    #[test]
    fn both_ends_of_one_answer_agree() {
        for request in [headers(true, "600", None), headers(true, "600;refresher=uas", None), headers(false, "", None)]
        {
            let answer = answer_headers(&TimerConfig::default(), &request).unwrap();
            let server = SessionTimer::after_answer(&answer, 0).unwrap();
            let response = TimerHeaders { session_expires: answer.session_expires, ..TimerHeaders::default() };
            let client = SessionTimer::after_response(&response, 0).unwrap();
            assert_ne!(server.we_refresh(), client.we_refresh());
        }
    }

    #[test]
    fn a_refresh_keeps_the_roles() {
        let config = TimerConfig::default();
        let ours = SessionTimer::after_response(&headers(true, "600;refresher=uac", None), 0).unwrap();
        assert_eq!(ours.refresh_headers(&config).session_expires.unwrap().to_string(), "600;refresher=uac");
        let theirs = SessionTimer::after_response(&headers(true, "600;refresher=uas", None), 0).unwrap();
        assert_eq!(theirs.refresh_headers(&config).session_expires.unwrap().to_string(), "600;refresher=uas");
    }

    #[test]
    fn without_session_expires_there_is_no_timer() {
        assert_eq!(SessionTimer::after_response(&headers(true, "", None), 0), None);
        let mut timer = SessionTimer::after_response(&headers(true, "600;refresher=uac", None), 0).unwrap();
        timer.refreshed(None);
        assert_eq!((timer.next_deadline(), timer.poll(u64::MAX)), (None, None));
    }

    #[test]
    fn a_late_wake_up_past_the_end_hangs_up() {
        let mut timer = SessionTimer::after_response(&headers(true, "600;refresher=uac", None), 0).unwrap();
        assert_eq!(timer.poll(u64::MAX), Some(Due::HangUp));
    }
}
