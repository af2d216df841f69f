//! Forgetting by age and by snapshot, a bounded step at a time so that a commit never waits long behind it.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::append::{forget_parties, trim_answers};
use super::{Sqlite, bound, int, uint};
use crate::PRUNE_ROWS_MAX;
use crate::error::StoreError;
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
            let sql = "DELETE FROM input_block WHERE id IN (SELECT id FROM input_block
                       WHERE tenant = ?1 AND first <= ?2 AND last <= ?2 ORDER BY first LIMIT ?3)";
            pruned.input_blocks = run(&tx, sql, tenant, int(input_no))?;
            let sql = "DELETE FROM event_block WHERE id IN (SELECT id FROM event_block
                       WHERE tenant = ?1 AND first <= ?4 AND last <= ?4 AND at_ms < ?2 ORDER BY first LIMIT ?3)";
            let row = params![tenant, before(keep.event_age_max_ms), PRUNE_ROWS_MAX as i64, int(seq)];
            pruned.event_blocks = tx.prepare_cached(sql)?.execute(row)? as u64;
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
    let sql = "SELECT coalesce((SELECT min(first) FROM event_block WHERE tenant = ?1),
               (SELECT last_seq + 1 FROM tenant WHERE tenant = ?1), 1)";
    let oldest_seq: i64 = conn.prepare_cached(sql)?.query_row([tenant], |row| row.get(0))?;
    let sql = "SELECT max(seq) FROM mirror WHERE tenant = ?1 AND seq < ?2";
    let needed: Option<i64> = conn.prepare_cached(sql)?.query_row(params![tenant, oldest_seq], |row| row.get(0))?;
    let needed = needed.unwrap_or(-1);
    let sql = "DELETE FROM mirror WHERE tenant = ?1 AND seq <> ?2 AND (seq < ?2 OR id IN
               (SELECT id FROM mirror WHERE tenant = ?1 ORDER BY seq DESC LIMIT -1 OFFSET ?3))";
    Ok(conn.prepare_cached(sql)?.execute(params![tenant, needed, kept.max(1)])? as u64)
}

fn records(conn: &Connection, tenant: Tenant, before: i64) -> Result<u64, StoreError> {
    let sql = "SELECT call FROM record WHERE tenant = ?1 AND started_ms < ?2 ORDER BY started_ms LIMIT ?3";
    let calls: Vec<u64> = {
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params![tenant, before, PRUNE_ROWS_MAX as i64], |row| uint(row, 0))?;
        rows.collect::<Result<_, _>>()?
    };
    for &call in &calls {
        forget_parties(conn, tenant, call)?;
        let sql = "DELETE FROM record WHERE tenant = ?1 AND call = ?2";
        conn.prepare_cached(sql)?.execute(params![tenant, int(call)])?;
    }
    Ok(calls.len() as u64)
}
