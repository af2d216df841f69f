//! The storage room: log, journal, snapshots, leg checkpoints, call records, directory and outbox of every tenant.
//!
//! **One interface, several back ends.** [`Store`] writes and [`View`] reads; both are enums matched by hand, and the
//! same suite (`tests/suite`) runs on each back end. Everything here blocks: the driver reaches it through
//! [`StoreThread`], other threads read through [`Reader`].
//!
//! What is stored is opaque bytes with the columns it is found by. This room knows no call, no dialect and no clock:
//! every time is an argument in Unix milliseconds. See PLAN sections 5 and 6 and `docs/adr/0002-storage.md`.

mod block;
mod error;
mod head;
mod memory;
pub mod model;
mod reader;
pub mod secret;
mod sqlite;
mod thread;
mod view;

pub use block::BLOCK_LEN_MAX;
pub use error::{AppendError, StoreError};
pub use head::{NUMBER_MAX, TENANT_MAX};
pub use memory::Memory;
pub use model::Tenant;
pub use model::directory::{Account, ApiCode, ConfigItem, DeviceSecret, DirectoryWrite, Token};
pub use model::log::{
    Answer, Batch, Checkpoint, Event, Input, MirrorCheckpoint, Position, Pruned, Registration, Retention, Snapshot,
};
pub use model::outbox::{Backlog, LaidPush, PARKED_MS, Push, PushOutcome};
pub use model::records::{
    PartyFilter, Record, RecordCursor, RecordPage, RecordQuery, RecordScan, StageQuery, StageRow,
};
pub use reader::{CONNECTIONS_MAX, Reader};
pub use sqlite::{Durability, SCHEMA_VERSION, Sqlite, SqliteOptions};
pub use thread::{
    Commit, Done, GAP_MAX, GROUP_LEN_MAX, Pace, QUEUE_LEN_MAX, StoreHandle, StoreThread, SubmitError, Task,
};
pub use view::View;

/// Rows that one read returns at most, where it takes a limit.
pub const PAGE_MAX: usize = 1_000;
/// Parties that one query of records may name.
pub const PARTY_FILTER_MAX: usize = 64;
/// Idempotency answers kept per tenant; the writer lets it grow by a thousand before it trims.
pub const ANSWERS_MAX: usize = 100_000;
/// Pushes laid per tenant; beyond it the endpoint's cursor waits and the log is the buffer.
pub const OUTBOX_MAX: usize = 100_000;
/// Rows of one kind that one call of `prune` removes.
pub const PRUNE_ROWS_MAX: usize = 1_000;

/// The writing side of a store. There is one per set of data, owned by one thread.
#[derive(Debug)]
pub enum Store {
    /// A file on this machine.
    Sqlite(Sqlite),
    /// Nothing but this process.
    Memory(Memory),
}

/// Calls the method of the same name on whichever back end this is.
macro_rules! each {
    ($store:expr, $inner:ident => $call:expr) => {
        match $store {
            Store::Sqlite($inner) => $call,
            Store::Memory($inner) => $call,
        }
    };
}

impl Store {
    /// Opens or creates a file.
    pub fn sqlite(options: SqliteOptions) -> Result<Self, StoreError> {
        Sqlite::open(options).map(Self::Sqlite)
    }

    /// An empty store in memory.
    pub fn memory() -> Self {
        Self::Memory(Memory::default())
    }

    /// Lets go of what is in memory only to be read again.
    pub fn release_memory(&self) {
        match self {
            // It is a kindness: a store that cannot is as good as before.
            Self::Sqlite(sqlite) => drop(sqlite.release_memory()),
            Self::Memory(_) => {}
        }
    }

    /// Reads see everything written so far.
    pub fn read<T>(&self, read: impl FnOnce(View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(sqlite) => read(View::Sqlite(&sqlite.conn)),
            Self::Memory(memory) => read(View::Memory(&memory.read())),
        }
    }

    /// A handle for other threads to read by; it sees every committed batch.
    pub fn reader(&self) -> Reader {
        match self {
            Self::Sqlite(sqlite) => Reader::sqlite(sqlite.options().clone(), sqlite.directory_version().clone()),
            Self::Memory(memory) => Reader::memory(memory.clone()),
        }
    }

    /// Makes the log of a tenant if it has none, and says where it stands.
    pub fn open_log(&mut self, tenant: Tenant) -> Result<Position, StoreError> {
        each!(self, store => store.open_log(tenant))?;
        self.read(|view| view.position(tenant))?.ok_or(StoreError::Refused("the log was just made"))
    }

    /// Appends one batch if the log stands at `expected_seq`: all of it or nothing.
    pub fn append(&mut self, expected_seq: u64, batch: Batch) -> Result<(), AppendError> {
        self.append_group(vec![(expected_seq, batch)]).pop().unwrap_or(Ok(()))
    }

    /// Appends batches in order, in one transaction; one answer each. A batch that is fenced or malformed leaves the
    /// others alone; a failure of the disk fails all.
    pub fn append_group(&mut self, group: Vec<(u64, Batch)>) -> Vec<Result<(), AppendError>> {
        each!(self, store => store.append_group(group))
    }

    /// Keeps a state of the core; the same input number replaces it.
    pub fn put_snapshot(&mut self, tenant: Tenant, snapshot: &Snapshot) -> Result<(), StoreError> {
        each!(self, store => store.put_snapshot(tenant, snapshot))
    }

    /// Keeps a state of the mirror; the same sequence number replaces it.
    pub fn put_mirror(&mut self, tenant: Tenant, mirror: &MirrorCheckpoint) -> Result<(), StoreError> {
        each!(self, store => store.put_mirror(tenant, mirror))
    }

    /// Writes bindings of the registrar behind, all or none.
    pub fn put_registrations(&mut self, tenant: Tenant, bindings: &[Registration]) -> Result<(), StoreError> {
        each!(self, store => store.put_registrations(tenant, bindings))
    }

    /// Applies changes of the directory, all or none; on disk they survive a loss of power.
    pub fn write_directory(&mut self, tenant: Tenant, writes: &[DirectoryWrite]) -> Result<(), StoreError> {
        each!(self, store => store.write_directory(tenant, writes))
    }

    /// Removes what a tenant no longer keeps, a bounded step at a time ([`Pruned::more`]).
    pub fn prune(&mut self, tenant: Tenant, now_ms: u64, keep: &Retention) -> Result<Pruned, StoreError> {
        each!(self, store => store.prune(tenant, now_ms, keep))
    }

    /// Takes records off a list on which somebody reads them; says how many were on it. They stay for everybody else.
    pub fn remove_records(&mut self, tenant: Tenant, list: &str, calls: &[u64]) -> Result<u64, StoreError> {
        each!(self, store => store.remove_records(tenant, list, calls))
    }

    /// Lays pushes for an endpoint together with the cursor they were made from. A message laid before is not laid
    /// again while it waits.
    pub fn lay_pushes(
        &mut self,
        tenant: Tenant,
        endpoint: &str,
        through_seq: Option<u64>,
        pushes: &[Push],
    ) -> Result<(), StoreError> {
        each!(self, store => store.lay_pushes(tenant, endpoint, through_seq, pushes))
    }

    /// Takes due pushes, oldest due first, of one endpoint or of all; of each order key only the first one laid that is not
    /// parked. Nobody else gets them before `now_ms + lease_ms`.
    pub fn lease_pushes(
        &mut self,
        tenant: Tenant,
        endpoint: Option<&str>,
        now_ms: u64,
        lease_ms: u64,
        max: usize,
    ) -> Result<Vec<LaidPush>, StoreError> {
        each!(self, store => store.lease_pushes(tenant, endpoint, now_ms, lease_ms, max))
    }

    /// Notes what became of leased pushes, all or none. An unknown push is ignored.
    pub fn settle_pushes(&mut self, tenant: Tenant, outcomes: &[PushOutcome]) -> Result<(), StoreError> {
        each!(self, store => store.settle_pushes(tenant, outcomes))
    }

    /// Makes a parked push due at `now_ms`, as if it had never been tried. False: there is no such parked push.
    pub fn replay_push(&mut self, tenant: Tenant, id: u64, now_ms: u64) -> Result<bool, StoreError> {
        each!(self, store => store.replay_push(tenant, id, now_ms))
    }

    /// Forgets the oldest parked pushes, at most `max`; gives how many.
    pub fn give_up_parked(&mut self, tenant: Tenant, max: usize) -> Result<u64, StoreError> {
        each!(self, store => store.give_up_parked(tenant, max))
    }

    /// Forgets an endpoint: its pushes and its cursor.
    pub fn drop_endpoint(&mut self, tenant: Tenant, endpoint: &str) -> Result<(), StoreError> {
        each!(self, store => store.drop_endpoint(tenant, endpoint))
    }

    /// For a planned stop: leaves a file that needs no WAL.
    pub fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite::checkpoint::finish(&sqlite.conn),
            Self::Memory(_) => Ok(()),
        }
    }
}
