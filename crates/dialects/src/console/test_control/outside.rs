//! The outside: callers over the trunk, and how outside numbers behave.

use super::super::name;
use super::super::shape::{optional, required, Fields, Shape};
use super::super::verb::DIGITS;
use super::{carry_out, hand, operation, script, Incoming, Method, Operation, Outcome, EMPTY, PRESSED, SCRIPT};
use crate::common::ask::Test;

const NAME: Shape = Shape::Text { least: 0, most: 128 };
const RING_IN: Shape = Shape::Object(&[required("from", &DIGITS), required("to", &DIGITS), optional("name", &NAME)]);

/// All of them.
pub const OPERATIONS: &[Operation] = &[
    operation(
        "test_ring_in",
        Method::Post,
        "/api/v1/test/outside/ring_in",
        "Somebody outside calls a number of ours",
        &RING_IN,
        |incoming| Box::pin(ring_in(incoming)),
    ),
    operation(
        "test_outside_script",
        Method::Patch,
        "/api/v1/test/outside/{number}",
        "Sets what an outside number does by itself",
        &SCRIPT,
        |incoming| Box::pin(set_script(incoming)),
    ),
    operation(
        "test_outside_press",
        Method::Post,
        "/api/v1/test/outside/{number}/press",
        "Presses digits in the newest call of an outside number",
        &PRESSED,
        |incoming| Box::pin(act(incoming, "press")),
    ),
    operation(
        "test_outside_hang_up",
        Method::Post,
        "/api/v1/test/outside/{number}/hang_up",
        "Hangs up the newest call of an outside number",
        &EMPTY,
        |incoming| Box::pin(act(incoming, "hang_up")),
    ),
];

async fn ring_in(incoming: Incoming) -> Outcome {
    let body = Fields::of(&incoming.body);
    let from = name::digits("/from", body.text("from").unwrap_or_default())?;
    let to = name::digits("/to", body.text("to").unwrap_or_default())?;
    let name = body.text("name").unwrap_or_default().to_owned();
    carry_out(&incoming, Test::RingIn { from, name, to }).await
}

async fn set_script(incoming: Incoming) -> Outcome {
    let number = name::digits("/number", incoming.at("number"))?;
    let script = script(Fields::of(&incoming.body))?;
    carry_out(&incoming, Test::OutsideScript(number, script)).await
}

async fn act(incoming: Incoming, act: &str) -> Outcome {
    let number = name::digits("/number", incoming.at("number"))?;
    let hand = hand(&incoming, act)?;
    carry_out(&incoming, Test::Outside(number, hand)).await
}
