//! `kill -9` under load from every door, twice: what a client was told of is still there, unchanged, at the door that told it.

use crate::common::{Office, wait_for};
use crate::doors::{DOORS, Row};
use crate::phones::let_phones_play;
use crate::telservices;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Ready again within this.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// Calls before each crash, and at least so many of each door.
const CALLS: usize = 300;
const CALLS_OF_EACH: usize = 10;
/// How many times it is killed.
const CRASHES: usize = 2;
/// Whose records are read.
const READ: [&str; 4] = ["1001", "1002", "1003", "1004"];

/// Records as they were told: the door, whose they are, all of it.
type Books = BTreeSet<(&'static str, &'static str, String)>;

/// The records of a number at a door.
fn told(
    office: &Office,
    door: &'static str,
    number: &'static str,
    records: fn(&Office, &str) -> Vec<Row>,
) -> impl Iterator<Item = (&'static str, &'static str, String)> {
    records(office, number).into_iter().map(move |row| (door, number, row.whole))
}

/// What it gives; none where the office was killed meanwhile.
fn unless_killed<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

/// Makes calls and reads records through every door, and kills it in the middle of that.
fn load_and_kill(office: &mut Office, books: &mut Books) {
    let made: Vec<AtomicUsize> = DOORS.iter().map(|_| AtomicUsize::new(0)).collect();
    let over = AtomicBool::new(false);
    let kept = Mutex::new(Books::new());
    let pid = office.pid();
    {
        let (office, over, kept) = (&*office, &over, &kept);
        std::thread::scope(|scope| {
            for (door, made) in DOORS.iter().zip(&made) {
                scope.spawn(move || {
                    let mut n = 0;
                    while !over.load(Ordering::Relaxed) {
                        n += 1;
                        // A phone that is busy is refused. ClickCall's account is that of 1001.
                        let from = if door.name == "clickcall" { 1001 } else { 1002 + n % 7 };
                        let asked = || (door.asks)(office, &from.to_string(), &(1003 + n % 18).to_string());
                        if unless_killed(asked) == Some(Ok(())) {
                            made.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            for (name, records) in DOORS.iter().filter_map(|door| Some((door.name, door.records?))) {
                scope.spawn(move || {
                    for number in READ.into_iter().cycle().take_while(|_| !over.load(Ordering::Relaxed)) {
                        let page = unless_killed(|| told(office, name, number, records).collect::<Vec<_>>());
                        kept.lock().expect("no panic").extend(page.unwrap_or_default());
                        std::thread::park_timeout(Duration::from_millis(20));
                    }
                });
            }
            let enough = || {
                let made = made.iter().map(|made| made.load(Ordering::Relaxed));
                made.clone().sum::<usize>() >= CALLS && made.clone().min() >= Some(CALLS_OF_EACH)
            };
            let limit = Instant::now() + Duration::from_secs(60);
            while !enough() && Instant::now() < limit {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
            assert!(killed.expect("kill runs").success());
            over.store(true, Ordering::Relaxed);
            assert!(enough(), "{made:?} calls were made");
        });
    }
    books.extend(kept.into_inner().expect("no panic"));
}

#[test]
fn under_load_two_crashes_lose_no_record_that_was_told() {
    // What a killed office does not answer is expected here and need not be printed.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut office = Office::start();
    let mut books = Books::new();
    for crash in 1..=CRASHES {
        let_phones_play(&office, 1_001..=1_020, 20);
        telservices::attend(&office, &READ);
        load_and_kill(&mut office, &mut books);
        let began = Instant::now();
        office.crash_and_restart();
        let took = began.elapsed();
        assert!(took < READY_WITHIN, "crash {crash}: ready after {took:?}");
        for (name, records) in DOORS.iter().filter_map(|door| Some((door.name, door.records?))) {
            let mut counted = 0;
            for number in READ {
                let now: Books = told(&office, name, number, records).collect();
                let before = || books.iter().filter(|(door, of, _)| *door == name && *of == number);
                counted += before().count();
                let lost: Vec<_> = before().filter(|row| !now.contains(*row)).collect();
                assert!(lost.is_empty(), "crash {crash}: {} were told and are not there: {:?}", lost.len(), lost[0]);
            }
            assert!(counted > 0, "crash {crash}: {name} told no record");
        }
        // Calls of the former life are over, and each has its record; every door works again.
        assert!(office.calls().is_empty());
        for door in DOORS {
            door.make(&office, "1001", "1002");
            wait_for("1001 is in a call", || (crate::phones::connections(&office, "1001") == 1).then_some(()));
            door.end_call(&office, "1001");
            office.wait_idle();
        }
    }
    std::panic::set_hook(hook);
}
