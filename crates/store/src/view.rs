//! The reading side: every read, on either back end. A view lasts for one closure and sees one state of the store.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::memory::{Rows, State};
use crate::model::Tenant;
use crate::model::directory::{Account, ApiCode, ConfigItem, DeviceSecret, Token};
use crate::model::log::{Answer, Event, Input, MirrorCheckpoint, Position, Registration, Snapshot};
use crate::model::outbox::{Backlog, LaidPush};
use crate::model::records::{Record, RecordPage, RecordQuery, RecordScan, StageQuery, StageRow};
use crate::sqlite::{directory_read, log_read, outbox_read, records_read, scan_read};

/// What can be read. Back ends are private; the methods are the interface.
#[derive(Clone, Copy)]
pub enum View<'a> {
    #[doc(hidden)]
    Sqlite(&'a Connection),
    #[doc(hidden)]
    #[allow(private_interfaces)]
    Memory(&'a State),
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "View::Sqlite",
            Self::Memory(_) => "View::Memory",
        })
    }
}

/// Reads: documentation, name, arguments, answer, the SQL function, and what memory answers for a known tenant (an
/// unknown one has the empty answer on both back ends).
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $answer:ty, $sql:path, $rows:ident => $memory:expr;)*) => {
        impl View<'_> {
            $($(#[$doc])*
            pub fn $name(&self, tenant: Tenant, $($arg: $ty),*) -> Result<$answer, StoreError> {
                match self {
                    Self::Sqlite(conn) => $sql(conn, tenant, $($arg),*),
                    Self::Memory(state) => Ok(known(state, tenant, |$rows| $memory)),
                }
            })*
        }
    };
}

fn known<T: Default>(state: &State, tenant: Tenant, read: impl FnOnce(&Rows) -> T) -> T {
    state.rows(tenant).map_or_else(T::default, read)
}

reads! {
    /// Where a tenant's log stands; `None` if it has none.
    position() -> Option<Position>, log_read::position, rows => Some(rows.position());
    /// At most `max` events from `from_seq` on. If the first one is later than asked, the ones between are pruned.
    events(from_seq: u64, max: usize) -> Vec<Event>, log_read::events, rows => rows.events_from(from_seq, max);
    /// At most `max` inputs after `after_no`.
    inputs(after_no: u64, max: usize) -> Vec<Input>, log_read::inputs, rows => rows.inputs_after(after_no, max);
    /// The newest state of the core.
    latest_snapshot() -> Option<Snapshot>, log_read::latest_snapshot, rows => rows.latest_snapshot();
    /// The newest state of the mirror at or before a sequence number.
    mirror_at(seq_max: u64) -> Option<MirrorCheckpoint>, log_read::mirror_at, rows => rows.mirror_at(seq_max);
    /// All leg checkpoints, by leg.
    checkpoints() -> Vec<(u64, Vec<u8>)>, log_read::checkpoints, rows => rows.leg_checkpoints();
    /// The answer kept for a key of a principal.
    answer(principal: &str, key: &str) -> Option<Answer>, log_read::answer, rows => rows.answer(principal, key);
    /// All answers given since a time, oldest first, to fill the table of a starting driver.
    answers_since(since_ms: u64) -> Vec<Answer>, log_read::answers_since, rows => rows.answers_since(since_ms);
    /// All bindings, lapsed ones too, by address and contact.
    registrations() -> Vec<Registration>, log_read::registrations, rows => rows.all_registrations();
    /// The record of a call.
    record(call: u64) -> Option<Record>, records_read::record, rows => rows.record(call);
    /// A page of records, newest first.
    records(query: &RecordQuery) -> RecordPage, records_read::query, rows => rows.query_records(query);
    /// A page of records, oldest first.
    scan(scan: &RecordScan) -> Vec<Record>, scan_read::scan, rows => rows.scan_records(scan);
    /// Stages.
    stages(query: &StageQuery) -> Vec<StageRow>, records_read::stages, rows => rows.stages(query);
    /// The secret of a device.
    device_secret(device: u64) -> Option<DeviceSecret>, directory_read::device_secret, rows => rows.device_secret(device);
    /// The secret behind a digest user name.
    device_secret_of_user(auth_user: &str) -> Option<DeviceSecret>, directory_read::device_secret_of_user,
        rows => rows.device_secret_of_user(auth_user);
    /// All device secrets, by device.
    device_secrets() -> Vec<DeviceSecret>, directory_read::device_secrets, rows => rows.device_secrets();
    /// An account of a door.
    account(door: &str, user: &str) -> Option<Account>, directory_read::account, rows => rows.account(door, user);
    /// All accounts, by door and user.
    accounts() -> Vec<Account>, directory_read::accounts, rows => rows.all_accounts();
    /// The code with this hash at a door.
    api_code(door: &str, hash: &[u8; 32]) -> Option<ApiCode>, directory_read::api_code, rows => rows.api_code(door, hash);
    /// All codes, by door and hash.
    api_codes() -> Vec<ApiCode>, directory_read::api_codes, rows => rows.api_codes();
    /// A token.
    token(id: &str) -> Option<Token>, directory_read::token, rows => rows.token(id);
    /// All tokens, by id.
    tokens() -> Vec<Token>, directory_read::tokens, rows => rows.all_tokens();
    /// A setting.
    setting(key: &str) -> Option<String>, directory_read::setting, rows => rows.setting(key);
    /// All settings, by name.
    settings() -> Vec<(String, String)>, directory_read::settings, rows => rows.all_settings();
    /// A configuration item.
    config(kind: &str, id: &str) -> Option<ConfigItem>, directory_read::config, rows => rows.config(kind, id);
    /// The configuration items of a kind, or all, by kind and id.
    configs(kind: Option<&str>) -> Vec<ConfigItem>, directory_read::configs, rows => rows.configs_of(kind);
    /// The oldest pushes of an endpoint, or of all, leased or not.
    pushes(endpoint: Option<&str>, max: usize) -> Vec<LaidPush>, outbox_read::pushes, rows => rows.pushes_of(endpoint, max);
    /// The oldest parked pushes.
    parked(max: usize) -> Vec<LaidPush>, outbox_read::parked, rows => rows.parked(max);
    /// How many pushes wait.
    outbox_len() -> usize, outbox_read::outbox_len, rows => rows.outbox_len();
    /// What an endpoint has not taken.
    backlog(endpoint: &str) -> Backlog, outbox_read::backlog, rows => rows.backlog(endpoint);
    /// The place in the log up to which an endpoint's pushes are laid.
    cursor(endpoint: &str) -> Option<u64>, outbox_read::cursor, rows => rows.cursor(endpoint);
}

impl View<'_> {
    /// The tenants that have a log.
    pub fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        match self {
            Self::Sqlite(conn) => log_read::tenants(conn),
            Self::Memory(state) => Ok(state.tenant_numbers()),
        }
    }

    /// Reads everything and names what is wrong: damaged pages, holes in a log. Empty if all is well. Slow.
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(conn) => log_read::integrity(conn),
            Self::Memory(_) => Ok(Vec::new()),
        }
    }
}
