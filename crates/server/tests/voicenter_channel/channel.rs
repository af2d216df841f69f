//! A socket of the channel, and what the tests do beside it.

use crate::common::{Office, SOON};
use serde_json::{Value, json};
use std::net::TcpStream;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

pub const CODE: &str = "demo-voicenter";

/// A socket of the channel.
pub struct Channel(pub WebSocket<MaybeTlsStream<TcpStream>>);

impl Channel {
    /// Connects: the open packet, and the connection to the name space.
    pub fn connect(office: &Office, listener: &str) -> Self {
        Self::connect_with(office, listener, "")
    }

    /// The same with more in its query.
    pub fn connect_with(office: &Office, listener: &str, more: &str) -> Self {
        let url = format!("ws://{}/socket.io/?EIO=3&transport=websocket{more}", office.address(listener));
        let tcp = TcpStream::connect(office.address(listener)).expect("the port listens");
        tcp.set_read_timeout(Some(SOON)).expect("a time-out");
        let (socket, _) = tungstenite::client(url, MaybeTlsStream::Plain(tcp)).expect("a WebSocket");
        let mut channel = Self(socket);
        let open: Value = serde_json::from_str(channel.text().strip_prefix('0').expect("open")).expect("JSON");
        assert_eq!(
            (&open["pingInterval"], &open["pingTimeout"], &open["upgrades"]),
            (&json!(25_000), &json!(60_000), &json!([]))
        );
        assert_eq!(open["sid"].as_str().map(str::len), Some(20));
        assert_eq!(channel.text(), "40");
        channel
    }

    /// Connects and logs in; gives the snapshot.
    pub fn open(office: &Office) -> (Self, Value) {
        let mut channel = Self::connect(office, "voicenter");
        channel.emit("loginUserCode", json!({"code": CODE}));
        channel.logged_in();
        let all = channel.state();
        channel.event("AllUsersStatus");
        (channel, all)
    }

    /// The answer to a login that was let in: its token.
    pub fn logged_in(&mut self) -> String {
        let answer = self.event("loginResponse");
        assert_eq!((&answer["ErrorCode"], &answer["ErrorDesc"]), (&json!(0), &json!("OK")), "{answer}");
        assert_eq!(self.event("loginSuccess")["errorDesc"], "OK");
        let token = answer["Token"].as_str().expect("text").to_owned();
        assert!(token.len() >= 32, "{token}");
        token
    }

    /// The three lists that follow a login or a resync: the one of the extensions.
    pub fn state(&mut self) -> Value {
        let queues = self.event("loginStatus");
        assert_eq!((&queues["queues"], &queues["Queues"], &queues["errorCode"]), (&json!([]), &json!([]), &json!(0)));
        let all = self.event("AllExtensionsStatus");
        assert_eq!((&all["errorCode"], &all["errorDesc"]), (&json!(0), &json!("OK")));
        assert_eq!(self.event("AllDialersStatus")["dialers"], json!([]));
        all
    }

    /// The next event of an extension, short: reason, extension, state, answered, leg, cause.
    pub fn next(&mut self) -> Value {
        let event = self.event("ExtensionEvent");
        let call = &event["data"]["currentCall"];
        json!([
            event["reason"],
            event["data"]["extenUser"],
            call["callstatus"],
            call["answered"],
            call["c2cdirection"],
            event["cause"],
        ])
    }

    pub fn next_all(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.next()).collect()
    }

    /// Whether nothing has come: the answer to a ping is the next.
    pub fn nothing(&mut self) {
        self.say("2");
        assert_eq!(self.text(), "3");
    }

    pub fn emit(&mut self, name: &str, payload: Value) {
        self.say(&format!("42{}", json!([name, payload])));
    }

    pub fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("taken");
    }

    pub fn text(&mut self) -> String {
        loop {
            match self.0.read().expect("a frame") {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    /// The next event, which has this name: its payload.
    pub fn event(&mut self, name: &str) -> Value {
        let text = self.text();
        let event: Value =
            serde_json::from_str(text.strip_prefix("42").unwrap_or_else(|| panic!("{text}"))).expect("JSON");
        assert_eq!(event[0], name, "{text}");
        event[1].clone()
    }
}

pub fn script(office: &Office, phone: &str, script: Value) {
    let patched = office.console("PATCH", &format!("/test/phones/{phone}"), Some(script));
    assert_eq!(patched.status, 200, "{}", patched.text);
}

pub fn called(office: &Office, query: &str) -> String {
    let url =
        format!("http://{}/ForwardDialer/click2call.aspx?code={CODE}&format=json&{query}", office.address("voicenter"));
    let answer = office.http("GET", &url, None, &[]).json();
    assert_eq!(answer["ERRORCODE"], 0, "{answer}");
    answer["CALLID"].as_str().expect("text").to_owned()
}

pub fn answers(after_s: u64) -> Value {
    json!({"ring": {"answer": {"after_ms": after_s * 1_000}}})
}
