//! The door on a port, above an exchange that says what a test lets it say: what no client can provoke from outside is provoked here.

use super::super::{Door, IpxapiConfig, Stream, router};
use crate::common::ask::{Ask, Fault, Identity};
use crate::common::clock::Clock;
use crate::common::exchange::{Down, Exchange};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use switching::command::{Configure, Principal, Reply};
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, Names};
use switching::engine::EngineInput;
use switching::id::{DeviceId, RequestId};
use switching::party::Digits;
use switching::picture::Picture;
use switching::refusal::Refusal;
use switching::time::Time;
use switching::{Input, Output, Switch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the exchange says to the next commands and questions.
#[derive(Debug, Clone)]
pub enum Says {
    /// Commands are refused so; the store answers.
    Refused(Refusal),
    /// The store fails.
    StoreFails,
    /// Nobody answers any more.
    Nothing,
}

/// The door, and what is said behind it.
pub struct Rig {
    http: SocketAddr,
    says: Arc<Mutex<Says>>,
}

impl Rig {
    /// One phone, 1001; an application `app` and the station's own account.
    pub async fn start() -> Self {
        Self::with(IpxapiConfig::default()).await
    }

    /// The same, set up otherwise.
    pub async fn with(config: IpxapiConfig) -> Self {
        let clock = Clock::stopped(Time(1_714_644_672_000));
        let (exchange, down) = Exchange::new(picture(), "ep_1".to_owned(), clock.clone());
        let says = Arc::new(Mutex::new(Says::Nothing));
        tokio::spawn(answer(Arc::clone(&says), down));
        let door = Door::new(exchange, Stream::new(config, clock, 1)).expect("random octets");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let http = listener.local_addr().expect("bound");
        tokio::spawn(async move { axum::serve(listener, router(door)).await });
        Self { http, says }
    }

    pub fn says(&self, says: Says) {
        *self.says.lock().expect("no test panicked with it") = says;
    }

    /// Status and body of an answer.
    pub async fn ask(&self, method: &str, path: &str, authorization: &str, body: &str) -> (u16, Value) {
        let mut socket = TcpStream::connect(self.http).await.expect("a listener");
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {authorization}\r\n");
        let asked = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        socket.write_all(asked.as_bytes()).await.expect("taken");
        let mut told = String::new();
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), socket.read_to_string(&mut told)).await;
        read.expect("in time").expect("text");
        let status = told.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{told}"));
        let body = told.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Logs in; gives the path of the account and its bearer.
    pub async fn log_in(&self, kind: &str, user: &str) -> (String, String) {
        use base64::Engine as _;
        let base = format!("/ipxapi/{kind}/v1/users/{user}");
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:secret"));
        let (status, told) = self.ask("GET", &format!("{base}/login"), &format!("Basic {basic}"), "").await;
        assert_eq!(status, 200, "{told}");
        (base, format!("bearer {}", told["token"].as_str().expect("a token")))
    }
}

/// What the configuration of one registered phone leads to.
fn picture() -> Picture {
    let mut switch = Switch::new();
    let mut picture = Picture::default();
    let device = DeviceConfig {
        kind: DeviceKind::Simulated,
        names: Names { number: Digits::parse("1001"), sip: None, resource: None },
        lines_max: 2,
        can: Capabilities::default(),
        context: "internal".to_owned(),
        display_name: String::new(),
        class: ClassOfService::default(),
    };
    let by = Principal { door: "test".to_owned(), account: "test".to_owned() };
    let change = Change::PutDevice { id: None, config: Box::new(device) };
    let contact = switching::engine::Contact {
        ip: "192.0.2.1".to_owned(),
        port: 5_060,
        transport: "udp".to_owned(),
        user_agent: String::new(),
    };
    let registration = EngineInput::Registration { device: DeviceId(1), contacts: vec![contact] };
    for input in
        [Input::Configure(Box::new(Configure { request: RequestId(1), by, change })), Input::Engine(registration)]
    {
        switch.handle(Time(1_714_644_672_000), input);
        while let Some(output) = switch.poll() {
            if let Output::Event(event) = output {
                picture.fold(&event, None);
            }
        }
    }
    assert!(picture.devices.values().any(switching::model::Device::in_service), "the phone is there");
    picture
}

async fn answer(says: Arc<Mutex<Says>>, mut down: mpsc::Receiver<Down>) {
    while let Some(next) = down.recv().await {
        let now = says.lock().expect("no test panicked with it").clone();
        match (next, now) {
            (Down::Ask(Ask::Login { user, back, .. }), Says::Refused(_) | Says::StoreFails) => {
                let own = (user != "app").then(|| ("station".to_owned(), user.clone()));
                let settings: BTreeMap<_, _> = own.into_iter().collect();
                let _ = back.send(Some(Identity { account: user, scopes: Vec::new(), settings }));
            }
            (Down::Command(_, back), Says::Refused(refusal)) => {
                let outcome = Err(refusal);
                let _ = back.send(Reply { request: RequestId(9), before: 2, through: 2, replayed: false, outcome });
            }
            (Down::Ask(Ask::Scan(_, back)), Says::Refused(_)) => drop(back.send(Ok(Vec::new()))),
            (Down::Ask(Ask::Scan(_, back)), Says::StoreFails) => {
                drop(back.send(Err(Fault::Store("the disk is gone".to_owned()))));
            }
            // The picture of these tests is whole.
            (Down::Seq(back), Says::Refused(_) | Says::StoreFails) => drop(back.send(0)),
            // The way back is dropped: whoever asked finds the exchange gone.
            (_, Says::Refused(_) | Says::StoreFails | Says::Nothing) => {}
        }
    }
}
