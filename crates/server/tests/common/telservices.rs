//! TelServices as a client has it: a request on a connection of its own, and a port to which events come.

use super::{Office, SOON};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};

/// The return of a service that was done.
pub const STANDARD: &str = "<TelServiceReturn><result><standard/></result></TelServiceReturn>";

/// The return of a service that was not.
pub fn error(name: &str) -> String {
    format!("<TelServiceReturn><error><{name}/></error></TelServiceReturn>")
}

/// One request on a fresh connection: all that comes back until the server closes.
pub fn tcp(office: &Office, request: &str) -> String {
    tcp_octets(office, request.as_bytes())
}

/// The same; the request is any octets.
pub fn tcp_octets(office: &Office, request: &[u8]) -> String {
    let mut socket = connect(office, "telservices_tcp");
    // A refused request may be answered before all of it was sent.
    let _ = socket.write_all(request);
    rest(&mut socket)
}

/// A connection.
pub fn connect(office: &Office, listener: &str) -> TcpStream {
    let socket = TcpStream::connect(office.address(listener)).expect("it listens");
    socket.set_read_timeout(Some(2 * SOON)).expect("a time-out");
    socket.set_write_timeout(Some(2 * SOON)).expect("a time-out");
    socket
}

/// Everything until the server closes.
pub fn rest(socket: &mut TcpStream) -> String {
    let mut text = Vec::new();
    socket.read_to_end(&mut text).expect("an orderly close");
    String::from_utf8(text).expect("UTF-8")
}

/// One request with these elements: `ask(&office, "dropCall", "<deviceNumber>1001</deviceNumber>")`.
pub fn ask(office: &Office, service: &str, elements: &str) -> String {
    tcp(office, &request(service, elements))
}

/// A request with these elements.
pub fn request(service: &str, elements: &str) -> String {
    format!("<TelServiceRequest><{service}>{elements}</{service}></TelServiceRequest>")
}

/// The element that names a device.
pub fn device(number: &str) -> String {
    format!("<deviceNumber>{number}</deviceNumber>")
}

/// makeCall.
pub fn make_call(office: &Office, from: &str, to: &str) -> String {
    ask(office, "makeCall", &format!("{}<calledDeviceNumber>{to}</calledDeviceNumber>", device(from)))
}

/// A client that listens for events.
pub struct Events(pub UdpSocket);

impl Events {
    /// At a port of its own.
    pub fn listen() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(SOON)).expect("a time-out");
        Self(socket)
    }

    /// Opens a session on a device with its events here.
    pub fn of(office: &Office, number: &str) -> Self {
        Self::with(office, number, "")
    }

    /// The same, with more elements.
    pub fn with(office: &Office, number: &str, more: &str) -> Self {
        let events = Self::listen();
        assert_eq!(events.open(office, number, more), STANDARD);
        events
    }

    /// Opens a session whose events come here; gives the return.
    pub fn open(&self, office: &Office, number: &str, more: &str) -> String {
        let port = self.0.local_addr().expect("bound").port();
        ask(office, "openSession", &format!("{}<eventUDPPort>{port}</eventUDPPort>{more}", device(number)))
    }

    /// The next event.
    pub fn next(&self) -> String {
        let mut datagram = [0; 65_536];
        let octets = self.0.recv(&mut datagram).expect("an event");
        String::from_utf8(datagram[..octets].to_vec()).expect("UTF-8")
    }

    /// Whether nothing has come so far. What is ordered before was sent before.
    pub fn nothing(&self) {
        self.0.set_nonblocking(true).expect("possible");
        let mut datagram = [0; 65_536];
        let came = self.0.recv(&mut datagram).map(|octets| String::from_utf8_lossy(&datagram[..octets]).into_owned());
        assert!(came.is_err(), "{came:?}");
        self.0.set_nonblocking(false).expect("possible");
    }
}
