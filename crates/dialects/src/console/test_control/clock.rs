//! `/test/clock/advance`: moves a stopped clock by so much, or timer by timer until an event comes.

use super::super::answer;
use super::super::cold::Reader;
use super::super::declared;
use super::super::describe::ENVELOPE;
use super::super::dispatch::Incoming;
use super::super::filter::{EVENT_TYPES, Filter, IDS_MAX};
use super::super::frame::envelope;
use super::super::name::known_device;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::{Done, Problem};
use super::super::shape::{Fields, Shape, optional, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{COUNT, ID, Instant};
use super::settled;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use switching::time::Time;

/// A clock is moved by 400 days at most.
const BY_MS_MAX: i64 = 400 * 86_400_000;
/// How far `until` goes when nothing else is said, in milliseconds.
const LIMIT_MS: u64 = 3_600_000;
/// Timers that one request fires.
const STEPS_MAX: usize = 100_000;
/// Events looked at a time.
const BATCH: usize = 64;

const BY: Shape = Shape::Number { least: 0, most: BY_MS_MAX };
const UNTIL: Shape = Shape::Object(&[
    optional("types", &Shape::List(&Shape::Word(EVENT_TYPES), EVENT_TYPES.len())),
    optional("devices", &Shape::List(&ID, IDS_MAX)),
]);

/// Moves it.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "advance_test_clock",
    method: Method::Post,
    path: "/api/v1/test/clock/advance",
    what: "Moves a stopped clock; with `until` it stops at the first such event",
    need: Need::TestControl,
    query: NO_QUERY,
    body: Some(&Shape::Object(&[optional("by_ms", &BY), optional("until", &UNTIL), optional("limit_ms", &BY)])),
    gives: Gives::Json(
        200,
        &Shape::Object(&[
            required("now", &Shape::Instant),
            required("through", &COUNT),
            required("event", &Shape::Nullable(&ENVELOPE)),
        ]),
    ),
    run: |incoming| Box::pin(advance(incoming)),
}];

async fn advance(incoming: Incoming) -> Outcome {
    let body = Fields::of(&incoming.body);
    let clock = incoming.door.exchange().clock();
    if !clock.is_virtual() {
        return Err(Problem::of(declared::CLOCK_STATE).saying("The clock runs by itself here"));
    }
    // Whoever looks for an event needs it rendered.
    let _watch = incoming.door.stream().watch();
    let (start, seq) = settled(&incoming, Time(0)).await?;
    let (by_ms, filter) = match (body.number("by_ms"), body.get("until")) {
        (Some(by_ms), None) => (by_ms, None),
        (None, Some(_)) => (body.number("limit_ms").unwrap_or(LIMIT_MS), Some(until(&incoming, body.object("until"))?)),
        (Some(_), Some(_)) | (None, None) => return Err(Problem::one_value("/by_ms", "is there, or `until` is")),
    };
    let limit = start.after_ms(by_ms);
    let mut reader = Reader::after(seq, false, false);
    for _ in 0..STEPS_MAX {
        let (now, through) = settled(&incoming, limit).await?;
        let event = match &filter {
            Some(filter) => find(&incoming, filter, &mut reader, through).await?,
            None => None,
        };
        if event.is_some() || now >= limit {
            return Ok(answer::json(
                200,
                &json!({ "now": Instant::at(now, clock), "through": through, "event": event }),
            ));
        }
    }
    Err(Problem::of(declared::CLOCK_STATE).saying("Too many timers fire on the way"))
}

fn until(incoming: &Incoming, fields: Fields<'_>) -> Done<Filter> {
    let types: BTreeSet<&'static str> =
        EVENT_TYPES.iter().copied().filter(|known| fields.texts("types").contains(known)).collect();
    let devices = incoming.door.exchange().read(|picture| {
        fields.texts("devices").into_iter().map(|text| known_device(picture, text)).collect::<Done<BTreeSet<_>>>()
    })?;
    Ok(Filter {
        types: fields.has("types").then_some(types),
        devices: fields.has("devices").then_some(devices),
        after: false,
        ..Filter::all()
    })
}

/// The first such event that has not been looked at.
async fn find(incoming: &Incoming, filter: &Filter, reader: &mut Reader, through: u64) -> Done<Option<Value>> {
    let exchange = incoming.door.exchange();
    while reader.seq < through {
        let slots = reader.next(incoming.door.stream(), exchange, BATCH).await;
        let slots = slots.map_err(|_| Problem::of(declared::GAP).saying("Too much happened on the way"))?;
        if slots.is_empty() {
            break;
        }
        for event in Reader::rendered(&slots) {
            if let Some(envelope) = envelope(filter, exchange.epoch(), event.seq - 1, event) {
                return Ok(serde_json::from_str(&envelope).ok());
            }
        }
    }
    Ok(None)
}
