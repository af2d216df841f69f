//! Commands as the auditor takes them: what they name, whether they are admitted, and what they begin or end.

use super::attempt::{Attempt, Phase};
use super::keys::Means;
use super::sign::{About, OrderWhat, OutcomeSign, ReplySign};
use super::{Auditor, Clock, GRAVE_LIFE_MS, Waiting, WaitsOn};
use switching::cause::Cause;
use switching::command::{Command, DestinationCheck, DeviceName, Guard, MakeCall, ReplyAt, Verb, Which};
use switching::config::DeviceKind;
use switching::id::{CallId, ConnectionId, DeviceId, StageId};
use switching::model::{ConnectionState, FailTone, Prompt};
use switching::party::Digits;

type Refused = &'static str;

/// What a command came to.
enum Came {
    Now(OutcomeSign),
    Later { on: WaitsOn, within_ms: u64 },
}

impl Auditor {
    pub(super) fn command(&mut self, command: &Command) {
        let before = self.counted.seq;
        if let Some(key) = &command.key {
            match self.keys.come(self.now, &command.by, key, command.request) {
                Means::New => {}
                Means::Joins => return,
                Means::Reused => {
                    return self.due.push((command.request, before, OutcomeSign::Refused("key_reused")));
                }
                Means::Answered(before, through, outcome) => {
                    let reply = ReplySign { request: command.request, before, through, replayed: true, outcome };
                    return self.signs.replies.push(reply);
                }
            }
        }
        self.request = Some(command.request);
        match self.carry_out(command) {
            Ok(Came::Now(outcome)) => self.due.push((command.request, before, outcome)),
            Ok(Came::Later { on, within_ms }) => {
                self.start(Clock::Reply(command.request), command.deadline_ms.unwrap_or(within_ms));
                self.waiting.insert(command.request, Waiting { before, on });
            }
            Err(refused) => self.due.push((command.request, before, OutcomeSign::Refused(refused))),
        }
    }

    fn carry_out(&mut self, command: &Command) -> Result<Came, Refused> {
        if self.stopping && command.verb != Verb::Shutdown {
            return Err("out_of_service");
        }
        match &command.verb {
            Verb::MakeCall(make) => self.make_call(make, command),
            Verb::AnswerCall { which } => self.answer_call(which, &command.guard),
            Verb::ClearConnection { which } => {
                let connection = self.choose(which, &command.guard)?;
                let answer = self.at(connection);
                let rings = self.state(connection) == Some(ConnectionState::Alerting);
                self.clear(connection, if rings { Cause::Rejected } else { Cause::NormalClearing });
                Ok(Came::Now(answer))
            }
            Verb::ClearCall { which } => {
                let connection = self.choose(which, &command.guard)?;
                let answer = self.at(connection);
                if let Some(call) = self.of_connection.get(&connection).copied() {
                    self.clear_call(call, Cause::NormalClearing, Some(connection));
                }
                Ok(Came::Now(answer))
            }
            Verb::ClearCallById { call } => {
                let Some(caller) = self.attempts.get(call).and_then(|call| call.caller.as_ref()) else {
                    return Err(if self.ended_lately(*call) { "already_over" } else { "unknown_connection" });
                };
                let answer = self.at(caller.connection);
                self.clear_call(*call, Cause::NormalClearing, None);
                Ok(Came::Now(answer))
            }
            Verb::AssociateData { which, .. } => {
                let connection = self.choose(which, &command.guard)?;
                let answer = self.at(connection);
                if let Some(mut call) = self.take_call_of(connection) {
                    self.event("call_information", Some(&mut call), About::Nothing, None);
                    self.attempts.insert(call.call, call);
                }
                Ok(Came::Now(answer))
            }
            Verb::SetDoNotDisturb { number, on } => {
                let (id, _) = self.book.number(number).ok_or("unknown_number")?;
                if self.book.disturb_not.insert(id, *on).unwrap_or(false) != *on {
                    self.event("do_not_disturb", None, About::Nothing, None);
                }
                Ok(Came::Now(OutcomeSign::Done))
            }
            Verb::OpenSession { device, user } => self.session(device, Some(*user)),
            Verb::CloseSession { device } => self.session(device, None),
            Verb::ClearDevice { device } => {
                let device = self.device(device)?;
                let ends_of = |call: &Attempt| call.caller.iter().chain(&call.called).any(|end| end.device == device);
                let calls: Vec<CallId> =
                    self.attempts.values().filter(|call| ends_of(call)).map(|call| call.call).collect();
                let newest = calls.last().and_then(|call| self.attempts.get(call)).ok_or("no_such_call")?;
                let root = newest.stages.first().map_or(StageId(0), |(root, _)| *root);
                let answer = OutcomeSign::Ended(newest.call, root);
                for call in calls {
                    let seen = self.book.phones.get(&device).map(|phone| phone.seen.clone()).unwrap_or_default();
                    let own = seen.into_iter().find(|id| self.of_connection.get(id) == Some(&call));
                    self.clear_call(call, Cause::NormalClearing, own);
                }
                Ok(Came::Now(answer))
            }
            Verb::Shutdown => {
                self.stopping = true;
                let calls: Vec<CallId> = self.attempts.keys().copied().collect();
                for call in calls {
                    self.clear_call(call, Cause::Shutdown, None);
                }
                Ok(Came::Now(OutcomeSign::Done))
            }
        }
    }

    fn session(&mut self, name: &DeviceName, wanted: Option<Option<switching::id::UserId>>) -> Result<Came, Refused> {
        let device = self.device(name)?;
        let Some(phone) = self.book.phones.get_mut(&device) else { return Err("unknown_device") };
        match (phone.session, wanted) {
            (Some(present), Some(user)) if present == user => return Ok(Came::Now(OutcomeSign::Done)),
            (Some(_), Some(_)) | (None, None) => return Err("session_state"),
            (None, Some(_)) | (Some(_), None) => phone.session = wanted,
        }
        self.event("application_session", None, About::Device(device), None);
        Ok(Came::Now(OutcomeSign::Done))
    }

    fn device(&self, name: &DeviceName) -> Result<DeviceId, Refused> {
        self.book.device(name).ok_or("unknown_device")
    }

    fn make_call(&mut self, make: &MakeCall, command: &Command) -> Result<Came, Refused> {
        let device = self.device(&make.from)?;
        let phone = self.book.phones.get(&device).ok_or("unknown_device")?;
        let idle = phone.lines == 0;
        let early = |what| make.check == DestinationCheck::Early || make.check == what;
        let checks = [
            (phone.config.kind == DeviceKind::Trunk, "destination_kind"),
            (command.guard.device_idle && !idle, "device_state"),
            (make.first.must_be_registered && !phone.reachable(), "unregistered"),
            (make.as_number.as_ref().is_some_and(|number| self.book.number(number).is_none()), "unknown_number"),
            (early(DestinationCheck::Rights) && !self.book.may_call(device, &make.to), "restricted"),
            (early(DestinationCheck::Existence) && self.book.targets(&make.to).is_none(), "unknown_number"),
            (make.second.must_be_registered && !self.can_be_rung(&make.to), "unregistered"),
            (phone.full(), "resource"),
            (self.attempts.len() >= self.book.settings.calls_max as usize, "resource"),
        ];
        if let Some((_, refused)) = checks.into_iter().find(|(holds, _)| *holds) {
            return Err(refused);
        }
        self.counted.call += 1;
        let id = CallId(self.counted.call);
        let leg = self.next_leg();
        let caller = self.new_end(id, leg, device, true);
        let connection = caller.connection;
        let mut call = Attempt {
            call: id,
            phase: Phase::Prompting,
            caller: Some(caller),
            ordered: true,
            called: Vec::new(),
            dialled: make.to.clone(),
            circuit: None,
            ring_ms: make.second.ring_ms,
            auto_answer: make.second.auto_answer,
            tone_ms: match make.fail_tone {
                FailTone::Reject => None,
                FailTone::Tone { ms } => Some(ms),
            },
            limit_ms: make.talk_limit_ms,
            alerted: false,
            worst: None,
            stages: Vec::new(),
            waits: None,
            parts: Vec::new(),
            first_seq: 0,
            events: 0,
        };
        let root = self.open_stage(&mut call);
        self.event("service_initiated", Some(&mut call), About::Connection(connection), None);
        let limit_ms = make.first.ring_ms.unwrap_or(self.book.settings.first_leg_ring_ms);
        self.start(Clock::Ringing(leg), limit_ms);
        let auto_answer = make.prompt != Prompt::Ring && self.lifts_itself(device);
        self.order(leg, OrderWhat::Ring { device, limit_ms, auto_answer });
        let came = match command.reply {
            ReplyAt::Accepted => Came::Now(OutcomeSign::Made(id, connection, root)),
            ReplyAt::FirstAnswered | ReplyAt::LegConfirmed => {
                call.waits = Some(command.request);
                Came::Later { on: WaitsOn::FirstLeg(id), within_ms: limit_ms + 1_000 }
            }
        };
        self.attempts.insert(id, call);
        Ok(came)
    }

    /// Whether a phone is one of those that take a call without a hand.
    pub(super) fn lifts_itself(&self, device: DeviceId) -> bool {
        self.book.phones.get(&device).is_some_and(|phone| phone.config.can.auto_answer)
    }

    fn can_be_rung(&self, to: &Digits) -> bool {
        let Some(targets) = self.book.targets(to) else { return true };
        let there = |id: &DeviceId| self.book.phones.get(id).is_some_and(|phone| phone.reachable());
        targets.phones.is_empty() || targets.phones.iter().any(there)
    }

    fn answer_call(&mut self, which: &Which, guard: &Guard) -> Result<Came, Refused> {
        let connection = self.choose(which, guard)?;
        let rings = [Some(ConnectionState::Alerting), Some(ConnectionState::Initiated)];
        if !rings.contains(&self.state(connection)) {
            return Err("connection_state");
        }
        let call = self.of_connection.get(&connection).and_then(|call| self.attempts.get(call));
        let end = call.and_then(|call| call.end(connection)).ok_or("unknown_connection")?;
        let (leg, device) = (end.leg, end.device);
        if !self.book.phones.get(&device).is_some_and(|phone| phone.config.can.remote_answer) {
            return Err("device_cannot");
        }
        let order = self.order(leg, OrderWhat::AnswerRemotely);
        Ok(Came::Later { on: WaitsOn::Answer(order, connection), within_ms: self.book.settings.remote_answer_ms })
    }

    fn state(&self, connection: ConnectionId) -> Option<ConnectionState> {
        self.attempts.get(self.of_connection.get(&connection)?)?.state(connection)
    }

    fn at(&self, connection: ConnectionId) -> OutcomeSign {
        let call = self.of_connection.get(&connection).copied().unwrap_or(CallId(0));
        let newest =
            self.attempts.get(&call).and_then(|call| call.stages.last()).map_or(StageId(0), |(stage, _)| *stage);
        OutcomeSign::At(call, connection, newest)
    }

    fn ended_lately(&self, call: CallId) -> bool {
        self.graves.iter().any(|(at, _, of)| *of == call && self.now.ms_since(*at) <= GRAVE_LIFE_MS)
    }

    fn choose(&self, which: &Which, guard: &Guard) -> Result<ConnectionId, Refused> {
        let connection = match which {
            Which::Connection(id) => {
                let lately =
                    || self.graves.iter().any(|(at, of, _)| of == id && self.now.ms_since(*at) <= GRAVE_LIFE_MS);
                match self.of_connection.contains_key(id) {
                    true => *id,
                    false if lately() => return Err("already_over"),
                    false => return Err("unknown_connection"),
                }
            }
            Which::InCall { device, call } => {
                let device = self.device(device)?;
                let seen = &self.book.phones.get(&device).ok_or("unknown_device")?.seen;
                match seen.iter().find(|id| self.of_connection.get(id) == Some(call)) {
                    Some(id) => *id,
                    None if !self.attempts.contains_key(call) && self.ended_lately(*call) => {
                        return Err("already_over");
                    }
                    None => return Err("unknown_connection"),
                }
            }
            Which::OfDevice { device, states, .. } => {
                let device = self.device(device)?;
                let seen = &self.book.phones.get(&device).ok_or("unknown_device")?.seen;
                let in_state = |wanted| seen.iter().find(|id| self.state(**id) == Some(wanted)).copied();
                states.iter().find_map(|wanted| in_state(*wanted)).ok_or("no_such_call")?
            }
            // The workload gives none: by state alone, the newest.
            Which::Latest { device, choices, .. } => {
                let device = self.device(device)?;
                let seen = &self.book.phones.get(&device).ok_or("unknown_device")?.seen;
                let in_state = |wanted| seen.iter().rev().find(|id| self.state(**id) == Some(wanted)).copied();
                choices.iter().find_map(|choice| in_state(choice.state)).ok_or("no_such_call")?
            }
        };
        let state = self.state(connection);
        let device = self.attempts.get(&self.of_connection[&connection]).and_then(|call| call.end(connection));
        let lines = device.and_then(|end| self.book.phones.get(&end.device)).map_or(0, |phone| phone.lines);
        if guard.device_idle && lines > 0 {
            return Err("device_state");
        }
        if !guard.states.is_empty() && !state.is_some_and(|state| guard.states.contains(&state)) {
            return Err("connection_state");
        }
        Ok(connection)
    }
}
