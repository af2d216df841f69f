//! `clicktocall` (CCX-06): rings the source, then dials the destination for it; or ends the station's call.
//!
//! Checked in the order of the row: credentials 101, feature and values 104, whose number it is 102; then the core: busy 110,
//! class of service 103. An attribute that says that credentials are encrypted comes before them, for they cannot be read.

use super::super::error::Code;
use super::super::wire::{ClickToCall, Document};
use super::super::{Door, NAME, id};
use crate::common::ask::Identity;
use crate::common::attempts::NotIn;
use crate::common::exchange::Submit;
use std::collections::BTreeMap;
use switching::command::{DestinationCheck, DeviceName, Guard, LegOptions, MakeCall, Principal, ReplyAt, Verb, Which};
use switching::model::{ConnectionState, FailTone, Prompt};
use switching::party::Digits;
use switching::picture::Picture;
use switching::refusal::Refusal;

/// How long a source hears why its destination failed, in milliseconds. The vendor's phones hear it until they hang up.
const FAIL_TONE_MS: u64 = 30_000;
/// The connection that `hangup` ends: the active one, else one on its way, else one that rings (CCX-09). A held call stays.
const ACTIVE: [ConnectionState; 4] =
    [ConnectionState::Connected, ConnectionState::Initiated, ConnectionState::Fail, ConnectionState::Alerting];

/// What `destinfo/@calltype` asks for (CCX-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallType {
    Single,
    Hangup,
}

/// Carries out all commands of a request in order: one code for each.
pub(in super::super) async fn answer(door: &Door, document: &Document) -> Vec<Code> {
    if document.commands.is_empty() {
        return vec![Code::NokEtc];
    }
    let mut codes = Vec::with_capacity(document.commands.len());
    for command in &document.commands {
        let code = carry_out(door, document, command).await.unwrap_or_else(|code| code);
        tracing::info!(dialect = NAME, user = %command.userid, code = code.number(), "clicktocall");
        codes.push(code);
    }
    codes
}

async fn carry_out(door: &Door, document: &Document, command: &ClickToCall) -> Result<Code, Code> {
    if !is_off(document.encrypt.as_deref()) || !is_off(command.userpwd_encrypt.as_deref()) {
        return Err(Code::NokEtc);
    }
    let identity = admit(door, command).await?;
    if !door.config.licence {
        return Err(Code::NokEtc);
    }
    let station = identity.settings.get("station").and_then(|station| Digits::parse(station));
    if station.as_ref().is_some_and(|station| !door.exchange.read(|picture| id::is_enabled(picture, station))) {
        return Err(Code::NokEtc);
    }
    let call_type = supported(document, command)?;
    let destination = match call_type {
        CallType::Single => Some(id::number(&command.destination).ok_or(Code::NokEtc)?),
        CallType::Hangup => None,
    };
    let station = station.filter(|station| command.stnnum == station.as_str()).ok_or(Code::AccessDenied)?;
    let by = Principal { door: NAME.to_owned(), account: identity.account };
    match destination {
        Some(destination) => call(door, by, &station, &command.source, destination).await,
        None => hang_up(door, by, station).await,
    }
}

/// Whoever the credentials are those of: a user's of this door, else those of the station that the id names (CCX-04).
async fn admit(door: &Door, command: &ClickToCall) -> Result<Identity, Code> {
    let ClickToCall { userid, userpwd, .. } = command;
    let is_station = |picture: &Picture| Digits::parse(userid).is_some_and(|it| id::is_station(picture, &it));
    let codes = door.config.codes.as_deref().filter(|_| door.exchange.read(is_station));
    door.attempts.admit_of(&door.exchange, userid, userpwd, codes).await.map_err(not_in)
}

fn is_off(encrypt: Option<&str>) -> bool {
    encrypt.is_none_or(|value| value.trim().eq_ignore_ascii_case("off"))
}

fn not_in(why: NotIn) -> Code {
    match why {
        NotIn::Wrong => Code::AuthFail,
        NotIn::Locked => Code::AccessDenied,
        NotIn::Stopping => Code::UnknownError,
    }
}

/// What is asked for, if every attribute has a value that is supported (CCX-05, CCX-09).
fn supported(document: &Document, command: &ClickToCall) -> Result<CallType, Code> {
    let fits = |value: &Option<String>, only: &str| value.as_deref().is_some_and(|value| value.trim() == only);
    if !fits(&document.kind, "service") || !fits(&document.servicename, "clicktocall") {
        return Err(Code::NokEtc);
    }
    match command.calltype.as_deref().map(str::trim) {
        None => Ok(CallType::Single),
        Some(value) if value.eq_ignore_ascii_case("single") => Ok(CallType::Single),
        Some(value) if value.eq_ignore_ascii_case("hangup") => Ok(CallType::Hangup),
        Some(_) => Err(Code::NokEtc),
    }
}

async fn call(door: &Door, by: Principal, station: &Digits, source: &str, to: Digits) -> Result<Code, Code> {
    let source = match source {
        "" => station.clone(),
        written => id::number(written).ok_or(Code::AccessDenied)?,
    };
    let from = door.exchange.read(|picture| id::own_phone(picture, station, &source)).ok_or(Code::AccessDenied)?;
    let make = MakeCall {
        from,
        prompt: Prompt::Ring,
        // The phone that rings first shows whom it is going to call (CCX-06).
        first: LegOptions { caller_id: Some(to.clone()), must_be_registered: true, ..LegOptions::default() },
        second: LegOptions::default(),
        to,
        as_number: None,
        fail_tone: FailTone::Tone { ms: FAIL_TONE_MS },
        talk_limit_ms: None,
        vars: BTreeMap::new(),
        custom: BTreeMap::new(),
        correlator: None,
        // An invalid destination is heard at the phone, the answer stays 100 (CCX-12); one that is forbidden is told (103).
        check: DestinationCheck::Rights,
    };
    let guard = Guard { device_idle: true, ..Guard::default() };
    submit(door, by, guard, Verb::MakeCall(Box::new(make))).await
}

async fn hang_up(door: &Door, by: Principal, station: Digits) -> Result<Code, Code> {
    let which = Which::OfDevice { device: DeviceName::Number(station), states: ACTIVE.to_vec(), other_party: None };
    submit(door, by, Guard::default(), Verb::ClearConnection { which }).await
}

async fn submit(door: &Door, by: Principal, guard: Guard, verb: Verb) -> Result<Code, Code> {
    let hangs_up = matches!(verb, Verb::ClearConnection { .. });
    let submit = Submit { by, key: None, guard, reply: ReplyAt::Accepted, deadline_ms: None, verb };
    let reply = door.exchange.command(submit).await.map_err(|_| Code::UnknownError)?;
    match reply.outcome {
        Ok(_) => Ok(Code::Ok),
        // There is nothing to hang up: that is what was wanted (CCX-09).
        Err(Refusal::NoSuchCall { .. }) if hangs_up => Ok(Code::Ok),
        Err(refusal) => {
            tracing::info!(dialect = NAME, refusal = refusal.name(), "refused");
            Err(Code::of(&refusal))
        }
    }
}
