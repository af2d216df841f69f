//! Ids in recorded inputs, brought up to date: where inputs are left out, the exchange gives other ids to what follows.
//!
//! Each recorded step knows which ids came into view by it. When it is played again among fewer steps, what comes into view then takes
//! the place of what did before; an id of something that does not exist this time is moved out of the way.

use crate::checked::Step;
use std::collections::BTreeMap;
use switching::command::{Verb, Which};
use switching::engine::{EngineInput, OrderKind};
use switching::event::What;
use switching::id::{CallId, ConnectionId, LegId, OrderId};
use switching::time::Time;
use switching::{Input, Output};

/// Ids that came into view, in order.
#[derive(Debug, Clone, Default)]
pub struct Minted {
    legs: Vec<LegId>,
    connections: Vec<ConnectionId>,
    calls: Vec<CallId>,
    orders: Vec<OrderId>,
}

impl Minted {
    /// Those of what came of one step.
    #[must_use]
    pub fn by(outputs: &[Output]) -> Self {
        let mut minted = Self::default();
        for output in outputs {
            match output {
                Output::Engine(order) => match order.what {
                    OrderKind::Ring { .. } => minted.legs.push(order.leg),
                    OrderKind::AnswerRemotely => minted.orders.push(order.id),
                    OrderKind::Alert { .. }
                    | OrderKind::Accept { .. }
                    | OrderKind::Join { .. }
                    | OrderKind::Release { .. } => {}
                },
                Output::Event(event) => minted.see(&event.what),
                Output::Record(_) | Output::Reply(_) | Output::Decision { .. } => {}
            }
        }
        minted
    }

    fn see(&mut self, what: &What) {
        match what {
            What::ServiceInitiated { connection, call, .. } => {
                self.connections.push(connection.id);
                self.calls.push(call.id);
            }
            What::Originated { born: Some(born), .. } => {
                self.connections.push(born.0.id);
                self.calls.push(born.1.id);
            }
            What::Delivered { connection, .. } => self.connections.push(connection.id),
            What::Established { born: Some(born), .. } => self.connections.push(born.id),
            What::Originated { born: None, .. }
            | What::Established { born: None, .. }
            | What::Failed { .. }
            | What::ConnectionCleared { .. }
            | What::CallCleared { .. }
            | What::StageOpened { .. }
            | What::StageClosed { .. }
            | What::CallInformation { .. }
            | What::DigitsGenerated { .. }
            | What::BackInService { .. }
            | What::OutOfService { .. }
            | What::DoNotDisturb { .. }
            | What::ApplicationSession { .. }
            | What::ConfigurationChanged(_)
            | What::Prompted { .. } => {}
        }
    }
}

/// One step of a run, and what came into view by it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When.
    pub at: Time,
    /// What.
    pub step: Step,
    /// What came into view by it.
    pub minted: Minted,
}

/// Where ids that cannot be known are moved to.
const NOWHERE: u64 = 1 << 40;

/// From the ids of the recording to those of this time.
#[derive(Default)]
pub struct Translation {
    legs: BTreeMap<LegId, LegId>,
    connections: BTreeMap<ConnectionId, ConnectionId>,
    calls: BTreeMap<CallId, CallId>,
    orders: BTreeMap<OrderId, OrderId>,
}

impl Translation {
    /// What came into view by a step then, and now.
    pub fn learn(&mut self, then: &Minted, now: &Minted) {
        self.legs.extend(then.legs.iter().copied().zip(now.legs.iter().copied()));
        self.connections.extend(then.connections.iter().copied().zip(now.connections.iter().copied()));
        self.calls.extend(then.calls.iter().copied().zip(now.calls.iter().copied()));
        self.orders.extend(then.orders.iter().copied().zip(now.orders.iter().copied()));
    }

    /// A step with the ids of this time.
    #[must_use]
    pub fn step(&self, step: &Step) -> Step {
        match step {
            Step::Restart => Step::Restart,
            Step::Give(input) => Step::Give(self.input(input.clone())),
        }
    }

    fn input(&self, mut input: Input) -> Input {
        match &mut input {
            Input::Command(command) => match &mut command.verb {
                Verb::AnswerCall { which }
                | Verb::ClearConnection { which }
                | Verb::ClearCall { which }
                | Verb::AssociateData { which, .. } => self.which(which),
                Verb::ClearCallById { call } => *call = self.call(*call),
                Verb::MakeCall(_)
                | Verb::SetDoNotDisturb { .. }
                | Verb::OpenSession { .. }
                | Verb::CloseSession { .. }
                | Verb::Shutdown
                | Verb::ClearDevice { .. } => {}
            },
            Input::Engine(EngineInput::Report(report)) => report.leg = self.leg(report.leg),
            Input::Engine(EngineInput::Inventory { legs }) => {
                for leg in legs {
                    *leg = self.leg(*leg);
                }
            }
            Input::Engine(EngineInput::OrderDone(id) | EngineInput::OrderFailed { id, .. }) => {
                *id = self.orders.get(id).copied().unwrap_or(OrderId(id.0 | NOWHERE));
            }
            Input::Engine(EngineInput::Registration { .. }) | Input::Configure(_) | Input::Timeout => {}
        }
        input
    }

    fn which(&self, which: &mut Which) {
        match which {
            Which::Connection(id) => *id = self.connections.get(id).copied().unwrap_or(ConnectionId(id.0 | NOWHERE)),
            Which::InCall { call, .. } => *call = self.call(*call),
            Which::OfDevice { .. } | Which::Latest { .. } => {}
        }
    }

    fn call(&self, id: CallId) -> CallId {
        self.calls.get(&id).copied().unwrap_or(CallId(id.0 | NOWHERE))
    }

    fn leg(&self, id: LegId) -> LegId {
        // The engine numbers arrived legs itself, and so the same each time.
        if id.is_arrived() { id } else { self.legs.get(&id).copied().unwrap_or(LegId(id.0 | NOWHERE)) }
    }
}
