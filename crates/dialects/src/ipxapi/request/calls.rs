//! Make Call, Answer Call, Clear Connection (IPX-CMD-02 to IPX-CMD-04), with the states that the vendor admits as data (IPX-CMD-42).

use super::super::error::{Asked, Fault};
use super::super::session::Entered;
use super::super::wire::{Parameters, REFERENCE_MAX, body};
use super::super::{Door, NAME, id};
use crate::common::exchange::Submit;
use axum::response::Response;
use serde_json::json;
use std::collections::BTreeMap;
use switching::command::{
    Answer, DestinationCheck, DeviceName, Guard, LegOptions, MakeCall, Principal, ReplyAt, Verb, Which,
};
use switching::id::CallId;
use switching::model::{ConnectionState, FailTone, Prompt};
use switching::party::Digits;

/// How long a caller hears why its destination failed, in milliseconds. The vendor's phones hear it until they hang up.
const FAIL_TONE_MS: u64 = 30_000;
/// How long a phone may take to answer on command, in milliseconds (IPX-ERR-05, code 144).
const ANSWER_MS: u64 = 5_000;
/// Only a call that rings can be answered.
const ANSWERS: [ConnectionState; 1] = [ConnectionState::Alerting];

pub(super) async fn make(door: &Door, by: &Entered, asked: &Parameters) -> Result<Response, Fault> {
    let number = asked.digits("deviceNumber")?;
    let to = match asked.digits("calledDN") {
        Ok(to) => to,
        // A number that nothing is, but not a parameter that is missing (IPX-CMD-02).
        Err(_) if asked.has("calledDN") => return Err(terminal(door, &number).err().unwrap_or(Fault::NO_CALLED)),
        Err(fault) => return Err(fault),
    };
    let from = terminal(door, &number)?;
    let make = MakeCall {
        from,
        prompt: Prompt::OffHook,
        first: LegOptions { must_be_registered: true, ..LegOptions::default() },
        second: LegOptions::default(),
        to,
        as_number: None,
        fail_tone: FailTone::Tone { ms: FAIL_TONE_MS },
        talk_limit_ms: None,
        vars: BTreeMap::new(),
        custom: BTreeMap::new(),
        correlator: None,
        // A number that does not exist is refused; one that may not be called fails, as the phone would hear it (`fail` 35).
        check: DestinationCheck::Existence,
    };
    let guard = Guard { device_idle: true, ..Guard::default() };
    let submit = submit(by, guard, ReplyAt::Accepted, Verb::MakeCall(Box::new(make)));
    match carry_out(door, submit, Asked::Make).await? {
        Answer::Made { call, .. } => {
            Ok(body("data", json!({ "callRefID": id::reference(call) }), asked.transaction.as_ref()))
        }
        Answer::Done | Answer::Connection { .. } | Answer::Configured(_) | Answer::Ended { .. } => Err(Fault::INTERNAL),
    }
}

pub(super) async fn answer(door: &Door, by: &Entered, asked: &Parameters) -> Result<Response, Fault> {
    let which = leg(door, asked)?;
    let guard = Guard { states: ANSWERS.to_vec(), ..Guard::default() };
    let submit =
        Submit { deadline_ms: Some(ANSWER_MS), ..submit(by, guard, ReplyAt::LegConfirmed, Verb::AnswerCall { which }) };
    carry_out(door, submit, Asked::Answer).await?;
    Ok(body("data", json!({}), asked.transaction.as_ref()))
}

pub(super) async fn clear(door: &Door, by: &Entered, asked: &Parameters) -> Result<Response, Fault> {
    let which = leg(door, asked)?;
    let submit = submit(by, Guard::default(), ReplyAt::Accepted, Verb::ClearConnection { which });
    carry_out(door, submit, Asked::Clear).await?;
    Ok(body("data", json!({}), asked.transaction.as_ref()))
}

/// The terminal's leg in the call that the reference names.
fn leg(door: &Door, asked: &Parameters) -> Result<Which, Fault> {
    let number = asked.digits("deviceNumber")?;
    let reference = asked.positive("callRefID", REFERENCE_MAX)?;
    let device = terminal(door, &number)?;
    let call: CallId = door.exchange.read(|picture| id::call_of(picture, reference));
    Ok(Which::InCall { device, call })
}

/// The terminal, which has to be known, licensed and registered (104, 3, 150).
fn terminal(door: &Door, number: &Digits) -> Result<DeviceName, Fault> {
    door.exchange.read(|picture| {
        let device = id::terminal(picture, number).ok_or(Fault::NO_DEVICE)?;
        if !door.config.licences.cover_terminal(picture, device.id) {
            return Err(Fault::LICENCE);
        }
        if device.in_service() { Ok(DeviceName::Id(device.id)) } else { Err(Fault::UNREGISTERED) }
    })
}

fn submit(by: &Entered, guard: Guard, reply: ReplyAt, verb: Verb) -> Submit {
    let by = Principal { door: NAME.to_owned(), account: by.user.clone() };
    Submit { by, key: None, guard, reply, deadline_ms: None, verb }
}

async fn carry_out(door: &Door, submit: Submit, asked: Asked) -> Result<Answer, Fault> {
    let reply = door.exchange.command(submit).await.map_err(|_| Fault::TIME_OUT)?;
    reply.outcome.map_err(|refusal| {
        tracing::info!(dialect = NAME, refusal = refusal.name(), "refused");
        Fault::of(&refusal, asked)
    })
}
