//! Log, journal, checkpoints, snapshots, answers, registrations.

use store::{
    Answer, AppendError, Batch, Checkpoint, Event, MirrorCheckpoint, NUMBER_MAX, Registration, Snapshot, StageRow,
    Store, StoreError, TENANT_MAX,
};

use super::{T, batch, event, grow, input};

pub fn events_and_inputs_come_back_in_order_from_any_place(store: &mut Store) {
    store.append(0, batch(1..=12, 1..=10)).expect("append");
    store.append(12, batch(13..=13, None)).expect("append of events alone");
    store.append(13, batch(None, 11..=12)).expect("append of inputs alone");
    store.append(13, batch(14..=40, 13..=20)).expect("append");
    for from in 0..=41 {
        let got = store.read(|v| v.events(T, from, 7)).expect("events");
        let want: Vec<_> = (from.max(1)..=40).take(7).map(event).collect();
        assert_eq!(got, want, "from {from}");
    }
    for after in 0..=21 {
        let got = store.read(|v| v.inputs(T, after, 5)).expect("inputs");
        let want: Vec<_> = (after + 1..=20).take(5).map(input).collect();
        assert_eq!(got, want, "after {after}");
    }
    assert!(store.read(|v| v.events(T, 1, 0)).expect("events").is_empty());
    let position = store.read(|v| v.position(T)).expect("position").expect("a log");
    assert_eq!((position.last_seq, position.oldest_seq, position.last_input), (40, 1, 20));
    assert_eq!(store.read(|v| v.integrity()).expect("integrity"), Vec::<String>::new());
}

pub fn a_foreign_append_fences_and_nothing_of_the_batch_stays(store: &mut Store) {
    store.append(0, batch(1..=3, 1..=1)).expect("append");
    let mut late = batch(3..=4, 2..=2);
    late.checkpoints.push(Checkpoint { leg: 9, bytes: Some(vec![1]) });
    let fenced = AppendError::Fenced { tenant: T, expected: 2, found: 3 };
    assert_eq!(store.append(2, late.clone()), Err(fenced));
    assert_eq!(store.append(4, late), Err(AppendError::Fenced { tenant: T, expected: 4, found: 3 }));
    assert!(store.read(|v| v.checkpoints(T)).expect("checkpoints").is_empty());
    assert_eq!(store.read(|v| v.events(T, 1, 10)).expect("events").len(), 3);
    store.append(3, batch(4..=4, 2..=2)).expect("the owner goes on");
}

pub fn a_batch_with_a_hole_is_malformed(store: &mut Store) {
    store.append(0, batch(1..=2, 1..=2)).expect("append");
    for wrong in [batch(4..=4, 3..=3), batch(3..=3, 4..=4), batch(2..=3, 3..=3), batch(3..=3, 2..=3)] {
        assert!(matches!(store.append(2, wrong), Err(AppendError::Malformed(_))));
    }
    let position = store.read(|v| v.position(T)).expect("position").expect("a log");
    assert_eq!((position.last_seq, position.last_input), (2, 2));
}

pub fn one_refused_batch_of_a_group_leaves_the_others(store: &mut Store) {
    let other = Batch { tenant: 2, events: vec![event(1)], ..Batch::default() };
    let group = vec![(0, batch(1..=2, 1..=1)), (7, batch(8..=8, 2..=2)), (0, other), (2, batch(3..=3, 2..=2))];
    let answers = store.append_group(group);
    assert_eq!(answers.len(), 4);
    assert!(answers[0].is_ok() && answers[2].is_ok() && answers[3].is_ok(), "{answers:?}");
    assert_eq!(answers[1], Err(AppendError::Fenced { tenant: T, expected: 7, found: 2 }));
    assert_eq!(store.read(|v| v.events(T, 0, 9)).expect("events"), [event(1), event(2), event(3)]);
    assert_eq!(store.read(|v| v.events(2, 0, 9)).expect("events"), [event(1)]);
}

pub fn tenants_do_not_meet(store: &mut Store) {
    grow(store, 3);
    let of_another = Event { seq: 1, at_ms: 5, bytes: b"other".to_vec() };
    let other = Batch {
        tenant: TENANT_MAX,
        events: vec![of_another.clone()],
        checkpoints: vec![Checkpoint { leg: 1, bytes: Some(vec![2]) }],
        ..Batch::default()
    };
    store.append(0, other).expect("append");
    assert_eq!(store.read(|v| v.tenants()).expect("tenants"), [T, TENANT_MAX]);
    assert_eq!(store.read(|v| v.events(TENANT_MAX, 0, 9)).expect("events"), [of_another]);
    assert!(store.read(|v| v.checkpoints(T)).expect("checkpoints").is_empty());
    let epoch = |t| store.read(|v| v.position(t)).expect("position").expect("a log").epoch;
    assert_ne!(epoch(T), epoch(TENANT_MAX), "each log has its own epoch");
    assert!(epoch(T) > 0 && epoch(T) < 1 << 48);
}

pub fn a_big_batch_comes_back_whole(store: &mut Store) {
    let event = |seq: u64| Event { seq, at_ms: seq, bytes: vec![seq as u8; 1_500] };
    let mut big = Batch { tenant: T, events: (1..=5_000).map(event).collect(), ..Batch::default() };
    big.events[2_499].bytes = vec![7; 3 * 1024 * 1024];
    big.inputs = (1..=2_000).map(input).collect();
    let want = big.events.clone();
    store.append(0, big).expect("append");
    assert!(store.read(|v| v.events(T, 1, usize::MAX)).expect("events") == want);
    assert_eq!(store.read(|v| v.events(T, 2_500, 2)).expect("events"), want[2_499..2_501]);
    assert_eq!(store.read(|v| v.inputs(T, 1_999, 9)).expect("inputs"), [input(2_000)]);
}

pub fn the_last_checkpoint_of_a_leg_wins_and_an_ended_leg_is_gone(store: &mut Store) {
    let checkpoint = |leg, text: Option<&str>| Checkpoint { leg, bytes: text.map(|t| t.as_bytes().to_vec()) };
    let batch = |checkpoints| Batch { tenant: T, checkpoints, ..Batch::default() };
    let first = batch(vec![checkpoint(1, Some("a")), checkpoint(2, Some("b")), checkpoint(u64::MAX, Some("z"))]);
    store.append(0, first).expect("append");
    let second = batch(vec![checkpoint(1, Some("a2")), checkpoint(1, Some("a3")), checkpoint(2, None)]);
    let third = batch(vec![checkpoint(3, Some("c")), checkpoint(4, Some("d")), checkpoint(4, None)]);
    assert_eq!(store.append_group(vec![(0, second), (0, third)]), [Ok(()), Ok(())]);
    let mut got = store.read(|v| v.checkpoints(T)).expect("checkpoints");
    got.sort();
    assert_eq!(got, [(1, b"a3".to_vec()), (3, b"c".to_vec()), (u64::MAX, b"z".to_vec())]);
}

pub fn the_newest_snapshot_and_the_mirror_at_a_place(store: &mut Store) {
    let snapshot = |input_no, text: &str| Snapshot { input_no, seq: input_no * 2, bytes: text.as_bytes().to_vec() };
    for s in [snapshot(5, "five"), snapshot(9, "nine"), snapshot(7, "seven"), snapshot(9, "nine again")] {
        store.put_snapshot(T, &s).expect("put");
    }
    assert_eq!(store.read(|v| v.latest_snapshot(T)).expect("read"), Some(snapshot(9, "nine again")));
    for seq in [10, 30, 20] {
        store.put_mirror(T, &MirrorCheckpoint { seq, bytes: vec![seq as u8] }).expect("put");
    }
    for (at, want) in [(9, None), (10, Some(10)), (29, Some(20)), (u64::MAX, Some(30))] {
        let got = store.read(|v| v.mirror_at(T, at)).expect("read");
        assert_eq!(got.map(|m| (m.seq, m.bytes)), want.map(|seq| (seq, vec![seq as u8])), "at {at}");
    }
}

pub fn answers_are_found_by_principal_and_key(store: &mut Store) {
    let answer = |principal: &str, key: &str, at_ms| Answer {
        principal: principal.into(),
        key: key.into(),
        body_hash: [at_ms as u8; 32],
        at_ms,
        bytes: vec![at_ms as u8],
    };
    let answers = vec![answer("alice", "k", 1), answer("bob", "k", 2), answer("alice", "k2", 3)];
    store.append(0, Batch { tenant: T, answers, ..Batch::default() }).expect("append");
    store
        .append(0, Batch { tenant: T, answers: vec![answer("alice", "k2", 9)], ..Batch::default() })
        .expect("a pending answer becomes final");
    let read = |principal: &str, key: &str| store.read(|v| v.answer(T, principal, key)).expect("read");
    assert_eq!(read("alice", "k"), Some(answer("alice", "k", 1)));
    assert_eq!(read("bob", "k"), Some(answer("bob", "k", 2)));
    assert_eq!(read("alice", "k2"), Some(answer("alice", "k2", 9)));
    assert_eq!(read("bob", "k2"), None);
    let since = store.read(|v| v.answers_since(T, 2)).expect("read");
    assert_eq!(since, [answer("bob", "k", 2), answer("alice", "k2", 9)]);
}

pub fn registrations_are_replaced_and_deleted(store: &mut Store) {
    let binding = |aor: &str, contact: &str, bytes: Option<&str>| Registration {
        aor: aor.into(),
        contact: contact.into(),
        bytes: bytes.map(|b| b.as_bytes().to_vec()),
        expires_ms: 100,
    };
    let first = [binding("1001", "a", Some("x")), binding("1001", "b", Some("y")), binding("1002", "a", Some("z"))];
    store.put_registrations(T, &first).expect("put");
    let second = [binding("1001", "a", None), binding("1002", "a", Some("z2")), binding("1003", "none", None)];
    store.put_registrations(T, &second).expect("put");
    let got = store.read(|v| v.registrations(T)).expect("read");
    assert_eq!(got, [binding("1001", "b", Some("y")), binding("1002", "a", Some("z2"))]);
}

pub fn an_unknown_tenant_is_empty(store: &mut Store) {
    assert_eq!(store.read(|v| v.position(77)).expect("read"), None);
    assert!(store.read(|v| v.tenants()).expect("read").is_empty());
    assert!(store.read(|v| v.events(77, 0, 9)).expect("read").is_empty());
    assert_eq!(store.read(|v| v.latest_snapshot(77)).expect("read"), None);
    let opened = store.open_log(77).expect("open");
    assert_eq!((opened.last_seq, opened.oldest_seq, opened.last_input), (0, 1, 0));
    assert_eq!(store.open_log(77).expect("open again"), opened, "a second opening keeps the epoch");
    store.append(0, Batch { tenant: 77, events: vec![event(1)], ..Batch::default() }).expect("append");
    assert_eq!(store.open_log(77).expect("open").epoch, opened.epoch);
}

pub fn numbers_too_large_for_a_key_are_refused(store: &mut Store) {
    let stage = |stage| StageRow { stage, root: u64::MAX, call: u64::MAX, opened_ms: 0, closed_ms: 0, bytes: vec![] };
    let batch = |tenant, stage| Batch { tenant, stages: vec![stage], ..Batch::default() };
    store.append(0, batch(TENANT_MAX, stage(NUMBER_MAX))).expect("the largest fit");
    let too_large = [batch(TENANT_MAX + 1, stage(1)), batch(T, stage(NUMBER_MAX + 1))];
    for wrong in too_large {
        assert!(matches!(store.append(0, wrong), Err(AppendError::Malformed(_))));
    }
    assert!(matches!(store.open_log(TENANT_MAX + 1), Err(StoreError::Refused(_))));
    assert_eq!(store.read(|v| v.tenants()).expect("read"), [TENANT_MAX]);
    let found = |store: &Store, stage| store.read(|v| v.stages(TENANT_MAX, &store::StageQuery::Stage(stage)));
    assert_eq!(found(store, NUMBER_MAX).expect("read"), [stage(NUMBER_MAX)]);
    assert_eq!(found(store, u64::MAX).expect("read"), []);
    assert_eq!(store.read(|v| v.record(T, u64::MAX)).expect("read"), None);
    assert!(store.read(|v| v.events(TENANT_MAX + 1, 0, 9)).expect("read").is_empty());
}
