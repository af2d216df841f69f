//! Logins with a user and a password, of which too many wrong ones lock a user out for a while (CCX-07, IPX-ADM-08).
//!
//! What is kept are failures per user id, known or not, so that an answer does not tell whether an id exists.

use crate::common::ask::{Ask, Identity};
use crate::common::exchange::{Exchange, Stopping};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use switching::time::Time;
use tokio::sync::Mutex as Turn;

/// Consecutive failures of a user after which it is locked out (IPX-ADM-08).
pub const FAILURES_MAX: u32 = 3;
/// How long it is locked out, in milliseconds (CCX-07).
pub const LOCKED_MS: u64 = 60_000;
/// Users whose failures are remembered; the one that failed longest ago is forgotten first.
pub const USERS_MAX: usize = 4_096;
/// Octets of a user id or password; longer ones are wrong without being looked up.
pub const CREDENTIAL_LEN_MAX: usize = 128;

/// What is known of the failures of each user.
pub struct Attempts {
    door: &'static str,
    users: Mutex<BTreeMap<String, Arc<Turn<Failures>>>>,
}

#[derive(Default)]
struct Failures {
    count: u32,
    last: Time,
}

impl Failures {
    fn locked(&self, now: Time) -> bool {
        self.count >= FAILURES_MAX && now < self.last.after_ms(LOCKED_MS)
    }
}

/// Why a user was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIn {
    /// No such user, or another password.
    Wrong,
    /// Locked out; the password was not looked at.
    Locked,
    /// The exchange does not answer.
    Stopping,
}

impl From<Stopping> for NotIn {
    fn from(_: Stopping) -> Self {
        Self::Stopping
    }
}

impl Attempts {
    /// Those at a door.
    #[must_use]
    pub fn at(door: &'static str) -> Self {
        Self { door, users: Mutex::default() }
    }

    /// Lets a user in. Attempts of one user take their turns, so that none is made while another one might lock it out.
    ///
    /// # Errors
    ///
    /// [`NotIn`].
    pub async fn admit(&self, exchange: &Exchange, user: &str, password: &str) -> Result<Identity, NotIn> {
        self.admit_of(exchange, user, password, None).await
    }

    /// The same; where this door has no account of the name, another door's accounts count.
    ///
    /// # Errors
    ///
    /// [`NotIn`].
    pub async fn admit_of(
        &self,
        exchange: &Exchange,
        user: &str,
        password: &str,
        otherwise: Option<&str>,
    ) -> Result<Identity, NotIn> {
        let fits = |text: &str| (1..=CREDENTIAL_LEN_MAX).contains(&text.len());
        if !fits(user) || !fits(password) {
            return Err(NotIn::Wrong);
        }
        let turn = self.of(user);
        let mut failures = turn.lock().await;
        if failures.locked(exchange.clock().now()) {
            return Err(NotIn::Locked);
        }
        let (door, name, secret) = (self.door.to_owned(), user.to_owned(), password.to_owned());
        let otherwise = otherwise.map(str::to_owned);
        let known = exchange.ask(|back| Ask::Login { door, user: name, password: secret, otherwise, back }).await?;
        failures.count = match known {
            Some(_) => 0,
            // The lock is over when another attempt is looked at.
            None if failures.count >= FAILURES_MAX => 1,
            None => failures.count + 1,
        };
        failures.last = exchange.clock().now();
        if failures.count == FAILURES_MAX {
            tracing::warn!(dialect = self.door, user, "locked out after {FAILURES_MAX} wrong passwords");
        }
        known.ok_or(NotIn::Wrong)
    }

    fn of(&self, user: &str) -> Arc<Turn<Failures>> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = users.get(user) {
            return Arc::clone(turn);
        }
        if users.len() >= USERS_MAX {
            make_room(&mut users);
        }
        Arc::clone(users.entry(user.to_owned()).or_default())
    }
}

/// Forgets whoever has not failed; where all have, the one that failed longest ago. One whose turn it is stays.
fn make_room(users: &mut BTreeMap<String, Arc<Turn<Failures>>>) {
    users.retain(|_, turn| turn.try_lock().map_or(true, |failures| failures.count > 0));
    if users.len() >= USERS_MAX {
        let last = |turn: &Arc<Turn<Failures>>| turn.try_lock().map_or(Time(u64::MAX), |failures| failures.last);
        let first = users.iter().min_by_key(|(_, turn)| last(turn)).map(|(user, _)| user.clone());
        first.and_then(|user| users.remove(&user));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_failures_is_bounded_and_forgets_the_oldest() {
        let attempts = Attempts::at("a door");
        for n in 0..USERS_MAX {
            let turn = attempts.of(&format!("user{n}"));
            let mut failures = turn.try_lock().expect("nobody else");
            failures.count = 1;
            failures.last = Time(1_000 + n as u64);
        }
        attempts.of("one more");
        let known = |user: &str| attempts.users.lock().expect("no panic").contains_key(user);
        assert!(!known("user0") && known("user1") && known("one more"));
        attempts.of("and another");
        assert!(!known("one more"), "who has not failed goes first");
        assert_eq!(attempts.users.lock().expect("no panic").len(), USERS_MAX);
    }
}
