//! Calls that begin elsewhere than at the API, and what each command says in each state (IPX-CMD-42).

use crate::client::{Login, house};
use crate::common::wait_for;
use conformance::{proves, proves_partly};
use serde_json::{Value, json};

const OUTSIDE: &str = "+3225550199";

/// A frame of the call about a device, with more members.
fn frame(kind: &str, device: &str, call: u64, more: Value) -> Value {
    let mut frame = json!({ "type": kind, "deviceNumber": device, "serviceDN": device, "callRefID": call });
    let members = more.as_object().expect("an object").clone();
    frame.as_object_mut().expect("an object").extend(members);
    frame
}

#[test]
fn wire_a_number_dialled_by_hand_begins_with_dialing() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001", "1002"]);
    let mut before = 0;
    // Each attempt has one of its own, and a reference that the following frames share.
    for _ in 0..2 {
        office.hand("1001", "dial", json!({ "to": "1002" }));
        let mut first = socket.frame().expect("it is dialled");
        let call = first["callRefID"].as_u64().expect("a reference");
        assert!(call > before);
        before = call;
        first.as_object_mut().expect("an object").remove("evtSerialNum");
        assert_eq!(first, frame("dialing", "1001", call, json!({})));
        let numbers = json!({ "callingDN": "1001", "calledDN": "1002", "causeCode": 22, "causeMsg": "new_call" });
        socket.expect(&[
            frame("proceeding", "1001", call, json!({ "dialDigit": "1002" })),
            frame("ringing", "1002", call, numbers.clone()),
            frame("alerting", "1001", call, numbers),
        ]);
        office.hand("1001", "hang_up", json!({}));
        let ended = |field: &str, who: &str| json!({ field: who, "causeCode": 48, "causeMsg": "normal_clearing" });
        socket.expect(&[
            frame("released", "1001", call, ended("releasedDN", "1001")),
            frame("releasedasc", "1002", call, ended("releasedAscDN", "1001")),
            frame("released", "1002", call, ended("releasedDN", "1002")),
        ]);
        office.wait_idle();
    }
    // The API's own calls begin with `proceeding`.
    let call = login.make("1001", "1002");
    socket.expect(&[frame("proceeding", "1001", call, json!({ "dialDigit": "1002" }))]);
    proves("IPX-EVT-01");
}

#[test]
fn wire_a_call_from_outside_is_a_trunk_call_at_the_station() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001"]);
    office.post("/test/outside/ring_in", json!({ "from": OUTSIDE, "to": "+3225550100", "name": "" }));
    let mut first = socket.frame().expect("it rings");
    let call = first["callRefID"].as_u64().expect("a reference");
    first.as_object_mut().expect("an object").remove("evtSerialNum");
    let trunk = json!({ "callingDN": OUTSIDE, "calledDN": "1001", "causeCode": 59, "causeMsg": "trunk_call" });
    assert_eq!(first, frame("ringing", "1001", call, trunk.clone()));
    assert_eq!(login.status("1001"), "ring");
    login.leg("call/answer", "1001", call);
    let mut connected = frame("connected", "1001", call, trunk);
    connected["diversionNum"] = json!("");
    socket.expect(&[connected]);
    assert_eq!(login.status("1001"), "trk_talk");
    office.post(&format!("/test/outside/{OUTSIDE}/hang_up"), json!({}));
    let ended = |field: &str, who: &str| json!({ field: who, "causeCode": 48, "causeMsg": "normal_clearing" });
    socket.expect(&[
        frame("releasedasc", "1001", call, ended("releasedAscDN", OUTSIDE)),
        frame("released", "1001", call, ended("releasedDN", "1001")),
    ]);
    office.wait_idle();
    assert_eq!(login.status("1001"), "idle");
}

/// What a command says: nothing where it is carried out.
fn said(login: &Login<'_>, path: &str, device: &str, call: u64) -> Option<u64> {
    let body = match path {
        "call/make" => json!({ "deviceNumber": device, "calledDN": "1004" }),
        _ => json!({ "deviceNumber": device, "callRefID": call }),
    };
    let answer = login.post(path, body);
    (answer.status != 200).then(|| answer.json()["error"]["code"].as_u64().expect("a code"))
}

#[test]
fn wire_each_state_admits_what_the_table_says() {
    let office = house();
    let login = Login::server(&office, "one");
    let (make, answer, clear) = ("call/make", "call/answer", "call/clear_connection");
    let rings = |device: &str| wait_for("it rings", || (login.status(device) == "ring").then_some(()));
    let call = login.make("1001", "1002");
    rings("1002");
    // Alerting: the caller may only leave. Ringing: no call of its own, but the answer.
    assert_eq!([make, answer].map(|path| said(&login, path, "1001", call)), [Some(147), Some(204)]);
    assert_eq!(said(&login, make, "1002", call), Some(147));
    assert_eq!(said(&login, answer, "1002", call), None);
    // Connected, both of them.
    for device in ["1001", "1002"] {
        assert_eq!([make, answer].map(|path| said(&login, path, device, call)), [Some(147), Some(204)], "{device}");
    }
    assert_eq!(said(&login, clear, "1001", call), None);
    office.wait_idle();
    // Idle: the call is over for it; a call that never was is another matter.
    for device in ["1001", "1002"] {
        assert_eq!([answer, clear].map(|path| said(&login, path, device, call)), [Some(204), Some(205)], "{device}");
        assert_eq!([answer, clear].map(|path| said(&login, path, device, call + 7)), [Some(106); 2], "{device}");
    }
    // Ringing once more: to clear is to refuse. Then the caller hears why.
    let call = login.make("1001", "1002");
    rings("1002");
    assert_eq!(said(&login, clear, "1002", call), None);
    wait_for("1002 is idle", || (login.status("1002") == "idle").then_some(()));
    assert_eq!([make, answer].map(|path| said(&login, path, "1001", call)), [Some(147), Some(204)], "busy tone");
    assert_eq!(said(&login, answer, "1002", call), Some(106), "it has left a call that goes on");
    assert_eq!(said(&login, clear, "1001", call), None);
    office.wait_idle();
    assert_eq!(said(&login, make, "1001", 0), None, "idle again");
    proves_partly("IPX-CMD-42", "own hold and conference, and the commands that are not there");
}
