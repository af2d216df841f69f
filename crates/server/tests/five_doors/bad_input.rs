//! The same bad input at every listener of every door: what comes back is an answer of that door's or an end, never a fault of ours;
//! nothing of it is kept, nobody rings, and the next call works through every door. What each door's own answer is, the doors' own
//! tests say.

use crate::common::tls::read_all;
use crate::common::{Office, SOON, wait_for};
use crate::doors::DOORS;
use crate::phones::connections;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

/// What the program may grow by while some gibibytes are offered to it, in KiB.
const GROWTH_MAX_KIB: u64 = 48 * 1_024;
/// Octets of a body that is far too long.
const OVERSIZE: usize = 64 << 20;

/// A listener: its key, whether it speaks TLS, and a place there that takes a body.
type Place = (&'static str, bool, &'static str);

const PLACES: [Place; 9] = [
    ("fusion", false, "/xml/ccSetVar.php"),
    ("shared_http", false, "/telservices"),
    ("voicenter", false, "/ForwardDialer/click2call.aspx"),
    ("telservices_tcp", false, "/"),
    ("telservices_http", false, "/"),
    ("ipxapi", true, "/ipxapi/server/v1/users/demo/call/make"),
    ("clickcall", true, "/ipecs_svc"),
    ("console", false, "/api/v1/calls/make_call"),
    // Clients of this one only listen.
    ("fusion_events", false, "/"),
];

fn post(path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// What is sent to a place, and what it is called.
fn bad(path: &str) -> Vec<(&'static str, Vec<u8>)> {
    let get = |more: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n").into_bytes();
    let bomb: String = (1..12).fold("<!DOCTYPE a [<!ENTITY a0 \"aaaaaaaaaa\">".to_owned(), |text, n| {
        text + &format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10))
    }) + "]><a>&a11;</a>";
    let external = "<!DOCTYPE a [<!ENTITY % x SYSTEM \"file:///etc/passwd\"> %x;]><a>&x;</a>";
    let utf16: Vec<u8> = "<ipecs_svc/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let flood: String = (0..5_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let chunked = "Transfer-Encoding: chunked\r\n";
    let json = "Content-Type: application/json\r\n";
    vec![
        ("nothing", Vec::new()),
        ("zeros", vec![0; 4_096]),
        ("a greeting of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20)),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00".to_vec()),
        ("a request line alone", format!("GET {path}").into_bytes()),
        ("a head that is cut off", format!("POST {path} HTTP/1.1\r\nContent-Le").into_bytes()),
        ("no version", format!("GET {path}\r\n\r\n").into_bytes()),
        ("a zero in a field", get("X: \u{0}\r\n")),
        (
            "octets that are no text in the path",
            [b"GET /\xff\xfe%zz%".as_slice(), b" HTTP/1.1\r\nHost: x\r\n\r\n"].concat(),
        ),
        ("a path without end", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(300_000)).into_bytes()),
        ("fields without end", get(&flood)),
        ("a field without end", get(&format!("X: {}\r\n", "y".repeat(400_000)))),
        ("a length below zero", get("Content-Length: -1\r\n")),
        ("a length beyond all", get("Content-Length: 99999999999999999999999\r\n")),
        ("two lengths", get("Content-Length: 1\r\nContent-Length: 2\r\n")),
        ("a length and pieces", get(&format!("Content-Length: 5\r\n{chunked}"))),
        ("a piece that is no number", [get(chunked), b"zz\r\n".to_vec()].concat()),
        ("a piece beyond all", [get(chunked), b"ffffffffffffffffff\r\n".to_vec()].concat()),
        ("a body that is cut off", {
            let mut octets = post(path, json, b"{\"code\":\"demo-voicenter\",\"phone\":\"1001\",\"target\":");
            octets.truncate(octets.len() - 20);
            octets
        }),
        ("an entity bomb", post(path, "Content-Type: text/xml\r\n", bomb.as_bytes())),
        ("an external entity", post(path, "Content-Type: text/xml\r\n", external.as_bytes())),
        ("an entity bomb without HTTP", bomb.clone().into_bytes()),
        ("depth in XML", post(path, "", "<a>".repeat(20_000).as_bytes())),
        ("depth without HTTP", "<a>".repeat(20_000).into_bytes()),
        ("depth in JSON", post(path, json, "[".repeat(60_000).as_bytes())),
        ("UTF-16", post(path, json, &utf16)),
        ("no UTF-8", post(path, json, b"{\"code\":\"\xc3\x28\xff\"}")),
        ("another character set", post(path, "Content-Type: application/json; charset=EUC-KR\r\n", b"{}")),
        ("parts that do not end", post(path, "Content-Type: multipart/form-data; boundary=b\r\n", b"--b\r\n\r\n<")),
        ("an upgrade to nothing", get("Connection: Upgrade\r\nUpgrade: nothing\r\n")),
        ("an upgrade without a key", get("Connection: Upgrade\r\nUpgrade: websocket\r\n")),
    ]
}

/// Sends octets, says that no more will come, and gives what came back.
fn said(office: &Office, (listener, tls, _): Place, octets: &[u8]) -> String {
    if tls {
        let mut stream = office.tls(listener);
        // It may be closed before all was written.
        let _ = stream.write_all(octets).and_then(|()| stream.flush());
        stream.conn.send_close_notify();
        let _ = stream.flush();
        let _ = stream.sock.shutdown(Shutdown::Write);
        return read_all(&mut stream);
    }
    let mut socket = TcpStream::connect(office.address(listener)).expect("it listens");
    socket.set_read_timeout(Some(2 * SOON)).expect("a time-out");
    let _ = socket.write_all(octets);
    let _ = socket.shutdown(Shutdown::Write);
    read_all(&mut socket)
}

/// An answer that blames whoever asked, or takes it for what it is worth; or none at all.
fn is_no_fault_of_ours(answer: &str) -> bool {
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse::<u16>().ok());
    match status {
        // 505: a version of HTTP that is not spoken here.
        Some(status) => (200..500).contains(&status) || status == 505,
        None => answer.is_empty() || answer.starts_with("<TelServiceReturn><error><reject/>"),
    }
}

fn resident_kib(office: &Office) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.pid())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a figure");
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number")
}

fn every_door_works(office: &Office, after: &str) {
    assert!(office.calls().is_empty(), "{after}: nobody rings");
    for door in DOORS {
        door.make(office, "1001", "1002");
        wait_for(&format!("{after}: 1001 is in a call"), || (connections(office, "1001") == 1).then_some(()));
        door.end_call(office, "1001");
        office.wait_idle();
    }
}

#[test]
fn wire_bad_input_at_any_listener_is_no_fault_of_ours_and_every_door_works() {
    let office = Office::start();
    for place in PLACES {
        for (what, octets) in bad(place.2) {
            let answer = said(&office, place, &octets);
            assert!(is_no_fault_of_ours(&answer), "{what} at {}: {answer:.300}", place.0);
        }
        // In the clear where TLS is spoken: nothing is told.
        if place.1 {
            let plain = said(&office, (place.0, false, place.2), &post(place.2, "", b"<ipecs_svc/>"));
            assert!(!plain.contains("HTTP/"), "{plain}");
        }
        every_door_works(&office, place.0);
    }
}

#[test]
fn wire_what_is_far_too_much_is_kept_nowhere() {
    let office = Office::start();
    every_door_works(&office, "at the start");
    let before = resident_kib(&office);
    let part = vec![b' '; 1 << 16];
    for (listener, tls, path) in PLACES {
        for framing in ["Content-Length: 67108864\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n4000000\r\n"] {
            let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{framing}");
            let offer = |stream: &mut dyn Write| {
                let mut sent = 0;
                let _ = stream.write_all(head.as_bytes());
                while sent < OVERSIZE && stream.write_all(&part).is_ok() {
                    sent += part.len();
                }
            };
            let answer = if tls {
                let mut stream = office.tls(listener);
                offer(&mut stream);
                let _ = stream.sock.shutdown(Shutdown::Write);
                read_all(&mut stream)
            } else {
                let mut socket = TcpStream::connect(office.address(listener)).expect("it listens");
                socket.set_read_timeout(Some(SOON)).expect("a time-out");
                socket.set_write_timeout(Some(SOON)).expect("a time-out");
                offer(&mut socket);
                let _ = socket.shutdown(Shutdown::Write);
                read_all(&mut socket)
            };
            assert!(is_no_fault_of_ours(&answer), "{listener}, {framing}: {answer:.300}");
        }
    }
    let grown = resident_kib(&office).saturating_sub(before);
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB were kept");
    every_door_works(&office, "after all that");
}

/// Octet by octet, at every listener at once, with whole calls through every door in between.
#[test]
fn wire_clients_that_take_their_time_hinder_nobody() {
    let office = Office::start();
    let mut slow: Vec<Box<dyn Write>> = Vec::new();
    for (listener, tls, _) in PLACES {
        match tls {
            true => slow.push(Box::new(office.tls(listener))),
            false => slow.push(Box::new(TcpStream::connect(office.address(listener)).expect("it listens"))),
        }
    }
    let head = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{";
    for (n, octet) in head.bytes().enumerate() {
        for stream in &mut slow {
            // One that has seen enough may have closed it.
            let _ = stream.write_all(&[octet]).and_then(|()| stream.flush());
        }
        if n % 10 == 0 {
            every_door_works(&office, "between two octets");
        }
    }
    // Cut off where they are: nothing was asked.
    drop(slow);
    every_door_works(&office, "after they have gone");
}

/// The three doors with a WebSocket: what no client may say ends that socket alone, also before anybody has logged in there.
#[test]
fn wire_what_breaks_the_rules_of_a_websocket_ends_it_and_nothing_else() {
    let office = Office::start();
    let long = [&[0x81, 0xff][..], &u64::MAX.to_be_bytes()[..], &[0, 0, 0, 0], &[b'x'; 100]].concat();
    let huge = [&[0x81, 0xff][..], &(8_u64 << 20).to_be_bytes()[..], &[0, 0, 0, 0], &vec![b'x'; 8 << 20]].concat();
    let ping = [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[b'x'; 126]].concat();
    let frames: [(&str, &[u8]); 9] = [
        ("a kind that does not exist", &[0x83, 0x80, 0, 0, 0, 0]),
        ("reserved bits", &[0xf1, 0x80, 0, 0, 0, 0]),
        ("not masked", &[0x81, 0x01, b'x']),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("a ping in pieces", &[0x09, 0x80, 0, 0, 0, 0]),
        ("a ping that is too long", &ping),
        ("no UTF-8", &[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]),
        ("a length beyond all", &long),
        ("eight megabytes", &huge),
    ];
    let ipxapi = format!("/ipxapi?token={}", crate::ipxapi::login(&office).token);
    let bearer = format!("Authorization: Bearer {}\r\nSec-WebSocket-Protocol: hookswitch.v1\r\n", office.token());
    for (what, frame) in frames {
        for (place, path, fields) in [
            (("console", false, ""), "/api/v1/stream", bearer.as_str()),
            (("voicenter", false, ""), "/socket.io/?EIO=3&transport=websocket", ""),
            (("ipxapi", true, ""), ipxapi.as_str(), ""),
        ] {
            let upgrade = format!(
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
            );
            // Nothing is closed on this side: the end is the server's own.
            let told = ends(&office, what, place, &[upgrade.as_bytes(), frame].concat());
            assert!(told.starts_with("HTTP/1.1 101 ") || told.is_empty(), "{what} at {}: {told:.300}", place.0);
        }
    }
    every_door_works(&office, "after all that");
}

/// Sends octets and gives what comes until the server ends it, which it has to.
fn ends(office: &Office, what: &str, (listener, tls, _): Place, octets: &[u8]) -> String {
    let mut told = Vec::new();
    let mut socket = TcpStream::connect(office.address(listener)).expect("it listens");
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    socket.set_write_timeout(Some(SOON)).expect("a time-out");
    let read = if tls {
        let mut stream = office.tls_over(socket);
        let _ = stream.write_all(octets).and_then(|()| stream.flush());
        stream.read_to_end(&mut told)
    } else {
        let _ = socket.write_all(octets);
        socket.read_to_end(&mut told)
    };
    let waited = read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert!(!waited, "{what}: {listener} goes on: {}", String::from_utf8_lossy(&told));
    String::from_utf8_lossy(&told).into_owned()
}
