//! A test of somebody's application: minutes of telephony in milliseconds, exact to the millisecond.

mod common;

use common::Office;
use serde_json::{Value, json};

fn event(office: &Office, seq: &Value) -> Value {
    let from = seq.as_u64().expect("a number") - 1;
    office.get(&format!("/events?detail=facts&limit=1&from={from}"))["items"][0].clone()
}

fn millis(event: &Value) -> i64 {
    let text = event["timestamp"].as_str().expect("an instant");
    let timestamp: jiff::Timestamp = text.parse().expect("RFC 3339");
    timestamp.as_millisecond()
}

#[test]
fn wire_virtual_time_is_exact_and_costs_nothing() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let script = json!({
        "ring": { "answer": { "after_ms": 3_000 } },
        "talk": { "press": [{ "after_ms": 500, "digits": "12#" }], "hang_up": { "after_ms": 90_000 } },
    });
    let patched = office.console("PATCH", "/test/phones/1002", Some(script));
    assert_eq!(patched.status, 200, "{}", patched.text);
    let made = office.post("/calls/make_call", json!({ "from": "1001", "to": "1002", "prompt": "ring" }));
    office.hand("1001", "answer", json!({}));
    let until = |types: &str, device: &str| {
        let body = json!({ "until": { "types": [types], "devices": [device] }, "limit_ms": 600_000 });
        let moved = office.post("/test/clock/advance", body);
        assert!(!moved["event"].is_null(), "{types} never came: {moved}");
        moved["event"].clone()
    };
    let made_at = millis(&event(&office, &made["through"]));
    let established = until("established", "number:1002");
    assert_eq!(millis(&established) - made_at, 3_000);
    let digits = until("digits_generated", "number:1002");
    assert_eq!(millis(&digits) - made_at, 3_500);
    let metrics = format!("http://{}/metrics", office.address("console"));
    let shown = |line: &str| office.http("GET", &metrics, None, &[]).text.lines().any(|it| it == line);
    assert!(shown("hookswitch_calls_active 1"));
    until("connection_cleared", "number:1002");
    // What a timer ended is gone from the figures, although nothing else happens after it.
    assert!(shown("hookswitch_calls_active 0"));
    let records = office.get("/records?limit=10");
    let record = &records["items"][0];
    assert_eq!(record["talk_ms"], json!(90_000), "{record}");
    assert_eq!(record["balanced"], json!(true));

    // Where nothing happens there is little on the way, however far it is and however slow the machine.
    for _ in 0..3 {
        office.advance(4 * 86_400_000);
    }

    // Nobody answers: the phone rings for as long as the exchange says, and not a millisecond longer.
    office.console("PATCH", "/test/phones/1002", Some(json!({ "ring": { "never": true } })));
    office.hand("1001", "dial", json!({ "to": "1002" }));
    let failed = until("failed", "number:1001");
    let began = office.get("/calls");
    assert_eq!(began["items"], json!([]), "the caller was told");
    let delivered = office.get("/events?detail=facts&types=delivered&limit=1000");
    let last = delivered["items"].as_array().expect("a list").last().expect("one").clone();
    assert_eq!(millis(&failed) - millis(&last), 60_000);
}

/// What a simulated phone does by its configuration it does at every start; what a hand has said ends with the program.
#[test]
fn wire_phones_answer_after_a_restart_as_they_were_configured() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("office.toml");
    let text = "[console]\ntest_control = true\n\
                [[station]]\nnumber = \"201\"\nkind = \"simulated\"\nanswer_after_ms = 3000\n\
                [[station]]\nnumber = \"202\"\nkind = \"simulated\"\nanswer_after_ms = 0\n\
                [[station]]\nnumber = \"203\"\nkind = \"simulated\"\n";
    std::fs::write(&file, text).expect("written");
    let arguments = ["--config", file.to_str().expect("utf-8"), "--ephemeral-ports", "--virtual-clock"];
    let mut office = Office::start_with(&arguments);
    // Whether a phone that is called has answered by now.
    let talks = |office: &Office, number: &str| {
        let device = office.get(&format!("/devices/number:{number}"))["id"].clone();
        let connections = office.get("/connections?limit=100");
        let items = connections["items"].as_array().expect("a list").clone();
        items.iter().any(|it| it["device"] == device && it["state"] == "connected")
    };
    let answers_after_ms = |office: &Office, number: &str, limit_ms: u64| {
        office.hand("203", "dial", json!({ "to": number }));
        let mut passed_ms = 0;
        let answered = loop {
            if talks(office, number) {
                break Some(passed_ms);
            }
            if passed_ms >= limit_ms {
                break None;
            }
            office.post("/test/clock/advance", json!({ "by_ms": 1_000 }));
            passed_ms += 1_000;
        };
        office.hand("203", "hang_up", json!({}));
        office.wait_idle();
        answered
    };
    assert_eq!(answers_after_ms(&office, "201", 9_000), Some(3_000));
    assert_eq!(answers_after_ms(&office, "202", 9_000), Some(0));
    // A hand says otherwise, for as long as the program runs.
    let script = office.console("PATCH", "/test/phones/201", Some(json!({ "ring": "never" })));
    assert_eq!(script.status, 200, "{}", script.text);
    assert_eq!(answers_after_ms(&office, "201", 9_000), None);
    for crash in [true, false] {
        match crash {
            true => office.crash_and_restart_with(&arguments),
            false => {
                office.terminate();
                office.start_again_with(&arguments);
            }
        }
        assert_eq!(answers_after_ms(&office, "201", 9_000), Some(3_000), "after a restart ({crash})");
        assert_eq!(answers_after_ms(&office, "202", 9_000), Some(0), "after a restart ({crash})");
    }
    let device = office.get("/devices/number:201")["id"].as_str().expect("an id").to_owned();
    let extension = office.get("/extensions/number:201")["id"].as_str().expect("an id").to_owned();
    for path in [format!("/extensions/{extension}"), format!("/devices/{device}")] {
        assert_eq!(office.console("DELETE", &path, None).status, 200, "{path}");
    }
    office.crash_and_restart_with(&arguments);
    assert_eq!(answers_after_ms(&office, "202", 9_000), Some(0), "one that was removed hinders no start");
}
