//! Watchers that never read: they cost nobody anything, and are told so when they come back.

use crate::common::{Office, wait_within};
use crate::watcher::{Came, Socket, let_phones_play};
use serde_json::json;
use std::time::Duration;

/// Sockets that never read.
const DEAF: usize = 1_000;
/// Calls meanwhile, of eleven events each: more than the hot ring holds and the sockets' buffers take.
const CALLS: usize = 10_000;
/// Threads that make them.
const CALLERS: usize = 4;
/// What the process may grow by, in KiB: the ring, and for each socket what its buffers and one batch of frames take.
const GROWTH_KIB_MAX: u64 = 64 * 1_024 + DEAF as u64 * 256;

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
fn under_load_deaf_watchers_slow_nobody() {
    let office = Office::start();
    let_phones_play(&office);
    let mut deaf: Vec<Socket> = (0..DEAF)
        .map(|_| {
            let mut socket = Socket::open(&office);
            socket.say(&json!({ "op": "subscribe", "id": "s1" }));
            socket
        })
        .collect();
    let before = resident_kib(office.pid());
    let served: usize = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let office = &office;
                scope.spawn(move || {
                    let pair = |n: usize| (1001 + (5 * caller + n % 5), 1001 + (5 * caller + 5 + n % 5) % 20);
                    let mut made = 0;
                    for n in 0..CALLS / CALLERS {
                        let (from, to) = pair(n);
                        let body = json!({ "from": from.to_string(), "to": to.to_string(), "prompt": "ring" });
                        // A phone whose lines are taken is tried again.
                        wait_within(Duration::from_secs(20), "a line", || {
                            let answer = office.console("POST", "/calls/make_call", Some(body.clone()));
                            (answer.status == 200).then_some(())
                        });
                        made += 1;
                    }
                    made
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("no panic")).sum()
    });
    assert_eq!(served, CALLS, "every call was served");
    wait_within(Duration::from_secs(30), "no call is up", || office.calls().is_empty().then_some(()));
    let after = resident_kib(office.pid());
    assert!(after < before + GROWTH_KIB_MAX, "resident {before} KiB, then {after} KiB");

    let mut slow = 0;
    for socket in &mut deaf {
        // Everything that was on its way comes first.
        match socket.skip_to("\"op\":\"gap\"") {
            Came::Frame(frame) => assert_eq!(frame["reason"], "slow"),
            Came::Closed(why) => assert!(why.is_none_or(|why| u16::from(why.code) == 4408)),
        }
        slow += 1;
    }
    assert_eq!(slow, DEAF);
    conformance::proves("CON-04");
}
