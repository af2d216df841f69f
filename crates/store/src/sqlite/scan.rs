//! Walking over records from the oldest on, and taking them off a list. The index by instant, or that by party and instant, is
//! entered where the range begins and left where it ends, so that a walk costs what it gives.

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Sqlite, append, int};
use crate::error::StoreError;
use crate::model::Tenant;

impl Sqlite {
    /// Takes records off a list; says how many were on it.
    pub fn remove_records(&mut self, tenant: Tenant, list: &str, calls: &[u64]) -> Result<u64, StoreError> {
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        append::head_of(&tx, tenant)?;
        let sql = "INSERT OR IGNORE INTO record_removed (tenant, call, list)
                   SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM record WHERE id = ?4)";
        let mut removed = 0;
        for &call in calls {
            let (id, _) = super::keys_from(tenant, call);
            removed += tx.prepare_cached(sql)?.execute(params![tenant, int(call), list, id])? as u64;
        }
        tx.commit()?;
        Ok(removed)
    }
}

/// Forgets that a record was taken off lists, as the record itself goes.
pub(super) fn forget_removals(conn: &Connection, tenant: Tenant, call: u64) -> Result<(), StoreError> {
    let sql = "DELETE FROM record_removed WHERE tenant = ?1 AND call = ?2";
    conn.prepare_cached(sql)?.execute(params![tenant, int(call)])?;
    Ok(())
}

/// The reads, on any connection.
pub(crate) mod read {
    use rusqlite::{Connection, OptionalExtension, Params, params};

    use crate::PAGE_MAX;
    use crate::error::StoreError;
    use crate::head::NUMBER_MAX;
    use crate::model::Tenant;
    use crate::model::records::{Record, RecordScan};
    use crate::sqlite::{bound, int, key, keys_from, number, records_read, uint};

    /// ?1 tenant, ?2 and ?3 first instant and call before the first, ?4 end, ?5 first call, ?6 end of calls, ?7 list, ?8 limit,
    /// ?9 the bits of an id that are the call.
    const ANYBODY: &str = "SELECT id FROM record WHERE tenant = ?1 AND started_ms >= ?2 AND started_ms < ?4
        AND (started_ms > ?2 OR id > ?3) AND +id >= ?5 AND +id < ?6
        AND NOT EXISTS (SELECT 1 FROM record_removed r WHERE r.tenant = ?1 AND r.call = record.id & ?9 AND r.list = ?7)
        ORDER BY started_ms, id LIMIT ?8";
    /// As above; ?9 the party.
    const OF_PARTY: &str = "SELECT call FROM record_party p WHERE tenant = ?1 AND party = ?9 AND started_ms >= ?2
        AND started_ms < ?4 AND (started_ms > ?2 OR call > ?3) AND call >= ?5 AND call < ?6
        AND NOT EXISTS (SELECT 1 FROM record_removed r WHERE r.tenant = ?1 AND r.call = p.call AND r.list = ?7)
        ORDER BY started_ms, call LIMIT ?8";

    pub(crate) fn scan(conn: &Connection, tenant: Tenant, scan: &RecordScan) -> Result<Vec<Record>, StoreError> {
        let Some((from_ms, to_ms)) = instants(conn, tenant, scan)? else { return Ok(Vec::new()) };
        // The page begins behind its cursor, or with the first call of its first instant.
        let after = scan.after.filter(|after| after.started_ms >= from_ms);
        let (from_ms, after) = after.map_or((from_ms, None), |after| (after.started_ms, Some(after.call)));
        let (from, to, limit) = (bound(from_ms), bound(to_ms), scan.limit.min(PAGE_MAX) as i64);
        let list = scan.list.as_deref().unwrap_or_default();
        let calls: Vec<u64> = match &scan.party {
            None => {
                let at = |call: u64| keys_from(tenant, call.min(NUMBER_MAX)).0;
                let behind = after.map_or(at(0) - 1, at);
                let end = if scan.calls.end > NUMBER_MAX { key(tenant, NUMBER_MAX) + 1 } else { at(scan.calls.end) };
                let mask = int(NUMBER_MAX);
                let row = params![tenant, from, behind, to, at(scan.calls.start), end, list, limit, mask];
                collect(conn, ANYBODY, row)?
            }
            Some(party) => {
                let behind = after.map_or(-1, int);
                let row = params![
                    tenant,
                    from,
                    behind,
                    to,
                    bound(scan.calls.start),
                    bound(scan.calls.end),
                    list,
                    limit,
                    party
                ];
                collect(conn, OF_PARTY, row)?
            }
        };
        let mut rows = Vec::with_capacity(calls.len());
        for call in calls {
            rows.extend(records_read::record(conn, tenant, call)?);
        }
        Ok(rows)
    }

    /// The instants between which the records lie, narrowed by the calls asked for. None: there are none.
    fn instants(conn: &Connection, tenant: Tenant, scan: &RecordScan) -> Result<Option<(u64, u64)>, StoreError> {
        let (low, high) = keys_from(tenant, scan.calls.start);
        let (mut from_ms, mut to_ms) = (scan.from_ms, scan.to_ms);
        if scan.calls.start > 0 {
            let sql = "SELECT started_ms FROM record WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT 1";
            let Some(first) = instant(conn, sql, low, high)? else { return Ok(None) };
            from_ms = from_ms.max(first);
        }
        if scan.calls.end <= NUMBER_MAX {
            let sql = "SELECT started_ms FROM record WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1";
            let Some(last) = instant(conn, sql, low, key(tenant, scan.calls.end))? else { return Ok(None) };
            to_ms = to_ms.min(last.saturating_add(1));
        }
        Ok((from_ms < to_ms).then_some((from_ms, to_ms)))
    }

    fn instant(conn: &Connection, sql: &str, low: i64, high: i64) -> Result<Option<u64>, StoreError> {
        Ok(conn.prepare_cached(sql)?.query_row([low, high], |row| uint(row, 0)).optional()?)
    }

    fn collect(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<u64>, StoreError> {
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params, |row| row.get(0).map(number))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    #[cfg(test)]
    mod tests {
        use super::{ANYBODY, OF_PARTY};
        use crate::sqlite::migrate;
        use rusqlite::Connection;

        #[test]
        fn a_walk_goes_along_an_index_and_sorts_nothing() {
            let mut conn = Connection::open_in_memory().expect("memory");
            migrate::run(&mut conn).expect("migrations");
            for (sql, index) in [
                (
                    ANYBODY,
                    "SEARCH record USING COVERING INDEX record_started (tenant=? AND started_ms>? AND started_ms<?)",
                ),
                (OF_PARTY, "SEARCH p USING PRIMARY KEY (tenant=? AND party=? AND started_ms>? AND started_ms<?)"),
            ] {
                let plan = crate::sqlite::plan(&conn, sql);
                assert_eq!(plan[0], index, "{plan:?}");
                assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE") && !step.starts_with("SCAN")), "{plan:?}");
            }
        }
    }
}
