//! The back end for one machine: a SQLite file in WAL mode, one writer, any number of readers beside it.
//!
//! A commit without fsync is in the operating system's hands and survives `kill -9`; `Durability::Power` adds the fsync
//! (PLAN section 6, ADR 2). Reads are free functions on a connection, so that the writer and the readers share them.

mod append;
mod backup;
pub(crate) mod checkpoint;
mod directory;
mod log;
mod migrate;
mod outbox;
mod prune;
mod records;
mod scan;

pub(crate) use backup::backup;
pub use migrate::SCHEMA_VERSION;
pub(crate) use {directory::read as directory_read, log::read as log_read};
pub(crate) use {outbox::read as outbox_read, records::read as records_read, scan::read as scan_read};

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::head::{NUMBER_BITS, NUMBER_MAX, TENANT_MAX};
use crate::model::Tenant;

/// Marks a file as ours ("HkSw").
const APPLICATION_ID: i64 = 0x486b_5377;
/// How long a connection waits for another one's lock; only a foreign tool can hold one that long.
const BUSY_TIMEOUT_MS: u64 = 2_000;
const STATEMENTS_CACHED_MAX: usize = 96;
/// Mode of the files: read and written by their owner alone.
#[cfg(unix)]
const PRIVATE: u32 = 0o600;
/// The writer checkpoints by itself at this size of the WAL, if the checkpoint thread could not keep up.
const WAL_PAGES_MAX: u32 = 32_768;
/// A WAL file larger than this is cut when it starts anew.
const WAL_KEPT_BYTES: u64 = 64 * 1024 * 1024;

/// What a commit must survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however it ends.
    #[default]
    Process,
    /// The loss of power: every commit is an fsync.
    Power,
}

/// How to open a file.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file; its WAL and its lock stand beside it.
    pub path: PathBuf,
    /// What a commit must survive.
    pub durability: Durability,
    /// Pages kept in memory by each connection, in KiB.
    pub cache_kib: u32,
}

impl SqliteOptions {
    /// The usual settings for a file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), durability: Durability::Process, cache_kib: 4 * 1024 }
    }
}

/// The writing connection. There is one per file: a lock file keeps a second process out.
#[derive(Debug)]
pub struct Sqlite {
    pub(crate) conn: Connection,
    options: SqliteOptions,
    fsync_on: bool,
    answers_since_trim: usize,
    directory_version: Arc<AtomicU64>,
    // Held, never read: dropping it gives the file free.
    _lock: File,
}

impl Sqlite {
    /// Opens or creates a file, brings it to this version, and starts a new epoch if it is a restored backup.
    pub fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        let lock = lock_beside(&options.path)?;
        create_private(&options.path)?;
        let mut conn = Connection::open(&options.path)?;
        prepare(&conn, options.cache_kib)?;
        claim(&conn)?;
        make_private(&options.path)?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)?;
        conn.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES.cast_signed())?;
        conn.pragma_update(None, "synchronous", "NORMAL")?;
        migrate::run(&mut conn)?;
        backup::begin_new_life_if_restored(&mut conn)?;
        let directory_version = Arc::default();
        let mut store = Self { conn, options, fsync_on: false, answers_since_trim: 0, directory_version, _lock: lock };
        store.set_fsync(false)?;
        Ok(store)
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    pub(crate) fn options(&self) -> &SqliteOptions {
        &self.options
    }

    /// Rises when a change of the directory has been committed.
    pub(crate) fn directory_version(&self) -> &Arc<AtomicU64> {
        &self.directory_version
    }

    /// Tells that one has: after the commit, before anybody is told of it.
    fn directory_changed(&self) {
        self.directory_version.fetch_add(1, Ordering::Release);
    }

    /// Lets go of pages that are in memory only to be read again.
    pub(crate) fn release_memory(&self) -> Result<(), StoreError> {
        Ok(self.conn.release_memory()?)
    }

    /// Makes the next commit survive a loss of power, or not.
    fn set_fsync(&mut self, wanted: bool) -> Result<(), StoreError> {
        let wanted = wanted || self.options.durability == Durability::Power;
        if wanted != self.fsync_on {
            self.conn.pragma_update(None, "synchronous", if wanted { "FULL" } else { "NORMAL" })?;
            self.fsync_on = wanted;
        }
        Ok(())
    }
}

/// Opens a further connection that can only read.
pub(crate) fn open_reader(options: &SqliteOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&options.path, flags)?;
    prepare(&conn, options.cache_kib)?;
    Ok(conn)
}

fn prepare(conn: &Connection, cache_kib: u32) -> Result<(), StoreError> {
    conn.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    conn.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Refuses a database of another program; marks an empty one as ours.
fn claim(conn: &Connection) -> Result<(), StoreError> {
    let id: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id != 0 || objects != 0 {
        return Err(StoreError::Corrupt("the file is a database of another program".into()));
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}

/// Makes the file if it is not there, so that only its owner may read it: it holds what phones and accounts prove themselves with.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    options.open(path).map(drop).map_err(|e| StoreError::Io(format!("{}: {e}", path.display())))
}

/// The same for a file of ours that is there, and for those beside it; new ones get their mode from the first.
fn make_private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::set_permissions(&name, std::os::unix::fs::PermissionsExt::from_mode(PRIVATE)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Io(format!("{}: {e}", Path::new(&name).display())));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn lock_beside(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&name);
    let lock = lock.map_err(|e| StoreError::Io(format!("{}: {e}", Path::new(&name).display())))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::Io(format!("{} is in use by another process", path.display())))
        }
        Err(TryLockError::Error(e)) => Err(StoreError::Io(e.to_string())),
    }
}

/// SQLite's integers are signed: a `u64` keeps its bits. Order holds up to 2^63, which no counter of ours reaches.
pub(crate) const fn int(value: u64) -> i64 {
    value.cast_signed()
}

/// A bound of a range, which may be `u64::MAX` for "no end".
pub(crate) fn bound(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads a `u64` written by [`int`].
pub(crate) fn uint(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// The id of a row that belongs to a tenant and a number: one integer that sorts by both. [`crate::head::check`] keeps
/// out what does not fit.
pub(crate) const fn key(tenant: Tenant, number: u64) -> i64 {
    (((tenant as u64) << NUMBER_BITS) | number).cast_signed()
}

/// The number within a [`key`].
pub(crate) const fn number(key: i64) -> u64 {
    key.cast_unsigned() & NUMBER_MAX
}

/// The keys of a tenant from a number to the last; empty for what was never let in.
pub(crate) fn keys_from(tenant: Tenant, number: u64) -> (i64, i64) {
    if tenant > TENANT_MAX || number > NUMBER_MAX { (-1, -2) } else { (key(tenant, number), key(tenant, NUMBER_MAX)) }
}

/// The steps in which SQLite carries a statement out.
#[cfg(test)]
pub(crate) fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut query = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("SQL");
    let steps = query.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
    steps.expect("steps")
}
