//! What the operator is shown of a running exchange.

use super::Driver;
use crate::memory;
use crate::metrics::InUse;
use switching::time::Time;

/// How often the figures are noted, in milliseconds, while something happens.
const MEASURE_EVERY_MS: u64 = 1_000;

impl Driver {
    /// When they are noted next, where something has happened since.
    pub(super) fn figures_due(&self) -> Option<Time> {
        self.measured.filter(|_| self.unmeasured).map(|at| at.after_ms(MEASURE_EVERY_MS))
    }

    /// Notes for the operator what is in use.
    pub(super) fn measure(&mut self) {
        let now = self.parts.clock.now();
        if self.measured.is_some_and(|at| now < at.after_ms(MEASURE_EVERY_MS)) {
            self.unmeasured = true;
            return;
        }
        self.measured = Some(now);
        self.unmeasured = false;
        let [_, dialogs, transactions, relay_ports] = self.parts.engines.sip.in_use();
        let picture = self.parts.switch.picture();
        let in_use = InUse {
            calls: picture.calls.len(),
            registrations: self.parts.engines.sip.registered(),
            dialogs,
            transactions,
            relay_ports,
            seq: picture.seq,
        };
        if self.ebb.note(&in_use) {
            memory::give_back(&self.parts.store, &self.parts.blocking);
        }
        self.parts.metrics.set(in_use);
        for heard in self.parts.engines.sip.take_heard() {
            tracing::debug!(
                leg = heard.leg.0,
                packets = heard.packets,
                lost = heard.lost,
                jitter_ms = heard.jitter_ms,
                "sound"
            );
            self.parts.metrics.heard(&heard);
        }
    }
}
