//! A thousand clients that never read, spread over every door's listeners: no call notices them.

use crate::common::{Office, wait_within};
use crate::doors::DOORS;
use crate::phones::{connections, let_phones_play};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Clients that never read.
const DEAF: usize = 1_000;
/// Of these at Fusion's event socket, which takes no more than that.
const DEAF_EVENTS: usize = 100;
/// Calls through every door, before they come and while they are there.
const CALLS: usize = 40;
/// The slowest of those calls may take so long from the request to the phone ringing.
const SLOWEST: Duration = Duration::from_secs(2);

/// A client of a door's stream that says what it has to and then nothing, and never reads.
fn deaf(office: &Office, n: usize) -> TcpStream {
    let connect = |listener: &str| TcpStream::connect(office.address(listener)).expect("it listens");
    let bearer = format!("Host: x\r\nAuthorization: Bearer {}\r\n", office.token());
    let (mut socket, said) = match n % 4 {
        _ if n < DEAF_EVENTS => (connect("fusion_events"), Vec::new()),
        0 => {
            let request =
                format!("GET /api/v1/events?detail=facts HTTP/1.1\r\n{bearer}Accept: text/event-stream\r\n\r\n");
            (connect("console"), request.into_bytes())
        }
        1 => (
            connect("console"),
            [format!("GET /api/v1/stream HTTP/1.1\r\n{bearer}{UPGRADE}").into_bytes(), subscribe()].concat(),
        ),
        // Answers that nobody takes: requests one behind the other.
        2 => (
            connect("fusion"),
            "GET /xml/dbGetDirectoryInfo.json?ext=1 HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50).into_bytes(),
        ),
        // A TLS handshake that is never gone on with.
        _ => (connect("clickcall"), vec![0x16, 3, 1]),
    };
    // A listener may have had enough of it already.
    let _ = socket.write_all(&said);
    socket
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: hookswitch.v1\r\n\r\n";

/// A text frame that subscribes to everything, masked with zeros (RFC 6455 5.2).
fn subscribe() -> Vec<u8> {
    let text = b"{\"op\":\"subscribe\",\"id\":\"s1\"}";
    let length = u8::try_from(text.len()).expect("short");
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_slice()].concat()
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
    let held: Vec<TcpStream> = (0..DEAF).map(|n| deaf(&office, n)).collect();
    // Traffic that nobody reads.
    let_phones_play(&office, 1_010..=1_020, 1);
    for n in 0..200 {
        DOORS[n % 2].make(&office, &(1010 + n % 5).to_string(), &(1015 + n % 5).to_string());
    }
    office.wait_idle();
    let crowded = slowest(&office);
    assert!(crowded < SLOWEST, "the slowest took {alone:?} alone and {crowded:?} among {DEAF} deaf clients");
    drop(held);
}
