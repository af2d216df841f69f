//! The row format of log and journal: neighbours travel in one block, so that a commit of twenty events is one row and
//! one index entry. Inside a block: for each item the zigzag difference of its time to the one before, its length, its
//! bytes; numbers are implied, since they are gapless. Integers are LEB128.
//!
//! A block is never rewritten. It is pruned whole.

use crate::error::StoreError;

/// A block is closed when it holds this much; an item larger than it gets a block of its own.
pub const BLOCK_LEN_MAX: usize = 64 * 1024;

/// A block under construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The number of its first item.
    pub first: u64,
    /// The number of its last item.
    pub last: u64,
    /// The latest time in it, for pruning by age.
    pub at_ms: u64,
    /// The encoded items.
    pub bytes: Vec<u8>,
    prior_at_ms: u64,
}

/// One decoded item: number, time, bytes.
pub type Item<'a> = (u64, u64, &'a [u8]);

impl Block {
    fn starting_at(number: u64) -> Self {
        Self { first: number, last: number.wrapping_sub(1), at_ms: 0, bytes: Vec::new(), prior_at_ms: 0 }
    }

    fn push(&mut self, at_ms: u64, bytes: &[u8]) {
        let delta = at_ms.wrapping_sub(self.prior_at_ms).cast_signed();
        put_varint(&mut self.bytes, ((delta << 1) ^ (delta >> 63)).cast_unsigned());
        put_varint(&mut self.bytes, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self.prior_at_ms = at_ms;
        self.at_ms = self.at_ms.max(at_ms);
        self.last = self.last.wrapping_add(1);
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= BLOCK_LEN_MAX
    }
}

/// Adds an item to the last block of `blocks`, or to a new one if that is full.
pub fn push(blocks: &mut Vec<Block>, number: u64, at_ms: u64, bytes: &[u8]) {
    match blocks.last_mut() {
        Some(block) if !block.is_full() => block.push(at_ms, bytes),
        _ => {
            let mut block = Block::starting_at(number);
            block.push(at_ms, bytes);
            blocks.push(block);
        }
    }
}

/// Calls `each` for the items of a stored block until it answers false; checks that they end at `last`.
pub fn decode(first: u64, last: u64, bytes: &[u8], mut each: impl FnMut(Item<'_>) -> bool) -> Result<bool, StoreError> {
    let damaged = || StoreError::Corrupt(format!("block {first}..={last}"));
    let mut rest = bytes;
    let mut number = first;
    let mut at_ms: u64 = 0;
    while !rest.is_empty() {
        let zigzag = take_varint(&mut rest).ok_or_else(damaged)?;
        let delta = (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed());
        at_ms = at_ms.wrapping_add(delta.cast_unsigned());
        let length = usize::try_from(take_varint(&mut rest).ok_or_else(damaged)?).map_err(|_| damaged())?;
        let (item, tail) = rest.split_at_checked(length).ok_or_else(damaged)?;
        if number > last {
            return Err(damaged());
        }
        if !each((number, at_ms, item)) {
            return Ok(false);
        }
        rest = tail;
        number = number.wrapping_add(1);
    }
    if number == last.wrapping_add(1) { Ok(true) } else { Err(damaged()) }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_LEN_MAX, decode, push};

    fn all(blocks: &[super::Block]) -> Vec<(u64, u64, Vec<u8>)> {
        let mut items = Vec::new();
        for block in blocks {
            let whole = decode(block.first, block.last, &block.bytes, |(no, at, bytes)| {
                items.push((no, at, bytes.to_vec()));
                true
            });
            assert_eq!(whole, Ok(true));
        }
        items
    }

    #[test]
    fn items_come_back_with_times_that_step_back_and_extremes() {
        let items = [(7, 1_000, b"a".to_vec()), (8, 990, vec![]), (9, u64::MAX, vec![3; 300]), (10, 0, b"z".to_vec())];
        let mut blocks = Vec::new();
        for (no, at, bytes) in &items {
            push(&mut blocks, *no, *at, bytes);
        }
        assert_eq!(blocks.len(), 1);
        assert_eq!(all(&blocks), items);
    }

    #[test]
    fn a_full_block_is_closed() {
        let mut blocks = Vec::new();
        for no in 1..=5 {
            push(&mut blocks, no, no, &vec![0; BLOCK_LEN_MAX]);
        }
        assert_eq!(
            blocks.iter().map(|b| (b.first, b.last)).collect::<Vec<_>>(),
            [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]
        );
        assert_eq!(all(&blocks).len(), 5);
    }

    #[test]
    fn every_cut_and_every_surplus_is_an_error() {
        let mut blocks = Vec::new();
        push(&mut blocks, 1, 5, b"hello");
        push(&mut blocks, 2, 6, b"you");
        let block = &blocks[0];
        for cut in 0..block.bytes.len() {
            assert!(decode(1, 2, &block.bytes[..cut], |_| true).is_err(), "cut at {cut}");
        }
        assert!(decode(1, 1, &block.bytes, |_| true).is_err());
        assert!(decode(1, 3, &block.bytes, |_| true).is_err());
        assert!(decode(1, 2, &[0xff; 40], |_| true).is_err());
    }
}
