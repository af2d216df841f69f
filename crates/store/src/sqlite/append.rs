//! Appending: all batches of a group in one transaction. Neighbouring inputs and events of a tenant share blocks across
//! the batches of the group, and of several checkpoints of one leg only the last is written, so a busy exchange writes
//! less per call than an idle one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Sqlite, directory, int, key, log_read};
use crate::ANSWERS_MAX;
use crate::block::{self, Block};
use crate::error::{AppendError, StoreError};
use crate::head::{Head, check, check_tenant, new_epoch};
use crate::model::Tenant;
use crate::model::directory::DirectoryWrite;
use crate::model::log::{Answer, Batch};
use crate::model::records::{Record, StageRow, normal_parties};

/// After this many answers the oldest beyond [`ANSWERS_MAX`] go.
const ANSWERS_TRIM_EVERY: usize = 1_024;

/// What the group adds to one tenant.
struct Growth {
    head: Head,
    revision_before: u64,
    events: Vec<Block>,
    inputs: Vec<Block>,
    checkpoints: BTreeMap<u64, Option<Vec<u8>>>,
}

impl Sqlite {
    /// Appends batches in order within one transaction; one answer each. A fenced or malformed batch leaves the others
    /// alone; a failure of the disk fails all.
    pub fn append_group(&mut self, group: Vec<(u64, Batch)>) -> Vec<Result<(), AppendError>> {
        let mut answers = Vec::with_capacity(group.len());
        if let Err(error) = self.try_append(group, &mut answers) {
            for answer in &mut answers {
                if answer.is_ok() {
                    *answer = Err(AppendError::Io(error.clone()));
                }
            }
        }
        answers
    }

    fn try_append(
        &mut self,
        group: Vec<(u64, Batch)>,
        answers: &mut Vec<Result<(), AppendError>>,
    ) -> Result<(), StoreError> {
        let group_len = group.len();
        answers.resize(group_len, Ok(()));
        self.set_fsync(group.iter().any(|(_, batch)| batch.durable))?;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut tenants = BTreeMap::new();
        let (mut answered, mut directory_changed) = (0, false);
        for ((expected_seq, batch), answer) in group.into_iter().zip(answers) {
            if let Err(refused) = check(&batch) {
                *answer = Err(refused);
                continue;
            }
            let growth = match tenants.entry(batch.tenant) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(Growth::of(head_of(&tx, batch.tenant)?)),
            };
            match growth.head.admit(expected_seq, &batch) {
                Ok(head) => growth.head = head,
                Err(refused) => {
                    *answer = Err(refused);
                    continue;
                }
            }
            answered += batch.answers.len();
            directory_changed |= batch.directory.iter().any(DirectoryWrite::is_change);
            growth.take(&tx, batch)?;
        }
        for (&tenant, growth) in &tenants {
            growth.write(&tx, tenant)?;
        }
        self.answers_since_trim += answered;
        if self.answers_since_trim >= ANSWERS_TRIM_EVERY {
            for &tenant in tenants.keys() {
                trim_answers(&tx, tenant)?;
            }
            self.answers_since_trim = 0;
        }
        tx.commit()?;
        if directory_changed {
            self.directory_changed();
        }
        Ok(())
    }
}

impl Growth {
    fn of(head: Head) -> Self {
        Self {
            head,
            revision_before: head.revision,
            events: Vec::new(),
            inputs: Vec::new(),
            checkpoints: BTreeMap::new(),
        }
    }

    fn take(&mut self, conn: &Connection, batch: Batch) -> Result<(), StoreError> {
        let tenant = batch.tenant;
        for input in &batch.inputs {
            block::push(&mut self.inputs, input.no, input.at_ms, &input.bytes);
        }
        for event in &batch.events {
            block::push(&mut self.events, event.seq, event.at_ms, &event.bytes);
        }
        for checkpoint in batch.checkpoints {
            self.checkpoints.insert(checkpoint.leg, checkpoint.bytes);
        }
        for record in batch.records {
            put_record(conn, tenant, record)?;
        }
        for stage in &batch.stages {
            put_stage(conn, tenant, stage)?;
        }
        for answer in &batch.answers {
            put_answer(conn, tenant, answer)?;
        }
        for write in &batch.directory {
            directory::write(conn, tenant, write, &mut self.head.revision)?;
        }
        Ok(())
    }

    fn write(&self, conn: &Connection, tenant: Tenant) -> Result<(), StoreError> {
        const EVENTS: &str = "INSERT INTO event_block (id, last, at_ms, bytes) VALUES (?1, ?2, ?3, ?4)";
        const INPUTS: &str = "INSERT INTO input_block (id, last, at_ms, bytes) VALUES (?1, ?2, ?3, ?4)";
        for (sql, blocks) in [(EVENTS, &self.events), (INPUTS, &self.inputs)] {
            for block in blocks {
                let row = params![key(tenant, block.first), int(block.last), int(block.at_ms), block.bytes];
                conn.prepare_cached(sql)?.execute(row)?;
            }
        }
        for (&leg, bytes) in &self.checkpoints {
            put_checkpoint(conn, tenant, leg, bytes.as_deref())?;
        }
        if self.head.revision != self.revision_before {
            put_revision(conn, tenant, self.head.revision)?;
        }
        Ok(())
    }
}

/// Where a tenant's log stands; makes the log if it has none. The last blocks say it, so that no row counts along and
/// no page is written for it.
pub(super) fn head_of(conn: &Connection, tenant: Tenant) -> Result<Head, StoreError> {
    check_tenant(tenant)?;
    if let Some(head) = log_read::head(conn, tenant)? {
        return Ok(head);
    }
    let head = Head::new(new_epoch()?);
    let sql = "INSERT INTO tenant (tenant, epoch) VALUES (?1, ?2)";
    conn.prepare_cached(sql)?.execute(params![tenant, int(head.epoch)])?;
    Ok(head)
}

pub(super) fn put_revision(conn: &Connection, tenant: Tenant, revision: u64) -> Result<(), StoreError> {
    let sql = "UPDATE tenant SET revision = ?2 WHERE tenant = ?1";
    conn.prepare_cached(sql)?.execute(params![tenant, int(revision)])?;
    Ok(())
}

fn put_checkpoint(conn: &Connection, tenant: Tenant, leg: u64, bytes: Option<&[u8]>) -> Result<(), StoreError> {
    match bytes {
        Some(bytes) => {
            let sql = "INSERT INTO leg_checkpoint (tenant, leg, bytes) VALUES (?1, ?2, ?3)
                       ON CONFLICT (tenant, leg) DO UPDATE SET bytes = ?3";
            conn.prepare_cached(sql)?.execute(params![tenant, int(leg), bytes])?;
        }
        None => {
            let sql = "DELETE FROM leg_checkpoint WHERE tenant = ?1 AND leg = ?2";
            conn.prepare_cached(sql)?.execute(params![tenant, int(leg)])?;
        }
    }
    Ok(())
}

fn put_record(conn: &Connection, tenant: Tenant, mut record: Record) -> Result<(), StoreError> {
    normal_parties(&mut record.parties);
    let sql = "INSERT INTO record (id, tenant, started_ms, ended_ms, parties, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (id) DO NOTHING";
    let (id, parties) = (key(tenant, record.call), record.parties.join("\n"));
    let row = params![id, tenant, int(record.started_ms), int(record.ended_ms), parties, record.bytes];
    if conn.prepare_cached(sql)?.execute(row)? == 0 {
        forget_parties(conn, tenant, record.call)?;
        let sql =
            "UPDATE record SET tenant = ?2, started_ms = ?3, ended_ms = ?4, parties = ?5, bytes = ?6 WHERE id = ?1";
        conn.prepare_cached(sql)?.execute(row)?;
    }
    let sql = "INSERT OR IGNORE INTO record_party (tenant, party, started_ms, call) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = conn.prepare_cached(sql)?;
    for party in parties.split('\n').filter(|p| !p.is_empty()) {
        insert.execute(params![tenant, party, int(record.started_ms), int(record.call)])?;
    }
    Ok(())
}

/// Removes the look-up rows of a stored record.
pub(super) fn forget_parties(conn: &Connection, tenant: Tenant, call: u64) -> Result<(), StoreError> {
    let sql = "SELECT started_ms, parties FROM record WHERE id = ?1";
    let (started_ms, parties) = conn
        .prepare_cached(sql)?
        .query_row([key(tenant, call)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    let sql = "DELETE FROM record_party WHERE tenant = ?1 AND party = ?2 AND started_ms = ?3 AND call = ?4";
    let mut delete = conn.prepare_cached(sql)?;
    for party in parties.split('\n') {
        delete.execute(params![tenant, party, started_ms, int(call)])?;
    }
    Ok(())
}

fn put_stage(conn: &Connection, tenant: Tenant, stage: &StageRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO stage (id, tenant, root, call, opened_ms, closed_ms, bytes)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id)
               DO UPDATE SET root = ?3, call = ?4, opened_ms = ?5, closed_ms = ?6, bytes = ?7";
    conn.prepare_cached(sql)?.execute(params![
        key(tenant, stage.stage),
        tenant,
        int(stage.root),
        int(stage.call),
        int(stage.opened_ms),
        int(stage.closed_ms),
        stage.bytes
    ])?;
    Ok(())
}

fn put_answer(conn: &Connection, tenant: Tenant, answer: &Answer) -> Result<(), StoreError> {
    let sql = "INSERT INTO answer (tenant, principal, key, body_hash, at_ms, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (tenant, principal, key) DO UPDATE SET body_hash = ?4, at_ms = ?5, bytes = ?6";
    conn.prepare_cached(sql)?.execute(params![
        tenant,
        answer.principal,
        answer.key,
        answer.body_hash,
        int(answer.at_ms),
        answer.bytes
    ])?;
    Ok(())
}

/// Drops the oldest answers beyond the bound; says how many.
pub(super) fn trim_answers(conn: &Connection, tenant: Tenant) -> Result<u64, StoreError> {
    let sql = "DELETE FROM answer WHERE id IN
               (SELECT id FROM answer WHERE tenant = ?1 ORDER BY at_ms DESC, id DESC LIMIT -1 OFFSET ?2)";
    let dropped = conn.prepare_cached(sql)?.execute(params![tenant, ANSWERS_MAX as i64])?;
    Ok(dropped as u64)
}
