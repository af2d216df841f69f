//! Click to call of a station's account (IPX-C2C-01, IPX-C2C-02): the station rings first, then the number is dialled.

use super::super::error::{Asked, Fault};
use super::super::session::Entered;
use super::super::wire::Parameters;
use super::super::{Door, NAME, id};
use crate::common::exchange::Submit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use switching::command::{DestinationCheck, DeviceName, Guard, LegOptions, MakeCall, Principal, ReplyAt, Verb};
use switching::model::{FailTone, Prompt};
use switching::party::Digits;

/// How long a caller hears why its destination failed, in milliseconds. The vendor's phones hear it until they hang up.
const FAIL_TONE_MS: u64 = 30_000;
/// What people write between the digits of a number (CCX-06).
const SEPARATORS: [char; 6] = [' ', '-', '.', '/', '(', ')'];

pub(in super::super) async fn click(
    door: &Door,
    by: &Entered,
    station: &Digits,
    asked: &Parameters,
) -> Result<Response, Fault> {
    let from = number(asked, "From")?;
    let to = number(asked, "To")?;
    if from != *station {
        return Err(Fault::C2C_ACCESS);
    }
    let device = door.exchange.read(|picture| {
        let device = id::terminal(picture, station).ok_or(Fault::C2C_NOT_OK)?;
        if device.config.class.no_click_to_call {
            return Err(Fault::C2C_OFF);
        }
        if door.config.licences.cover_click(picture, device.id) { Ok(device.id) } else { Err(Fault::LICENCE) }
    })?;
    let make = MakeCall {
        from: DeviceName::Id(device),
        prompt: Prompt::Ring,
        first: LegOptions { caller_id: Some(to.clone()), must_be_registered: true, ..LegOptions::default() },
        second: LegOptions::default(),
        to,
        as_number: None,
        fail_tone: FailTone::Tone { ms: FAIL_TONE_MS },
        talk_limit_ms: None,
        vars: BTreeMap::new(),
        custom: BTreeMap::new(),
        correlator: None,
        // A destination that fails is heard at the phone; one that is forbidden is told (103).
        check: DestinationCheck::Rights,
    };
    let submit = Submit {
        by: Principal { door: NAME.to_owned(), account: by.user.clone() },
        key: None,
        guard: Guard { device_idle: true, ..Guard::default() },
        reply: ReplyAt::Accepted,
        deadline_ms: None,
        verb: Verb::MakeCall(Box::new(make)),
    };
    let reply = door.exchange.command(submit).await.map_err(|_| Fault::C2C_UNKNOWN)?;
    match reply.outcome {
        Ok(_) => Ok(StatusCode::OK.into_response()),
        Err(refusal) => {
            tracing::info!(dialect = NAME, refusal = refusal.name(), "refused");
            Err(Fault::of(&refusal, Asked::Click))
        }
    }
}

/// A number whose name may be written in any case.
fn number(asked: &Parameters, name: &str) -> Result<Digits, Fault> {
    let text = asked.text_of_any_case(name).ok_or(Fault::C2C_PARAMETER)?;
    let text: String = text.chars().filter(|c| !SEPARATORS.contains(c)).collect();
    let rest = text.strip_prefix('+').unwrap_or(&text);
    let dialable = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'));
    Some(text.as_str()).filter(|_| dialable).and_then(Digits::parse).ok_or(Fault::C2C_PARAMETER)
}
