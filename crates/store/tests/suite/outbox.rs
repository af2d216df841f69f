//! Pushes to other servers.

use store::{Backlog, OUTBOX_MAX, Push, PushOutcome, Store, StoreError};

use super::T;

fn push(order_key: &str, message: &str, due_ms: u64) -> Push {
    Push { order_key: order_key.into(), message: message.into(), due_ms, bytes: message.as_bytes().to_vec() }
}

fn lease(store: &mut Store, endpoint: Option<&str>, now_ms: u64) -> Vec<(u64, String, u32)> {
    let leased = store.lease_pushes(T, endpoint, now_ms, 30, 10).expect("lease");
    leased.into_iter().map(|p| (p.id, p.message, p.tries)).collect()
}

fn names(leased: &[(u64, String, u32)]) -> Vec<&str> {
    leased.iter().map(|(_, message, _)| message.as_str()).collect()
}

pub fn pushes_are_leased_in_order_per_key_and_settled(store: &mut Store) {
    let pushes = [push("call 1", "m1", 100), push("call 1", "m2", 90), push("call 2", "m3", 50)];
    store.lay_pushes(T, "crm", Some(7), &pushes).expect("lay");
    store.lay_pushes(T, "wall", None, &[push("call 1", "m1", 60)]).expect("lay");
    assert_eq!(names(&lease(store, None, 49)), Vec::<&str>::new(), "nothing is due");
    let first = lease(store, Some("crm"), 200);
    assert_eq!(names(&first), ["m3", "m1"], "m2 waits behind m1");
    assert_eq!(names(&lease(store, None, 200)), ["m1"], "of the other endpoint");
    assert_eq!(names(&lease(store, None, 229)), Vec::<&str>::new(), "all are leased");
    let again = lease(store, Some("crm"), 230);
    assert_eq!(names(&again), ["m1", "m3"], "a lease that nobody answers ends");
    assert!(again.iter().all(|(_, _, tries)| *tries == 2));
    let outcomes = [
        PushOutcome::Done { id: again[0].0 },
        PushOutcome::Retry { id: again[1].0, due_ms: 1_000 },
        PushOutcome::Done { id: 999_999 },
    ];
    store.settle_pushes(T, &outcomes).expect("settle");
    assert_eq!(names(&lease(store, Some("crm"), 300)), ["m2"]);
    assert_eq!(names(&lease(store, Some("crm"), 1_000)), ["m2", "m3"]);
    assert_eq!(store.read(|v| v.pushes(T, Some("crm"), 10)).expect("read").len(), 2);
    store.drop_endpoint(T, "crm").expect("drop");
    assert_eq!(store.read(|v| v.outbox_len(T)).expect("read"), 1);
    assert_eq!(store.read(|v| v.cursor(T, "crm")).expect("read"), None);
}

pub fn a_message_laid_twice_is_one_and_the_cursor_moves(store: &mut Store) {
    assert_eq!(store.read(|v| v.cursor(T, "crm")).expect("read"), None);
    store.lay_pushes(T, "crm", Some(4), &[push("k", "m1", 0)]).expect("lay");
    store.lay_pushes(T, "crm", Some(6), &[push("k", "m1", 0), push("k", "m2", 0)]).expect("lay");
    store.lay_pushes(T, "crm", Some(9), &[]).expect("nothing to say is progress too");
    assert_eq!(store.read(|v| v.outbox_len(T)).expect("read"), 2);
    assert_eq!(store.read(|v| v.cursor(T, "crm")).expect("read"), Some(9));
}

pub fn the_outbox_is_bounded(store: &mut Store) {
    let pushes: Vec<_> = (0..=OUTBOX_MAX).map(|n| push("k", &n.to_string(), 0)).collect();
    assert_eq!(store.lay_pushes(T, "crm", Some(1), &pushes), Err(StoreError::Full("outbox")));
    assert_eq!(store.read(|v| v.cursor(T, "crm")).expect("read"), None, "the cursor waits with them");
    store.lay_pushes(T, "crm", Some(1), &pushes[..10]).expect("lay");
    assert_eq!(store.lay_pushes(T, "wall", Some(1), &pushes[..OUTBOX_MAX]), Err(StoreError::Full("outbox")));
}

pub fn a_parked_push_holds_nobody_back_and_can_be_replayed(store: &mut Store) {
    let pushes = [push("call 1", "m1", 0), push("call 1", "m2", 0), push("call 2", "m3", 0)];
    store.lay_pushes(T, "crm", Some(1), &pushes).expect("lay");
    let first = lease(store, Some("crm"), 10);
    assert_eq!(names(&first), ["m1", "m3"]);
    let outcomes = [PushOutcome::Park { id: first[0].0 }, PushOutcome::Park { id: first[1].0 }];
    store.settle_pushes(T, &outcomes).expect("settle");
    assert_eq!(names(&lease(store, Some("crm"), 20)), ["m2"], "what waited behind it goes on");
    assert_eq!(
        names(&lease(store, Some("crm"), 200_000_000_000_000)),
        ["m2"],
        "parked ones are never due by themselves"
    );
    let parked = |store: &Store| {
        let parked = store.read(|v| v.parked(T, 10)).expect("read");
        parked.into_iter().map(|push| (push.message, push.tries)).collect::<Vec<_>>()
    };
    assert_eq!(parked(store), [("m1".to_owned(), 1), ("m3".to_owned(), 1)]);
    assert_eq!(store.replay_push(T, first[0].0, 300), Ok(true));
    assert_eq!(store.replay_push(T, first[0].0, 300), Ok(false), "it is not parked any more");
    assert_eq!(store.replay_push(T, 999_999, 300), Ok(false));
    let again = store.lease_pushes(T, Some("crm"), 300, 30, 10).expect("lease");
    assert_eq!((again[0].message.as_str(), again[0].tries), ("m1", 1), "as if it had never been tried");
    assert_eq!(parked(store), [("m3".to_owned(), 1)]);
    assert_eq!(store.give_up_parked(T, 10), Ok(1));
    assert_eq!((store.give_up_parked(T, 10), parked(store)), (Ok(0), Vec::new()));
    assert_eq!(store.read(|v| v.outbox_len(T)), Ok(2), "only parked ones are given up");
}

pub fn what_an_endpoint_has_not_taken_is_counted_and_is_as_old_as_its_oldest(store: &mut Store) {
    let backlog = |store: &Store| store.read(|v| v.backlog(T, "crm")).expect("read");
    assert_eq!(backlog(store), Backlog::default());
    store.lay_pushes(T, "wall", None, &[push("call 1", "m1", 10)]).expect("lay");
    store.lay_pushes(T, "crm", None, &[push("call 1", "m1", 50), push("call 2", "m2", 40)]).expect("lay");
    store.lay_pushes(T, "crm", None, &[push("call 3", "m3", 70)]).expect("lay");
    assert_eq!(backlog(store), Backlog { waiting: 3, oldest_ms: Some(40), parked: 0 });
    let leased = lease(store, Some("crm"), 100);
    assert_eq!(names(&leased), ["m2", "m1", "m3"]);
    let outcomes = [PushOutcome::Park { id: leased[0].0 }, PushOutcome::Retry { id: leased[1].0, due_ms: 900 }];
    store.settle_pushes(T, &outcomes).expect("settle");
    assert_eq!(backlog(store), Backlog { waiting: 2, oldest_ms: Some(50), parked: 1 }, "a retry makes nothing younger");
    store
        .settle_pushes(T, &[PushOutcome::Done { id: leased[1].0 }, PushOutcome::Done { id: leased[2].0 }])
        .expect("settle");
    assert_eq!(backlog(store), Backlog { waiting: 0, oldest_ms: None, parked: 1 });
    assert_eq!(store.replay_push(T, leased[0].0, 800), Ok(true));
    assert_eq!(backlog(store), Backlog { waiting: 1, oldest_ms: Some(40), parked: 0 }, "it is as old as it was");
}
