//! A stopped clock moves only here: by so much, or until something has happened.

use super::super::answer;
use super::super::name::known_device;
use super::super::problem::Problem;
use super::super::shape::{optional, required, Fields, Shape};
use super::super::stream::Slot;
use super::super::verb::NO_QUERY;
use super::super::wire::{COUNT, ID, TEXT};
use super::{Incoming, Method, Operation, Outcome, AFTER_MS_MAX};
use crate::common::ask::{Ask, Test};
use crate::console::operation::{Gives, Need};
use serde_json::json;
use std::collections::BTreeSet;
use switching::id::DeviceId;
use switching::time::Time;
use tokio::sync::oneshot;

const BY: Shape = Shape::Number { least: 0, most: AFTER_MS_MAX };
const UNTIL: Shape = Shape::Object(&[
    optional("types", &Shape::List(&TEXT, 64)),
    optional("devices", &Shape::List(&ID, 1_000)),
]);
const BODY: Shape =
    Shape::Object(&[optional("by_ms", &BY), optional("until", &UNTIL), optional("limit_ms", &BY)]);
/// How far `until` goes when nothing else is said, in milliseconds.
const LIMIT_MS: u64 = 3_600_000;
/// Steps of one request.
const STEPS_MAX: usize = 100_000;

/// Moves it.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "test_clock_advance",
    method: Method::Post,
    path: "/api/v1/test/clock/advance",
    what: "Moves a stopped clock by so much, or until an event has come",
    need: Need::TestControl,
    query: NO_QUERY,
    body: Some(&BODY),
    gives: Gives::Json(200, &Shape::Object(&[
        required("through", &COUNT),
        required("now_ms", &COUNT),
        optional("event", &Shape::Nullable(&COUNT)),
    ])),
    run: |incoming| Box::pin(advance(incoming)),
}];

struct Wanted {
    types: Vec<String>,
    devices: BTreeSet<DeviceId>,
}

async fn advance(incoming: Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    if !exchange.clock().is_virtual() {
        return Err(Problem::edge(409, "clock_runs", "The clock of this exchange runs by itself", "caller"));
    }
    let body = Fields::of(&incoming.body);
    let wanted = if body.has("until") { Some(wanted(&incoming, body.object("until"))?) } else { None };
    let by = match (body.number("by_ms"), &wanted) {
        (Some(by), _) => by,
        (None, Some(_)) => body.number("limit_ms").unwrap_or(LIMIT_MS),
        (None, None) => return Err(Problem::one_value("/by_ms", "is there, or `until` is")),
    };
    let limit = exchange.clock().now().after_ms(by);
    let watch = incoming.door.stream().watch();
    let from = exchange.seq();
    let mut seen = from;
    for _ in 0..STEPS_MAX {
        let (now, seq) = step(&incoming, limit).await?;
        exchange.reached(seq).await;
        if let Some(wanted) = &wanted
            && let Some(found) = find(&incoming, wanted, seen, seq)
        {
            drop(watch);
            return Ok(answer::json(200, &json!({ "through": seq, "now_ms": now.0, "event": found })));
        }
        seen = seq;
        if now >= limit {
            drop(watch);
            return Ok(answer::json(200, &json!({ "through": seq, "now_ms": now.0, "event": null })));
        }
    }
    Err(Problem::edge(503, "not_yet", "Too many timers on the way", "server"))
}

async fn step(incoming: &Incoming, limit: Time) -> Result<(Time, u64), Problem> {
    let (moved, told) = oneshot::channel();
    let outcome = incoming.door.exchange().ask(|back| Ask::Test(Test::Step { limit, moved }, back)).await?;
    outcome.map_err(Problem::from)?;
    told.await.map_err(|_| Problem::from(crate::common::exchange::Stopping))
}

fn wanted(incoming: &Incoming, until: Fields<'_>) -> Result<Wanted, Problem> {
    let devices = incoming.door.exchange().read(|picture| {
        until.texts("devices").into_iter().map(|name| known_device(picture, name)).collect::<Result<BTreeSet<_>, _>>()
    })?;
    Ok(Wanted { types: until.texts("types").into_iter().map(str::to_owned).collect(), devices })
}

fn find(incoming: &Incoming, wanted: &Wanted, after: u64, through: u64) -> Option<u64> {
    let most = usize::try_from(through - after).unwrap_or(usize::MAX);
    let slots = incoming.door.stream().ring().read(after + 1, most).ok()?;
    slots.iter().find_map(|slot| match slot.as_ref() {
        Slot::Hot(event) => {
            let kind = wanted.types.is_empty() || wanted.types.iter().any(|kind| kind == event.kind);
            let device = wanted.devices.is_empty() || !event.about.is_disjoint(&wanted.devices);
            (kind && device).then_some(event.seq)
        }
        Slot::Cold => None,
    })
}
