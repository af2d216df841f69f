//! Beginning anew from the log alone: when the journal cannot be played again (it was written by another version, or its file
//! was changed), the public picture and the unfinished records still come from the log. What was private is lost: live calls end
//! with *EngineLost*, one balanced record each, and keys that waited for an answer are forgotten.

use crate::cause::Cause;
use crate::command::ClearedBy;
use crate::event::{Configured, Event, What};
use crate::id::CallId;
use crate::leg::Legs;
use crate::switch::{Counters, Switch};
use crate::timer::Timers;

/// How far counters jump: past anything that was numbered and did not become public.
const JUMP: u64 = 1_000_000;

impl Switch {
    /// The exchange as the log tells, from a snapshot on (or from the log's first event). None: the snapshot cannot be read.
    ///
    /// # Panics
    ///
    /// When the log has a gap.
    #[must_use]
    pub fn from_log(snapshot: Option<&[u8]>, log: impl IntoIterator<Item = Event>) -> Option<Self> {
        let mut it = match snapshot {
            Some(snapshot) => Self::restore(snapshot)?,
            None => Self::new(),
        };
        let state = &mut it.state;
        for event in log {
            state.now = state.now.max(event.at);
            note_ids(&mut state.counters, &event);
            state.picture.fold(&event, None);
            // A record that this completes was written when the event was logged.
            drop(state.recorder.take(&event, &state.picture));
        }
        let Counters { connection, call, stage, leg, order, object, request } = &mut state.counters;
        for counter in [connection, call, stage, leg, order, object, request] {
            *counter += JUMP;
        }
        state.legs = Legs::default();
        state.work.clear();
        state.timers = Timers::default();
        state.waiting.clear();
        state.answering.clear();
        state.keys.forget_pending();
        it.lose_calls();
        Some(it)
    }

    fn lose_calls(&mut self) {
        let cause = Cause::EngineLost;
        let calls: Vec<CallId> = self.state.picture.calls.keys().copied().collect();
        for call in calls {
            let connections = self.state.picture.calls.get(&call).map(|it| it.connections.clone()).unwrap_or_default();
            for connection in connections {
                self.cleared(call, connection, cause, cause.q850(), ClearedBy::Exchange(cause));
            }
            self.close_stages(call, cause);
            self.emit(vec![call], Vec::new(), What::CallCleared { call });
        }
    }
}

/// Raises the counters to what an event names.
fn note_ids(counters: &mut Counters, event: &Event) {
    let raise = |counter: &mut u64, id: u64| *counter = (*counter).max(id);
    if let Some(request) = event.request {
        raise(&mut counters.request, request.0);
    }
    for call in &event.calls {
        raise(&mut counters.call, call.0);
    }
    match &event.what {
        What::ServiceInitiated { connection, .. } | What::Delivered { connection, .. } => {
            raise(&mut counters.connection, connection.id.0);
        }
        What::Originated { connection, .. } | What::Established { connection, .. } => {
            raise(&mut counters.connection, connection.0);
        }
        What::StageOpened { stage } => raise(&mut counters.stage, stage.id.0),
        What::ConfigurationChanged(change) => {
            let id = match change {
                Configured::Device(id, _) => id.0,
                Configured::Extension(id, _) => id.0,
                Configured::User(id, _) => id.0,
                Configured::Trunk(id, _) => id.0,
                Configured::Settings(_) => 0,
            };
            raise(&mut counters.object, id);
        }
        What::Failed { .. }
        | What::ConnectionCleared { .. }
        | What::CallCleared { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::DoNotDisturb { .. }
        | What::ApplicationSession { .. }
        | What::Prompted { .. } => {}
    }
}
