//! What a crash leaves: the log without a gap or a double, records, registrations, and nobody in a call for ever.

mod common;

use common::ports::own_port;
use common::sipp::{Does, Meets, SipPhone};
use common::{Office, wait_for};
use conformance::proves_partly;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A configuration with ports that stay over restarts.
fn configure(dir: &Path) -> String {
    let mut text = format!(
        "[listen]\nsip_udp = [\"127.0.0.1:{}\"]\nsip_tcp = []\nconsole = \"127.0.0.1:{}\"\nfusion = \"127.0.0.1:{}\"\n\
         fusion_events = \"none\"\nipxapi = \"none\"\nclickcall = \"none\"\n\
         telservices_tcp = \"none\"\ntelservices_http = \"none\"\nvoicenter = \"none\"\n\n[console]\ntest_control = true\ncommands_per_min = 100000\nreads_per_min = 100000\n",
        own_port(),
        own_port(),
        own_port()
    );
    for number in 1001..=1004 {
        text.push_str(&format!("\n[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\nremote_answer = true\n"));
    }
    for number in 1101..=1102 {
        text.push_str(&format!("\n[[station]]\nnumber = \"{number}\"\nkind = \"sip\"\npassword = \"pw-{number}\"\n"));
    }
    let path = dir.join("office.toml");
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("utf-8").to_owned()
}

fn phones(office: &Office) -> (SipPhone, SipPhone) {
    let server = office.address("sip_udp").to_string();
    (SipPhone::at(&server, "1101", "pw-1101"), SipPhone::at(&server, "1102", "pw-1102"))
}

/// How many registrations the database has, as another program reads it.
fn registrations_on_disk(office: &Office) -> usize {
    let count = "import sqlite3, sys\n\
        print(sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute('SELECT count(*) FROM registration').fetchone()[0])";
    let said = Command::new("python3").args(["-c", count]).arg(office.data().join("hookswitch.db")).output();
    let said = said.expect("python3 is there");
    String::from_utf8_lossy(&said.stdout).trim().parse().unwrap_or_else(|_| panic!("{said:?}"))
}

/// All events from the beginning, their numbers checked.
fn whole_log(office: &Office) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let from = events.last().map_or(0, |event| event["seq"].as_u64().expect("a number"));
        let page = office.get(&format!("/events?detail=facts&limit=1000&from={from}"));
        let items = page["items"].as_array().expect("a list");
        if items.is_empty() {
            break;
        }
        events.extend(items.iter().cloned());
    }
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"].as_u64(), Some(index as u64 + 1), "the log has no gap and no double");
    }
    events
}

#[test]
fn wire_a_crash_ends_calls_and_loses_nothing_that_was_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = configure(dir.path());
    let mut office = Office::start_with(&["--config", &config]);
    let (one, other) = phones(&office);
    one.register(200);
    other.register(200);

    // One call is over and its record has been told; two are up, one of them ringing.
    office.post("/calls/make_call", json!({ "from": "1003", "to": "1004", "prompt": "off_hook" }));
    office.hand("1004", "answer", json!({}));
    office.hand("1003", "hang_up", json!({}));
    let told = wait_for("the record is there", || {
        office.get("/records?limit=10")["items"].as_array().expect("a list").first().cloned()
    });
    let callee = other.answer(Does::Answers(0));
    let caller = one.call("1102", &Meets::IsHungUp);
    wait_for("the SIP phones talk", || {
        let all = office.get("/connections")["items"].as_array().expect("a list").clone();
        (all.len() == 2 && all.iter().all(|it| !it["answered_at"].is_null())).then_some(())
    });
    let answer = office.post("/calls/make_call", json!({ "from": "1001", "to": "1002", "prompt": "ring" }));
    let seq_told = answer["through"].as_u64().expect("a number");
    let epoch = office.get("/snapshot")["epoch"].clone();
    let live = office.calls().len();
    assert_eq!(live, 2);

    // Registrations are written behind, within a second on a machine that has nothing else to do.
    wait_for("the registrations are written", || (registrations_on_disk(&office) == 2).then_some(()));
    office.crash_and_restart_with(&["--config", &config]);
    // Both phones are told that the call is over.
    caller.finish();
    callee.finish();
    assert_eq!(office.get("/snapshot")["epoch"], epoch, "the log goes on in the same life");
    assert!(office.calls().is_empty(), "calls of the former life are over");
    let log = whole_log(&office);
    assert!(log.len() as u64 > seq_told);
    let records = office.get("/records?limit=100")["items"].as_array().expect("a list").clone();
    assert_eq!(records.len(), 3, "one record each");
    assert_eq!(*records.last().expect("the oldest"), told, "what was told is there unchanged");
    for record in &records[..2] {
        let causes: Vec<&str> = record["connections"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|part| part["cause"].as_str())
            .collect();
        assert!(causes.iter().all(|cause| *cause == "engine_lost"), "{record}");
        let id = record["id"].as_str().expect("an id");
        assert_eq!(office.get(&format!("/records/{id}/explain"))["balanced"], json!(true));
    }
    // Registrations survived: a call goes through at once.
    let callee = other.answer(Does::Answers(0));
    one.call("1102", &Meets::HangsUp(50)).finish();
    callee.finish();
    office.wait_idle();
    whole_log(&office);
    proves_partly("SIP-12", "OPTIONS pings and DNS SRV failover come with trunks");
}

#[test]
fn wire_a_stop_ends_calls_within_three_seconds_and_is_no_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = configure(dir.path());
    let mut office = Office::start_with(&["--config", &config]);
    let (one, other) = phones(&office);
    one.register(200);
    other.register(200);
    let callee = other.answer(Does::Answers(0));
    let caller = one.call("1102", &Meets::IsHungUp);
    wait_for("the SIP phones talk", || {
        let all = office.get("/connections")["items"].as_array().expect("a list").clone();
        (all.len() == 2 && all.iter().all(|it| !it["answered_at"].is_null())).then_some(())
    });
    let took = office.terminate();
    assert!(took < Duration::from_secs(3), "{took:?}");
    caller.finish();
    callee.finish();
    office.start_again_with(&["--config", &config]);
    let records = office.get("/records?limit=10")["items"].as_array().expect("a list").clone();
    assert_eq!(records.len(), 1);
    assert!(records[0].to_string().contains("shutdown"), "{}", records[0]);
    whole_log(&office);
}

#[test]
fn wire_a_key_is_safe_over_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = configure(dir.path());
    let mut office = Office::start_with(&["--config", &config]);
    let body = json!({ "from": "1001", "to": "1002", "prompt": "ring" });
    let key = [("Idempotency-Key", "crash-1")];
    let first = office.console_with("POST", "/calls/make_call", Some(body.clone()), &key);
    assert_eq!(first.status, 200, "{}", first.text);
    office.crash_and_restart_with(&["--config", &config]);
    let again = office.console_with("POST", "/calls/make_call", Some(body), &key);
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.json()["replayed"], json!(true));
    assert_eq!(again.json()["result"], first.json()["result"]);
    assert!(office.calls().is_empty(), "the phone is not rung again");
}
