//! All engines of one exchange behind one face: an order goes to the engine that has the leg, or the device.

use crate::simulated::Simulated;
use crate::sip::{Output as SipOutput, SipEngine};
use std::collections::BTreeMap;
use switching::config::DeviceKind;
use switching::engine::{EngineInput, Order, OrderKind};
use switching::id::{DeviceId, LegId};
use switching::time::Time;

/// Legs of each engine are numbered from another place, so that they never meet: this far apart.
const LEGS_APART: u64 = 1 << 60;
/// Legs that may arrive in a millisecond, at most.
const LEGS_PER_MS: u64 = 1 << 18;

/// Where an engine numbers its arriving legs from. `start_ms` is when this process started, in milliseconds since the Unix epoch:
/// it makes the numbers unique over restarts, also over one within the same second.
#[must_use]
pub const fn legs_from(engine: u64, start_ms: u64) -> u64 {
    engine * LEGS_APART + start_ms.wrapping_mul(LEGS_PER_MS) % LEGS_APART
}

/// What an engine wants done.
#[derive(Debug)]
pub enum Output {
    /// Tell the core.
    Core(EngineInput),
    /// What the SIP engine wants beside that.
    Sip(SipOutput),
}

/// The engines.
pub struct Engines {
    /// SIP telephones.
    pub sip: SipEngine,
    /// Telephones that exist in this program only.
    pub simulated: Simulated,
    kinds: BTreeMap<DeviceId, DeviceKind>,
}

impl Engines {
    /// Engines without devices.
    #[must_use]
    pub fn new(sip: SipEngine, start_ms: u64) -> Self {
        Self { sip, simulated: Simulated::new(legs_from(1, start_ms)), kinds: BTreeMap::new() }
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
                self.sip.remove_device(device);
            }
        }
    }

    /// Carries out an order at once.
    pub fn order(&mut self, now: Time, order: Order) {
        let sip = match &order.what {
            OrderKind::Ring { device, .. } => self.kinds.get(device) == Some(&DeviceKind::Sip),
            OrderKind::Alert { .. }
            | OrderKind::Accept { .. }
            | OrderKind::AnswerRemotely
            | OrderKind::Join { .. }
            | OrderKind::Release { .. } => self.sip.has_leg(order.leg),
        };
        if sip {
            self.sip.order(now, order);
        } else {
            self.simulated.order(now, order);
        }
    }

    /// Legs that are alive.
    #[must_use]
    pub fn legs(&self) -> Vec<LegId> {
        // Neither engine takes legs over from a former life in this version.
        Vec::new()
    }

    /// The next thing to be done.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.sip.poll() {
            return Some(match output {
                SipOutput::Core(input) => Output::Core(input),
                other => Output::Sip(other),
            });
        }
        self.simulated.poll().map(Output::Core)
    }

    /// When they want to be woken.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        [self.sip.poll_timeout(), self.simulated.poll_timeout()].into_iter().flatten().min()
    }

    /// The time has come.
    pub fn handle_timeout(&mut self, now: Time) {
        if self.sip.poll_timeout().is_some_and(|at| at <= now) {
            self.sip.handle_timeout(now);
        }
        self.simulated.handle_timeout(now);
    }
}
