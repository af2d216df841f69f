//! `/application_sessions`: which devices applications attend to, and an operator's way to end that (ECMA-354).
//!
//! Which clients a door has behind such a session is the door's own matter.

use super::super::answer;
use super::super::dispatch::Incoming;
use super::super::name;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::shape::{Shape, optional, required};
use super::super::verb::{ANSWERED, NO_QUERY, submit};
use super::super::wire::{COUNT, ID, TEXT};
use serde_json::{Value, json};
use switching::command::{DeviceName, Verb};

const SESSION: Shape =
    Shape::Named("ApplicationSession", &Shape::Object(&[required("device", &ID), optional("user", &TEXT)]));

/// The list, and an end.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_application_sessions",
        method: Method::Get,
        path: "/api/v1/application_sessions",
        what: "Devices that applications attend to, in whose name where that is known",
        need: Need::Scope("config:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(
            200,
            &Shape::Object(&[required("seq", &COUNT), required("items", &Shape::List(&SESSION, usize::MAX))]),
        ),
        run: |incoming| Box::pin(async move { list(&incoming) }),
    },
    Operation {
        id: "close_application_session",
        method: Method::Delete,
        path: "/api/v1/application_sessions/{device}",
        what: "Ends the session of a device for all applications",
        need: Need::Scope("config:write"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &ANSWERED),
        run: |incoming| Box::pin(close(incoming)),
    },
];

fn list(incoming: &Incoming) -> Outcome {
    incoming.door.exchange().read(|picture| {
        let open = picture.devices.iter().filter_map(|(id, device)| Some((id, device.session?)));
        let view = |(id, user): (&switching::id::DeviceId, Option<switching::id::UserId>)| match user {
            Some(user) => json!({ "device": id.to_string(), "user": user.to_string() }),
            None => json!({ "device": id.to_string() }),
        };
        let items: Vec<Value> = open.map(view).collect();
        Ok(answer::read(picture.seq, &json!({ "seq": picture.seq, "items": items })))
    })
}

async fn close(incoming: Incoming) -> Outcome {
    let device = incoming.door.exchange().read(|picture| name::known_device(picture, incoming.at("device")))?;
    submit(&incoming, Verb::CloseSession { device: DeviceName::Id(device) }).await
}
