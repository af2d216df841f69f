//! Make Call (ECMA-269 17.1.18): connect a device with a number.
//!
//! The device is made ready first, by one of three prompts; when it is answered, the number is dialled as if the device had
//! dialled it. A device that does not answer by itself cannot be lifted from here: it is rung first, whatever was asked for. The
//! first leg ignores the device's own do-not-disturb: somebody at it asked for the call.

use crate::cause::Cause;
use crate::command::{Answer, Awaits, DestinationCheck, Guard, LegOptions, MakeCall, ReplyAt};
use crate::config::DeviceKind;
use crate::engine::OrderKind;
use crate::event::{Purpose, What};
use crate::flow::begin::{NewCall, NewConnection, shown_to_destination};
use crate::id::DeviceId;
use crate::leg::Role;
use crate::limits::{
    CORRELATOR_LEN_MAX, CUSTOM_MAX, NAME_LEN_MAX, RING_MS_MAX, VAR_NAME_LEN_MAX, VAR_VALUE_LEN_MAX, VARS_MAX,
};
use crate::model::{CallData, ConnectionState, Device, Origin, Prompt, Shown, StageKind};
use crate::party::{Addressed, Digits, Party, Presentation, Via};
use crate::refusal::{Refusal, Shortage};
use crate::switch::{Done, Switch};
use crate::timer::TimerReason;
use std::collections::BTreeMap;

impl Switch {
    pub(crate) fn make_call(&mut self, make: MakeCall, guard: &Guard, reply: ReplyAt) -> Result<Done, Refusal> {
        check_values(&make)?;
        let device = self.device(&make.from)?;
        self.check_device(device, &make, guard)?;
        let number = make.as_number.clone();
        let as_extension = match &number {
            Some(number) => Some(self.state.picture.extension_by_number(number).ok_or(Refusal::UnknownNumber)?.0),
            None => None,
        };
        match make.check {
            DestinationCheck::Early | DestinationCheck::Rights if self.barred(device, &make.to) => {
                return Err(Refusal::Restricted);
            }
            DestinationCheck::Early
            | DestinationCheck::Late
            | DestinationCheck::Rights
            | DestinationCheck::Existence => {}
        }
        let route = self.route(Some(device), &make.to);
        let called = match (route, make.check) {
            (Some(route), _) => route.called,
            (None, DestinationCheck::Early | DestinationCheck::Existence) => return Err(Refusal::UnknownNumber),
            (None, DestinationCheck::Late | DestinationCheck::Rights) => Party::remote(make.to.clone(), String::new()),
        };
        if make.second.must_be_registered && !self.reachable(device, &make.to) {
            return Err(Refusal::Unregistered);
        }
        self.check_room(device)?;
        let mut party = self.party_of(device);
        if let Some(extension) = as_extension.and_then(|id| self.state.picture.extensions.get(&id)) {
            party.number = extension.config.number.clone();
            party.name = extension.config.full_name();
            party.extension = as_extension;
        }
        Ok(self.begin_two_leg(make, device, party, called, reply))
    }

    fn check_device(&self, device: DeviceId, make: &MakeCall, guard: &Guard) -> Result<(), Refusal> {
        let Some(it) = self.state.picture.devices.get(&device) else { return Err(Refusal::UnknownDevice) };
        if it.config.kind == DeviceKind::Trunk {
            return Err(Refusal::DestinationKind);
        }
        if guard.device_idle {
            self.guard_idle(device)?;
        }
        if make.first.must_be_registered && !it.in_service() {
            return Err(Refusal::Unregistered);
        }
        Ok(())
    }

    /// Whether there is room for one call more: looked at last, for it may be cured by waiting, and all else not.
    fn check_room(&self, device: DeviceId) -> Result<(), Refusal> {
        let lines_max = self.state.picture.devices.get(&device).map_or(0, |it| usize::from(it.config.lines_max));
        if self.state.legs.lines_taken(device) >= lines_max {
            return Err(Refusal::Resource(Shortage::Lines));
        }
        if self.state.picture.calls.len() >= self.state.picture.settings.calls_max as usize {
            return Err(Refusal::Resource(Shortage::Calls));
        }
        Ok(())
    }

    /// Whether a phone of the number could be rung; a number that is not one of ours has none to be registered.
    fn reachable(&self, from: DeviceId, to: &Digits) -> bool {
        let Some(route) = self.route(Some(from), to) else { return true };
        let phones = route.steps.iter().filter_map(|step| self.state.picture.devices.get(&step.device));
        route.steps.is_empty() || phones.into_iter().any(Device::in_service)
    }

    /// Whether a device may be asked to answer a call without a hand.
    pub(crate) fn answers_by_itself(&self, device: DeviceId) -> bool {
        self.state.picture.devices.get(&device).is_some_and(|it| it.config.can.auto_answer)
    }

    fn begin_two_leg(&mut self, make: MakeCall, device: DeviceId, party: Party, called: Party, reply: ReplyAt) -> Done {
        let MakeCall { to, prompt, first, second, fail_tone, talk_limit_ms, vars, custom, correlator, .. } = make;
        let prompt = if self.answers_by_itself(device) { prompt } else { Prompt::Ring };
        let context = self.state.picture.devices.get(&device).map(|it| it.config.context.clone()).unwrap_or_default();
        let shown = Shown {
            first: shown_to_first(party.clone(), &called, &first),
            second: shown_to_destination(&party, &party.number, &second),
        };
        let from = shown.first.clone();
        let call = self.new_call(NewCall {
            origin: Origin::Application(self.request.unwrap_or(crate::id::RequestId(0))),
            dialled: to.clone(),
            called: called.clone(),
            did: None,
            data: CallData { correlator, custom, account_code: None },
            fail_tone,
            talk_limit_ms,
            context,
            second,
            shown: Some(Box::new(shown)),
            caller: party.clone(),
        });
        let leg = self.new_leg();
        let connection = self.new_connection(
            call.id,
            call.root,
            Role::First,
            NewConnection {
                device,
                leg,
                state: ConnectionState::Initiated,
                prompt: Some(prompt),
                placed: true,
                addressed: Addressed { number: party.number.clone(), via: Via::Direct, extension: party.extension },
                entered: Cause::NewCall,
                party: party.clone(),
                circuit: None,
                vars,
            },
        );
        let (id, root, made) = (call.id, call.root, connection.id);
        self.open_stage(id, root, root, StageKind::FirstLeg, party.clone());
        let mut call = call;
        call.open_stages.push(root);
        let purpose = match prompt {
            Prompt::OffHook => Purpose::Call,
            Prompt::Ring | Prompt::AutoAnswer => Purpose::TwoLeg,
        };
        let what = What::ServiceInitiated { connection: Box::new(connection), call: Box::new(call), prompt, purpose };
        self.emit(vec![id], vec![device], what);
        let ring_limit_ms = first.ring_ms.unwrap_or(self.state.picture.settings.first_leg_ring_ms);
        self.state.timers.set(self.state.now.after_ms(ring_limit_ms), TimerReason::NoAnswer(leg));
        let auto_answer = prompt != Prompt::Ring;
        self.order(leg, OrderKind::Ring { device, from, to, peer: None, auto_answer, ring_limit_ms });
        match reply {
            ReplyAt::Accepted => Done::Now(Answer::Made { call: id, connection: made, stage: root }),
            ReplyAt::FirstAnswered | ReplyAt::LegConfirmed => {
                if let Some(work) = self.state.work.get_mut(&id) {
                    work.waiting = self.request;
                }
                Done::Later { awaits: Awaits::FirstLeg(id), within_ms: ring_limit_ms.saturating_add(1_000) }
            }
        }
    }
}

/// What the prompted phone shows: what the command says, else its own party; a name of the destination helps the person.
fn shown_to_first(own: Party, called: &Party, options: &LegOptions) -> Party {
    let mut from = own;
    if let Some(number) = &options.caller_id {
        from.number = number.clone();
        from.name = if called.number == *number { called.name.clone() } else { String::new() };
    }
    if let Some(name) = &options.caller_name {
        from.name.clone_from(name);
    }
    if options.withheld {
        from.presentation = Presentation::Restricted;
    }
    from
}

fn check_values(make: &MakeCall) -> Result<(), Refusal> {
    let field = |field: &str| Err(Refusal::Value { field: field.to_owned() });
    let ring = |options: &LegOptions| options.ring_ms.is_none_or(|ms| (1..=RING_MS_MAX).contains(&ms));
    let name = |options: &LegOptions| options.caller_name.as_ref().is_none_or(|name| name.len() <= NAME_LEN_MAX);
    if !ring(&make.first) || !ring(&make.second) {
        return field("ring_timeout_s");
    }
    if !name(&make.first) || !name(&make.second) {
        return field("name");
    }
    if !fits(&make.vars, VARS_MAX) {
        return field("vars");
    }
    if !fits(&make.custom, CUSTOM_MAX) {
        return field("data");
    }
    if make.correlator.as_ref().is_some_and(|data| data.len() > CORRELATOR_LEN_MAX) {
        return field("correlator");
    }
    if make.talk_limit_ms == Some(0) {
        return field("talk_limit_s");
    }
    Ok(())
}

/// Whether named values are within their bounds.
pub(crate) fn fits(values: &BTreeMap<String, String>, most: usize) -> bool {
    values.len() <= most
        && values
            .iter()
            .all(|(name, value)| (1..=VAR_NAME_LEN_MAX).contains(&name.len()) && value.len() <= VAR_VALUE_LEN_MAX)
}
