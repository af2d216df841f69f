//! Idempotency keys: one call however often the same command comes, also over a crash.

use crate::common::ringing::Ringing;
use crate::common::{Office, wait_for};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Scope;

/// The same command so many times at once.
const TWINS: usize = 50;

fn make(office: &Office, to: &str) -> (u16, Value, bool) {
    let body = json!({ "from": "1001", "to": to, "prompt": "ring" });
    let answer = office.console_with("POST", "/calls/make_call", Some(body), &[("Idempotency-Key", "one-call")]);
    let header = answer.header("idempotency-replayed") == Some("true");
    (answer.status, answer.json(), header)
}

fn rung(office: &Office) -> usize {
    let events = office.get("/events?detail=facts&types=service_initiated&limit=1000");
    events["items"].as_array().expect("items").len()
}

#[test]
fn wire_one_key_is_one_call() {
    let mut office = Office::start();
    let start = Barrier::new(TWINS);
    let answers: Vec<(u16, Value, bool)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TWINS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    make(&office, "1002")
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(answers.iter().all(|(status, body, _)| *status == 200 && body["result"] == answers[0].1["result"]));
    assert!(answers.iter().all(|(_, body, header)| body["replayed"] == json!(*header)));
    assert_eq!(answers.iter().filter(|(_, _, replayed)| *replayed).count(), TWINS - 1);
    assert_eq!(rung(&office), 1, "one phone was rung once");

    let known = office.get("/requests/one-call");
    assert_eq!((&known["state"], &known["status"]), (&json!("done"), &json!(200)));
    assert_eq!(known["answer"]["result"], answers[0].1["result"]);
    assert_eq!(office.console("GET", "/requests/never-sent", None).status, 404);

    let (status, body, _) = make(&office, "1003");
    assert_eq!((status, &body["refusal"], &body["outcome"]), (422, &json!("key_reused"), &json!("unchanged")));

    office.crash_and_restart();
    let (status, body, replayed) = make(&office, "1002");
    assert_eq!((status, replayed), (200, true));
    assert_eq!(body["result"], answers[0].1["result"]);
    assert_eq!(rung(&office), 1, "and never again");

    // What is no command of the core keeps its answers at the edge.
    let backup = || {
        let name = Some(json!({ "name": "twice.db" }));
        office.console_with("POST", "/backups", name, &[("Idempotency-Key", "b1")])
    };
    let (first, again) = (backup(), backup());
    assert_eq!((first.status, again.status), (201, 201), "{} {}", first.text, again.text);
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

/// Rounds of the same command many times at once, each cut off by a crash.
const ROUNDS: usize = 6;

/// The same command many times at once, as far as the connections last: the ids that were told, and how many were first.
fn make_twins(office: &Office, key: &str, told: &AtomicUsize) -> Vec<(Value, bool)> {
    let start = Barrier::new(TWINS);
    let url = format!("http://{}/api/v1/calls/make_call", office.address("console"));
    let bearer = format!("Bearer {}", office.token());
    let body = json!({ "from": "1101", "to": "1002", "prompt": "ring" }).to_string();
    std::thread::scope(|scope| {
        let twins: Vec<_> = (0..TWINS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key)];
                    let answer = office.try_http("POST", &url, Some(&body), &headers).ok()?;
                    told.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(answer.status, 200, "{}", answer.text);
                    let body = answer.json();
                    Some((body["result"].clone(), body["replayed"] == true))
                })
            })
            .collect();
        twins.into_iter().filter_map(|twin| twin.join().expect("no panic")).collect()
    })
}

#[test]
fn wire_one_key_rings_one_phone_once() {
    let mut office = Office::start();
    let phone = Ringing::at(&office, "1101");
    // Registrations are written behind; a planned stop writes them all, so that crashes find them.
    office.restart();
    // It lets go of no call by itself.
    assert_eq!(office.console("PATCH", "/devices/1101", Some(json!({ "lines_max": 100 }))).status, 200);
    let answers = make_twins(&office, "whole", &AtomicUsize::new(0));
    assert_eq!(answers.len(), TWINS);
    assert!(answers.iter().all(|(result, _)| *result == answers[0].0), "{answers:?}");
    assert_eq!(answers.iter().filter(|(_, replayed)| *replayed).count(), TWINS - 1);
    wait_for("the phone rings", || (phone.calls() > 0).then_some(()));
    let other = json!({ "from": "1101", "to": "1003" });
    let other = office.console_with("POST", "/calls/make_call", Some(other), &[("Idempotency-Key", "whole")]);
    assert_eq!((other.status, other.json()["refusal"].clone()), (422, json!("key_reused")));

    // Cut off by a crash when the first, or more, have been told; then repeated.
    let mut rung = 1;
    for round in 0..ROUNDS {
        let key = format!("cut-{round}");
        let told = AtomicUsize::new(0);
        let pid = office.pid().to_string();
        let first = std::thread::scope(|scope| {
            let twins = scope.spawn(|| make_twins(&office, &key, &told));
            wait_for("some were told", || (told.load(Ordering::Relaxed) > 8 * round).then_some(()));
            let killed = std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill runs");
            assert!(killed.success());
            twins.join().expect("no panic")
        });
        office.crash_and_restart();
        let again = make_twins(&office, &key, &AtomicUsize::new(0));
        assert_eq!(again.len(), TWINS);
        assert!(first.iter().chain(&again).all(|(result, _)| *result == again[0].0), "{first:?} {again:?}");
        // What comes to the phone after this comes after all that the repetitions could have sent.
        let last = json!({ "from": "1101", "to": "1003", "first": { "ring_timeout_s": 600 } });
        let last = office.post("/calls/make_call", last)["result"]["call"].as_str().expect("a call").to_owned();
        rung += 2;
        wait_for("the phone rings for the last one", || (phone.calls() >= rung).then_some(()));
        assert_eq!(phone.calls(), rung, "round {round}: one call for the key, one for the last");
        office.post(&format!("/calls/{last}/clear_call"), json!({}));
    }
    conformance::proves_partly("CON-05", "a crash between a command and its commit");
}

/// Makes a call, under a key or without; nobody waits for the answer.
fn order<'scope>(scope: &'scope Scope<'scope, '_>, office: &'scope Office, call: Value, key: Option<&'scope str>) {
    let url = format!("http://{}/api/v1/calls/make_call", office.address("console"));
    let bearer = format!("Bearer {}", office.token());
    scope.spawn(move || {
        let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", key.unwrap_or_default())];
        let body = call.to_string();
        // It may end with the exchange.
        let _ = office.try_http("POST", &url, Some(&body), &headers[..1 + usize::from(key.is_some())]);
    });
}

fn metrics(office: &Office) -> String {
    office.http("GET", &format!("http://{}/metrics", office.address("console")), None, &[]).text
}

/// Keeps the exchange from writing until it is dropped.
fn full_disk(office: &Office) -> rusqlite::Connection {
    let disk = rusqlite::Connection::open(office.data().join("hookswitch.db")).expect("the exchange's data");
    wait_for("the disk is ours", || disk.execute_batch("BEGIN IMMEDIATE").ok());
    disk
}

#[test]
fn wire_a_keyed_command_rings_nobody_before_it_is_on_disk() {
    let mut office = Office::start();
    let phone = Ringing::at(&office, "1101");
    office.restart();
    assert_eq!(office.console("PATCH", "/devices/1101", Some(json!({ "lines_max": 100 }))).status, 200);

    // A phone that is rung for its own call shows its own number.
    let keyed = json!({ "from": "1101", "to": "1002", "prompt": "ring" });
    let other = json!({ "from": "1101", "to": "1003", "prompt": "ring", "first": { "caller_id": "0099" } });

    // The disk takes nothing: the command waits. One that may not be repeated rings at once.
    let disk = full_disk(&office);
    let pid = office.pid().to_string();
    std::thread::scope(|scope| {
        order(scope, &office, keyed.clone(), Some("cut"));
        // The operator's figures are the core's own and wait for nothing.
        wait_for("the command is taken", || metrics(&office).contains("hookswitch_calls_active 1").then_some(()));
        order(scope, &office, other.clone(), None);
        // Both would leave through one socket, in their order.
        wait_for("the phone rings", || (phone.calls_from("0099") == 1).then_some(()));
        assert_eq!(phone.calls_from("1101"), 0, "nobody has been rung for it");
        let killed = std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill runs");
        assert!(killed.success());
    });
    drop(disk);
    office.crash_and_restart();
    for replayed in [false, true] {
        let headers = [("Idempotency-Key", "cut")];
        let answer = office.console_with("POST", "/calls/make_call", Some(keyed.clone()), &headers);
        assert_eq!((answer.status, &answer.json()["replayed"]), (200, &json!(replayed)), "{}", answer.text);
    }
    std::thread::scope(|scope| order(scope, &office, other.clone(), None));
    wait_for("the phone rings again", || (phone.calls_from("0099") == 2).then_some(()));
    assert_eq!(phone.calls_from("1101"), 1, "once for the key in both lives");
    conformance::proves("CON-05");
}
