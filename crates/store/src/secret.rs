//! Passwords, digest secrets and tokens: made and checked here, so that no other room touches a hash. argon2id is slow
//! by intention (tens of milliseconds): call it off the driver's thread.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::error::StoreError;

/// A longer password is refused rather than hashed: hashing must not be a way to keep us busy.
pub const PASSWORD_LEN_MAX: usize = 1_024;
/// Verified credentials remembered at a time.
pub const VERIFIED_MAX: usize = 4_096;
const TOKEN_SECRET_LEN: usize = 32;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// HA1 of RFC 7616 3.4.2 by MD5 and by SHA-256: the digest of `user:realm:password`, all that is stored of a device's
/// password.
pub fn ha1(user: &str, realm: &str, password: &str) -> ([u8; 16], [u8; 32]) {
    let text = format!("{user}:{realm}:{password}");
    (Md5::digest(text.as_bytes()).into(), Sha256::digest(text.as_bytes()).into())
}

/// SHA-256, for codes, tokens and bodies.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// argon2id of a password with a fresh salt, in PHC form.
pub fn password_hash(password: &str) -> Result<String, StoreError> {
    if password.len() > PASSWORD_LEN_MAX {
        return Err(StoreError::Refused("the password is too long"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|e| StoreError::Io(e.to_string()))?;
    Ok(hash.to_string())
}

/// True if the password belongs to the hash; false for a hash we cannot read.
pub fn verify(hash: &str, password: &str) -> bool {
    password.len() <= PASSWORD_LEN_MAX
        && PasswordHash::new(hash)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// A new token: its readable id, the whole text `hsk_<id>_<32 base62>` to be shown once, and the hash to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The readable part.
    pub id: String,
    /// The whole text; it is not stored.
    pub text: String,
    /// SHA-256 of the text.
    pub hash: [u8; 32],
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Makes a token with this id (letters and digits).
pub fn new_token(id: &str) -> Result<NewToken, StoreError> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(StoreError::Refused("a token's id is letters and digits"));
    }
    let text = format!("hsk_{id}_{}", random_base62(TOKEN_SECRET_LEN)?);
    Ok(NewToken { id: id.to_owned(), hash: sha256(text.as_bytes()), text })
}

/// The id within a token's text, if it has the form of one.
pub fn token_id(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix("hsk_")?.split_once('_')?;
    let whole = secret.len() == TOKEN_SECRET_LEN && secret.bytes().all(|b| b.is_ascii_alphanumeric());
    (whole && !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(id)
}

/// Compares two hashes in a time that does not depend on where they differ.
pub fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |seen, (x, y)| seen | (x ^ y)) == 0
}

/// Random letters and digits, each equally likely.
pub fn random_base62(length: usize) -> Result<String, StoreError> {
    // 248 = 4 * 62: bytes above are drawn again, so that no letter is favoured.
    const FAIR_BELOW: u8 = 248;
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        fill(&mut bytes)?;
        let wanted = length - text.len();
        let fair = bytes.iter().filter(|&&b| b < FAIR_BELOW).take(wanted);
        text.extend(fair.map(|b| char::from(BASE62[usize::from(b % 62)])));
    }
    Ok(text)
}

fn fill(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes).map_err(|e| StoreError::Io(e.to_string()))
}

/// Remembers for a while which credentials were found right, so that a client that logs in with every request costs one
/// argon2 and not thousands. Keyed by a hash under a random key of this process; a changed password has another stored
/// hash and so is never found. Wrong passwords are not remembered: the lock-out belongs to the door.
#[derive(Debug)]
pub struct Verified {
    key: [u8; 32],
    ttl_ms: u64,
    until_ms: Mutex<HashMap<[u8; 32], u64>>,
}

impl Verified {
    /// A memory of this many milliseconds.
    pub fn new(ttl_ms: u64) -> Result<Self, StoreError> {
        let mut key = [0; 32];
        fill(&mut key)?;
        Ok(Self { key, ttl_ms, until_ms: Mutex::default() })
    }

    /// As [`verify`], but from memory if the same pair was right less than `ttl_ms` ago.
    pub fn verify(&self, hash: &str, password: &str, now_ms: u64) -> bool {
        match self.remembered(hash, password, now_ms) {
            true => true,
            false => {
                let right = verify(hash, password);
                if right {
                    self.remember(hash, password, now_ms);
                }
                right
            }
        }
    }

    /// True if the pair is remembered: cheap enough for any thread.
    pub fn remembered(&self, hash: &str, password: &str, now_ms: u64) -> bool {
        let known = self.until_ms.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&self.digest(hash, password)).is_some_and(|&until| now_ms < until)
    }

    fn remember(&self, hash: &str, password: &str, now_ms: u64) {
        let mut known = self.until_ms.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= VERIFIED_MAX {
            known.retain(|_, &mut until| now_ms < until);
        }
        if known.len() >= VERIFIED_MAX {
            known.clear();
        }
        known.insert(self.digest(hash, password), now_ms.saturating_add(self.ttl_ms));
    }

    fn digest(&self, hash: &str, password: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.key);
        digest.update((hash.len() as u64).to_be_bytes());
        digest.update(hash.as_bytes());
        digest.update(password.as_bytes());
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::{VERIFIED_MAX, Verified, ha1, new_token, password_hash, random_base62, same, sha256, token_id, verify};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn ha1_is_the_digest_of_user_realm_password() {
        // `printf Mufasa:http-auth@example.org:'Circle of Life' | md5sum`, and sha256sum: the account of RFC 7616 3.9.1.
        let (md5, sha) = ha1("Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(hex(&md5), "3d78807defe7de2157e2b0b6573a855f");
        assert_eq!(hex(&sha), "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232");
    }

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let hash = password_hash("correct horse").expect("hash");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify(&hash, "correct horse"));
        assert!(!verify(&hash, "correct house"));
        assert!(!verify("nonsense", "correct horse"));
        assert_ne!(hash, password_hash("correct horse").expect("hash"), "each hash has its own salt");
        assert!(password_hash(&"x".repeat(2_000)).is_err());
    }

    #[test]
    fn a_right_credential_is_remembered_until_its_time_and_for_its_hash() {
        let hash = password_hash("secret").expect("hash");
        let known = Verified::new(1_000).expect("key");
        assert!(!known.remembered(&hash, "secret", 0));
        assert!(!known.verify(&hash, "wrong", 0));
        assert!(!known.remembered(&hash, "wrong", 0));
        assert!(known.verify(&hash, "secret", 0));
        assert!(known.remembered(&hash, "secret", 999));
        assert!(!known.remembered(&hash, "secret", 1_000));
        assert!(
            !known.remembered(&password_hash("secret").expect("hash"), "secret", 0),
            "a new hash is a new credential"
        );
    }

    #[test]
    fn the_memory_is_bounded() {
        let known = Verified::new(10).expect("key");
        for n in 0..=VERIFIED_MAX {
            known.remember("hash", &n.to_string(), 0);
        }
        assert!(known.until_ms.lock().expect("lock").len() <= VERIFIED_MAX);
        assert!(known.remembered("hash", &VERIFIED_MAX.to_string(), 0));
    }

    #[test]
    fn a_token_names_its_id_and_is_stored_as_its_hash() {
        let token = new_token("ops1").expect("token");
        assert_eq!(token.text.len(), "hsk_ops1_".len() + 32);
        assert_eq!(token_id(&token.text), Some("ops1"));
        assert!(same(&token.hash, &sha256(token.text.as_bytes())));
        assert!(!same(&token.hash, &sha256(b"another")));
        assert!(!format!("{token:?}").contains(&token.text), "debug output hides the text");
        for wrong in ["", "hsk_", "hsk_a_short", "hsk__00000000000000000000000000000000", "xyz_a_0000"] {
            assert_eq!(token_id(wrong), None, "{wrong}");
        }
        assert!(new_token("a_b").is_err());
        assert_ne!(random_base62(32).expect("random"), random_base62(32).expect("random"));
    }
}
