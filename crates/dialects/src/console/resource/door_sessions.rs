//! `/doors/{door}/sessions`: who is logged in at a vendor's door, who was, and logging somebody out (IPX-ADM-17, IPX-ADM-18).

use super::super::answer;
use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Shape, optional, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{ID, Instant, TEXT};
use crate::common::clock::Clock;
use crate::common::logons::{Left, Logon, Logons};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use std::sync::Arc;

const LOGON: Shape = Shape::Named(
    "DoorSession",
    &Shape::Object(&[
        required("id", &ID),
        required("user", &TEXT),
        optional("address", &TEXT),
        required("authority", &TEXT),
        required("opened_at", &Shape::Instant),
        optional("closed_at", &Shape::Instant),
        optional("closed_by", &Shape::Word(&[Left::Logout.name(), Left::Forced.name(), Left::Timeout.name()])),
    ]),
);

/// The list, and logging out.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_door_sessions",
        method: Method::Get,
        path: "/api/v1/doors/{door}/sessions",
        what: "Logins at a vendor's door: those that go on, and the last that ended",
        need: Need::Scope("config:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Object(&[required("items", &Shape::List(&LOGON, usize::MAX))])),
        run: |incoming| Box::pin(async move { list(&incoming) }),
    },
    Operation {
        id: "close_door_session",
        method: Method::Delete,
        path: "/api/v1/doors/{door}/sessions/{session}",
        what: "Logs somebody out at a vendor's door",
        need: Need::Scope("config:write"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Nothing,
        run: |incoming| Box::pin(async move { close(&incoming) }),
    },
];

fn list(incoming: &Incoming) -> Outcome {
    let clock = incoming.door.exchange().clock();
    let items: Vec<Value> = logons(incoming)?.list().iter().map(|logon| view(logon, clock)).collect();
    Ok(answer::json(200, &json!({ "items": items })))
}

fn close(incoming: &Incoming) -> Outcome {
    let number = incoming.at("session").parse().map_err(|_| Problem::of(declared::UNKNOWN_SESSION))?;
    if logons(incoming)?.force_out(number) {
        Ok(answer::nothing().into_response())
    } else {
        Err(Problem::of(declared::UNKNOWN_SESSION))
    }
}

fn logons(incoming: &Incoming) -> Result<Arc<dyn Logons>, Problem> {
    incoming.door.exchange().logons(incoming.at("door")).ok_or_else(|| Problem::of(declared::UNKNOWN_DOOR))
}

fn view(logon: &Logon, clock: &Clock) -> Value {
    let mut shown = json!({
        "id": logon.number.to_string(), "user": logon.user, "authority": logon.authority,
        "opened_at": Instant::at(logon.since, clock),
    });
    if let Some(address) = logon.address {
        shown["address"] = address.to_string().into();
    }
    if let Some((at, how)) = logon.ended {
        shown["closed_at"] = json!(Instant::at(at, clock));
        shown["closed_by"] = how.name().into();
    }
    shown
}
