//! The Voicenter door of the real program: calls rung and ended, the ladders of the vendor's document to the second, limits, bad
//! input, and a newcomer's client.

mod common;

use common::sipp::{Does, SipPhone};
use common::{Answer, Office, SOON, wait_for};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

const CODE: &str = "demo-voicenter";
const C2C: &str = "/ForwardDialer/click2call.aspx";
const FIELDS: &str = "fields=Type,DialStatus,CallerNumber,TargetNumber,CallerExtension,TargetExtension,DateEpoch,Duration,RingTime,\
    CdrType,CallID,RepresentativeName,DialStatus2,CustomData";

fn url(office: &Office, target: &str) -> String {
    format!("http://{}{target}", office.address("voicenter"))
}

fn get(office: &Office, target: &str) -> Answer {
    let answer = office.http("GET", &url(office, target), None, &[]);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text);
    answer
}

/// A Click2Call request by GET, answered in JSON: code, message, call id.
fn click2call(office: &Office, query: &str) -> (u64, String, String) {
    let answer = get(office, &format!("{C2C}?code={CODE}&format=JSON&{query}")).json();
    let text = |name: &str| answer[name].as_str().expect("text").to_owned();
    (answer["ERRORCODE"].as_u64().expect("a number"), text("ERRORMESSAGE"), text("CALLID"))
}

/// A request that must be accepted: its call id.
fn called(office: &Office, query: &str) -> String {
    let (code, message, id) = click2call(office, query);
    assert_eq!((code, message.as_str(), id.len()), (0, "OK", 32), "{query}");
    id
}

/// The live calls of an extension.
fn live(office: &Office, extension: &str) -> Vec<Value> {
    let answer = get(office, &format!("/comet/API/GetExtensionsCalls?code={CODE}&extension={extension}")).json();
    assert_eq!(answer["EXTENSIONS"][0]["username"], extension, "{answer}");
    answer["EXTENSIONS"][0]["calls"].as_array().expect("a list").clone()
}

/// Waits until an extension has one call in this state.
fn wait_live(office: &Office, extension: &str, state: &str, answered: u64) -> Value {
    wait_for(&format!("{extension} is {state}"), || {
        let calls = live(office, extension);
        let fits = |call: &Value| call["callstatus"] == state && call["answered"] == answered;
        (calls.len() == 1 && fits(&calls[0])).then(|| calls[0].clone())
    })
}

/// The call log, newest first.
fn log(office: &Office, query: &str) -> Vec<Value> {
    let answer = get(office, &format!("/hub/cdr/?code={CODE}&{query}")).json();
    assert_eq!(answer["ERROR_NUMBER"], 0, "{query}: {answer}");
    answer["CDR_LIST"].as_array().expect("a list").clone()
}

/// The rows of one call, leg 1 first: the record is there as soon as no call is up.
fn rows(office: &Office, id: &str) -> Vec<Value> {
    office.wait_idle();
    let mut rows = log(office, &format!("{FIELDS}&callID={id}"));
    rows.sort_by_key(|row| row["CdrType"].as_u64());
    rows
}

/// What the ladders of the vendor's document print of a row, its time in seconds since the first one's.
fn ladder(rows: &[Value]) -> Vec<Value> {
    let first = rows[0]["DateEpoch"].as_i64().expect("a number");
    let row = |row: &Value| {
        let at = row["DateEpoch"].as_i64().expect("a number") - first;
        json!([
            row["Type"],
            row["DialStatus"],
            row["CallerNumber"],
            row["TargetNumber"],
            row["CallerExtension"],
            row["TargetExtension"],
            at,
            row["Duration"],
            row["RingTime"],
        ])
    };
    rows.iter().map(row).collect()
}

/// A phone is answered as soon as it rings.
fn answer(office: &Office, phone: &str) {
    wait_for(&format!("{phone} rings and is answered"), || {
        let answered = office.console("POST", &format!("/test/phones/{phone}/answer"), Some(json!({})));
        (answered.status < 300).then_some(())
    });
}

fn script(office: &Office, phone: &str, script: Value) {
    let patched = office.console("PATCH", &format!("/test/phones/{phone}"), Some(script));
    assert_eq!(patched.status, 200, "{}", patched.text);
}

fn xml(code: u8, message: &str, id: &str) -> String {
    let member = |name: &str, value: &str| {
        format!("<member><name>{name}</name><value><string>{value}</string></value></member>")
    };
    let members =
        [member("ERRORCODE", &code.to_string()), member("ERRORMESSAGE", message), member("CALLID", id)].concat();
    format!(
        "<methodResponse><params><param><value><struct>{members}</struct></value></param></params></methodResponse>"
    )
}

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
fn wire_the_ladders_hold_to_the_second() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let pass = |seconds: u64| {
        office.post("/test/clock/advance", json!({"by_ms": seconds * 1_000}));
    };
    let answers = |phone: &str, after_s: u64| {
        script(&office, phone, json!({"ring": {"answer": {"after_ms": after_s * 1_000}}}));
    };
    // V1: answered after 6 and 12 seconds, the second one hangs up after a minute.
    answers("1001", 6);
    let hanging_up = json!({"ring": {"answer": {"after_ms": 12_000}}, "talk": {"hang_up": {"after_ms": 60_000}}});
    script(&office, "1002", hanging_up);
    let id = called(&office, "phone=1001&target=1002&record=true&var_customer=2342");
    pass(90);
    let v1 = rows(&office, &id);
    assert_eq!(
        ladder(&v1),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 72, 6]),
            json!(["Click2Call leg2", "ANSWER", "1001", "1002", "1001", "1002", 6, 60, 12]),
        ]
    );
    assert!(v1.iter().all(|row| row["CustomData"] == json!({"var_customer": "2342"})), "{v1:?}");
    // All records of that call tell the same conversation time.
    let record = &office.get("/records?limit=1")["items"][0];
    let fusion = office.fusion("/xml/dbGetCallHistory.json?ext=1001&limit=1&start_date=2000-01-01").json();
    let billed = &fusion["CallHistory"][0]["billsec"];
    assert_eq!(
        (&record["talk_ms"], billed, &v1[1]["Duration"]),
        (&json!(60_000), &json!("60"), &json!(60)),
        "{record}"
    );
    // V2: nobody answers leg 1; it declines; it is busy; it is unplugged.
    script(&office, "1001", json!({"ring": "never"}));
    let id = called(&office, "phone=1001&target=1002&phonemaxdialtime=45");
    pass(50);
    let not_called = |at: u64| json!(["Click2Call leg2", "NOTCALLED", "1001", "1002", "1001", "1002", at, 0, 0]);
    let first = |status: &str, dial: u64| json!(["Click2Call leg1", status, "1002", "1001", "", "1001", 0, 0, dial]);
    assert_eq!(ladder(&rows(&office, &id)), [first("NOANSWER", 45), not_called(45)]);
    script(&office, "1001", json!({"ring": {"reject": {"after_ms": 4_000}}}));
    let id = called(&office, "phone=1001&target=1002");
    pass(10);
    assert_eq!(ladder(&rows(&office, &id)), [first("BUSY", 4), not_called(4)]);
    script(&office, "1001", json!({"ring": "busy"}));
    let id = called(&office, "phone=1001&target=1002");
    pass(10);
    assert_eq!(ladder(&rows(&office, &id)), [first("BUSY", 0), not_called(0)]);
    office.hand("1001", "unplug", json!({}));
    let id = called(&office, "phone=1001&target=1002");
    assert_eq!(ladder(&rows(&office, &id)), [first("CHANUNAVAIL", 0), not_called(0)]);
    let refused = click2call(&office, "phone=1001&target=1002&checkphonedevicestate=true");
    assert_eq!(refused, (3, "Extension representative offline".to_owned(), String::new()));
    let refused = click2call(&office, "phone=1002&target=1001&checktargetdevicestate=1");
    assert_eq!(refused.0, 3);
    office.hand("1001", "plug_in", json!({}));
    // V3: leg 2 declines after 3 seconds, and leg 1 hears it for five.
    answers("1001", 6);
    script(&office, "1002", json!({"ring": {"reject": {"after_ms": 3_000}}}));
    let id = called(&office, "phone=1001&target=1002");
    pass(20);
    assert_eq!(
        ladder(&rows(&office, &id)),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 8, 6]),
            json!(["Click2Call leg2", "BUSY", "1001", "1002", "1001", "1002", 6, 0, 3]),
        ]
    );
    // V4: the first one hangs up while the second rings.
    script(&office, "1002", json!({"ring": "never"}));
    let id = called(&office, "phone=1001&target=1002");
    pass(12);
    office.hand("1001", "hang_up", json!({}));
    assert_eq!(
        ladder(&rows(&office, &id)),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 6, 6]),
            json!(["Click2Call leg2", "CANCEL", "1001", "1002", "1001", "1002", 6, 0, 6]),
        ]
    );
    // No such number, and nobody answers leg 2.
    let id = called(&office, "phone=1001&target=0544444444&targetcallerid=0722776772");
    pass(20);
    assert_eq!(
        ladder(&rows(&office, &id))[1],
        json!(["Click2Call leg2", "CONGESTION", "0722776772", "972544444444", "1001", "", 6, 0, 0])
    );
    let id = called(&office, "phone=1001&target=1002&targetmaxdialtime=20");
    pass(60);
    assert_eq!(
        ladder(&rows(&office, &id)),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 25, 6]),
            json!(["Click2Call leg2", "NOANSWER", "1001", "1002", "1001", "1002", 6, 0, 20]),
        ]
    );
    // V20, inside.
    script(
        &office,
        "1002",
        json!({"ring": {"answer": {"after_ms": 12_000}}, "talk": {"hang_up": {"after_ms": 33_500}}}),
    );
    office.hand("1003", "dial", json!({"to": "1002"}));
    pass(60);
    let outgoing = &log(&office, &format!("{FIELDS}&extensions=1003"))[..];
    assert_eq!(ladder(outgoing), [json!(["Extension Outgoing", "ANSWER", "1003", "1002", "1003", "1002", 0, 33, 12])]);
    conformance::proves_partly("VOI-CDR-11", "queues, menus and voicemail do not exist");
    conformance::proves_partly("VOI-CDR-07", "VOEND, TE, ABANDONE, VOICEMAIL, INVALIDARGS, NOTDIALED");
    conformance::proves_partly("VOI-CDR-06", "Incoming Call, Extension Outgoing and both Click2Call legs only");
}

#[test]
fn wire_sip_phones_are_rung_in_order_and_shown_whom_the_request_names() {
    let office = Office::start();
    let (one, other) = (SipPhone::of(&office, "1101"), SipPhone::of(&office, "1102"));
    one.register(200);
    other.register(200);
    let (first, second) = (one.answer(Does::Answers(300)), other.answer(Does::Answers(50)));
    let id = called(
        &office,
        "phone=1101&target=1102&phonecallerid=0500000000&phonecallername=Customer&targetcallerid=Anonymous&phoneautoanswer=1",
    );
    let call = wait_live(&office, "1101", "Talking", 1);
    assert_eq!((&call["ivrid"], &call["callerphone"]), (&json!(id), &json!("1102")));
    assert_eq!(live(&office, "1102")[0]["callerphone"], "Anonymous");
    let story = office.get(&format!("/calls/{}/story", office.calls()[0]["id"].as_str().expect("text")));
    let invites: Vec<String> = story["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|item| item["sent"] == true)
        .filter_map(|item| item["text"].as_str())
        .filter(|text| text.starts_with("INVITE sip:"))
        .map(str::to_owned)
        .collect();
    let to = |number: &str| {
        let place = invites.iter().position(|text| text.starts_with(&format!("INVITE sip:{number}@")));
        place.unwrap_or_else(|| panic!("nobody rang {number}: {invites:?}"))
    };
    assert!(to("1101") < to("1102"), "{invites:?}");
    let from = |text: &str| text.lines().find(|line| line.starts_with("From:")).expect("a From").to_owned();
    let (leg1, leg2) = (&invites[to("1101")], &invites[to("1102")]);
    assert!(from(leg1).contains("\"Customer\" <sip:0500000000@"), "{leg1}");
    assert!(
        leg1.contains("Call-Info: ") && leg1.contains("answer-after=0") && leg1.contains("info=alert-autoanswer"),
        "{leg1}"
    );
    assert!(from(leg2).to_lowercase().contains("anonymous") && leg2.contains("Privacy: id"), "{leg2}");
    assert!(!leg2.contains("answer-after=0"), "{leg2}");
    assert_eq!(called(&office, "action=terminate&phone=1102"), id);
    first.finish();
    second.finish();
    let rows = rows(&office, &id);
    let callers: Vec<&str> = rows.iter().filter_map(|row| row["CallerNumber"].as_str()).collect();
    assert_eq!(callers, ["0500000000", "Anonymous"]);
    // A phone that refuses.
    let refusing = one.answer(Does::Refuses(486));
    let id = called(&office, "phone=1101&target=1102");
    refusing.finish();
    let statuses: Vec<String> =
        self::rows(&office, &id).iter().map(|row| row["DialStatus"].as_str().expect("text").to_owned()).collect();
    assert_eq!(statuses, ["BUSY", "NOTCALLED"]);
    conformance::proves("VOI-C2C-06");
    conformance::proves("VOI-C2C-07");
    conformance::proves_partly("VOI-C2C-02", "recording, prompt language, voicemail, customer trunks and logins");
}

#[test]
fn wire_the_vendors_sample_request_works() {
    let office = Office::start();
    // A line break stands in the body, and neither action nor format is given.
    let body =
        format!("code={CODE}&phone=1001&phonecallerid=0500000000&target=1002\n&targetcallerid=0544444444&record=true");
    let answer = Command::new("curl")
        .args(["-sS", "--max-time", "20", "-d", &body, &url(&office, "/ForwardDialer/click2call.aspx")])
        .output()
        .expect("curl is there");
    let text = String::from_utf8(answer.stdout).expect("text");
    let id = text.split("CALLID</name><value><string>").nth(1).and_then(|rest| rest.split('<').next()).expect("an id");
    assert_eq!(text, xml(0, "OK", id));
    assert_eq!(called(&office, "action=terminate&phone=1001"), id);
    conformance::proves("VOI-C2C-21");
}

#[test]
fn wire_a_newcomers_client_places_a_call() {
    let office = Office::start();
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/voicenter/click_to_call.py");
    let client = Command::new("python3")
        .args([client, &office.address("voicenter").to_string(), CODE, "1001", "1002"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is there");
    answer(&office, "1001");
    answer(&office, "1002");
    let output = client.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let steps: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("{name}: {text}"));
    assert_eq!((&step("extensions")["phone"], &step("extensions")["count"]), (&json!("Ada Lovelace"), &json!(40)));
    let id = &step("call")["CALLID"];
    assert_eq!((&step("call")["ERRORCODE"], &step("call")["ERRORMESSAGE"]), (&json!("0"), &json!("OK")));
    assert_eq!(step("talking")["directions"], json!(["Click2Call", "Incoming"]));
    assert_eq!(step("talking")["others"], json!(["1002", "1001"]));
    assert_eq!((&step("terminate")["CALLID"], &step("terminate")["ERRORCODE"]), (id, &json!(0)));
    assert_eq!((&step("again")["ERRORCODE"], &step("again")["ERRORMESSAGE"]), (&json!(2), &json!("No active call")));
    let mut rows = step("log")["rows"].as_array().expect("a list").clone();
    rows.sort_by_key(|row| row["Type"].as_str().map(str::to_owned));
    let told: Vec<Value> = rows.iter().map(|row| json!([row["Type"], row["DialStatus"], row["CustomData"]])).collect();
    let custom = json!({"var_customer": "2342"});
    assert_eq!(told, [json!(["Click2Call leg1", "ANSWER", custom]), json!(["Click2Call leg2", "ANSWER", custom])]);
}

#[test]
fn wire_refusals_limits_and_trust_are_configured() {
    let office = Office::configured(
        "[voicenter]\nrequests_per_s = 2\nlog_requests_per_min = 3\nlog_records = 1\n\
         [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n[[station]]\nnumber = \"202\"\nkind = \"simulated\"\nno_click_to_call = true\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n",
    );
    let ask = |query: &str| {
        let answer = get(&office, &format!("{C2C}?code=letmein&format=json&{query}")).json();
        (answer["ERRORCODE"].as_u64().expect("a number"), answer["ERRORMESSAGE"].as_str().expect("text").to_owned())
    };
    wait_for("the blocked one is told", || {
        let refused = ask("phone=202&target=201");
        (refused == (4, "Extension blocked for Click2Call calls".to_owned())).then_some(())
    });
    wait_for("too many in a second", || {
        let refused = ask("phone=201&target=0500000000");
        (refused == (2, "Request limit exceeded. Please try again later.".to_owned())).then_some(())
    });
    let log = |query: &str| get(&office, &format!("/hub/cdr/?code=letmein&{query}")).json()["ERROR_NUMBER"].clone();
    assert_eq!(log("fromdate=2020-01-02&todate=2020-01-01"), 5);
    assert_eq!(log("code2=x&todate=2000-01-01"), 0);
    assert_eq!(log("todate=2000-01-01"), 0);
    assert_eq!(log("todate=2000-01-01"), 1);
    assert_eq!(get(&office, "/hub/cdr/?code=other").json()["ERROR_NUMBER"], 2);

    let office = Office::configured(
        "[voicenter]\ntrusted = [\"192.0.2.1\"]\ntrusted_everywhere = true\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n",
    );
    let refused = get(&office, "/hub/cdr?code=letmein").json();
    assert_eq!(
        (&refused["ERROR_NUMBER"], &refused["ERROR_DESCRIPTION"]),
        (&json!(4), &json!("IP address 127.0.0.1 is not trusted."))
    );
    assert_eq!(get(&office, &format!("{C2C}?code=letmein")).text, xml(1, "IP address 127.0.0.1 is not trusted.", ""));
    assert_eq!(get(&office, "/Comet/api/GetExtensions?code=letmein").json()["DESC"], "Authorization failed.");
    conformance::proves_partly("VOI-ADM-03", "forwarded headers of a proxy");

    let office = Office::configured(
        "[voicenter]\nrequests_per_s = 1000\n[limits]\ncalls = 1\n[[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n\
         [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n[[station]]\nnumber = \"202\"\nkind = \"simulated\"\n",
    );
    let ask = |query: &str| {
        let answer = get(&office, &format!("{C2C}?code=letmein&format=json&{query}")).json();
        (answer["ERRORCODE"].as_u64().expect("a number"), answer["ERRORMESSAGE"].as_str().expect("text").to_owned())
    };
    assert_eq!(ask("phone=201&target=0500000000").0, 0);
    assert_eq!(
        ask("phone=202&target=0500000000"),
        (2, "No free line".to_owned()),
        "the organisation's calls are counted"
    );
    assert_eq!(ask("action=terminate&phone=201").0, 0);
    assert_eq!(ask("phone=202&target=0500000000").0, 0);
    conformance::proves_partly("VOI-LIM-09", "the dialler; 100 calls are no default");
}

/// Writes octets and gives all that comes back until the end.
fn exchange(office: &Office, octets: &[u8]) -> String {
    let mut socket = TcpStream::connect(office.address("voicenter")).expect("the port listens");
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    // A server that has seen enough closes: the rest cannot be written then.
    let _ = socket.write_all(octets);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Resident memory in KiB.
fn resident(office: &Office) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.pid())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a figure");
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number")
}

#[test]
fn wire_bad_input_gets_the_doors_own_error_and_the_next_call_works() {
    let office = Office::start();
    let close = "Connection: close\r\n";
    let post = |kind: &str, body: &str| {
        let len = body.len();
        format!("POST {C2C} HTTP/1.1\r\nHost: v\r\n{close}Content-Type: {kind}\r\nContent-Length: {len}\r\n\r\n{body}")
    };
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"{}\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&a;&x;</l>",
        "z".repeat(10_000)
    );
    let deep = "[".repeat(100_000);
    let flood: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let wide = format!("X: {}\r\n", "y".repeat(500_000));
    let split = format!(
        "GET {C2C}?code={CODE}&phone=1001&target=1002%0D%0AX-Injected:%201&format=json HTTP/1.1\r\nHost: v\r\n{close}\r\n"
    );
    let invalid = xml(1, "Request is invalid", "");
    for (what, octets, expected) in [
        ("cut JSON", post("application/json", "{\"code\":\"demo-voicenter\",\"phone\":"), invalid.as_str()),
        ("deep JSON", post("application/json", &deep), &invalid),
        ("XML", post("text/xml", "<methodCall><params/></methodCall>"), &invalid),
        ("an entity bomb", post("application/xml", &bomb), &invalid),
        ("another character set", post("application/json; charset=utf-16", "{}"), &invalid),
        (
            "a form of nothing",
            post("application/x-www-form-urlencoded", "&&&==&%&%%&%zz"),
            &xml(1, "Code is missing", ""),
        ),
        ("a line break in a number", split, "Target is invalid"),
        ("header fields without end", format!("GET {C2C} HTTP/1.1\r\nHost: v\r\n{flood}\r\n"), "HTTP/1.1 431"),
        ("no HTTP", "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        (
            "two lengths",
            format!("POST {C2C} HTTP/1.1\r\nHost: v\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy"),
            "HTTP/1.1 400",
        ),
        ("an unknown path", format!("GET /nothing HTTP/1.1\r\nHost: v\r\n{close}\r\n"), "HTTP/1.1 404"),
        ("another method", format!("PATCH {C2C} HTTP/1.1\r\nHost: v\r\n{close}\r\n"), "HTTP/1.1 405"),
    ] {
        let answer = exchange(&office, octets.as_bytes());
        assert!(answer.contains(expected), "{what}: {expected} in {answer}");
        assert!(!answer.contains("X-Injected"), "{what}: {answer}");
    }
    // A head beyond all measure is cut off, wherever the server had got to.
    let told = exchange(&office, format!("GET {C2C} HTTP/1.1\r\nHost: v\r\n{wide}\r\n").as_bytes());
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 431"), "{told}");
    // 64 MiB are not taken in: the door answers when it has seen enough, and keeps nothing.
    let before = resident(&office);
    let head =
        format!("POST {C2C} HTTP/1.1\r\nHost: v\r\nContent-Type: application/json\r\nContent-Length: 67108864\r\n\r\n");
    for _ in 0..4 {
        let mut octets = head.clone().into_bytes();
        octets.resize(octets.len() + 67_108_864, b' ');
        let answer = exchange(&office, &octets);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
    let chunks = "4000\r\n".to_owned() + &"a".repeat(0x4000) + "\r\n";
    let chunked = format!("POST {C2C} HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunks.repeat(40));
    let told = exchange(&office, chunked.as_bytes());
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 413"), "{told}");
    let grown = resident(&office).saturating_sub(before);
    assert!(grown < 32_768, "{grown} KiB were kept");
    // One that is slow and one that is cut hinder nobody, and a call works after all that.
    let mut slow = TcpStream::connect(office.address("voicenter")).expect("the port listens");
    let request = format!("GET {C2C}?code={CODE}&phone=1003&format=json HTTP/1.1\r\nHost: v\r\n{close}\r\n");
    let (start, rest) = request.split_at(30);
    for octet in start.bytes() {
        slow.write_all(&[octet]).expect("taken");
    }
    let mut cut = TcpStream::connect(office.address("voicenter")).expect("the port listens");
    cut.write_all(format!("GET {C2C}?code={CODE}&phone=1001&target=1002 HTTP/1.1\r\nHost: v\r\n\r\n").as_bytes())
        .expect("taken");
    wait_live(&office, "1001", "Dialing", 0);
    drop(cut);
    let mut half = TcpStream::connect(office.address("voicenter")).expect("the port listens");
    half.write_all(
        format!("POST {C2C} HTTP/1.1\r\nHost: v\r\nContent-Length: 500\r\n\r\ncode={CODE}&phone=1005").as_bytes(),
    )
    .expect("taken");
    drop(half);
    answer(&office, "1001");
    answer(&office, "1002");
    wait_live(&office, "1002", "Talking", 1);
    slow.write_all(rest.as_bytes()).expect("taken");
    slow.set_read_timeout(Some(SOON)).expect("a time-out");
    let mut told = String::new();
    slow.read_to_string(&mut told).expect("an answer");
    assert!(told.ends_with("{\"ERRORCODE\":1,\"ERRORMESSAGE\":\"Target is missing\",\"CALLID\":\"\"}"), "{told}");
    assert!(live(&office, "1005").is_empty(), "a request that was cut off is none");
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

#[test]
fn wire_bad_input_at_the_call_log_and_the_lists_gets_their_own_error() {
    let office = Office::start();
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"{}\"><!ENTITY b \"{}\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&b;&x;</l>",
        "z".repeat(1_000),
        "&a;".repeat(1_000)
    );
    let deep_json = format!("{{\"code\":\"{CODE}\",\"search\":{}", "{\"search\":".repeat(20_000));
    let many = format!("code={CODE}&{}", "phones=1&".repeat(10_000));
    let cut = format!("{{\"code\":\"{CODE}\",\"search\":{{\"fromdate\":");
    let utf16: String = format!("{{\"code\":\"{CODE}\"}}").chars().flat_map(|c| [c, '\0']).collect();
    let parts = format!("--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n{CODE}");
    for (path, unread) in [
        ("/hub/cdr/", "\"ERROR_NUMBER\":2"),
        ("/comet/API/GetExtensionsCalls", "\"ERR\":1"),
        ("/Comet/api/GetExtensions", "\"ERR\":1"),
    ] {
        let ask = |kind: &str, body: &[u8]| {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: v\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            exchange(&office, &[head.as_bytes(), body].concat())
        };
        for (what, kind, body) in [
            ("cut JSON", "application/json", cut.as_bytes()),
            ("deep JSON", "application/json", deep_json.as_bytes()),
            ("a list", "application/json", b"[1]".as_slice()),
            ("UTF-16", "application/json", utf16.as_bytes()),
            ("no UTF-8", "application/json", b"{\"code\":\"\xff\"}"),
            ("another character set", "application/json; charset=windows-1255", b"{}"),
            ("XML", "text/xml", bomb.as_bytes()),
            ("parameters without end", "application/x-www-form-urlencoded", many.as_bytes()),
            ("cut parts", "multipart/form-data; boundary=b", parts.as_bytes()),
        ] {
            let answer = ask(kind, body);
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(unread), "{path} {what}: {answer}");
        }
        // A body beyond the bound, a head beyond it, a method that there is not.
        let told = ask("application/json", &vec![b' '; 1 << 20]);
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 413"), "{path}: {told}");
        let flood: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
        let told = exchange(&office, format!("GET {path} HTTP/1.1\r\nHost: v\r\n{flood}\r\n").as_bytes());
        assert!(told.starts_with("HTTP/1.1 431"), "{path}: {told}");
        let told = exchange(&office, format!("PUT {path} HTTP/1.1\r\nHost: v\r\nConnection: close\r\n\r\n").as_bytes());
        assert!(told.starts_with("HTTP/1.1 405"), "{path}: {told}");
        // Cut off in the head and in the body.
        for part in [
            format!("GET {path}?code={CODE} HT"),
            format!("POST {path} HTTP/1.1\r\nHost: v\r\nContent-Length: 99\r\n\r\ncode"),
        ] {
            let mut socket = TcpStream::connect(office.address("voicenter")).expect("the port listens");
            socket.write_all(part.as_bytes()).expect("taken");
            drop(socket);
        }
    }
    // The next requests work.
    assert!(log(&office, "").is_empty());
    let lists = get(&office, &format!("/Comet/api/GetExtensions?code={CODE}")).json();
    assert_eq!((&lists["ERR"], lists["EXTENSIONS"].as_array().map(Vec::len)), (&json!(0), Some(40)));
    let id = called(&office, "phone=1001&target=1002");
    assert_eq!(called(&office, "action=terminate&phone=1001"), id);
}
