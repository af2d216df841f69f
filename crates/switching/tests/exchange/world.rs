//! One exchange in a test: a clock that moves by hand, and an engine that does what the test says.
//!
//! After every input the world checks what must always hold: the sequence has no gap, a mirror folded from the events equals the
//! exchange's picture, the overlay gives the picture before each event, orders come before events and replies come last, a
//! refusal has no event, and a restored snapshot is the same octet for octet.

use std::collections::{BTreeMap, BTreeSet};
use switching::command::{Command, Configure, DeviceName, Guard, Key, Principal, Reply, ReplyAt, Verb};
use switching::config::{
    Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names, TrunkConfig, UserConfig,
};
use switching::engine::{Contact, EngineInput, Order, OrderKind, Report, ReportKind};
use switching::event::Event;
use switching::id::{DeviceId, LegId, OrderId, RequestId, UserId};
use switching::party::Digits;
use switching::picture::{Before, Overlay, Picture};
use switching::record::CallRecord;
use switching::time::Time;
use switching::{Input, Output, Switch};

/// Where the clock starts, in milliseconds.
const START: Time = Time(1_000_000);

/// An exchange under test.
pub struct World {
    pub switch: Switch,
    pub mirror: Picture,
    pub now: Time,
    pub devices: BTreeMap<String, DeviceId>,
    pub orders: Vec<Order>,
    pub events: Vec<Event>,
    pub records: Vec<CallRecord>,
    pub replies: Vec<Reply>,
    /// Sequence number at the end of the configuration.
    pub base: u64,
    /// Legs the engine has, with their devices, in the order in which they began.
    pub legs: Vec<(LegId, DeviceId)>,
    last_seq: BTreeMap<LegId, u32>,
    arrived: u64,
    requests: u64,
    owed: BTreeSet<RequestId>,
    snapshots: bool,
}

impl World {
    /// An exchange without anything.
    pub fn empty() -> Self {
        Self {
            switch: Switch::new(),
            mirror: Picture::default(),
            now: START,
            devices: BTreeMap::new(),
            orders: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
            replies: Vec::new(),
            base: 0,
            legs: Vec::new(),
            last_seq: BTreeMap::new(),
            arrived: 0,
            requests: 0,
            owed: BTreeSet::new(),
            snapshots: true,
        }
    }

    /// The office of all tests:
    ///
    /// | number | what is special |
    /// |---|---|
    /// | 1001 | one line |
    /// | 1002 | one line, answers on command, belongs to Ben |
    /// | 1003 | two lines |
    /// | 1004 | never registered |
    /// | 1005 | two phones: 1005 and 1505, which answers on command |
    /// | 1006 | two lines, rings for 10 s only, does not answer by itself |
    /// | 1007 | a number without a phone |
    /// | 2001 | a phone without a directory number |
    /// | trunk | two circuits, 4930100 leads to 1002 |
    pub fn office() -> Self {
        let mut world = Self::empty();
        world.snapshots = false;
        let ben =
            world.configured(Change::PutUser { id: None, config: Box::new(UserConfig { name: "Ben Berg".into() }) });
        for (label, lines_max, remote_answer) in [
            ("1001", 1, false),
            ("1002", 1, true),
            ("1003", 2, false),
            ("1004", 1, false),
            ("1005", 1, false),
            ("1505", 1, true),
            ("1006", 2, false),
        ] {
            world.phone(label, None, lines_max, remote_answer);
        }
        world.phone("2001", Some("2001"), 1, false);
        for number in ["1001", "1002", "1003", "1004", "1005", "1006", "1007"] {
            let config = ExtensionConfig {
                number: digits(number),
                first_name: if number == "1002" { "Ben".into() } else { String::new() },
                last_name: if number == "1002" { "Berg".into() } else { String::new() },
                primary: world.devices.get(number).copied(),
                secondary: (number == "1005").then(|| world.device("1505")),
                owner: (number == "1002").then_some(UserId(ben)),
                ring_ms: (number == "1006").then_some(10_000),
                outgoing_number: None,
                fields: BTreeMap::new(),
            };
            world.configured(Change::PutExtension { id: None, config: Box::new(config) });
        }
        world.trunk();
        for label in ["1001", "1002", "1003", "1005", "1505", "1006", "2001"] {
            let device = world.device(label);
            world.engine(EngineInput::Registration { device, contacts: vec![contact(label)] });
        }
        world.base = world.mirror.seq;
        world.snapshots = true;
        world
    }

    fn phone(&mut self, label: &str, number: Option<&str>, lines_max: u16, remote_answer: bool) {
        let config = DeviceConfig {
            kind: DeviceKind::Sip,
            names: Names {
                number: number.map(digits),
                sip: Some(label.to_owned()),
                resource: Some(format!("R{label}")),
            },
            lines_max,
            can: Capabilities { remote_answer, auto_answer: label != "1006" },
            context: "office".into(),
            display_name: String::new(),
            class: ClassOfService::default(),
        };
        let id = self.configured(Change::PutDevice { id: None, config: Box::new(config) });
        self.devices.insert(label.to_owned(), DeviceId(id));
    }

    fn trunk(&mut self) {
        let config = DeviceConfig {
            kind: DeviceKind::Trunk,
            names: Names { number: None, sip: Some("trunk".into()), resource: None },
            lines_max: 100,
            can: Capabilities::default(),
            context: "outside".into(),
            display_name: "Carrier".into(),
            class: ClassOfService::default(),
        };
        let device = DeviceId(self.configured(Change::PutDevice { id: None, config: Box::new(config) }));
        self.devices.insert("trunk".into(), device);
        let dids = vec![(digits("4930100"), digits("1002"))];
        let config = Box::new(TrunkConfig { name: "Carrier".into(), device, circuits: 2, dids });
        self.configured(Change::PutTrunk { id: None, config });
    }

    /// The device with this label.
    pub fn device(&self, label: &str) -> DeviceId {
        *self.devices.get(label).unwrap_or_else(|| panic!("no device {label}"))
    }

    /// Gives one input and collects what comes of it; checks what must always hold.
    pub fn give(&mut self, input: Input) -> Vec<Output> {
        match &input {
            Input::Command(command) => assert!(self.owed.insert(command.request)),
            Input::Configure(configure) => assert!(self.owed.insert(configure.request)),
            Input::Engine(_) | Input::Timeout => {}
        }
        let before = self.switch.picture().seq;
        self.switch.handle(self.now, input);
        let outputs: Vec<Output> = std::iter::from_fn(|| self.switch.poll()).collect();
        self.check_order(&outputs);
        for output in &outputs {
            self.take(output, before);
        }
        assert_eq!(self.mirror, *self.switch.picture(), "the mirror equals the picture");
        self.switch.audit();
        if self.snapshots {
            let octets = self.switch.snapshot();
            let restored = Switch::restore(&octets).expect("a snapshot of ours is readable");
            assert_eq!(restored.snapshot(), octets, "a restored snapshot is the same");
            assert_eq!(restored.picture(), self.switch.picture());
            assert_eq!(restored.poll_timeout(), self.switch.poll_timeout());
        }
        outputs
    }

    fn check_order(&self, outputs: &[Output]) {
        let rank = |output: &Output| match output {
            Output::Engine(_) => Some(0),
            Output::Event(_) | Output::Record(_) => Some(1),
            Output::Reply(_) => Some(2),
            Output::Decision { .. } => None,
        };
        let ranks: Vec<u8> = outputs.iter().filter_map(rank).collect();
        assert!(ranks.is_sorted(), "one input gives orders, events, replies, in this order: {outputs:#?}");
    }

    fn take(&mut self, output: &Output, before: u64) {
        match output {
            Output::Engine(order) => {
                match &order.what {
                    OrderKind::Ring { device, .. } => self.legs.push((order.leg, *device)),
                    OrderKind::Release { .. } => self.legs.retain(|(leg, _)| *leg != order.leg),
                    OrderKind::Alert { .. }
                    | OrderKind::Accept { .. }
                    | OrderKind::AnswerRemotely
                    | OrderKind::Join { .. } => {}
                }
                self.orders.push(order.clone());
            }
            Output::Event(event) => {
                let old = self.mirror.clone();
                let mut overlay = Overlay::default();
                self.mirror.fold(event, Some(&mut overlay));
                check_before(&old, &Before { after: &self.mirror, overlay: &overlay });
                self.events.push((**event).clone());
            }
            Output::Record(record) => {
                assert!(record.balances());
                assert!(self.records.iter().all(|other| other.call.id != record.call.id), "one record per call");
                self.records.push((**record).clone());
            }
            Output::Reply(reply) => {
                assert!(self.owed.remove(&reply.request), "one reply per command: {reply:?}");
                assert!(reply.before <= reply.through && reply.through <= self.mirror.seq);
                if !reply.replayed && reply.outcome.is_err() && reply.before == reply.through {
                    assert!(reply.before <= before);
                }
                self.replies.push((**reply).clone());
            }
            Output::Decision { .. } => {}
        }
    }

    /// Gives an engine input.
    pub fn engine(&mut self, input: EngineInput) -> Vec<Output> {
        self.give(Input::Engine(input))
    }

    /// Reports something on a leg, with the next number of that leg or a given one.
    pub fn report(&mut self, leg: LegId, seq: Option<u32>, what: ReportKind) -> Vec<Output> {
        let last = self.last_seq.entry(leg).or_default();
        let leg_seq = seq.unwrap_or(*last + 1);
        *last = (*last).max(leg_seq);
        if matches!(what, ReportKind::Released { .. } | ReportKind::Refused { .. }) {
            self.legs.retain(|(other, _)| *other != leg);
        }
        self.engine(EngineInput::Report(Report { leg, leg_seq, what }))
    }

    /// A device dials; gives its leg and what came of it.
    pub fn dials(&mut self, label: &str, number: &str) -> (LegId, Vec<Output>) {
        self.arrived += 1;
        let leg = LegId::arrived(self.arrived);
        let device = self.device(label);
        self.legs.push((leg, device));
        let from = (label == "trunk").then(|| switching::party::Party::remote(digits("4989555"), "Outside".into()));
        let outputs =
            self.report(leg, None, ReportKind::Arrived { device, dialled: digits(number), from, withheld: false });
        (leg, outputs)
    }

    /// The youngest leg of a device that the engine still has.
    pub fn leg_of(&self, label: &str) -> LegId {
        let device = self.device(label);
        let found = self.legs.iter().rev().find(|(_, of)| *of == device);
        found.unwrap_or_else(|| panic!("{label} has no leg")).0
    }

    /// The next request number.
    pub fn next_request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    /// Gives a command with everything plain.
    pub fn command(&mut self, verb: Verb) -> Vec<Output> {
        let command = self.plain(verb);
        self.give(Input::Command(Box::new(command)))
    }

    /// A command with everything plain.
    pub fn plain(&mut self, verb: Verb) -> Command {
        Command {
            request: self.next_request(),
            by: Principal { door: "test".into(), account: "tester".into() },
            key: None,
            guard: Guard::default(),
            reply: ReplyAt::Accepted,
            deadline_ms: None,
            verb,
        }
    }

    /// Changes the configuration and gives the object's number.
    pub fn configured(&mut self, change: Change) -> u64 {
        let by = Principal { door: "test".into(), account: "tester".into() };
        let configure = Configure { request: RequestId(0), by, change };
        let outputs = self.give(Input::Configure(Box::new(configure)));
        outputs
            .iter()
            .find_map(|output| match output {
                Output::Reply(reply) => match reply.outcome {
                    Ok(switching::command::Answer::Configured(id)) => Some(id),
                    _ => None,
                },
                _ => None,
            })
            .expect("the office is well configured")
    }

    /// Lets time pass, with every timer at its time.
    pub fn pass(&mut self, ms: u64) -> Vec<Output> {
        let end = self.now.after_ms(ms);
        let mut outputs = Vec::new();
        while let Some((at, _)) = self.switch.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            outputs.extend(self.give(Input::Timeout));
        }
        self.now = end;
        outputs
    }

    /// Ends the program and starts it again from its snapshot.
    pub fn restart(&mut self) {
        self.switch = Switch::restore(&self.switch.snapshot()).expect("a snapshot of ours is readable");
    }

    /// The last order of this kind that was told to be answered remotely.
    pub fn last_order(&self) -> OrderId {
        self.orders.last().expect("an order was given").id
    }

    /// No call is there and nothing is left of any.
    pub fn assert_at_rest(&self) {
        assert_eq!(self.switch.live(), [0; 4], "legs, records, timers, replies that are left");
        assert!(self.mirror.calls.is_empty() && self.mirror.connections.is_empty() && self.mirror.stages.is_empty());
        assert!(self.owed.is_empty(), "commands without a reply: {:?}", self.owed);
    }
}

/// The picture before an event, looked up through the overlay, is the one that was there.
fn check_before(old: &Picture, before: &Before<'_>) {
    macro_rules! same {
        ($($field:ident by $lookup:ident),*) => {$(
            for id in old.$field.keys().chain(before.after.$field.keys()) {
                assert_eq!(before.$lookup(*id), old.$field.get(id), "{id} before the event");
            }
        )*};
    }
    same!(calls by call, connections by connection, stages by stage, devices by device, extensions by extension);
}

/// A number that is one.
pub fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("a number in a test is one")
}

/// A device by a label: its SIP user.
pub fn named(label: &str) -> DeviceName {
    DeviceName::Sip(label.to_owned())
}

/// Where a phone is reached.
pub fn contact(label: &str) -> Contact {
    Contact { ip: "192.0.2.1".into(), port: 5060, transport: "udp".into(), user_agent: format!("phone {label}") }
}

/// A key with a body.
pub fn key(key: &str, body: u8) -> Key {
    Key { key: key.to_owned(), body: [body; 32] }
}
