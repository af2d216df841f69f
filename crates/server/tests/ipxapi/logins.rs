//! How logins live and end: pings, the logged-on list, forced logout, codes of stations, TLS, what is taken and what is sent.

use crate::client::{Login, ask, basic, error, house, house_with};
use crate::common::tls::read_all;
use crate::common::{Office, SOON, wait_for};
use conformance::proves;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tungstenite::Message;

const MISMATCH: &str = "Login information mismatch";

fn is(status: u16, code: u64, message: &str) -> (u16, u64, String) {
    (status, code, message.to_owned())
}

/// Who is logged in or was, as an operator sees it: user and how it ended.
fn logged_on(office: &Office) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let items = office.get("/doors/ipxapi/sessions")["items"].as_array().expect("a list").clone();
    items.iter().map(|item| (text(&item["user"]).expect("a user"), text(&item["closed_by"]))).collect()
}

#[test]
fn wire_pings_keep_a_socket_and_a_peer_that_answers_none_is_let_go() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let advance = |seconds: u64| drop(office.post("/test/clock/advance", json!({ "by_ms": seconds * 1_000 })));
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let mut socket = login.socket(&[]);
    for round in 0..4 {
        advance(60);
        let heard = socket.message("a ping each half of the time");
        assert!(matches!(heard, Some(Message::Ping(_))), "round {round}: {heard:?}");
        // It is answered by reading; and once ours is answered, that has been heard.
        socket.socket.send(Message::Ping(vec![round].into())).expect("taken");
        assert_eq!(socket.message("ours is answered"), Some(Message::Pong(vec![round].into())));
    }
    let check = || login.ask("POST", "checkconnection", "");
    assert_eq!(check().status, 200, "twice its time without a request");
    proves("IPX-AUTH-09");
    // Nobody reads, so nobody answers: it is closed after its time, which a busy machine may notice a ping later.
    (0..3).for_each(|_| advance(60));
    assert_eq!(socket.farewell(), (1_008, "session is over".to_owned()));
    advance(59);
    assert_eq!(logged_on(&office), [("demo".to_owned(), None)], "the time begins when the socket is closed");
    advance(62);
    assert_eq!(logged_on(&office), [("demo".to_owned(), Some("timeout".to_owned()))]);
    assert_eq!(error(&check()), is(401, 4, MISMATCH));
    proves("IPX-AUTH-06");
}

#[test]
fn wire_a_socket_that_has_no_rest_from_frames_is_heard_all_the_same() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let mut socket = login.socket(&["1001", "1002"]);
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // A call that the clock ended meanwhile cannot be hung up.
                office.console("POST", "/test/phones/1001/dial", Some(json!({ "to": "1002" })));
                office.console("POST", "/test/phones/1001/hang_up", Some(json!({})));
            }
        });
        let (mut pings, mut frames) = (0, 0);
        for _ in 0..4 {
            office.post("/test/clock/advance", json!({ "by_ms": 60_000 }));
            let seen = (pings, frames);
            while pings == seen.0 || frames < seen.1 + 20 {
                assert!(frames < seen.1 + 500, "a ping comes between the frames");
                match socket.message("a ping each half of the time") {
                    Some(Message::Ping(_)) => pings += 1,
                    Some(Message::Text(_)) => frames += 1,
                    other => panic!("the socket stays open: {other:?} after {pings} pings and {frames} frames"),
                }
            }
            // What we say is heard between the frames, the answer to the ping before it.
            socket.socket.send(Message::Ping("heard?".into())).expect("taken");
            while !matches!(socket.message("ours is answered").expect("it stays open"), Message::Pong(_)) {
                frames += 1;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(login.ask("POST", "checkconnection", "").status, 200, "twice its time without a request");
}

#[test]
fn wire_an_operator_sees_who_is_logged_on_and_logs_them_out() {
    let office = house();
    let logins: Vec<Login> = ["one", "two", "three"].into_iter().map(|user| Login::server(&office, user)).collect();
    let station = Login::station(&office, "1001");
    assert_eq!(logins[1].ask("POST", "logout", "").status, 200);
    let mut socket = logins[0].socket(&["1001"]);
    let list = office.get("/doors/ipxapi/sessions")["items"].clone();
    let item = |user: &str| {
        let found = list.as_array().expect("a list").iter().find(|item| item["user"] == user);
        found.unwrap_or_else(|| panic!("{user} is not in {list}")).clone()
    };
    assert_eq!((&item("one")["address"], &item("one")["authority"]), (&json!("127.0.0.1"), &json!("smdr acd cti")));
    assert_eq!(item("1001")["authority"], "station 1001");
    assert!(item("one")["opened_at"].is_string() && item("one").get("closed_at").is_none(), "{list}");
    assert!(item("two")["closed_at"].is_string() && item("two")["closed_by"] == "logout", "{list}");
    let path = format!("/doors/ipxapi/sessions/{}", item("one")["id"].as_str().expect("an id"));
    assert_eq!(office.console("DELETE", &path, None).status, 204);
    assert_eq!(socket.farewell(), (1_008, "Forced Logout".to_owned()));
    assert_eq!(error(&logins[0].ask("POST", "checkconnection", "")), is(401, 4, MISMATCH));
    assert_eq!(office.console("DELETE", &path, None).status, 404, "it is over");
    for nothing in ["/doors/ipxapi/sessions/x", "/doors/ipxapi/sessions/99", "/doors/nowhere/sessions/1"] {
        assert_eq!(office.console("DELETE", nothing, None).status, 404, "{nothing}");
    }
    assert_eq!(office.console("GET", "/doors/nowhere/sessions", None).status, 404);
    // Its place is free at once, for itself and for another; nobody else was logged out.
    let again = [Login::server(&office, "one"), Login::server(&office, "four")];
    assert_eq!(station.ask("POST", "checkconnection", "").status, 200);
    let ends: Vec<_> = logged_on(&office).into_iter().filter(|(user, _)| user == "one").map(|(_, how)| how).collect();
    assert_eq!(ends, [Some("forced".to_owned()), None]);
    drop(again);
    proves("IPX-AUTH-18");
}

#[test]
fn wire_a_token_that_is_over_is_401_everywhere_and_a_new_login_helps() {
    let office = house();
    let login = Login::server(&office, "one");
    let station = Login::station(&office, "1001");
    for gone in [&login, &station] {
        assert_eq!(gone.ask("POST", "logout", "").status, 200);
    }
    for (method, path) in [
        ("POST", "checkconnection"),
        ("POST", "logout"),
        ("GET", "smdr"),
        ("DELETE", "smdr"),
        ("POST", "call/make"),
        ("POST", "call/monitor"),
        ("GET", "call/status"),
        ("GET", "call/nothing"),
    ] {
        assert_eq!(error(&login.ask(method, path, "{}")), is(401, 4, MISMATCH), "{method} {path}");
    }
    let click = station.post("clickcall", json!({ "From": "1001", "To": "1002" }));
    assert_eq!(error(&click), is(401, 101, "Authentication failure"));
    // Case 2: a login that is refused carries the reason; case 1: the next one gives a token that works.
    let path = format!("{}/login", login.base);
    let refused = ask(&office, "GET", &path, &basic("one", "wrong"), "");
    assert_eq!((refused.status, refused.json()), (401, json!({ "error": { "code": 4, "message": MISMATCH } })));
    let again = Login::server(&office, "one");
    assert_eq!(again.ask("GET", "smdr", "").status, 200);
    proves("IPX-AUTH-12");
}

#[test]
fn wire_a_station_s_password_is_its_codes() {
    let more = "\n[[station]]\nnumber = \"1201\"\nkind = \"simulated\"\nauthorization_code = \"*1234\"\n\
                suffix_code = \"Secr01$\"\n";
    let office = house_with(more);
    let log_in = |number: &str, password: &str| {
        ask(&office, "GET", &format!("/ipxapi/client/v1/users/{number}/login"), &basic(number, password), "")
    };
    // Both, one after the other and exactly as programmed; one alone; none, which lets nobody in. A third mistake would lock out.
    for (number, wrong) in [
        ("1201", ["*1234", "1234Secr01$"]),
        ("1004", ["1004", ""]),
        ("1101", ["house-1101", "secr11$"]),
        ("1002", ["", "1002"]),
    ] {
        for password in wrong {
            assert_eq!(error(&log_in(number, password)), is(401, 4, MISMATCH), "{number} {password}");
        }
    }
    for (number, right) in [("1201", "*1234Secr01$"), ("1004", "*1004"), ("1101", "Secr11$")] {
        assert_eq!(log_in(number, right).status, 200, "{number}");
    }
    proves("IPX-AUTH-14");
}

#[test]
fn wire_tls_is_all_there_is_and_of_version_1_2_at_least() {
    let office = Office::start();
    let path = "/ipxapi/server/v1/users/demo/login";
    for version in [&TLS12, &TLS13] {
        let mut stream = office.tls_of("ipxapi", &[version]);
        let asked = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes()).expect("taken");
        let told = read_all(&mut stream);
        assert!(told.starts_with("HTTP/1.1 401"), "{version:?}: {told}");
    }
    // A client of 2006 (TLS 1.1, RFC 4346), and one that speaks HTTP in the clear: a TLS alert or nothing, never an answer.
    let mut hello = vec![0x01, 0x00, 0x00, 0x29, 0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0x00, 0x00, 0x02, 0x00, 0x2f, 0x01, 0x00]);
    assert_eq!(hello.len(), 0x2d, "the record holds the whole hello");
    let old = [vec![0x16, 0x03, 0x01, 0x00, 0x2d], hello].concat();
    for octets in [old, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()] {
        let mut socket = std::net::TcpStream::connect(office.address("ipxapi")).expect("it listens");
        socket.set_read_timeout(Some(SOON)).expect("a time-out");
        socket.write_all(&octets).expect("taken");
        let mut told = Vec::new();
        match socket.read_to_end(&mut told) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it is closed"),
        }
        assert!(told.is_empty() || told[0] == 0x15, "neither a handshake nor an answer: {told:?}");
    }
    // Not on the listener that the doors share in the clear either.
    let shared = format!("http://{}{path}", office.address("shared_http"));
    assert_eq!(office.http("GET", &shared, None, &[]).status, 404);
    proves("IPX-AUTH-13");
}

#[test]
fn wire_types_and_content_types_are_taken_liberally_and_sent_exactly() {
    let office = house();
    let login = Login::server(&office, "one");
    let call = login.make("1001", "1002");
    wait_for("it rings", || (login.status("1002") == "ring").then_some(()));
    // Any content type or none, numbers as texts and texts as numbers.
    for (kind, path, body) in [
        (Some("text/plain"), "call/answer", json!({ "deviceNumber": 1002, "callRefID": call.to_string() })),
        (None, "call/clear_connection", json!({ "deviceNumber": "1001", "callRefID": call })),
    ] {
        let mut fields = vec![("Authorization", login.bearer.as_str())];
        fields.extend(kind.map(|kind| ("Content-Type", kind)));
        let target = format!("{}/{path}", login.base);
        let answer = office.https("ipxapi", "POST", &target, &fields, body.to_string().as_bytes());
        assert_eq!((answer.status, answer.json()), (200, json!({ "data": {} })), "{target}");
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    }
    office.wait_idle();
    let record = wait_for("the record", || login.ask("GET", "smdr", "").json()["items"].get(0).cloned());
    assert!(record["Index"].is_string() && record["callRefID"].is_u64(), "{record}");
    let index = record["Index"].as_str().expect("a text").to_owned();
    let number: u64 = index.parse().expect("digits");
    for (query, count) in [
        (json!({ "Index": number, "maxCount": "1", "countOnly": "TRUE" }), 1),
        (json!({ "Index": index, "maxCount": 1, "countOnly": true }), 1),
        (json!({ "Index": number + 1, "countOnly": "False" }), 0),
    ] {
        let coded: String = query.to_string().bytes().map(|b| format!("%{b:02X}")).collect();
        assert_eq!(login.ask("GET", &format!("smdr?q={coded}"), "").json()["count"], count, "{query}");
    }
    let listed = login.done("call/make", json!({ "startIndex": "1", "count": "1" }));
    assert!(listed["data"]["terminals"][0]["deviceIndex"].is_u64(), "{listed}");
    assert!(listed["data"]["terminals"][0]["deviceNumber"].is_string(), "{listed}");
    let refused = login.post("call/make", json!({}));
    assert_eq!(refused.header("content-type"), Some("application/json; charset=utf-8"));
    let out = login.ask("POST", "logout", "");
    assert_eq!((out.text.as_str(), out.header("content-length")), ("", Some("0")));
    proves("IPX-AUTH-16");
}
