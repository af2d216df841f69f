//! Clients of the stream: a WebSocket and a server-sent answer, each read frame by frame with a deadline.

use crate::common::Office;
use crate::common::described::Described;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

/// How long a frame may be on its way.
pub const FRAME_WAIT: Duration = Duration::from_secs(20);

/// How long frames may come that are not the one waited for.
const SKIP_WAIT: Duration = Duration::from_secs(60);

/// An open WebSocket.
pub struct Socket {
    socket: WebSocket<TcpStream>,
    described: Arc<Described>,
}

/// What comes over a WebSocket.
#[derive(Debug)]
pub enum Came {
    Frame(Value),
    Closed(Option<CloseFrame>),
}

impl Socket {
    /// Opens one with the operator's token.
    pub fn open(office: &Office) -> Self {
        Self::open_as(office, "", &[("Authorization", &format!("Bearer {}", office.token()))])
    }

    /// Opens one with other headers and a query.
    pub fn open_as(office: &Office, query: &str, headers: &[(&str, &str)]) -> Self {
        let address = office.address("console");
        let tcp = TcpStream::connect(address).expect("the console listens");
        tcp.set_read_timeout(Some(FRAME_WAIT)).expect("a time-out");
        let mut request = format!("ws://{address}/api/v1/stream{query}").into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "hookswitch.v1".parse().expect("a value"));
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        let (socket, answer) = tungstenite::client(request, tcp).expect("it is upgraded");
        assert_eq!(answer.headers()["sec-websocket-protocol"], "hookswitch.v1");
        Self { socket, described: office.described() }
    }

    pub fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).expect("it is written");
    }

    /// Sends any octets.
    pub fn octets(&mut self, octets: &[u8]) {
        self.socket.get_mut().write_all(octets).expect("it is written");
    }

    /// Sends a text that is no JSON, or too long.
    pub fn text(&mut self, text: String) {
        self.socket.send(Message::text(text)).expect("it is written");
    }

    /// The next frame, or how it was closed.
    pub fn next(&mut self) -> Came {
        self.skip_to("")
    }

    /// The next frame that has this text, or how it was closed.
    pub fn skip_to(&mut self, wanted: &str) -> Came {
        let deadline = Instant::now() + SKIP_WAIT;
        loop {
            assert!(Instant::now() < deadline, "waited in vain for {wanted}");
            match self.socket.read() {
                Ok(Message::Text(text)) if !text.contains(wanted) => {}
                Ok(Message::Text(text)) => {
                    let frame = serde_json::from_str(&text).expect("frames are JSON");
                    let faults = self.described.frame(&frame);
                    assert!(faults.is_empty(), "a frame not as described: {faults:#?}\n{frame}");
                    return Came::Frame(frame);
                }
                Ok(Message::Close(why)) => return Came::Closed(why),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("no frame came in {FRAME_WAIT:?}")
                }
                Err(_) => return Came::Closed(None),
            }
        }
    }

    /// The next frame.
    pub fn frame(&mut self) -> Value {
        match self.next() {
            Came::Frame(frame) => frame,
            Came::Closed(why) => panic!("closed: {why:?}"),
        }
    }

    /// The next frame with this `op`.
    pub fn frame_of(&mut self, op: &str) -> Value {
        loop {
            let frame = self.frame();
            if frame["op"] == op {
                return frame;
            }
            assert_eq!(frame["op"], "heartbeat", "waiting for {op}: {frame}");
        }
    }

    /// Subscribes at a place; gives the first frame.
    pub fn subscribe_from(&mut self, from: u64, epoch: &str) -> Value {
        self.say(&json!({ "op": "subscribe", "id": "s1", "from": from, "epoch": epoch }));
        self.frame()
    }
}

/// One server-sent event.
#[derive(Debug)]
pub struct Sent {
    pub id: Option<String>,
    pub event: String,
    pub data: Value,
}

/// An open stream of server-sent events.
pub struct Events {
    reader: BufReader<TcpStream>,
    described: Arc<Described>,
}

impl Events {
    /// Opens one; gives the HTTP status and the rest.
    pub fn open(office: &Office, query: &str, last_event_id: Option<&str>) -> (u16, Self) {
        Self::open_as(office, query, last_event_id, office.token())
    }

    /// Opens one with another token.
    pub fn open_as(office: &Office, query: &str, last_event_id: Option<&str>, token: &str) -> (u16, Self) {
        let address = office.address("console");
        let mut tcp = TcpStream::connect(address).expect("the console listens");
        tcp.set_read_timeout(Some(FRAME_WAIT)).expect("a time-out");
        let last = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /api/v1/events{query} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Accept: text/event-stream\r\nConnection: close\r\n{last}\r\n"
        );
        tcp.write_all(request.as_bytes()).expect("it is written");
        let mut reader = BufReader::new(tcp);
        let mut line = String::new();
        reader.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).expect("a header");
        }
        (status, Self { reader, described: office.described() })
    }

    /// The next one; none when the stream has ended.
    pub fn next(&mut self) -> Option<Sent> {
        let mut sent = Sent { id: None, event: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            // Chunk sizes stand on lines of their own; no field of an event looks like them.
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => sent.id = Some(id.to_owned()),
                Some(("event", event)) => sent.event = event.to_owned(),
                Some(("data", data)) => sent.data = serde_json::from_str(data).expect("data is JSON"),
                Some(_) | None if line.trim().is_empty() && !sent.event.is_empty() => {
                    let faults = self.described.sent(&sent.event, &sent.data);
                    assert!(faults.is_empty(), "an event not as described: {faults:#?}\n{sent:?}");
                    return Some(sent);
                }
                Some(_) | None => {}
            }
        }
    }

    /// The next event that is no heartbeat.
    pub fn event(&mut self) -> Sent {
        let deadline = Instant::now() + FRAME_WAIT;
        loop {
            assert!(Instant::now() < deadline, "no event came");
            match self.next().expect("the stream goes on") {
                sent if sent.event == "heartbeat" => {}
                sent => return sent,
            }
        }
    }
}

/// Sets phones so that calls to 1002, 1004, .. begin, talk and end by themselves.
pub fn let_phones_play(office: &Office) {
    for number in 1001..=1020 {
        let script = json!({
            "ring": { "answer": { "after_ms": 1 } }, "talk": { "hang_up": { "after_ms": 5 } },
        });
        let answer = office.console("PATCH", &format!("/test/phones/{number}"), Some(script));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}
