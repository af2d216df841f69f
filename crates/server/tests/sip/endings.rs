//! How calls end and whom they reach: SIP-01, 02, 04 and 22 over the wire.

use crate::common::script::play;
use crate::common::{Office, wait_for};
use conformance::{proves, proves_partly};
use serde_json::json;

/// Every call has left a balanced record.
fn assert_records(office: &Office, count: usize) {
    office.wait_idle();
    let records = wait_for("the records are written", || {
        let records = office.get("/records?limit=100")["items"].as_array().expect("a list").clone();
        (records.len() >= count).then_some(records)
    });
    assert_eq!(records.len(), count, "{records:?}");
    assert!(records.iter().all(|record| record["balanced"] == json!(true)), "{records:?}");
}

#[test]
fn wire_cancel_waits_and_an_answer_that_crosses_it_is_hung_up() {
    let office = Office::start();
    play(&office, "endings", "cancel");
    assert_records(&office, 3);
    proves("SIP-01");
}

#[test]
fn wire_every_response_has_its_tag() {
    let office = Office::start();
    let seen = play(&office, "endings", "tags");
    assert_eq!(seen, json!([200, 401, 481, 501, 405, 420, 400, 481, 404, 480, 486, 603]));
    office.wait_idle();
    proves("SIP-02");
}

#[test]
fn wire_forks_have_dialogs_of_their_own() {
    let office = Office::start();
    play(&office, "endings", "forks");
    assert_records(&office, 1);
    proves("SIP-04");
}

#[test]
fn wire_expires_and_busy_phones() {
    let office = Office::start();
    play(&office, "endings", "busy");
    assert_records(&office, 3);
    proves_partly("SIP-22", "the tone that an off-hook phone hears comes with sound");
}
