//! A backup that is taken while calls go on, and an exchange that is started on it.

mod common;

use common::{Office, wait_for};
use serde_json::{Value, json};
use std::process::Command;

fn records(office: &Office, count: usize) -> Vec<Value> {
    wait_for("the records are written", || {
        let records = office.get("/records?limit=100")["items"].as_array().expect("a list").clone();
        (records.len() == count).then_some(records)
    })
}

fn events(office: &Office, until: u64) -> Vec<Value> {
    let page = office.get("/events?detail=facts&limit=1000&from=0");
    let events = page["items"].as_array().expect("a list").iter();
    let until_then = events.filter(|event| event["seq"].as_u64().is_some_and(|seq| seq <= until));
    let without_epoch = |mut event: Value| {
        event["epoch"].take();
        event
    };
    until_then.cloned().map(without_epoch).collect()
}

/// 1001 talks to 1002; gives the call.
fn talk(office: &Office) -> String {
    let made = office.post("/calls/make_call", json!({ "from": "1001", "to": "1002", "prompt": "ring" }));
    office.hand("1001", "answer", json!({}));
    office.hand("1002", "answer", json!({}));
    made["result"]["call"].as_str().expect("an id").to_owned()
}

#[test]
fn wire_a_restored_backup_is_another_life_of_the_same_office() {
    let office = Office::start();
    office.console("PUT", "/extensions/number:1003/do_not_disturb", Some(json!({ "on": true })));
    talk(&office);
    office.hand("1001", "hang_up", json!({}));
    office.wait_idle();
    let told = records(&office, 1).remove(0);
    let live = talk(&office);
    let taken = Command::new(env!("CARGO_BIN_EXE_hookswitch"))
        .args(["backup", "one.db", "--data", office.data().to_str().expect("utf-8")])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&taken.stdout).into_owned();
    let seq: u64 = said.trim().rsplit(' ').next().and_then(|number| number.parse().ok()).expect("exact at a place");
    // What happens now is not in it.
    office.hand("1002", "hang_up", json!({}));
    office.wait_idle();
    let epoch = office.get("/calls")["epoch"].clone();
    let before = events(&office, seq);

    let place = tempfile::tempdir().expect("a directory");
    std::fs::copy(office.data().join("backups/one.db"), place.path().join("hookswitch.db")).expect("copied");
    drop(office);
    let restored = Office::start_in(place.path());
    assert_eq!(events(&restored, seq), before, "the log up to the backup, event by event");
    let all = records(&restored, 2);
    assert!(all.contains(&told), "the record that was told: {all:?}");
    let ended = all.iter().find(|record| record["id"] == json!(live)).expect("the call that was up");
    let causes = ended["connections"].as_array().expect("a list").iter().map(|part| &part["cause"]);
    assert!(causes.clone().count() == 2 && causes.clone().all(|cause| *cause == json!("engine_lost")), "{ended}");
    assert_eq!(ended["balanced"], json!(true));
    assert_eq!(restored.get("/extensions/number:1003")["do_not_disturb"], json!(true));
    // Whoever was further than the backup must not take the new numbers for the ones it knew.
    assert_ne!(restored.get("/calls")["epoch"], epoch);
    let query = format!("/events?from={}&epoch={}", seq + 1, epoch.as_str().expect("an epoch"));
    let gap = restored.console("GET", &query, None);
    assert_eq!((gap.status, gap.json()["reason"].clone()), (410, json!("epoch")));
    talk(&restored);
}
