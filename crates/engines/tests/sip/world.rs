//! One exchange with its phones in a test: engine and core joined as the program joins them, a clock that moves by hand.

use crate::net::{Net, Weather};
use crate::phone::Phone;
use engines::sip::{Output, SipConfig, SipDevice, SipEngine};
use media::{Relay, RelayConfig};
use sip::dialog::{EndpointConfig, Event, Nat, Output as PhoneOutput, UsageKey};
use sip::digest::{Algorithm, BanPolicy, Ha1};
use sip::message::Message;
use sip::registrar::RegistrarConfig;
use sip::session_timer::TimerConfig;
use sip::transport::{AddressPlan, Flow, Transport};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;
use switching::command::{Answer, Command, Configure, Guard, Principal, Reply, ReplyAt, Verb};
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names};
use switching::engine::{EngineInput, Order};
use switching::event::Event as CoreEvent;
use switching::id::{DeviceId, LegId, RequestId};
use switching::party::Digits;
use switching::record::CallRecord;
use switching::time::Time;
use switching::{Input, Output as CoreOutput, Switch};

pub const EXCHANGE: &str = "192.0.2.1:5060";
pub const REALM: &str = "exchange.test";
pub const START: u64 = 1_700_000_000_000;

/// One message on the wire.
#[derive(Debug, Clone)]
pub struct Line {
    pub at: u64,
    /// The phone's user, for either direction.
    pub phone: String,
    /// Sent by the exchange?
    pub down: bool,
    pub message: Message,
}

pub struct World {
    pub now: u64,
    pub engine: SipEngine,
    pub relay: Relay,
    pub switch: Switch,
    pub phones: Vec<Phone>,
    pub net: Net,
    pub log: Vec<Line>,
    pub keeps_log: bool,
    pub records: Vec<CallRecord>,
    pub events: Vec<CoreEvent>,
    pub replies: Vec<Reply>,
    pub orders: Vec<Order>,
    pub inputs: Vec<EngineInput>,
    pub checkpoints: BTreeMap<LegId, Vec<u8>>,
    pub bindings: BTreeMap<(String, String), Vec<u8>>,
    pub devices: BTreeMap<String, DeviceId>,
    /// Connections that are there.
    pub streams: Vec<u64>,
    /// How long numbers that are made from now on ring.
    pub ring_ms: u64,
    requests: u64,
    relay_at: u64,
}

pub fn config() -> SipConfig {
    SipConfig {
        realm: REALM.to_owned(),
        endpoint: EndpointConfig {
            transactions: sip::transaction::Config { force_rport: true, ..Default::default() },
            addresses: AddressPlan::default(),
            nat: Nat::Auto,
        },
        registrar: RegistrarConfig::default(),
        bans: BanPolicy::default(),
        session_timer: None,
        nonce_key: [7; 32],
        leg_secret: [8; 32],
        legs_from: 1_000,
        user_agent: "Hookswitch".to_owned(),
        trace_octets_max: 0,
        algorithms: vec![Algorithm::Md5, Algorithm::Sha256],
    }
}

pub fn timers(session_expires_s: u32, min_se_s: u32) -> SipConfig {
    SipConfig { session_timer: Some(TimerConfig { session_expires_s, min_se_s }), ..config() }
}

impl World {
    pub fn empty(config: SipConfig, seed: u64) -> World {
        World::over(config, seed, RelayConfig::default().ports)
    }

    pub fn over(config: SipConfig, seed: u64, ports: RangeInclusive<u16>) -> World {
        let relay = RelayConfig { ports, quarantine: Duration::from_secs(0), ..RelayConfig::default() };
        let relay = Relay::virtual_ports(&relay);
        World {
            now: START,
            engine: SipEngine::new(config, relay.clone(), [9; 32]),
            relay,
            switch: Switch::new(),
            phones: Vec::new(),
            net: Net::new(seed),
            log: Vec::new(),
            keeps_log: true,
            records: Vec::new(),
            events: Vec::new(),
            replies: Vec::new(),
            orders: Vec::new(),
            inputs: Vec::new(),
            checkpoints: BTreeMap::new(),
            bindings: BTreeMap::new(),
            devices: BTreeMap::new(),
            streams: Vec::new(),
            ring_ms: 20_000,
            requests: 0,
            relay_at: START,
        }
    }

    /// Phones of these numbers, all registered, in clear weather.
    pub fn with(numbers: &[&str]) -> World {
        World::configured(config(), numbers)
    }

    pub fn configured(config: SipConfig, numbers: &[&str]) -> World {
        let mut world = World::empty(config, 1);
        for number in numbers {
            world.station(number);
            world.phone(number);
            let last = world.phones.len() - 1;
            world.register(last);
        }
        world.forget_past();
        world
    }

    pub fn forget_past(&mut self) {
        self.log.clear();
        self.events.clear();
        self.inputs.clear();
        self.orders.clear();
        self.records.clear();
        for phone in &mut self.phones {
            phone.events.clear();
        }
    }

    /// A directory number with its device.
    pub fn station(&mut self, number: &str) -> DeviceId {
        let id = self.device(number);
        self.extension(number, Some(id), None);
        id
    }

    pub fn device(&mut self, user: &str) -> DeviceId {
        let config = DeviceConfig {
            kind: DeviceKind::Sip,
            names: Names { number: None, sip: Some(user.to_owned()), resource: None },
            lines_max: 2,
            can: Capabilities { remote_answer: true, auto_answer: true },
            context: "office".into(),
            display_name: format!("Phone {user}"),
            class: ClassOfService::default(),
        };
        let id = DeviceId(self.configure(Change::PutDevice { id: None, config: Box::new(config) }));
        let password = format!("secret{user}");
        self.engine.put_device(SipDevice {
            id,
            user: user.to_owned(),
            ha1: Ha1::of(user, REALM, &password),
            algorithms: vec![Algorithm::Md5, Algorithm::Sha256],
        });
        self.devices.insert(user.to_owned(), id);
        id
    }

    pub fn extension(&mut self, number: &str, primary: Option<DeviceId>, secondary: Option<DeviceId>) {
        let config = ExtensionConfig {
            number: digits(number),
            first_name: "Ann".into(),
            last_name: number.to_owned(),
            primary,
            secondary,
            owner: None,
            ring_ms: Some(self.ring_ms),
            outgoing_number: None,
            fields: BTreeMap::new(),
        };
        self.configure(Change::PutExtension { id: None, config: Box::new(config) });
    }

    pub fn configure(&mut self, change: Change) -> u64 {
        let configure = Configure { request: self.request(), by: principal(), change };
        self.input(Input::Configure(Box::new(configure)));
        match self.replies.pop().map(|reply| reply.outcome) {
            Some(Ok(Answer::Configured(id))) => id,
            other => panic!("not configured: {other:?}"),
        }
    }

    pub fn command(&mut self, verb: Verb) -> RequestId {
        let request = self.request();
        let guard = Guard::default();
        let reply = ReplyAt::Accepted;
        let command = Command { request, by: principal(), key: None, guard, reply, deadline_ms: None, verb };
        self.input(Input::Command(Box::new(command)));
        request
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    /// A phone at the next address; gives its place.
    pub fn phone(&mut self, user: &str) -> usize {
        self.phone_at(user, EXCHANGE)
    }

    pub fn phone_at(&mut self, user: &str, exchange: &str) -> usize {
        let number = u16::try_from(self.phones.len()).expect("few phones") + 11;
        self.phones.push(Phone::new(number, user, exchange.parse().expect("address")));
        self.phones.len() - 1
    }

    /// Registers and waits for the answer.
    pub fn register(&mut self, phone: usize) {
        let now = self.now;
        self.phones[phone].register(now, 3_600);
        self.run(50);
        let done = self.phones[phone].events.iter().any(|event| match event {
            Event::Response { message, .. } => message.code() == 200,
            _ => false,
        });
        assert!(done, "{} is registered: {:?}", self.phones[phone].user, self.phones[phone].events);
    }

    /// A call that is answered: usages of the caller and the called.
    pub fn call(&mut self, from: usize, to: usize) -> (UsageKey, UsageKey) {
        let number = self.phones[to].user.clone();
        self.phones[to].manners.ring_after = Some(100);
        self.phones[to].manners.answer_after = Some(1_000);
        let now = self.now;
        self.phones[from].dial(now, &number);
        self.run(2_000);
        self.phones[to].manners = Default::default();
        let usages = (self.phones[from].out.expect("dialled"), self.phones[to].inc.expect("rang"));
        assert!(self.phones[from].has(|event| matches!(event, Event::Answered { .. })), "{}", self.ladder());
        usages
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            self.settle();
            let Some(at) = self.next().filter(|at| *at <= end) else { break };
            self.now = self.now.max(at);
            self.advance_relay();
            self.deliver();
            self.timers();
        }
        self.now = end;
        self.advance_relay();
        self.settle();
    }

    /// Until all transactions have lingered.
    pub fn rest(&mut self) {
        self.run(120_000);
    }

    fn next(&self) -> Option<u64> {
        let engine = self.engine.poll_timeout().map(|at| at.0);
        let core = self.switch.poll_timeout().map(|(at, _)| at.0);
        let phones = self.phones.iter().filter_map(|phone| phone.sip.poll_timeout()).min();
        let deeds = self.phones.iter().flat_map(|phone| &phone.deeds).map(|(at, _)| *at).min();
        let relay = (self.relay.ports_in_use() > 0).then_some(self.relay_at + 1_000);
        [engine, core, phones, deeds, relay, self.net.next()].into_iter().flatten().min()
    }

    fn advance_relay(&mut self) {
        if self.now > self.relay_at {
            self.relay.advance(Duration::from_millis(self.now - self.relay_at));
            self.relay_at = self.now;
            self.engine.handle_media(Time(self.now));
        }
    }

    fn timers(&mut self) {
        let now = self.now;
        for phone in &mut self.phones {
            if phone.sip.poll_timeout().is_some_and(|at| at <= now) {
                phone.sip.handle_timeout(now);
            }
            let (due, later): (Vec<_>, Vec<_>) =
                std::mem::take(&mut phone.deeds).into_iter().partition(|(at, _)| *at <= now);
            phone.deeds = later;
            for (_, deed) in due {
                phone.does(now, deed);
            }
        }
        if self.engine.poll_timeout().is_some_and(|at| at.0 <= now) {
            self.engine.handle_timeout(Time(now));
        }
        self.pump();
        if self.switch.poll_timeout().is_some_and(|(at, _)| at.0 <= now) {
            self.input(Input::Timeout);
        }
    }

    /// Hands over what has arrived.
    fn deliver(&mut self) {
        while let Some(packet) = self.net.take(self.now) {
            if packet.connection != 0 && !self.streams.contains(&packet.connection) {
                continue;
            }
            let (transport, connection) = (packet.transport, packet.connection);
            if let Some(place) = self.phones.iter().position(|phone| phone.public == packet.to) {
                let phone = &mut self.phones[place];
                let flow = Flow { transport, local: phone.local, remote: packet.from, connection };
                phone.sip.handle_datagram(self.now, &flow, &packet.bytes);
            } else if packet.to.port() == 5060 && self.phones.iter().any(|phone| phone.exchange == packet.to) {
                let flow = Flow { transport, local: packet.to, remote: packet.from, connection };
                self.engine.handle_message(Time(self.now), &flow, &packet.bytes);
                self.pump();
            }
            self.settle();
        }
    }

    /// Carries all that waits.
    pub fn settle(&mut self) {
        self.pump();
        for place in 0..self.phones.len() {
            while let Some(output) = self.phones[place].sip.poll() {
                match output {
                    PhoneOutput::Event(event) => {
                        let now = self.now;
                        self.phones[place].take(now, event);
                    }
                    PhoneOutput::Transmit(transmit) => {
                        let from = self.phones[place].public;
                        self.note(place, false, &transmit.bytes);
                        self.net.send(self.now, &transmit.flow, from, &transmit.bytes);
                    }
                }
            }
        }
    }

    fn note(&mut self, place: usize, down: bool, bytes: &[u8]) {
        if self.keeps_log {
            let message = Message::parse(bytes).expect("readable");
            let line = Line { at: self.now - START, phone: self.phones[place].user.clone(), down, message };
            self.log.push(line);
        }
    }

    fn input(&mut self, input: Input) {
        self.switch.handle(Time(self.now), input);
        while let Some(output) = self.switch.poll() {
            match output {
                CoreOutput::Engine(order) => {
                    self.orders.push(order.clone());
                    self.engine.order(Time(self.now), order);
                }
                CoreOutput::Event(event) => self.events.push(*event),
                CoreOutput::Record(record) => self.records.push(*record),
                CoreOutput::Reply(reply) => self.replies.push(*reply),
                CoreOutput::Decision { .. } => {}
            }
        }
    }

    pub fn pump(&mut self) {
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Core(input) => {
                    self.inputs.push(input.clone());
                    self.input(Input::Engine(input));
                }
                Output::Transmit(transmit) => self.send_down(&transmit),
                Output::Checkpoint(leg, Some(stored)) => {
                    self.checkpoints.insert(leg, stored);
                }
                Output::Checkpoint(leg, None) => {
                    self.checkpoints.remove(&leg);
                }
                Output::Binding { user, contact, stored, .. } => {
                    match stored {
                        Some(stored) => self.bindings.insert((user, contact), stored),
                        None => self.bindings.remove(&(user, contact)),
                    };
                }
            }
        }
    }

    fn send_down(&mut self, transmit: &sip::transport::Transmit) {
        let flow = &transmit.flow;
        if let Some(place) = self.phones.iter().position(|phone| phone.public == flow.remote) {
            self.note(place, true, &transmit.bytes);
        }
        if flow.transport == Transport::Tcp && !self.streams.contains(&flow.connection) {
            return self.engine.flow_failed(Time(self.now), flow);
        }
        self.net.send(self.now, flow, flow.local, &transmit.bytes);
    }

    pub fn weather(&mut self, weather: Weather) {
        self.net.weather = weather;
    }
}

pub fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("a number")
}

fn principal() -> Principal {
    Principal { door: "test".into(), account: "tester".into() }
}
