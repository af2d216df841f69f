//! Carries the WAL into the database on a thread and a connection of its own, so that the fsyncs this needs do not stand
//! between a batch and its commit. The writer checkpoints by itself only past [`super::WAL_PAGES_MAX`], and then finds
//! little left to do.
//!
//! After a checkpoint the writer starts the WAL anew, and that costs it one fsync of the new header; so a busy store is
//! checkpointed rarely and an idle one soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::SqliteOptions;
use crate::error::StoreError;

/// How often the thread looks. A store that was idle for so long is checkpointed.
const EVERY: Duration = Duration::from_secs(1);
/// A busy store is checkpointed after this many batches, some tens of MiB of WAL.
const BATCHES_MAX: u64 = 8_192;

/// The running thread; dropping it ends and joins it.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Batches written, counted up by the writer; the thread rests when it has seen them all.
    pub(crate) batches: Arc<AtomicU64>,
}

impl Checkpointer {
    pub(crate) fn spawn(options: &SqliteOptions) -> Result<Self, StoreError> {
        let conn = Connection::open(&options.path)?;
        super::prepare(&conn, 256)?;
        let batches = Arc::new(AtomicU64::new(0));
        let written = Arc::clone(&batches);
        let (stop, stopped) = channel::<()>();
        let run = move || {
            let (mut done, mut seen) = (0, 0);
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let now = written.load(Ordering::Relaxed);
                let due = now != done && (now == seen || now - done >= BATCHES_MAX);
                // A failure here is the writer's to report: it meets the same disk.
                if due && checkpoint(&conn, "PASSIVE").is_ok() {
                    done = now;
                }
                seen = now;
            }
        };
        let thread = std::thread::Builder::new().name("store-checkpoint".into()).spawn(run);
        let thread = thread.map_err(|e| StoreError::Io(e.to_string()))?;
        Ok(Self { stop: Some(stop), thread: Some(thread), batches })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread holds nothing that a panic could leave half done.
            let _ = thread.join();
        }
    }
}

fn checkpoint(conn: &Connection, mode: &str) -> Result<(), StoreError> {
    Ok(conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))?)
}

/// Empties the WAL, for a planned stop.
pub(crate) fn finish(conn: &Connection) -> Result<(), StoreError> {
    checkpoint(conn, "TRUNCATE")
}
