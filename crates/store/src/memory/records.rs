//! Records and stages.

use super::{Memory, Rows};
use crate::PAGE_MAX;
use crate::error::StoreError;
use crate::model::Tenant;
use crate::model::records::{
    PartyFilter, Record, RecordCursor, RecordPage, RecordQuery, RecordScan, StageQuery, StageRow, normal_parties,
};

impl Memory {
    /// Takes records off a list; says how many were on it.
    pub fn remove_records(&mut self, tenant: Tenant, list: &str, calls: &[u64]) -> Result<u64, StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        let there = calls.iter().filter(|call| rows.records.contains_key(call));
        Ok(there.filter(|&&call| rows.removed.insert((call, list.to_owned()))).count() as u64)
    }
}

impl Rows {
    pub(super) fn put_record(&mut self, mut record: Record) {
        normal_parties(&mut record.parties);
        self.by_time.insert(RecordCursor { started_ms: record.started_ms, call: record.call });
        if let Some(old) = self.records.insert(record.call, record.clone())
            && old.started_ms != record.started_ms
        {
            self.by_time.remove(&RecordCursor { started_ms: old.started_ms, call: old.call });
        }
    }

    pub(crate) fn record(&self, call: u64) -> Option<Record> {
        self.records.get(&call).cloned()
    }

    pub(crate) fn query_records(&self, query: &RecordQuery) -> RecordPage {
        let limit = query.limit.min(PAGE_MAX);
        let end = RecordCursor { started_ms: query.to_ms, call: 0 };
        let end = query.cursor.map_or(end, |cursor| end.min(cursor));
        let rows: Vec<Record> = self
            .by_time
            .range(..end)
            .rev()
            .take_while(|key| key.started_ms >= query.from_ms)
            .filter_map(|key| self.records.get(&key.call))
            .filter(|record| took_part(record, &query.party))
            .take(limit)
            .cloned()
            .collect();
        let last = rows.last().map(|r| RecordCursor { started_ms: r.started_ms, call: r.call });
        let next = if rows.len() == limit { last } else { None };
        RecordPage { rows, next }
    }

    pub(crate) fn scan_records(&self, scan: &RecordScan) -> Vec<Record> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let first = Included(RecordCursor { started_ms: scan.from_ms, call: 0 });
        let begin = match scan.after {
            Some(after) if after.started_ms >= scan.from_ms => Excluded(after),
            Some(_) | None => first,
        };
        let kept = |call: u64| scan.list.as_ref().is_none_or(|list| !self.removed.contains(&(call, list.clone())));
        self.by_time
            .range((begin, Unbounded))
            .take_while(|key| key.started_ms < scan.to_ms)
            .filter(|key| scan.calls.contains(&key.call) && kept(key.call))
            .filter_map(|key| self.records.get(&key.call))
            .filter(|record| scan.party.as_ref().is_none_or(|party| record.parties.contains(party)))
            .take(scan.limit.min(PAGE_MAX))
            .cloned()
            .collect()
    }

    pub(crate) fn stages(&self, query: &StageQuery) -> Vec<StageRow> {
        let pick = |wanted: &dyn Fn(&StageRow) -> bool| -> Vec<StageRow> {
            self.stages.values().filter(|row| wanted(row)).cloned().collect()
        };
        let (mut rows, limit) = match *query {
            StageQuery::Stage(stage) => (self.stages.get(&stage).cloned().into_iter().collect(), 1),
            StageQuery::Root(root) => (pick(&|row| row.root == root), PAGE_MAX),
            StageQuery::Call(call) => (pick(&|row| row.call == call), PAGE_MAX),
            StageQuery::Closed { from_ms, to_ms, limit } => {
                let mut rows = pick(&|row| (from_ms..to_ms).contains(&row.closed_ms));
                rows.sort_by_key(|row| (row.closed_ms, row.stage));
                (rows, limit.min(PAGE_MAX))
            }
        };
        rows.truncate(limit);
        rows
    }
}

fn took_part(record: &Record, filter: &PartyFilter) -> bool {
    match filter {
        PartyFilter::Any => true,
        PartyFilter::OneOf(parties) => {
            parties.iter().take(crate::PARTY_FILTER_MAX).any(|party| record.parties.contains(party))
        }
        PartyFilter::Prefix(prefix) => record.parties.iter().any(|party| party.starts_with(prefix)),
    }
}
