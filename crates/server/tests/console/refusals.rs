//! Every refusal that the description declares, provoked: status, type, blame and outcome as declared, and whether anything
//! happened.

use crate::common::ringing::Ringing;
use crate::common::{Answer, Office, SOON, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

struct Rig {
    office: Office,
    provoked: BTreeSet<String>,
}

impl Rig {
    fn seq(&self) -> u64 {
        self.office.get("/calls?limit=1")["seq"].as_u64().expect("a number")
    }

    /// Holds an answer against what is declared for this refusal.
    fn expect(&mut self, answer: &Answer, refusal: &str) -> Value {
        let body = answer.json();
        let described = self.office.described();
        let declared = described.refusals().get(refusal).unwrap_or_else(|| panic!("{refusal} is not declared"));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(json!(answer.status), declared["status"], "{refusal}: {body}");
        assert_eq!(body["type"], json!(format!("/problems/{refusal}")), "{body}");
        for (field, wanted) in [
            ("status", &declared["status"]),
            ("refusal", &json!(refusal)),
            ("blame", &declared["blame"]),
            ("outcome", &declared["outcome"]),
        ] {
            assert_eq!(&body[field], wanted, "{refusal}: {field}");
        }
        if declared["outcome"] == "unchanged" {
            assert_eq!(body["before"], body["through"], "{body}");
        }
        if declared["status"] == 503 || declared["status"] == 429 {
            assert!(answer.header("retry-after").is_some(), "{refusal} says when to come back");
        }
        self.provoked.insert(refusal.to_owned());
        body
    }

    /// A write that is refused while nothing else goes on, and changes nothing.
    fn quiet(&mut self, refusal: &str, answer: impl FnOnce(&Office) -> Answer) -> Value {
        let before = self.seq();
        let answer = answer(&self.office);
        let told = self.expect(&answer, refusal);
        assert_eq!(told["outcome"], "unchanged");
        assert_eq!(
            (&told["before"], &told["through"]),
            (&json!(before), &json!(before)),
            "{refusal} says where nothing happened: {told}"
        );
        assert_eq!(self.seq(), before, "{refusal}: nothing happened");
        told
    }

    /// A POST that is refused and changes nothing.
    fn refused(&mut self, path: &str, body: Value, refusal: &str) -> Value {
        self.quiet(refusal, |office| office.console("POST", path, Some(body)))
    }

    /// A read that is refused.
    fn unread(&mut self, path: &str, refusal: &str) -> Value {
        let answer = self.office.console("GET", path, None);
        self.expect(&answer, refusal)
    }

    fn call(&self, from: &str, to: &str) -> Value {
        self.office.post("/calls/make_call", json!({ "from": from, "to": to, "prompt": "ring" }))["result"].clone()
    }

    fn clear_all(&self) {
        for call in self.office.calls() {
            self.office.post(&format!("/calls/{}/clear_call", call["id"].as_str().expect("an id")), json!({}));
        }
    }
}

#[test]
fn wire_refusals_say_what_happened() {
    let mut rig = Rig { office: Office::start(), provoked: BTreeSet::new() };
    of_the_core(&mut rig);
    of_the_peer(&mut rig);
    of_configuration(&mut rig);
    of_what_is_unknown(&mut rig);
    of_the_edge(&mut rig);
    of_rights(&mut rig);
    of_ourselves(&mut rig);
    let described = rig.office.described();
    let declared: BTreeSet<String> = described.refusals().keys().cloned().collect();
    assert_eq!(rig.provoked, declared, "what is declared was provoked, and nothing else came");
    conformance::proves("CON-06");
}

fn of_the_core(rig: &mut Rig) {
    rig.refused("/calls/make_call", json!({ "from": "1999", "to": "1002" }), "unknown_device");
    rig.refused("/calls/make_call", json!({ "from": "1001", "to": "1199" }), "unknown_number");
    rig.refused("/connections/conn_9999/clear_connection", json!({}), "unknown_connection");
    rig.refused("/calls/call_9999/clear_call", json!({}), "unknown_connection");
    let told = rig.refused("/devices/1002/answer_call", json!({}), "no_such_call");
    assert_eq!(told["wanted"], "alerting");
    let trunk = rig.office.get("/devices?kind=trunk")["items"][0]["id"].as_str().expect("a trunk").to_owned();
    rig.refused("/calls/make_call", json!({ "from": trunk, "to": "1002" }), "destination_kind");
    let barred = |rig: &Rig, list: Value| {
        let answer = rig.office.console("PATCH", "/devices/1001", Some(json!({ "barred": list })));
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    barred(rig, json!(["1002"]));
    rig.refused("/calls/make_call", json!({ "from": "1001", "to": "1002" }), "restricted");
    barred(rig, json!([]));

    let made = rig.call("1001", "1002");
    let connection = made["connection"].as_str().expect("an id").to_owned();
    let idle = json!({ "from": "1001", "to": "1003", "guard": { "device_idle": true } });
    let told = rig.refused("/calls/make_call", idle, "device_state");
    assert_eq!(told["connections"], json!(1));
    for (field, value) in [("states", json!(["alerting"])), ("other_party", json!("1002"))] {
        let guarded = json!({ "from": "1003", "to": "1004", "guard": { field: value } });
        let told = rig.refused("/calls/make_call", guarded, "value");
        assert_eq!(
            told["errors"][0]["pointer"],
            format!("/guard/{field}"),
            "there is no call yet that it could be about"
        );
    }
    let guarded = json!({ "guard": { "states": ["connected"] } });
    let told = rig.refused(&format!("/connections/{connection}/clear_connection"), guarded, "connection_state");
    assert_eq!(told["found"], "initiated");
    let long = json!({ "data": { "k": "x".repeat(2_000) } });
    let told = rig.refused(&format!("/connections/{connection}/associate_data"), long, "value");
    assert_eq!(told["errors"][0]["pointer"], "/data");
    rig.office.post(&format!("/connections/{connection}/clear_connection"), json!({}));
    rig.refused(&format!("/connections/{connection}/clear_connection"), json!({}), "already_over");

    let full = loop {
        let before = rig.seq();
        let body = json!({ "from": "1001", "to": "1002", "prompt": "ring" });
        let answer = rig.office.console("POST", "/calls/make_call", Some(body));
        if answer.status != 200 {
            assert_eq!(rig.seq(), before, "nothing happened");
            break answer;
        }
        assert!(rig.office.calls().len() < 100, "a phone has so many lines and no more");
    };
    let told = rig.expect(&full, "resource");
    assert_eq!(
        (&told["shortage"], &told["detail"]),
        (&json!("lines"), &json!("The device is busy: all its lines are taken"))
    );
    rig.clear_all();
    let key = [("Idempotency-Key", "again")];
    let with_key = |office: &Office, to: &str| {
        office.console_with("POST", "/calls/make_call", Some(json!({ "from": "1001", "to": to })), &key)
    };
    let made = with_key(&rig.office, "1002");
    let through = made.json()["through"].as_u64().expect("it was carried out");
    // Its phone is rung when the command is on disk, which the answer does not wait for.
    wait_for("its phone rings", || (rig.seq() > through).then_some(()));
    rig.quiet("key_reused", |office| with_key(office, "1003"));
    rig.clear_all();
}

fn of_the_peer(rig: &mut Rig) {
    let unregistered = json!({ "from": "1101", "to": "1002", "first": { "must_be_registered": true } });
    rig.refused("/calls/make_call", unregistered, "unregistered");
    let scripts =
        [("busy", json!({ "busy": {} })), ("rejected", json!({ "reject": {} })), ("no_answer", json!({ "never": {} }))];
    for (fault, ring) in scripts {
        rig.office.console("PATCH", "/test/phones/1005", Some(json!({ "ring": ring })));
        let before = rig.seq();
        let body = json!({ "from": "1005", "to": "1002", "reply": "first_answered", "first": { "ring_timeout_s": 1 } });
        let answer = rig.office.console("POST", "/calls/make_call", Some(body));
        let told = rig.expect(&answer, "first_leg");
        assert_eq!(told["fault"], json!(fault));
        assert_eq!(told["before"], json!(before));
        assert!(told["through"].as_u64() > Some(before), "the call was: {told}");
    }
    let body = json!({ "from": "1005", "to": "1002", "reply": "first_answered", "deadline_ms": 50 });
    let answer = rig.office.console("POST", "/calls/make_call", Some(body));
    rig.expect(&answer, "peer_timeout");
    rig.clear_all();

    // A phone that was told to answer, and is gone before it does.
    let made = rig.call("1005", "1002");
    let path = format!("/connections/{}/answer_call", made["connection"].as_str().expect("an id"));
    let answer = std::thread::scope(|scope| {
        let office = &rig.office;
        let asked = scope.spawn(|| office.console_with("POST", &path, Some(json!({})), &[("Idempotency-Key", "lift")]));
        wait_for("the phone is being told", || {
            let known = office.console("GET", "/requests/lift", None);
            (known.status == 200 && known.json()["state"] == "pending").then_some(())
        });
        office.post(&format!("/calls/{}/clear_call", made["call"].as_str().expect("a call")), json!({}));
        asked.join().expect("no panic")
    });
    rig.expect(&answer, "peer_rejected");

    // A phone that is not told to answer from afar.
    rig.office.post("/test/phones", json!({ "number": "1201" }));
    rig.office.console("PATCH", "/devices/1201", Some(json!({ "remote_answer": false })));
    let made = rig.call("1201", "1002");
    let path = format!("/connections/{}/answer_call", made["connection"].as_str().expect("an id"));
    rig.refused(&path, json!({}), "device_cannot");
    rig.clear_all();
}

fn of_configuration(rig: &mut Rig) {
    rig.refused("/devices", json!({ "kind": "sip", "number": "1001" }), "name_taken");
    rig.quiet("session_state", |office| office.console("DELETE", "/application_sessions/1001", None));
    rig.quiet("in_use", |office| office.console("DELETE", "/devices/1001", None));
    rig.office.hand("1003", "dial", json!({ "to": "1002" }));
    wait_for("it rings", || {
        rig.office
            .calls()
            .iter()
            .any(|call| call["connections"].as_array().is_some_and(|all| all.len() == 2))
            .then_some(())
    });
    rig.quiet("in_use", |office| office.console("DELETE", "/extensions/1002", None));
    rig.quiet("in_use", |office| office.console("DELETE", "/extensions/1003", None));
    rig.clear_all();
    let shorter = json!({ "resource": "SDP0100" });
    rig.quiet("name_taken", |office| office.console("PATCH", "/devices/1001", Some(shorter.clone())));
    let stale = [("If-Match", "\"0\"")];
    rig.quiet("precondition", |office| office.console_with("PATCH", "/devices/1001", Some(json!({})), &stale));
}

fn of_what_is_unknown(rig: &mut Rig) {
    rig.unread("/colls", "unknown_path");
    rig.unread("/calls/call_9999", "unknown_call");
    rig.unread("/connections/conn_9999", "unknown_connection");
    rig.unread("/devices/1999", "unknown_device");
    rig.unread("/extensions/1999", "unknown_number");
    rig.unread("/requests/never-sent", "unknown_request");
    rig.quiet("unknown_session", |office| office.console("DELETE", "/sessions/login_9999", None));
    rig.quiet("unknown_token", |office| office.console("DELETE", "/tokens/tok_9999", None));
    rig.unread("/tokens/tok_9999", "unknown_token");
    rig.quiet("unknown_push", |office| office.console("POST", "/parked_pushes/9999/replay", None));
    rig.unread("/doors/none/sessions", "unknown_door");
    rig.unread("/records/call_9999", "unknown_call");
    let told = rig.unread("/records?cursor=call_9999", "value");
    assert_eq!(told["errors"][0]["pointer"], "/query/cursor");
    let method = rig.office.console("DELETE", "/calls", None);
    rig.expect(&method, "method");
}

fn of_the_edge(rig: &mut Rig) {
    let told = rig.refused("/calls/make_call", json!({ "from": "1001", "too": "1002" }), "value");
    let pointers: Vec<&str> =
        told["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/to", "/too"]);
    let url = format!("http://{}/api/v1/calls/make_call", rig.office.address("console"));
    let bearer = format!("Bearer {}", rig.office.token());
    let auth = ("Authorization", bearer.as_str());
    rig.quiet("syntax", |office| office.http("POST", &url, Some("{\"from\":"), &[auth]));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    rig.quiet("syntax", |office| office.http("POST", &url, Some(&deep), &[auth]));
    rig.quiet("media_type", |office| raw(office, "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"));
    // Answered before the body comes: a client that goes on sending may find the connection closed.
    rig.quiet("size", |office| raw(office, "Content-Length: 2000000\r\n", ""));
    rig.quiet("too_slow", |office| raw(office, "Content-Length: 20\r\n", "{"));
    let told = rig.unread("/calls?colour=red", "value");
    assert_eq!(told["errors"][0]["pointer"], "/query/colour");
    rig.unread("/calls?min_seq=99999999", "not_yet");
    let told = rig.unread("/events?from=1&epoch=other", "gap");
    assert_eq!(told["reason"], "epoch");
    rig.refused("/test/clock/advance", json!({ "by_ms": 1 }), "clock_state");
}

fn of_rights(rig: &mut Rig) {
    let root = format!("http://{}", rig.office.address("console"));
    let url = format!("{root}/api/v1/calls/make_call");
    rig.quiet("unauthenticated", |office| office.http("POST", &url, Some("{}"), &[]));
    let wanted = json!({ "label": "reads only", "scopes": ["calls:read"] });
    let token = rig.office.post("/tokens", wanted)["token"].as_str().expect("it is shown").to_owned();
    let bearer = format!("Bearer {token}");
    let told = rig.quiet("scope", |office| office.http("POST", &url, Some("{}"), &[("Authorization", &bearer)]));
    assert_eq!(told["scope"], "calls:control");

    let sessions = format!("{root}/api/v1/sessions");
    let account = &rig.office.demo["accounts"]["console"];
    let right = json!({ "user": account["user"], "password": account["password"] }).to_string();
    let opened = rig.office.http("POST", &sessions, Some(&right), &[]);
    let cookie = opened.header("set-cookie").and_then(|it| it.split(';').next()).expect("a cookie").to_owned();
    rig.quiet("origin", |office| {
        office.http("POST", &url, Some("{}"), &[("Cookie", &cookie), ("Origin", "http://evil.example")])
    });
    let wrong = json!({ "user": "guessed", "password": "wrong" }).to_string();
    let log_in = || rig.office.http("POST", &sessions, Some(&wrong), &[]);
    let failed: Vec<u16> = (0..10).map(|_| log_in().status).collect();
    assert_eq!(failed, [401; 10]);
    let locked = log_in();
    rig.expect(&locked, "rate_limited");
}

/// The disk that fails us, and the exchange that stops while a phone has not yet let go.
fn of_ourselves(rig: &mut Rig) {
    std::fs::write(rig.office.data().join("backups"), "no directory").expect("written");
    let answer = rig.office.console("POST", "/backups", Some(json!({ "name": "b.db" })));
    rig.expect(&answer, "internal");

    let phone = Ringing::at(&rig.office, "1101");
    let call = rig.call("1101", "1002")["call"].as_str().expect("a call").to_owned();
    wait_for("the phone rings, and says so", || {
        let story = rig.office.get(&format!("/calls/{call}/story"));
        let said = |item: &Value| item["text"].as_str().is_some_and(|text| text.starts_with("SIP/2.0 180"));
        story["items"].as_array().expect("items").iter().any(said).then_some(())
    });
    assert_eq!(phone.calls(), 1);
    let pid = rig.office.pid().to_string();
    assert!(std::process::Command::new("kill").arg(pid).status().expect("kill runs").success());
    let answer = wait_for("it stops taking commands", || {
        let body = json!({ "from": "1003", "to": "1004" });
        let answer = rig.office.console("POST", "/calls/make_call", Some(body));
        (answer.status != 200).then_some(answer)
    });
    rig.expect(&answer, "out_of_service");
}

/// A request written by hand.
fn raw(office: &Office, headers: &str, body: &str) -> Answer {
    let address = office.address("console");
    let mut tcp = TcpStream::connect(address).expect("it listens");
    let token = office.token();
    let line = "POST /api/v1/calls/make_call HTTP/1.1";
    let request = format!(
        "{line}\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    tcp.write_all(request.as_bytes()).expect("written");
    let mut text = String::new();
    tcp.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()));
    Answer { status, headers: headers.collect(), text: body.to_owned() }
}

/// RFC 9112 section 9.6: a client that keeps its connections has to know that this one ends.
#[test]
fn wire_who_is_refused_before_his_body_was_read_is_told_that_the_connection_ends() {
    let office = Office::start();
    let exchange = |request: &str| {
        let mut socket = TcpStream::connect(office.address("console")).expect("it listens");
        socket.set_read_timeout(Some(SOON)).expect("a time-out");
        socket.write_all(request.as_bytes()).expect("taken");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it ends");
        answer
    };
    let head = |path: &str| {
        let token = office.token();
        format!(
            "POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 9\r\n\r\n"
        )
    };
    for (path, status) in [("calls", "405"), ("nowhere", "404")] {
        let answer = exchange(&head(path));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    let goes_on = format!(
        "{}{{\"to\": 1}}GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        head("calls/make_call")
    );
    let answers = exchange(&goes_on);
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "a body that was read ends nothing: {answers}");
}
