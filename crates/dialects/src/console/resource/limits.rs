//! `/limits`: every bound of the door and the exchange, and how much of it is in use.

use super::super::answer;
use super::super::dispatch::{BODY_LEN_MAX, Incoming, MIN_SEQ_WAIT_S};
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::shape::{Shape, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{COUNT, COUNT_OR_NULL, TEXT};
use super::super::{HOT_EVENTS_MAX, cold, filter, session, socket};
use crate::common::ask::TOKENS_MAX;
use crate::common::exchange::DOWN_QUEUE_MAX;
use serde_json::json;
use switching::limits;

/// Reads.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "get_limits",
    method: Method::Get,
    path: "/api/v1/limits",
    what: "Bounds and their present use",
    need: Need::Scope("config:read"),
    query: NO_QUERY,
    body: None,
    gives: Gives::Json(
        200,
        &Shape::Object(&[required(
            "items",
            &Shape::List(
                &Shape::Object(&[
                    required("name", &TEXT),
                    required("limit", &COUNT),
                    required("used", &COUNT_OR_NULL),
                    required("unit", &TEXT),
                ]),
                usize::MAX,
            ),
        )]),
    ),
    run: |incoming| Box::pin(async move { read(&incoming) }),
}];

fn read(incoming: &Incoming) -> Outcome {
    let door = &incoming.door;
    let (calls, devices, extensions, calls_max) = door.exchange().read(|picture| {
        (picture.calls.len(), picture.devices.len(), picture.extensions.len(), picture.settings.calls_max as usize)
    });
    let config = door.config();
    let rows: Vec<(&str, usize, Option<usize>, &str)> = vec![
        ("calls", calls_max, Some(calls), "calls"),
        ("devices", limits::DEVICES_MAX, Some(devices), "devices"),
        ("extensions", limits::EXTENSIONS_MAX, Some(extensions), "directory numbers"),
        ("waiting_commands", DOWN_QUEUE_MAX, None, "commands and questions"),
        ("idempotency_keys", limits::KEYS_MAX, None, "keys"),
        ("logins", session::SESSIONS_MAX, Some(door.sessions().list().len()), "logins"),
        ("tokens", TOKENS_MAX, None, "tokens"),
        ("stream_tickets", session::TICKETS_MAX, None, "tickets"),
        ("streams", socket::SOCKETS_MAX, Some(door.stream().watchers()), "sockets and event readers"),
        ("subscriptions_per_socket", socket::SUBSCRIPTIONS_MAX, None, "subscriptions"),
        ("ids_per_filter", filter::IDS_MAX, None, "ids"),
        ("hot_events", HOT_EVENTS_MAX, None, "events"),
        ("resume_fold", cold::FOLD_MAX as usize, None, "events"),
        ("body", BODY_LEN_MAX, None, "octets"),
        ("min_seq_wait", MIN_SEQ_WAIT_S as usize, None, "seconds"),
        ("commands", config.commands_per_min as usize, None, "a minute for each credential"),
        ("reads", config.reads_per_min as usize, None, "a minute for each credential"),
    ];
    let items: Vec<_> = rows
        .into_iter()
        .map(|(name, limit, used, unit)| json!({ "name": name, "limit": limit, "used": used, "unit": unit }))
        .collect();
    Ok(answer::read(door.exchange().seq(), &json!({ "items": items })))
}
