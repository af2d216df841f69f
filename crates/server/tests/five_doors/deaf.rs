//! A thousand clients that never read at each door, one door after the other: no call notices them, through whichever door.

use crate::common::telservices::{Events, STANDARD, ask, device, request};
use crate::common::{Office, wait_within};
use crate::doors::{DOORS, door};
use crate::phones::{connections, let_phones_play};
use serde_json::json;
use std::any::Any;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Clients at each door.
const CLIENTS: usize = 1_000;
/// Calls through every door while they are there.
const CALLS: usize = 3;
/// The slowest of those calls may take so long from the request to the phone ringing.
const SLOWEST: Duration = Duration::from_secs(2);
/// Clients come from so many addresses each: TelServices takes no more of one.
const OF_ONE_ADDRESS: usize = 50;
/// Open files that the test and the program may need.
const FILES: &str = "--nofile=4096:";

/// What is held open.
type Held = Box<dyn Any>;

/// A client that says what it has to and then nothing, and never reads; how many of them there are.
type Deaf = (usize, fn(&Office, usize) -> Held);

/// The door, the listener, how many of the clients it keeps at least, and who they are.
type AtDoor = (&'static str, &'static str, usize, &'static [Deaf]);

const AT_EACH: [AtDoor; 6] = [
    ("console", "console", 1_000, &[(500, streams), (500, subscribes)]),
    ("fusion", "fusion", 800, &[(200, listens), (800, asks_on)]),
    ("clickcall", "clickcall", 1_000, &[(1_000, shakes_no_hand)]),
    // The vendor's channel is kept for two hundred; more are turned away, and do not read that either.
    ("voicenter", "voicenter", 200, &[(1_000, logs_in)]),
    ("ipxapi", "ipxapi", 750, &[(100, takes_the_place), (150, asks_for_terminals), (750, shakes_no_hand_there)]),
    // It takes a thousand connections, and needs some for the calls.
    ("telservices", "telservices_tcp", 450, &[(450, polls), (500, asks_for_history), (50, takes_no_datagram)]),
];

fn streams(office: &Office, n: usize) -> Held {
    let bearer = format!("Host: x\r\nAuthorization: Bearer {}\r\n", office.token());
    let head = format!("GET /api/v1/events?detail=facts HTTP/1.1\r\n{bearer}Accept: text/event-stream\r\n\r\n");
    said(to(office, "console", n), head.as_bytes())
}

fn subscribes(office: &Office, n: usize) -> Held {
    let more = format!("Authorization: Bearer {}\r\nSec-WebSocket-Protocol: hookswitch.v1\r\n", office.token());
    let frame = text_frame("{\"op\":\"subscribe\",\"id\":\"s1\"}");
    said(to(office, "console", n), &[upgrade("/api/v1/stream", &more), frame].concat())
}

fn listens(office: &Office, n: usize) -> Held {
    said(to(office, "fusion_events", n), b"")
}

/// One request behind the other; no answer is taken.
fn asks_on(office: &Office, n: usize) -> Held {
    let request = "GET /xml/dbGetDirectoryInfo.json?ext=1 HTTP/1.1\r\nHost: x\r\n\r\n";
    said(to(office, "fusion", n), request.repeat(5).as_bytes())
}

/// A TLS handshake that is never gone on with.
fn shakes_no_hand(office: &Office, n: usize) -> Held {
    said(to(office, "clickcall", n), &[0x16, 3, 1])
}

fn shakes_no_hand_there(office: &Office, n: usize) -> Held {
    said(to(office, "ipxapi", n), &[0x16, 3, 1])
}

fn logs_in(office: &Office, n: usize) -> Held {
    let frame = text_frame("42[\"loginUserCode\",{\"code\":\"demo-voicenter\"}]");
    let head = upgrade("/socket.io/?EIO=3&transport=websocket", "");
    said(to(office, "voicenter", n), &[head, frame].concat())
}

/// A login has one socket: each takes the place of the one before, which is told so and does not read that either.
fn takes_the_place(office: &Office, n: usize) -> Held {
    let path = format!("/ipxapi?token={}", crate::ipxapi::login(office).token);
    said_in_tls(office, to(office, "ipxapi", n), &upgrade(&path, ""))
}

fn asks_for_terminals(office: &Office, n: usize) -> Held {
    let login = crate::ipxapi::login(office);
    let path = format!("{}/call/terminals", login.base);
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n", login.bearer);
    said_in_tls(office, to(office, "ipxapi", n), head.repeat(20).as_bytes())
}

/// A poll that waits for what does not come: phones that nobody calls, fifty polls for each.
fn polls(office: &Office, n: usize) -> Held {
    let phone = device(&(1_101 + n / OF_ONE_ADDRESS).to_string());
    if n.is_multiple_of(OF_ONE_ADDRESS) {
        assert_eq!(ask(office, "openSession", &phone), STANDARD);
    }
    // A poll that names no number, or an old one, is answered at once and would keep nothing open.
    let known = ask(office, "snapshot", &format!("{phone}<resultOnEvent><timeout>0</timeout></resultOnEvent>"));
    let (_, known) = known.split_once("<snapshotSeq>").expect("a first poll names the number");
    let (known, _) = known.split_once('<').expect("an element ends");
    let waits =
        format!("{phone}<resultOnEvent><timeout>600</timeout><snapshotSeq>{known}</snapshotSeq></resultOnEvent>");
    said(to(office, "telservices_tcp", n), request("snapshot", &waits).as_bytes())
}

fn asks_for_history(office: &Office, n: usize) -> Held {
    said(to(office, "telservices_tcp", 450 + n), request("queryHistory", "").as_bytes())
}

fn takes_no_datagram(office: &Office, _: usize) -> Held {
    let events = Events::listen();
    assert_eq!(events.open(office, "1001", ""), STANDARD);
    Box::new(events)
}

/// Connections that a listener keeps, as the machine has them.
fn kept(office: &Office, listener: &str) -> usize {
    let own = format!(":{:04X}", office.address(listener).port());
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
    let is_kept = |line: &&str| {
        let mut columns = line.split_whitespace().skip(1);
        // The local address, the other one, and the state: 01 is an open connection.
        columns.next().is_some_and(|local| local.ends_with(&own)) && columns.nth(1) == Some("01")
    };
    table.lines().filter(is_kept).count()
}

/// A connection to a listener from the next of many addresses.
fn to(office: &Office, listener: &str, n: usize) -> TcpStream {
    let last = u8::try_from(2 + n / OF_ONE_ADDRESS).expect("few addresses");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let connected = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
        socket.connect(office.address(listener)).await
    });
    let socket = connected.and_then(tokio::net::TcpStream::into_std).expect("it listens");
    socket.set_nonblocking(false).expect("possible");
    // Whoever takes no answer is not waited for: what it has not said by then, it never says.
    socket.set_write_timeout(Some(Duration::from_millis(50))).expect("a time-out");
    socket
}

fn said(mut socket: TcpStream, text: &[u8]) -> Held {
    // A listener may have had enough of it already.
    let _ = socket.write_all(text);
    Box::new(socket)
}

fn said_in_tls(office: &Office, socket: TcpStream, text: &[u8]) -> Held {
    let mut stream = office.tls_over(socket);
    let _ = stream.write_all(text);
    Box::new(stream)
}

fn upgrade(path: &str, more: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
    .into_bytes()
}

/// A text frame, masked with zeros (RFC 6455 5.2).
fn text_frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).expect("short");
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// Places calls through every door, one after the other; gives how long the slowest took until its phone rang, and its door.
fn slowest(office: &Office) -> (Duration, &'static str) {
    let mut slowest = (Duration::ZERO, "none");
    for n in 0..CALLS {
        for door in DOORS {
            let began = Instant::now();
            door.make(office, "1001", &(1003 + n % 7).to_string());
            wait_within(Duration::from_secs(20), "1001 is rung", || (connections(office, "1001") == 1).then_some(()));
            slowest = slowest.max((began.elapsed(), door.name));
            door.end_call(office, "1001");
            wait_within(Duration::from_secs(20), "1001 is free", || (connections(office, "1001") == 0).then_some(()));
        }
    }
    slowest
}

#[test]
fn under_load_a_thousand_clients_that_never_read_harm_no_call() {
    let office = Office::start();
    for pid in [std::process::id(), office.pid()] {
        // Where the machine allows no more, the test says so by itself.
        let _ = std::process::Command::new("prlimit").args(["--pid", &pid.to_string(), FILES]).status();
    }
    let alone = slowest(&office);
    let monitored: Vec<String> = (1_001..=1_020).map(|number| number.to_string()).collect();
    let watched = crate::ipxapi::login(&office).post("call/monitor", json!({ "deviceNumber": monitored }));
    assert_eq!(watched.status, 200, "{}", watched.text);
    let_phones_play(&office, 1_010..=1_020, 1);
    for (name, listener, keeps, clients) in AT_EACH {
        let held: Vec<Held> = clients.iter().flat_map(|(count, deaf)| (0..*count).map(|n| deaf(&office, n))).collect();
        assert_eq!(held.len(), CLIENTS, "{name}");
        assert!(kept(&office, listener) >= keeps, "{name} keeps {}", kept(&office, listener));
        // Traffic that nobody reads.
        for n in 0..40 {
            // A phone may still be in the call before.
            let _ = (door("console").asks)(&office, &(1010 + n % 5).to_string(), &(1015 + n % 5).to_string());
        }
        let crowded = slowest(&office);
        assert!(crowded.0 < SLOWEST, "the slowest took {alone:?} alone, and {crowded:?} among {CLIENTS} at {name}");
        drop(held);
        wait_within(Duration::from_secs(20), "no call is up", || office.calls().is_empty().then_some(()));
    }
}
