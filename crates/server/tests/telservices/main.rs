//! The TelServices door of the real program, through its public listeners: sessions, calls and events against the vendor's
//! ladders, every error of the slice, history, bad input, and a newcomer's client.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod calls;
mod history;
mod http;
mod newcomer;
mod sessions;

use common::{Office, SOON, wait_for};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};

const STANDARD: &str = "<TelServiceReturn><result><standard/></result></TelServiceReturn>";

fn error(name: &str) -> String {
    format!("<TelServiceReturn><error><{name}/></error></TelServiceReturn>")
}

/// One request on a fresh connection: all that comes back until the server closes.
fn tcp(office: &Office, request: &str) -> String {
    tcp_octets(office, request.as_bytes())
}

fn tcp_octets(office: &Office, request: &[u8]) -> String {
    let mut socket = connect(office, "telservices_tcp");
    // A refused request may be answered before all of it was sent.
    let _ = socket.write_all(request);
    rest(&mut socket)
}

fn connect(office: &Office, listener: &str) -> TcpStream {
    let socket = TcpStream::connect(office.address(listener)).expect("it listens");
    socket.set_read_timeout(Some(2 * SOON)).expect("a time-out");
    socket.set_write_timeout(Some(2 * SOON)).expect("a time-out");
    socket
}

/// Everything until the server closes.
fn rest(socket: &mut TcpStream) -> String {
    let mut text = Vec::new();
    socket.read_to_end(&mut text).expect("an orderly close");
    String::from_utf8(text).expect("UTF-8")
}

/// One request with these elements: `ask(&office, "dropCall", "<deviceNumber>1001</deviceNumber>")`.
fn ask(office: &Office, service: &str, elements: &str) -> String {
    tcp(office, &request(service, elements))
}

fn request(service: &str, elements: &str) -> String {
    format!("<TelServiceRequest><{service}>{elements}</{service}></TelServiceRequest>")
}

fn device(number: &str) -> String {
    format!("<deviceNumber>{number}</deviceNumber>")
}

fn make_call(office: &Office, from: &str, to: &str) -> String {
    ask(office, "makeCall", &format!("{}<calledDeviceNumber>{to}</calledDeviceNumber>", device(from)))
}

/// A client that listens for events.
struct Events(UdpSocket);

impl Events {
    fn listen() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(SOON)).expect("a time-out");
        Self(socket)
    }

    /// Opens a session on a device with its events here.
    fn of(office: &Office, number: &str) -> Self {
        Self::with(office, number, "")
    }

    fn with(office: &Office, number: &str, more: &str) -> Self {
        let events = Self::listen();
        assert_eq!(events.open(office, number, more), STANDARD);
        events
    }

    fn open(&self, office: &Office, number: &str, more: &str) -> String {
        let port = self.0.local_addr().expect("bound").port();
        ask(office, "openSession", &format!("{}<eventUDPPort>{port}</eventUDPPort>{more}", device(number)))
    }

    /// The next event.
    fn next(&self) -> String {
        let mut datagram = [0; 65_536];
        let octets = self.0.recv(&mut datagram).expect("an event");
        String::from_utf8(datagram[..octets].to_vec()).expect("UTF-8")
    }

    /// Whether nothing has come so far. What is ordered before was sent before.
    fn nothing(&self) {
        self.0.set_nonblocking(true).expect("possible");
        let mut datagram = [0; 65_536];
        let came = self.0.recv(&mut datagram).map(|octets| String::from_utf8_lossy(&datagram[..octets]).into_owned());
        assert!(came.is_err(), "{came:?}");
        self.0.set_nonblocking(false).expect("possible");
    }
}

/// One line of a ladder.
#[derive(Clone, Copy)]
struct Line<'a> {
    device: &'a str,
    id: u32,
    state: &'a str,
    /// Number and name.
    other: (&'a str, &'a str),
    talk_s: u32,
    outgoing: bool,
    cause: &'a str,
    services: &'a str,
    extra: &'a str,
}

const LINE: Line<'static> = Line {
    device: "",
    id: 1,
    state: "",
    other: ("", ""),
    talk_s: 0,
    outgoing: false,
    cause: "",
    services: "",
    extra: "",
};

impl Line<'_> {
    /// The call element, octet by octet (TEL-CALL-01).
    fn call(&self) -> String {
        let elements = |names: &str| names.split_whitespace().map(|name| format!("<{name}/>")).collect::<String>();
        let text = |element: &str, text: &str| match text {
            "" => String::new(),
            text => format!("<{element}>{text}</{element}>"),
        };
        let number = if self.other.0.is_empty() { "<number/>".to_owned() } else { text("number", self.other.0) };
        let services = match elements(self.services).as_str() {
            "" => "<permittedServices/>".to_owned(),
            list => text("permittedServices", list),
        };
        format!(
            "<call><id>{}</id><primCall><state><{}/></state><otherParty>{number}{}</otherParty>\
             <duration>{}</duration><isOutgoing><{}/></isOutgoing><isConference><false/></isConference>{}</primCall>\
             {services}{}</call>",
            self.id,
            self.state,
            text("name", self.other.1),
            self.talk_s,
            self.outgoing,
            text("cause", &elements(self.cause)),
            text("extraData", self.extra),
        )
    }

    /// The event.
    fn event(&self) -> String {
        event(self.device, &self.call())
    }
}

fn event(device: &str, content: &str) -> String {
    format!("<TelServiceEvent><deviceNumber>{device}</deviceNumber><event>{content}</event></TelServiceEvent>")
}

fn session_event(device: &str, value: &str) -> String {
    event(device, &format!("<session><{value}/></session>"))
}

/// The name of a station of the demo office.
fn name(office: &Office, number: &str) -> String {
    let extension = office.get(&format!("/extensions/number:{number}"));
    let part = |key: &str| extension[key].as_str().expect("text").to_owned();
    [part("first_name"), part("last_name")].join(" ")
}

/// A phone is answered by hand as soon as it rings.
fn answer(office: &Office, phone: &str) {
    wait_for(&format!("{phone} rings and is answered"), || {
        let answered = office.console("POST", &format!("/test/phones/{phone}/answer"), Some(json!({})));
        (answered.status < 300).then_some(())
    });
}

/// An office whose clock stands still unless moved.
fn at_rest() -> Office {
    Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"])
}

fn closed_half(socket: &TcpStream) {
    socket.shutdown(Shutdown::Write).expect("possible");
}

fn moves_s(office: &Office, seconds: u64) -> Value {
    office.post("/test/clock/advance", json!({"by_ms": seconds * 1_000}))
}
