//! Cases of the interface, each on an empty store of any back end.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod directory;
pub mod log;
pub mod outbox;
pub mod prune;
pub mod reader;
pub mod records;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use store::{Batch, Event, Input, Store};

/// The tenant most cases use.
pub const T: u32 = 1;

/// A directory that goes with its owner.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("store-test-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An event whose bytes tell its number and whose time is its number times ten.
pub fn event(seq: u64) -> Event {
    Event { seq, at_ms: seq * 10, bytes: format!("event {seq}").into_bytes() }
}

pub fn input(no: u64) -> Input {
    Input { no, at_ms: no * 10, bytes: format!("input {no}").into_bytes() }
}

/// A batch of events and inputs of these numbers.
pub fn batch(events: impl IntoIterator<Item = u64>, inputs: impl IntoIterator<Item = u64>) -> Batch {
    let (events, inputs) = (events.into_iter().map(event).collect(), inputs.into_iter().map(input).collect());
    Batch { tenant: T, events, inputs, ..Batch::default() }
}

/// Appends `count` batches of one event and one input each.
pub fn grow(store: &mut Store, count: u64) {
    let last = store.read(|v| v.position(T)).expect("position").map_or(0, |p| p.last_seq);
    for n in last + 1..=last + count {
        store.append(n - 1, batch(n..=n, n..=n)).expect("append");
    }
}
