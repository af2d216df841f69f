//! Idempotency of what is no command of the core (backups, tickets, test control): the first answer, kept in memory.
//!
//! Commands carry their key into the core, which journals it. These answers end with the process.

use super::problem::Problem;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use switching::command::Key;
use switching::limits::KEY_LIFE_MS;
use switching::refusal::Refusal;
use switching::time::Time;

/// Answers that are kept; the oldest makes room.
const KEPT_MAX: usize = 10_000;

/// An answer as it was given.
#[derive(Clone)]
pub struct Given {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// The place of one key: whoever holds its lock carries out, the others wait.
pub type Place = Arc<tokio::sync::Mutex<Option<Given>>>;

/// All keys.
#[derive(Clone, Default)]
pub struct EdgeKeys(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    places: HashMap<(String, String), ([u8; 32], Place)>,
    order: VecDeque<(Time, (String, String))>,
}

impl EdgeKeys {
    /// The place of a key.
    ///
    /// # Errors
    ///
    /// `key_reused` when it stands for another body.
    pub fn place(&self, account: &str, key: &Key, now: Time) -> Result<Place, Problem> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while inner.order.front().is_some_and(|(at, _)| now.ms_since(*at) > KEY_LIFE_MS) || inner.order.len() > KEPT_MAX
        {
            let oldest = inner.order.pop_front();
            oldest.map(|(_, name)| inner.places.remove(&name));
        }
        let name = (account.to_owned(), key.key.clone());
        match inner.places.get(&name) {
            Some((body, _)) if *body != key.body => Err(Problem::of_refusal(&Refusal::KeyReused)),
            Some((_, place)) => Ok(Arc::clone(place)),
            None => {
                let place = Place::default();
                inner.places.insert(name.clone(), (key.body, Arc::clone(&place)));
                inner.order.push_back((now, name));
                Ok(place)
            }
        }
    }
}
