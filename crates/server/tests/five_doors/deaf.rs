//! A thousand clients that never read at each door, one door after the other: no call notices them, through whichever door.

use crate::common::telservices::{Events, device, request};
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

const AT_EACH: [(&str, &[Deaf]); 6] = [
    (
        "console",
        &[
            (500, |office, n| {
                let bearer = format!("Host: x\r\nAuthorization: Bearer {}\r\n", office.token());
                let head =
                    format!("GET /api/v1/events?detail=facts HTTP/1.1\r\n{bearer}Accept: text/event-stream\r\n\r\n");
                said(to(office, "console", n), head.as_bytes())
            }),
            (500, |office, n| {
                let more =
                    format!("Authorization: Bearer {}\r\nSec-WebSocket-Protocol: hookswitch.v1\r\n", office.token());
                let frame = text_frame("{\"op\":\"subscribe\",\"id\":\"s1\"}");
                said(to(office, "console", n), &[upgrade("/api/v1/stream", &more), frame].concat())
            }),
        ],
    ),
    // The event socket takes a hundred. The others ask again and again, and take no answer.
    (
        "fusion",
        &[
            (200, |office, n| said(to(office, "fusion_events", n), b"")),
            (800, |office, n| {
                let request = "GET /xml/dbGetDirectoryInfo.json?ext=1 HTTP/1.1\r\nHost: x\r\n\r\n";
                said(to(office, "fusion", n), request.repeat(5).as_bytes())
            }),
        ],
    ),
    // A TLS handshake that is never gone on with.
    ("clickcall", &[(CLIENTS, |office, n| said(to(office, "clickcall", n), &[0x16, 3, 1]))]),
    (
        "voicenter",
        &[(CLIENTS, |office, n| {
            let frame = text_frame("42[\"loginUserCode\",{\"code\":\"demo-voicenter\"}]");
            let head = upgrade("/socket.io/?EIO=3&transport=websocket", "");
            said(to(office, "voicenter", n), &[head, frame].concat())
        })],
    ),
    // A login has one socket: each takes the place of the one before, which is told so and does not read that either. The others take
    // no answer.
    (
        "ipxapi",
        &[
            (100, |office, n| {
                let path = format!("/ipxapi?token={}", crate::ipxapi::login(office).token);
                said_in_tls(office, to(office, "ipxapi", n), &upgrade(&path, ""))
            }),
            (150, |office, n| {
                let login = crate::ipxapi::login(office);
                let head = format!(
                    "GET {}/call/terminals HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n",
                    login.base, login.bearer
                );
                said_in_tls(office, to(office, "ipxapi", n), head.repeat(20).as_bytes())
            }),
            (750, |office, n| said(to(office, "ipxapi", n), &[0x16, 3, 1])),
        ],
    ),
    // A poll that waits for a change, and all that was; datagrams that nobody takes. The door takes a thousand connections, and needs some
    // for the calls.
    (
        "telservices",
        &[
            (450, |office, n| {
                let waits = device("1001") + "<resultOnEvent><timeout>600</timeout></resultOnEvent>";
                said(to(office, "telservices_tcp", n), request("snapshot", &waits).as_bytes())
            }),
            (500, |office, n| said(to(office, "telservices_tcp", 450 + n), request("queryHistory", "").as_bytes())),
            (50, |office, _| {
                let events = Events::listen();
                events.open(office, "1001", "");
                Box::new(events)
            }),
        ],
    ),
];

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
    for (name, clients) in AT_EACH {
        let held: Vec<Held> = clients.iter().flat_map(|(count, deaf)| (0..*count).map(|n| deaf(&office, n))).collect();
        assert_eq!(held.len(), CLIENTS, "{name}");
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
