//! How calls end and whom they reach: SIP-01, 02, 04 and 22 over the wire.

use crate::common::ipxapi::Login;
use crate::common::script::{play, play_with};
use crate::common::{Office, wait_for};
use conformance::{proves, proves_partly};
use serde_json::{Value, json};

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
    assert_eq!(seen, json!([200, 401, 481, 501, 405, 420, 400, 481, 404, 480, 486, 603, 513]));
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

/// A frame: its terminal, its type, its cause.
type Shown = (&'static str, &'static str, u64);

/// What a caller's terminal and the called one show of a refusal (IPX-EVT-10, S-2, S-8), and what the caller's phone hears.
#[test]
fn wire_each_refusal_of_a_phone_is_a_failure_of_its_class() {
    let office = Office::start();
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let mut socket = login.socket(&["1101", "1102"]);
    let seen = [("1102", "ringing", 22), ("1101", "alerting", 22)];
    let fails = |rings: bool, cause: u64| {
        let after = [("1101", "fail", cause), ("1101", "released", 48)];
        if rings { [&seen[..], &[("1102", "released", cause)], &after].concat() } else { after.to_vec() }
    };
    let rejected = [("1102", "released", 103), ("1101", "releasedasc", 103), ("1101", "released", 48)];
    let rejected = [&seen[..], &rejected].concat();
    let answered = [
        ("1102", "connected", 22),
        ("1101", "connected", 22),
        ("1102", "released", 48),
        ("1101", "releasedasc", 48),
        ("1101", "released", 48),
    ];
    let cases: Vec<(u16, bool, u16, Vec<Shown>)> = vec![
        (486, false, 486, fails(false, 3)),
        (486, true, 486, rejected.clone()),
        (603, true, 603, rejected.clone()),
        (600, true, 486, rejected),
        (699, false, 486, fails(false, 3)),
        (480, true, 480, fails(true, 10)),
        (302, false, 480, fails(false, 13)),
        (404, false, 480, fails(false, 13)),
        (420, false, 500, fails(false, 13)),
        (488, false, 488, fails(false, 13)),
        (491, false, 500, fails(false, 13)),
        (500, false, 500, fails(false, 13)),
        (503, true, 480, fails(true, 13)),
        (200, false, 200, [&seen[..], &answered].concat()),
    ];
    let told: Vec<(u16, bool)> = cases.iter().map(|(code, rings, ..)| (*code, *rings)).collect();
    let heard = play_with(&office, "endings", "refusals", json!({ "refusals": told }));
    assert_eq!(heard, json!(cases.iter().map(|(_, _, heard, _)| heard).collect::<Vec<_>>()));
    for (code, rings, _, frames) in &cases {
        let dialled = [("1101", "dialing", 0), ("1101", "proceeding", 0)];
        for expected in dialled.iter().chain(frames) {
            let of_call = |frame: &Value| frame["callRefID"].is_u64();
            let frame = std::iter::repeat_with(|| socket.frame().expect("a frame")).find(of_call).expect("endless");
            let text = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
            let shown = (text("deviceNumber"), text("type"), frame["causeCode"].as_u64().unwrap_or(0));
            let (device, kind, cause) = *expected;
            assert_eq!(shown, (device.to_owned(), kind.to_owned(), cause), "{code}, rings: {rings}");
        }
    }
    assert_records(&office, cases.len());
}

#[test]
fn wire_who_declines_declines_for_all_contacts() {
    let office = Office::start();
    play(&office, "endings", "declines");
    assert_records(&office, 1);
}

#[test]
fn wire_a_callers_own_limit_and_the_parameters_of_a_number() {
    let office = Office::start();
    play(&office, "endings", "expires");
    assert_records(&office, 1);
}

#[test]
fn wire_expires_and_busy_phones() {
    let office = Office::start();
    play(&office, "endings", "busy");
    assert_records(&office, 3);
    proves_partly("SIP-22", "the tone that an off-hook caller hears comes with sound");
}
