//! Nonces that prove themselves, and the counts already used with them.
//!
//! A nonce is time, serial number and a truncated HMAC-SHA256 over both and the realm, in hexadecimal. Serials rise, which
//! bounds the table of counts: when it is full the oldest nonce is forgotten and, being below the floor, refused.

use super::hash::{hex, unhex};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

/// Octets of the HMAC that a nonce carries.
const TAG_LEN: usize = 16;
const STAMP_LEN: usize = 8;
const NONCE_LEN: usize = 2 * STAMP_LEN + TAG_LEN;
/// How far behind the highest count a count may come, for requests that overtook each other.
const COUNT_WINDOW: u32 = 64;

/// Makes and judges the nonces of one server.
#[derive(Debug)]
pub(super) struct Nonces {
    key: [u8; 32],
    lifetime_ms: u64,
    used_max: usize,
    next_serial: u64,
    /// Nonces up to this serial without an entry may have been used and forgotten.
    floor: Option<u64>,
    used: BTreeMap<u64, Counts>,
}

/// A nonce that we signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Issued {
    at_ms: u64,
    serial: u64,
}

/// Why a nonce, or a count of it, does not count any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfresh {
    /// Not signed with our key: perhaps from before a restart.
    Foreign,
    /// Older than the lifetime, or forgotten.
    Expired,
    /// This count came before.
    Replayed,
}

#[derive(Debug)]
struct Counts {
    at_ms: u64,
    highest: u32,
    /// Bit n: the count `highest - n` was used.
    seen: u64,
}

impl Nonces {
    pub(super) fn new(key: [u8; 32], lifetime_ms: u64, used_max: usize) -> Nonces {
        Nonces { key, lifetime_ms, used_max: used_max.max(1), next_serial: 0, floor: None, used: BTreeMap::new() }
    }

    pub(super) fn issue(&mut self, realm: &str, now_ms: u64) -> String {
        self.forget_expired(now_ms);
        let issued = Issued { at_ms: now_ms, serial: self.next_serial };
        self.next_serial += 1;
        let mut bytes = Vec::with_capacity(NONCE_LEN);
        bytes.extend(issued.at_ms.to_be_bytes());
        bytes.extend(issued.serial.to_be_bytes());
        bytes.extend(self.tag(&bytes, realm));
        hex(&bytes)
    }

    /// Whether we signed it and when.
    pub(super) fn recognise(&self, nonce: &str, realm: &str) -> Option<Issued> {
        let bytes = if nonce.len() == 2 * NONCE_LEN { unhex(nonce)? } else { return None };
        let (stamp, tag) = bytes.split_at_checked(2 * STAMP_LEN)?;
        if !bool::from(self.tag(stamp, realm).ct_eq(tag)) {
            return None;
        }
        let (at, serial) = stamp.split_at_checked(STAMP_LEN)?;
        let number = |octets: &[u8]| octets.try_into().map(u64::from_be_bytes).ok();
        Some(Issued { at_ms: number(at)?, serial: number(serial)? })
    }

    /// Uses up one count of a nonce. Call it only after the digest was found right, so that strangers fill no table.
    pub(super) fn consume(&mut self, issued: Option<Issued>, count: u32, now_ms: u64) -> Result<(), Unfresh> {
        let Issued { at_ms, serial } = issued.ok_or(Unfresh::Foreign)?;
        if now_ms.saturating_sub(at_ms) > self.lifetime_ms {
            return Err(Unfresh::Expired);
        }
        if let Some(counts) = self.used.get_mut(&serial) {
            return if counts.take(count) { Ok(()) } else { Err(Unfresh::Replayed) };
        }
        if self.floor.is_some_and(|floor| serial <= floor) {
            return Err(Unfresh::Expired);
        }
        self.make_room(now_ms);
        self.used.insert(serial, Counts { at_ms, highest: count, seen: 1 });
        Ok(())
    }

    /// Forgets what is refused for its age alone.
    pub(super) fn forget_expired(&mut self, now_ms: u64) {
        while self.used.first_key_value().is_some_and(|(_, it)| now_ms.saturating_sub(it.at_ms) > self.lifetime_ms) {
            self.forget_oldest();
        }
    }

    fn make_room(&mut self, now_ms: u64) {
        self.forget_expired(now_ms);
        while self.used.len() >= self.used_max {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((serial, _)) = self.used.pop_first() {
            self.floor = self.floor.max(Some(serial));
        }
    }

    fn tag(&self, stamp: &[u8], realm: &str) -> [u8; TAG_LEN] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(stamp);
        mac.update(realm.as_bytes());
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|index| full[index])
    }
}

impl Counts {
    /// Marks a count; false when it was marked before or is too far behind to tell.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        if behind >= COUNT_WINDOW || self.seen & (1 << behind) != 0 {
            return false;
        }
        self.seen |= 1 << behind;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME_MS: u64 = 1_000;

    fn nonces() -> Nonces {
        Nonces::new([7; 32], LIFETIME_MS, 4)
    }

    #[test]
    fn we_know_our_own_nonces_only() {
        let mut ours = nonces();
        let nonce = ours.issue("realm", 5);
        assert_eq!(ours.recognise(&nonce, "realm"), Some(Issued { at_ms: 5, serial: 0 }));
        assert_ne!(ours.issue("realm", 5), nonce);
        assert_eq!(ours.recognise(&nonce, "other realm"), None);
        assert_eq!(Nonces::new([8; 32], LIFETIME_MS, 4).recognise(&nonce, "realm"), None, "another key");
        let flipped = nonce.replacen('0', "1", 1);
        assert_eq!(ours.recognise(&flipped, "realm"), None);
        assert_eq!((ours.recognise("", "realm"), ours.recognise(&"z".repeat(64), "realm")), (None, None));
    }

    #[test]
    fn counts_may_skip_and_overtake_but_not_repeat() {
        let mut ours = nonces();
        let issued = Some(Issued { at_ms: 0, serial: 0 });
        for count in [1, 2, 10, 9, 300, 237] {
            assert_eq!(ours.consume(issued, count, 0), Ok(()), "{count}");
        }
        for count in [1, 2, 10, 9, 300, 237, 236, 0] {
            assert_eq!(ours.consume(issued, count, 0), Err(Unfresh::Replayed), "{count}");
        }
        assert_eq!(ours.consume(issued, u32::MAX, 0), Ok(()));
    }

    #[test]
    fn a_nonce_ends_with_its_lifetime() {
        let mut ours = nonces();
        let issued = Some(Issued { at_ms: 500, serial: 0 });
        assert_eq!(ours.consume(issued, 1, 500 + LIFETIME_MS), Ok(()));
        assert_eq!(ours.consume(issued, 2, 501 + LIFETIME_MS), Err(Unfresh::Expired));
        assert_eq!(ours.consume(None, 1, 0), Err(Unfresh::Foreign));
        // What is too old to be taken is not kept either.
        assert_eq!(ours.used.len(), 1);
        ours.forget_expired(501 + LIFETIME_MS);
        assert_eq!(ours.used.len(), 0);
        assert_eq!(ours.consume(issued, 1, 500), Err(Unfresh::Expired), "not even where the clock went back");
    }

    #[test]
    fn a_full_table_forgets_the_oldest_and_never_takes_it_again() {
        let mut ours = nonces();
        let issued = |serial| Some(Issued { at_ms: 0, serial });
        for serial in 0..100 {
            assert_eq!(ours.consume(issued(serial), 1, 0), Ok(()));
            assert!(ours.used.len() <= 4);
        }
        assert_eq!(ours.consume(issued(0), 1, 0), Err(Unfresh::Expired), "a forgotten count is not taken twice");
        assert_eq!(ours.consume(issued(99), 2, 0), Ok(()));
        assert_eq!(ours.consume(issued(200), 1, 0), Ok(()));
    }
}
