//! A real exchange behind the door, without engines: a test says what the phones do. Time stands still unless moved.

use super::super::{Door, FusionConfig, Stream, serve_events, serve_http};
use crate::common::ask::{Ask, Fault, RecordQuery};
use crate::common::clock::Clock;
use crate::common::exchange::{Down, Exchange, Submit};
use crate::common::frames::Frames;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switching::command::{Command, Configure, Principal};
use switching::config::{
    Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names, TrunkConfig,
};
use switching::engine::{Contact, EngineInput, Order, OrderKind, Report, ReportKind};
use switching::id::{DeviceId, LegId, RequestId};
use switching::party::{Digits, Party};
use switching::picture::{Before, Overlay, Picture};
use switching::record::CallRecord;
use switching::time::Time;
use switching::{Input, Output, Switch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// 2024-05-02 10:11:12 UTC.
pub const START: Time = Time(1_714_644_672_000);

pub fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("a number")
}

/// The way back for a page of records.
type Page = crate::common::ask::Back<Result<Vec<CallRecord>, Fault>>;

struct Core {
    switch: Switch,
    exchange: Exchange,
    stream: Stream,
    waiting: BTreeMap<RequestId, crate::common::ask::Back<switching::command::Reply>>,
    requests: u64,
    records: Vec<CallRecord>,
    orders: Vec<Order>,
    reports: BTreeMap<LegId, u32>,
    store: StoreIs,
    asked: Vec<(RecordQuery, Page)>,
    gone: bool,
}

/// How the store behind the door is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreIs {
    Ready,
    Broken,
    /// It takes questions and answers them when it is ready again.
    Slow,
}

impl Core {
    fn feed(&mut self, input: Input) {
        self.switch.handle(self.exchange.clock().now(), input);
        let mut replies = Vec::new();
        while let Some(output) = self.switch.poll() {
            match output {
                Output::Engine(order) => self.orders.push(order),
                Output::Event(event) => self.exchange.advance(|mirror| {
                    let mut overlay = Overlay::default();
                    mirror.fold(&event, Some(&mut overlay));
                    self.stream.take(&Before { after: mirror, overlay: &overlay }, &event, mirror);
                }),
                Output::Record(record) => self.records.push(*record),
                Output::Reply(reply) => replies.push(*reply),
                Output::Decision { .. } => {}
            }
        }
        self.stream.publish();
        for reply in replies {
            if let Some(back) = self.waiting.remove(&reply.request) {
                let _ = back.send(reply);
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
            Down::Ask(Ask::Records(query, back)) => match self.store {
                StoreIs::Ready => drop(back.send(Ok(self.page(&query)))),
                StoreIs::Broken => drop(back.send(Err(Fault::Store("the disk is full".to_owned())))),
                StoreIs::Slow => self.asked.push((query, back)),
            },
            Down::Configure(..) | Down::Key(..) | Down::Ask(_) | Down::Seq(_) => panic!("not asked by this door"),
        }
    }

    fn page(&self, query: &RecordQuery) -> Vec<CallRecord> {
        let from = query.from.unwrap_or_default();
        let fits = |record: &&CallRecord| {
            record.call.created >= from
                && query.before.is_none_or(|before| (record.call.created, record.call.id) < before)
        };
        self.records.iter().rev().filter(fits).take(query.limit.min(2) as usize).cloned().collect()
    }
}

/// The exchange, its door on two ports, and the hands of a test.
pub struct Rig {
    core: Arc<Mutex<Core>>,
    pub exchange: Exchange,
    pub stream: Stream,
    pub http: SocketAddr,
    pub events: SocketAddr,
}

impl Rig {
    pub async fn start(config: FusionConfig) -> Self {
        let (exchange, down) = Exchange::new(Picture::default(), "ep_1".to_owned(), Clock::stopped(START));
        let stream = Stream::new(1);
        let core = Core {
            switch: Switch::new(),
            exchange: exchange.clone(),
            stream: stream.clone(),
            waiting: BTreeMap::new(),
            requests: 0,
            records: Vec::new(),
            orders: Vec::new(),
            reports: BTreeMap::new(),
            store: StoreIs::Ready,
            asked: Vec::new(),
            gone: false,
        };
        let core = Arc::new(Mutex::new(core));
        tokio::spawn(drive(Arc::clone(&core), down));
        let door = Door::new(exchange.clone(), config, stream.clone());
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.expect("a port") };
        let (http, events) = (listen().await, listen().await);
        let (http_at, events_at) = (http.local_addr().expect("bound"), events.local_addr().expect("bound"));
        tokio::spawn(serve_http(http, door.clone()));
        tokio::spawn(serve_events(events, door));
        Self { core, exchange, stream, http: http_at, events: events_at }
    }

    /// The office of the flows: 104 Ann Lee, 102 with two phones, 2000, a number without phones, a trunk.
    pub async fn office() -> Self {
        let rig = Self::start(FusionConfig::default()).await;
        rig.furnish();
        rig
    }

    pub fn furnish(&self) {
        let ann = self.phone("SDC30015");
        let tim = self.phone("SDC30016");
        let soft = self.phone("SDX60001");
        let desk = self.phone("SDO30001");
        self.extension("104", "Ann", "Lee", Some(ann), None, &[("email", "ann@example.net"), ("site", "HQ")]);
        self.extension("102", "Tim", "Schmit", Some(tim), Some(soft), &[]);
        self.extension("2000", "", "Desk & <Co>", Some(desk), None, &[("hidden", "1")]);
        self.extension("6000", "", "Menu", None, None, &[]);
        let outside = self.device("outside", DeviceKind::Trunk, 4);
        let dids = vec![(digits("+3225550100"), digits("102"))];
        let trunk = TrunkConfig { name: "trunk1".to_owned(), device: outside, circuits: 4, dids };
        self.change(Change::PutTrunk { id: None, config: Box::new(trunk) });
    }

    /// A registered phone.
    pub fn phone(&self, resource: &str) -> DeviceId {
        let id = self.device(resource, DeviceKind::Simulated, 2);
        self.register(resource, true);
        id
    }

    pub fn device(&self, resource: &str, kind: DeviceKind, lines_max: u16) -> DeviceId {
        let config = DeviceConfig {
            kind,
            names: Names { number: None, sip: None, resource: Some(resource.to_owned()) },
            lines_max,
            can: Capabilities::default(),
            context: "internal".to_owned(),
            display_name: String::new(),
            class: ClassOfService::default(),
        };
        DeviceId(self.change(Change::PutDevice { id: None, config: Box::new(config) }))
    }

    pub fn extension(
        &self,
        number: &str,
        first: &str,
        last: &str,
        primary: Option<DeviceId>,
        secondary: Option<DeviceId>,
        fields: &[(&str, &str)],
    ) {
        let config = ExtensionConfig {
            number: digits(number),
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            primary,
            secondary,
            owner: None,
            ring_ms: None,
            outgoing_number: None,
            fields: fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        };
        self.change(Change::PutExtension { id: None, config: Box::new(config) });
    }

    fn change(&self, change: Change) -> u64 {
        let mut core = self.core.lock().expect("no test panicked with it");
        core.requests += 1;
        let by = Principal { door: "test".to_owned(), account: "test".to_owned() };
        let request = RequestId(core.requests);
        let before = core.switch.picture().clone();
        core.feed(Input::Configure(Box::new(Configure { request, by, change })));
        let after = core.switch.picture();
        let device = after.devices.keys().find(|id| !before.devices.contains_key(id)).map(|id| id.0);
        device.unwrap_or_default()
    }

    fn id_of(&self, resource: &str) -> DeviceId {
        self.exchange.read(|picture| picture.device_by_resource(resource).expect("configured").id)
    }

    pub fn register(&self, resource: &str, there: bool) {
        let device = self.id_of(resource);
        let contact =
            Contact { ip: "172.16.0.1".to_owned(), port: 5374, transport: "udp".to_owned(), user_agent: String::new() };
        let contacts = if there { vec![contact] } else { Vec::new() };
        self.feed(Input::Engine(EngineInput::Registration { device, contacts }));
    }

    fn feed(&self, input: Input) {
        self.core.lock().expect("no test panicked with it").feed(input);
    }

    /// The leg on which a phone was rung last.
    pub fn rung(&self, resource: &str) -> Option<LegId> {
        let wanted = self.id_of(resource);
        let core = self.core.lock().expect("no test panicked with it");
        let ring = core
            .orders
            .iter()
            .rev()
            .find(|order| matches!(&order.what, OrderKind::Ring { device, .. } if *device == wanted));
        ring.map(|order| order.leg)
    }

    fn report(&self, leg: LegId, what: ReportKind) {
        let mut core = self.core.lock().expect("no test panicked with it");
        let leg_seq = core.reports.entry(leg).or_default();
        *leg_seq += 1;
        let leg_seq = *leg_seq;
        core.feed(Input::Engine(EngineInput::Report(Report { leg, leg_seq, what })));
    }

    /// A phone dials.
    pub fn dials(&self, resource: &str, to: &str, leg: u64, from: Option<Party>) -> LegId {
        let (device, leg) = (self.id_of(resource), LegId::arrived(leg));
        self.report(leg, ReportKind::Arrived { device, dialled: digits(to), from, withheld: false });
        leg
    }

    pub fn rings(&self, resource: &str) {
        self.report(self.rung(resource).expect("it was called"), ReportKind::Alerting);
    }

    pub fn answers(&self, resource: &str) {
        self.report(self.rung(resource).expect("it was called"), ReportKind::Answered);
    }

    pub fn refuses(&self, resource: &str) {
        let cause = switching::cause::Cause::Busy;
        let leg = self.rung(resource).expect("it was called");
        self.report(leg, ReportKind::Refused { cause, q850: cause.q850() });
    }

    pub fn hangs_up(&self, leg: LegId) {
        let cause = switching::cause::Cause::NormalClearing;
        self.report(leg, ReportKind::Released { cause, q850: cause.q850() });
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

    /// From now on the store is so; what has waited for it is answered.
    pub fn store_is(&self, store: StoreIs) {
        let mut core = self.core.lock().expect("no test panicked with it");
        core.store = store;
        if store == StoreIs::Ready {
            for (query, back) in std::mem::take(&mut core.asked) {
                let page = core.page(&query);
                drop(back.send(Ok(page)));
            }
        }
    }

    /// Questions that wait for the store.
    pub fn asked(&self) -> usize {
        self.core.lock().expect("no test panicked with it").asked.len()
    }

    /// Nobody is behind the door any more.
    pub fn core_goes(&self) {
        self.core.lock().expect("no test panicked with it").gone = true;
    }

    /// Records so far.
    pub fn records(&self) -> Vec<CallRecord> {
        self.core.lock().expect("no test panicked with it").records.clone()
    }

    /// GET on a connection of its own: status and body.
    pub async fn get(&self, target: &str) -> (u16, String) {
        let mut client = Client::connect(self.http).await;
        client.send(format!("GET {target} HTTP/1.1\r\nHost: sop\r\nConnection: close\r\n\r\n").as_bytes()).await;
        let answer = client.answer().await;
        (answer.status, answer.body)
    }

    pub async fn body(&self, target: &str) -> String {
        let (status, body) = self.get(target).await;
        assert_eq!(status, 200, "{target}: {body}");
        body
    }

    /// Waits until a phone is being called.
    pub async fn wait_rung(&self, resource: &str) {
        soon(async {
            while self.rung(resource).is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn drive(core: Arc<Mutex<Core>>, mut down: mpsc::Receiver<Down>) {
    while let Some(next) = down.recv().await {
        let mut core = core.lock().expect("no test panicked with it");
        if core.gone {
            return;
        }
        core.down(next);
    }
}

/// Fails a test that waits in vain.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("in time")
}

/// An answer taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// A client that writes and reads octets.
pub struct Client {
    pub socket: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(to).await.expect("a listener"), buffer: Vec::new() }
    }

    pub async fn send(&mut self, octets: &[u8]) {
        self.socket.write_all(octets).await.expect("taken");
    }

    /// The next answer, read by its Content-Length.
    pub async fn answer(&mut self) -> Answer {
        self.read_answer(true).await
    }

    /// The next answer to a HEAD.
    pub async fn head(&mut self) -> Answer {
        self.read_answer(false).await
    }

    async fn read_answer(&mut self, with_body: bool) -> Answer {
        let end = soon(self.until(|buffer| buffer.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4))).await;
        let head = String::from_utf8(self.buffer.drain(..end).collect()).expect("text");
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a status");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("always there");
        let length: usize = if with_body { length.parse().expect("a number") } else { 0 };
        soon(self.until(|buffer| (buffer.len() >= length).then_some(length))).await;
        let body = String::from_utf8(self.buffer.drain(..length).collect()).expect("text");
        Answer { status, head, body }
    }

    async fn until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> usize {
        loop {
            if let Some(at) = found(&self.buffer) {
                return at;
            }
            let read = self.socket.read_buf(&mut self.buffer).await.expect("readable");
            assert!(read > 0, "ended after {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    /// So many octets of events.
    pub async fn octets(&mut self, count: usize) -> String {
        soon(self.until(|buffer| (buffer.len() >= count).then_some(count))).await;
        String::from_utf8(self.buffer.drain(..count).collect()).expect("text")
    }

    /// Whether the server has closed; reads away what comes before.
    pub async fn closed(&mut self) -> bool {
        let mut ignored = [0; 65_536];
        soon(async {
            loop {
                match self.socket.read(&mut ignored).await {
                    Ok(0) | Err(_) => return true,
                    Ok(_) => {}
                }
            }
        })
        .await
    }
}
