//! A client that sends everything before it reads anything gets the answer all the same: 64 MiB in one go to each HTTP door.

use crate::common::Office;
use crate::common::tls::read_all;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Octets that are sent in one go.
const FLOOD: usize = 67_108_864;

/// The door, whether over TLS, the path, and how the door's own answer begins and what is in it.
const AT_EACH: [(&str, bool, &str, &str, &str); 6] = [
    ("console", false, "/api/v1/calls/make_call", "HTTP/1.1 413 ", "The body is too large"),
    ("fusion", false, "/xml/ccOriginate.php", "HTTP/1.1 413 ", "Content-Length: 0"),
    (
        "voicenter",
        false,
        "/ForwardDialer/click2call.aspx?format=json",
        "HTTP/1.1 413 ",
        "\"ERRORMESSAGE\":\"Request is too long\"",
    ),
    ("ipxapi", true, "/ipxapi/server/v1/users/demo/call/make", "HTTP/1.1 400 ", "\"message\":\"Parameter error\""),
    ("clickcall", true, "/ipecs_svc", "HTTP/1.1 200 ", "<code>199</code>"),
    ("telservices_http", false, "/makeCall", "HTTP/1.1 413 ", "\r\n\r\n"),
];

fn floods(mut stream: impl Read + Write, head: &str, token: &str) -> String {
    let mut octets = format!("{head}Authorization: Bearer {token}\r\nContent-Length: {FLOOD}\r\n\r\n").into_bytes();
    octets.resize(octets.len() + FLOOD, b' ');
    stream.write_all(&octets).expect("the door takes all of it, or at least does not reset");
    read_all(&mut stream)
}

#[test]
fn wire_who_sends_64_mib_before_reading_gets_the_doors_own_answer() {
    let office = Office::start();
    for (door, tls, path, begins, holds) in AT_EACH {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n");
        let said = if tls {
            floods(office.tls(door), &head, office.token())
        } else {
            floods(TcpStream::connect(office.address(door)).expect("it listens"), &head, office.token())
        };
        assert!(said.starts_with(begins) && said.contains(holds), "{door}: {said:?}");
    }
}
