//! Simulated phones: what they do by themselves, and what a hand does to them.

use super::super::name::known_device;
use super::super::shape::Fields;
use super::{carry_out, hand, operation, script, Incoming, Method, Operation, Outcome, EMPTY, NUMBERED, PRESSED, SCRIPT};
use crate::common::ask::Test;

macro_rules! hands {
    ($($act:literal $body:ident $what:literal;)*) => {
        &[
            operation(
                "test_phone_script",
                Method::Patch,
                "/api/v1/test/phones/{device}",
                "Sets what a simulated phone does by itself",
                &SCRIPT,
                |incoming| Box::pin(set_script(incoming)),
            ),
            operation(
                "test_phone_script_post",
                Method::Post,
                "/api/v1/test/phones/{device}",
                "Sets what a simulated phone does by itself",
                &SCRIPT,
                |incoming| Box::pin(set_script(incoming)),
            ),
            $(operation(
                concat!("test_phone_", $act),
                Method::Post,
                concat!("/api/v1/test/phones/{device}/", $act),
                $what,
                &$body,
                |incoming| Box::pin(act(incoming, $act)),
            ),)*
        ]
    };
}

/// All of them.
pub const OPERATIONS: &[Operation] = hands! {
    "answer" EMPTY "Lifts the receiver of a ringing phone";
    "reject" EMPTY "Refuses the call that rings";
    "dial" NUMBERED "Dials a number";
    "press" PRESSED "Presses digits in the call";
    "hang_up" EMPTY "Hangs up";
    "unplug" EMPTY "Pulls the plug: the phone's calls are lost";
    "plug_in" EMPTY "Puts the phone back on the network";
};

async fn set_script(incoming: Incoming) -> Outcome {
    let device = incoming.door.exchange().read(|picture| known_device(picture, incoming.at("device")))?;
    let script = script(Fields::of(&incoming.body))?;
    carry_out(&incoming, Test::Script(device, script)).await
}

async fn act(incoming: Incoming, act: &str) -> Outcome {
    let device = incoming.door.exchange().read(|picture| known_device(picture, incoming.at("device")))?;
    let hand = hand(&incoming, act)?;
    carry_out(&incoming, Test::Hand(device, hand)).await
}
