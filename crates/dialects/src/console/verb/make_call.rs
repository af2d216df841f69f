//! `make_call`: Make Call (ECMA-269 17.1.18) between a device and a number.

use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::{Done, Problem};
use super::super::shape::{Fields, Shape, optional, required};
use super::super::wire::NAMED;
use super::super::{dispatch::Incoming, name};
use super::{ANSWERED, DIGITS, NO_QUERY, deadline, guard, reply, submit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use switching::command::{DestinationCheck, DeviceName, LegOptions, MakeCall, Verb};
use switching::model::{FailTone, Prompt};

/// Seconds in the longest ring time.
const RING_S_MAX: i64 = 600;
/// Seconds in the longest talk.
const TALK_S_MAX: i64 = 86_400;
/// The longest tone for a failed caller, in milliseconds.
const TONE_MS_MAX: i64 = 60_000;

const LEG: Shape = Shape::Named(
    "LegOptions",
    &Shape::Object(&[
        optional("caller_id", &DIGITS),
        optional("name", &Shape::Text { least: 0, most: 128 }),
        optional("ring_timeout_s", &Shape::Number { least: 1, most: RING_S_MAX }),
        optional("must_be_registered", &Shape::Flag),
    ]),
);

const BODY: Shape = Shape::Named(
    "MakeCall",
    &Shape::Object(&[
        required("from", &Shape::Either(&[&DIGITS, &Shape::Object(&[required("number", &DIGITS)])])),
        required("to", &DIGITS),
        optional("prompt", &Shape::Word(&["ring", "off_hook", "auto_answer"])),
        optional("first", &LEG),
        optional("second", &LEG),
        optional("as_number", &DIGITS),
        optional("fail_tone_ms", &Shape::Number { least: 0, most: TONE_MS_MAX }),
        optional("talk_limit_s", &Shape::Number { least: 1, most: TALK_S_MAX }),
        optional("if_first_leg_fails", &Shape::Word(&["end"])),
        optional("check", &Shape::Word(&["early", "late"])),
        optional("vars", &NAMED),
        optional("data", &NAMED),
        optional("correlator", &Shape::Text { least: 0, most: 1_368 }),
        guard(),
        reply(),
        deadline(),
    ]),
);

/// Make Call.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "make_call",
    method: Method::Post,
    path: "/api/v1/calls/make_call",
    what: "Connects a device with a number: the device is made ready first, then the number is dialled",
    need: Need::Scope("calls:control"),
    query: NO_QUERY,
    body: Some(&BODY),
    gives: Gives::Json(200, &ANSWERED),
    run: |incoming| Box::pin(make_call(incoming)),
}];

async fn make_call(incoming: Incoming) -> Outcome {
    guards_the_device(Fields::of(&incoming.body))?;
    let verb = read(Fields::of(&incoming.body))?;
    submit(&incoming, Verb::MakeCall(Box::new(verb))).await
}

/// A call that is to begin has no state and no other party yet: only its device can be guarded.
fn guards_the_device(body: Fields<'_>) -> Done<()> {
    let guard = body.object("guard");
    match ["states", "other_party"].into_iter().find(|field| guard.has(field)) {
        Some(field) => Err(Problem::one_value(&format!("/guard/{field}"), "is about a call that is there already")),
        None => Ok(()),
    }
}

fn read(body: Fields<'_>) -> Done<MakeCall> {
    Ok(MakeCall {
        from: from(body)?,
        to: name::digits("/to", body.text("to").unwrap_or_default())?,
        prompt: match body.text("prompt") {
            Some("off_hook") => Prompt::OffHook,
            Some("auto_answer") => Prompt::AutoAnswer,
            _ => Prompt::Ring,
        },
        first: leg(body.object("first"), "/first")?,
        second: leg(body.object("second"), "/second")?,
        as_number: body.text("as_number").map(|text| name::digits("/as_number", text)).transpose()?,
        fail_tone: match body.number("fail_tone_ms") {
            None | Some(0) => FailTone::Reject,
            Some(ms) => FailTone::Tone { ms },
        },
        talk_limit_ms: body.number("talk_limit_s").map(|s| s * 1_000),
        vars: body.named("vars"),
        custom: body.named("data"),
        correlator: correlator(body)?,
        check: if body.text("check") == Some("late") { DestinationCheck::Late } else { DestinationCheck::Early },
    })
}

fn from(body: Fields<'_>) -> Done<DeviceName> {
    let number = body.object("from").text("number");
    match (number, body.text("from")) {
        (Some(number), _) => name::digits("/from/number", number).map(DeviceName::Number),
        (None, Some(text)) => name::device(text).ok_or_else(|| {
            Problem::one_value("/from", "is a device: its id, number:1001, sip:1101, resource:SDP40001 or digits")
        }),
        (None, None) => Err(Problem::one_value("/from", "is a device")),
    }
}

fn leg(fields: Fields<'_>, at: &str) -> Done<LegOptions> {
    Ok(LegOptions {
        caller_id: fields.text("caller_id").map(|text| name::digits(&format!("{at}/caller_id"), text)).transpose()?,
        caller_name: fields.text("name").map(str::to_owned),
        ring_ms: fields.number("ring_timeout_s").map(|s| s * 1_000),
        must_be_registered: fields.flag("must_be_registered").unwrap_or(false),
        ..LegOptions::default()
    })
}

/// Opaque octets, as base64.
pub fn correlator(body: Fields<'_>) -> Done<Option<Vec<u8>>> {
    let Some(text) = body.text("correlator") else { return Ok(None) };
    STANDARD.decode(text).map(Some).map_err(|_| Problem::one_value("/correlator", "is base64"))
}
