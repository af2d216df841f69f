//! The store's thread: order, pace, failure, end.

mod suite;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use store::{AppendError, Commit, Pace, SqliteOptions, Store, StoreError, StoreHandle, StoreThread, SubmitError};
use suite::{T, TempDir, batch};

type Answer = (u64, Result<(), AppendError>);

const DEADLINE: Duration = Duration::from_secs(20);

fn spawn(store: Store) -> StoreThread {
    StoreThread::spawn(store, Pace::default()).expect("thread")
}

fn file_store(dir: &TempDir) -> Store {
    Store::sqlite(SqliteOptions::new(dir.path().join("hookswitch.db"))).expect("open")
}

/// A commit of event and input `n` that answers on a channel.
fn commit(n: u64, answers: &Sender<Answer>) -> Commit {
    let answers = answers.clone();
    let done = Box::new(move |answer| answers.send((n, answer)).expect("the test listens"));
    Commit { expected_seq: n - 1, batch: batch(n..=n, n..=n), done }
}

fn hand_over(handle: &StoreHandle, numbers: std::ops::RangeInclusive<u64>) -> Receiver<Answer> {
    let (answers, answered) = channel();
    for n in numbers {
        handle.commit(commit(n, &answers)).expect("handed over");
    }
    answered
}

#[test]
fn callbacks_come_in_order_and_each_batch_is_there_before_its_callback() {
    let dir = TempDir::new();
    for store in [Store::memory(), file_store(&dir)] {
        let thread = spawn(store);
        let handle = thread.handle();
        let answered = hand_over(&handle, 1..=2_000);
        for n in 1..=2_000 {
            assert_eq!(answered.recv_timeout(DEADLINE).expect("an answer"), (n, Ok(())));
            if n % 100 == 0 {
                let position = handle.reader().read(|v| v.position(T)).expect("read").expect("a log");
                assert!(position.last_seq >= n);
            }
        }
        thread.stop().expect("stop");
    }
}

#[test]
fn tasks_keep_their_place_among_batches() {
    let thread = spawn(Store::memory());
    let handle = thread.handle();
    let (answers, answered) = channel();
    let (seen, seen_by) = channel();
    for n in 1..=20 {
        handle.commit(commit(n, &answers)).expect("handed over");
        let seen = seen.clone();
        let task = Box::new(move |store: &mut Store| {
            let last = store.read(|v| v.position(T)).expect("read").expect("a log").last_seq;
            seen.send((n, last)).expect("the test listens");
        });
        handle.run(task).map_err(|_| "run").expect("handed over");
    }
    for n in 1..=20 {
        assert_eq!(seen_by.recv_timeout(DEADLINE), Ok((n, n)));
        assert_eq!(answered.recv_timeout(DEADLINE), Ok((n, Ok(()))));
    }
    assert_eq!(handle.call(|store| store.read(|v| v.position(T))).expect("call").expect("a log").last_seq, 20);
}

#[test]
fn a_stale_owner_is_fenced_and_others_go_on() {
    let thread = spawn(Store::memory());
    let handle = thread.handle();
    let (answers, answered) = channel();
    for n in [1, 2, 2, 3] {
        handle.commit(commit(n, &answers)).expect("handed over");
    }
    let got: Vec<_> = (0..4).map(|_| answered.recv_timeout(DEADLINE).expect("an answer")).collect();
    let fenced = AppendError::Fenced { tenant: T, expected: 1, found: 2 };
    assert_eq!(got, [(1, Ok(())), (2, Ok(())), (2, Err(fenced)), (3, Ok(()))]);
    assert_eq!(handle.failure(), None, "a fence is no failure of the disk");
}

#[test]
fn a_full_queue_gives_the_batch_back() {
    let thread = spawn(Store::memory());
    let handle = thread.handle();
    let (release, held) = channel::<()>();
    let (started, start) = channel();
    let hold = Box::new(move |_: &mut Store| {
        started.send(()).expect("the test listens");
        held.recv_timeout(DEADLINE).expect("released");
    });
    handle.run(hold).map_err(|_| "run").expect("handed over");
    start.recv_timeout(DEADLINE).expect("the thread is held");
    let (answers, answered) = channel();
    let mut handed = 0;
    let back = loop {
        match handle.commit(commit(handed + 1, &answers)) {
            Ok(()) => handed += 1,
            Err(SubmitError::Full(back)) => break back,
            Err(SubmitError::Closed(_)) => panic!("the thread is alive"),
        }
    };
    assert_eq!(back.expected_seq, handed);
    release.send(()).expect("the thread listens");
    for n in 1..=handed {
        assert_eq!(answered.recv_timeout(DEADLINE), Ok((n, Ok(()))));
    }
    handle.commit(back).expect("there is room again");
    assert_eq!(answered.recv_timeout(DEADLINE), Ok((handed + 1, Ok(()))));
}

#[test]
fn a_failing_disk_is_reported_and_nothing_more_is_written() {
    let dir = TempDir::new();
    let thread = spawn(file_store(&dir));
    let handle = thread.handle();
    assert_eq!(hand_over(&handle, 1..=1).recv_timeout(DEADLINE), Ok((1, Ok(()))));
    // A table that vanishes under the writer stands for a disk that fails.
    let foreign = rusqlite::Connection::open(dir.path().join("hookswitch.db")).expect("open");
    foreign.execute_batch("ALTER TABLE input_block RENAME TO gone").expect("rename");
    let answered = hand_over(&handle, 2..=3);
    for n in 2..=3 {
        let (number, answer) = answered.recv_timeout(DEADLINE).expect("an answer");
        assert_eq!(number, n);
        assert!(matches!(answer, Err(AppendError::Io(StoreError::Io(_)))), "{answer:?}");
    }
    assert!(handle.failure().is_some());
    foreign.execute_batch("ALTER TABLE gone RENAME TO input_block").expect("rename");
    let (_, answer) = hand_over(&handle, 2..=2).recv_timeout(DEADLINE).expect("an answer");
    assert!(matches!(answer, Err(AppendError::Io(_))), "once failed, it stays so until a restart");
    assert_eq!(handle.reader().read(|v| v.position(T)).expect("read").expect("a log").last_seq, 1);
    assert!(thread.stop().is_err());
    let store = file_store(&dir);
    assert_eq!(store.read(|v| v.integrity()).expect("integrity"), Vec::<String>::new());
}

#[test]
fn stopping_commits_what_waits_and_closes_the_way() {
    let dir = TempDir::new();
    let thread = spawn(file_store(&dir));
    let handle = thread.handle();
    let answered = hand_over(&handle, 1..=500);
    thread.stop().expect("stop");
    assert_eq!(answered.try_iter().filter(|(_, answer)| answer.is_ok()).count(), 500);
    let (answers, _answered) = channel();
    assert!(matches!(handle.commit(commit(501, &answers)), Err(SubmitError::Closed(_))));
    assert_eq!(handle.call(|_| Ok(())), Err(StoreError::Closed));
    assert_eq!(file_store(&dir).read(|v| v.position(T)).expect("read").expect("a log").last_seq, 500);
}

#[test]
fn a_busy_thread_rests_between_commits_and_gathers() {
    let gap_min = Duration::from_millis(8);
    let thread = StoreThread::spawn(Store::memory(), Pace { gap_min }).expect("thread");
    let handle = thread.handle();
    let begun = Instant::now();
    // The next is handed over when the one before is answered, so each needs a commit of its own.
    for n in 1..=6 {
        assert_eq!(hand_over(&handle, n..=n).recv_timeout(DEADLINE), Ok((n, Ok(()))));
    }
    assert!(begun.elapsed() >= 5 * gap_min, "five gaps lie between six commits");
    let answered = hand_over(&handle, 7..=506);
    let first = answered.recv_timeout(DEADLINE).expect("an answer");
    assert_eq!(first, (7, Ok(())));
    let in_first_commits = answered.iter().take(499).filter(|(_, answer)| answer.is_ok()).count();
    assert_eq!(in_first_commits, 499);
    assert!(begun.elapsed() < DEADLINE);
}
