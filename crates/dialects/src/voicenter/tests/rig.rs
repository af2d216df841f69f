//! A real exchange behind the door, without engines: a test says what the phones do. Time stands still unless moved.

use super::super::{Door, Stream, VoicenterConfig, router};
use crate::common::ask::{Ask, Back, Identity, RecordQuery};
use crate::common::clock::Clock;
use crate::common::exchange::{Down, Exchange, Submit};
use crate::common::frames::Frames;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use switching::cause::Cause;
use switching::command::{Command, Configure, Principal, Reply};
use switching::config::{
    Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names, TrunkConfig, UserConfig,
};
use switching::engine::{Contact, EngineInput, Order, OrderKind, Report, ReportKind};
use switching::event::Event;
use switching::id::{DeviceId, LegId, RequestId, UserId};
use switching::party::{Digits, Party};
use switching::picture::{Before, Overlay, Picture};
use switching::record::CallRecord;
use switching::time::Time;
use switching::{Input, Output, Switch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// 2023-11-14 22:13:20 UTC.
pub const START: Time = Time(1_700_000_000_000);
/// The code that opens the door; it belongs to extension 301.
pub const CODE: &str = "secret";

pub fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("a number")
}

struct Core {
    switch: Switch,
    exchange: Exchange,
    stream: Stream,
    waiting: BTreeMap<RequestId, Back<Reply>>,
    requests: u64,
    events: Vec<Event>,
    records: Vec<CallRecord>,
    /// Records that the door was given.
    given: usize,
    orders: Vec<Order>,
    reports: BTreeMap<LegId, u32>,
    /// What the engine refuses at once.
    refused: BTreeMap<DeviceId, Cause>,
}

impl Core {
    fn feed(&mut self, input: Input) {
        self.switch.handle(self.exchange.clock().now(), input);
        let (mut replies, mut refused) = (Vec::new(), Vec::new());
        while let Some(output) = self.switch.poll() {
            match output {
                Output::Engine(order) => {
                    if let OrderKind::Ring { device, .. } = &order.what
                        && let Some(cause) = self.refused.get(device)
                    {
                        refused.push((order.leg, *cause));
                    }
                    self.orders.push(order);
                }
                Output::Event(event) => {
                    self.exchange.advance(|mirror| {
                        let mut overlay = Overlay::default();
                        mirror.fold(&event, Some(&mut overlay));
                        self.stream.take(&Before { after: mirror, overlay: &overlay }, &event, mirror);
                    });
                    self.events.push(*event);
                }
                Output::Record(record) => self.records.push(*record),
                Output::Reply(reply) => replies.push(*reply),
                Output::Decision { .. } => {}
            }
        }
        self.stream.publish();
        // An engine may refuse before the reply is out.
        for (leg, cause) in refused {
            self.report(leg, ReportKind::Refused { cause, q850: cause.q850() });
        }
        for reply in replies {
            if let Some(back) = self.waiting.remove(&reply.request) {
                let _ = back.send(reply);
            }
        }
    }

    fn report(&mut self, leg: LegId, what: ReportKind) {
        let leg_seq = self.reports.entry(leg).or_default();
        *leg_seq += 1;
        let leg_seq = *leg_seq;
        self.feed(Input::Engine(EngineInput::Report(Report { leg, leg_seq, what })));
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
            Down::Ask(Ask::Records(query, back)) => {
                let page = self.page(&query);
                self.given += page.len();
                drop(back.send(Ok(page)));
            }
            Down::Ask(Ask::Events { from, most, back }) => {
                let fits = self.events.iter().filter(|event| event.seq >= from).take(most);
                drop(back.send(Ok(fits.cloned().collect())));
            }
            Down::Ask(Ask::Code { door, code, back }) => {
                assert_eq!(door, "voicenter");
                let settings = BTreeMap::from([("station".to_owned(), "301".to_owned())]);
                let identity = Identity { account: "me".to_owned(), scopes: Vec::new(), settings };
                drop(back.send((code == CODE).then_some(identity)));
            }
            Down::Configure(..) | Down::Key(..) | Down::Ask(_) | Down::Seq(_) => panic!("not asked by this door"),
        }
    }

    fn page(&self, query: &RecordQuery) -> Vec<CallRecord> {
        let fits = |record: &&CallRecord| {
            let created = record.call.created;
            query.from.is_none_or(|from| created >= from)
                && query.to.is_none_or(|to| created < to)
                && query.before.is_none_or(|before| (record.call.created, record.call.id) < before)
                && (query.parties.is_empty() || record.parties().iter().any(|party| query.parties.contains(party)))
        };
        // Pages of two, so that paging is exercised.
        self.records.iter().rev().filter(fits).take(query.limit.min(2) as usize).cloned().collect()
    }
}

/// The exchange, its door on a port, and the hands of a test.
pub struct Rig {
    core: Arc<Mutex<Core>>,
    pub exchange: Exchange,
    pub at: SocketAddr,
}

impl Rig {
    /// Walter Melon at AAPINFzL (301), Rita Book at BBQRsTuV (302), IuYtReWq (303) that never registered, a trunk.
    pub async fn office() -> Self {
        Self::with(VoicenterConfig { requests_per_s: 1_000, ..VoicenterConfig::default() }).await
    }

    /// A door whose exchange has gone.
    pub async fn without_exchange() -> Self {
        Self::start(VoicenterConfig::default(), false).await
    }

    pub async fn with(config: VoicenterConfig) -> Self {
        let rig = Self::start(config, true).await;
        rig.furnish();
        rig
    }

    async fn start(config: VoicenterConfig, driven: bool) -> Self {
        let clock = Clock::stopped(START);
        let (exchange, down) = Exchange::new(Picture::default(), "ep_1".to_owned(), clock.clone());
        let config = Arc::new(config);
        let stream = Stream::new(Arc::clone(&config), clock, 1);
        let core = Core {
            switch: Switch::new(),
            exchange: exchange.clone(),
            stream: stream.clone(),
            waiting: BTreeMap::new(),
            requests: 0,
            events: Vec::new(),
            records: Vec::new(),
            given: 0,
            orders: Vec::new(),
            reports: BTreeMap::new(),
            refused: BTreeMap::new(),
        };
        let core = Arc::new(Mutex::new(core));
        if driven {
            tokio::spawn(drive(Arc::clone(&core), down));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("bound");
        let service =
            router(Door::new(exchange.clone(), config, stream)).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { core, exchange, at }
    }

    fn furnish(&self) {
        for (code, number, first, last) in [
            ("AAPINFzL", "301", "Walter", "Melon"),
            ("BBQRsTuV", "302", "Rita", "Book"),
            ("IuYtReWq", "303", "Idle", "One"),
        ] {
            let device = self.device(code, DeviceKind::Simulated, 2);
            let name = format!("{first} {last}");
            let owner = UserId(self.change(Change::PutUser { id: None, config: Box::new(UserConfig { name }) }));
            let config = ExtensionConfig {
                number: digits(number),
                first_name: first.to_owned(),
                last_name: last.to_owned(),
                primary: Some(device),
                secondary: None,
                owner: Some(owner),
                ring_ms: None,
                outgoing_number: None,
                fields: BTreeMap::from([("email".to_owned(), format!("{first}@example.net"))]),
            };
            self.change(Change::PutExtension { id: None, config: Box::new(config) });
        }
        self.register("AAPINFzL", true);
        self.register("BBQRsTuV", true);
        self.core().refused.insert(self.id_of("IuYtReWq"), Cause::Unregistered);
        let outside = self.device("outside", DeviceKind::Trunk, 4);
        let dids = vec![(digits("0722776772"), digits("301"))];
        let trunk = TrunkConfig { name: "trunk".to_owned(), device: outside, circuits: 4, dids };
        self.change(Change::PutTrunk { id: None, config: Box::new(trunk) });
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().expect("no test panicked with it")
    }

    fn device(&self, code: &str, kind: DeviceKind, lines_max: u16) -> DeviceId {
        let config = DeviceConfig {
            kind,
            names: Names { number: None, sip: Some(code.to_owned()), resource: None },
            lines_max,
            can: Capabilities { auto_answer: true, ..Capabilities::default() },
            context: "internal".to_owned(),
            display_name: code.to_owned(),
            class: ClassOfService::default(),
        };
        DeviceId(self.change(Change::PutDevice { id: None, config: Box::new(config) }))
    }

    pub fn change(&self, change: Change) -> u64 {
        let mut core = self.core();
        core.requests += 1;
        let by = Principal { door: "test".to_owned(), account: "test".to_owned() };
        let request = RequestId(core.requests);
        let before = core.switch.picture().clone();
        core.feed(Input::Configure(Box::new(Configure { request, by, change })));
        let after = core.switch.picture();
        let device = after.devices.keys().find(|id| !before.devices.contains_key(id)).map(|id| id.0);
        let user = after.users.keys().find(|id| !before.users.contains_key(id)).map(|id| id.0);
        device.or(user).unwrap_or_default()
    }

    fn id_of(&self, code: &str) -> DeviceId {
        self.exchange.read(|picture| picture.device_by_sip(code).expect("configured").id)
    }

    /// Gives an extension another class of service.
    pub fn classify(&self, code: &str, class: ClassOfService) {
        let id = self.id_of(code);
        let known = self.exchange.read(|picture| picture.devices.get(&id).map(|device| device.config.clone()));
        let config = DeviceConfig { class, ..known.expect("configured") };
        self.change(Change::PutDevice { id: Some(id), config: Box::new(config) });
    }

    /// Takes a phone and its number away.
    pub fn forget(&self, code: &str, number: &str) {
        let device = self.id_of(code);
        let extension = self.exchange.read(|picture| picture.extension_by_number(&digits(number)).map(|(id, _)| id));
        self.change(Change::RemoveExtension(extension.expect("configured")));
        self.change(Change::RemoveDevice(device));
    }

    pub fn register(&self, code: &str, there: bool) {
        let device = self.id_of(code);
        let contact =
            Contact { ip: "172.16.0.1".to_owned(), port: 5374, transport: "udp".to_owned(), user_agent: String::new() };
        let contacts = if there { vec![contact] } else { Vec::new() };
        self.core().feed(Input::Engine(EngineInput::Registration { device, contacts }));
    }

    /// The newest order by which a phone was rung: its leg, whom it shows, whether it answers by itself, its limit in ms.
    pub fn rung(&self, code: &str) -> Option<(LegId, Party, bool, u64)> {
        let wanted = self.id_of(code);
        let core = self.core();
        core.orders.iter().rev().find_map(|order| match &order.what {
            OrderKind::Ring { device, from, auto_answer, ring_limit_ms, .. } if *device == wanted => {
                Some((order.leg, from.clone(), *auto_answer, *ring_limit_ms))
            }
            _ => None,
        })
    }

    fn leg(&self, code: &str) -> LegId {
        self.rung(code).expect("it was called").0
    }

    pub fn rings(&self, code: &str) {
        let leg = self.leg(code);
        self.core().report(leg, ReportKind::Alerting);
    }

    pub fn answers(&self, code: &str) {
        let leg = self.leg(code);
        self.core().report(leg, ReportKind::Answered);
    }

    pub fn refuses(&self, code: &str, cause: Cause) {
        let leg = self.leg(code);
        self.core().report(leg, ReportKind::Refused { cause, q850: cause.q850() });
    }

    pub fn hangs_up(&self, code: &str) {
        self.leg_hangs_up(self.leg(code));
    }

    pub fn leg_hangs_up(&self, leg: LegId) {
        let cause = Cause::NormalClearing;
        self.core().report(leg, ReportKind::Released { cause, q850: cause.q850() });
    }

    /// A phone or the trunk calls.
    pub fn dials(&self, code: &str, to: &str, leg: u64, from: Option<Party>) -> LegId {
        let (device, leg) = (self.id_of(code), LegId::arrived(leg));
        self.core().report(leg, ReportKind::Arrived { device, dialled: digits(to), from, withheld: false });
        leg
    }

    /// Lets time pass; timers of the exchange fire on the way.
    pub fn passes_s(&self, seconds: u64) {
        let until = self.exchange.clock().now().after_ms(seconds * 1_000);
        loop {
            let due = self.core().switch.poll_timeout();
            match due {
                Some((at, _)) if at <= until => {
                    self.exchange.clock().advance_to(at);
                    self.core().feed(Input::Timeout);
                }
                Some(_) | None => break,
            }
        }
        self.exchange.clock().advance_to(until);
    }

    /// Records that the door was given since this was asked last.
    pub fn given(&self) -> usize {
        std::mem::take(&mut self.core().given)
    }

    /// Records so far.
    pub fn records(&self) -> Vec<CallRecord> {
        self.core().records.clone()
    }

    /// A request: status and body.
    pub async fn http(&self, method: &str, target: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: v\r\nConnection: close\r\n");
        if !kind.is_empty() {
            head.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        if method != "GET" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut socket = TcpStream::connect(self.at).await.expect("a listener");
        socket.write_all(head.as_bytes()).await.expect("taken");
        socket.write_all(body).await.expect("taken");
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await;
        read.expect("in time").expect("readable");
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), body.to_owned())
    }

    /// A GET that is handled.
    pub async fn get(&self, target: &str) -> String {
        let (status, body) = self.http("GET", target, "", b"").await;
        assert_eq!(status, 200, "{target}: {body}");
        body
    }

    /// A Click2Call request by GET, answered in JSON: code, message, call id.
    pub async fn click2call(&self, query: &str) -> (u64, String, String) {
        let target = format!("/ForwardDialer/click2call.aspx?code={CODE}&format=json&{query}");
        let answer: Value = serde_json::from_str(&self.get(&target).await).expect("JSON");
        let text = |name: &str| answer[name].as_str().expect("text").to_owned();
        (answer["ERRORCODE"].as_u64().expect("a number"), text("ERRORMESSAGE"), text("CALLID"))
    }

    /// A Click2Call that must be accepted: its call id.
    pub async fn called(&self, query: &str) -> String {
        let (code, message, id) = self.click2call(query).await;
        assert_eq!((code, message.as_str(), id.len()), (0, "OK", 32), "{query}");
        id
    }

    /// The rows of the call log, newest first, with all fields.
    pub async fn log(&self, query: &str) -> Vec<Value> {
        let target = format!("/hub/cdr/?code={CODE}&{query}");
        let answer: Value = serde_json::from_str(&self.get(&target).await).expect("JSON");
        assert_eq!((&answer["ERROR_NUMBER"], &answer["ERROR_DESCRIPTION"]), (&0.into(), &"OK".into()), "{query}");
        answer["CDR_LIST"].as_array().expect("a list").clone()
    }

    /// The live calls of an extension.
    pub async fn live(&self, code: &str) -> Vec<Value> {
        let target = format!("/comet/API/GetExtensionsCalls?code={CODE}&extension={code}");
        let answer: Value = serde_json::from_str(&self.get(&target).await).expect("JSON");
        answer["EXTENSIONS"][0]["calls"].as_array().expect("a list").clone()
    }
}

async fn drive(core: Arc<Mutex<Core>>, mut down: mpsc::Receiver<Down>) {
    while let Some(next) = down.recv().await {
        core.lock().expect("no test panicked with it").down(next);
    }
}
