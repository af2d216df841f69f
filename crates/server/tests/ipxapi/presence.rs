//! Presence: what terminals do, to who asked for it (IPX-PRES); numbers that change, to everybody; and the envelope of all frames.

use crate::client::{Login, ask, error, house, house_with};
use crate::common::ipxapi::Socket;
use crate::common::wait_for;
use conformance::{proves, proves_partly};
use serde_json::{Value, json};

const OUTSIDE: &str = "+3225550199";

fn does(device: &str, status: &str) -> Value {
    json!({ "type": "presence", "deviceNumber": device, "deviceType": "ext", "status": status })
}

fn is(status: u16, code: u64, message: &str) -> (u16, u64, String) {
    (status, code, message.to_owned())
}

/// The result of a request for these terminals, each of which is one.
fn all_ok(devices: &[&str]) -> Value {
    let all: Vec<Value> = devices.iter().map(|device| json!({ *device: "OK" })).collect();
    json!({ "result": all })
}

#[test]
fn wire_presence_tells_each_change_of_what_a_terminal_does() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&[]);
    let listed = json!({ "deviceNumber": ["1001", "9999", "1002", "1101"] });
    let started = login.done("call/presence", listed.clone());
    let words = json!([{ "1001": "OK" }, { "9999": "invalidParameterValue" }, { "1002": "OK" }, { "1101": "OK" }]);
    assert_eq!(started, json!({ "result": words }));
    assert_eq!(login.done("call/presence", listed)["result"], words, "twice is no fault, and doubles nothing");
    // What they do now is not told, though 1101 is not there. No call frames come: no monitor was started.
    let call = login.make("1001", "1002");
    socket.expect(&[does("1001", "busy"), does("1002", "ring")]);
    assert_eq!(login.status("1002"), "ring");
    login.leg("call/answer", "1002", call);
    socket.expect(&[does("1001", "stn_talk"), does("1002", "stn_talk")]);
    login.leg("call/clear_connection", "1001", call);
    socket.expect(&[does("1001", "idle"), does("1002", "idle")]);
    office.wait_idle();
    // The caller's tone; who is busy already stays so.
    let call = login.make("1001", "1002");
    socket.expect(&[does("1001", "busy"), does("1002", "ring")]);
    office.hand("1002", "reject", json!({}));
    socket.expect(&[does("1002", "idle")]);
    login.leg("call/clear_connection", "1001", call);
    socket.expect(&[does("1001", "idle")]);
    office.wait_idle();
    // Do not disturb, a line outside, a phone that goes; whatever caused it.
    let refuse = |on: bool| {
        let set = office.console("PUT", "/extensions/number:1002/do_not_disturb", Some(json!({ "on": on })));
        assert!(set.status < 300, "{}", set.text);
    };
    refuse(true);
    socket.expect(&[does("1002", "DND")]);
    refuse(true);
    refuse(false);
    socket.expect(&[does("1002", "idle")]);
    office.post("/test/outside/ring_in", json!({ "from": OUTSIDE, "to": "+3225550100", "name": "" }));
    socket.expect(&[does("1001", "ring")]);
    office.hand("1001", "answer", json!({}));
    socket.expect(&[does("1001", "trk_talk")]);
    office.post(&format!("/test/outside/{OUTSIDE}/hang_up"), json!({}));
    socket.expect(&[does("1001", "idle")]);
    office.hand("1002", "unplug", json!({}));
    socket.expect(&[does("1002", "block")]);
    assert_eq!(login.status("1002"), "block");
    proves("IPX-PRES-03");
    proves_partly("IPX-PRES-04", "forwards, own hold and conferences are no services yet");
}

#[test]
fn wire_presence_starts_and_stops_for_whom_it_is_asked() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&[]);
    let busy = |socket: &mut Socket, devices: &[&str]| {
        let call = login.make("1001", "1002");
        wait_for("it rings", || (login.status("1002") == "ring").then_some(()));
        login.leg("call/clear_connection", "1001", call);
        office.wait_idle();
        for device in devices {
            let frames = [(); 2].map(|()| socket.frame().expect("a change"));
            assert!(frames.iter().all(|frame| frame["deviceNumber"] == *device), "{device}: {frames:?}");
        }
    };
    login.done("call/presence", json!({ "deviceNumber": ["1001"] }));
    busy(&mut socket, &["1001"]);
    // Each form of the list ends it; who has it not is no fault.
    let stop = |query: &str, body: &str| login.ask("DELETE", &format!("call/presence{query}"), body);
    for (query, body) in [
        ("", r#"{"deviceNumber":["1001","1002"]}"#),
        ("?q=%7B%22deviceNumber%22:[%221001%22,%221002%22]%7D", ""),
        ("?deviceNumber=1001&deviceNumber=1002", ""),
        ("?deviceNumber=1001,1002", ""),
    ] {
        login.done("call/presence", json!({ "deviceNumber": ["1001", "1002"] }));
        let answer = stop(query, body);
        assert_eq!((answer.status, answer.json()), (200, all_ok(&["1001", "1002"])), "{query}{body}");
        login.done("call/presence", json!({ "deviceNumber": "1003" }));
        busy(&mut socket, &[]);
        // The next frame is about 1003, so nothing was told of the others.
        let call = login.make("1003", "1001");
        assert_eq!(socket.frame().expect("1003 calls")["deviceNumber"], "1003");
        login.leg("call/clear_connection", "1003", call);
        assert_eq!(socket.frame().expect("1003 is idle")["status"], "idle");
        office.wait_idle();
        assert_eq!(stop("?deviceNumber=1003", "").status, 200);
    }
    let stopped = stop("", r#"{"deviceNumber":["1001","9999"]}"#).json();
    assert_eq!(stopped["result"], json!([{ "1001": "OK" }, { "9999": "invalidParameterValue" }]));
    let forged = "bearer x.y.z";
    let base = "/ipxapi/server/v1/users";
    for method in ["POST", "DELETE"] {
        let said = |body: Value| error(&login.ask(method, "call/presence", &body.to_string()));
        assert_eq!(
            said(json!({ "deviceNumber": ["9999", "12"] })),
            is(403, 103, "invalidMonitorObjectType"),
            "{method}"
        );
        for wrong in [json!({}), json!({ "deviceNumber": [] }), json!({ "deviceNumber": vec!["1001"; 101] })] {
            assert_eq!(said(wrong), is(403, 111, "invalidParameterValue"), "{method}");
        }
        let stranger = ask(&office, method, &format!("{base}/one/call/presence"), forged, "{}");
        assert_eq!(error(&stranger), is(401, 4, "Login information mismatch"), "{method}");
    }
    let hundred = login.done("call/presence", json!({ "deviceNumber": vec!["1001"; 100] }));
    assert_eq!(hundred, all_ok(&["1001"; 100]));
    proves("IPX-LIM-05");
    assert_eq!(error(&login.ask("GET", "call/presence", "")), is(404, 102, "serviceNotSupported"));
    let records = Login::server(&office, "smdr");
    assert_eq!(records.refused("call/presence", json!({ "deviceNumber": ["1001"] })), is(403, 143, "AccessDenied"));
    let unlicensed = house_with("\n[ipxapi]\nlicence_cti = false\n");
    let login = Login::server(&unlicensed, "one");
    assert_eq!(login.refused("call/presence", json!({ "deviceNumber": ["1001"] })), is(403, 3, "License error"));
    proves("IPX-PRES-01");
    proves("IPX-PRES-02");
}

#[test]
fn wire_every_kind_of_frame_has_the_envelope_and_the_numbers_of_its_session() {
    let office = house_with("\n[ipxapi]\nsmdr_service = false\n");
    // One watches calls and presence, one presence alone, one nothing; one may not see calls at all.
    let (all, some, none) =
        (Login::server(&office, "one"), Login::server(&office, "two"), Login::server(&office, "three"));
    let mut told_of_all = all.socket(&["1001", "1003"]);
    all.done("call/presence", json!({ "deviceNumber": ["1001"] }));
    let mut told_of_some = some.socket(&[]);
    some.done("call/presence", json!({ "deviceNumber": ["1002"] }));
    let mut told_of_numbers = none.socket(&[]);
    let call = all.make("1001", "1002");
    all.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    let made = office.post("/devices", json!({ "kind": "simulated", "number": "1009" }));
    // The envelope is looked at here, the numbers by every read of the socket: from 1, without a gap.
    let next = |socket: &mut Socket| {
        let frame = socket.any_frame().expect("a frame");
        let members = frame.as_object().expect("an object");
        assert!(members.len() == 2 && frame["event"] == "call" && frame["data"].is_object(), "{frame}");
        frame["data"].clone()
    };
    let kinds = [(); 6].map(|()| {
        let data = next(&mut told_of_all);
        assert!(data["type"] == "numbering" || data["deviceNumber"] == "1001", "{data}");
        data["type"].as_str().expect("a type").to_owned()
    });
    // Presence is told once for an instant, and what is one instant here may be two on a slower machine: busy comes at any place
    // while the call is up, idle after it.
    let calls: Vec<&String> = kinds.iter().filter(|kind| *kind != "presence").collect();
    assert_eq!(calls, ["proceeding", "alerting", "released", "numbering"], "{kinds:?}");
    let presences: Vec<usize> = (0..kinds.len()).filter(|at| kinds[*at] == "presence").collect();
    assert!(presences.len() == 2 && presences[0] < 3 && presences[1] == 4, "{kinds:?}");
    let [rings, is_idle] = [(); 2].map(|()| next(&mut told_of_some));
    assert_eq!([&rings["status"], &is_idle["status"]], ["ring", "idle"]);
    assert_eq!(next(&mut told_of_some)["type"], "numbering");
    let numbering = next(&mut told_of_numbers);
    assert_eq!((&numbering["type"], &numbering["evtSerialNum"]), (&json!("numbering"), &json!(1)));
    let listed = |numbering: &Value| -> Vec<(String, String, String)> {
        let text = |entry: &Value, name: &str| entry[name].as_str().expect("a text").to_owned();
        let devices = numbering["deviceINFO"].as_array().expect("a list");
        let one = |it: &Value| (text(it, "devicePhy"), text(it, "deviceNumber"), text(it, "deviceType"));
        devices.iter().map(one).collect()
    };
    let numbers = ["1001", "1002", "1003", "1004", "1101", "1009"];
    let whole = |numbers: &[&str]| -> Vec<(String, String, String)> {
        let one = |(n, number): (usize, &&str)| ((n + 1).to_string(), (*number).to_owned(), "sip".to_owned());
        numbers.iter().enumerate().map(one).collect()
    };
    assert_eq!(listed(&numbering), whole(&numbers), "the whole list");
    assert!(numbering["systemINFO"].is_array());
    // What leaves the numbers as they are is not told; another number is, and a terminal that is gone.
    let id = made["result"]["id"].as_str().expect("an id").to_owned();
    let patch =
        |fields: Value| assert_eq!(office.console("PATCH", &format!("/devices/{id}"), Some(fields)).status, 200);
    patch(json!({ "display_name": "Lobby" }));
    patch(json!({ "number": "1010" }));
    assert_eq!(listed(&next(&mut told_of_numbers)), whole(&["1001", "1002", "1003", "1004", "1101", "1010"]));
    assert!(office.console("DELETE", &format!("/devices/{id}"), None).status < 300);
    assert_eq!(listed(&next(&mut told_of_numbers)), whole(&["1001", "1002", "1003", "1004", "1101"]));
    proves("IPX-EVT-36");
    proves_partly("IPX-EVT-35", "ranges of parking places and groups: there are none");
}
