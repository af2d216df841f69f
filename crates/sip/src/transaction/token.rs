//! Tags, branches and retry times drawn from a seed: unguessable for a peer (RFC 3261 19.3), repeatable for a test.

use crate::message::MAGIC_COOKIE;
use sha2::{Digest as _, Sha256};

/// Length of one drawn token, in bytes before it is written in hexadecimal.
const TOKEN_LEN: usize = 8;

/// A generator of unguessable tokens: SHA-256 over the seed and a counter.
#[derive(Debug, Clone)]
pub struct TokenSource {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl TokenSource {
    /// Starts from a seed, which must be secret outside tests.
    pub fn new(seed: [u8; 32]) -> TokenSource {
        TokenSource { seed, counter: 0, block: [0; 32], used: 32 }
    }

    /// The next 64 random bits.
    pub fn draw(&mut self) -> u64 {
        if self.used + TOKEN_LEN > self.block.len() {
            let digest = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
            self.block.copy_from_slice(&digest);
            self.counter += 1;
            self.used = 0;
        }
        let mut bytes = [0; TOKEN_LEN];
        bytes.copy_from_slice(&self.block[self.used..self.used + TOKEN_LEN]);
        self.used += TOKEN_LEN;
        u64::from_be_bytes(bytes)
    }

    /// A tag.
    pub fn tag(&mut self) -> Vec<u8> {
        format!("{:016x}", self.draw()).into_bytes()
    }

    /// A branch.
    pub fn branch(&mut self) -> Vec<u8> {
        let mut branch = MAGIC_COOKIE.to_vec();
        branch.extend_from_slice(&self.tag());
        branch
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw() % (high - low + 1)
    }

    /// A tag that depends on `text` alone: for answers without state, which must agree when they are repeated.
    pub fn tag_for(&self, text: &[u8]) -> Vec<u8> {
        let digest = Sha256::new().chain_update(self.seed).chain_update(b"stateless").chain_update(text).finalize();
        digest.iter().take(TOKEN_LEN).flat_map(|b| format!("{b:02x}").into_bytes()).collect()
    }
}
