//! How calls look (S-1 to S-4, S-8, click to call), every frame field by field, in order.

use crate::client::{Login, house, house_with};
use crate::common::sipp::{Does, SipPhone};
use crate::common::{Office, wait_for};
use conformance::proves;
use serde_json::{Value, json};
use std::process::Command;

/// A frame with numbers of both parties.
fn both(kind: &str, device: &str, from: &str, to: &str, cause: (u16, &str), call: u64) -> Value {
    let mut frame = json!({
        "type": kind, "deviceNumber": device, "serviceDN": device, "callingDN": from, "calledDN": to,
        "causeCode": cause.0, "causeMsg": cause.1, "callRefID": call,
    });
    match kind {
        "connected" => frame["diversionNum"] = json!(""),
        "fail" => frame["busySvcList"] = json!([]),
        _ => {}
    }
    frame
}

fn proceeding(device: &str, to: &str, call: u64) -> Value {
    json!({ "type": "proceeding", "deviceNumber": device, "serviceDN": device, "dialDigit": to, "callRefID": call })
}

fn ended(kind: &str, device: &str, who: &str, cause: (u16, &str), call: u64) -> Value {
    let field = if kind == "released" { "releasedDN" } else { "releasedAscDN" };
    json!({
        "type": kind, "deviceNumber": device, "serviceDN": device, field: who,
        "causeCode": cause.0, "causeMsg": cause.1, "callRefID": call,
    })
}

const NEW: (u16, &str) = (22, "new_call");
const CLEAR: (u16, &str) = (48, "normal_clearing");

#[test]
fn wire_a_simple_call_is_the_ladder_s1_whoever_ends_it() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001", "1002"]);
    for (ends, other) in [("1001", "1002"), ("1002", "1001")] {
        let call = login.make("1001", "1002");
        socket.expect(&[
            proceeding("1001", "1002", call),
            both("ringing", "1002", "1001", "1002", NEW, call),
            both("alerting", "1001", "1001", "1002", NEW, call),
        ]);
        assert_eq!((login.status("1001").as_str(), login.status("1002").as_str()), ("busy", "ring"));
        login.leg("call/answer", "1002", call);
        socket.expect(&[
            both("connected", "1002", "1001", "1002", NEW, call),
            both("connected", "1001", "1001", "1002", NEW, call),
        ]);
        assert_eq!((login.status("1001").as_str(), login.status("1002").as_str()), ("stn_talk", "stn_talk"));
        login.leg("call/clear_connection", ends, call);
        socket.expect(&[
            ended("released", ends, ends, CLEAR, call),
            ended("releasedasc", other, ends, CLEAR, call),
            ended("released", other, other, CLEAR, call),
        ]);
        office.wait_idle();
        assert_eq!((login.status("1001").as_str(), login.status("1002").as_str()), ("idle", "idle"));
    }
    for row in ["IPX-EVT-02", "IPX-EVT-03", "IPX-EVT-04"] {
        conformance::proves_partly(row, "calls over an outgoing trunk, diverted and transferred calls");
    }
    conformance::proves_partly("IPX-EVT-05", "diverted and transferred calls");
    conformance::proves_partly("IPX-CMD-04", "held and queued calls, conferences");
    proves("IPX-EVT-07");
}

#[test]
fn wire_a_caller_who_gives_up_is_told_to_both() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001", "1002"]);
    let call = login.make("1001", "1002");
    socket.expect(&[
        proceeding("1001", "1002", call),
        both("ringing", "1002", "1001", "1002", NEW, call),
        both("alerting", "1001", "1001", "1002", NEW, call),
    ]);
    login.leg("call/clear_connection", "1001", call);
    socket.expect(&[
        ended("released", "1001", "1001", CLEAR, call),
        ended("releasedasc", "1002", "1001", CLEAR, call),
        ended("released", "1002", "1002", CLEAR, call),
    ]);
}

#[test]
fn wire_busy_dnd_and_silence_are_fail_and_then_released() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001", "1002", "1003"]);
    // S-2: 1002 talks with 1003.
    let first = login.make("1003", "1002");
    login.leg("call/answer", "1002", first);
    for _ in 0..5 {
        socket.frame().expect("frames of the first call");
    }
    let call = login.make("1001", "1002");
    socket.expect(&[proceeding("1001", "1002", call), both("fail", "1001", "1001", "1002", (3, "user_busy"), call)]);
    assert_eq!(login.status("1001"), "busy");
    login.leg("call/clear_connection", "1001", call);
    socket.expect(&[ended("released", "1001", "1001", CLEAR, call)]);
    login.leg("call/clear_connection", "1003", first);
    for _ in 0..3 {
        socket.frame().expect("frames of the first call");
    }
    // S-3.
    office.wait_idle();
    let on = office.console("PUT", "/extensions/number:1002/do_not_disturb", Some(json!({ "on": true })));
    assert_eq!(on.status, 200, "{}", on.text);
    assert_eq!(login.status("1002"), "DND");
    let call = login.make("1001", "1002");
    socket.expect(&[proceeding("1001", "1002", call), both("fail", "1001", "1001", "1002", (14, "dnd"), call)]);
    login.leg("call/clear_connection", "1001", call);
    socket.expect(&[ended("released", "1001", "1001", CLEAR, call)]);
    // S-4: 1003 is not answered within two seconds.
    office.wait_idle();
    let call = login.make("1001", "1003");
    let silence = (10, "no_answer");
    socket.expect(&[
        proceeding("1001", "1003", call),
        both("ringing", "1003", "1001", "1003", NEW, call),
        both("alerting", "1001", "1001", "1003", NEW, call),
        ended("released", "1003", "1003", silence, call),
        both("fail", "1001", "1001", "1003", silence, call),
    ]);
    login.leg("call/clear_connection", "1001", call);
    socket.expect(&[ended("released", "1001", "1001", CLEAR, call)]);
    conformance::proves_partly("IPX-EVT-10", "busy services, trunk busy and timeout");
}

#[test]
fn wire_a_forbidden_number_is_accepted_and_fails_as_blocked() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1004"]);
    let call = login.make("1004", "1003");
    socket.expect(&[proceeding("1004", "1003", call), both("fail", "1004", "1004", "1003", (35, "blocked"), call)]);
    login.leg("call/clear_connection", "1004", call);
    socket.expect(&[ended("released", "1004", "1004", CLEAR, call)]);
    conformance::proves_partly("IPX-EVT-10", "busy services, trunk busy and timeout");
}

#[test]
fn wire_a_refused_call_is_released_by_reject() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001", "1002"]);
    let call = login.make("1001", "1002");
    for _ in 0..3 {
        socket.frame().expect("the call rings");
    }
    login.leg("call/clear_connection", "1002", call);
    let reject = (103, "reject");
    socket
        .expect(&[ended("released", "1002", "1002", reject, call), ended("releasedasc", "1001", "1002", reject, call)]);
    login.leg("call/clear_connection", "1001", call);
    socket.expect(&[ended("released", "1001", "1001", CLEAR, call)]);
    conformance::proves_partly("IPX-EVT-06", "bridged lines, personal groups, pickup, forward and mobile extensions");
}

#[test]
fn wire_real_phones_register_ring_and_talk() {
    let office = Office::start();
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let mut socket = login.socket(&["1101", "1102"]);
    // Neither is there yet: told after the answer (IPX-EVT-22), and again when they come (IPX-EVT-21).
    for device in ["1101", "1102"] {
        socket.expect(&[json!({ "type": "unregistered", "deviceNumber": device })]);
        assert_eq!(login.status(device), "block");
    }
    let (one, other) = (SipPhone::of(&office, "1101"), SipPhone::of(&office, "1102"));
    one.register(200);
    socket.expect(&[json!({ "type": "registered", "deviceNumber": "1101" })]);
    other.register(200);
    socket.expect(&[json!({ "type": "registered", "deviceNumber": "1102" })]);
    let answered = other.answer(Does::Answers(300));
    let lifted = one.answer(Does::Answers(0));
    let call = login.make("1101", "1102");
    socket.expect(&[
        proceeding("1101", "1102", call),
        both("ringing", "1102", "1101", "1102", NEW, call),
        both("alerting", "1101", "1101", "1102", NEW, call),
        both("connected", "1102", "1101", "1102", NEW, call),
        both("connected", "1101", "1101", "1102", NEW, call),
    ]);
    login.leg("call/clear_connection", "1101", call);
    socket.expect(&[
        ended("released", "1101", "1101", CLEAR, call),
        ended("releasedasc", "1102", "1101", CLEAR, call),
        ended("released", "1102", "1102", CLEAR, call),
    ]);
    lifted.finish();
    answered.finish();
    proves("IPX-EVT-21");
}

#[test]
fn wire_a_phone_that_leaves_and_comes_back_is_told_without_another_monitor() {
    let office = house();
    let login = Login::server(&office, "one");
    // One that is not there when it begins to be watched is told after the answer.
    let mut socket = login.socket(&["1101", "1002"]);
    socket.expect(&[json!({ "type": "unregistered", "deviceNumber": "1101" })]);
    for _ in 0..2 {
        office.hand("1002", "unplug", json!({}));
        socket.expect(&[json!({ "type": "unregistered", "deviceNumber": "1002" })]);
        assert_eq!(login.status("1002"), "block");
        office.hand("1002", "plug_in", json!({}));
        socket.expect(&[json!({ "type": "registered", "deviceNumber": "1002" })]);
        assert_eq!(login.status("1002"), "idle");
    }
    proves("IPX-EVT-22");
}

#[test]
fn wire_a_station_clicks_and_its_phone_rings_first() {
    let office = house();
    let station = Login::of(&office, "client", "1001", "*1234Secr01$");
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001", "1002"]);
    let clicked = station.post("clickcall", json!({ "From": "1001", "To": "10-02" }));
    assert_eq!((clicked.status, clicked.text.as_str()), (200, ""));
    let first = socket.frame().expect("the station rings");
    let call = first["callRefID"].as_u64().expect("a reference");
    office.hand("1001", "answer", json!({}));
    socket.expect(&[
        both("connected", "1001", "1002", "1001", NEW, call),
        proceeding("1001", "1002", call),
        both("ringing", "1002", "1001", "1002", NEW, call),
        both("alerting", "1001", "1001", "1002", NEW, call),
    ]);
    office.hand("1002", "answer", json!({}));
    socket.expect(&[
        both("connected", "1002", "1001", "1002", NEW, call),
        both("connected", "1001", "1001", "1002", NEW, call),
    ]);
    office.hand("1001", "hang_up", json!({}));
    wait_for("the phones are idle", || (login.status("1002") == "idle").then_some(()));
    proves("IPX-C2C-02");
}

#[test]
fn wire_a_phone_that_does_not_lift_itself_is_rung_first_and_dials_when_it_is_lifted() {
    let office = house_with("\n[[station]]\nnumber = \"1005\"\nkind = \"simulated\"\nlines = 1\nauto_answer = false\n");
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1005", "1002"]);
    let call = login.make("1005", "1002");
    socket.expect(&[both("ringing", "1005", "1005", "1005", NEW, call)]);
    assert_eq!((login.status("1005").as_str(), login.status("1002").as_str()), ("ring", "idle"));
    office.hand("1005", "answer", json!({}));
    socket.expect(&[
        both("connected", "1005", "1005", "1005", NEW, call),
        proceeding("1005", "1002", call),
        both("ringing", "1002", "1005", "1002", NEW, call),
        both("alerting", "1005", "1005", "1002", NEW, call),
    ]);
    assert_eq!(login.status("1005"), "busy");
    login.leg("call/clear_connection", "1005", call);
    for _ in 0..3 {
        socket.frame().expect("frames of its end");
    }
    office.wait_idle();
    // What the device is set to counts from its next call on, and in both directions.
    for (lifts, number, first) in [(true, "1005", "proceeding"), (false, "1002", "ringing")] {
        let set = office.console("PATCH", &format!("/devices/number:{number}"), Some(json!({ "auto_answer": lifts })));
        assert_eq!(set.status, 200, "{}", set.text);
        let call = login.make(number, "1001");
        let frame = socket.frame().expect("it begins");
        assert_eq!((&frame["type"], &frame["deviceNumber"]), (&json!(first), &json!(number)));
        login.leg("call/clear_connection", number, call);
        while socket.frame().expect("its end")["type"] != "released" {}
        office.wait_idle();
    }
}

#[test]
fn wire_a_real_phone_that_must_not_answer_by_itself_is_not_asked_to() {
    let office = Office::start();
    let set = office.console("PATCH", "/devices/number:1101", Some(json!({ "auto_answer": false })));
    assert_eq!(set.status, 200, "{}", set.text);
    let phone = SipPhone::of(&office, "1101");
    phone.register(200);
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let mut socket = login.socket(&["1101"]);
    let lifted = phone.answer(Does::Answers(300));
    let call = login.make("1101", "1001");
    socket.expect(&[
        both("ringing", "1101", "1101", "1101", NEW, call),
        both("connected", "1101", "1101", "1101", NEW, call),
        proceeding("1101", "1001", call),
        both("alerting", "1101", "1101", "1001", NEW, call),
    ]);
    let story = office.get(&format!("/calls/call_{call}/story")).to_string();
    assert!(story.contains("INVITE sip:1101") && !story.contains("answer-after"), "{story}");
    login.leg("call/clear_connection", "1101", call);
    lifted.finish();
    conformance::proves_partly(
        "IPX-CMD-02",
        "feature codes (108), group pickup, paging, groups and rooms as targets: there are none",
    );
}

#[test]
fn wire_a_newcomers_client_makes_watches_and_ends_a_call() {
    let office = Office::start();
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/ipxapi/call.py");
    let address = format!("localhost:{}", office.address("ipxapi").port());
    let certificate = office.certificate();
    let mut child = Command::new("/usr/bin/python3")
        .arg(client)
        .args([&address, certificate.to_str().expect("utf-8"), "demo", "demo-ipxapi", "1001", "1002"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3 runs");
    wait_for("the other phone rings", || {
        let rings = office.get("/devices/number:1002")["connections"].as_array().is_some_and(|it| !it.is_empty());
        rings.then_some(())
    });
    office.hand("1002", "answer", json!({}));
    let output = {
        use std::io::Read as _;
        let mut text = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut text).expect("read");
        assert!(child.wait().expect("it ends").success(), "{text}");
        text
    };
    let lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let frames = lines.iter().filter(|line| line["frame"]["event"] == "call");
    let kinds: Vec<&str> = frames.filter_map(|line| line["frame"]["data"]["type"].as_str()).collect();
    let expected =
        ["proceeding", "ringing", "alerting", "connected", "connected", "released", "releasedasc", "released"];
    assert_eq!(kinds, expected, "{output}");
    assert_eq!(lines.last(), Some(&json!({ "logout": true })));
}

/// How a call begins at another door.
type Begins = (&'static str, fn(&Office), bool);

/// Every other door, how it has 1001 call 1002, and whether 1001 rings first.
const OTHERS: [Begins; 5] = [
    ("fusion", |office| drop(office.fusion("/xml/ccOriginate.php?phone_id=SDP01001&to=1002&async=true")), true),
    (
        "voicenter",
        |office| {
            let query = "code=demo-voicenter&phone=1001&target=1002&action=call&format=JSON";
            let url = format!("http://{}/ForwardDialer/click2call.aspx?{query}", office.address("voicenter"));
            assert_eq!(office.http("GET", &url, None, &[]).json()["ERRORCODE"], 0);
        },
        true,
    ),
    (
        "clickcall",
        |office| {
            let printed = include_str!("../../../../tests/clients/clickcall/request.xml").replace("1101", "1001");
            let answer = office.https("clickcall", "POST", "/ipecs_svc", &[], printed.as_bytes());
            assert!(answer.text.contains("<code>100</code>"), "{}", answer.text);
        },
        true,
    ),
    (
        "telservices",
        |office| {
            let path = "makeCall?deviceNumber=1001&calledDeviceNumber=1002";
            let url = format!("http://{}/{path}", office.address("telservices_http"));
            assert!(office.http("GET", &url, None, &[]).text.contains("<standard/>"));
        },
        false,
    ),
    (
        "console",
        |office| {
            drop(office.post("/calls/make_call", json!({ "from": "1001", "to": "1002", "prompt": "ring" })));
        },
        true,
    ),
];

#[test]
fn wire_calls_of_every_other_door_look_the_same_here() {
    for (door, begins, rings_first) in OTHERS {
        let office = Office::start();
        let login = Login::of(&office, "server", "demo", "demo-ipxapi");
        let mut socket = login.socket(&["1001", "1002"]);
        begins(&office);
        let mut first = socket.frame().unwrap_or_else(|| panic!("{door}: no frame"));
        let call = first["callRefID"].as_u64().expect("a reference");
        first.as_object_mut().expect("an object").remove("evtSerialNum");
        if rings_first {
            assert_eq!((&first["type"], &first["deviceNumber"]), (&json!("ringing"), &json!("1001")), "{door}");
            office.hand("1001", "answer", json!({}));
            let connected = socket.frame().unwrap_or_else(|| panic!("{door}: 1001 answered"));
            assert_eq!(
                (&connected["type"], &connected["deviceNumber"]),
                (&json!("connected"), &json!("1001")),
                "{door}"
            );
            first = socket.frame().unwrap_or_else(|| panic!("{door}: 1002 is dialled"));
            first.as_object_mut().expect("an object").remove("evtSerialNum");
        }
        assert_eq!(first, proceeding("1001", "1002", call), "{door}");
        socket.expect(&[
            both("ringing", "1002", "1001", "1002", NEW, call),
            both("alerting", "1001", "1001", "1002", NEW, call),
        ]);
        // Answered and ended from here, whoever began it.
        login.leg("call/answer", "1002", call);
        socket.expect(&[
            both("connected", "1002", "1001", "1002", NEW, call),
            both("connected", "1001", "1001", "1002", NEW, call),
        ]);
        login.leg("call/clear_connection", "1002", call);
        socket.expect(&[
            ended("released", "1002", "1002", CLEAR, call),
            ended("releasedasc", "1001", "1002", CLEAR, call),
            ended("released", "1001", "1001", CLEAR, call),
        ]);
        office.wait_idle();
        assert_eq!(office.get("/connections")["items"], json!([]), "{door}");
    }
}
