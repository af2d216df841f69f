//! Bad input: each gets the door's own error or a clean close, and the next call works.

use crate::client::{Login, error, house};
use crate::common::tls::{answer, read_all};
use conformance::proves;
use std::io::Write;
use tungstenite::Message;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

fn parameter() -> (u16, u64, String) {
    (400, 1, "Parameter error".to_owned())
}

/// A whole call, as proof that nothing is hurt.
fn the_next_call_works(login: &Login<'_>) {
    let call = login.make("1001", "1002");
    login.leg("call/answer", "1002", call);
    login.leg("call/clear_connection", "1002", call);
    login.office.wait_idle();
}

#[test]
fn wire_bad_bodies_get_the_doors_own_error_and_the_next_call_works() {
    let office = house();
    let login = Login::server(&office, "one");
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    for body in ["", "{", "[]", "\"text\"", "{\"deviceNumber\":\"\u{1}\"", &deep, "\u{feff}{}", "<xml/>", "a=b&c=d"] {
        assert_eq!(error(&login.ask("POST", "call/make", body)), parameter(), "{body:.40}");
    }
    let fields = [("Authorization", login.bearer.as_str())];
    let post =
        |what: &str, body: &[u8]| office.https("ipxapi", "POST", &format!("{}/{what}", login.base), &fields, body);
    let latin = [b"{\"deviceNumber\":\"".as_slice(), &[0xe9], b"\"}"].concat();
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [latin.as_slice(), &utf16, &[0, 0, 0], &[0xff; 64]] {
        assert_eq!(error(&post("call/make", body)), parameter(), "{body:?}");
    }
    assert_eq!(error(&login.ask("GET", "call/status?q=%7B", "")), parameter());
    assert_eq!(error(&login.ask("DELETE", "smdr", "nonsense")), parameter());
    the_next_call_works(&login);
    proves("IPX-ERR-02");
}

#[test]
fn wire_bodies_beyond_64_kib_are_refused_before_they_are_read() {
    let office = house();
    let login = Login::server(&office, "one");
    let head = |more: &str| {
        let bearer = &login.bearer;
        format!("POST {}/call/make HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\n{more}\r\n", login.base)
    };
    // Announced and never sent: the answer does not wait for it, and nothing follows on its connection.
    for length in [65_537_u64, 67_108_864, 1 << 60] {
        let mut stream = office.tls("ipxapi");
        stream.write_all(head(&format!("Content-Length: {length}\r\n")).as_bytes()).expect("taken");
        let told = answer(&read_all(&mut stream)).unwrap_or_else(|text| panic!("{length}: no answer: {text}"));
        assert_eq!(error(&told), parameter(), "{length}");
        assert_eq!(told.header("connection"), Some("close"), "{length}");
    }
    // In pieces, without an announcement: it ends where the bound is.
    let mut stream = office.tls("ipxapi");
    stream.write_all(head("Transfer-Encoding: chunked\r\n").as_bytes()).expect("taken");
    let piece = format!("1000\r\n{}\r\n", " ".repeat(4_096));
    // Not one octet more than it takes: what is left unread may cost the answer on its way.
    let octets = [piece.repeat(16).as_bytes(), b"1\r\n \r\n"].concat();
    stream.write_all(&octets).and_then(|()| stream.flush()).expect("taken");
    let told = answer(&read_all(&mut stream)).unwrap_or_else(|text| panic!("no answer: {text}"));
    assert_eq!(error(&told), parameter());
    // As large as may be, it is read, and is wrong for its own sake.
    assert_eq!(error(&login.ask("POST", "call/make", &" ".repeat(65_536))), parameter());
    the_next_call_works(&login);
}

#[test]
fn wire_heads_that_are_none_and_clients_that_leave_hurt_nobody() {
    let office = house();
    let login = Login::server(&office, "one");
    let path = format!("{}/call/make", login.base);
    let bearer = &login.bearer;
    // What comes back to octets after which the client says that no more will come.
    let said = |octets: &[u8]| {
        let mut stream = office.tls("ipxapi");
        stream.write_all(octets).and_then(|()| stream.flush()).expect("taken");
        stream.conn.send_close_notify();
        // It may have been closed before all was written.
        let _ = stream.flush();
        read_all(&mut stream)
    };
    // As much as a head may have, and no end of it.
    let mut endless = format!("GET {path} HTTP/1.1\r\nX: ");
    endless.push_str(&"x".repeat(65_536 - endless.len()));
    for (what, octets, statuses) in [
        ("no HTTP", "nonsense\r\n\r\n".to_owned(), &[400_u16][..]),
        ("another protocol", "\u{1}\u{2}\u{3}".repeat(100), &[400]),
        ("a flood of fields", format!("GET {path} HTTP/1.1\r\n{}\r\n", "X-Flood: 1\r\n".repeat(200)), &[431]),
        ("a field without end", endless, &[431]),
        ("a length that is none", format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"), &[400]),
    ] {
        let told = answer(&said(octets.as_bytes())).unwrap_or_else(|text| panic!("{what}: no answer: {text}"));
        assert!(statuses.contains(&told.status) && told.text.is_empty(), "{what}: {} {}", told.status, told.text);
    }
    // Far more than is read: it is cut off, at worst before the answer has come through.
    let mut stream = office.tls("ipxapi");
    match stream.write_all("X-Flood: 1\r\n".repeat(50_000).as_bytes()).and_then(|()| stream.flush()) {
        Ok(()) | Err(_) => {}
    }
    let told = read_all(&mut stream);
    assert!(told.is_empty() || answer(&told).is_ok_and(|told| [400, 431].contains(&told.status)), "{told}");
    // Cut off in its head: nothing was asked, nothing is said. Cut off in its body: nothing is done.
    assert_eq!(said(format!("POST {path} HTTP/1.1\r\nHo").as_bytes()), "");
    let cut = format!("POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\nContent-Length: 48\r\n\r\n");
    let told = said(format!("{cut}{{\"deviceNumber\":\"1001\",").as_bytes());
    assert!(told.is_empty() || answer(&told).is_ok_and(|told| error(&told) == parameter()), "{told}");
    assert_eq!(login.status("1001"), "idle");
    the_next_call_works(&login);
}

#[test]
fn wire_what_a_socket_must_not_say_ends_that_socket_alone() {
    let office = house();
    let login = Login::server(&office, "one");
    let masked = |opcode: OpCode, is_final: bool, reserved: bool, payload: &[u8]| {
        let header =
            FrameHeader { opcode, is_final, rsv1: reserved, mask: Some([1, 2, 3, 4]), ..FrameHeader::default() };
        Message::Frame(Frame::from_payload(header, payload.to_vec().into()))
    };
    // Too long; of a kind that does not exist; reserved bits; a continuation of nothing; a ping in pieces; no UTF-8.
    for (what, message, code) in [
        ("too long", Message::text("x".repeat(5_000)), 1_009),
        ("an unknown kind", masked(OpCode::Data(Data::Reserved(3)), true, false, b"x"), 1_002),
        ("reserved bits", masked(OpCode::Data(Data::Text), true, true, b"x"), 1_002),
        ("a continuation of nothing", masked(OpCode::Data(Data::Continue), true, false, b"x"), 1_002),
        ("a ping in pieces", masked(OpCode::Control(Control::Ping), false, false, b"x"), 1_002),
        ("no UTF-8", masked(OpCode::Data(Data::Text), true, false, &[0xff, 0xfe]), 1_007),
    ] {
        let mut socket = login.socket(&[]);
        socket.socket.send(message).expect("taken");
        assert_eq!(socket.closed(), code, "{what}");
    }
    // What nobody reads is no fault (IPX-AUTH-08).
    let mut socket = login.socket(&["1001"]);
    for message in [Message::text("{\"event\":\"call\"}"), Message::binary(vec![0; 4_000])] {
        socket.socket.send(message).expect("taken");
    }
    the_next_call_works(&login);
    assert_eq!(socket.frame().map(|frame| frame["type"].clone()), Some("proceeding".into()));
}
