//! Call records and stages.

use store::{
    Batch, PartyFilter, Record, RecordCursor, RecordQuery, RecordScan, Retention, StageQuery, StageRow, Store,
};

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

/// All calls of a walk, in pages of `limit`.
fn walk(store: &Store, mut scan: RecordScan) -> Vec<u64> {
    let mut seen = Vec::new();
    loop {
        let rows = store.read(|v| v.scan(T, &scan)).expect("records");
        assert!(rows.len() <= scan.limit);
        let Some(last) = rows.last() else { return seen };
        scan.after = Some(RecordCursor { started_ms: last.started_ms, call: last.call });
        seen.extend(rows.iter().map(|r| r.call));
    }
}

pub fn a_walk_runs_oldest_first_within_its_range(store: &mut Store) {
    // Three calls begin in each millisecond; every fifth is of 1002.
    let of = |call: u64| if call.is_multiple_of(5) { "1002" } else { "1001" };
    put(store, (1..=100).map(|call| record(call, call / 3, &[of(call)])).collect());
    let every = |limit| RecordScan { limit, ..RecordScan::default() };
    assert_eq!(walk(store, every(7)), (1..=100).collect::<Vec<_>>());
    assert_eq!(walk(store, RecordScan { from_ms: 10, to_ms: 12, ..every(4) }), [30, 31, 32, 33, 34, 35]);
    assert_eq!(walk(store, RecordScan { calls: 31..36, ..every(2) }), [31, 32, 33, 34, 35]);
    assert_eq!(walk(store, RecordScan { calls: 31..36, from_ms: 11, ..every(2) }), [33, 34, 35]);
    assert_eq!(walk(store, RecordScan { calls: 99..u64::MAX, ..every(2) }), [99, 100]);
    assert_eq!(walk(store, RecordScan { calls: 101..u64::MAX, ..every(2) }), [0; 0]);
    assert_eq!(walk(store, RecordScan { calls: 0..1, ..every(2) }), [0; 0]);
    let party = |party: &str| RecordScan { party: Some(party.into()), ..every(3) };
    assert_eq!(walk(store, RecordScan { calls: 10..31, ..party("1002") }), [10, 15, 20, 25, 30]);
    assert_eq!(walk(store, RecordScan { from_ms: 5, to_ms: 6, ..party("1001") }), [16, 17]);
    assert_eq!(walk(store, party("1003")), [0; 0]);
    // A cursor from before the range does not widen it.
    let early = Some(RecordCursor { started_ms: 0, call: 1 });
    assert_eq!(walk(store, RecordScan { after: early, from_ms: 33, ..every(9) }), [99, 100]);
}

pub fn what_is_taken_off_a_list_stays_for_the_others_and_is_forgotten_with_its_record(store: &mut Store) {
    put(store, (1..=6).map(|call| record(call, call * 10, &["1001"])).collect());
    assert_eq!(store.remove_records(T, "mine", &[2, 4, 99]).expect("removed"), 2, "99 is no record");
    assert_eq!(store.remove_records(T, "mine", &[4, 5]).expect("removed"), 1, "4 is off already");
    let on = |list: Option<&str>| RecordScan { list: list.map(str::to_owned), limit: 2, ..RecordScan::default() };
    assert_eq!(walk(store, on(Some("mine"))), [1, 3, 6]);
    assert_eq!(walk(store, RecordScan { party: Some("1001".into()), ..on(Some("mine")) }), [1, 3, 6]);
    assert_eq!(walk(store, on(Some("theirs"))), [1, 2, 3, 4, 5, 6]);
    assert_eq!(walk(store, on(None)), [1, 2, 3, 4, 5, 6]);
    assert_eq!(calls(store, &RecordQuery::default()), [6, 5, 4, 3, 2, 1]);
    // Its record goes by age and comes again under its number: nothing is known of the list any more.
    let keep = Retention { record_age_max_ms: 0, ..Retention::default() };
    store.prune(T, 45, &keep).expect("pruned");
    assert_eq!(walk(store, on(Some("mine"))), [6]);
    put(store, vec![record(2, 60, &["1001"])]);
    assert_eq!(walk(store, on(Some("mine"))), [2, 6]);
}
