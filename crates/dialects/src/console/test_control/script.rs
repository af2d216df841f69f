//! What a simulated phone, or a number outside, does by itself: the script and its form.

use super::super::name;
use super::super::problem::Done;
use super::super::shape::{Field, Fields, Shape, optional, required};
use super::super::verb::DIGITS;
use crate::common::ask::{OnRing, PhoneScript};
use serde_json::Value;

/// Milliseconds in a day: no script waits longer.
const AFTER_MS_MAX: i64 = 86_400_000;
/// Presses of one script.
const PRESSES_MAX: usize = 100;

const AFTER: Shape = Shape::Object(&[optional("after_ms", &AFTER_MS)]);
const AFTER_MS: Shape = Shape::Number { least: 0, most: AFTER_MS_MAX };
const PRESS: Shape = Shape::Object(&[optional("after_ms", &AFTER_MS), required("digits", &DIGITS)]);
/// `{}` or true.
const SET: Shape = Shape::Either(&[&super::NOTHING, &Shape::Flag]);
const RING: Shape = Shape::Either(&[
    &Shape::Object(&[
        optional("answer", &AFTER),
        optional("reject", &AFTER),
        optional("busy", &SET),
        optional("never", &SET),
        optional("vanish", &SET),
        optional("wait", &SET),
    ]),
    &Shape::Word(&["wait", "answer", "reject", "busy", "never", "vanish"]),
]);
const TALK: Shape = Shape::Object(&[optional("press", &Shape::List(&PRESS, PRESSES_MAX)), optional("hang_up", &AFTER)]);

/// The fields of a script.
pub const FIELDS: [Field; 2] = [optional("ring", &RING), optional("talk", &TALK)];
/// A script.
pub const SCRIPT: Shape = Shape::Named("PhoneScript", &Shape::Object(&FIELDS));

/// Reads a script; what is left out is not done.
///
/// # Errors
///
/// `value`.
pub fn read(body: Fields<'_>) -> Done<PhoneScript> {
    let ring = body.object("ring");
    let after = |name: &str| ring.object(name).number("after_ms").unwrap_or(0);
    let set = |name: &&str| ring.get(name).is_some_and(|value| *value != Value::Bool(false));
    let named = ["answer", "reject", "busy", "never", "vanish"].into_iter().find(set);
    let on_ring = match body.text("ring").or(named) {
        Some("answer") => OnRing::Answer { after_ms: after("answer") },
        Some("reject") => OnRing::Reject { after_ms: after("reject") },
        Some("busy") => OnRing::Busy,
        Some("never") => OnRing::Never,
        Some("vanish") => OnRing::Vanish,
        Some(_) | None => OnRing::Wait,
    };
    let talk = body.object("talk");
    let mut press = Vec::new();
    for (n, one) in talk.get("press").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let one = Fields::of(one);
        let digits = name::digits(&format!("/talk/press/{n}/digits"), one.text("digits").unwrap_or_default())?;
        press.push((one.number("after_ms").unwrap_or(0), digits));
    }
    let hang_up_after_ms = talk.get("hang_up").map(|hang_up| Fields::of(hang_up).number("after_ms").unwrap_or(0));
    Ok(PhoneScript { on_ring, press, hang_up_after_ms })
}
