//! What people and applications do: calls that are dialled, calls that are ordered, and everything in between.
//!
//! Applications see what a client sees, the mirror, and so name connections that may have ended meanwhile.

use crate::office::{Office, contact};
use crate::prng::Prng;
use std::collections::BTreeMap;
use switching::Input;
use switching::command::{
    Command, DataPatch, DestinationCheck, DeviceName, Guard, Key, LegOptions, MakeCall, Principal, ReplyAt, Verb, Which,
};
use switching::engine::EngineInput;
use switching::id::{CallId, ConnectionId, DeviceId, RequestId, UserId};
use switching::model::{ConnectionState, FailTone, Prompt};
use switching::party::Digits;
use switching::picture::Picture;

/// One thing that somebody does.
pub enum Deed {
    /// A phone dials.
    Dial {
        /// The phone.
        from: DeviceId,
        /// The number.
        to: Digits,
        /// How long it waits for an answer, in milliseconds.
        patience_ms: u64,
        /// How long it talks, in milliseconds.
        talk_ms: u64,
    },
    /// An input of its own.
    Give(Input),
}

/// Who does what.
pub struct Workload<'a> {
    office: &'a Office,
    requests: u64,
}

impl<'a> Workload<'a> {
    /// The people of a house.
    #[must_use]
    pub fn of(office: &'a Office) -> Self {
        Self { office, requests: 1_000_000 }
    }

    /// Begins one call.
    pub fn begin_call(&mut self, chance: &mut Prng) -> Deed {
        if chance.chance(300) {
            let verb = self.make_call(chance);
            return Deed::Give(self.command(verb, chance));
        }
        let patience_ms = if chance.chance(150) { chance.between(1, 5_000) } else { 180_000 };
        let talk_ms = chance.between(0, 60_000);
        if chance.chance(100) {
            let dids: Vec<Digits> = self.office.dids.iter().chain(&self.office.numbers).cloned().collect();
            let to = one_of(chance, &dids);
            return Deed::Dial { from: self.office.trunk, to, patience_ms, talk_ms };
        }
        let (from, _) = one_of(chance, &self.office.phones);
        Deed::Dial { from, to: one_of(chance, &self.office.numbers), patience_ms, talk_ms }
    }

    /// Does something else, beside the calls.
    pub fn interfere(&mut self, chance: &mut Prng, seen: &Picture) -> Deed {
        let (device, number) = one_of(chance, &self.office.phones);
        let name = DeviceName::Id(device);
        let verb = match chance.between(1, 100) {
            1..=25 => Verb::AnswerCall { which: self.which(chance, seen, ConnectionState::Alerting) },
            26..=45 => Verb::ClearConnection { which: self.which(chance, seen, ConnectionState::Connected) },
            46..=52 => Verb::ClearCall { which: self.which(chance, seen, ConnectionState::Connected) },
            53..=57 => {
                Verb::ClearCallById { call: CallId(chance.between(0, newest(seen.calls.keys().map(|id| id.0)))) }
            }
            58..=68 => {
                let which = self.which(chance, seen, ConnectionState::Connected);
                Verb::AssociateData { which, patch: Box::new(patch(chance)) }
            }
            69..=76 => Verb::SetDoNotDisturb { number, on: chance.chance(400) },
            77..=80 => {
                let user = chance.chance(500).then(|| UserId(chance.between(1, 3)));
                Verb::OpenSession { device: name, user }
            }
            81..=84 => Verb::CloseSession { device: name },
            85 | 86 => Verb::ClearDevice { device: name },
            _ => {
                let contacts = if chance.chance(750) { vec![contact()] } else { Vec::new() };
                return Deed::Give(Input::Engine(EngineInput::Registration { device, contacts }));
            }
        };
        Deed::Give(self.command(verb, chance))
    }

    fn command(&mut self, verb: Verb, chance: &mut Prng) -> Input {
        self.requests += 1;
        let orders_call = matches!(verb, Verb::MakeCall(_));
        // A client that repeats itself does so with few keys, and sometimes by mistake with another body.
        let key = chance.chance(200).then(|| Key {
            key: format!("key {}", chance.between(1, 40)),
            body: [if chance.chance(900) { 1 } else { 2 }; 32],
        });
        let guard = Guard {
            device_idle: orders_call && chance.chance(200),
            states: if chance.chance(100) { vec![ConnectionState::Connected] } else { Vec::new() },
            other_party: None,
        };
        Input::Command(Box::new(Command {
            request: RequestId(self.requests),
            by: Principal { door: "sim".into(), account: format!("account {}", chance.between(1, 3)) },
            key,
            guard,
            reply: if orders_call && chance.chance(400) { ReplyAt::FirstAnswered } else { ReplyAt::Accepted },
            deadline_ms: chance.chance(100).then(|| chance.between(0, 30_000)),
            verb,
        }))
    }

    fn make_call(&self, chance: &mut Prng) -> Verb {
        let (from, _) = one_of(chance, &self.office.phones);
        let leg = |chance: &mut Prng| LegOptions {
            caller_id: None,
            caller_name: None,
            ring_ms: chance.chance(200).then(|| chance.between(1, 30_000)),
            must_be_registered: chance.chance(500),
            auto_answer: chance.chance(100),
            withheld: false,
        };
        let prompts = [Prompt::Ring, Prompt::OffHook, Prompt::AutoAnswer];
        Verb::MakeCall(Box::new(MakeCall {
            from: DeviceName::Id(from),
            to: one_of(chance, &self.office.numbers),
            prompt: one_of(chance, &prompts),
            first: leg(chance),
            second: leg(chance),
            as_number: chance.chance(100).then(|| one_of(chance, &self.office.numbers)),
            fail_tone: if chance.chance(500) {
                FailTone::Reject
            } else {
                FailTone::Tone { ms: chance.between(0, 9_000) }
            },
            talk_limit_ms: chance.chance(200).then(|| chance.between(1, 60_000)),
            vars: BTreeMap::new(),
            custom: BTreeMap::new(),
            correlator: chance.chance(100).then(|| vec![7; 16]),
            check: match chance.between(0, 3) {
                0 => DestinationCheck::Early,
                1 => DestinationCheck::Late,
                2 => DestinationCheck::Existence,
                _ => DestinationCheck::Rights,
            },
        }))
    }

    fn which(&self, chance: &mut Prng, seen: &Picture, preferred: ConnectionState) -> Which {
        let newest = newest(seen.connections.keys().map(|id| id.0));
        // Somebody who is in such a call most likely, else in any, else anybody.
        let start = ConnectionId(chance.between(0, newest));
        let from_there = seen.connections.range(start..).chain(seen.connections.range(..start)).map(|(_, it)| it);
        let found = from_there.clone().find(|it| it.state == preferred).or_else(|| from_there.clone().next());
        let device = found.map_or_else(|| one_of(chance, &self.office.phones).0, |it| it.device);
        match (chance.between(1, 10), found) {
            (1..=3, Some(it)) => Which::Connection(it.id),
            (4, _) => Which::Connection(ConnectionId(chance.between(0, newest))),
            (5 | 6, Some(it)) => Which::InCall { device: DeviceName::Id(device), call: it.call },
            (_, _) => {
                let other =
                    one_of(chance, &[ConnectionState::Initiated, ConnectionState::Fail, ConnectionState::Alerting]);
                Which::OfDevice { device: DeviceName::Id(device), states: vec![preferred, other], other_party: None }
            }
        }
    }
}

fn newest(ids: impl DoubleEndedIterator<Item = u64>) -> u64 {
    ids.last().unwrap_or(0)
}

fn patch(chance: &mut Prng) -> DataPatch {
    let name = format!("name {}", chance.between(1, 5));
    let value = BTreeMap::from([(name, chance.next().to_string())]);
    if chance.chance(500) {
        DataPatch { custom: value, ..DataPatch::default() }
    } else {
        DataPatch { vars: value, account_code: Some("42".into()), ..DataPatch::default() }
    }
}

fn one_of<T: Clone>(chance: &mut Prng, from: &[T]) -> T {
    chance.pick(from).cloned().expect("a house has phones and numbers")
}
