//! Tokens of the real-time channel (VOI-RT-07, VOI-RT-12): each login gives one, by which the same user comes in again until it
//! expires. They end with the program.

use crate::common::ask::Identity;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use switching::time::Time;

/// Tokens that live at a time; beyond it the one that ends first is forgotten.
const TOKENS_MAX: usize = 10_000;
/// Octets of randomness of a token.
const TOKEN_LEN: usize = 24;

/// The tokens that were given out.
#[derive(Default)]
pub struct Tokens(Mutex<BTreeMap<String, (Identity, Time)>>);

impl Tokens {
    /// A new token of somebody; none: the system gives no random octets.
    pub fn give(&self, identity: &Identity, until: Time, now: Time) -> Option<String> {
        let mut octets = [0; TOKEN_LEN];
        getrandom::fill(&mut octets).ok()?;
        let token: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() >= TOKENS_MAX {
            given.retain(|_, (_, until)| now < *until);
        }
        if given.len() >= TOKENS_MAX {
            let first = given.iter().min_by_key(|(_, (_, until))| *until).map(|(token, _)| token.clone());
            first.and_then(|token| given.remove(&token));
        }
        given.insert(token.clone(), (identity.clone(), until));
        Some(token)
    }

    /// Whose token it is, while it lives.
    #[must_use]
    pub fn whose(&self, token: &str, now: Time) -> Option<Identity> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.get(token).filter(|(_, until)| now < *until).map(|(identity, _)| identity.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_and_are_bounded() {
        let tokens = Tokens::default();
        let ann = Identity { account: "ann".to_owned(), scopes: Vec::new(), settings: BTreeMap::new() };
        let first = tokens.give(&ann, Time(10), Time(0)).expect("randomness");
        assert_eq!(tokens.whose(&first, Time(9)).map(|it| it.account), Some("ann".to_owned()));
        assert!(tokens.whose(&first, Time(10)).is_none() && tokens.whose("x", Time(0)).is_none());
        for _ in 0..TOKENS_MAX + 5 {
            tokens.give(&ann, Time(20), Time(0));
        }
        assert!(tokens.whose(&first, Time(0)).is_none(), "the one that ends first goes first");
        assert_eq!(tokens.0.lock().expect("no panic").len(), TOKENS_MAX);
    }
}
