//! Reading the log and the journal back, snapshots, mirrors, leg checkpoints, answers, registrations.

use rusqlite::{TransactionBehavior, params};

use super::append::head_of;
use super::{Sqlite, int};
use crate::error::StoreError;
use crate::model::Tenant;
use crate::model::log::{MirrorCheckpoint, Registration, Snapshot};

impl Sqlite {
    /// Keeps a state of the core; the same input number replaces it.
    pub fn put_snapshot(&mut self, tenant: Tenant, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.set_fsync(false)?;
        let sql = "INSERT INTO snapshot (tenant, input_no, seq, bytes) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (tenant, input_no) DO UPDATE SET seq = ?3, bytes = ?4";
        let row = params![tenant, int(snapshot.input_no), int(snapshot.seq), snapshot.bytes];
        self.conn.prepare_cached(sql)?.execute(row)?;
        Ok(())
    }

    /// Keeps a state of the mirror.
    pub fn put_mirror(&mut self, tenant: Tenant, mirror: &MirrorCheckpoint) -> Result<(), StoreError> {
        self.set_fsync(false)?;
        let sql = "INSERT INTO mirror (tenant, seq, bytes) VALUES (?1, ?2, ?3)
                   ON CONFLICT (tenant, seq) DO UPDATE SET bytes = ?3";
        self.conn.prepare_cached(sql)?.execute(params![tenant, int(mirror.seq), mirror.bytes])?;
        Ok(())
    }

    /// Writes bindings of the registrar behind, all or none.
    pub fn put_registrations(&mut self, tenant: Tenant, bindings: &[Registration]) -> Result<(), StoreError> {
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for binding in bindings {
            match &binding.bytes {
                Some(bytes) => {
                    let sql = "INSERT INTO registration (tenant, aor, contact, expires_ms, bytes)
                               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant, aor, contact)
                               DO UPDATE SET expires_ms = ?4, bytes = ?5";
                    let row = params![tenant, binding.aor, binding.contact, int(binding.expires_ms), bytes];
                    tx.prepare_cached(sql)?.execute(row)?;
                }
                None => {
                    let sql = "DELETE FROM registration WHERE tenant = ?1 AND aor = ?2 AND contact = ?3";
                    tx.prepare_cached(sql)?.execute(params![tenant, binding.aor, binding.contact])?;
                }
            }
        }
        Ok(tx.commit()?)
    }

    /// Makes the log of a tenant, empty, if it has none, so that its epoch stands before the first event.
    pub fn open_log(&mut self, tenant: Tenant) -> Result<(), StoreError> {
        self.set_fsync(false)?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        head_of(&tx, tenant)?;
        Ok(tx.commit()?)
    }
}

/// The reads, on any connection.
pub(crate) mod read {
    use rusqlite::{Connection, OptionalExtension, params};

    use crate::block;
    use crate::error::StoreError;
    use crate::head::{Head, NUMBER_MAX};
    use crate::model::Tenant;
    use crate::model::log::{Answer, Event, Input, MirrorCheckpoint, Position, Registration, Snapshot};
    use crate::sqlite::{bound, keys_from, number, uint};

    pub(crate) fn tenants(conn: &Connection) -> Result<Vec<Tenant>, StoreError> {
        let mut query = conn.prepare_cached("SELECT tenant FROM tenant ORDER BY tenant")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where a log stands, from its last blocks; pruning leaves the last one of each kind.
    pub(crate) fn head(conn: &Connection, tenant: Tenant) -> Result<Option<Head>, StoreError> {
        let sql = "SELECT epoch, revision,
                   (SELECT last FROM event_block WHERE id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT 1),
                   (SELECT last FROM input_block WHERE id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT 1)
                   FROM tenant WHERE tenant = ?1";
        let (low, high) = keys_from(tenant, 0);
        let row = conn.prepare_cached(sql)?.query_row(params![tenant, low, high], |row| {
            let (last_seq, last_input): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let last = |last: Option<i64>| last.map_or(0, i64::cast_unsigned);
            let (epoch, revision) = (uint(row, 0)?, uint(row, 1)?);
            Ok(Head { epoch, last_seq: last(last_seq), last_input: last(last_input), revision })
        });
        Ok(row.optional()?)
    }

    pub(crate) fn position(conn: &Connection, tenant: Tenant) -> Result<Option<Position>, StoreError> {
        let Some(head) = head(conn, tenant)? else { return Ok(None) };
        let (low, high) = keys_from(tenant, 0);
        let sql = "SELECT min(id) FROM event_block WHERE id BETWEEN ?1 AND ?2";
        let oldest: Option<i64> = conn.prepare_cached(sql)?.query_row([low, high], |row| row.get(0))?;
        let oldest_seq = oldest.map_or(head.last_seq + 1, number);
        let Head { epoch, last_seq, last_input, revision } = head;
        Ok(Some(Position { epoch, last_seq, oldest_seq, last_input, revision }))
    }

    pub(crate) fn events(
        conn: &Connection,
        tenant: Tenant,
        from_seq: u64,
        max: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT id, last, bytes FROM event_block WHERE id <= ?3 AND id >= coalesce(
                   (SELECT max(id) FROM event_block WHERE id BETWEEN ?1 AND ?2), ?1) ORDER BY id";
        let mut events = Vec::new();
        blocks(conn, sql, tenant, from_seq, |(seq, at_ms, bytes)| {
            if seq >= from_seq && events.len() < max {
                events.push(Event { seq, at_ms, bytes: bytes.to_vec() });
            }
            events.len() < max
        })?;
        Ok(events)
    }

    pub(crate) fn inputs(
        conn: &Connection,
        tenant: Tenant,
        after_no: u64,
        max: usize,
    ) -> Result<Vec<Input>, StoreError> {
        let sql = "SELECT id, last, bytes FROM input_block WHERE id <= ?3 AND id >= coalesce(
                   (SELECT max(id) FROM input_block WHERE id BETWEEN ?1 AND ?2), ?1) ORDER BY id";
        let from_no = after_no.saturating_add(1);
        let mut inputs = Vec::new();
        blocks(conn, sql, tenant, from_no, |(no, at_ms, bytes)| {
            if no >= from_no && inputs.len() < max {
                inputs.push(Input { no, at_ms, bytes: bytes.to_vec() });
            }
            inputs.len() < max
        })?;
        Ok(inputs)
    }

    /// Walks blocks in order until `each` has enough; a hole between two blocks is damage.
    fn blocks(
        conn: &Connection,
        sql: &str,
        tenant: Tenant,
        from: u64,
        mut each: impl FnMut(block::Item<'_>) -> bool,
    ) -> Result<(), StoreError> {
        let mut query = conn.prepare_cached(sql)?;
        let (low, high) = keys_from(tenant, 0);
        let mut rows = query.query([low, keys_from(tenant, from.min(NUMBER_MAX)).0, high])?;
        let mut next = None;
        while let Some(row) = rows.next()? {
            let (first, last) = (number(row.get(0)?), uint(row, 1)?);
            if next.is_some_and(|next| next != first) {
                return Err(StoreError::Corrupt(format!("tenant {tenant}: hole before {first}")));
            }
            next = last.checked_add(1);
            let bytes = row.get_ref(2)?.as_blob().map_err(|e| StoreError::Corrupt(e.to_string()))?;
            if !block::decode(first, last, bytes, &mut each)? {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn latest_snapshot(conn: &Connection, tenant: Tenant) -> Result<Option<Snapshot>, StoreError> {
        let sql = "SELECT input_no, seq, bytes FROM snapshot WHERE tenant = ?1 ORDER BY input_no DESC LIMIT 1";
        let row = conn.prepare_cached(sql)?.query_row([tenant], |row| {
            Ok(Snapshot { input_no: uint(row, 0)?, seq: uint(row, 1)?, bytes: row.get(2)? })
        });
        Ok(row.optional()?)
    }

    pub(crate) fn mirror_at(
        conn: &Connection,
        tenant: Tenant,
        seq_max: u64,
    ) -> Result<Option<MirrorCheckpoint>, StoreError> {
        let sql = "SELECT seq, bytes FROM mirror WHERE tenant = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1";
        let row = conn.prepare_cached(sql)?.query_row(params![tenant, bound(seq_max)], |row| {
            Ok(MirrorCheckpoint { seq: uint(row, 0)?, bytes: row.get(1)? })
        });
        Ok(row.optional()?)
    }

    pub(crate) fn checkpoints(conn: &Connection, tenant: Tenant) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let sql = "SELECT leg, bytes FROM leg_checkpoint WHERE tenant = ?1 ORDER BY leg";
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map([tenant], |row| Ok((uint(row, 0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn answer(
        conn: &Connection,
        tenant: Tenant,
        principal: &str,
        key: &str,
    ) -> Result<Option<Answer>, StoreError> {
        let sql = "SELECT principal, key, body_hash, at_ms, bytes FROM answer
                   WHERE tenant = ?1 AND principal = ?2 AND key = ?3";
        let row = conn.prepare_cached(sql)?.query_row(params![tenant, principal, key], answer_row);
        Ok(row.optional()?)
    }

    pub(crate) fn answers_since(conn: &Connection, tenant: Tenant, since_ms: u64) -> Result<Vec<Answer>, StoreError> {
        let sql = "SELECT principal, key, body_hash, at_ms, bytes FROM answer
                   WHERE tenant = ?1 AND at_ms >= ?2 ORDER BY at_ms, id";
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map(params![tenant, bound(since_ms)], answer_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn answer_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Answer> {
        let (principal, key, body_hash) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Answer { principal, key, body_hash, at_ms: uint(row, 3)?, bytes: row.get(4)? })
    }

    pub(crate) fn registrations(conn: &Connection, tenant: Tenant) -> Result<Vec<Registration>, StoreError> {
        let sql = "SELECT aor, contact, expires_ms, bytes FROM registration WHERE tenant = ?1 ORDER BY aor, contact";
        let mut query = conn.prepare_cached(sql)?;
        let rows = query.query_map([tenant], |row| {
            let (aor, contact, expires_ms) = (row.get(0)?, row.get(1)?, uint(row, 2)?);
            Ok(Registration { aor, contact, expires_ms, bytes: Some(row.get(3)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What SQLite and our own rules find wrong with the file; empty if nothing.
    pub(crate) fn integrity(conn: &Connection) -> Result<Vec<String>, StoreError> {
        let mut faults = Vec::new();
        let mut query = conn.prepare("PRAGMA integrity_check(20)")?;
        for line in query.query_map([], |row| row.get::<_, String>(0))? {
            let line = line?;
            if line != "ok" {
                faults.push(line);
            }
        }
        for tenant in tenants(conn)? {
            let mut from = 0;
            loop {
                match events(conn, tenant, from, crate::PAGE_MAX) {
                    Ok(page) => match page.last() {
                        Some(last) => from = last.seq + 1,
                        None => break,
                    },
                    Err(fault) => {
                        faults.push(fault.to_string());
                        break;
                    }
                }
            }
            if let Err(fault) = inputs(conn, tenant, 0, usize::MAX) {
                faults.push(fault.to_string());
            }
        }
        Ok(faults)
    }
}
