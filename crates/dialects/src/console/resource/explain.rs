//! `/records/{call}/explain`: where each figure of a record comes from, and the sum that has to balance.

use super::super::answer;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::shape::{Shape, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{COUNT, ID, IDS, Instant, RECORD, RecordView, TEXT};
use super::records::record;
use crate::common::ask::Ask;
use crate::common::clock::Clock;
use serde_json::{Value, json};
use switching::event::{Event, What};
use switching::record::CallRecord;

/// Events of one call that are told at most.
const EVENTS_MAX: usize = 10_000;

const FIGURE: Shape = Shape::Object(&[
    required("figure", &TEXT),
    required("ms", &COUNT),
    required("rule", &TEXT),
    required("events", &Shape::List(&COUNT, usize::MAX)),
]);
const BALANCE: Shape = Shape::Object(&[
    required("connection", &ID),
    required("life_ms", &COUNT),
    required("segments_ms", &COUNT),
    required("balanced", &Shape::Flag),
]);

/// Explains.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "explain_record",
    method: Method::Get,
    path: "/api/v1/records/{call}/explain",
    what: "Each figure of a record with its rule and its events, and for each connection the sum that has to balance",
    need: Need::Scope("records:read"),
    query: NO_QUERY,
    body: None,
    gives: Gives::Json(
        200,
        &Shape::Object(&[
            required("record", &RECORD),
            required("figures", &Shape::List(&FIGURE, usize::MAX)),
            required("balance", &Shape::List(&BALANCE, usize::MAX)),
            required("balanced", &Shape::Flag),
            required(
                "events",
                &Shape::List(
                    &Shape::Object(&[
                        required("seq", &COUNT),
                        required("type", &TEXT),
                        required("timestamp", &Shape::Instant),
                        required("devices", &IDS),
                    ]),
                    usize::MAX,
                ),
            ),
        ]),
    ),
    run: |incoming| Box::pin(explain(incoming)),
}];

async fn explain(incoming: Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    let record = record(&incoming).await?;
    let events = events_of(&incoming, &record).await?;
    let balance: Vec<Value> = record
        .connections
        .iter()
        .map(|part| {
            let life_ms = part.ended.ms_since(part.connection.created);
            let segments_ms: u64 = part.segments.iter().map(|segment| segment.to.ms_since(segment.from)).sum();
            json!({
                "connection": part.connection.id.to_string(), "life_ms": life_ms, "segments_ms": segments_ms,
                "balanced": life_ms == segments_ms,
            })
        })
        .collect();
    let body = json!({
        "record": RecordView::of(&record, exchange.clock()),
        "figures": figures(&record, &events),
        "balance": balance,
        "balanced": record.balances(),
        "events": events.iter().map(|event| told(event, exchange.clock())).collect::<Vec<_>>(),
    });
    Ok(answer::read(exchange.seq(), &body))
}

/// The events of a record that the log still has.
async fn events_of(incoming: &Incoming, record: &CallRecord) -> Result<Vec<Event>, super::super::problem::Problem> {
    let most = usize::try_from(record.last_seq - record.first_seq + 1).unwrap_or(EVENTS_MAX).min(EVENTS_MAX);
    let found = incoming.door.exchange().ask(|back| Ask::Events { from: record.first_seq, most, back }).await?;
    // What retention has deleted is missing here; the record stands for itself.
    let found = found.unwrap_or_default();
    Ok(found.into_iter().filter(|event| record.events.contains(&event.seq)).collect())
}

fn told(event: &Event, clock: &Clock) -> Value {
    json!({
        "seq": event.seq, "type": event.what.name(), "timestamp": Instant::at(event.at, clock),
        "devices": super::super::wire::Ids(&event.devices),
    })
}

fn figures(record: &CallRecord, events: &[Event]) -> Vec<Value> {
    let of = |wanted: fn(&What) -> bool| -> Vec<u64> {
        events.iter().filter(|event| wanted(&event.what)).map(|event| event.seq).collect()
    };
    let ringing_ms = record.stages.iter().filter_map(|part| {
        let end = part.stage.answered.unwrap_or(part.closed);
        part.stage.ringing.map(|from| end.ms_since(from))
    });
    vec![
        json!({
            "figure": "duration_ms", "ms": record.ended.ms_since(record.call.created),
            "rule": "from the call's first event to call_cleared", "events": [record.first_seq, record.last_seq],
        }),
        json!({
            "figure": "ringing_ms", "ms": ringing_ms.sum::<u64>(),
            "rule": "for each stage from the first ringing of its target to answer or end, summed",
            "events": of(|what| matches!(what, What::Prompted { .. } | What::Delivered { .. } | What::Established { .. } | What::StageClosed { .. })),
        }),
        json!({
            "figure": "talk_ms", "ms": record.talk_ms(),
            "rule": "from established to the end of the calling connection; 0 when nobody answered",
            "events": of(|what| matches!(what, What::Established { .. } | What::ConnectionCleared { .. })),
        }),
    ]
}
