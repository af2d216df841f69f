//! The listener: TLS, paths, bodies, and everything that is not what it should be.

use crate::common::ports::own_port;
use crate::common::tls::{answer, read_all};
use crate::common::{Office, SOON};
use crate::desk::{Desk, answer_of, codes, destination, document, house, post, results, states, wait_states};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// Octets of a body that is far too long.
const OVERSIZE: usize = 67_108_864;
/// What the program may grow by while half a gibibyte is offered to it.
const GROWTH_MAX_KIB: u64 = 32 * 1_024;

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
fn wire_requests_come_bare_or_in_parts_and_never_in_the_clear() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let call = desk.call("1001", "1002");
    let multipart = format!(
        "--b0\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b0\r\nContent-Disposition: form-data; \
         name=\"any\"; filename=\"r.xml\"\r\nContent-Type: application/octet-stream\r\n\r\n{call}\r\n--b0--\r\n"
    );
    for (kind, body) in [
        ("multipart/form-data; boundary=b0", &multipart),
        ("multipart/mixed; boundary=\"b0\"", &multipart),
        ("text/xml", &call),
        ("application/xml; charset=utf-8", &call),
        ("application/octet-stream", &call),
        ("application/x-www-form-urlencoded", &call),
        ("", &call),
    ] {
        let fields: Vec<(&str, &str)> = if kind.is_empty() { vec![] } else { vec![("Content-Type", kind)] };
        let told = office.https("clickcall", "POST", "/ipecs_svc", &fields, body.as_bytes());
        assert_eq!(told.text, answer_of(100, "OK"), "{kind}");
        assert_eq!(told.header("content-type"), Some("text/xml; charset=utf-8"));
        assert_eq!(told.header("content-disposition"), Some("attachment; filename=\"response.xml\""));
        assert_eq!(codes(&office, &desk.hang_up()), [100]);
        office.wait_idle();
    }
    // A part is missing: the HTTPS side could not work on it.
    let empty = "--b0\r\n\r\nhello\r\n--b0--\r\n";
    let fields = [("Content-Type", "multipart/form-data; boundary=b0")];
    let told = office.https("clickcall", "POST", "/ipecs_svc", &fields, empty.as_bytes());
    assert_eq!(told.text, answer_of(199, "Unknown Error"));
    // In the clear there is nothing but an end.
    let mut plain = TcpStream::connect(office.address("clickcall")).expect("it listens");
    plain.set_read_timeout(Some(SOON)).expect("a time-out");
    let request = format!("POST /ipecs_svc HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{call}", call.len());
    plain.write_all(request.as_bytes()).expect("taken");
    let said = read_all(&mut plain);
    assert!(!said.contains("HTTP/") && !said.contains("ipecs"), "{said}");
    assert!(states(&office).is_empty());
    conformance::proves("CCX-02");
}

#[test]
fn wire_three_paths_and_one_method() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let document = Desk::of_house().hang_up();
    for path in ["/ipecs_svc", "/ipecs_svc/", "/"] {
        let told = office.https("clickcall", "POST", path, &[], document.as_bytes());
        assert_eq!(told.text, answer_of(100, "OK"), "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        assert_eq!(office.https("clickcall", method, "/ipecs_svc", &[], b"").status, 405, "{method}");
    }
    for path in ["/ipxapi", "/api/v1/calls", "/ipecs_svc/x", "/xml/ccPing.php"] {
        assert_eq!(office.https("clickcall", "POST", path, &[], document.as_bytes()).status, 404, "{path}");
    }
    conformance::proves("CCX-03");
}

#[test]
fn wire_the_document_type_is_never_followed() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let hang_up = Desk::of_house().hang_up();
    // Somebody listens where a document type could point to; nobody ever comes.
    let trap = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    trap.set_nonblocking(true).expect("non-blocking");
    let there = format!("http://{}/x.dtd", trap.local_addr().expect("bound"));
    let printed = "<!DOCTYPE ipecs_svc SYSTEM \"iPECSService.dtd\">";
    assert!(hang_up.contains(printed));
    let with = |doctype: &str| hang_up.replace(printed, doctype);
    for doctype in ["", printed, &format!("<!DOCTYPE ipecs_svc SYSTEM \"{there}\">"), "<!DOCTYPE ipecs_svc>"] {
        assert_eq!(codes(&office, &with(doctype)), [100], "{doctype}");
    }
    for doctype in [
        format!("<!DOCTYPE ipecs_svc [<!ENTITY % x SYSTEM \"{there}\"> %x;]>"),
        format!("<!DOCTYPE ipecs_svc [<!ENTITY x SYSTEM \"{there}\">]>"),
        "<!DOCTYPE ipecs_svc [<!ENTITY x \"1\">]>".to_owned(),
    ] {
        let told = post(&office, &with(&doctype).replace("0000", "&x;"));
        assert_eq!(told.text, answer_of(199, "Unknown Error"), "{doctype}");
    }
    // Not validated: what the printed DTD does not know does no harm, and what it has in order may come in any.
    let odd = hang_up.replace("<srcinfo>", "<extra a=\"b\"><c/></extra><srcinfo>");
    assert_eq!(codes(&office, &odd), [100]);
    assert!(trap.accept().is_err(), "nothing was fetched");
    conformance::proves("CCX-05");
}

#[test]
fn wire_what_is_no_request_is_an_unknown_error_and_the_next_call_works() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let call = desk.call("1001", "1002");
    let mut bomb = String::from("<!DOCTYPE ipecs_svc [<!ENTITY a0 \"aaaaaaaaaa\">");
    for n in 1..10 {
        bomb.push_str(&format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)));
    }
    bomb.push_str("]>");
    let utf_16: Vec<u8> = call.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"{}".to_vec(),
        b"\0\0\0\0".to_vec(),
        b"<".to_vec(),
        call.as_bytes()[..call.len() - 5].to_vec(),
        call.replace("ipecs_svc", "soap").into_bytes(),
        call.replace("</userinfo>", "</userlnfo>").into_bytes(),
        call.replace("1002", "&a9;").replace("<!DOCTYPE ipecs_svc SYSTEM \"iPECSService.dtd\">", &bomb).into_bytes(),
        call.replace("1002", "&unknown;").into_bytes(),
        call.replace("encoding=\"utf-8\"", "encoding=\"EUC-KR\"").into_bytes(),
        [b"\xff\xfe".to_vec(), utf_16].concat(),
        call.replace("1002", "\u{1}").into_bytes(),
        [call.as_bytes(), b"\xc3\x28"].concat(),
        "<ipecs_svc>".repeat(6_000).into_bytes(),
        format!("<ipecs_svc {}/>", (0..2_000).map(|n| format!("a{n}='' ")).collect::<String>()).into_bytes(),
        format!("<ipecs_svc>{}</ipecs_svc>", "<a/>".repeat(10_000)).into_bytes(),
        call.replace("1002", &"9".repeat(60_000)).into_bytes(),
        call.repeat(2).into_bytes(),
        document("", &desk.command("1001", &destination("", "1002")).repeat(33)).into_bytes(),
        vec![b' '; 200_000],
    ];
    for body in bodies {
        let began = Instant::now();
        let told = office.https("clickcall", "POST", "/ipecs_svc", &[("Content-Type", "text/xml")], &body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
        assert_eq!((told.status, told.text.as_str()), (200, answer_of(199, "Unknown Error").as_str()), "{shown}");
        assert!(began.elapsed() < SOON, "{shown}");
    }
    assert!(states(&office).is_empty(), "nothing rang");
    // With a byte order mark it is still UTF-8.
    assert_eq!(codes(&office, &format!("\u{feff}{call}")), [100]);
    conformance::proves("CCX-15");
}

#[test]
fn wire_oversize_slow_and_cut_connections_hinder_nobody() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let request = |body: &str| {
        format!(
            "POST /ipecs_svc HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    // 64 MiB, announced or in chunks: answered without having been kept, also to a client that reads when it has sent all.
    let before = resident_kib(office.pid());
    for n in 0..8 {
        let framing = if n % 2 == 0 { "Content-Length: 67108864" } else { "Transfer-Encoding: chunked" };
        let mut big = office.tls("clickcall");
        big.write_all(format!("POST /ipecs_svc HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n").as_bytes()).expect("taken");
        let mut piece = vec![b' '; 65_536];
        if n % 2 == 1 {
            piece.splice(0..0, *b"10000\r\n");
            piece.extend(b"\r\n");
        }
        let mut sent = 0;
        while sent < OVERSIZE {
            big.write_all(&piece).expect("no reset");
            sent += piece.len();
        }
        let said = read_all(&mut big);
        assert!(said.contains("<code>199</code>"), "{said}");
    }
    let grown = resident_kib(office.pid()).saturating_sub(before);
    assert!(grown < GROWTH_MAX_KIB, "it keeps {grown} KiB of what it refused");
    // A flood of header fields, one endless field, and no HTTP at all.
    let flood: String = (0..5_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let endless = format!("X: {}\r\n", "y".repeat(200_000));
    for head in
        [format!("POST /ipecs_svc HTTP/1.1\r\n{flood}\r\n"), format!("POST /ipecs_svc HTTP/1.1\r\n{endless}\r\n")]
    {
        let mut stream = office.tls("clickcall");
        // It may close before it has read everything.
        let _ = stream.write_all(head.as_bytes());
        let said = read_all(&mut stream);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
    let mut stream = office.tls("clickcall");
    stream.write_all(b"\0\x01<ipecs_svc/>\r\n\r\n").expect("taken");
    let said = read_all(&mut stream);
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
    // One is slow: octet by octet, with whole calls in between.
    let slow_request = request(&desk.call("1001", "1002"));
    let mut slow = office.tls("clickcall");
    let (head, tail) = slow_request.split_at(slow_request.len() - 3);
    slow.write_all(head.as_bytes()).expect("taken");
    // One never begins its handshake, and one stays silent after it.
    let _silent = TcpStream::connect(office.address("clickcall")).expect("it listens");
    let mut idle = office.tls("clickcall");
    idle.flush().expect("nothing to say");
    for octet in tail.bytes() {
        assert_eq!(codes(&office, &desk.call("1001", "1003")), [100]);
        assert_eq!(codes(&office, &desk.hang_up()), [100]);
        office.wait_idle();
        slow.write_all(&[octet]).expect("taken");
        slow.flush().expect("sent");
    }
    let told = answer(&read_all(&mut slow)).expect("an answer");
    assert_eq!(results(&told), [(100, "OK".to_owned())]);
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    office.wait_idle();
    // Cut within the head, within the body, and with the answer unread: the last one has been asked for.
    for end in [20, slow_request.len() - 1] {
        let mut cut = office.tls("clickcall");
        cut.write_all(&slow_request.as_bytes()[..end]).expect("taken");
    }
    let mut cut = office.tls("clickcall");
    cut.write_all(slow_request.as_bytes()).expect("taken");
    wait_states(&office, &["initiated"]);
    drop(cut);
    office.hand("1001", "answer", json!({}));
    wait_states(&office, &["connected", "alerting"]);
}

#[test]
fn wire_the_port_is_a_setting_and_shared_only_over_tls() {
    let dir = tempfile::tempdir().expect("a directory");
    let (own, web) = (own_port(), own_port());
    let text = |shared_tls: bool| {
        format!(
            "[listen]\nsip_udp = []\nsip_tcp = []\nconsole = \"127.0.0.1:0\"\nfusion = \"none\"\nfusion_events = \"none\"\n\
             ipxapi = \"none\"\ntelservices_tcp = \"none\"\ntelservices_http = \"none\"\nvoicenter = \"none\"\n\
             clickcall = \"127.0.0.1:{own}\"\nshared_http = \"127.0.0.1:{web}\"\nshared_http_tls = {shared_tls}\n\
             [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n[[account]]\ndoor = \"clickcall\"\nuser = \"click1001\"\n\
             password = \"house-1001\"\nstation = \"1001\"\n"
        )
    };
    let path = dir.path().join("office.toml");
    let config = ["--config", path.to_str().expect("utf-8")];
    std::fs::write(&path, text(false)).expect("written");
    let mut office = Office::start_with(&config);
    assert_eq!(office.address("clickcall").port(), own);
    let document = Desk::of_house().hang_up();
    assert_eq!(codes(&office, &document), [100]);
    let url = format!("http://{}/ipecs_svc", office.address("shared_http"));
    assert_eq!(office.http("POST", &url, Some(&document), &[]).status, 404, "never in the clear");
    std::fs::write(&path, text(true)).expect("written");
    office.crash_and_restart_with(&config);
    assert_eq!(codes(&office, &document), [100]);
    let told = office.https("shared_http", "POST", "/ipecs_svc", &[], document.as_bytes());
    assert_eq!(told.text, answer_of(100, "OK"));
    // The vendor's port is the default.
    let example = include_str!("../../../../docs/hookswitch.example.toml");
    assert!(example.contains("#clickcall = \"127.0.0.1:7878\""), "7878 by default");
    conformance::proves("CCX-16");
}

/// Reads nothing and keeps a connection: a thousand of those are not noticed by a call.
#[test]
fn wire_connections_that_say_nothing_take_no_calls_place() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let held: Vec<TcpStream> =
        (0..200).map(|_| TcpStream::connect(office.address("clickcall")).expect("it listens")).collect();
    assert_eq!(codes(&office, &desk.call("1001", "1002")), [100]);
    office.hand("1001", "answer", json!({}));
    wait_states(&office, &["connected", "alerting"]);
    for mut socket in held {
        socket.set_nonblocking(true).expect("non-blocking");
        // Nothing has been said to them.
        assert!(socket.read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    }
}
