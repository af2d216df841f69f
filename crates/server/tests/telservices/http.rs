//! HTTP: the same PDUs by POST on both ports and on the shared one, and calls by a URL.

use super::{Events, Office, STANDARD, at_rest, connect, device, error, request, rest};
use std::io::{Read, Write};

/// Raw octets to a listener, and all that comes back.
fn raw(office: &Office, listener: &str, octets: &str) -> String {
    let mut socket = connect(office, listener);
    socket.write_all(octets.as_bytes()).expect("taken");
    rest(&mut socket)
}

fn url(office: &Office, listener: &str, path: &str) -> String {
    format!("http://{}{path}", office.address(listener))
}

#[test]
fn wire_requests_by_post_are_answered_as_over_tcp() {
    let office = at_rest();
    for (listener, path) in [
        ("telservices_tcp", "/"),
        ("telservices_tcp", "/any/path?x=1"),
        ("telservices_http", "/"),
        ("shared_http", "/telservices"),
    ] {
        let post = |body: &str| office.http("POST", &url(&office, listener, path), Some(body), &[]);
        let opened = post(&request("openSession", &device("1001")));
        assert_eq!((opened.status, opened.text.as_str()), (200, STANDARD), "{listener}");
        assert_eq!(opened.header("content-type"), Some("text/xml; charset=utf-8"));
        assert_eq!(opened.header("cache-control"), Some("no-store"));
        assert_eq!(opened.header("content-length"), Some(STANDARD.len().to_string().as_str()));
        let snapshot = post(&request("snapshot", &device("1001"))).text;
        assert!(snapshot.contains("<snapshotSeq>"), "by HTTP it is always there: {snapshot}");
        let refused = post(&request("dropCall", &device("1001")));
        assert_eq!((refused.status, refused.text), (200, error("noCall")));
        assert_eq!(post("{}").text, error("reject"));
        assert_eq!(post(&request("closeSession", &device("1001"))).text, STANDARD);
    }
    for listener in ["telservices_tcp", "telservices_http"] {
        let body = request("openSession", &device("1001"));
        let (head, tail) = body.split_at(20);
        let chunks = format!("{:x}\r\n{head}\r\n{:X};x=y\r\n{tail}\r\n0\r\nT: x\r\n\r\n", head.len(), tail.len());
        let answer = raw(&office, listener, &format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(STANDARD), "{answer}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        for (asked, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "404"),
            ("PUT / HTTP/1.1\r\n\r\n", "405"),
            ("POST / HTTP/1.1\r\n\r\n", "411"),
            ("POST / HTTP/1.1\r\nContent-Length: 67108864\r\n\r\n", "413"),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "400"),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2000001\r\n", "413"),
            ("POST / HTTP/9.9\r\n\r\n", "400"),
            ("POST  / \x01 HTTP/1.1\r\n\r\n", "400"),
        ] {
            let answer = raw(&office, listener, asked);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{asked:?}: {answer}");
        }
    }
    // Whoever asks for it keeps the connection.
    let mut socket = connect(&office, "telservices_tcp");
    let body = request("snapshot", &device("1001"));
    for _ in 0..3 {
        let head = format!("POST / HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n", body.len());
        socket.write_all(format!("{head}{body}").as_bytes()).expect("taken");
        let mut text = String::new();
        while !text.ends_with("</TelServiceReturn>") {
            let mut octets = [0; 1_024];
            let count = socket.read(&mut octets).expect("an answer");
            assert!(count > 0, "{text}");
            text.push_str(std::str::from_utf8(&octets[..count]).expect("UTF-8"));
        }
        assert!(text.contains("\r\nConnection: keep-alive\r\n"), "{text}");
    }
}

#[test]
fn wire_a_url_makes_a_call() {
    let office = at_rest();
    for listener in ["telservices_tcp", "telservices_http", "shared_http"] {
        let get = |query: &str| office.http("GET", &url(&office, listener, &format!("/makeCall{query}")), None, &[]);
        let events = Events::of(&office, "1001");
        let head = office.http(
            "HEAD",
            &url(&office, listener, "/makeCall?deviceNumber=1001&calledDeviceNumber=1002"),
            None,
            &[],
        );
        assert_eq!(head.status, 200);
        assert!(office.calls().is_empty(), "HEAD places no call");
        let made = get("?calledDeviceNumber=1%3002&deviceNumber=1001&extraData=a%20b");
        assert_eq!((made.status, made.text.as_str()), (200, STANDARD));
        assert_eq!(made.header("cache-control"), Some("no-store"));
        for state in ["initiated", "originated", "delivered"] {
            let event = events.next();
            let told = event.contains(&format!("<{state}/>")) && event.contains("<extraData>a b</extraData>");
            assert!(told, "{event}");
        }
        assert_eq!(super::ask(&office, "dropCall", &device("1001")), STANDARD);
        assert!(events.next().contains("<cleared/>"));
        for wrong in [
            "",
            "?deviceNumber=1001",
            "?calledDeviceNumber=1002",
            "?deviceNumber=&calledDeviceNumber=1002",
            "?deviceNumber=1001&calledDeviceNumber=",
            "?deviceNumber=1001&calledDeviceNumber=%FF%00",
            "?deviceNumber=1001&deviceNumber=1002&calledDeviceNumber=1003",
        ] {
            assert_eq!((get(wrong).status, get(wrong).text), (200, error("reject")), "{wrong}");
        }
        assert_eq!(get("?deviceNumber=5555&calledDeviceNumber=1002").text, error("pbxReject"));
        // A plus sign, written or read as a blank.
        for plus in ["+32+2+555", "%2B322555", " 322555"] {
            let made = get(&format!("?deviceNumber=1001&calledDeviceNumber={}", plus.replace(' ', "%20")));
            assert_eq!(made.text, STANDARD, "{plus}");
            assert!(events.next().contains("<initiated/>"));
            assert!(events.next().contains("<number>+322555</number>"), "{plus}");
            assert!(events.next().contains("<failed/>"));
            super::ask(&office, "dropCall", &device("1001"));
            events.next();
        }
        let wanted = url(&office, listener, "/makeCall?deviceNumber=1001&calledDeviceNumber=1002");
        for (name, value) in [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch")] {
            assert_eq!(office.http("GET", &wanted, None, &[(name, value)]).status, 403);
        }
        assert_eq!(office.http("POST", &wanted, Some(""), &[]).status, 405);
        assert!(office.calls().is_empty());
        super::ask(&office, "closeSession", &device("1001"));
    }
    let closed = Office::configured("[telservices]\nshortcut_url = false\n");
    let wanted = url(&closed, "telservices_http", "/makeCall?deviceNumber=1001&calledDeviceNumber=1002");
    assert_eq!(closed.http("GET", &wanted, None, &[]).status, 404);
    conformance::proves("TEL-TRN-07");
    conformance::proves("TEL-TRN-10");
}

#[test]
fn wire_pages_of_listed_origins_may_ask() {
    let listed = "https://intranet.example";
    let office = Office::configured(&format!(
        "[telservices]\nallowed_origins = [\"{listed}\"]\n[listen]\nshared_http = \"127.0.0.1:0\"\n\
         [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n"
    ));
    let body = request("openSession", &device("1001"));
    for (listener, path) in [("telservices_tcp", "/"), ("telservices_http", "/x"), ("shared_http", "/telservices")] {
        let target = url(&office, listener, path);
        let from = |origin: &str, method: &str, body: Option<&str>| {
            office.http(method, &target, body, &[("Origin", origin), ("Access-Control-Request-Method", "POST")])
        };
        let asked = from(listed, "POST", Some(&body));
        assert_eq!((asked.status, asked.text.as_str()), (200, STANDARD), "{listener}");
        assert_eq!(asked.header("access-control-allow-origin"), Some(listed));
        assert_eq!(asked.header("vary"), Some("Origin"));
        let first = from(listed, "OPTIONS", None);
        assert_eq!((first.status, first.header("access-control-allow-origin")), (204, Some(listed)), "{listener}");
        assert!(first.header("access-control-allow-methods").is_some_and(|all| all.contains("POST")));
        assert_eq!(first.header("access-control-allow-headers"), Some("Content-Type"));
        for stranger in ["https://elsewhere.example", "null", "https://intranet.example.evil"] {
            let asked = from(stranger, "POST", Some(&body));
            assert_eq!((asked.status, asked.header("access-control-allow-origin")), (200, None), "{stranger}");
            assert_eq!(from(stranger, "OPTIONS", None).header("access-control-allow-methods"), None, "{stranger}");
        }
    }
    // By default no origin is listed.
    let none = Office::start();
    let asked = none.http("POST", &url(&none, "telservices_http", "/"), Some(&body), &[("Origin", listed)]);
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (200, None));
    conformance::proves("TEL-TRN-06");
}

#[test]
fn wire_the_gateway_has_the_port_of_the_settings_or_none() {
    let none = Office::configured("[listen]\ntelservices_tcp = \"none\"\ntelservices_http = \"none\"\n");
    assert_eq!(none.listen["telservices_tcp"], serde_json::Value::Null);
    assert_eq!(none.listen["telservices_http"], serde_json::Value::Null);
    // The program is told to listen just there.
    let port = crate::common::ports::own_port();
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("office.toml");
    let others =
        ["sip_udp = []", "sip_tcp = []", "console = \"127.0.0.1:0\"", "fusion = \"none\"", "fusion_events = \"none\""];
    let more = ["ipxapi = \"none\"", "clickcall = \"none\"", "voicenter = \"none\"", "telservices_http = \"none\""];
    let text = format!(
        "[listen]\n{}\n{}\ntelservices_tcp = \"127.0.0.1:{port}\"\n[[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n",
        others.join("\n"),
        more.join("\n")
    );
    std::fs::write(&file, text).expect("written");
    let office = Office::start_with(&["--config", file.to_str().expect("utf-8")]);
    assert_eq!(office.address("telservices_tcp").port(), port);
    assert_eq!(super::ask(&office, "openSession", &device("1001")), STANDARD);
    let body = request("closeSession", &device("1001"));
    assert_eq!(office.http("POST", &url(&office, "telservices_tcp", "/"), Some(&body), &[]).text, STANDARD);
    conformance::proves("TEL-ADM-02");
}
