//! Test control: phones are played, the outside calls, a stopped clock is moved. Only on loopback, where it is switched on.

pub mod clock;
pub mod outside;
pub mod phones;

use super::answer;
use super::dispatch::Incoming;
use super::operation::{Gives, Method, Need, Operation, Outcome};
use super::problem::{Done, Problem};
use super::shape::{optional, required, Fields, Shape};
use super::verb::{DIGITS, NO_QUERY};
use super::name;
use crate::common::ask::{Ask, Fault, Hand, OnRing, PhoneScript, Test};
use serde_json::json;

/// The longest time a script waits, in milliseconds.
const AFTER_MS_MAX: i64 = 86_400_000;
/// Groups of digits that a script presses.
const PRESS_MAX: usize = 100;

const AFTER: Shape = Shape::Number { least: 0, most: AFTER_MS_MAX };
const LATER: Shape = Shape::Object(&[optional("after_ms", &AFTER)]);
const RING: Shape = Shape::Object(&[
    optional("answer", &LATER),
    optional("reject", &LATER),
    optional("busy", &Shape::Flag),
    optional("never", &Shape::Flag),
    optional("vanish", &Shape::Flag),
    optional("wait", &Shape::Flag),
]);
const PRESS: Shape = Shape::List(&Shape::Object(&[optional("after_ms", &AFTER), required("digits", &DIGITS)]), PRESS_MAX);
const TALK: Shape = Shape::Object(&[optional("press", &PRESS), optional("hang_up", &LATER)]);
/// What a phone does by itself.
const SCRIPT: Shape = Shape::Named("PhoneScript", &Shape::Object(&[optional("ring", &RING), optional("talk", &TALK)]));
/// The body of a hand that needs a number.
const NUMBERED: Shape = Shape::Object(&[required("to", &DIGITS)]);
const PRESSED: Shape = Shape::Object(&[required("digits", &DIGITS)]);
const EMPTY: Shape = Shape::Object(&[]);
/// What test control answers.
const DONE: Shape = Shape::Object(&[required("done", &Shape::Flag)]);

const fn operation(
    id: &'static str,
    method: Method,
    path: &'static str,
    what: &'static str,
    body: &'static Shape,
    run: fn(Incoming) -> super::operation::Handling,
) -> Operation {
    Operation {
        id,
        method,
        path,
        what,
        need: Need::TestControl,
        query: NO_QUERY,
        body: Some(body),
        gives: Gives::Json(200, &DONE),
        run,
    }
}

/// Reads a script.
fn script(body: Fields<'_>) -> Done<PhoneScript> {
    let ring = body.object("ring");
    let after = |fields: Fields<'_>| fields.number("after_ms").unwrap_or(0);
    let on = |name: &str| ring.flag(name).unwrap_or(false);
    let on_ring = if ring.has("answer") {
        OnRing::Answer { after_ms: after(ring.object("answer")) }
    } else if ring.has("reject") {
        OnRing::Reject { after_ms: after(ring.object("reject")) }
    } else if on("busy") {
        OnRing::Busy
    } else if on("never") {
        OnRing::Never
    } else if on("vanish") {
        OnRing::Vanish
    } else {
        OnRing::Wait
    };
    let talk = body.object("talk");
    let presses = talk.get("press").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let mut press = Vec::new();
    for (index, one) in presses.iter().enumerate() {
        let fields = Fields::of(one);
        let pointer = format!("/talk/press/{index}/digits");
        press.push((after(fields), name::digits(&pointer, fields.text("digits").unwrap_or_default())?));
    }
    let hang_up_after_ms = talk.has("hang_up").then(|| after(talk.object("hang_up")));
    Ok(PhoneScript { on_ring, press, hang_up_after_ms })
}

/// Reads what a hand does, by its name in the path.
fn hand(incoming: &Incoming, act: &str) -> Done<Hand> {
    let body = Fields::of(&incoming.body);
    Ok(match act {
        "answer" => Hand::Answer,
        "reject" => Hand::Reject,
        "dial" => Hand::Dial(name::digits("/to", body.text("to").unwrap_or_default())?),
        "press" => Hand::Press(name::digits("/digits", body.text("digits").unwrap_or_default())?),
        "hang_up" => Hand::HangUp,
        "unplug" => Hand::Unplug,
        "plug_in" => Hand::PlugIn,
        _ => return Err(Problem::unknown("unknown_path")),
    })
}

async fn carry_out(incoming: &Incoming, test: Test) -> Outcome {
    let outcome = incoming.door.exchange().ask(|back| Ask::Test(test, back)).await?;
    outcome.map_err(|fault| match fault {
        Fault::Value(detail) => Problem::edge(409, "phone_state", "The phone is in no state for this", "caller").saying(detail),
        Fault::NotFound => Problem::unknown("unknown_device"),
        other => other.into(),
    })?;
    Ok(answer::json(200, &json!({ "done": true })))
}
