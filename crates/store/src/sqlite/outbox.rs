//! The outbox: pushes are laid together with the cursor they were made from, so that a crash neither loses one nor lays
//! it twice; a lease that nobody answers ends by itself.

use rusqlite::{Row, TransactionBehavior, params};

use super::{Sqlite, bound, int, uint};
use crate::OUTBOX_MAX;
use crate::error::StoreError;
use crate::model::Tenant;
use crate::model::outbox::{LaidPush, PARKED_MS, Push, PushOutcome};

impl Sqlite {
    /// Lays pushes for an endpoint and notes that its log is served up to `through_seq`.
    pub fn lay_pushes(
        &mut self,
        tenant: Tenant,
        endpoint: &str,
        through_seq: Option<u64>,
        pushes: &[Push],
    ) -> Result<(), StoreError> {
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !pushes.is_empty() && read::outbox_len(&tx, tenant)? + pushes.len() > OUTBOX_MAX {
            return Err(StoreError::Full("outbox"));
        }
        let sql = "INSERT OR IGNORE INTO outbox (tenant, endpoint, order_key, message, due_ms, laid_ms, bytes)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)";
        for push in pushes {
            let row = params![tenant, endpoint, push.order_key, push.message, int(push.due_ms), push.bytes];
            tx.prepare_cached(sql)?.execute(row)?;
        }
        if let Some(seq) = through_seq {
            let sql = "INSERT OR REPLACE INTO cursor (tenant, name, seq) VALUES (?1, ?2, ?3)";
            tx.prepare_cached(sql)?.execute(params![tenant, endpoint, int(seq)])?;
        }
        Ok(tx.commit()?)
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
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "SELECT id, endpoint, order_key, message, due_ms, tries, bytes, laid_ms FROM outbox o
                   WHERE tenant = ?1 AND due_ms <= ?2 AND endpoint = coalesce(?3, endpoint) AND NOT EXISTS (
                     SELECT 1 FROM outbox p WHERE p.tenant = ?1 AND p.endpoint = o.endpoint
                     AND p.order_key = o.order_key AND p.id < o.id AND p.due_ms < ?5)
                   ORDER BY due_ms, id LIMIT ?4";
        let limit = max.min(crate::PAGE_MAX) as i64;
        let mut leased: Vec<LaidPush> = {
            let mut query = tx.prepare_cached(sql)?;
            let rows = query.query_map(params![tenant, bound(now_ms), endpoint, limit, int(PARKED_MS)], laid)?;
            rows.collect::<Result<_, _>>()?
        };
        let sql = "UPDATE outbox SET due_ms = ?2, tries = tries + 1 WHERE id = ?1";
        for push in &mut leased {
            push.due_ms = now_ms.saturating_add(lease_ms);
            push.tries += 1;
            tx.prepare_cached(sql)?.execute(params![int(push.id), bound(push.due_ms)])?;
        }
        tx.commit()?;
        Ok(leased)
    }

    /// Notes what became of leased pushes, all or none. An unknown push is ignored.
    pub fn settle_pushes(&mut self, tenant: Tenant, outcomes: &[PushOutcome]) -> Result<(), StoreError> {
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for outcome in outcomes {
            match *outcome {
                PushOutcome::Done { id } => {
                    let sql = "DELETE FROM outbox WHERE tenant = ?1 AND id = ?2";
                    tx.prepare_cached(sql)?.execute(params![tenant, int(id)])?;
                }
                PushOutcome::Retry { id, due_ms } => {
                    let sql = "UPDATE outbox SET due_ms = ?3 WHERE tenant = ?1 AND id = ?2";
                    tx.prepare_cached(sql)?.execute(params![tenant, int(id), bound(due_ms)])?;
                }
                PushOutcome::Park { id } => {
                    let sql = "UPDATE outbox SET due_ms = ?3 WHERE tenant = ?1 AND id = ?2";
                    tx.prepare_cached(sql)?.execute(params![tenant, int(id), int(PARKED_MS)])?;
                }
            }
        }
        Ok(tx.commit()?)
    }

    /// Makes a parked push due, as if it had never been tried.
    pub fn replay_push(&mut self, tenant: Tenant, id: u64, now_ms: u64) -> Result<bool, StoreError> {
        self.set_fsync(false)?;
        let sql = "UPDATE outbox SET due_ms = ?3, tries = 0 WHERE tenant = ?1 AND id = ?2 AND due_ms >= ?4";
        let row = params![tenant, int(id), bound(now_ms), int(PARKED_MS)];
        Ok(self.conn.prepare_cached(sql)?.execute(row)? > 0)
    }

    /// Forgets the oldest parked pushes.
    pub fn give_up_parked(&mut self, tenant: Tenant, max: usize) -> Result<u64, StoreError> {
        self.set_fsync(false)?;
        let sql = "DELETE FROM outbox WHERE id IN
                   (SELECT id FROM outbox WHERE tenant = ?1 AND due_ms >= ?2 ORDER BY id LIMIT ?3)";
        let row = params![tenant, int(PARKED_MS), max.min(crate::PAGE_MAX) as i64];
        Ok(self.conn.prepare_cached(sql)?.execute(row)? as u64)
    }

    /// Forgets an endpoint: its pushes and its cursor.
    pub fn drop_endpoint(&mut self, tenant: Tenant, endpoint: &str) -> Result<(), StoreError> {
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM outbox WHERE tenant = ?1 AND endpoint = ?2", params![tenant, endpoint])?;
        tx.execute("DELETE FROM cursor WHERE tenant = ?1 AND name = ?2", params![tenant, endpoint])?;
        Ok(tx.commit()?)
    }
}

fn laid(row: &Row<'_>) -> rusqlite::Result<LaidPush> {
    let (id, endpoint, order_key, message) = (uint(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let (due_ms, tries, bytes, laid_ms) = (uint(row, 4)?, row.get(5)?, row.get(6)?, uint(row, 7)?);
    Ok(LaidPush { id, endpoint, order_key, message, due_ms, laid_ms, tries, bytes })
}

/// The reads, on any connection.
pub(crate) mod read {
    use rusqlite::{Connection, OptionalExtension, params};

    use crate::error::StoreError;
    use crate::model::Tenant;
    use crate::model::outbox::{Backlog, LaidPush, PARKED_MS};
    use crate::sqlite::{int, uint};

    pub(crate) fn pushes(
        conn: &Connection,
        tenant: Tenant,
        endpoint: Option<&str>,
        max: usize,
    ) -> Result<Vec<LaidPush>, StoreError> {
        let sql = "SELECT id, endpoint, order_key, message, due_ms, tries, bytes, laid_ms FROM outbox
                   WHERE tenant = ?1 AND endpoint = coalesce(?2, endpoint) ORDER BY id LIMIT ?3";
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params![tenant, endpoint, max.min(crate::PAGE_MAX) as i64], super::laid)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn parked(conn: &Connection, tenant: Tenant, max: usize) -> Result<Vec<LaidPush>, StoreError> {
        let sql = "SELECT id, endpoint, order_key, message, due_ms, tries, bytes, laid_ms FROM outbox
                   WHERE tenant = ?1 AND due_ms >= ?2 ORDER BY id LIMIT ?3";
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params![tenant, int(PARKED_MS), max.min(crate::PAGE_MAX) as i64], super::laid)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn outbox_len(conn: &Connection, tenant: Tenant) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM outbox WHERE tenant = ?1";
        Ok(conn.prepare_cached(sql)?.query_row([tenant], |row| row.get::<_, u32>(0))? as usize)
    }

    pub(crate) fn backlog(conn: &Connection, tenant: Tenant, endpoint: &str) -> Result<Backlog, StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE due_ms < ?3), min(laid_ms) FILTER (WHERE due_ms < ?3),
                          count(*) FILTER (WHERE due_ms >= ?3)
                   FROM outbox WHERE tenant = ?1 AND endpoint = ?2";
        let backlog = conn.prepare_cached(sql)?.query_row(params![tenant, endpoint, int(PARKED_MS)], |row| {
            let oldest_ms = row.get::<_, Option<i64>>(1)?.map(|ms| u64::try_from(ms).unwrap_or(0));
            let (waiting, parked) = (row.get::<_, u32>(0)? as usize, row.get::<_, u32>(2)? as usize);
            Ok(Backlog { waiting, oldest_ms, parked })
        });
        Ok(backlog?)
    }

    pub(crate) fn cursor(conn: &Connection, tenant: Tenant, name: &str) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT seq FROM cursor WHERE tenant = ?1 AND name = ?2";
        let row = conn.prepare_cached(sql)?.query_row(params![tenant, name], |row| uint(row, 0));
        Ok(row.optional()?)
    }
}
