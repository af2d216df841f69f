//! Records and stages.

use super::Rows;
use crate::PAGE_MAX;
use crate::model::records::{
    PartyFilter, Record, RecordCursor, RecordPage, RecordQuery, StageQuery, StageRow, normal_parties,
};

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
        let end = query.cursor.unwrap_or(RecordCursor { started_ms: u64::MAX, call: u64::MAX });
        let rows: Vec<Record> = self
            .by_time
            .range(..end)
            .rev()
            .take_while(|key| key.started_ms >= query.from_ms)
            .filter(|key| key.started_ms < query.to_ms)
            .filter_map(|key| self.records.get(&key.call))
            .filter(|record| took_part(record, &query.party))
            .take(limit)
            .cloned()
            .collect();
        let last = rows.last().map(|r| RecordCursor { started_ms: r.started_ms, call: r.call });
        let next = if rows.len() == limit { last } else { None };
        RecordPage { rows, next }
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
