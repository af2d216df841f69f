//! A core with phones that do what a seeded die says, and everything the door makes of its events.

use crate::common::clock::Clock;
use crate::console::filter::Filter;
use crate::console::frame::{envelope, items};
use crate::console::render::{Collection, render};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use switching::cause::Cause;
use switching::command::{Command, Configure, DataPatch, Guard, Principal, ReplyAt, Verb, Which};
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names};
use switching::engine::{Contact, EngineInput, Order, OrderKind, Report, ReportKind};
use switching::id::{ConnectionId, DeviceId, LegId, RequestId};
use switching::party::Digits;
use switching::picture::{Before, Overlay, Picture};
use switching::time::Time;
use switching::{Input, Output, Switch};

/// Phones, numbered from 1001.
pub const PHONES: u64 = 20;

/// A client's mirror of one subscription: exactly what the frames say, put or delete.
pub struct Mirror {
    pub filter: Filter,
    pub at: Map<String, Value>,
    pub seq: u64,
}

impl Mirror {
    /// As a snapshot gives it.
    pub fn snapshot(filter: &Filter, picture: &Picture, clock: &Clock) -> Map<String, Value> {
        let mut whole = Map::new();
        for collection in &filter.collections {
            let mut kind = Map::new();
            for item in items(filter, *collection, picture, clock) {
                let item: Value = serde_json::from_str(&item).expect("an item is JSON");
                kind.insert(item["id"].as_str().expect("an item has its id").to_owned(), item);
            }
            whole.insert(collection.name().to_owned(), Value::Object(kind));
        }
        whole
    }

    fn take(&mut self, frame: &str) {
        let frame: Value = serde_json::from_str(frame).expect("a frame is JSON");
        assert_eq!(frame["prev"], json!(self.seq), "nothing was lost");
        self.seq = frame["seq"].as_u64().expect("a seq");
        for (collection, changed) in frame["after"].as_object().expect("after") {
            let kind = self.at.entry(collection.clone()).or_insert_with(|| json!({}));
            for (id, value) in changed.as_object().expect("resources by id") {
                match value {
                    Value::Null => drop(kind.as_object_mut().expect("an object").remove(id)),
                    value => kind[id] = value.clone(),
                }
            }
        }
    }
}

pub struct Office {
    pub switch: Switch,
    pub picture: Picture,
    pub clock: Clock,
    pub mirrors: Vec<Mirror>,
    /// Everything that happened.
    pub events: Vec<switching::event::Event>,
    /// How many calls there have been.
    pub calls: u64,
    pub legs: BTreeMap<LegId, (u32, Option<DeviceId>)>,
    now: Time,
    request: u64,
    arrived: u64,
    seed: u64,
}

impl Office {
    pub fn new(seed: u64) -> Self {
        let now = Time(1_700_000_000_000);
        let mut office = Self {
            switch: Switch::new(),
            picture: Picture::default(),
            clock: Clock::stopped(now),
            mirrors: Vec::new(),
            events: Vec::new(),
            calls: 0,
            legs: BTreeMap::new(),
            now,
            request: 0,
            arrived: 0,
            seed: seed.wrapping_mul(2).wrapping_add(1),
        };
        for n in 0..PHONES {
            office.add_phone(1001 + n);
        }
        office
    }

    /// A number below `most`, from the seed (xorshift).
    pub fn die(&mut self, most: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % most
    }

    fn add_phone(&mut self, number: u64) {
        let digits = Digits::parse(&number.to_string()).expect("digits");
        let device = DeviceConfig {
            kind: DeviceKind::Simulated,
            names: Names { number: Some(digits.clone()), sip: None, resource: None },
            lines_max: 3,
            can: Capabilities { remote_answer: true, auto_answer: true },
            context: "default".to_owned(),
            display_name: format!("Phone {number}"),
            class: ClassOfService::default(),
        };
        self.configure(Change::PutDevice { id: None, config: Box::new(device) });
        let id = self.picture.device_by_number(&digits).expect("just made").id;
        let extension = ExtensionConfig {
            number: digits,
            first_name: "Given".to_owned(),
            last_name: format!("Name {number}"),
            primary: Some(id),
            secondary: None,
            owner: None,
            ring_ms: None,
            outgoing_number: None,
            fields: BTreeMap::new(),
        };
        self.configure(Change::PutExtension { id: None, config: Box::new(extension) });
        let contact =
            Contact { ip: "192.0.2.1".to_owned(), port: 5060, transport: "udp".to_owned(), user_agent: "t".to_owned() };
        self.input(Input::Engine(EngineInput::Registration { device: id, contacts: vec![contact] }));
    }

    fn by() -> Principal {
        Principal { door: "console".to_owned(), account: "test".to_owned() }
    }

    pub fn configure(&mut self, change: Change) {
        self.request += 1;
        let request = RequestId(self.request);
        self.input(Input::Configure(Box::new(Configure { request, by: Self::by(), change })));
    }

    pub fn command(&mut self, verb: Verb) {
        self.request += 1;
        let command = Command {
            request: RequestId(self.request),
            by: Self::by(),
            key: None,
            guard: Guard::default(),
            reply: ReplyAt::Accepted,
            deadline_ms: None,
            verb,
        };
        self.input(Input::Command(Box::new(command)));
    }

    pub fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.switch.handle(self.now, input);
            while let Some(output) = self.switch.poll() {
                match output {
                    Output::Event(event) => self.take(&event),
                    Output::Engine(order) => inputs.extend(self.obey(order)),
                    Output::Record(_) | Output::Reply(_) | Output::Decision { .. } => {}
                }
            }
        }
    }

    fn take(&mut self, event: &switching::event::Event) {
        self.events.push(event.clone());
        let mut overlay = Overlay::default();
        self.picture.fold(event, Some(&mut overlay));
        self.calls = event.calls.iter().map(|call| call.0).fold(self.calls, u64::max);
        let before = Before { after: &self.picture, overlay: &overlay };
        let rendered = render(&before, event, &self.picture, &self.clock);
        for mirror in &mut self.mirrors {
            if let Some(frame) = envelope(&mirror.filter, "ep", mirror.seq, &rendered) {
                mirror.take(&frame);
            }
        }
    }

    fn obey(&mut self, order: Order) -> Option<Input> {
        let Order { leg, what, .. } = order;
        match what {
            OrderKind::Ring { device, .. } => {
                self.legs.insert(leg, (0, Some(device)));
                Some(self.report(leg, ReportKind::Alerting))
            }
            OrderKind::Release { .. } => {
                self.legs.remove(&leg);
                None
            }
            OrderKind::Alert { .. } | OrderKind::Accept { .. } | OrderKind::AnswerRemotely | OrderKind::Join { .. } => {
                None
            }
        }
    }

    pub fn report(&mut self, leg: LegId, what: ReportKind) -> Input {
        let seq = self.legs.entry(leg).or_insert((0, None));
        seq.0 += 1;
        Input::Engine(EngineInput::Report(Report { leg, leg_seq: seq.0, what }))
    }

    fn some_leg(&mut self) -> Option<LegId> {
        let all: Vec<LegId> = self.legs.keys().copied().collect();
        (!all.is_empty()).then(|| all[self.die(all.len() as u64) as usize])
    }

    fn some_connection(&mut self) -> Option<ConnectionId> {
        let all: Vec<ConnectionId> = self.picture.connections.keys().copied().collect();
        (!all.is_empty()).then(|| all[self.die(all.len() as u64) as usize])
    }

    fn some_phone(&mut self) -> DeviceId {
        let n = self.die(PHONES) as usize;
        *self.picture.devices.keys().nth(n).expect("a phone")
    }

    fn some_number(&mut self) -> Digits {
        Digits::parse(&(1001 + self.die(PHONES + 1)).to_string()).expect("digits")
    }

    /// One thing that somebody does.
    pub fn something(&mut self) {
        self.now = self.now.after_ms(1 + self.die(4_000));
        self.clock.advance_to(self.now);
        while self.switch.poll_timeout().is_some_and(|(at, _)| at <= self.now) {
            self.input(Input::Timeout);
        }
        match self.die(12) {
            0..=2 => {
                let (device, dialled) = (self.some_phone(), self.some_number());
                self.arrived += 1;
                let leg = LegId::arrived(self.arrived);
                let input = self.report(leg, ReportKind::Arrived { device, dialled, from: None, withheld: false });
                self.input(input);
            }
            3..=6 => {
                if let Some(leg) = self.some_leg().filter(|leg| !leg.is_arrived()) {
                    let input = self.report(leg, ReportKind::Answered);
                    self.input(input);
                }
            }
            7 | 8 => {
                if let Some(leg) = self.some_leg() {
                    let input = self.report(leg, ReportKind::Released { cause: Cause::NormalClearing, q850: 16 });
                    self.legs.remove(&leg);
                    self.input(input);
                }
            }
            9 => {
                if let Some(connection) = self.some_connection() {
                    let patch = DataPatch {
                        custom: BTreeMap::from([("step".to_owned(), self.now.0.to_string())]),
                        vars: BTreeMap::from([("v".to_owned(), "1".to_owned())]),
                        ..DataPatch::default()
                    };
                    self.command(Verb::AssociateData { which: Which::Connection(connection), patch: Box::new(patch) });
                }
            }
            10 => {
                let number = self.some_number();
                let on = self.die(2) == 0;
                self.command(Verb::SetDoNotDisturb { number, on });
            }
            _ => {
                let device = self.some_phone();
                let gone = self.die(2) == 0;
                let contact = Contact {
                    ip: "192.0.2.2".to_owned(),
                    port: 5060,
                    transport: "udp".to_owned(),
                    user_agent: "t".to_owned(),
                };
                let contacts = if gone { Vec::new() } else { vec![contact] };
                self.input(Input::Engine(EngineInput::Registration { device, contacts }));
            }
        }
    }

    /// Opens a subscription with a snapshot.
    pub fn watch(&mut self, filter: Filter) {
        let at = Mirror::snapshot(&filter, &self.picture, &self.clock);
        self.mirrors.push(Mirror { filter, at, seq: self.picture.seq });
    }

    /// A filter from the die.
    pub fn some_filter(&mut self) -> Filter {
        let mut filter = Filter { named: true, ..Filter::all() };
        if self.die(3) == 0 {
            let kept = Collection::ALL[self.die(5) as usize];
            let other = Collection::ALL[self.die(5) as usize];
            filter.collections = [kept, other].into();
        }
        if self.die(4) != 0 {
            let count = 1 + self.die(4);
            let ids: Vec<DeviceId> = self.picture.devices.keys().copied().collect();
            filter.devices = Some((0..count).map(|_| ids[self.die(PHONES) as usize]).collect());
        }
        if self.die(4) == 0 {
            filter.types = Some(["delivered", "established"].into());
        }
        filter
    }
}
