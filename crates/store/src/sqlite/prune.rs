//! Forgetting by age and by snapshot, a bounded step at a time so that a commit never waits long behind it.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::append::{forget_parties, trim_answers};
use super::scan::forget_removals;
use super::{Sqlite, bound, int, key, keys_from, log_read, number, uint};
use crate::PRUNE_ROWS_MAX;
use crate::error::StoreError;
use crate::head::NUMBER_MAX;
use crate::model::Tenant;
use crate::model::log::{Pruned, Retention};

impl Sqlite {
    /// Removes what a tenant no longer keeps, at most [`PRUNE_ROWS_MAX`] rows of a kind.
    pub fn prune(&mut self, tenant: Tenant, now_ms: u64, keep: &Retention) -> Result<Pruned, StoreError> {
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = |age_ms: u64| bound(now_ms.saturating_sub(age_ms));
        let mut pruned = Pruned { snapshots: snapshots(&tx, tenant, keep.snapshots_kept)?, ..Pruned::default() };
        // A replay starts at the oldest snapshot kept: everything behind it is needed, everything before it is not.
        if let Some((input_no, seq)) = oldest_snapshot(&tx, tenant)? {
            let sql = "DELETE FROM input_block WHERE id IN (SELECT id FROM input_block WHERE id BETWEEN ?1 AND ?2
                       AND last <= ?3 AND at_ms < ?4 AND id < (SELECT max(id) FROM input_block WHERE id BETWEEN ?1 AND ?5)
                       ORDER BY id LIMIT ?6)";
            pruned.input_blocks = blocks(&tx, sql, tenant, input_no, i64::MAX)?;
            let sql = "DELETE FROM event_block WHERE id IN (SELECT id FROM event_block WHERE id BETWEEN ?1 AND ?2
                       AND last <= ?3 AND at_ms < ?4 AND id < (SELECT max(id) FROM event_block WHERE id BETWEEN ?1 AND ?5)
                       ORDER BY id LIMIT ?6)";
            pruned.event_blocks = blocks(&tx, sql, tenant, seq, before(keep.event_age_max_ms))?;
        }
        pruned.mirrors = mirrors(&tx, tenant, keep.mirrors_kept)?;
        pruned.records = records(&tx, tenant, before(keep.record_age_max_ms))?;
        let sql = "DELETE FROM stage WHERE id IN
                   (SELECT id FROM stage WHERE tenant = ?1 AND closed_ms < ?2 ORDER BY closed_ms LIMIT ?3)";
        pruned.stages = run(&tx, sql, tenant, before(keep.record_age_max_ms))?;
        let sql = "DELETE FROM answer WHERE id IN
                   (SELECT id FROM answer WHERE tenant = ?1 AND at_ms < ?2 ORDER BY at_ms LIMIT ?3)";
        pruned.answers = run(&tx, sql, tenant, before(keep.answer_age_max_ms))? + trim_answers(&tx, tenant)?;
        let sql = "DELETE FROM registration WHERE tenant = ?1 AND (aor, contact) IN
                   (SELECT aor, contact FROM registration WHERE tenant = ?1 AND expires_ms <= ?2 LIMIT ?3)";
        pruned.registrations = run(&tx, sql, tenant, bound(now_ms))?;
        tx.commit()?;
        let counts = [pruned.event_blocks, pruned.input_blocks, pruned.records, pruned.stages, pruned.answers];
        pruned.more = counts.iter().any(|&n| n >= PRUNE_ROWS_MAX as u64);
        Ok(pruned)
    }
}

fn run(conn: &Connection, sql: &str, tenant: Tenant, limit: i64) -> Result<u64, StoreError> {
    Ok(conn.prepare_cached(sql)?.execute(params![tenant, limit, PRUNE_ROWS_MAX as i64])? as u64)
}

/// Removes blocks that end at or before a number and are older than a time, but never the last one, which says where
/// the log stands.
fn blocks(conn: &Connection, sql: &str, tenant: Tenant, through: u64, before_ms: i64) -> Result<u64, StoreError> {
    let (low, high) = keys_from(tenant, 0);
    let (through, limit) = (through.min(NUMBER_MAX), PRUNE_ROWS_MAX as i64);
    let row = params![low, key(tenant, through), int(through), before_ms, high, limit];
    Ok(conn.prepare_cached(sql)?.execute(row)? as u64)
}

fn snapshots(conn: &Connection, tenant: Tenant, kept: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM snapshot WHERE id IN
               (SELECT id FROM snapshot WHERE tenant = ?1 ORDER BY input_no DESC LIMIT -1 OFFSET ?2)";
    Ok(conn.prepare_cached(sql)?.execute(params![tenant, kept.max(1)])? as u64)
}

fn oldest_snapshot(conn: &Connection, tenant: Tenant) -> Result<Option<(u64, u64)>, StoreError> {
    let sql = "SELECT input_no, seq FROM snapshot WHERE tenant = ?1 ORDER BY input_no LIMIT 1";
    let row = conn.prepare_cached(sql)?.query_row([tenant], |row| Ok((uint(row, 0)?, uint(row, 1)?)));
    Ok(row.optional()?)
}

/// A mirror goes if a newer one still lies before the oldest event kept, or if it is beyond the number kept and is not
/// the one that the oldest event needs.
fn mirrors(conn: &Connection, tenant: Tenant, kept: u32) -> Result<u64, StoreError> {
    let oldest_seq = int(log_read::position(conn, tenant)?.map_or(1, |position| position.oldest_seq));
    let sql = "SELECT max(seq) FROM mirror WHERE tenant = ?1 AND seq < ?2";
    let needed: Option<i64> = conn.prepare_cached(sql)?.query_row(params![tenant, oldest_seq], |row| row.get(0))?;
    let needed = needed.unwrap_or(-1);
    let sql = "DELETE FROM mirror WHERE tenant = ?1 AND seq <> ?2 AND (seq < ?2 OR id IN
               (SELECT id FROM mirror WHERE tenant = ?1 ORDER BY seq DESC LIMIT -1 OFFSET ?3))";
    Ok(conn.prepare_cached(sql)?.execute(params![tenant, needed, kept.max(1)])? as u64)
}

fn records(conn: &Connection, tenant: Tenant, before: i64) -> Result<u64, StoreError> {
    let sql = "SELECT id FROM record WHERE tenant = ?1 AND started_ms < ?2 ORDER BY started_ms LIMIT ?3";
    let calls: Vec<u64> = {
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params![tenant, before, PRUNE_ROWS_MAX as i64], |row| row.get(0).map(number))?;
        rows.collect::<Result<_, _>>()?
    };
    for &call in &calls {
        forget_parties(conn, tenant, call)?;
        forget_removals(conn, tenant, call)?;
        conn.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([key(tenant, call)])?;
    }
    Ok(calls.len() as u64)
}
