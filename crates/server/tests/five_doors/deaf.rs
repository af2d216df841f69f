//! A thousand clients that never read, spread over every door's listeners: no call notices them.

use crate::common::telservices::{Events, device, request};
use crate::common::{Office, wait_within};
use crate::doors::{DOORS, door};
use crate::phones::{connections, let_phones_play};
use serde_json::json;
use std::any::Any;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Calls through every door, before they come and while they are there.
const CALLS: usize = 15;
/// The slowest of those calls may take so long from the request to the phone ringing.
const SLOWEST: Duration = Duration::from_secs(2);
/// TelServices takes no more connections of one address.
const OF_ONE_ADDRESS: usize = 50;

/// What is held open.
type Held = Box<dyn Any>;

/// A client that says what it has to and then nothing, and never reads; how many of them there are.
type Deaf = (usize, fn(&Office, usize) -> Held);

const DEAF: [Deaf; 10] = [
    // Fusion's event socket takes no more than that.
    (100, |office, _| said(to(office, "fusion_events"), b"")),
    // Answers that nobody takes: requests one behind the other.
    (100, |office, _| {
        let request = "GET /xml/dbGetDirectoryInfo.json?ext=1 HTTP/1.1\r\nHost: x\r\n\r\n";
        said(to(office, "fusion"), request.repeat(50).as_bytes())
    }),
    (150, |office, _| {
        let bearer = format!("Host: x\r\nAuthorization: Bearer {}\r\n", office.token());
        let head = format!("GET /api/v1/events?detail=facts HTTP/1.1\r\n{bearer}Accept: text/event-stream\r\n\r\n");
        said(to(office, "console"), head.as_bytes())
    }),
    (150, |office, _| {
        let more = format!("Authorization: Bearer {}\r\nSec-WebSocket-Protocol: hookswitch.v1\r\n", office.token());
        let frame = text_frame("{\"op\":\"subscribe\",\"id\":\"s1\"}");
        said(to(office, "console"), &[upgrade("/api/v1/stream", &more), frame].concat())
    }),
    // A TLS handshake that is never gone on with.
    (100, |office, _| said(to(office, "clickcall"), &[0x16, 3, 1])),
    (150, |office, _| {
        let frame = text_frame("42[\"loginUserCode\",{\"code\":\"demo-voicenter\"}]");
        let head = upgrade("/socket.io/?EIO=3&transport=websocket", "");
        said(to(office, "voicenter"), &[head, frame].concat())
    }),
    // Each takes the place of the one before, which is told so and does not read that either.
    (50, |office, _| {
        let mut stream = office.tls("ipxapi");
        let path = format!("/ipxapi?token={}", crate::ipxapi::login(office).token);
        // The listener may have had enough of it already.
        let _ = stream.write_all(&upgrade(&path, ""));
        Box::new(stream)
    }),
    // A poll that waits for a change, and all that was.
    (100, |office, n| {
        let waits = device("1001") + "<resultOnEvent><timeout>600</timeout></resultOnEvent>";
        said(from_elsewhere(office, n), request("snapshot", &waits).as_bytes())
    }),
    (100, |office, n| said(from_elsewhere(office, n), request("queryHistory", "").as_bytes())),
    // Datagrams that nobody takes.
    (40, |office, _| {
        let events = Events::listen();
        events.open(office, "1001", "");
        Box::new(events)
    }),
];

fn to(office: &Office, listener: &str) -> TcpStream {
    TcpStream::connect(office.address(listener)).expect("it listens")
}

/// A connection to TelServices from one of many addresses.
fn from_elsewhere(office: &Office, n: usize) -> TcpStream {
    let last = u8::try_from(2 + n / OF_ONE_ADDRESS).expect("few addresses");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let connected = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
        socket.connect(office.address("telservices_tcp")).await
    });
    let socket = connected.and_then(tokio::net::TcpStream::into_std).expect("it listens");
    socket.set_nonblocking(false).expect("possible");
    socket
}

fn said(mut socket: TcpStream, text: &[u8]) -> Held {
    // A listener may have had enough of it already.
    let _ = socket.write_all(text);
    Box::new(socket)
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

/// Places calls through every door, one after the other; gives how long the slowest took until its phone rang.
fn slowest(office: &Office) -> Duration {
    let mut slowest = Duration::ZERO;
    for n in 0..CALLS {
        for door in DOORS {
            let began = Instant::now();
            door.make(office, "1001", &(1003 + n % 7).to_string());
            wait_within(Duration::from_secs(20), "1001 is rung", || (connections(office, "1001") == 1).then_some(()));
            slowest = slowest.max(began.elapsed());
            door.end_call(office, "1001");
            wait_within(Duration::from_secs(20), "1001 is free", || (connections(office, "1001") == 0).then_some(()));
        }
    }
    slowest
}

#[test]
fn under_load_a_thousand_clients_that_never_read_harm_no_call() {
    let office = Office::start();
    let alone = slowest(&office);
    let monitored: Vec<String> = (1_001..=1_020).map(|number| number.to_string()).collect();
    let watched = crate::ipxapi::login(&office).post("call/monitor", json!({ "deviceNumber": monitored }));
    assert_eq!(watched.status, 200, "{}", watched.text);
    let mut held: Vec<Held> = Vec::new();
    for (count, deaf) in DEAF {
        held.extend((0..count).map(|n| deaf(&office, n)));
    }
    assert!(held.len() >= 1_000, "{} clients", held.len());
    // Traffic that nobody reads.
    let_phones_play(&office, 1_010..=1_020, 1);
    for n in 0..200 {
        let maker = if n % 2 == 0 { "console" } else { "fusion" };
        // A phone may still be in the call before.
        let _ = (door(maker).asks)(&office, &(1010 + n % 5).to_string(), &(1015 + n % 5).to_string());
    }
    office.wait_idle();
    let crowded = slowest(&office);
    assert!(crowded < SLOWEST, "the slowest took {alone:?} alone and {crowded:?} among {} deaf clients", held.len());
    drop(held);
}
