//! `/calls/{call}/story`: what happened to a call, SIP and events on one line of time. Credentials are masked where it was kept.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Shape, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{ID, Instant, TEXT, data};
use super::super::{answer, name};
use crate::common::ask::{Ask, Fault};
use serde_json::{Value, json};
use switching::event::Event;
use switching::id::CallId;
use switching::time::Time;

/// Events of the log that are searched for those of a live call.
const LOOK_BACK_MAX: u64 = 20_000;
/// Events read at a time.
const PAGE: usize = 4_096;

/// Tells.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "tell_story",
    method: Method::Get,
    path: "/api/v1/calls/{call}/story",
    what: "Signalling and events of a call, live or over, in the order of time",
    need: Need::Scope("calls:trace"),
    query: NO_QUERY,
    body: None,
    gives: Gives::Json(
        200,
        &Shape::Object(&[
            required("call", &ID),
            required(
                "items",
                &Shape::List(
                    &Shape::Object(&[
                        required("kind", &Shape::Word(&["sip", "event"])),
                        required("timestamp", &Shape::Instant),
                        required("text", &TEXT),
                    ]),
                    usize::MAX,
                ),
            ),
        ]),
    ),
    run: |incoming| Box::pin(tell(incoming)),
}];

async fn tell(incoming: Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    let call = name::call_at(incoming.at("call"))?;
    let seq = exchange.seq();
    let events = events_of(&incoming, call).await?;
    // A trace is kept for recent calls only.
    let lines = match exchange.ask(|back| Ask::Trace(call, back)).await? {
        Err(Fault::NotFound | Fault::Gone { .. }) => Vec::new(),
        lines => lines?,
    };
    if events.is_empty() && lines.is_empty() {
        return Err(Problem::of(declared::UNKNOWN_CALL));
    }
    let clock = exchange.clock();
    let mut items: Vec<(Time, Value)> = lines
        .iter()
        .map(|line| {
            let (at, text) = (Instant::at(line.at, clock), &line.message);
            let item = json!({
                "kind": "sip", "timestamp": at, "text": text, "sent": line.sent, "peer": line.peer, "leg": line.leg,
            });
            (line.at, item)
        })
        .collect();
    items.extend(events.iter().map(|event| {
        let item = json!({
            "kind": "event", "timestamp": Instant::at(event.at, clock), "text": event.what.name(), "seq": event.seq,
            "request": event.request.map(|request| request.to_string()), "data": data(event, clock),
        });
        (event.at, item)
    }));
    items.sort_by_key(|(at, _)| *at);
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    Ok(answer::read(seq, &json!({ "call": call.to_string(), "items": items })))
}

async fn events_of(incoming: &Incoming, call: CallId) -> Result<Vec<Event>, Problem> {
    let exchange = incoming.door.exchange();
    let (mut from, to) = match exchange.ask(|back| Ask::Record(call, back)).await? {
        Ok(record) => (record.first_seq, record.last_seq),
        Err(_) => (exchange.seq().saturating_sub(LOOK_BACK_MAX) + 1, exchange.seq()),
    };
    let mut found = Vec::new();
    while from <= to {
        let page = exchange.ask(|back| Ask::Events { from, most: PAGE, back }).await?;
        let page = match page {
            Err(Fault::Gone { oldest }) if oldest > from => {
                from = oldest;
                continue;
            }
            page => page?,
        };
        let Some(last) = page.last().map(|event| event.seq) else { break };
        found.extend(page.into_iter().filter(|event| event.seq <= to && event.calls.contains(&call)));
        from = last + 1;
    }
    Ok(found)
}
