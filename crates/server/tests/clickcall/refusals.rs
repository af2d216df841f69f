//! Every code of the rows, and that nothing rings with it.

use crate::common::Office;
use crate::common::ipxapi::Login;
use crate::common::sipp::SipPhone;
use crate::desk::{Desk, answer_of, codes, destination, document, house, post, results, states};
use serde_json::json;

#[test]
fn wire_every_code_has_its_cause_and_its_text() {
    let office = Office::start();
    let desk = Desk::of_demo(&office);
    let call = || desk.call("1101", "1002");
    let told = |document: &str| post(&office, document).text;
    assert_eq!(told(&call()), answer_of(104, "NOK Etc"), "not registered");
    SipPhone::of(&office, "1101").register(200);
    let unknown = Desk { userid: "nobody".to_owned(), ..desk.clone() };
    assert_eq!(told(&unknown.call("1101", "1002")), answer_of(101, "Auth Fail"));
    let wrong = Desk { userpwd: "wrong".to_owned(), ..desk.clone() };
    assert_eq!(told(&wrong.call("1101", "1002")), answer_of(101, "Auth Fail"));
    let other = Desk { stnnum: "1102".to_owned(), ..desk.clone() };
    assert_eq!(told(&other.call("1101", "1002")), answer_of(102, "Access Denied"));
    assert_eq!(told(&desk.call("1002", "1003")), answer_of(102, "Access Denied"));
    assert_eq!(told(&call().replace("1002", "")), answer_of(104, "NOK Etc"), "no destination");
    assert_eq!(told("<ipecs_svc>"), answer_of(199, "Unknown Error"));
    assert!(states(&office).is_empty());
    // The account of one door is none of another's.
    let console = Desk { userid: "operator".to_owned(), userpwd: "demo-operator".to_owned(), ..desk.clone() };
    assert_eq!(codes(&office, &console.call("1101", "1002")), [101]);
    assert_eq!(told(&call()), answer_of(100, "OK"));
    assert_eq!(told(&call()), answer_of(110, "CALLER_BUSY"));
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    office.wait_idle();
    let class = |fields: serde_json::Value| {
        let patched = office.console("PATCH", "/devices/number:1101", Some(fields));
        assert_eq!(patched.status, 200, "{}", patched.text);
    };
    class(json!({ "barred": ["0", "1003"] }));
    assert_eq!(told(&desk.call("1101", "01064950821")), answer_of(103, "Call Restricted"));
    assert_eq!(told(&desk.call("1101", "1003")), answer_of(103, "Call Restricted"));
    class(json!({ "click_to_call": false }));
    assert_eq!(told(&call()), answer_of(104, "NOK Etc"), "the service is not enabled for the station");
    assert_eq!(codes(&office, &other.call("1102", "1002")), [104], "that is looked at before whose station it is");
    assert_eq!(codes(&office, &wrong.call("1101", "1002")), [101], "and after the password");
    assert!(states(&office).is_empty());
    class(json!({ "click_to_call": true, "barred": [] }));
    assert_eq!(told(&call()), answer_of(100, "OK"));
    conformance::proves("CCX-11");
}

#[test]
fn wire_the_checks_of_a_command_have_their_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let patched = |fields: serde_json::Value| {
        let patched = office.console("PATCH", "/devices/number:1001", Some(fields));
        assert_eq!(patched.status, 200, "{}", patched.text);
    };
    let told = |document: &str| post(&office, document).text;
    // Each document has all the faults that follow, so that the first one is seen alone.
    let wrong = Desk { userpwd: "wrong".to_owned(), stnnum: "1003".to_owned(), ..desk.clone() };
    let strange = Desk { stnnum: "1003".to_owned(), ..desk.clone() };
    let free = desk.call("1001", "1002");
    patched(json!({ "barred": ["1004"] }));
    assert_eq!(told(&free), answer_of(100, "OK"));
    patched(json!({ "click_to_call": false }));
    assert_eq!(told(&wrong.call("1003", "1004").replace("</ipecs_svc>", "")), answer_of(199, "Unknown Error"));
    assert_eq!(told(&wrong.call("1003", "1004")), answer_of(101, "Auth Fail"));
    assert_eq!(told(&strange.call("1003", "1004")), answer_of(104, "NOK Etc"));
    patched(json!({ "click_to_call": true }));
    assert_eq!(told(&strange.call("1003", "1004")), answer_of(102, "Access Denied"), "the station is not the user's");
    assert_eq!(told(&desk.call("1003", "1004")), answer_of(102, "Access Denied"), "nor the source");
    assert_eq!(told(&desk.call("1001", "1004")), answer_of(110, "CALLER_BUSY"));
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    office.wait_idle();
    assert_eq!(told(&desk.call("1001", "1004")), answer_of(103, "Call Restricted"));
    assert_eq!(told(&free.replace("calltype=\"single\"", "calltype=\"double\"")), answer_of(104, "NOK Etc"));
    assert_eq!(told(&free.replace("type=\"service\"", "type=\"report\"")), answer_of(104, "NOK Etc"));
    let two = desk.command("1001", &destination("", "1002"));
    let asked = document(" requestid=\"r 1\" cmd_cnt=\"2\"", &[two.as_str(), &two].concat());
    let answer = post(&office, &asked);
    assert_eq!(
        results(&answer),
        [(100, "OK".to_owned()), (110, "CALLER_BUSY".to_owned())],
        "one call for each command"
    );
    assert!(answer.text.contains("responseid=\"r 1\""), "{}", answer.text);
    assert_eq!(office.calls().len(), 1);
}

#[test]
fn wire_a_click_is_an_ordinary_call_to_who_watches_its_phones() {
    let office = Office::start();
    let app = Login::of(&office, "server", "demo", "demo-ipxapi");
    let mut watch = app.socket(&["1001", "1002"]);
    let of_1001 = Desk { stnnum: "1001".to_owned(), userid: "click1001".to_owned(), ..Desk::of_demo(&office) };
    // White space around values counts for nothing.
    let document =
        of_1001.call("1001", "1002").replace("<dialnum>", "<dialnum>\n   ").replace("</userid>", " </userid>");
    assert_eq!(codes(&office, &document), [100]);
    let new = |calling: &str, called: &str, own: &str, kind: &str, call: u64| {
        json!({ "type": kind, "deviceNumber": own, "serviceDN": own, "callingDN": calling, "calledDN": called,
            "causeCode": 22, "causeMsg": "new_call", "callRefID": call })
    };
    let connected = |calling: &str, called: &str, own: &str, call: u64| {
        let mut frame = new(calling, called, own, "connected", call);
        frame["diversionNum"] = json!("");
        frame
    };
    let ringing = watch.frame().expect("it rings");
    let call = ringing["callRefID"].as_u64().expect("a reference");
    assert_eq!(ringing["callingDN"], "1002", "the destination as dialled: {ringing}");
    assert_eq!((&ringing["type"], &ringing["deviceNumber"]), (&json!("ringing"), &json!("1001")));
    assert_eq!((&ringing["causeCode"], &ringing["causeMsg"]), (&json!(22), &json!("new_call")));
    office.hand("1001", "answer", json!({}));
    watch.expect(&[
        connected("1002", "1001", "1001", call),
        json!({ "type": "proceeding", "deviceNumber": "1001", "serviceDN": "1001", "dialDigit": "1002", "callRefID": call }),
        new("1001", "1002", "1002", "ringing", call),
        new("1001", "1002", "1001", "alerting", call),
    ]);
    office.hand("1002", "answer", json!({}));
    watch.expect(&[connected("1001", "1002", "1002", call), connected("1001", "1002", "1001", call)]);
    assert_eq!(codes(&office, &of_1001.hang_up()), [100]);
    office.wait_idle();
    conformance::proves("CCX-06");
}

#[test]
fn wire_encryption_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let call = desk.call("1001", "1002");
    let request = call.replacen("encrypt=\"off\"", "encrypt=\"on\"", 1);
    let password = call.replace("<userpwd encrypt=\"off\">", "<userpwd encrypt=\"on\">");
    for document in [&request, &password] {
        // More often than wrong passwords may be tried: none was.
        for _ in 0..4 {
            assert_eq!(codes(&office, document), [104], "{document}");
        }
    }
    let left_out = call.replace(" encrypt=\"off\"", "");
    assert!(!left_out.contains("encrypt"));
    assert_eq!(codes(&office, &left_out), [100]);
    conformance::proves("CCX-13");
}

#[test]
fn wire_wrong_passwords_lock_out_for_a_minute() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 600, &["--virtual-clock"]);
    let desk = Desk::of_house();
    let wrong = Desk { userpwd: "house-1002".to_owned(), ..desk.clone() };
    let (right, wrong) = (desk.call("1001", "1002"), wrong.call("1001", "1002"));
    for expected in [101, 101] {
        assert_eq!(codes(&office, &wrong), [expected]);
    }
    assert_eq!(codes(&office, &desk.hang_up()), [100], "a right one ends the row");
    for expected in [101, 101, 101, 102, 102] {
        assert_eq!(codes(&office, &wrong), [expected]);
    }
    assert_eq!(codes(&office, &right), [102], "the right one too");
    assert!(states(&office).is_empty());
    office.post("/test/clock/advance", json!({ "by_ms": 59_000 }));
    assert_eq!(codes(&office, &right), [102]);
    office.post("/test/clock/advance", json!({ "by_ms": 1_500 }));
    assert_eq!(codes(&office, &right), [100]);
    // Another user was never hindered, and another station is not the user's.
    let nobody = Desk { userid: "nobody".to_owned(), ..desk.clone() };
    assert_eq!(codes(&office, &nobody.hang_up()), [101]);
    let other = Desk { stnnum: "1002".to_owned(), ..desk };
    assert_eq!(codes(&office, &other.hang_up()), [102]);
    conformance::proves("CCX-07");
}

#[test]
fn wire_numbers_are_taken_as_people_write_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    for written in ["1 0 0 2", "(10)02", "10-02", "10.02", "\n 1002 \t"] {
        assert_eq!(codes(&office, &desk.call("10-01", written)), [100], "{written}");
        let connection = office.get("/connections")["items"][0].clone();
        let call = office.get(&format!("/calls/{}", connection["call"].as_str().expect("an id")));
        assert_eq!(call["dialled"], "1002", "{call}");
        assert_eq!(codes(&office, &desk.hang_up()), [100]);
        office.wait_idle();
    }
    for wrong in ["sales", "1002x", "+", "+-", "1+2", &"1".repeat(65)] {
        assert_eq!(codes(&office, &desk.call("1001", wrong)), [104], "{wrong}");
    }
    let none = document("", &desk.command("1001", ""));
    assert_eq!(codes(&office, &none), [104]);
    let empty = document("", &desk.command("1001", &destination("", "")));
    assert_eq!(codes(&office, &empty), [104]);
    assert!(states(&office).is_empty());
}
