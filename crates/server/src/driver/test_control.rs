//! Test control: hands on simulated phones, callers from outside, a stopped clock.

use super::Driver;
use dialects::common::ask::{Fault, Test};
use engines::simulated::{Hand, HandFault, OnRing, Script};
use switching::config::DeviceKind;
use switching::id::DeviceId;
use switching::time::Time;

impl Driver {
    pub(super) fn test(&mut self, test: Test) -> Result<(), Fault> {
        let now = self.parts.clock.now();
        let simulated = &mut self.parts.engines.simulated;
        let outcome = match test {
            Test::Hand(device, hand) => simulated.hand(now, device, translate_hand(hand)),
            Test::Script(device, script) => simulated.set_script(device, translate_script(script)),
            Test::OutsideScript(number, script) => {
                simulated.set_outside(number, translate_script(script));
                Ok(())
            }
            Test::RingIn { from, name, to } => match self.trunk() {
                Some(trunk) => self.parts.engines.simulated.ring_in(trunk, from, name, to),
                None => return Err(Fault::NotFound),
            },
            Test::Outside(number, hand) => simulated.outside_hand(&number, translate_hand(hand)),
            Test::Advance { to } => {
                self.advance(to);
                Ok(())
            }
            Test::Step { limit, moved } => {
                let to = self.next_timer().map_or(limit, |at| at.min(limit)).max(now);
                self.advance(to);
                self.settle();
                // Whoever asked may have gone.
                let _ = moved.send((to, self.parts.switch.picture().seq));
                Ok(())
            }
        };
        self.engine_outputs();
        outcome.map_err(|fault| match fault {
            HandFault::NoSuchPhone => Fault::NotFound,
            HandFault::Unplugged => Fault::Value("the phone is unplugged".to_owned()),
            HandFault::NoCall => Fault::Value("the phone has no call to which this could be done".to_owned()),
            HandFault::TooManyCalls => Fault::Value("the phone has too many calls".to_owned()),
        })
    }

    fn trunk(&self) -> Option<DeviceId> {
        let devices = &self.parts.switch.picture().devices;
        devices.values().find(|device| device.config.kind == DeviceKind::Trunk).map(|device| device.id)
    }

    /// Moves a stopped clock, firing every timer on the way at its own instant.
    fn advance(&mut self, to: Time) {
        while let Some(at) = self.next_wake().filter(|at| *at <= to) {
            self.parts.clock.advance_to(at);
            self.timers(self.parts.clock.now());
            if !self.parts.clock.is_virtual() {
                return;
            }
        }
        self.parts.clock.advance_to(to);
    }
}

fn translate_hand(hand: dialects::common::ask::Hand) -> Hand {
    use dialects::common::ask::Hand as Asked;
    match hand {
        Asked::Answer => Hand::Answer,
        Asked::Reject => Hand::Reject,
        Asked::Dial(number) => Hand::Dial(number),
        Asked::Press(digits) => Hand::Press(digits),
        Asked::HangUp => Hand::HangUp,
        Asked::Unplug => Hand::Unplug,
        Asked::PlugIn => Hand::PlugIn,
    }
}

fn translate_script(script: dialects::common::ask::PhoneScript) -> Script {
    use dialects::common::ask::OnRing as Asked;
    let on_ring = match script.on_ring {
        Asked::Wait => OnRing::Wait,
        Asked::Answer { after_ms } => OnRing::Answer { after_ms },
        Asked::Reject { after_ms } => OnRing::Reject { after_ms },
        Asked::Busy => OnRing::Busy,
        Asked::Never => OnRing::Never,
        Asked::Vanish => OnRing::Vanish,
    };
    Script { on_ring, press: script.press, hang_up_after_ms: script.hang_up_after_ms }
}
