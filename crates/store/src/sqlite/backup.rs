//! A backup while calls go on, and what makes a restored one a new life of the log.
//!
//! The copy is taken in one step from a connection of its own: in WAL mode that reader holds nobody up, and the copy is
//! exact at one commit. It carries a mark; who opens a marked file gives every log a new epoch, so that no client takes
//! the restored numbers for the ones it knew (PLAN section 6).

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{SqliteOptions, int, open_reader};
use crate::error::StoreError;
use crate::head::new_epoch;

const MARK: &str = "backup";

/// Copies the database to a file that must not exist yet.
pub(crate) fn backup(options: &SqliteOptions, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Refused("the backup file exists"));
    }
    let source = open_reader(options)?;
    super::create_private(to)?;
    let mut copy = Connection::open(to)?;
    {
        let run = Backup::new(&source, &mut copy)?;
        match run.step(-1)? {
            StepResult::Done => {}
            other => return Err(StoreError::Io(format!("backup stopped: {other:?}"))),
        }
    }
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, '1')", [MARK])?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// If this file came from [`backup`], every log in it starts a new life.
pub(super) fn begin_new_life_if_restored(conn: &mut Connection) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mark: Option<String> =
        tx.query_row("SELECT value FROM meta WHERE key = ?1", [MARK], |row| row.get(0)).optional()?;
    if mark.is_none() {
        return Ok(());
    }
    for tenant in super::log_read::tenants(&tx)? {
        tx.execute("UPDATE tenant SET epoch = ?2 WHERE tenant = ?1", params![tenant, int(new_epoch()?)])?;
    }
    tx.execute("DELETE FROM meta WHERE key = ?1", [MARK])?;
    Ok(tx.commit()?)
}
