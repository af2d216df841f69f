//! Log, journal, snapshots, checkpoints, answers, registrations, and forgetting.

use super::{Memory, Rows, State};
use crate::ANSWERS_MAX;
use crate::error::{AppendError, StoreError};
use crate::head::check;
use crate::model::Tenant;
use crate::model::directory::DirectoryWrite;
use crate::model::log::{
    Answer, Batch, Event, Input, MirrorCheckpoint, Position, Pruned, Registration, Retention, Snapshot,
};

impl Memory {
    /// Appends batches in order; one answer each.
    pub fn append_group(&mut self, group: Vec<(u64, Batch)>) -> Vec<Result<(), AppendError>> {
        let mut state = self.write();
        group.into_iter().map(|(expected_seq, batch)| state.append(expected_seq, batch)).collect()
    }

    /// Keeps a state of the core; the same input number replaces it.
    pub fn put_snapshot(&mut self, tenant: Tenant, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.write().rows_mut(tenant)?.snapshots.insert(snapshot.input_no, snapshot.clone());
        Ok(())
    }

    /// Keeps a state of the mirror.
    pub fn put_mirror(&mut self, tenant: Tenant, mirror: &MirrorCheckpoint) -> Result<(), StoreError> {
        self.write().rows_mut(tenant)?.mirrors.insert(mirror.seq, mirror.bytes.clone());
        Ok(())
    }

    /// Writes bindings of the registrar.
    pub fn put_registrations(&mut self, tenant: Tenant, bindings: &[Registration]) -> Result<(), StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        for binding in bindings {
            let key = (binding.aor.clone(), binding.contact.clone());
            match binding.bytes {
                Some(_) => rows.registrations.insert(key, binding.clone()),
                None => rows.registrations.remove(&key),
            };
        }
        Ok(())
    }

    /// Makes the log of a tenant, empty, if it has none.
    pub fn open_log(&mut self, tenant: Tenant) -> Result<(), StoreError> {
        self.write().rows_mut(tenant).map(|_| ())
    }

    /// Removes what a tenant no longer keeps.
    pub fn prune(&mut self, tenant: Tenant, now_ms: u64, keep: &Retention) -> Result<Pruned, StoreError> {
        Ok(self.write().tenants.get_mut(&tenant).map_or_else(Pruned::default, |rows| rows.prune(now_ms, keep)))
    }
}

impl State {
    fn append(&mut self, expected_seq: u64, batch: Batch) -> Result<(), AppendError> {
        check(&batch)?;
        let rows = self.rows_mut(batch.tenant)?;
        let head = rows.head.admit(expected_seq, &batch)?;
        rows.head = head;
        rows.inputs.extend(batch.inputs.into_iter().map(|input| (input.no, input)));
        rows.events.extend(batch.events.into_iter().map(|event| (event.seq, event)));
        for record in batch.records {
            rows.put_record(record);
        }
        rows.stages.extend(batch.stages.into_iter().map(|stage| (stage.stage, stage)));
        for checkpoint in batch.checkpoints {
            match checkpoint.bytes {
                Some(bytes) => rows.checkpoints.insert(checkpoint.leg, bytes),
                None => rows.checkpoints.remove(&checkpoint.leg),
            };
        }
        for answer in batch.answers {
            rows.answers.insert((answer.principal.clone(), answer.key.clone()), answer);
        }
        for write in &batch.directory {
            rows.write_directory(write);
        }
        self.directory_version += u64::from(batch.directory.iter().any(DirectoryWrite::is_change));
        Ok(())
    }

    pub(crate) fn tenant_numbers(&self) -> Vec<Tenant> {
        self.tenants.keys().copied().collect()
    }
}

impl Rows {
    pub(crate) fn position(&self) -> Position {
        let head = self.head;
        let oldest_seq = self.events.keys().next().copied().unwrap_or(head.last_seq + 1);
        let (last_seq, last_input) = (head.last_seq, head.last_input);
        Position { epoch: head.epoch, last_seq, oldest_seq, last_input, revision: head.revision }
    }

    pub(crate) fn events_from(&self, from_seq: u64, max: usize) -> Vec<Event> {
        self.events.range(from_seq..).take(max).map(|(_, event)| event.clone()).collect()
    }

    pub(crate) fn inputs_after(&self, after_no: u64, max: usize) -> Vec<Input> {
        self.inputs.range(after_no.saturating_add(1)..).take(max).map(|(_, input)| input.clone()).collect()
    }

    pub(crate) fn latest_snapshot(&self) -> Option<Snapshot> {
        self.snapshots.values().next_back().cloned()
    }

    pub(crate) fn mirror_at(&self, seq_max: u64) -> Option<MirrorCheckpoint> {
        let (&seq, bytes) = self.mirrors.range(..=seq_max).next_back()?;
        Some(MirrorCheckpoint { seq, bytes: bytes.clone() })
    }

    pub(crate) fn leg_checkpoints(&self) -> Vec<(u64, Vec<u8>)> {
        self.checkpoints.iter().map(|(&leg, bytes)| (leg, bytes.clone())).collect()
    }

    pub(crate) fn answer(&self, principal: &str, key: &str) -> Option<Answer> {
        self.answers.get(&(principal.to_owned(), key.to_owned())).cloned()
    }

    pub(crate) fn answers_since(&self, since_ms: u64) -> Vec<Answer> {
        let mut answers: Vec<_> = self.answers.values().filter(|a| a.at_ms >= since_ms).cloned().collect();
        answers.sort_by_key(|a| a.at_ms);
        answers
    }

    pub(crate) fn all_registrations(&self) -> Vec<Registration> {
        self.registrations.values().cloned().collect()
    }

    fn prune(&mut self, now_ms: u64, keep: &Retention) -> Pruned {
        let (mut pruned, head) = (Pruned::default(), self.head);
        while self.snapshots.len() > keep.snapshots_kept.max(1) as usize {
            self.snapshots.pop_first();
            pruned.snapshots += 1;
        }
        if let Some(oldest) = self.snapshots.values().next() {
            pruned.input_blocks =
                drop_where(&mut self.inputs, |input| input.no <= oldest.input_no && input.no < head.last_input);
            let before = now_ms.saturating_sub(keep.event_age_max_ms);
            let young = self.events.values().find(|e| e.at_ms >= before || e.seq > oldest.seq).map(|e| e.seq);
            let floor = young.unwrap_or(head.last_seq);
            pruned.event_blocks = drop_where(&mut self.events, |event| event.seq < floor);
        }
        pruned.mirrors = self.prune_mirrors(keep.mirrors_kept.max(1) as usize);
        let before = now_ms.saturating_sub(keep.record_age_max_ms);
        pruned.records = drop_where(&mut self.records, |record| record.started_ms < before);
        self.by_time.retain(|key| key.started_ms >= before);
        let records = &self.records;
        self.removed.retain(|(call, _)| records.contains_key(call));
        pruned.stages = drop_where(&mut self.stages, |stage| stage.closed_ms < before);
        let before = now_ms.saturating_sub(keep.answer_age_max_ms);
        pruned.answers = drop_where(&mut self.answers, |answer| answer.at_ms < before) + self.trim_answers();
        pruned.registrations = drop_where(&mut self.registrations, |binding| binding.expires_ms <= now_ms);
        pruned
    }

    fn prune_mirrors(&mut self, kept: usize) -> u64 {
        let oldest_seq = self.position().oldest_seq;
        let needed = self.mirrors.range(..oldest_seq).next_back().map_or(0, |(&seq, _)| seq);
        let newest = self.mirrors.keys().rev().nth(kept - 1).copied().unwrap_or(0);
        let before = self.mirrors.len();
        self.mirrors.retain(|&seq, _| seq == needed || (seq > needed && seq >= newest));
        (before - self.mirrors.len()) as u64
    }

    fn trim_answers(&mut self) -> u64 {
        let surplus = self.answers.len().saturating_sub(ANSWERS_MAX);
        if surplus > 0 {
            let mut keys: Vec<_> = self.answers.iter().map(|(key, answer)| (answer.at_ms, key.clone())).collect();
            keys.sort();
            keys.truncate(surplus);
            for (_, key) in keys {
                self.answers.remove(&key);
            }
        }
        surplus as u64
    }
}

fn drop_where<K: Ord, V>(map: &mut std::collections::BTreeMap<K, V>, gone: impl Fn(&V) -> bool) -> u64 {
    let before = map.len();
    map.retain(|_, value| !gone(value));
    (before - map.len()) as u64
}
