//! Who proved lately who they are: a client that proves itself with every command is admitted from memory, where its door asks,
//! without a look at the disk and without argon2.
//!
//! An identity is found by a hash, under a key of this life of the program, of all that proved it. It is not taken from here any
//! more once the directory has changed, so that what was withdrawn is withdrawn at once, nor when it was not asked for in a while.
//! Who proved wrong is never remembered: to count that is the door's affair.

use dialects::common::ask::Identity;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::StoreError;
use store::secret::{random_base62, sha256};

/// Identities remembered at a time.
const REMEMBERED_MAX: usize = 4_096;
/// Characters of the key: more than 256 bits.
const KEY_LEN: usize = 48;

/// What proves an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof<'a> {
    /// A name and a password, at a door or at the one whose accounts count otherwise.
    Login { door: &'a str, otherwise: Option<&'a str>, user: &'a str, password: &'a str },
    /// A code at a door.
    Code { door: &'a str, code: &'a str },
}

/// The memory.
pub struct Admitted {
    key: String,
    idle_ms: u64,
    known: Mutex<HashMap<[u8; 32], Known>>,
}

struct Known {
    identity: Identity,
    version: u64,
    until_ms: u64,
}

impl Admitted {
    /// One that forgets who was not asked for in so many milliseconds.
    ///
    /// # Errors
    ///
    /// When the system gives no random octets.
    pub fn new(idle_ms: u64) -> Result<Self, StoreError> {
        Ok(Self { key: random_base62(KEY_LEN)?, idle_ms, known: Mutex::default() })
    }

    /// Whoever proved so, if the directory still is the one of `version`.
    pub fn recall(&self, proof: Proof, version: u64, now_ms: u64) -> Option<Identity> {
        let digest = self.digest(proof);
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get_mut(&digest).filter(|known| known.version == version && now_ms < known.until_ms)?;
        known.until_ms = now_ms.saturating_add(self.idle_ms);
        Some(known.identity.clone())
    }

    /// Keeps in mind who proved so. `version` is what the directory had before it was read.
    pub fn remember(&self, proof: Proof, identity: Identity, version: u64, now_ms: u64) {
        let digest = self.digest(proof);
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.retain(|_, known| known.version == version && now_ms < known.until_ms);
        }
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        all.insert(digest, Known { identity, version, until_ms: now_ms.saturating_add(self.idle_ms) });
    }

    fn digest(&self, proof: Proof) -> [u8; 32] {
        let parts = match proof {
            Proof::Login { door, otherwise: None, user, password } => ["login", door, "", user, password],
            Proof::Login { door, otherwise: Some(other), user, password } => ["or", door, other, user, password],
            Proof::Code { door, code } => ["code", door, "", "", code],
        };
        let mut text = self.key.clone().into_bytes();
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        sha256(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(account: &str) -> Identity {
        Identity { account: account.to_owned(), scopes: Vec::new(), settings: Default::default() }
    }

    fn login<'a>(user: &'a str, password: &'a str) -> Proof<'a> {
        Proof::Login { door: "one", otherwise: None, user, password }
    }

    #[test]
    fn only_the_same_proof_is_recalled() {
        let admitted = Admitted::new(1_000).expect("random octets");
        admitted.remember(login("ab", "c"), identity("ab"), 1, 0);
        assert_eq!(admitted.recall(login("ab", "c"), 1, 0), Some(identity("ab")));
        for other in [
            login("ab", "d"),
            login("a", "bc"),
            login("abc", ""),
            Proof::Login { door: "another", otherwise: None, user: "ab", password: "c" },
            Proof::Login { door: "one", otherwise: Some(""), user: "ab", password: "c" },
            Proof::Code { door: "one", code: "c" },
        ] {
            assert_eq!(admitted.recall(other, 1, 0), None, "{other:?}");
        }
    }

    #[test]
    fn a_change_of_the_directory_and_idleness_forget() {
        let admitted = Admitted::new(1_000).expect("random octets");
        admitted.remember(login("u", "p"), identity("u"), 1, 0);
        assert_eq!(admitted.recall(login("u", "p"), 2, 0), None, "the account may be another by now");
        assert!(admitted.recall(login("u", "p"), 1, 999).is_some());
        assert!(admitted.recall(login("u", "p"), 1, 1_998).is_some(), "it was asked for in between");
        assert_eq!(admitted.recall(login("u", "p"), 1, 2_998), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let admitted = Admitted::new(1_000).expect("random octets");
        for n in 0..=REMEMBERED_MAX {
            admitted.remember(login(&n.to_string(), "p"), identity("u"), 1, 0);
        }
        assert!(admitted.known.lock().expect("no panic").len() <= REMEMBERED_MAX);
        assert!(admitted.recall(login(&REMEMBERED_MAX.to_string(), "p"), 1, 0).is_some(), "the newest is there");
    }
}
