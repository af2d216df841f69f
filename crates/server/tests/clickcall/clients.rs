//! Newcomers' clients: Python's standard library, and curl with a file.

use crate::common::Office;
use crate::common::sipp::{Does, SipPhone};
use crate::desk::{Desk, answer_of, wait_states};
use serde_json::{Value, json};
use std::process::Command;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/clickcall");

#[test]
fn wire_a_newcomers_client_places_a_call() {
    let office = Office::start();
    let Desk { stnnum, userid, userpwd } = Desk::of_demo(&office);
    let phone = SipPhone::of(&office, &stnnum);
    phone.register(200);
    let playing = phone.answer(Does::IsCancelled);
    let output = Command::new("python3")
        .arg(format!("{CLIENTS}/click_to_call.py"))
        .args([&office.address("clickcall").to_string(), office.certificate().to_str().expect("utf-8")])
        .args([stnnum.as_str(), &userid, &userpwd, "1002"])
        .output()
        .expect("python3 is there");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let steps: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let step = |name: &str, code: &str, message: &str| {
        json!({
            "step": name, "http": 200, "type": "text/xml; charset=utf-8", "code": code, "message": message,
            "status_id": ""
        })
    };
    let expected = [
        step("call", "100", "OK"),
        step("again", "110", "CALLER_BUSY"),
        step("hangup", "100", "OK"),
        step("wrong", "101", "Auth Fail"),
    ];
    assert_eq!(steps, expected);
    playing.finish();
    office.wait_idle();
}

#[test]
fn wire_curl_posts_a_file() {
    let office = Office::start();
    let phone = SipPhone::of(&office, "1101");
    phone.register(200);
    let playing = phone.answer(Does::Answers(0));
    let curl = |arguments: &[&str]| {
        let output = Command::new("curl")
            .args(["-sS", "--cacert", office.certificate().to_str().expect("utf-8")])
            .args(arguments)
            .arg(format!("https://{}/ipecs_svc", office.address("clickcall")))
            .output()
            .expect("curl is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let file = format!("@{CLIENTS}/request.xml");
    assert_eq!(curl(&["--data-binary", &file]), answer_of(100, "OK"));
    wait_states(&office, &["connected", "alerting"]);
    assert_eq!(curl(&["-F", &format!("file={file};type=text/xml")]), answer_of(110, "CALLER_BUSY"));
    let ended = std::fs::read_to_string(&file[1..]).expect("the file").replace("single", "hangup");
    assert_eq!(curl(&["-d", &ended]), answer_of(100, "OK"));
    playing.finish();
    office.wait_idle();
}
