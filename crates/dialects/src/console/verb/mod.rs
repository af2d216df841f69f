//! Commands, one file per verb. Each reads its body into a verb of the core; choice and admission happen there.

pub mod answer_call;
pub mod associate_data;
pub mod clear_call;
pub mod clear_connection;
pub mod do_not_disturb;
pub mod make_call;

use super::answer;
use super::dispatch::Incoming;
use super::name;
use super::operation::{Outcome, Param};
use super::problem::{Done, Problem, lost};
use super::shape::{Field, Fields, Shape, optional, required};
use super::wire::{COUNT, ID, ID_OR_NULL};
use crate::common::exchange::Submit;
use serde_json::{Value, json};
use switching::command::{Answer, Guard, ReplyAt, Verb, Which};
use switching::limits::REPLY_DEADLINE_MS_MAX;
use switching::model::ConnectionState;

/// States by name.
const STATES: &[(&str, ConnectionState)] = &[
    ("initiated", ConnectionState::Initiated),
    ("alerting", ConnectionState::Alerting),
    ("connected", ConnectionState::Connected),
    ("hold", ConnectionState::Hold),
    ("queued", ConnectionState::Queued),
    ("fail", ConnectionState::Fail),
];

/// A number as a client writes it.
pub const DIGITS: Shape = Shape::Text { least: 1, most: 64 };
/// The states in which a command is wanted.
const GUARD: Shape = Shape::Named(
    "Guard",
    &Shape::Object(&[
        optional("states", &Shape::List(&super::wire::STATE, 6)),
        optional("other_party", &DIGITS),
        optional("device_idle", &Shape::Flag),
    ]),
);
const REPLY: Shape = Shape::Word(&["accepted", "first_answered", "leg_confirmed"]);
const DEADLINE: Shape = Shape::Number { least: 1, most: REPLY_DEADLINE_MS_MAX as i64 };

/// What every command takes.
pub const fn guard() -> Field {
    optional("guard", &GUARD)
}

/// When the reply is given.
pub const fn reply() -> Field {
    optional("reply", &REPLY)
}

/// The longest wait for a deferred reply.
pub const fn deadline() -> Field {
    optional("deadline_ms", &DEADLINE)
}

/// Narrows a device's connections to one call.
pub const fn call() -> Field {
    optional("call", &ID)
}

/// Narrows a device's connections to those with a party.
pub const fn other_party() -> Field {
    optional("other_party", &DIGITS)
}

/// The body of a verb on a connection that takes nothing of its own.
pub const ON_CONNECTION: Shape = Shape::Object(&[guard(), reply(), deadline()]);
/// The same on a device.
pub const ON_DEVICE: Shape = Shape::Object(&[call(), other_party(), guard(), reply(), deadline()]);

/// What a command gives back.
pub const ANSWERED: Shape = Shape::Named(
    "CommandAnswer",
    &Shape::Object(&[
        required("request", &ID),
        required("before", &COUNT),
        required("through", &COUNT),
        required("replayed", &Shape::Flag),
        required(
            "result",
            &Shape::Object(&[
                optional("call", &ID_OR_NULL),
                optional("connection", &ID_OR_NULL),
                optional("stage", &ID_OR_NULL),
                optional("id", &Shape::Nullable(&Shape::Either(&[&ID, &COUNT]))),
            ]),
        ),
    ]),
);

/// No query parameters.
pub const NO_QUERY: &[Param] = &[];

/// Gives a command and answers it.
///
/// # Errors
///
/// The refusal.
pub async fn submit(incoming: &Incoming, verb: Verb) -> Outcome {
    let body = Fields::of(&incoming.body);
    let submit = Submit {
        by: incoming.principal(),
        key: incoming.key.clone(),
        guard: guard_of(body)?,
        reply: match body.text("reply") {
            Some("first_answered") => ReplyAt::FirstAnswered,
            Some("leg_confirmed") => ReplyAt::LegConfirmed,
            _ => ReplyAt::Accepted,
        },
        deadline_ms: body.number("deadline_ms"),
        verb,
    };
    let reply = incoming.door.exchange().command(submit).await.map_err(lost)?;
    answer::of_reply(&reply, 200, result)
}

/// The `result` of a command.
#[must_use]
pub fn result(answer: &Answer) -> Value {
    match answer {
        Answer::Done => json!({}),
        Answer::Made { call, connection, stage } | Answer::Connection { call, connection, stage } => json!({
            "call": call.to_string(), "connection": connection.to_string(), "stage": stage.to_string(),
        }),
        Answer::Ended { call, root, .. } => json!({ "call": call.to_string(), "stage": root.to_string() }),
        Answer::Configured(id) => json!({ "id": id }),
    }
}

/// The connection that the path and the body name: of a connection itself, or of a device in the states that serve.
///
/// # Errors
///
/// What is unknown or wrong.
pub fn which(incoming: &Incoming, states: &[ConnectionState]) -> Done<Which> {
    if incoming.path.contains_key("connection") {
        return name::connection_at(incoming.at("connection")).map(Which::Connection);
    }
    let device = name::device_at(incoming.at("device"))?;
    let body = Fields::of(&incoming.body);
    if let Some(call) = body.text("call") {
        let call =
            switching::id::CallId::parse(call).ok_or_else(|| Problem::one_value("/call", "is the id of a call"))?;
        return Ok(Which::InCall { device, call });
    }
    let other_party = body.text("other_party").map(|text| name::digits("/other_party", text)).transpose()?;
    Ok(Which::OfDevice { device, states: states.to_vec(), other_party })
}

fn guard_of(body: Fields<'_>) -> Done<Guard> {
    let guard = body.object("guard");
    Ok(Guard {
        device_idle: guard.flag("device_idle").unwrap_or(false),
        states: guard
            .texts("states")
            .into_iter()
            .filter_map(|name| STATES.iter().find(|(known, _)| *known == name).map(|(_, state)| *state))
            .collect(),
        other_party: guard.text("other_party").map(|text| name::digits("/guard/other_party", text)).transpose()?,
    })
}
