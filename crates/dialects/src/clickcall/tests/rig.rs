//! A real exchange behind the door, without engines: a test says what the phones do. Time stands still unless moved.

use super::super::{ClickCallConfig, Door, event, router};
use crate::common::ask::{Ask, Back, Identity};
use crate::common::clock::Clock;
use crate::common::exchange::{Down, Exchange, Submit};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switching::command::{Command, Configure, Principal, Reply};
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names};
use switching::engine::{Contact, EngineInput, Order, OrderKind, Report, ReportKind};
use switching::id::{DeviceId, LegId, RequestId};
use switching::party::{Digits, Party};
use switching::picture::Picture;
use switching::time::Time;
use switching::{Input, Output, Switch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// User, password and station of the accounts.
const ACCOUNTS: [(&str, &str, &str); 2] = [("ann", "open sesame", "104"), ("lost", "lost", "")];

struct Core {
    switch: Switch,
    exchange: Exchange,
    waiting: BTreeMap<RequestId, Back<Reply>>,
    requests: u64,
    logins: usize,
    orders: Vec<Order>,
    reports: BTreeMap<LegId, u32>,
}

impl Core {
    fn feed(&mut self, input: Input) {
        self.switch.handle(self.exchange.clock().now(), input);
        while let Some(output) = self.switch.poll() {
            match output {
                Output::Engine(order) => self.orders.push(order),
                Output::Event(event) => {
                    assert_eq!(event::render(&event), None);
                    self.exchange.advance(|mirror| mirror.fold(&event, None));
                }
                Output::Reply(reply) => {
                    if let Some(back) = self.waiting.remove(&reply.request) {
                        let _ = back.send(*reply);
                    }
                }
                Output::Record(_) | Output::Decision { .. } => {}
            }
        }
    }

    fn down(&mut self, down: Down) {
        self.requests += 1;
        let request = RequestId(self.requests);
        match down {
            Down::Command(submit, back) => {
                self.waiting.insert(request, back);
                let Submit { by, key, guard, reply, deadline_ms, verb } = *submit;
                self.feed(Input::Command(Box::new(Command { request, by, key, guard, reply, deadline_ms, verb })));
            }
            Down::Ask(Ask::Login { door, user, password, back, .. }) => {
                assert_eq!(door, "clickcall");
                self.logins += 1;
                let account = ACCOUNTS.iter().find(|account| (account.0, account.1) == (user.as_str(), &password));
                let settings = |station: &str| BTreeMap::from([("station".to_owned(), station.to_owned())]);
                let identity = account.map(|(user, _, station)| Identity {
                    account: (*user).to_owned(),
                    scopes: Vec::new(),
                    settings: settings(station),
                });
                let _ = back.send(identity);
            }
            Down::Configure(..) | Down::Key(..) | Down::Ask(_) | Down::Seq(_) => panic!("not asked by this door"),
        }
    }
}

/// The exchange, its door on a port, and the hands of a test.
pub struct Rig {
    core: Arc<Mutex<Core>>,
    pub exchange: Exchange,
    pub http: SocketAddr,
}

impl Rig {
    /// Ann has 104, with the phones 104 and 204; 102 is Tim's.
    pub async fn start() -> Self {
        let clock = Clock::stopped(Time(1_714_644_672_000));
        let (exchange, down) = Exchange::new(Picture::default(), "ep_1".to_owned(), clock);
        let core = Core {
            switch: Switch::new(),
            exchange: exchange.clone(),
            waiting: BTreeMap::new(),
            requests: 0,
            logins: 0,
            orders: Vec::new(),
            reports: BTreeMap::new(),
        };
        let core = Arc::new(Mutex::new(core));
        tokio::spawn(drive(Arc::clone(&core), down));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let http = listener.local_addr().expect("bound");
        let door = router(Door::new(exchange.clone(), ClickCallConfig::default()), true);
        tokio::spawn(async move { axum::serve(listener, door).await });
        let rig = Self { core, exchange, http };
        let (ann, second, tim) = (rig.phone("104"), rig.phone("204"), rig.phone("102"));
        rig.extension("104", ann, Some(second));
        rig.extension("102", tim, None);
        rig
    }

    fn phone(&self, number: &str) -> DeviceId {
        let config = DeviceConfig {
            kind: DeviceKind::Simulated,
            names: Names { number: Some(digits(number)), sip: None, resource: Some(number.to_owned()) },
            lines_max: 2,
            can: Capabilities::default(),
            context: "internal".to_owned(),
            display_name: String::new(),
            class: ClassOfService::default(),
        };
        self.change(Change::PutDevice { id: None, config: Box::new(config) });
        self.register(number, true);
        self.id_of(number)
    }

    fn extension(&self, number: &str, primary: DeviceId, secondary: Option<DeviceId>) {
        let config = ExtensionConfig {
            number: digits(number),
            first_name: String::new(),
            last_name: format!("Name {number}"),
            primary: Some(primary),
            secondary,
            owner: None,
            ring_ms: None,
            outgoing_number: None,
            fields: BTreeMap::new(),
        };
        self.change(Change::PutExtension { id: None, config: Box::new(config) });
    }

    fn change(&self, change: Change) {
        let mut core = self.core.lock().expect("no test panicked with it");
        core.requests += 1;
        let by = Principal { door: "test".to_owned(), account: "test".to_owned() };
        let request = RequestId(core.requests);
        core.feed(Input::Configure(Box::new(Configure { request, by, change })));
    }

    /// The class of service of a phone.
    pub fn classify(&self, number: &str, class: ClassOfService) {
        let id = self.id_of(number);
        let mut config = self.exchange.read(|picture| picture.devices[&id].config.clone());
        config.class = class;
        self.change(Change::PutDevice { id: Some(id), config: Box::new(config) });
    }

    fn id_of(&self, number: &str) -> DeviceId {
        self.exchange.read(|picture| picture.device_by_number(&digits(number)).expect("configured").id)
    }

    pub fn register(&self, number: &str, there: bool) {
        let device = self.id_of(number);
        let contact =
            Contact { ip: "172.16.0.1".to_owned(), port: 5374, transport: "udp".to_owned(), user_agent: String::new() };
        let contacts = if there { vec![contact] } else { Vec::new() };
        self.feed(Input::Engine(EngineInput::Registration { device, contacts }));
    }

    fn feed(&self, input: Input) {
        self.core.lock().expect("no test panicked with it").feed(input);
    }

    /// How often credentials have been looked at.
    pub fn logins(&self) -> usize {
        self.core.lock().expect("no test panicked with it").logins
    }

    /// The orders to ring, oldest first: the phone's number, and what it is shown.
    pub fn rung(&self) -> Vec<(String, Party)> {
        let core = self.core.lock().expect("no test panicked with it");
        let number = |device: DeviceId| {
            let names = |picture: &Picture| picture.devices[&device].config.names.number.clone();
            self.exchange.read(names).map(|number| number.to_string()).unwrap_or_default()
        };
        let ring = |order: &Order| match &order.what {
            OrderKind::Ring { device, from, .. } => Some((number(*device), from.clone())),
            _ => None,
        };
        core.orders.iter().filter_map(ring).collect()
    }

    fn report(&self, number: &str, what: ReportKind) {
        let wanted = self.id_of(number);
        let mut core = self.core.lock().expect("no test panicked with it");
        let ring = |order: &&Order| matches!(&order.what, OrderKind::Ring { device, .. } if *device == wanted);
        let leg = core.orders.iter().rev().find(ring).expect("it was rung").leg;
        let leg_seq = core.reports.entry(leg).or_default();
        *leg_seq += 1;
        let leg_seq = *leg_seq;
        core.feed(Input::Engine(EngineInput::Report(Report { leg, leg_seq, what })));
    }

    pub fn answers(&self, number: &str) {
        self.report(number, ReportKind::Answered);
    }

    /// Lets time pass; timers of the exchange fire on the way.
    pub fn passes_ms(&self, ms: u64) {
        let until = self.exchange.clock().now().after_ms(ms);
        loop {
            let due = self.core.lock().expect("no test panicked with it").switch.poll_timeout();
            match due {
                Some((at, _)) if at <= until => {
                    self.exchange.clock().advance_to(at);
                    self.feed(Input::Timeout);
                }
                Some(_) | None => break,
            }
        }
        self.exchange.clock().advance_to(until);
    }

    /// Octets on a connection of their own, and all that comes back.
    pub async fn octets(&self, octets: &[u8]) -> String {
        let mut socket = TcpStream::connect(self.http).await.expect("a listener");
        socket.write_all(octets).await.expect("taken");
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await;
        // What came before a reset counts.
        let _ = read.expect("in time");
        String::from_utf8(answer).expect("text")
    }

    /// A POST of a body.
    pub async fn post(&self, path: &str, fields: &str, body: &str) -> String {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: pbx\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        self.octets(format!("{head}{fields}\r\n{body}").as_bytes()).await
    }

    /// The codes that a document is answered with.
    pub async fn codes(&self, document: &str) -> Vec<u16> {
        let answer = self.post("/ipecs_svc", "", document).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let codes = answer.split("<code>").skip(1).filter_map(|rest| rest.split('<').next()?.parse().ok());
        codes.collect()
    }
}

async fn drive(core: Arc<Mutex<Core>>, mut down: mpsc::Receiver<Down>) {
    while let Some(next) = down.recv().await {
        core.lock().expect("no test panicked with it").down(next);
    }
}

pub fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("a number")
}

/// One command of Ann's.
pub fn command(source: &str, destinfo: &str) -> String {
    let userinfo = "<stnnum>104</stnnum><userid>ann</userid><userpwd>open sesame</userpwd>";
    format!(
        "<clicktocall><userinfo>{userinfo}</userinfo><srcinfo><dialnum>{source}</dialnum></srcinfo>{destinfo}</clicktocall>"
    )
}

/// A document of these commands.
pub fn document(attributes: &str, commands: &str) -> String {
    format!(
        "<ipecs_svc><request type='service' servicename='clicktocall' {attributes}>{commands}</request></ipecs_svc>"
    )
}

/// A call to a number from Ann's phone.
pub fn call(to: &str) -> String {
    document("", &command("104", &format!("<destinfo><dialnum>{to}</dialnum></destinfo>")))
}
