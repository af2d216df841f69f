//! How calls and connections come into being.

use crate::cause::Cause;
use crate::command::LegOptions;
use crate::config::DeviceKind;
use crate::event::{Arrival, What};
use crate::id::{CallId, ConnectionId, DeviceId, LegId, StageId};
use crate::leg::{Leg, Role, Work, smallest_free};
use crate::model::{
    Call, CallData, Connection, ConnectionState, FailTone, Line, LinePart, Origin, Prompt, Shown, Stage, StageKind,
};
use crate::party::{Addressed, Circuit, Digits, Party, PartyKind, Presentation, Serving, Via};
use crate::switch::{Decided, Switch};
use std::collections::BTreeMap;

/// What is known when a call begins.
pub(crate) struct NewCall {
    pub(crate) origin: Origin,
    pub(crate) dialled: Digits,
    pub(crate) called: Party,
    pub(crate) did: Option<Digits>,
    pub(crate) data: CallData,
    pub(crate) fail_tone: FailTone,
    pub(crate) talk_limit_ms: Option<u64>,
    pub(crate) context: String,
    pub(crate) second: LegOptions,
    pub(crate) shown: Option<Box<Shown>>,
    pub(crate) caller: Party,
}

/// What is known when a connection begins.
pub(crate) struct NewConnection {
    pub(crate) device: DeviceId,
    pub(crate) leg: LegId,
    pub(crate) state: ConnectionState,
    pub(crate) prompt: Option<Prompt>,
    pub(crate) placed: bool,
    pub(crate) addressed: Addressed,
    pub(crate) entered: Cause,
    pub(crate) party: Party,
    pub(crate) circuit: Option<Circuit>,
    pub(crate) vars: BTreeMap<String, String>,
}

impl Switch {
    /// Mints a call and its root stage; both become public by the events that follow.
    pub(crate) fn new_call(&mut self, new: NewCall) -> Call {
        let id = CallId(next(&mut self.state.counters.call));
        let root = StageId(next(&mut self.state.counters.stage));
        let NewCall { origin, dialled, called, did, data, fail_tone, talk_limit_ms, context, second, shown, caller } =
            new;
        let work = Work { legs: Vec::new(), second, refused: None, alerted: false, established: false, waiting: None };
        self.state.work.insert(id, work);
        Call {
            id,
            origin,
            created: self.state.now,
            dialled,
            called,
            did,
            data,
            fail_tone,
            talk_limit_ms,
            root,
            stage: root,
            connections: Vec::new(),
            open_stages: Vec::new(),
            context,
            shown,
            caller: Some(Box::new(caller)),
        }
    }

    /// Mints a connection and notes its leg.
    pub(crate) fn new_connection(
        &mut self,
        call: CallId,
        stage: StageId,
        role: Role,
        new: NewConnection,
    ) -> Connection {
        let id = ConnectionId(next(&mut self.state.counters.connection));
        let line = self.state.legs.free_line(new.device);
        let answered = false;
        let leg = Leg { connection: id, call, device: new.device, role, answered, seq: 0, unborn: None, line };
        self.state.legs.insert(new.leg, leg);
        if let Some(work) = self.state.work.get_mut(&call) {
            work.legs.push(new.leg);
        }
        let user =
            self.state.picture.devices.get(&new.device).and_then(|device| device.session.flatten()).or_else(|| {
                self.state.picture.extension_of(new.device).and_then(|(_, extension)| extension.config.owner)
            });
        Connection {
            id,
            device: new.device,
            call,
            leg: new.leg,
            state: new.state,
            prompt: new.prompt,
            placed: new.placed,
            line: Line { no: line, part: LinePart::Primary },
            addressed: new.addressed,
            entered: new.entered,
            redirected_by: None,
            party: new.party,
            created: self.state.now,
            alerting: None,
            supervised: None,
            answered: None,
            party_since: None,
            circuit: new.circuit,
            serving: Serving { user },
            vars: new.vars,
            stage,
            failed: None,
        }
    }

    /// Numbers a leg that the core orders.
    pub(crate) fn new_leg(&mut self) -> LegId {
        LegId(next(&mut self.state.counters.leg))
    }

    /// Opens a stage of a call.
    pub(crate) fn open_stage(&mut self, call: CallId, id: StageId, root: StageId, kind: StageKind, target: Party) {
        let stage =
            Stage { id, root, call, kind, target, opened: self.state.now, ringing: None, answered: None, user: None };
        self.emit(vec![call], Vec::new(), What::StageOpened { stage: Box::new(stage) });
    }

    /// Opens the next stage of a call.
    pub(crate) fn next_stage(&mut self, call: CallId, target: Party) {
        let Some(root) = self.state.picture.calls.get(&call).map(|call| call.root) else { return };
        let id = StageId(next(&mut self.state.counters.stage));
        self.open_stage(call, id, root, StageKind::Dial, target);
    }

    /// A phone or the outside calls. A phone whose lines are all taken is told that it is busy itself, whichever number it dialled:
    /// two phones of one line each that call each other both are.
    pub(crate) fn arrive(
        &mut self,
        leg: LegId,
        device: DeviceId,
        dialled: Digits,
        from: Option<Party>,
        withheld: bool,
    ) {
        let Some(config) = self.state.picture.devices.get(&device).map(|device| device.config.clone()) else {
            self.order(leg, crate::engine::OrderKind::Release { cause: Cause::Blocked });
            return;
        };
        if self.state.stopping {
            self.order(leg, crate::engine::OrderKind::Release { cause: Cause::Shutdown });
            return;
        }
        if self.state.picture.calls.len() >= self.state.picture.settings.calls_max as usize {
            self.order(leg, crate::engine::OrderKind::Release { cause: Cause::Resource });
            return;
        }
        // The lines of a trunk are its circuits, and its callers hear another cause.
        let lines = usize::from(config.lines_max);
        if config.kind != DeviceKind::Trunk && self.state.legs.lines_taken(device) >= lines {
            self.decide(None, Decided::NoLine { device });
            self.order(leg, crate::engine::OrderKind::Release { cause: Cause::Busy });
            return;
        }
        let trunk = self.state.picture.trunks.iter().find(|(_, trunk)| trunk.device == device);
        let arrived_at = trunk.map(|(id, trunk)| (*id, trunk.circuits, trunk.dids.clone()));
        let circuit = match &arrived_at {
            None => None,
            Some((trunk, circuits, _)) => match self.free_circuit(device, *circuits) {
                Some(number) => Some(Circuit { trunk: *trunk, number }),
                None => {
                    self.order(leg, crate::engine::OrderKind::Release { cause: Cause::TrunkBusy });
                    return;
                }
            },
        };
        let (arrival, did, number) = match &arrived_at {
            None => (Arrival::Phone, None, dialled.clone()),
            Some((_, _, dids)) => {
                let inside = dids.iter().find(|(outside, _)| *outside == dialled).map(|(_, inside)| inside.clone());
                (Arrival::Trunk, Some(dialled.clone()), inside.unwrap_or_else(|| dialled.clone()))
            }
        };
        let party = match (arrival, from) {
            (Arrival::Trunk, Some(from)) => from,
            _ => self.party_of(device),
        };
        let second = LegOptions { withheld, ..LegOptions::default() };
        let shown = withheld.then(|| {
            let second = shown_to_destination(&party, &party.number, &second);
            Box::new(Shown { first: party.clone(), second })
        });
        let route = self.route(Some(device), &number);
        let called = route.map_or_else(|| Party::remote(number.clone(), String::new()), |route| route.called);
        let call = self.new_call(NewCall {
            origin: if arrival == Arrival::Trunk { Origin::Trunk } else { Origin::Phone },
            dialled: number.clone(),
            called: called.clone(),
            did: did.clone(),
            data: CallData::default(),
            fail_tone: FailTone::Reject,
            talk_limit_ms: None,
            context: config.context,
            second,
            shown,
            caller: party.clone(),
        });
        let connection = self.new_connection(
            call.id,
            call.root,
            Role::Caller,
            NewConnection {
                device,
                leg,
                state: ConnectionState::Connected,
                prompt: None,
                placed: true,
                addressed: Addressed { number: party.number.clone(), via: Via::Direct, extension: party.extension },
                entered: if arrival == Arrival::Trunk { Cause::TrunkCall } else { Cause::NewCall },
                party,
                circuit,
                vars: BTreeMap::new(),
            },
        );
        let (id, root, conn) = (call.id, call.root, connection.id);
        self.open_stage(id, root, root, StageKind::Dial, called.clone());
        let mut call = call;
        call.open_stages.push(root);
        let born = Some(Box::new((connection, call)));
        let what = What::Originated { connection: conn, born, dialled: number, called, did, arrival, prompted: false };
        self.emit(vec![id], vec![device], what);
        self.deliver(id);
    }

    fn free_circuit(&self, device: DeviceId, circuits: u16) -> Option<u16> {
        let picture = &self.state.picture;
        let connections = picture.devices.get(&device).into_iter().flat_map(|device| &device.connections);
        let taken = connections.filter_map(|id| picture.connections.get(id)?.circuit).map(|circuit| circuit.number);
        smallest_free(taken).filter(|number| *number <= circuits)
    }
}

/// Whom the called leg shows as the caller.
pub(crate) fn shown_to_destination(caller: &Party, addressed: &Digits, options: &LegOptions) -> Party {
    let mut from = caller.clone();
    if let Some(number) = &options.caller_id {
        from.number = number.clone();
    }
    if let Some(name) = &options.caller_name {
        from.name.clone_from(name);
    }
    if from.kind == PartyKind::Device && from.number.is_empty() {
        from.number = addressed.clone();
    }
    if options.withheld {
        from.presentation = Presentation::Restricted;
    }
    from
}

fn next(counter: &mut u64) -> u64 {
    *counter += 1;
    *counter
}
