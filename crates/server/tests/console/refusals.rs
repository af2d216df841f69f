//! Every refusal that can be provoked: status, type, blame and outcome, and whether anything happened.

use crate::common::{Answer, Office};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

struct Rig {
    office: Office,
    seen: BTreeSet<String>,
}

impl Rig {
    fn seq(&self) -> u64 {
        self.office.get("/calls?limit=1")["seq"].as_u64().expect("a number")
    }

    /// Holds an answer against what is declared; `quiet`: nothing else goes on, so nothing may have happened.
    fn expect(&mut self, answer: &Answer, status: u16, refusal: &str, blame: &str, outcome: &str) -> Value {
        let body = answer.json();
        assert_eq!(answer.status, status, "{refusal}: {body}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(body["type"], json!(format!("/problems/{refusal}")), "{body}");
        assert_eq!(body["status"], json!(status));
        assert_eq!(
            (&body["refusal"], &body["blame"], &body["outcome"]),
            (&json!(refusal), &json!(blame), &json!(outcome))
        );
        if outcome == "unchanged" {
            assert_eq!(body["before"], body["through"], "{body}");
        }
        self.seen.insert(refusal.to_owned());
        body
    }

    /// A command that is refused and changes nothing.
    fn refused(&mut self, path: &str, body: Value, status: u16, refusal: &str, blame: &str) -> Value {
        let before = self.seq();
        let answer = self.office.console("POST", path, Some(body));
        let told = self.expect(&answer, status, refusal, blame, "unchanged");
        assert_eq!(self.seq(), before, "{refusal}: nothing happened");
        told
    }

    fn call(&self, from: &str, to: &str) -> Value {
        self.office.post("/calls/make_call", json!({ "from": from, "to": to, "prompt": "ring" }))["result"].clone()
    }
}

#[test]
fn wire_refusals_say_what_happened() {
    let mut rig = Rig { office: Office::start(), seen: BTreeSet::new() };
    of_the_core(&mut rig);
    of_the_peer(&mut rig);
    of_configuration(&mut rig);
    of_the_edge(&mut rig);
    let all = rig.seen.len();
    assert!(all >= 26, "{all}: {:?}", rig.seen);
    conformance::proves_partly(
        "CON-06",
        "not provoked: restricted, feature_off, not_yours, session_state, peer_rejected, out_of_service, internal, gap expired",
    );
}

fn of_the_core(rig: &mut Rig) {
    rig.refused("/calls/make_call", json!({ "from": "1999", "to": "1002" }), 404, "unknown_device", "caller");
    rig.refused("/calls/make_call", json!({ "from": "1001", "to": "1199" }), 404, "unknown_number", "caller");
    rig.refused("/connections/conn_9999/clear_connection", json!({}), 404, "unknown_connection", "caller");
    rig.refused("/calls/call_9999/clear_call", json!({}), 404, "unknown_connection", "caller");
    let told = rig.refused("/devices/1002/answer_call", json!({}), 409, "no_such_call", "caller");
    assert_eq!(told["wanted"], "alerting");
    let trunk = rig.office.get("/devices?kind=trunk")["items"][0]["id"].as_str().expect("a trunk").to_owned();
    rig.refused("/calls/make_call", json!({ "from": trunk, "to": "1002" }), 422, "destination_kind", "caller");

    let made = rig.call("1001", "1002");
    let connection = made["connection"].as_str().expect("an id").to_owned();
    let idle = json!({ "from": "1001", "to": "1003", "guard": { "device_idle": true } });
    let told = rig.refused("/calls/make_call", idle, 409, "device_state", "caller");
    assert_eq!(told["connections"], json!(1));
    let guarded = json!({ "guard": { "states": ["connected"] } });
    let told =
        rig.refused(&format!("/connections/{connection}/clear_connection"), guarded, 409, "connection_state", "caller");
    assert_eq!(told["found"], "initiated");
    let long = "x".repeat(2_000);
    let told = rig.refused(
        &format!("/connections/{connection}/associate_data"),
        json!({ "data": { "k": long } }),
        422,
        "value",
        "caller",
    );
    assert_eq!(told["errors"][0]["pointer"], "/data");
    rig.office.post(&format!("/connections/{connection}/clear_connection"), json!({}));
    rig.refused(&format!("/connections/{connection}/clear_connection"), json!({}), 410, "already_over", "caller");

    let mut lines = Vec::new();
    let full = loop {
        let body = json!({ "from": "1001", "to": "1002", "prompt": "ring" });
        let answer = rig.office.console("POST", "/calls/make_call", Some(body));
        match answer.status {
            200 => lines.push(answer.json()["result"]["call"].as_str().expect("a call").to_owned()),
            _ => break answer,
        }
        assert!(lines.len() < 100, "a phone has so many lines and no more");
    };
    let told = rig.expect(&full, 503, "resource", "server", "unchanged");
    assert_eq!(told["shortage"], "lines");
    assert!(full.header("retry-after").is_some());
    for call in lines {
        rig.office.post(&format!("/calls/{call}/clear_call"), json!({}));
    }
    let key = [("Idempotency-Key", "again")];
    let with_key = |office: &Office, to: &str| {
        office.console_with("POST", "/calls/make_call", Some(json!({ "from": "1001", "to": to })), &key)
    };
    let call = with_key(&rig.office, "1002").json()["result"]["call"].as_str().expect("a call").to_owned();
    let reused = with_key(&rig.office, "1003");
    rig.expect(&reused, 422, "key_reused", "caller", "unchanged");
    rig.office.post(&format!("/calls/{call}/clear_call"), json!({}));
}

fn of_the_peer(rig: &mut Rig) {
    let unregistered = json!({ "from": "1101", "to": "1002", "first": { "must_be_registered": true } });
    rig.refused("/calls/make_call", unregistered, 409, "unregistered", "peer");
    let scripts =
        [("busy", json!({ "busy": {} })), ("rejected", json!({ "reject": {} })), ("no_answer", json!({ "never": {} }))];
    for (fault, ring) in scripts {
        rig.office.console("PATCH", "/test/phones/1005", Some(json!({ "ring": ring })));
        let before = rig.seq();
        let body = json!({ "from": "1005", "to": "1002", "reply": "first_answered", "first": { "ring_timeout_s": 1 } });
        let answer = rig.office.console("POST", "/calls/make_call", Some(body));
        let told = rig.expect(&answer, 409, "first_leg", "peer", "happened");
        assert_eq!(told["fault"], json!(fault));
        assert_eq!(told["before"], json!(before));
        assert!(told["through"].as_u64() > Some(before), "the call was: {told}");
    }
    let body = json!({ "from": "1005", "to": "1002", "reply": "first_answered", "deadline_ms": 50 });
    let answer = rig.office.console("POST", "/calls/make_call", Some(body));
    rig.expect(&answer, 504, "peer_timeout", "peer", "unknown");
    for call in rig.office.calls() {
        rig.office.post(&format!("/calls/{}/clear_call", call["id"].as_str().expect("an id")), json!({}));
    }
    // A phone that is not told to answer from afar.
    rig.office.post("/test/phones", json!({ "number": "1201" }));
    rig.office.console("PATCH", "/devices/1201", Some(json!({ "remote_answer": false })));
    let made = rig.call("1201", "1002");
    let path = format!("/connections/{}/answer_call", made["connection"].as_str().expect("an id"));
    rig.refused(&path, json!({}), 409, "device_cannot", "peer");
    rig.office.post(&format!("/calls/{}/clear_call", made["call"].as_str().expect("a call")), json!({}));
}

fn of_configuration(rig: &mut Rig) {
    rig.refused("/devices", json!({ "kind": "sip", "number": "1001" }), 409, "name_taken", "caller");
    let in_use = rig.office.console("DELETE", "/devices/1001", None);
    rig.expect(&in_use, 409, "in_use", "caller", "unchanged");
    let stale = rig.office.console_with("PATCH", "/devices/1001", Some(json!({})), &[("If-Match", "\"0\"")]);
    rig.expect(&stale, 412, "precondition", "caller", "unchanged");
}

fn of_the_edge(rig: &mut Rig) {
    let told = rig.refused("/calls/make_call", json!({ "from": "1001", "too": "1002" }), 422, "value", "caller");
    let pointers: Vec<&str> =
        told["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/to", "/too"]);
    let url = format!("http://{}/api/v1/calls/make_call", rig.office.address("console"));
    let bearer = format!("Bearer {}", rig.office.token());
    let auth = ("Authorization", bearer.as_str());
    let broken = rig.office.http("POST", &url, Some("{\"from\":"), &[auth]);
    rig.expect(&broken, 400, "syntax", "caller", "unchanged");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = rig.office.http("POST", &url, Some(&deep), &[auth]);
    rig.expect(&deep, 400, "syntax", "caller", "unchanged");
    let nobody = rig.office.http("POST", &url, Some("{}"), &[]);
    rig.expect(&nobody, 401, "unauthenticated", "rights", "unchanged");
    let text =
        raw(rig, "POST /api/v1/calls/make_call HTTP/1.1", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}");
    assert!(text.starts_with("HTTP/1.1 415") && text.contains("\"media_type\""), "{text}");
    rig.seen.insert("media_type".to_owned());
    let text = raw(rig, "POST /api/v1/calls/make_call HTTP/1.1", "Content-Length: 2000000\r\n", "");
    // Answered before the body comes: a client that goes on sending may find the connection closed.
    assert!(text.starts_with("HTTP/1.1 413") && text.contains("\"size\"") && text.contains("\"unchanged\""), "{text}");
    rig.seen.insert("size".to_owned());
    let unknown = rig.office.console("GET", "/colls", None);
    rig.expect(&unknown, 404, "unknown_path", "caller", "unchanged");
    let unknown = rig.office.console("GET", "/calls/call_9999", None);
    rig.expect(&unknown, 404, "unknown_call", "caller", "unchanged");
    let method = rig.office.console("DELETE", "/calls", None);
    rig.expect(&method, 405, "method", "caller", "unchanged");
    let parameter = rig.office.console("GET", "/calls?colour=red", None);
    let told = rig.expect(&parameter, 422, "value", "caller", "unchanged");
    assert_eq!(told["errors"][0]["pointer"], "/query/colour");
    let not_yet = rig.office.console("GET", "/calls?min_seq=99999999", None);
    rig.expect(&not_yet, 503, "not_yet", "server", "unchanged");
    assert!(not_yet.header("retry-after").is_some());
    let gap = rig.office.console("GET", "/events?from=1&epoch=other", None);
    rig.expect(&gap, 410, "gap", "caller", "unchanged");
    rig.call("1001", "1002");
}

fn raw(rig: &Rig, line: &str, headers: &str, body: &str) -> String {
    let address = rig.office.address("console");
    let mut tcp = TcpStream::connect(address).expect("it listens");
    let token = rig.office.token();
    let request = format!(
        "{line}\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    tcp.write_all(request.as_bytes()).expect("written");
    let mut text = String::new();
    tcp.read_to_string(&mut text).expect("an answer");
    text
}
