//! Logins of people and tickets for streams. All of it is in memory: logins end with the process, tokens do not.

use super::declared;
use super::problem::Problem;
use super::who::Who;
use crate::common::ask::Identity;
use axum::http::{HeaderMap, HeaderValue, header};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use switching::time::Time;

/// Logins at a time; the one idle for longest makes room.
pub const SESSIONS_MAX: usize = 10_000;
/// A login ends after so long without a request, in milliseconds.
pub const IDLE_MS: u64 = 12 * 3_600_000;
/// Tickets at a time.
pub const TICKETS_MAX: usize = 10_000;
/// How long a ticket is good, in milliseconds.
pub const TICKET_LIFE_MS: u64 = 30_000;
/// Failed logins in a minute after which an account is locked.
const FAILURES_MAX: u32 = 10;
/// How long the lock holds, and the window in which failures count.
const LOCK_S: u64 = 60;
/// Accounts whose failures are remembered.
const FAILING_MAX: usize = 10_000;

/// One login.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its name.
    pub id: String,
    /// Whose.
    pub account: String,
    /// What they may do.
    pub scopes: Vec<String>,
    /// Since when.
    pub opened: Time,
    /// The last request.
    pub seen: Time,
}

/// All logins and tickets of a door.
#[derive(Clone)]
pub struct Sessions {
    inner: Arc<Mutex<Inner>>,
    secure: bool,
}

#[derive(Default)]
struct Inner {
    by_secret: HashMap<String, Session>,
    tickets: BTreeMap<String, (Who, Time)>,
    failing: HashMap<String, (u32, Instant)>,
    count: u64,
}

impl Sessions {
    /// None yet. `secure`: the listener speaks TLS, so the cookie may demand it.
    #[must_use]
    pub fn new(secure: bool) -> Self {
        Self { inner: Arc::default(), secure }
    }

    /// Opens one; gives it and the value of `Set-Cookie`.
    ///
    /// # Errors
    ///
    /// `internal` when the system gives no random octets.
    pub fn open(&self, identity: Identity, now: Time) -> Result<(Session, HeaderValue), Problem> {
        let secret = random()?;
        let mut inner = self.lock();
        inner.by_secret.retain(|_, session| now.ms_since(session.seen) <= IDLE_MS);
        if inner.by_secret.len() >= SESSIONS_MAX {
            let oldest =
                inner.by_secret.iter().min_by_key(|(_, session)| session.seen).map(|(secret, _)| secret.clone());
            oldest.map(|secret| inner.by_secret.remove(&secret));
        }
        inner.count += 1;
        let id = format!("login_{}", inner.count);
        let Identity { account, scopes, .. } = identity;
        let session = Session { id, account, scopes, opened: now, seen: now };
        inner.by_secret.insert(secret.clone(), session.clone());
        drop(inner);
        Ok((session, self.cookie(&secret)?))
    }

    /// The login of a secret; counts as a request of it.
    #[must_use]
    pub fn find(&self, secret: &str, now: Time) -> Option<Session> {
        let mut inner = self.lock();
        let session = inner.by_secret.get_mut(secret)?;
        if now.ms_since(session.seen) > IDLE_MS {
            inner.by_secret.remove(secret);
            return None;
        }
        session.seen = session.seen.max(now);
        Some(session.clone())
    }

    /// All logins, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Session> {
        let mut list: Vec<Session> = self.lock().by_secret.values().cloned().collect();
        list.sort_by_key(|session| (session.opened, session.id.len(), session.id.clone()));
        list
    }

    /// Ends a login by its name, or by the secret of its cookie; gives whether there was one.
    pub fn close(&self, id_or_secret: &str) -> bool {
        let mut inner = self.lock();
        let before = inner.by_secret.len();
        inner.by_secret.retain(|secret, session| secret != id_or_secret && session.id != id_or_secret);
        inner.by_secret.len() < before
    }

    /// Makes a ticket: good once, for a short while, for whoever may ask for it.
    ///
    /// # Errors
    ///
    /// `rate_limited` when there are too many, `internal` when the system gives no random octets.
    pub fn ticket(&self, who: &Who, now: Time) -> Result<(String, Time), Problem> {
        let ticket = random()?;
        let until = now.after_ms(TICKET_LIFE_MS);
        let mut inner = self.lock();
        inner.tickets.retain(|_, (_, until)| *until > now);
        if inner.tickets.len() >= TICKETS_MAX {
            return Err(Problem::of(declared::RATE_LIMITED).saying("Too many tickets are waiting").retry_after(1));
        }
        inner.tickets.insert(ticket.clone(), (who.clone(), until));
        Ok((ticket, until))
    }

    /// Takes a ticket.
    #[must_use]
    pub fn redeem(&self, ticket: &str, now: Time) -> Option<Who> {
        self.lock().tickets.remove(ticket).filter(|(_, until)| *until > now).map(|(who, _)| who)
    }

    /// Refuses an account that failed too often.
    ///
    /// # Errors
    ///
    /// `rate_limited`.
    pub fn check_lock(&self, user: &str) -> Result<(), Problem> {
        match self.lock().failing.get(user) {
            Some((count, since)) if *count >= FAILURES_MAX && since.elapsed() < Duration::from_secs(LOCK_S) => {
                let left_s = LOCK_S.saturating_sub(since.elapsed().as_secs());
                let wait_s = u32::try_from(left_s).unwrap_or(u32::MAX).max(1);
                Err(Problem::of(declared::RATE_LIMITED).saying("Too many failed logins").retry_after(wait_s))
            }
            _ => Ok(()),
        }
    }

    /// Notes how a login went.
    pub fn note_login(&self, user: &str, failed: bool) {
        let mut inner = self.lock();
        if !failed {
            inner.failing.remove(user);
            return;
        }
        let window = Duration::from_secs(LOCK_S);
        if inner.failing.len() >= FAILING_MAX {
            inner.failing.retain(|_, (_, since)| since.elapsed() < window);
        }
        if inner.failing.len() >= FAILING_MAX {
            return;
        }
        let entry = inner.failing.entry(user.to_owned()).or_insert((0, Instant::now()));
        if entry.1.elapsed() >= window {
            *entry = (0, Instant::now());
        }
        entry.0 += 1;
        if entry.0 == FAILURES_MAX {
            entry.1 = Instant::now();
        }
    }

    /// The secret that a request's cookie carries.
    #[must_use]
    pub fn cookie_of(&self, headers: &HeaderMap) -> Option<String> {
        let name = self.cookie_name();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(';'))
            .find_map(|pair| {
                let (known, value) = pair.trim().split_once('=')?;
                (known == name).then(|| value.to_owned())
            })
    }

    /// The `Set-Cookie` that forgets.
    #[must_use]
    pub fn no_cookie(&self) -> HeaderValue {
        if self.secure {
            HeaderValue::from_static("__Host-hookswitch=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0")
        } else {
            HeaderValue::from_static("hookswitch=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
        }
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-hookswitch" } else { "hookswitch" }
    }

    fn cookie(&self, secret: &str) -> Result<HeaderValue, Problem> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}", self.cookie_name());
        HeaderValue::from_str(&text).map_err(|_| internal())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn internal() -> Problem {
    Problem::of_refusal(&switching::refusal::Refusal::Internal)
}

/// 256 unguessable bits.
fn random() -> Result<String, Problem> {
    let mut octets = [0u8; 32];
    getrandom::fill(&mut octets).map_err(|_| internal())?;
    Ok(octets.iter().fold(String::with_capacity(64), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    }))
}
