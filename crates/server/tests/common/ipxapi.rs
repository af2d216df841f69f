//! The iPECS Web API as an application has it: an account, a token, a socket.

use super::tls::TlsStream;
use super::{Answer, Office, SOON};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

/// `Basic` of RFC 7617.
pub fn basic(user: &str, password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{user}:{password}");
    let group = |octets: &[u8]| {
        let bits = octets.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - octets.len()));
        (0..4)
            .map(|n| if n <= octets.len() { char::from(ALPHABET[(bits >> (18 - 6 * n) & 63) as usize]) } else { '=' })
            .collect::<String>()
    };
    format!("Basic {}", text.as_bytes().chunks(3).map(group).collect::<String>())
}

/// Asks with any authorization.
pub fn ask(office: &Office, method: &str, path: &str, authorization: &str, body: &str) -> Answer {
    let fields = [("Authorization", authorization), ("Content-Type", "application/json")];
    office.https("ipxapi", method, path, &fields, body.as_bytes())
}

/// Code and text of an error, with the HTTP status.
pub fn error(answer: &Answer) -> (u16, u64, String) {
    let body = answer.json();
    let error = &body["error"];
    let message = error["message"].as_str().unwrap_or_else(|| panic!("no error: {}", answer.text)).to_owned();
    (answer.status, error["code"].as_u64().expect("a number"), message)
}

/// One login.
pub struct Login<'a> {
    /// Where.
    pub office: &'a Office,
    pub base: String,
    pub bearer: String,
    pub token: String,
    pub answer: Value,
}

impl<'a> Login<'a> {
    pub fn of(office: &'a Office, kind: &str, user: &str, password: &str) -> Self {
        let base = format!("/ipxapi/{kind}/v1/users/{user}");
        let answer = ask(office, "GET", &format!("{base}/login"), &basic(user, password), "");
        assert_eq!(answer.status, 200, "{user}: {}", answer.text);
        let answer = answer.json();
        let token = answer["token"].as_str().expect("a token").to_owned();
        Self { answer, ..Self::with_token(office, kind, user, token) }
    }

    /// A login of before, whose token was kept.
    pub fn with_token(office: &'a Office, kind: &str, user: &str, token: String) -> Self {
        let base = format!("/ipxapi/{kind}/v1/users/{user}");
        Self { office, base, bearer: format!("bearer {token}"), token, answer: Value::Null }
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        ask(self.office, method, &format!("{}/{path}", self.base), &self.bearer, body)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, &body.to_string())
    }

    /// A command that is carried out.
    pub fn done(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        answer.json()
    }

    /// A command that is refused.
    pub fn refused(&self, path: &str, body: Value) -> (u16, u64, String) {
        error(&self.post(path, body))
    }

    pub fn make(&self, from: &str, to: &str) -> u64 {
        let made = self.done("call/make", json!({ "deviceNumber": from, "calledDN": to }));
        made["data"]["callRefID"].as_u64().expect("a reference")
    }

    pub fn leg(&self, path: &str, device: &str, reference: u64) {
        let done = self.done(path, json!({ "deviceNumber": device, "callRefID": reference }));
        assert_eq!(done, json!({ "data": {} }));
    }

    pub fn status(&self, device: &str) -> String {
        let answer = self.ask("GET", &format!("call/status?deviceNumber={device}"), "");
        answer.json()["data"]["state"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    }

    /// A socket that watches these terminals.
    pub fn socket(&self, devices: &[&str]) -> Socket {
        let request = format!("wss://localhost/ipxapi?token={}", self.token).into_client_request().expect("a request");
        let stream = self.office.tls("ipxapi");
        stream.sock.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out");
        let (socket, answer) = tungstenite::client(request, stream).expect("it is upgraded");
        assert_eq!(answer.status(), 101);
        if !devices.is_empty() {
            let watched = self.done("call/monitor", json!({ "deviceNumber": devices }));
            let all: Vec<Value> = devices.iter().map(|device| json!({ *device: "OK" })).collect();
            assert_eq!(watched, json!({ "result": all }));
        }
        Socket { socket, serial: 0 }
    }
}

/// A WebSocket that reads call frames, and checks that their numbers have no gap.
pub struct Socket {
    pub socket: WebSocket<TlsStream>,
    serial: u64,
}

impl Socket {
    /// The next message; none when the socket ends without a farewell.
    pub fn message(&mut self, what: &str) -> Option<Message> {
        let until = Instant::now() + SOON;
        loop {
            match self.socket.read() {
                Ok(message) => return Some(message),
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
                {
                    assert!(Instant::now() < until, "waited in vain: {what}");
                }
                Err(_) => return None,
            }
        }
    }

    /// The next frame of any kind, with its number checked; none when the socket ends.
    pub fn any_frame(&mut self) -> Option<Value> {
        loop {
            match self.message("a frame")? {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
                    if frame["event"] == "call" {
                        self.serial += 1;
                        assert_eq!(frame["data"]["evtSerialNum"], self.serial, "{frame}");
                    }
                    return Some(frame);
                }
                Message::Close(_) => return None,
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Frame(_)) => panic!("not expected: {other:?}"),
            }
        }
    }

    /// The next call frame; none when the socket ends.
    pub fn frame(&mut self) -> Option<Value> {
        loop {
            let frame = self.any_frame()?;
            if frame["event"] == "call" {
                return Some(frame["data"].clone());
            }
        }
    }

    /// The next record that is told.
    pub fn record(&mut self) -> Value {
        loop {
            let frame = self.any_frame().expect("a record is told");
            if frame["event"] == "smdr" {
                return frame["data"].clone();
            }
        }
    }

    /// Code and reason with which the socket is closed.
    pub fn farewell(&mut self) -> (u16, String) {
        loop {
            match self.message("the socket is closed").expect("it ends with a farewell") {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                Message::Close(None) => panic!("closed without a code"),
                Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// The code with which the socket is closed.
    pub fn closed(&mut self) -> u16 {
        self.farewell().0
    }

    /// The next frames, each as the catalogue's tables have it: every member but the serial number.
    pub fn expect(&mut self, frames: &[Value]) {
        for expected in frames {
            let mut frame = self.frame().unwrap_or_else(|| panic!("the socket ended before {expected}"));
            frame.as_object_mut().expect("an object").remove("evtSerialNum");
            assert_eq!(frame, *expected);
        }
    }
}
