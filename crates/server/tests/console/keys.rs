//! Idempotency keys: one call however often the same command comes, also over a crash.

use crate::common::Office;
use serde_json::{Value, json};
use std::sync::Barrier;

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
    conformance::proves_partly(
        "CON-05",
        "simulated phones: that one INVITE leaves is asserted with SIP phones elsewhere",
    );
}
