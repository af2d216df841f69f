//! Finding records and stages. A page by several parties takes the newest keys of each, merges them and reads only the
//! rows it returns, so that its cost does not grow with the history of a busy number.

/// The reads, on any connection.
pub(crate) mod read {
    use rusqlite::{Connection, OptionalExtension, Params, params};

    use crate::PAGE_MAX;
    use crate::error::StoreError;
    use crate::head::NUMBER_MAX;
    use crate::model::Tenant;
    use crate::model::records::{PartyFilter, Record, RecordCursor, RecordPage, RecordQuery, StageQuery, StageRow};
    use crate::sqlite::{bound, int, keys_from, number, uint};

    /// ?1 tenant, ?2 from, ?3 and ?4 the key below which the page lies, ?5 limit, ?6 the bits of an id that are the call.
    const OF_ALL: &str = "SELECT started_ms, id & ?6 FROM record
        WHERE tenant = ?1 AND started_ms >= ?2 AND started_ms <= ?3
        AND (started_ms, id & ?6) < (?3, ?4) ORDER BY started_ms DESC, id DESC LIMIT ?5";
    /// As above; ?6 the party.
    const OF_PARTY: &str = "SELECT started_ms, call FROM record_party
        WHERE tenant = ?1 AND party = ?6 AND started_ms >= ?2 AND (started_ms, call) < (?3, ?4)
        ORDER BY started_ms DESC, call DESC LIMIT ?5";
    const RECORD: &str = "SELECT started_ms, ended_ms, parties, bytes FROM record WHERE id = ?1";

    pub(crate) fn record(conn: &Connection, tenant: Tenant, call: u64) -> Result<Option<Record>, StoreError> {
        let row = conn.prepare_cached(RECORD)?.query_row([keys_from(tenant, call).0], |row| {
            let parties: String = row.get(2)?;
            Ok(Record {
                call,
                started_ms: uint(row, 0)?,
                ended_ms: uint(row, 1)?,
                parties: parties.split('\n').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
                bytes: row.get(3)?,
            })
        });
        Ok(row.optional()?)
    }

    pub(crate) fn query(conn: &Connection, tenant: Tenant, query: &RecordQuery) -> Result<RecordPage, StoreError> {
        let limit = query.limit.min(PAGE_MAX);
        let mut keys = keys(conn, tenant, query, limit)?;
        keys.sort_unstable_by(|a, b| b.cmp(a));
        keys.dedup();
        keys.truncate(limit);
        let next = if keys.len() == limit { keys.last().copied() } else { None };
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.extend(record(conn, tenant, key.call)?);
        }
        Ok(RecordPage { rows, next })
    }

    /// At least the `limit` newest keys that match, in any order.
    fn keys(
        conn: &Connection,
        tenant: Tenant,
        query: &RecordQuery,
        limit: usize,
    ) -> Result<Vec<RecordCursor>, StoreError> {
        // The page lies strictly below (started, call): the end of the interval or the cursor, whichever is older.
        let end = (bound(query.to_ms), i64::MIN);
        let below = query.cursor.map_or(end, |c| end.min((bound(c.started_ms), int(c.call))));
        let (from, limit) = (bound(query.from_ms), limit as i64);
        match &query.party {
            PartyFilter::Any => collect(conn, OF_ALL, params![tenant, from, below.0, below.1, limit, int(NUMBER_MAX)]),
            PartyFilter::OneOf(parties) => {
                let mut keys = Vec::new();
                for party in parties.iter().take(crate::PARTY_FILTER_MAX) {
                    keys.extend(collect(conn, OF_PARTY, params![tenant, from, below.0, below.1, limit, party])?);
                }
                Ok(keys)
            }
            PartyFilter::Prefix(prefix) => {
                let sql = "SELECT DISTINCT started_ms, call FROM record_party
                           WHERE tenant = ?1 AND party >= ?6 AND party < ?7 AND started_ms >= ?2
                           AND (started_ms, call) < (?3, ?4) ORDER BY started_ms DESC, call DESC LIMIT ?5";
                let end = format!("{prefix}{}", char::MAX);
                collect(conn, sql, params![tenant, from, below.0, below.1, limit, prefix, end])
            }
        }
    }

    fn collect(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<RecordCursor>, StoreError> {
        let mut query = conn.prepare_cached(sql)?;
        let rows =
            query.query_map(params, |row| Ok(RecordCursor { started_ms: uint(row, 0)?, call: uint(row, 1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn stages(conn: &Connection, tenant: Tenant, query: &StageQuery) -> Result<Vec<StageRow>, StoreError> {
        macro_rules! select {
            ($rest:literal) => {
                concat!("SELECT id, root, call, opened_ms, closed_ms, bytes FROM stage WHERE tenant = ?1 AND ", $rest)
            };
        }
        let page = PAGE_MAX as i64;
        match *query {
            StageQuery::Stage(stage) => {
                stage_rows(conn, select!("id = ?2"), params![tenant, keys_from(tenant, stage).0])
            }
            StageQuery::Root(root) => {
                let sql = select!("root = ?2 ORDER BY id LIMIT ?3");
                stage_rows(conn, sql, params![tenant, int(root), page])
            }
            StageQuery::Call(call) => {
                let sql = select!("call = ?2 ORDER BY id LIMIT ?3");
                stage_rows(conn, sql, params![tenant, int(call), page])
            }
            StageQuery::Closed { from_ms, to_ms, limit } => {
                let sql = select!("closed_ms >= ?2 AND closed_ms < ?3 ORDER BY closed_ms, id LIMIT ?4");
                let limit = limit.min(PAGE_MAX) as i64;
                stage_rows(conn, sql, params![tenant, bound(from_ms), bound(to_ms), limit])
            }
        }
    }

    fn stage_rows(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<StageRow>, StoreError> {
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params, |row| {
            Ok(StageRow {
                stage: number(row.get(0)?),
                root: uint(row, 1)?,
                call: uint(row, 2)?,
                opened_ms: uint(row, 3)?,
                closed_ms: uint(row, 4)?,
                bytes: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    #[cfg(test)]
    mod tests {
        use super::{OF_ALL, OF_PARTY};
        use crate::sqlite::{migrate, plan};
        use rusqlite::Connection;

        #[test]
        fn a_page_of_a_range_goes_along_an_index_and_sorts_nothing() {
            let mut conn = Connection::open_in_memory().expect("memory");
            migrate::run(&mut conn).expect("migrations");
            for (sql, search) in [
                (OF_ALL, "COVERING INDEX record_started (tenant=? AND started_ms>? AND started_ms<?)"),
                (OF_PARTY, "PRIMARY KEY (tenant=? AND party=? AND started_ms>? AND (started_ms,call)<(?,?))"),
            ] {
                let plan = plan(&conn, sql);
                assert!(plan[0].starts_with("SEARCH") && plan[0].contains(search), "{plan:?}");
                assert_eq!(plan.len(), 1, "nothing is sorted: {plan:?}");
            }
        }
    }
}
