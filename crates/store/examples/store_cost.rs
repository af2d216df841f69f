//! What a call costs to store. Not a test: it prints figures for ADR 2.
//!
//! `cargo run --release -p store --example store_cost -- [calls] [directory]`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring program")]

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use store::{
    Batch, Checkpoint, Commit, Durability, Event, Input, Pace, Record, SqliteOptions, StageRow, Store, StoreThread,
};

fn main() {
    let mut args = std::env::args().skip(1);
    let calls: u64 = args.next().map_or(20_000, |n| n.parse().unwrap());
    let dir: PathBuf = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    for steps in [1, 8] {
        for group in [1, 4, 16, 64] {
            report(
                &format!("blocks, {steps} batches a call, {group} batches a commit"),
                calls,
                |path| in_blocks(path, calls, steps, group, Durability::Process),
                &dir,
            );
        }
    }
    for group in [1, 16] {
        let what = format!("log and journal alone, blocks, {group} batches a commit");
        report(&what, calls, |path| log_in_blocks(path, calls, group), &dir);
        let what = format!("log and journal alone, a row each, {group} batches a commit");
        report(&what, calls, |path| log_in_rows(path, calls, group), &dir);
    }
    let few = calls / 20;
    report("blocks, fsync, 1 batch a commit", few, |path| in_blocks(path, few, 1, 1, Durability::Power), &dir);
    for rate in [100, 1_000] {
        through_thread(&dir, rate);
    }
}

/// The batches of one call: 10 inputs, 12 events, 1 record, 2 stages, 4 checkpoints, spread over `steps`.
fn batches(call: u64, steps: u64, seq: &mut u64, no: &mut u64) -> Vec<(u64, Batch)> {
    let at_ms = 1_700_000_000_000 + call * 10;
    let mut batches: Vec<(u64, Batch)> = (0..steps)
        .map(|step| {
            let expected = *seq;
            let mut batch = Batch { tenant: 1, ..Batch::default() };
            for _ in 0..(12 / steps).max(1) {
                *seq += 1;
                batch.events.push(Event { seq: *seq, at_ms: at_ms + step, bytes: vec![step as u8; 90] });
            }
            for _ in 0..(10 / steps).max(1) {
                *no += 1;
                batch.inputs.push(Input { no: *no, at_ms: at_ms + step, bytes: vec![step as u8; 120] });
            }
            (expected, batch)
        })
        .collect();
    let checkpoint = |leg, bytes: Option<u8>| Checkpoint { leg, bytes: bytes.map(|b| vec![b; 1_800]) };
    batches[0].1.checkpoints.extend([checkpoint(call * 2, Some(1)), checkpoint(call * 2 + 1, Some(2))]);
    let last = &mut batches.last_mut().unwrap().1;
    last.checkpoints.extend([checkpoint(call * 2, None), checkpoint(call * 2 + 1, None)]);
    last.records.push(Record {
        call,
        started_ms: at_ms,
        ended_ms: at_ms + 8,
        parties: vec![format!("1{:03}", call % 1_000), format!("+4930{:06}", call * 7_919 % 1_000_000)],
        bytes: vec![3; 400],
    });
    for stage in [call * 2, call * 2 + 1] {
        let bytes = vec![4; 150];
        last.stages.push(StageRow { stage, root: call * 2, call, opened_ms: at_ms, closed_ms: at_ms + 8, bytes });
    }
    batches
}

fn in_blocks(path: &Path, calls: u64, steps: u64, group: usize, durability: Durability) -> Duration {
    let options = SqliteOptions { durability, ..SqliteOptions::new(path) };
    let mut store = Store::sqlite(options).unwrap();
    let (mut seq, mut no) = (0, 0);
    let work: Vec<_> = (1..=calls).flat_map(|call| batches(call, steps, &mut seq, &mut no)).collect();
    let groups: Vec<_> = work.chunks(group).map(<[_]>::to_vec).collect();
    let begun = Instant::now();
    for one in groups {
        assert!(store.append_group(one).iter().all(Result::is_ok));
    }
    begun.elapsed()
}

/// The row format we have, without the rest of the batch.
fn log_in_blocks(path: &Path, calls: u64, group: usize) -> Duration {
    let mut store = Store::sqlite(SqliteOptions::new(path)).unwrap();
    let (mut seq, mut no) = (0, 0);
    let bare = |(expected, batch): (u64, Batch)| {
        let Batch { tenant, inputs, events, .. } = batch;
        (expected, Batch { tenant, inputs, events, ..Batch::default() })
    };
    let work: Vec<_> = (1..=calls).flat_map(|call| batches(call, 1, &mut seq, &mut no)).map(bare).collect();
    let groups: Vec<_> = work.chunks(group).map(<[_]>::to_vec).collect();
    let begun = Instant::now();
    for one in groups {
        assert!(store.append_group(one).iter().all(Result::is_ok));
    }
    begun.elapsed()
}

/// The other row format: the same table, but one row per event and per input.
fn log_in_rows(path: &Path, calls: u64, group: usize) -> Duration {
    drop(Store::sqlite(SqliteOptions::new(path)).unwrap());
    let mut conn = rusqlite::Connection::open(path).unwrap();
    conn.pragma_update(None, "synchronous", "NORMAL").unwrap();
    conn.set_prepared_statement_cache_capacity(64);
    let (mut seq, mut no) = (0, 0);
    let work: Vec<_> = (1..=calls).flat_map(|call| batches(call, 1, &mut seq, &mut no)).collect();
    let begun = Instant::now();
    for group in work.chunks(group) {
        let tx = conn.transaction().unwrap();
        for (_, batch) in group {
            for (table, rows) in [
                ("event_block", batch.events.iter().map(|e| (e.seq, e.at_ms, &e.bytes)).collect::<Vec<_>>()),
                ("input_block", batch.inputs.iter().map(|i| (i.no, i.at_ms, &i.bytes)).collect()),
            ] {
                let sql = format!("INSERT INTO {table} (id, last, at_ms, bytes) VALUES (?1, ?1, ?2, ?3)");
                let mut insert = tx.prepare_cached(&sql).unwrap();
                for (number, at_ms, bytes) in rows {
                    insert.execute(rusqlite::params![number as i64, at_ms as i64, bytes]).unwrap();
                }
            }
        }
        tx.commit().unwrap();
    }
    begun.elapsed()
}

fn report(what: &str, calls: u64, run: impl Fn(&Path) -> Duration, dir: &Path) {
    let place = dir.join(format!("store-cost-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let cpu_before = cpu_ms();
    let took = run(&place.join("cost.db"));
    let cpu = (cpu_ms() - cpu_before) as f64 * 1e3 / calls as f64;
    let size: u64 = std::fs::read_dir(&place).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    std::fs::remove_dir_all(&place).unwrap();
    let each = took.as_secs_f64() * 1e6 / calls as f64;
    println!(
        "{what:55} {each:7.1} us a call ({cpu:.0} us of a processor with making the rows), {:6} bytes a call with the WAL",
        size / calls
    );
}

/// Eight batches a call at a steady rate through the thread: how long a batch waits for its callback, and the
/// processor time of the whole process.
fn through_thread(dir: &Path, calls_per_s: u64) {
    let place = dir.join(format!("store-cost-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let store = Store::sqlite(SqliteOptions::new(place.join("cost.db"))).unwrap();
    let thread = StoreThread::spawn(store, Pace::default()).unwrap();
    let handle = thread.handle();
    let (waits, waited) = channel();
    let (mut seq, mut no) = (0, 0);
    let seconds = 10;
    let cpu_before = cpu_ms();
    let begun = Instant::now();
    for call in 1..=calls_per_s * seconds {
        for (step, (expected_seq, batch)) in batches(call, 8, &mut seq, &mut no).into_iter().enumerate() {
            let due = Duration::from_micros((call * 8 + step as u64) * 125_000 / calls_per_s);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            let (waits, handed) = (waits.clone(), Instant::now());
            let done = Box::new(move |answer: Result<(), _>| {
                answer.unwrap();
                waits.send(handed.elapsed()).unwrap();
            });
            handle.commit(Commit { expected_seq, batch, done }).unwrap();
        }
    }
    thread.stop().unwrap();
    let (took, cpu) = (begun.elapsed(), cpu_ms() - cpu_before);
    drop(waits);
    let mut waits: Vec<_> = waited.iter().collect();
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    std::fs::remove_dir_all(&place).unwrap();
    println!(
        "thread, {calls_per_s} calls/s: wait p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; {:.1} % of a processor, sender included",
        at(0.5),
        at(0.99),
        at(1.0),
        cpu as f64 / took.as_millis() as f64 * 100.0
    );
}

/// Processor time of this process so far, from `/proc` (in ticks of 10 ms).
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name: state is field 0, user and system time are 11 and 12 (proc(5)).
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
}
