//! `/test/outside`: callers from outside, and how numbers outside behave.

use super::super::dispatch::Incoming;
use super::super::name;
use super::super::operation::{Method, Operation, Outcome};
use super::super::shape::{Fields, Shape, optional, required};
use super::super::verb::DIGITS;
use super::{NOTHING, PRESSES, act, hand, operation, script};
use crate::common::ask::Test;

const RING_IN: Shape = Shape::Object(&[
    required("from", &DIGITS),
    required("to", &DIGITS),
    optional("name", &Shape::Text { least: 0, most: 128 }),
]);

macro_rules! hands {
    ($($act:literal $body:ident $what:literal;)*) => {
        &[
            operation(
                "test_ring_in",
                Method::Post,
                "/api/v1/test/outside/ring_in",
                "Somebody outside calls a number of ours",
                &RING_IN,
                |incoming| Box::pin(ring_in(incoming)),
            ),
            operation(
                "script_test_outside",
                Method::Patch,
                "/api/v1/test/outside/{number}",
                "Says what a number outside does by itself from now on",
                &script::SCRIPT,
                |incoming| Box::pin(set_script(incoming)),
            ),
            $(operation(
                concat!("test_outside_", $act),
                Method::Post,
                concat!("/api/v1/test/outside/{number}/", $act),
                $what,
                &$body,
                |incoming| Box::pin(play(incoming)),
            ),)*
        ]
    };
}

/// The outside.
pub const OPERATIONS: &[Operation] = hands! {
    "answer" NOTHING "The number outside answers";
    "reject" NOTHING "It refuses";
    "press" PRESSES "It presses digits";
    "hang_up" NOTHING "It hangs up";
};

async fn ring_in(incoming: Incoming) -> Outcome {
    let body = Fields::of(&incoming.body);
    let from = name::digits("/from", body.text("from").unwrap_or_default())?;
    let to = name::digits("/to", body.text("to").unwrap_or_default())?;
    let name = body.text("name").unwrap_or_default().to_owned();
    act(&incoming, Test::RingIn { from, name, to }).await
}

async fn set_script(incoming: Incoming) -> Outcome {
    let number = name::digits("/number", incoming.at("number"))?;
    let script = script::read(Fields::of(&incoming.body))?;
    act(&incoming, Test::OutsideScript(number, script)).await
}

async fn play(incoming: Incoming) -> Outcome {
    let number = name::digits("/number", incoming.at("number"))?;
    let hand = hand(&incoming)?;
    act(&incoming, Test::Outside(number, hand)).await
}
