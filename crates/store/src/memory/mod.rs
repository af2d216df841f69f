//! The back end without a disk: for tests, the simulator and exchanges made for one test. Written from the interface,
//! not from the SQL, so that the shared suite compares two independent answers. It keeps nothing over the process.

mod directory;
mod log;
mod outbox;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::StoreError;
use crate::head::{Head, check_tenant, new_epoch};
use crate::model::Tenant;
use crate::model::directory::{Account, ApiCode, ConfigItem, DeviceSecret, Token};
use crate::model::log::{Answer, Event, Input, Registration, Snapshot};
use crate::model::outbox::LaidPush;
use crate::model::records::{Record, RecordCursor, StageRow};

/// A shared store in memory; clones see the same rows.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<RwLock<State>>);

/// All rows.
#[derive(Debug, Default)]
pub(crate) struct State {
    tenants: BTreeMap<Tenant, Rows>,
    next_push: u64,
    pub(crate) directory_version: u64,
}

/// The rows of one tenant.
#[derive(Debug)]
pub(crate) struct Rows {
    head: Head,
    events: BTreeMap<u64, Event>,
    inputs: BTreeMap<u64, Input>,
    snapshots: BTreeMap<u64, Snapshot>,
    mirrors: BTreeMap<u64, Vec<u8>>,
    checkpoints: BTreeMap<u64, Vec<u8>>,
    records: BTreeMap<u64, Record>,
    by_time: BTreeSet<RecordCursor>,
    /// Calls whose record was taken off a list.
    removed: BTreeSet<(u64, String)>,
    stages: BTreeMap<u64, StageRow>,
    answers: BTreeMap<(String, String), Answer>,
    registrations: BTreeMap<(String, String), Registration>,
    secrets: BTreeMap<u64, DeviceSecret>,
    accounts: BTreeMap<(String, String), Account>,
    codes: BTreeMap<(String, [u8; 32]), ApiCode>,
    tokens: BTreeMap<String, Token>,
    settings: BTreeMap<String, String>,
    configs: BTreeMap<(String, String), ConfigItem>,
    pushes: BTreeMap<u64, LaidPush>,
    cursors: BTreeMap<String, u64>,
}

impl Memory {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(crate) fn rows(&self, tenant: Tenant) -> Option<&Rows> {
        self.tenants.get(&tenant)
    }

    fn rows_mut(&mut self, tenant: Tenant) -> Result<&mut Rows, StoreError> {
        use std::collections::btree_map::Entry;
        check_tenant(tenant)?;
        match self.tenants.entry(tenant) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(Rows::new(new_epoch()?))),
        }
    }
}

impl Rows {
    fn new(epoch: u64) -> Self {
        Self {
            head: Head::new(epoch),
            events: BTreeMap::new(),
            inputs: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            mirrors: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            records: BTreeMap::new(),
            by_time: BTreeSet::new(),
            removed: BTreeSet::new(),
            stages: BTreeMap::new(),
            answers: BTreeMap::new(),
            registrations: BTreeMap::new(),
            secrets: BTreeMap::new(),
            accounts: BTreeMap::new(),
            codes: BTreeMap::new(),
            tokens: BTreeMap::new(),
            settings: BTreeMap::new(),
            configs: BTreeMap::new(),
            pushes: BTreeMap::new(),
            cursors: BTreeMap::new(),
        }
    }
}
