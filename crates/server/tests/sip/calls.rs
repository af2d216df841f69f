//! Calls between phones played by SIPp, in both roles, with digest.

use crate::common;
use common::script::play;
use common::sipp::{Does, Meets, SipPhone};
use common::{Office, wait_for};
use conformance::{proves, proves_partly};
use serde_json::{Value, json};
use std::process::Command;

fn two_phones(office: &Office) -> (SipPhone, SipPhone) {
    let (one, other) = (SipPhone::of(office, "1101"), SipPhone::of(office, "1102"));
    one.register(200);
    other.register(200);
    (one, other)
}

/// The newest record, once there are so many.
fn record(office: &Office, count: usize) -> Value {
    wait_for("the record is written", || {
        let records = office.get("/records?limit=100")["items"].as_array().expect("a list").clone();
        (records.len() >= count).then(|| records[0].clone())
    })
}

fn connection_causes(record: &Value) -> Vec<String> {
    let parts = record["connections"].as_array().expect("a list");
    parts.iter().map(|part| part["cause"].as_str().expect("a cause").to_owned()).collect()
}

/// What `hookswitch trace` draws of a call between two phones: each message in its phone's column, the events between, no credentials.
fn assert_ladder(office: &Office, call: &str) {
    let data = office.data().to_str().expect("utf-8");
    let drawn = Command::new(env!("CARGO_BIN_EXE_hookswitch")).args(["trace", call, "--data", data]).output();
    let text = String::from_utf8(drawn.expect("it runs").stdout).expect("text");
    let told = |line: &str| -> Option<String> {
        let line = line.split_once("  ").filter(|(at, _)| at.ends_with('Z'))?.1.trim_start();
        Some(line.strip_prefix("us ").unwrap_or(line).trim_end_matches(" SIP/2.0").replace("SIP/2.0 ", ""))
    };
    let ladder: Vec<String> = text.lines().filter_map(told).collect();
    let says = |line: &str, start: &str| line.starts_with(start);
    let mut lines = ladder.iter();
    for wanted in [
        "<--- [0] INVITE sip:1102@",
        "---> [0] 401 ",
        "<--- [0] ACK ",
        "<--- [0] INVITE sip:1102@",
        "---> [1] INVITE sip:1102@",
        "<--- [1] 180 ",
        "---> [0] 180 ",
        "<--- [1] 200 ",
        "---> [0] 200 ",
        "<--- [0] BYE ",
        "---> [1] BYE ",
        "<--- [1] 200 ",
    ] {
        assert!(lines.any(|line| says(line, wanted)), "{wanted} in its place:\n{text}");
    }
    assert!(ladder.iter().any(|line| line == "* established"), "{text}");
    assert!(!text.contains("demo-phone") && !text.contains("response="), "{text}");
}

#[test]
fn wire_two_sip_phones_talk() {
    let office = Office::start();
    let (one, other) = two_phones(&office);
    let registered = office.fusion("/xml/dbGetRegistration.json").json();
    let rows = registered.as_array().expect("a list");
    let row = rows.iter().find(|row| row["ID"] == "SDP01101").expect("the phone is listed");
    assert_eq!((row["Registered"].as_str(), row["IPaddress"].as_str()), (Some("1"), Some("127.0.0.1")));
    let callee = other.answer(Does::Answers(50));
    let caller = one.call("1102", &Meets::HangsUp(300));
    caller.finish();
    callee.finish();
    let record = record(&office, 1);
    assert_eq!(connection_causes(&record), ["normal_clearing", "normal_clearing"]);
    assert!(record["talk_ms"].as_u64().expect("a number") >= 300, "{record}");
    let explained = office.get(&format!("/records/{}/explain", record["id"].as_str().expect("an id")));
    assert_eq!(explained["balanced"], json!(true));
    office.wait_idle();
    assert_ladder(&office, record["id"].as_str().expect("an id"));

    // The called side hangs up by the console.
    let callee = other.answer(Does::Answers(0));
    let caller = one.call("1102", &Meets::IsHungUp);
    let connection = wait_for("both talk", || {
        let all = office.get("/connections")["items"].as_array().expect("a list").clone();
        let answered = all.iter().filter(|it| !it["answered_at"].is_null()).count() == 2;
        answered.then(|| all.iter().find(|it| it["placed"] == json!(false)).expect("the called one")["id"].clone())
    });
    let path = format!("/connections/{}/clear_connection", connection.as_str().expect("an id"));
    office.post(&path, json!({}));
    caller.finish();
    callee.finish();
    office.wait_idle();
    proves_partly("SIP-11", "SIPp knows MD5 alone");
}

#[test]
fn wire_refusals_reach_the_calling_phone() {
    let office = Office::start();
    let (one, other) = two_phones(&office);
    let mut calls = 0;
    for (does, expect, cause) in [(486, 486, "busy"), (603, 603, "rejected"), (480, 480, "no_answer")] {
        let callee = other.answer(Does::Refuses(does));
        one.call("1102", &Meets::Refused(expect)).finish();
        callee.finish();
        calls += 1;
        assert_eq!(connection_causes(&record(&office, calls)), [cause], "{does}");
    }
    // No such number; a number whose phone is not registered; do not disturb.
    one.call("1199", &Meets::Refused(404)).finish();
    assert_eq!(connection_causes(&record(&office, calls + 1)), ["invalid_destination"]);
    one.call("1103", &Meets::Refused(480)).finish();
    assert_eq!(connection_causes(&record(&office, calls + 2)), ["unregistered"]);
    let on = office.console("PUT", "/extensions/number:1102/do_not_disturb", Some(json!({ "on": true })));
    assert_eq!(on.status, 200, "{}", on.text);
    one.call("1102", &Meets::Refused(486)).finish();
    assert_eq!(connection_causes(&record(&office, calls + 3)), ["do_not_disturb"]);
    office.console("PUT", "/extensions/number:1102/do_not_disturb", Some(json!({ "on": false })));

    let callee = other.answer(Does::IsCancelled);
    one.call("1102", &Meets::Cancels).finish();
    callee.finish();
    assert_eq!(connection_causes(&record(&office, calls + 4))[0], "normal_clearing");
    office.wait_idle();
    proves_partly("SIP-22", "the tone that an off-hook caller hears comes with sound");
}

#[test]
fn wire_a_wrong_password_gets_nothing_and_the_next_call_works() {
    let office = Office::start();
    let (one, other) = two_phones(&office);
    SipPhone::of(&office, "1103").with_password("wrong").register(401);
    SipPhone::of(&office, "1103").with_password("").register(401);
    let devices = office.get("/devices/number:1103");
    assert_eq!(devices["in_service"], json!(false), "{devices}");
    let callee = other.answer(Does::Answers(0));
    one.call("1102", &Meets::HangsUp(50)).finish();
    callee.finish();
    assert_eq!(record(&office, 1)["connections"].as_array().expect("a list").len(), 2);
}

#[test]
fn wire_click_to_call_rings_the_calling_phone_first() {
    let office = Office::start();
    let (one, other) = two_phones(&office);
    for through in ["fusion", "console"] {
        let first = one.answer(Does::Answers(200));
        let second = other.answer(Does::Answers(50));
        let before = office.get("/snapshot")["seq"].as_u64().expect("a number");
        if through == "fusion" {
            let answer = office.fusion("/xml/ccOriginate.json?phone_id=SDP01101&to=1102");
            assert_eq!(answer.text, "{\"Result\":0}");
        } else {
            let body = json!({ "from": "1101", "to": "1102", "prompt": "ring", "reply": "first_answered" });
            office.post("/calls/make_call", body);
        }
        let call = wait_for("both talk", || {
            let all = office.get("/connections")["items"].as_array().expect("a list").clone();
            let talking = all.len() == 2 && all.iter().all(|it| !it["answered_at"].is_null());
            talking.then(|| all[0]["call"].as_str().expect("an id").to_owned())
        });
        let events = office.get(&format!("/events?detail=facts&from={before}&limit=100"));
        let types: Vec<&str> =
            events["items"].as_array().expect("a list").iter().filter_map(|event| event["type"].as_str()).collect();
        let ladder =
            ["stage_opened", "service_initiated", "prompted", "originated", "stage_opened", "delivered", "established"];
        assert_eq!(types, ladder, "{through}");
        let channels = office.fusion("/xml/ccGetChannels.json").json();
        let links: Vec<&str> =
            channels.as_array().expect("a list").iter().filter_map(|it| it["Link"].as_str()).collect();
        assert_eq!(links.len(), 2);
        assert!(links.iter().all(|link| link.starts_with("SIP/SDP0110")), "{channels}");
        if through == "fusion" {
            let channel = channels[0]["ID"].as_str().expect("an id");
            assert_eq!(office.fusion(&format!("/xml/ccHangup.json?channel_id={channel}")).text, "{\"Result\":0}");
        } else {
            office.post(&format!("/calls/{call}/clear_call"), json!({}));
        }
        first.finish();
        second.finish();
        office.wait_idle();
    }
}

#[test]
fn wire_a_phone_over_tcp_is_gone_with_its_connection() {
    let office = Office::start();
    let phone = SipPhone::of(&office, "1101").over_tcp(&office);
    phone.register(200);
    // The registration's connection went with its process. The phone has a while to come back;
    // until then a call to it fails at once and says so.
    let answer = office.fusion("/xml/ccOriginate.json?phone_id=SDP01101&to=1001");
    assert_eq!(answer.text, "{\"Result\":1}");
    proves_partly("SIP-17", "flows over TLS and WebSocket come with those transports");
}

#[test]
fn wire_malformed_messages_harm_nothing() {
    let office = Office::start();
    let (one, other) = two_phones(&office);
    let server = office.address("sip_udp");
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let here = socket.local_addr().expect("bound");
    socket.set_read_timeout(Some(common::SOON)).expect("a time-out");
    let long = vec![b'x'; 60_000];
    let zeros = [0u8; 1_000];
    let junk: [&[u8]; 6] = [b"", b"\r\n\r\n", b"INVITE", b"INVITE sip:x SIP/2.0\r\nVia: \x00\r\n\r\n", &long, &zeros];
    for octets in junk {
        socket.send_to(octets, server).expect("sent");
    }
    let mut asked = 0;
    let mut ask = |head: &str, cseq: &str, extra: &str| {
        asked += 1;
        format!(
            "{head} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bKmalformed{asked}\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:z@y>\r\n\
             Call-ID: malformed{asked}\r\nCSeq: {cseq}\r\n{extra}Content-Length: 0\r\n\r\n"
        )
    };
    for (message, expect) in [
        (ask("OPTIONS sip:y", "1 OPTIONS", "Max-Forwards: 70\r\n"), "SIP/2.0 200"),
        (ask("OPTIONS sip:y", "one OPTIONS", "Max-Forwards: 70\r\n"), "SIP/2.0 400"),
        (ask("OPTIONS sip:y", "2 OPTIONS", "Max-Forwards: 0\r\n"), "SIP/2.0 483"),
        (ask("OPTIONS sip:y", "3 OPTIONS", "Max-Forwards: 70\r\nRequire: foobar\r\n"), "SIP/2.0 420"),
        (ask("DANCE sip:y", "1 DANCE", "Max-Forwards: 70\r\n"), "SIP/2.0 501"),
    ] {
        socket.send_to(message.as_bytes(), server).expect("sent");
        let mut buffer = [0; 4_096];
        let answer = loop {
            let length = socket.recv(&mut buffer).expect("an answer");
            let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
            // What was half readable among the junk has been answered too.
            if answer.contains("Call-ID: malformed") {
                break answer;
            }
        };
        assert!(answer.starts_with(expect), "{message}\n{answer}");
        assert!(answer.contains("To: <sip:z@y>;tag="), "a To-tag: {answer}");
    }
    let callee = other.answer(Does::Answers(0));
    one.call("1102", &Meets::HangsUp(50)).finish();
    callee.finish();
    office.wait_idle();
    proves("SIP-09");
}

#[test]
fn wire_a_caller_that_asks_not_to_be_shown_is_not() {
    let office = Office::start();
    play(&office, "withheld", "asks");
    office.wait_idle();
}
