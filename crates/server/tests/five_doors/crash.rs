//! `kill -9` under load from every door, twice: what a client was told of is still there, unchanged.

use crate::common::{Office, wait_for};
use crate::doors::DOORS;
use crate::phones::{let_phones_play, records};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Ready again within this.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// Calls before each crash.
const CALLS: usize = 300;
/// How many times it is killed.
const CRASHES: usize = 2;

/// Records by the call's id, as a client was told them.
type Books = BTreeMap<String, Value>;

fn id(record: &Value) -> String {
    record["id"].as_str().expect("an id").to_owned()
}

/// The newest records, as far as the office answers: it may be killed meanwhile.
fn newest(office: &Office) -> Option<Vec<Value>> {
    let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| office.get("/records?limit=200"))).ok()?;
    answer["items"].as_array().cloned()
}

/// Makes calls through every door in turn, reads records meanwhile, and kills it in the middle of that.
fn load_and_kill(office: &mut Office, books: &mut Books) {
    let made = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let told = Mutex::new(Books::new());
    let pid = office.pid();
    {
        let office = &*office;
        std::thread::scope(|scope| {
            for door in DOORS {
                let (made, over) = (&made, &over);
                scope.spawn(move || {
                    let mut n = 0;
                    while !over.load(Ordering::Relaxed) {
                        n += 1;
                        let to = (1003 + n % 18).to_string();
                        // A desk phone that is busy is refused; one that was killed does not answer.
                        let from =
                            if door.name == "clickcall" { "1001".to_owned() } else { (1002 + n % 7).to_string() };
                        let call = || door.make(office, &from, &to);
                        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_ok() {
                            made.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            let (over, told) = (&over, &told);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let page = newest(office).unwrap_or_default();
                    told.lock().expect("no panic").extend(page.into_iter().map(|record| (id(&record), record)));
                }
            });
            let enough = Instant::now() + Duration::from_secs(60);
            while made.load(Ordering::Relaxed) < CALLS && Instant::now() < enough {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
            assert!(killed.expect("kill runs").success());
            over.store(true, Ordering::Relaxed);
        });
    }
    assert!(made.load(Ordering::Relaxed) >= CALLS, "{} calls were made", made.load(Ordering::Relaxed));
    books.extend(told.into_inner().expect("no panic"));
}

#[test]
fn under_load_two_crashes_lose_no_record_that_was_told() {
    // What a killed office does not answer is expected here and need not be printed.
    std::panic::set_hook(Box::new(|_| {}));
    let mut office = Office::start();
    let mut books = Books::new();
    for crash in 1..=CRASHES {
        let_phones_play(&office, 1_001..=1_020, 20);
        load_and_kill(&mut office, &mut books);
        let began = Instant::now();
        office.crash_and_restart();
        let took = began.elapsed();
        assert!(took < READY_WITHIN, "crash {crash}: ready after {took:?}");
        let now: Books = records(&office).into_iter().map(|record| (id(&record), record)).collect();
        assert!(books.len() > CALLS / 4, "crash {crash}: only {} records were told", books.len());
        for (call, told) in &books {
            assert_eq!(now.get(call), Some(told), "crash {crash}: what was told of {call}");
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
    let _ = std::panic::take_hook();
}
