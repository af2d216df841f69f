//! The driver's side of the wire: sockets are read and written here, and what SIP wants kept is kept.

use super::{Driver, SEE_OFF_MS, TRACED_LEGS_MAX};
use crate::sip_io::{Heard, SipIo};
use dialects::common::ask::{Fault, TraceLine};
use dialects::common::exchange::Down;
use engines::sip::Output as SipOutput;
use switching::Input;
use switching::event::What;
use switching::id::{CallId, LegId};
use tokio::sync::mpsc;

impl Driver {
    /// Reads the sockets and lets what was read have its effects.
    pub(super) fn hear(&mut self) {
        let Some(mut io) = self.io.take() else { return };
        let now = self.parts.clock.now();
        let sip = &mut self.parts.engines.sip;
        io.read(|heard| match heard {
            Heard::Message(flow, octets) => sip.handle_message(now, flow, octets),
            Heard::Ended(connection) => sip.flow_lost(now, connection),
        });
        self.io = Some(io);
        self.engine_outputs();
    }

    /// What a former life left: phones that are registered, and legs to be ended.
    pub(super) fn take_over(
        &mut self,
        io: &mut SipIo,
        bindings: Vec<(String, Vec<u8>)>,
        orphans: Vec<(LegId, Vec<u8>)>,
    ) {
        let now = self.parts.clock.now();
        for (user, stored) in bindings {
            let remote = engines::sip::source_of(&stored);
            if let Some(local) = remote.and_then(|remote| io.local_towards(remote)) {
                self.parts.engines.sip.restore_binding(now, &user, &stored, local);
            }
        }
        for (leg, stored) in orphans {
            self.parts.engines.sip.end_orphan(now, leg, &stored);
        }
    }

    /// Gives the phones of ended calls a moment to hear of it.
    pub(super) async fn see_off(&mut self, queue: &mut mpsc::Receiver<Down>) {
        queue.close();
        // What was on its way is told that the exchange is stopping, rather than nothing.
        while let Some(down) = queue.recv().await {
            self.down(down);
        }
        self.settle();
        let end = self.parts.clock.now().after_ms(SEE_OFF_MS);
        while (self.parts.engines.sip.says_goodbye() || self.held.waits().is_some()) && self.parts.clock.now() < end {
            let wake = self.next_wake().map_or(end, |at| at.min(end));
            let clock = self.parts.clock.clone();
            let committed = self.held.committed();
            let Some(mut io) = self.io.take() else { return };
            tokio::select! {
                () = io.ready() => {}
                () = committed.further() => {}
                () = clock.sleep_until(wake) => {}
            }
            self.io = Some(io);
            self.let_go();
            self.hear();
            self.timers(self.parts.clock.now());
            self.settle();
        }
        self.registrations.flush(&self.parts.store, self.parts.tenant);
    }

    pub(super) fn sip_output(&mut self, output: SipOutput) {
        let now = self.parts.clock.now();
        match output {
            SipOutput::Core(input) => self.one_input(Input::Engine(input)),
            SipOutput::Transmit(transmit) => {
                let sent = self.io.as_mut().is_none_or(|io| io.send(&transmit));
                if !sent {
                    self.parts.engines.sip.flow_failed(now, &transmit.flow);
                }
            }
            SipOutput::Checkpoint(leg, stored) => self.draft.checkpoint(leg.0, stored),
            SipOutput::Binding { user, contact, stored, expires } => {
                self.registrations.note(now, user, contact, stored, expires);
            }
        }
    }

    /// The signalling of a call, while it is remembered.
    pub(super) fn trace(&self, call: CallId) -> Result<Vec<TraceLine>, Fault> {
        let legs: Vec<LegId> = self.legs.iter().filter(|(of, _)| *of == call).map(|(_, leg)| *leg).collect();
        if legs.is_empty() {
            return Err(Fault::NotFound);
        }
        let line = |line: engines::sip::TraceLine| TraceLine {
            at: line.at,
            sent: line.sent,
            peer: format!("{} {}", line.transport, line.peer),
            leg: line.leg.to_string(),
            message: line.message,
        };
        Ok(self.parts.engines.sip.ladder(&legs).into_iter().map(line).collect())
    }

    /// Notes which legs a call has.
    pub(super) fn note_legs(&mut self, event: &switching::event::Event) {
        let connection = match &event.what {
            What::ServiceInitiated { connection, .. } | What::Delivered { connection, .. } => connection.as_ref(),
            What::Originated { born: Some(born), .. } => &born.0,
            What::Established { born: Some(born), .. } => born.as_ref(),
            _ => return,
        };
        self.legs.push_back((connection.call, connection.leg));
        if self.legs.len() > TRACED_LEGS_MAX {
            self.legs.pop_front();
        }
    }
}
