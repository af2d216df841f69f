//! Hands at the simulated phones.

use crate::common::{Office, wait_for};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// Lifts the receiver as soon as it rings.
pub fn answer(office: &Office, phone: &str) {
    wait_for(&format!("{phone} rings and is answered"), || {
        let answered = office.console("POST", &format!("/test/phones/{phone}/answer"), Some(json!({})));
        (answered.status < 300).then_some(())
    });
}

/// Refuses the call as soon as it rings.
pub fn reject(office: &Office, phone: &str) {
    wait_for(&format!("{phone} rings and is refused"), || {
        let answered = office.console("POST", &format!("/test/phones/{phone}/reject"), Some(json!({})));
        (answered.status < 300).then_some(())
    });
}

pub fn hang_up(office: &Office, phone: &str) {
    office.hand(phone, "hang_up", json!({}));
}

pub fn dial(office: &Office, phone: &str, to: &str) {
    office.hand(phone, "dial", json!({ "to": to }));
}

/// So much time passes, where it stands still otherwise.
pub fn passes(office: &Office, ms: u64) {
    office.post("/test/clock/advance", json!({ "by_ms": ms }));
}

/// Sets phones so that calls to and from them begin, talk and end by themselves.
pub fn let_phones_play(office: &Office, phones: RangeInclusive<u32>, talk_ms: u64) {
    for number in phones {
        let script = json!({
            "ring": { "answer": { "after_ms": 1 } }, "talk": { "hang_up": { "after_ms": talk_ms } },
        });
        let answer = office.console("PATCH", &format!("/test/phones/{number}"), Some(script));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// The number of live connections of a device, by its number.
pub fn connections(office: &Office, number: &str) -> usize {
    office.get(&format!("/devices/number:{number}"))["connections"].as_array().map_or(0, Vec::len)
}

/// The states of all live connections, oldest first.
pub fn states(office: &Office) -> Vec<String> {
    let all = office.get("/connections?limit=1000")["items"].as_array().expect("a list").clone();
    all.iter().map(|it| it["state"].as_str().expect("text").to_owned()).collect()
}

/// Waits until they are these.
pub fn wait_states(office: &Office, wanted: &[&str]) {
    wait_for(&format!("connections {wanted:?}"), || (states(office) == wanted).then_some(()));
}

/// The id of a device's first connection, by its number.
pub fn connection(office: &Office, number: &str) -> String {
    let device = office.get(&format!("/devices/number:{number}"));
    device["connections"][0].as_str().unwrap_or_else(|| panic!("{number} is in no call")).to_owned()
}

/// What was signalled of a device's call so far, oldest first.
pub fn story(office: &Office, number: &str) -> Vec<String> {
    let connection = office.get(&format!("/connections/{}", connection(office, number)));
    let story = office.get(&format!("/calls/{}/story", connection["call"].as_str().expect("an id")));
    let sip = story["items"].as_array().expect("a list").iter().filter(|item| item["kind"] == "sip");
    sip.filter_map(|item| Some(item["text"].as_str()?.to_owned())).collect()
}

/// All records, newest first, as the console has them.
pub fn records(office: &Office) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut next = Value::Null;
    loop {
        let cursor = next.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = office.get(&format!("/records?limit=1000{cursor}"));
        all.extend(page["items"].as_array().expect("a list").iter().cloned());
        next = page["next"].clone();
        if next.is_null() {
            return all;
        }
    }
}
