//! The house that is simulated: phones, numbers, a trunk. The same for the same number of phones.

use std::collections::BTreeMap;
use switching::Input;
use switching::command::{Configure, Principal};
use switching::config::{
    Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names, TrunkConfig,
};
use switching::engine::{Contact, EngineInput};
use switching::id::{DeviceId, RequestId};
use switching::party::Digits;

/// The first directory number.
const FIRST_NUMBER: u64 = 1_000;
/// Circuits of the trunk.
const CIRCUITS: u16 = 8;

/// What the workload knows of the house.
pub struct Office {
    /// Phones with the digits of their number.
    pub phones: Vec<(DeviceId, Digits)>,
    /// The trunk's device.
    pub trunk: DeviceId,
    /// Numbers that can be dialled; the last two lead nowhere.
    pub numbers: Vec<Digits>,
    /// Numbers from outside.
    pub dids: Vec<Digits>,
    /// The inputs that build it.
    pub inputs: Vec<Input>,
}

/// A number that is one.
fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("digits of ours are a number")
}

/// Numbers that a phone may not call.
fn barred(n: u64) -> Vec<Digits> {
    vec![digits(&(FIRST_NUMBER + n - 1).to_string()), digits("99")]
}

impl Office {
    /// A house with so many phones, at least two. Each tenth number, and the last, has a second phone, each fifth phone has two
    /// lines, each third answers on command, each seventh never answers by itself, each thirteenth is not registered yet, each fourth may not call its neighbour and what
    /// begins with 99.
    #[must_use]
    pub fn of(phones: u64) -> Self {
        let mut built =
            Self { phones: Vec::new(), trunk: DeviceId(0), numbers: Vec::new(), dids: Vec::new(), inputs: Vec::new() };
        let phones = phones.max(2);
        // The core numbers what is configured from 1: devices first.
        for n in 0..phones {
            let config = DeviceConfig {
                kind: DeviceKind::Simulated,
                names: Names { number: None, sip: Some(format!("s{n}")), resource: None },
                lines_max: if n % 5 == 4 { 2 } else { 1 },
                can: Capabilities { remote_answer: n % 3 == 0, auto_answer: n % 7 != 5 },
                context: "house".into(),
                display_name: String::new(),
                class: ClassOfService {
                    barred: if n % 4 == 3 { barred(n) } else { Vec::new() },
                    no_click_to_call: false,
                },
            };
            built.change(Change::PutDevice { id: None, config: Box::new(config) });
        }
        for n in 0..phones {
            let second = n % 10 == 9 || n + 1 == phones;
            let number = digits(&(FIRST_NUMBER + n).to_string());
            built.phones.push((DeviceId(n + 1), number.clone()));
            let config = ExtensionConfig {
                number: number.clone(),
                first_name: String::new(),
                last_name: format!("Station {n}"),
                primary: Some(DeviceId(n + 1)),
                secondary: second.then_some(DeviceId(n)),
                owner: None,
                ring_ms: (n % 7 == 6).then_some(12_000),
                outgoing_number: None,
                fields: BTreeMap::new(),
            };
            built.change(Change::PutExtension { id: None, config: Box::new(config) });
            built.numbers.push(number);
        }
        built.add_trunk(phones);
        for n in (0..phones).filter(|n| n % 13 != 5) {
            let input = EngineInput::Registration { device: DeviceId(n + 1), contacts: vec![contact()] };
            built.inputs.push(Input::Engine(input));
        }
        built.numbers.extend([digits("7777"), digits("9999")]);
        built
    }

    fn add_trunk(&mut self, phones: u64) {
        self.trunk = DeviceId(2 * phones + 1);
        let config = DeviceConfig {
            kind: DeviceKind::Trunk,
            names: Names::default(),
            lines_max: u16::MAX,
            can: Capabilities::default(),
            context: "outside".into(),
            display_name: "Carrier".into(),
            class: ClassOfService::default(),
        };
        self.change(Change::PutDevice { id: None, config: Box::new(config) });
        let pairs = self.numbers.iter().take(20).map(|inside| (digits(&format!("4930{inside}")), inside.clone()));
        let dids: Vec<(Digits, Digits)> = pairs.collect();
        self.dids = dids.iter().map(|(outside, _)| outside.clone()).collect();
        let config = TrunkConfig { name: "Carrier".into(), device: self.trunk, circuits: CIRCUITS, dids };
        self.change(Change::PutTrunk { id: None, config: Box::new(config) });
    }

    fn change(&mut self, change: Change) {
        let by = Principal { door: "sim".into(), account: "builder".into() };
        let request = RequestId(self.inputs.len() as u64 + 1);
        self.inputs.push(Input::Configure(Box::new(Configure { request, by, change })));
    }
}

/// Where a simulated phone is reached.
#[must_use]
pub fn contact() -> Contact {
    Contact { ip: "simulated".into(), port: 0, transport: "simulated".into(), user_agent: "sim".into() }
}
