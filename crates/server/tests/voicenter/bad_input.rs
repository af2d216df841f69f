//! What no client of the vendor's sends: the door's own error, bounded memory, and the next call works.

use crate::common::{Office, SOON};
use crate::request::{C2C, CODE, answer, called, get, live, log, wait_live, xml};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

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
