//! Call records and stages.

use store::{Batch, PartyFilter, Record, RecordQuery, StageQuery, StageRow, Store};

use super::T;

fn record(call: u64, started_ms: u64, parties: &[&str]) -> Record {
    let parties = parties.iter().map(|&p| p.to_owned()).collect();
    Record { call, started_ms, ended_ms: started_ms + 5, parties, bytes: format!("call {call}").into_bytes() }
}

fn put(store: &mut Store, records: Vec<Record>) {
    store.append(0, Batch { tenant: T, records, ..Batch::default() }).expect("append");
}

fn calls(store: &Store, query: &RecordQuery) -> Vec<u64> {
    store.read(|v| v.records(T, query)).expect("records").rows.iter().map(|r| r.call).collect()
}

pub fn pages_run_newest_first_without_loss_or_repeat(store: &mut Store) {
    // Three calls begin in each millisecond, and both parties of a call are asked for.
    put(store, (1..=100).map(|call| record(call, call / 3, &["1001", "1002"])).collect());
    for party in
        [PartyFilter::Any, PartyFilter::OneOf(vec!["1002".into(), "1001".into()]), PartyFilter::Prefix("10".into())]
    {
        let mut query = RecordQuery { party, limit: 7, ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let page = store.read(|v| v.records(T, &query)).expect("records");
            assert!(page.rows.len() <= 7);
            seen.extend(page.rows.iter().map(|r| r.call));
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        assert_eq!(seen, (1..=100).rev().collect::<Vec<_>>());
    }
}

pub fn filters_by_party_prefix_and_time(store: &mut Store) {
    let records = vec![
        record(1, 10, &["1001", "+4930123"]),
        record(2, 20, &["1002", "+4930999"]),
        record(3, 30, &["1001", "1002"]),
        record(4, 40, &["1003", "", "a\nb"]),
    ];
    put(store, records);
    let of = |party| RecordQuery { party, ..Default::default() };
    assert_eq!(calls(store, &of(PartyFilter::OneOf(vec!["1001".into()]))), [3, 1]);
    assert_eq!(calls(store, &of(PartyFilter::OneOf(vec!["1003".into(), "+4930123".into()]))), [4, 1]);
    assert_eq!(calls(store, &of(PartyFilter::OneOf(vec![]))), Vec::<u64>::new());
    assert_eq!(calls(store, &of(PartyFilter::Prefix("+4930".into()))), [2, 1]);
    assert_eq!(calls(store, &of(PartyFilter::Prefix("100".into()))), [4, 3, 2, 1]);
    let between = RecordQuery { from_ms: 20, to_ms: 40, ..Default::default() };
    assert_eq!(calls(store, &between), [3, 2], "from is in, to is out");
    let both = RecordQuery { party: PartyFilter::OneOf(vec!["1002".into()]), ..between };
    assert_eq!(calls(store, &both), [3, 2]);
    let stored = store.read(|v| v.record(T, 4)).expect("read").expect("call 4");
    assert_eq!(stored.parties, ["1003", "ab"], "parties are kept sorted, without empty ones and line feeds");
    assert_eq!(store.read(|v| v.record(T, 5)).expect("read"), None);
}

pub fn a_record_written_again_replaces_its_parties(store: &mut Store) {
    put(store, vec![record(1, 10, &["1001"]), record(2, 20, &["1001"])]);
    put(store, vec![record(1, 30, &["1002"])]);
    let of = |party: &str| RecordQuery { party: PartyFilter::OneOf(vec![party.into()]), ..Default::default() };
    assert_eq!(calls(store, &of("1001")), [2]);
    assert_eq!(calls(store, &of("1002")), [1]);
    assert_eq!(calls(store, &RecordQuery::default()), [1, 2], "its new start counts");
    assert_eq!(store.read(|v| v.record(T, 1)).expect("read"), Some(record(1, 30, &["1002"])));
}

pub fn stages_by_id_root_call_and_closing(store: &mut Store) {
    let row = |stage, root, call, closed_ms| StageRow {
        stage,
        root,
        call,
        opened_ms: stage,
        closed_ms,
        bytes: vec![stage as u8],
    };
    let stages = vec![row(1, 1, 7, 50), row(2, 1, 7, 40), row(3, 3, 8, 30), row(4, 1, 8, 60)];
    store.append(0, Batch { tenant: T, stages, ..Batch::default() }).expect("append");
    store.append(0, Batch { tenant: T, stages: vec![row(3, 3, 8, 45)], ..Batch::default() }).expect("closed anew");
    let ids =
        |query| -> Vec<u64> { store.read(|v| v.stages(T, &query)).expect("stages").iter().map(|s| s.stage).collect() };
    assert_eq!(store.read(|v| v.stages(T, &StageQuery::Stage(2))).expect("stages"), [row(2, 1, 7, 40)]);
    assert_eq!(ids(StageQuery::Root(1)), [1, 2, 4]);
    assert_eq!(ids(StageQuery::Call(8)), [3, 4]);
    assert_eq!(ids(StageQuery::Closed { from_ms: 40, to_ms: 60, limit: 10 }), [2, 3, 1]);
    assert_eq!(ids(StageQuery::Closed { from_ms: 0, to_ms: u64::MAX, limit: 2 }), [2, 3]);
}
