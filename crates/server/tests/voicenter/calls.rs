//! Click to call by this door, seen by the others; the listener that is shared; the call log over a crash.

use crate::common::Office;
use crate::request::{C2C, CODE, FIELDS, answer, called, click2call, get, live, log, rows, wait_live, xml};
use serde_json::{Value, json};

#[test]
fn wire_click_to_call_rings_the_right_phone_first_and_every_door_sees_it() {
    let office = Office::start();
    let made = get(&office, &format!("{C2C}?phone=1001&target=1002&code={CODE}&action=call"));
    assert_eq!(made.header("content-type"), Some("text/xml; charset=utf-8"));
    assert_eq!(made.header("access-control-allow-origin"), Some("*"));
    let id = made.text.split("CALLID</name><value><string>").nth(1).and_then(|rest| rest.split('<').next());
    let id = id.expect("a call id").to_owned();
    assert_eq!(made.text, xml(0, "OK", &id));
    let ringing = wait_live(&office, "1001", "Dialing", 0);
    assert_eq!((&ringing["ivrid"], &ringing["direction"]), (&json!(id), &json!("Click2Call")));
    assert!(live(&office, "1002").is_empty(), "the second leg waits for the first");
    // The other doors have the same call.
    assert_eq!(office.calls().len(), 1);
    let channels = office.fusion("/xml/ccGetChannels.json").json();
    assert_eq!((channels.as_array().map(Vec::len), &channels[0]["State"]), (Some(1), &json!("Ringing")));
    answer(&office, "1001");
    let second = wait_live(&office, "1002", "Ringing", 0);
    assert_eq!((&second["ivrid"], &second["direction"]), (&json!(id), &json!("Incoming")));
    assert_eq!((&second["callerphone"], &second["callername"]), (&json!("1001"), &json!("Ada Lovelace")));
    wait_live(&office, "1001", "Talking", 0);
    answer(&office, "1002");
    wait_live(&office, "1001", "Talking", 1);
    wait_live(&office, "1002", "Talking", 1);
    assert!(log(&office, &format!("callID={id}")).is_empty(), "a running call is not in the log");
    assert_eq!(called(&office, "action=terminate&phone=1002"), id);
    assert_eq!(click2call(&office, "action=terminate&phone=1001"), (2, "No active call".to_owned(), String::new()));
    let rows = rows(&office, &id);
    let told: Vec<Value> =
        rows.iter().map(|row| json!([row["Type"], row["DialStatus"], row["RepresentativeName"]])).collect();
    assert_eq!(
        told,
        [json!(["Click2Call leg1", "ANSWER", "Ada Lovelace"]), json!(["Click2Call leg2", "ANSWER", "Ada Lovelace"]),]
    );
    // A call that another door has ordered looks the same here.
    office.post("/calls/make_call", json!({"from": "1003", "to": "1004", "prompt": "ring"}));
    let other = wait_live(&office, "1003", "Dialing", 0);
    assert_eq!(called(&office, "action=terminate&phone=1003"), other["ivrid"].as_str().expect("text"));
    conformance::proves("VOI-LOG-01");
    conformance::proves_partly("VOI-CDR-14", "stages that follow: forwarding, transfer, voicemail, queues");
    conformance::proves_partly("VOI-C2C-03", "a prompt in a language instead of the tone; recording");
}

#[test]
fn wire_the_shared_listener_has_the_same_paths() {
    let office = Office::start();
    let ask =
        |target: &str| office.http("GET", &format!("http://{}{target}", office.address("shared_http")), None, &[]);
    let made = ask(&format!("/forwardDialer/click2call.aspx?code={CODE}&phone=1001&target=1002"));
    assert!(made.status == 200 && made.text.contains("<string>OK</string>"), "{}", made.text);
    wait_live(&office, "1001", "Dialing", 0);
    for (target, expected) in [
        ("/hub/cdr?code=x", "\"ERROR_NUMBER\":2"),
        ("/hub/cdr/?code=demo-voicenter", "\"ERROR_NUMBER\":0"),
        ("/comet/API/GetExtensionsCalls?code=demo-voicenter", "\"callstatus\":\"Dialing\""),
        ("/Comet/api/GetExtensions?code=demo-voicenter&showAll=0", "\"SpeedDial\":\"1020\""),
    ] {
        let answer = ask(target);
        assert!(answer.status == 200 && answer.text.contains(expected), "{target}: {}", answer.text);
    }
    conformance::proves_partly("VOI-ADM-20", "the dialler and the login; TLS of its own");
    conformance::proves_partly("VOI-ADM-02", "the dialler, the login and the web phone");
}

#[test]
fn wire_the_call_log_survives_a_crash_unchanged() {
    let mut office = Office::start();
    let first = called(&office, "phone=1001&target=1002&var_a=1");
    answer(&office, "1001");
    answer(&office, "1002");
    wait_live(&office, "1002", "Talking", 1);
    called(&office, "action=terminate&phone=1001");
    office.wait_idle();
    let before = log(&office, "");
    assert_eq!(before.len(), 2);
    let cut = called(&office, "phone=1003&target=1004");
    wait_live(&office, "1003", "Dialing", 0);
    office.crash_and_restart();
    office.wait_idle();
    assert_eq!(log(&office, &format!("callID={first}")), before, "also the ids of the calls");
    let lost: Vec<Value> =
        log(&office, &format!("{FIELDS}&callID={cut}")).iter().map(|row| row["DialStatus"].clone()).collect();
    assert_eq!(lost.len(), 2, "the call that the crash ended has its rows under the id that was told");
    assert!(lost.contains(&json!("NOTCALLED")), "{lost:?}");
    let second = called(&office, "phone=1001&target=1002");
    assert!(second > cut && cut > first, "ids rise: {first} {cut} {second}");
    conformance::proves("VOI-ADM-23");
}
