//! `/test/phones`: simulated phones, what they do by themselves and what hands do to them.

use super::super::answer;
use super::super::dispatch::Incoming;
use super::super::name;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::{Done, Problem, lost};
use super::super::shape::{Fields, Shape, optional, required};
use super::super::verb::{DIGITS, NO_QUERY};
use super::super::wire::{COUNT, ID};
use super::{DIALS, NOTHING, PRESSES, act, ask, hand, operation, script, settled};
use crate::common::ask::Test;
use serde_json::json;
use std::collections::BTreeMap;
use switching::command::Answer;
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names};
use switching::id::{DeviceId, ExtensionId};
use switching::refusal::Refusal;
use switching::time::Time;

const NEW: Shape = Shape::Object(&[
    required("number", &DIGITS),
    optional("name", &Shape::Text { least: 0, most: 128 }),
    script::FIELDS[0],
    script::FIELDS[1],
]);
const CREATED: Shape =
    Shape::Object(&[required("device", &ID), required("extension", &ID), required("through", &COUNT)]);

macro_rules! hands {
    ($($act:literal $body:ident $what:literal;)*) => {
        &[
            Operation {
                id: "create_test_phone",
                method: Method::Post,
                path: "/api/v1/test/phones",
                what: "Creates a simulated phone with a directory number",
                need: Need::TestControl,
                query: NO_QUERY,
                body: Some(&NEW),
                gives: Gives::Json(201, &CREATED),
                run: |incoming| Box::pin(create(incoming)),
            },
            operation(
                "script_test_phone",
                Method::Patch,
                "/api/v1/test/phones/{device}",
                "Says what a phone does by itself from now on",
                &script::SCRIPT,
                |incoming| Box::pin(set_script(incoming)),
            ),
            $(operation(
                concat!("test_phone_", $act),
                Method::Post,
                concat!("/api/v1/test/phones/{device}/", $act),
                $what,
                &$body,
                |incoming| Box::pin(play(incoming)),
            ),)*
        ]
    };
}

/// Phones.
pub const OPERATIONS: &[Operation] = hands! {
    "answer" NOTHING "Lifts the receiver of a ringing phone";
    "reject" NOTHING "Refuses the call that rings";
    "dial" DIALS "Dials a number";
    "press" PRESSES "Presses digits in the call";
    "hang_up" NOTHING "Hangs up";
    "unplug" NOTHING "Pulls the plug: the phone's calls are lost";
    "plug_in" NOTHING "Puts the phone back on the network";
};

async fn play(incoming: Incoming) -> Outcome {
    let device = device(&incoming)?;
    let hand = hand(&incoming)?;
    act(&incoming, Test::Hand(device, hand)).await
}

async fn set_script(incoming: Incoming) -> Outcome {
    let device = device(&incoming)?;
    let script = script::read(Fields::of(&incoming.body))?;
    act(&incoming, Test::Script(device, script)).await
}

fn device(incoming: &Incoming) -> Done<DeviceId> {
    incoming.door.exchange().read(|picture| name::known_device(picture, incoming.at("device")))
}

async fn create(incoming: Incoming) -> Outcome {
    let body = Fields::of(&incoming.body);
    let script = script::read(body)?;
    let number = name::digits("/number", body.text("number").unwrap_or_default())?;
    let shown = body.text("name").unwrap_or_default().to_owned();
    let device = DeviceConfig {
        kind: DeviceKind::Simulated,
        names: Names { number: Some(number.clone()), sip: None, resource: None },
        lines_max: 2,
        can: Capabilities { remote_answer: true, auto_answer: true },
        context: "default".to_owned(),
        display_name: shown.clone(),
        class: ClassOfService::default(),
    };
    let device = DeviceId(configure(&incoming, Change::PutDevice { id: None, config: Box::new(device) }).await?);
    let extension = ExtensionConfig {
        number,
        first_name: String::new(),
        last_name: shown,
        primary: Some(device),
        secondary: None,
        owner: None,
        ring_ms: None,
        outgoing_number: None,
        fields: BTreeMap::new(),
    };
    let made = configure(&incoming, Change::PutExtension { id: None, config: Box::new(extension) }).await?;
    ask(&incoming, Test::Script(device, script)).await?;
    let through = settled(&incoming, Time(0)).await?.1;
    let extension = ExtensionId(made).to_string();
    Ok(answer::json(201, &json!({ "device": device.to_string(), "extension": extension, "through": through })))
}

async fn configure(incoming: &Incoming, change: Change) -> Done<u64> {
    let reply = incoming.door.exchange().configure(incoming.principal(), change).await.map_err(lost)?;
    match &reply.outcome {
        Ok(Answer::Configured(id)) => Ok(*id),
        Ok(Answer::Done | Answer::Made { .. } | Answer::Connection { .. } | Answer::Ended { .. }) => {
            Err(Problem::of_refusal(&Refusal::Internal))
        }
        Err(refusal) => Err(Problem::of_reply(&reply, refusal)),
    }
}
