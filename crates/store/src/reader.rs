//! Reading beside the writer, from any thread. Each read sees one committed state, and holds nobody up: SQLite readers
//! have connections of their own (WAL), at most [`CONNECTIONS_MAX`]; who comes when all are busy waits.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use crate::error::StoreError;
use crate::memory::Memory;
use crate::sqlite::{SqliteOptions, backup, open_reader};
use crate::view::View;

/// Reading connections per file.
pub const CONNECTIONS_MAX: usize = 4;

/// A handle to read by; clones share the connections.
#[derive(Clone, Debug)]
pub struct Reader(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Sqlite(Arc<Pool>),
    Memory(Memory),
}

#[derive(Debug)]
struct Pool {
    options: SqliteOptions,
    free: Mutex<Free>,
    returned: Condvar,
    directory_version: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Free {
    idle: Vec<Connection>,
    open: usize,
}

impl Reader {
    pub(crate) fn sqlite(options: SqliteOptions, directory_version: Arc<AtomicU64>) -> Self {
        let (free, returned) = (Mutex::default(), Condvar::new());
        Self(Kind::Sqlite(Arc::new(Pool { options, free, returned, directory_version })))
    }

    pub(crate) fn memory(memory: Memory) -> Self {
        Self(Kind::Memory(memory))
    }

    /// Reads one state of the store. Blocks on the disk: not for the driver's thread.
    pub fn read<T>(&self, read: impl FnOnce(View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &self.0 {
            Kind::Memory(memory) => read(View::Memory(&memory.read())),
            Kind::Sqlite(pool) => {
                let lent = pool.lend()?;
                let conn = lent.conn.as_ref().ok_or(StoreError::Closed)?;
                // One transaction, so that several reads of one closure agree.
                let tx = conn.unchecked_transaction()?;
                let answer = read(View::Sqlite(&tx));
                tx.finish()?;
                answer
            }
        }
    }

    /// Another number than before where accounts, codes or other parts of the directory were changed meanwhile: what was read
    /// before it was asked for may be kept for as long as it stays the same. Cheap: for any thread.
    pub fn directory_version(&self) -> u64 {
        match &self.0 {
            Kind::Memory(memory) => memory.read().directory_version,
            Kind::Sqlite(pool) => pool.directory_version.load(Ordering::Acquire),
        }
    }

    /// Lets go of database pages that idle connections keep only to read them again.
    pub fn release_memory(&self) {
        match &self.0 {
            Kind::Memory(_) => {}
            Kind::Sqlite(pool) => {
                let free = pool.free.lock().unwrap_or_else(PoisonError::into_inner);
                for conn in &free.idle {
                    // It is a kindness: a connection that cannot is as good as before.
                    let _ = conn.release_memory();
                }
            }
        }
    }

    /// Copies the store to a file that must not exist yet, while calls go on. Opened, the copy is a new life of every
    /// log (another epoch). A store in memory has nothing to copy and refuses.
    pub fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Sqlite(pool) => backup(&pool.options, path),
            Kind::Memory(_) => Err(StoreError::Refused("a store in memory has no backup")),
        }
    }
}

impl Pool {
    fn lend(self: &Arc<Self>) -> Result<Lent, StoreError> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = free.idle.pop() {
                return Ok(Lent { pool: Arc::clone(self), conn: Some(conn) });
            }
            if free.open < CONNECTIONS_MAX {
                free.open += 1;
                drop(free);
                // From here the place is held by the loan, which gives it back even if opening fails.
                let mut lent = Lent { pool: Arc::clone(self), conn: None };
                lent.conn = Some(open_reader(&self.options)?);
                return Ok(lent);
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A connection on loan.
struct Lent {
    pool: Arc<Pool>,
    conn: Option<Connection>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut free = self.pool.free.lock().unwrap_or_else(PoisonError::into_inner);
        match self.conn.take() {
            Some(conn) => free.idle.push(conn),
            None => free.open -= 1,
        }
        self.pool.returned.notify_one();
    }
}
