//! `kill -9` in the middle of appending: what was acknowledged is there, and the log has no hole. The writer is this
//! test binary, started again with one ignored test; it acknowledges on standard output.

mod suite;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use store::{Batch, Checkpoint, Commit, Pace, PartyFilter, Record, RecordQuery, SqliteOptions, Store, StoreThread};
use suite::{T, event, input};

const FILE: &str = "STORE_TEST_FILE";

/// Each batch holds three events, two inputs, a record and a checkpoint, all told from its number.
fn numbered(n: u64) -> Batch {
    Batch {
        tenant: T,
        events: (3 * n + 1..=3 * n + 3).map(event).collect(),
        inputs: (2 * n + 1..=2 * n + 2).map(input).collect(),
        records: vec![Record {
            call: n,
            started_ms: n,
            ended_ms: n,
            parties: vec!["1001".into()],
            bytes: vec![n as u8; 200],
        }],
        checkpoints: vec![Checkpoint { leg: n % 10, bytes: Some(n.to_be_bytes().to_vec()) }],
        ..Batch::default()
    }
}

#[test]
#[ignore = "the writer that the other test kills"]
fn writer() {
    let path = std::env::var_os(FILE).expect("started by the other test");
    let store = Store::sqlite(SqliteOptions::new(path)).expect("open");
    let thread = StoreThread::spawn(store, Pace::default()).expect("thread");
    let handle = thread.handle();
    let mut n = handle.open_log(T).expect("log").last_seq / 3;
    loop {
        let done = Box::new(move |answer: Result<(), _>| {
            answer.expect("commit");
            let mut out = std::io::stdout().lock();
            // The reader goes away when it has seen enough.
            let _ = writeln!(out, "\nack {n}").and_then(|()| out.flush());
        });
        let mut commit = Commit { expected_seq: 3 * n, batch: numbered(n), done };
        while let Err(store::SubmitError::Full(back)) = handle.commit(commit) {
            commit = back;
            std::thread::yield_now();
        }
        n += 1;
    }
}

#[test]
fn a_killed_writer_loses_nothing_it_acknowledged() {
    let dir = suite::TempDir::new();
    let path = dir.path().join("hookswitch.db");
    let mut acknowledged = 0;
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "writer", "--ignored", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the writer starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let acks = lines.map_while(Result::ok).filter_map(|l| l.strip_prefix("ack ").and_then(|n| n.parse().ok()));
        acknowledged = acks.take(50 + 331 * round).last().expect("an acknowledgement");
        child.kill().expect("kill -9");
        child.wait().expect("it is dead");
        check(&path, acknowledged);
    }
    assert!(acknowledged > 1_000);
}

fn check(path: &std::path::Path, acknowledged: u64) {
    let mut store = Store::sqlite(SqliteOptions::new(path)).expect("open after the kill");
    assert_eq!(store.read(|v| v.integrity()).expect("integrity"), Vec::<String>::new());
    let position = store.read(|v| v.position(T)).expect("read").expect("a log");
    assert!(position.last_seq >= 3 * acknowledged + 3, "{position:?} after ack {acknowledged}");
    assert_eq!(position.last_seq % 3, 0, "batches are whole");
    assert_eq!(position.last_input, position.last_seq / 3 * 2);
    let batches = position.last_seq / 3;
    let events = store.read(|v| v.events(T, 0, usize::MAX)).expect("events");
    assert!(events.iter().eq((1..=position.last_seq).map(event).collect::<Vec<_>>().iter()), "gapless and whole");
    let inputs = store.read(|v| v.inputs(T, 0, usize::MAX)).expect("inputs");
    assert_eq!(inputs.len() as u64, position.last_input);
    let query = RecordQuery { party: PartyFilter::OneOf(vec!["1001".into()]), limit: 3, ..Default::default() };
    let newest = store.read(|v| v.records(T, &query)).expect("records").rows;
    assert_eq!(newest[0], numbered(batches - 1).records[0]);
    let checkpoints = store.read(|v| v.checkpoints(T)).expect("checkpoints");
    for (leg, bytes) in checkpoints {
        let last = (0..batches).rev().find(|n| n % 10 == leg).expect("a batch wrote it");
        assert_eq!(bytes, last.to_be_bytes(), "leg {leg}");
    }
    store.append(position.last_seq, numbered(batches)).expect("the log goes on");
}
