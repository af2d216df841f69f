//! What is kept of an answered leg, so that a later life of the program can end it.

use super::{Output, SipEngine};
use ::sip::dialog::{Checkpoint, UsageKey};
use ::sip::message::Headers;
use ::sip::registrar::Binding;
use switching::cause::Cause;
use switching::id::{DeviceId, LegId};
use switching::time::Time;

impl SipEngine {
    /// Keeps the newest state of a leg, with the batch of the report that it caused.
    pub(super) fn checkpoint(&mut self, id: LegId) {
        let usage = self.legs.get(&id).and_then(|leg| leg.chosen);
        if let Some(checkpoint) = usage.and_then(|usage| self.endpoint.checkpoint(usage)) {
            self.out.push_back(Output::Checkpoint(id, Some(checkpoint.to_bytes())));
        }
    }

    /// Ends a leg of a former life of the program: its phone gets a BYE.
    pub fn end_orphan(&mut self, now: Time, leg: LegId, stored: &[u8]) {
        self.out.push_back(Output::Checkpoint(leg, None));
        let Ok(checkpoint) = Checkpoint::from_bytes(stored) else { return };
        let Ok(usage) = self.endpoint.restore(&checkpoint) else { return };
        let reason: Headers = super::cause::reason(Cause::EngineLost);
        if self.is_adrift(usage)
            && let Some((device, home)) = self.registered_as(now, &checkpoint.target)
        {
            return self.end_when_back(now, usage, device, Some(home), reason);
        }
        if self.endpoint.bye(now.0, usage, reason).is_ok() {
            self.orphans.insert(usage);
        }
        self.drain(now);
    }

    /// Whose Contact this is.
    fn registered_as(&self, now: Time, contact: &[u8]) -> Option<(DeviceId, Box<Binding>)> {
        let contact = std::str::from_utf8(contact).ok()?;
        let (user, _) = self.flows.iter().find(|(_, flows)| flows.contains_key(contact))?;
        let device = self.devices.get(user)?.id;
        let binding = self.registrar.bindings(user, now.0).into_iter().find(|binding| binding.uri == contact)?;
        Some((device, Box::new(binding.clone())))
    }

    /// Whether a leg that was let go of still waits for its good-bye to be acknowledged.
    #[must_use]
    pub fn says_goodbye(&self) -> bool {
        self.endpoint.usage_count() > self.adrift.len()
    }

    pub(super) fn orphan_ended(&mut self, usage: UsageKey) {
        self.orphans.remove(&usage);
    }
}

/// Where a stored binding was registered from.
#[must_use]
pub fn source_of(stored: &[u8]) -> Option<std::net::SocketAddr> {
    ::sip::registrar::Binding::from_stored(stored).ok().map(|binding| binding.source)
}
