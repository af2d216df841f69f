//! Forgetting.

use store::{ANSWERS_MAX, Answer, Batch, MirrorCheckpoint, Record, Registration, Retention, Snapshot, StageRow, Store};

use super::{T, grow};

const KEEP: Retention = Retention {
    event_age_max_ms: 200,
    record_age_max_ms: 200,
    answer_age_max_ms: 200,
    snapshots_kept: 2,
    mirrors_kept: 2,
};

fn prune_all(store: &mut Store, now_ms: u64) {
    while store.prune(T, now_ms, &KEEP).expect("prune").more {}
}

fn firsts(store: &Store) -> (Option<u64>, Option<u64>) {
    let event = store.read(|v| v.events(T, 0, 1)).expect("events").first().map(|e| e.seq);
    let input = store.read(|v| v.inputs(T, 0, 1)).expect("inputs").first().map(|i| i.no);
    (event, input)
}

fn snapshot(store: &mut Store, at: u64) {
    store.put_snapshot(T, &Snapshot { input_no: at, seq: at, bytes: vec![] }).expect("snapshot");
}

pub fn nothing_goes_without_a_snapshot(store: &mut Store) {
    grow(store, 100);
    prune_all(store, 1_000_000);
    assert_eq!(firsts(store), (Some(1), Some(1)), "a replay from the start needs them all");
}

pub fn journal_by_snapshot_and_events_by_age_and_snapshot(store: &mut Store) {
    grow(store, 100);
    for at in [20, 40, 60] {
        snapshot(store, at);
    }
    // The last event happened at 1,000; those before 500 are old. Snapshots 40 and 60 stay.
    prune_all(store, 700);
    assert_eq!(firsts(store), (Some(41), Some(41)), "what follows the oldest snapshot stays however old");
    snapshot(store, 90);
    snapshot(store, 95);
    prune_all(store, 1_000);
    assert_eq!(firsts(store), (Some(80), Some(91)), "events stay while young, inputs do not");
    prune_all(store, 1_000_000);
    assert_eq!(firsts(store), (Some(91), Some(91)));
    let position = store.read(|v| v.position(T)).expect("read").expect("a log");
    assert_eq!((position.oldest_seq, position.last_seq), (91, 100));
    assert_eq!(store.read(|v| v.integrity()).expect("integrity"), Vec::<String>::new());
    snapshot(store, 100);
    snapshot(store, 101);
    prune_all(store, 1_000_000);
    assert_eq!(firsts(store), (Some(100), Some(100)), "the last of each stays and says where the log stands");
    assert_eq!(store.read(|v| v.position(T)).expect("read").expect("a log").oldest_seq, 100);
    grow(store, 1);
}

pub fn records_stages_answers_and_registrations_by_age(store: &mut Store) {
    for at_ms in [100, 299, 300, 400] {
        let bytes = vec![];
        let record = Record { call: at_ms, started_ms: at_ms, ended_ms: at_ms, parties: vec!["1001".into()], bytes };
        let stage = StageRow { stage: at_ms, root: 1, call: at_ms, opened_ms: at_ms, closed_ms: at_ms, bytes: vec![] };
        let answer = Answer { principal: "p".into(), key: at_ms.to_string(), body_hash: [0; 32], at_ms, bytes: vec![] };
        let batch =
            Batch { tenant: T, records: vec![record], stages: vec![stage], answers: vec![answer], ..Batch::default() };
        store.append(0, batch).expect("append");
        let binding =
            Registration { aor: at_ms.to_string(), contact: "c".into(), bytes: Some(vec![]), expires_ms: at_ms + 200 };
        store.put_registrations(T, &[binding]).expect("put");
    }
    let pruned = store.prune(T, 500, &KEEP).expect("prune");
    assert_eq!((pruned.records, pruned.stages, pruned.answers, pruned.registrations, pruned.more), (2, 2, 2, 3, false));
    let query = store::RecordQuery { party: store::PartyFilter::OneOf(vec!["1001".into()]), ..Default::default() };
    let page = store.read(|v| v.records(T, &query)).expect("records");
    assert_eq!(page.rows.iter().map(|r| r.call).collect::<Vec<_>>(), [400, 300]);
    assert_eq!(store.read(|v| v.stages(T, &store::StageQuery::Root(1))).expect("stages").len(), 2);
    assert_eq!(store.read(|v| v.answers_since(T, 0)).expect("answers").len(), 2);
    assert_eq!(store.read(|v| v.registrations(T)).expect("registrations").len(), 1);
}

pub fn mirrors_that_a_kept_event_needs_stay(store: &mut Store) {
    grow(store, 100);
    for seq in [10, 20, 50, 70, 80, 90] {
        store.put_mirror(T, &MirrorCheckpoint { seq, bytes: vec![] }).expect("put");
    }
    snapshot(store, 60);
    snapshot(store, 61);
    prune_all(store, 1_000_000);
    assert_eq!(firsts(store).0, Some(61));
    let mirrors: Vec<_> = (0..=100).filter_map(|at| store.read(|v| v.mirror_at(T, at)).expect("read")).collect();
    let mut seqs: Vec<_> = mirrors.iter().map(|m| m.seq).collect();
    seqs.dedup();
    assert_eq!(seqs, [50, 80, 90], "50 carries a client that resumes at 61, and the newest two stay");
}

pub fn answers_beyond_the_bound_go_oldest_first(store: &mut Store) {
    let answer =
        |n: u64| Answer { principal: "p".into(), key: n.to_string(), body_hash: [0; 32], at_ms: n, bytes: vec![] };
    let total = ANSWERS_MAX as u64 + 300;
    let answers = (1..=total).map(answer).collect();
    store.append(0, Batch { tenant: T, answers, ..Batch::default() }).expect("append");
    store.prune(T, total, &Retention::default()).expect("prune");
    let kept = store.read(|v| v.answers_since(T, 0)).expect("answers");
    assert_eq!((kept.len(), kept[0].at_ms), (ANSWERS_MAX, 301));
}
