//! Clients that read slowly or not at all, on the exchange's clock: over HTTP in the clear, over TLS, and as watchers of events.

use crate::common::{Office, SOON, wait_for};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

const OFFICE: &str = "[listen]\nshared_http = \"127.0.0.1:0\"\nshared_http_tls = true\n\
                      [console]\ntest_control = true\ncommands_per_min = 100000\nreads_per_min = 100000\n\
                      [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n\
                      [[station]]\nnumber = \"202\"\nkind = \"simulated\"\nanswer_after_ms = 0\n";
/// How long a client may take nothing, in milliseconds.
const NOTHING_TAKEN_MS: u64 = 60_000;
/// More octets than systems hold for a client that does not read.
const MUCH: usize = 24 << 20;
/// What a client that hardly reads lets its system hold.
const LITTLE: usize = 4_096;

fn connect(office: &Office, listener: &str) -> TcpStream {
    let socket = TcpStream::connect(office.address(listener)).expect("it listens");
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    socket.set_write_timeout(Some(SOON)).expect("a time-out");
    socket
}

/// So many requests at once that the answers are this many octets or more.
fn ask(office: &Office, socket: &mut impl Write, octets: usize) {
    let url = format!("http://{}/api/v1/openapi.json", office.address("console"));
    let one = office.http("GET", &url, None, &[]).text.len();
    let request = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    socket.write_all(request.repeat(octets.div_ceil(one)).as_bytes()).expect("taken");
    socket.flush().expect("taken");
}

/// Lets minutes pass until the program has let the client go.
fn let_go(office: &Office, socket: &mut TcpStream) {
    socket.set_nonblocking(true).expect("it does not wait");
    wait_for("the client is let go", || {
        office.advance(NOTHING_TAKEN_MS);
        match socket.take_error().expect("it can be asked") {
            Some(_) => Some(()),
            None => socket.write(b"\r\n").is_err_and(|why| why.kind() != std::io::ErrorKind::WouldBlock).then_some(()),
        }
    });
}

#[test]
fn wire_a_client_that_reads_nothing_is_let_go() {
    let office = Office::configured_on_virtual_time(OFFICE);
    let mut clear = connect(&office, "console");
    ask(&office, &mut clear, MUCH);
    let mut tls = office.tls_over(connect(&office, "shared_http"));
    ask(&office, &mut tls, MUCH);
    // Somebody who is there all the time, and says and asks nothing.
    let mut quiet = connect(&office, "console");
    quiet.write_all(b"GET /api/v1/healthz HTTP/1.1\r\n").expect("taken");
    let_go(&office, &mut clear);
    let_go(&office, tls.get_mut());
    quiet.write_all(b"Host: localhost\r\nConnection: close\r\n\r\n").expect("it is there");
    let mut answer = String::new();
    quiet.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
}

#[test]
fn wire_a_client_that_reads_slowly_gets_all() {
    let office = Office::configured_on_virtual_time(OFFICE);
    let mut tls = office.tls_over(connect(&office, "shared_http"));
    ask(&office, &mut tls, MUCH);
    let mut piece = vec![0; MUCH / 24];
    for _ in 0..24 {
        tls.read_exact(&mut piece).expect("it takes something, and stays");
        // In all four minutes.
        office.advance(NOTHING_TAKEN_MS / 6);
    }
}

#[test]
fn wire_a_watcher_that_reads_nothing_is_let_go() {
    let office = Office::configured_on_virtual_time(OFFICE);
    // Events enough that no system holds them all.
    while office.get("/calls")["seq"].as_u64() < Some(800) {
        office.hand("201", "dial", json!({ "to": "202" }));
        wait_for("it rings", || (office.calls().len() == 1).then_some(()));
        office.hand("201", "hang_up", json!({}));
        office.wait_idle();
    }
    let mut watcher = connect(&office, "console");
    rustix::net::sockopt::set_socket_recv_buffer_size(&watcher, LITTLE).expect("a small buffer");
    let head = format!(
        "GET /api/v1/events?from=0 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer {}\r\n\r\n",
        office.token()
    );
    watcher.write_all(head.as_bytes()).expect("taken");
    let mut first = [0; 15];
    watcher.read_exact(&mut first).expect("it is let in");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let_go(&office, &mut watcher);
}
