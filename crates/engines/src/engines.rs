//! All engines of one exchange behind one face: an order goes to the engine that has the leg, or the device.

use crate::simulated::Simulated;
use std::collections::BTreeMap;
use switching::config::DeviceKind;
use switching::engine::{EngineInput, Order, OrderKind};
use switching::id::{DeviceId, LegId};
use switching::time::Time;

/// Legs of each engine are numbered from another place, so that they never meet: this far apart.
const LEGS_APART: u64 = 1 << 60;
/// Legs that one start of the program may number, at most.
const LEGS_PER_START: u64 = 1 << 28;

/// What an engine wants done.
#[derive(Debug)]
pub enum Output {
    /// Tell the core.
    Core(EngineInput),
}

/// The engines.
pub struct Engines {
    /// Telephones that exist in this program only.
    pub simulated: Simulated,
    kinds: BTreeMap<DeviceId, DeviceKind>,
}

impl Engines {
    /// Engines without devices. `start_s` is when this process started, in seconds since the Unix epoch: it makes the numbers of
    /// arriving legs unique over restarts.
    #[must_use]
    pub fn new(start_s: u64) -> Self {
        let legs_from = start_s.wrapping_mul(LEGS_PER_START) % LEGS_APART;
        Self { simulated: Simulated::new(LEGS_APART | legs_from), kinds: BTreeMap::new() }
    }

    /// A device was configured, or removed.
    pub fn configure(&mut self, device: DeviceId, kind: Option<DeviceKind>, name: &str) {
        match kind {
            Some(kind) => {
                let known = self.kinds.insert(device, kind);
                if kind == DeviceKind::Simulated && known != Some(kind) {
                    self.simulated.add_phone(device, name);
                }
            }
            None => {
                self.kinds.remove(&device);
                self.simulated.remove_phone(device);
            }
        }
    }

    /// Carries out an order at once.
    pub fn order(&mut self, now: Time, order: Order) {
        let simulated = match &order.what {
            OrderKind::Ring { device, .. } => self.kinds.get(device) != Some(&DeviceKind::Sip),
            OrderKind::Alert { .. }
            | OrderKind::Accept { .. }
            | OrderKind::AnswerRemotely
            | OrderKind::Join { .. }
            | OrderKind::Release { .. } => self.simulated.has_leg(order.leg),
        };
        if simulated {
            self.simulated.order(now, order);
        }
    }

    /// Legs that are alive.
    #[must_use]
    pub fn legs(&self) -> Vec<LegId> {
        Vec::new()
    }

    /// The next thing to be done.
    pub fn poll(&mut self) -> Option<Output> {
        self.simulated.poll().map(Output::Core)
    }

    /// When they want to be woken.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.simulated.poll_timeout()
    }

    /// The time has come.
    pub fn handle_timeout(&mut self, now: Time) {
        self.simulated.handle_timeout(now);
    }
}
