//! The TelServices door of the real program, through its public listeners: sessions, calls and events against the vendor's
//! ladders, every error of the slice, history, bad input, and a newcomer's client.

#[path = "../common/mod.rs"]
mod common;

mod admission;
mod bad_input;
mod calls;
mod history;
mod http;
mod lines;
mod link;
mod newcomer;
mod order;
mod polls;
mod sessions;

use common::telservices::{Events, STANDARD, ask, connect, device, error, make_call, request, rest, tcp, tcp_octets};
use common::{Office, SOON, wait_for, wait_within};
use serde_json::{Value, json};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::process::Command;

/// One request from another address of this machine.
fn from_elsewhere(office: &Office, service: &str, elements: &str) -> String {
    let url = format!("http://{}/", office.address("telservices_tcp"));
    let asked = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60", "--interface", "127.0.0.2", "--data-binary"])
        .args([&request(service, elements), &url])
        .output()
        .expect("curl is there");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    String::from_utf8(asked.stdout).expect("UTF-8")
}

/// A client at that address opens a session on a device with its events there.
fn elsewhere(office: &Office, number: &str, more: &str) -> Events {
    let socket = UdpSocket::bind("127.0.0.2:0").expect("a port");
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    let port = socket.local_addr().expect("bound").port();
    let elements = format!("{}<eventUDPPort>{port}</eventUDPPort>{more}", device(number));
    assert_eq!(from_elsewhere(office, "openSession", &elements), STANDARD);
    Events(socket)
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

fn empty_snapshot(seq: &str) -> String {
    format!(
        "<TelServiceReturn><result><snapshot>{seq}<calls/><forwards/><msgWaiting><off/></msgWaiting>\
         <doNotDisturb><off/></doNotDisturb></snapshot></result></TelServiceReturn>"
    )
}

fn closed_half(socket: &TcpStream) {
    socket.shutdown(Shutdown::Write).expect("possible");
}

fn moves_s(office: &Office, seconds: u64) -> Value {
    office.post("/test/clock/advance", json!({"by_ms": seconds * 1_000}))
}
