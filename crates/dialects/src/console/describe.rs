//! The descriptions: OpenAPI 3.1 and AsyncAPI 3, made from the table of operations and the forms it names.
//!
//! There is no second list: an operation that exists is described, with the form that its body is checked against.

use super::filter::EVENT_TYPES;
use super::operation::{self, Gives, Method, Need, Operation, Outcome};
use super::render::Collection;
use super::shape::{Shape, optional, required};
use super::verb::NO_QUERY;
use super::wire::{CALL, CONNECTION, COUNT, DEVICE, EXTENSION, ID, ID_OR_NULL, IDS, STAGE, TEXT};
use super::{answer, declared, message, problem, socket};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// The API's version.
const VERSION: &str = "1";
/// Where named forms stand.
const REFS: &str = "#/components/schemas/";

const fn description(
    id: &'static str,
    path: &'static str,
    what: &'static str,
    run: fn(super::dispatch::Incoming) -> operation::Handling,
) -> Operation {
    Operation {
        id,
        method: Method::Get,
        path,
        what,
        need: Need::Nothing,
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Any),
        run,
    }
}

/// Serves both.
pub const OPERATIONS: &[Operation] = &[
    description("get_openapi", "/api/v1/openapi.json", "This API as OpenAPI 3.1", |_| {
        Box::pin(async { served(&OPENAPI, openapi) })
    }),
    description("get_asyncapi", "/api/v1/asyncapi.json", "The stream as AsyncAPI 3", |_| {
        Box::pin(async { served(&ASYNCAPI, asyncapi) })
    }),
];

static OPENAPI: OnceLock<String> = OnceLock::new();
static ASYNCAPI: OnceLock<String> = OnceLock::new();

fn served(kept: &OnceLock<String>, make: fn() -> Value) -> Outcome {
    Ok(answer::text_json(200, kept.get_or_init(|| make().to_string()).clone()))
}

/// A problem, as RFC 9457 has it.
pub const PROBLEM: Shape = Shape::Named(
    "Problem",
    &Shape::Object(&[
        required("type", &TEXT),
        required("title", &TEXT),
        required("status", &COUNT),
        required("detail", &TEXT),
        required("refusal", &Shape::Word(declared::NAMES)),
        required("blame", &Shape::Word(&["caller", "rights", "peer", "server"])),
        required("outcome", &Shape::Word(&["unchanged", "happened", "unknown"])),
        optional("request", &ID),
        optional("before", &COUNT),
        optional("through", &COUNT),
    ]),
);

/// Resources that an event changed: whole, or null where they are gone or out of view.
const AFTER: Shape = Shape::Named(
    "After",
    &Shape::Object(&[
        optional("calls", &Shape::Map(&Shape::Nullable(&CALL))),
        optional("connections", &Shape::Map(&Shape::Nullable(&CONNECTION))),
        optional("stages", &Shape::Map(&Shape::Nullable(&STAGE))),
        optional("devices", &Shape::Map(&Shape::Nullable(&DEVICE))),
        optional("extensions", &Shape::Map(&Shape::Nullable(&EXTENSION))),
    ]),
);

/// The envelope of an event.
pub const ENVELOPE: Shape = Shape::Named(
    "Event",
    &Shape::Object(&[
        required("seq", &COUNT),
        required("prev", &COUNT),
        required("epoch", &TEXT),
        required("type", &Shape::Word(EVENT_TYPES)),
        required("timestamp", &Shape::Instant),
        required("request", &ID_OR_NULL),
        required("calls", &IDS),
        required("devices", &IDS),
        required("data", &Shape::Nullable(&Shape::Map(&Shape::Any))),
        optional("after", &AFTER),
        optional("op", &Shape::Word(&["event"])),
        optional("id", &ID),
    ]),
);

/// Why a stream could not go on.
const GAPS: &[&str] = &["expired", "epoch", "slow", "rights"];

/// What a frame of each kind is, by its `op`.
pub const FRAMES: &[(&str, Shape)] = &[
    ("event", ENVELOPE),
    (
        "snapshot",
        Shape::Object(&[
            required("op", &TEXT),
            required("id", &ID),
            required("epoch", &TEXT),
            required("seq", &COUNT),
            required("collection", &Shape::Word(Collection::NAMES)),
            required(
                "items",
                &Shape::List(&Shape::Either(&[&CALL, &CONNECTION, &STAGE, &DEVICE, &EXTENSION]), usize::MAX),
            ),
            required("more", &Shape::Flag),
        ]),
    ),
    (
        "heartbeat",
        Shape::Object(&[
            required("op", &TEXT),
            required("epoch", &TEXT),
            required("seq", &COUNT),
            required("timestamp", &Shape::Instant),
        ]),
    ),
    (
        "gap",
        Shape::Object(&[
            required("op", &TEXT),
            required("id", &ID),
            required("reason", &Shape::Word(GAPS)),
            required("oldest", &COUNT),
            required("newest", &COUNT),
        ]),
    ),
    ("error", Shape::Object(&[required("op", &TEXT), required("id", &ID_OR_NULL), required("problem", &PROBLEM)])),
];

/// What a server-sent event's data is: the envelope whatever its name, else by its name.
pub const SENT: &[(&str, Shape)] = &[
    ("event", ENVELOPE),
    (
        "heartbeat",
        Shape::Object(&[
            required("op", &TEXT),
            required("epoch", &TEXT),
            required("seq", &COUNT),
            required("timestamp", &Shape::Instant),
        ]),
    ),
    (
        "gap",
        Shape::Object(&[
            required("op", &TEXT),
            required("reason", &Shape::Word(GAPS)),
            required("oldest", &COUNT),
            required("newest", &COUNT),
        ]),
    ),
];

/// The OpenAPI description.
#[must_use]
pub fn openapi() -> Value {
    let mut schemas = Map::new();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operation::all().iter().copied().flatten() {
        let described = describe(operation, &mut schemas);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.name()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hookswitch console API",
            "version": VERSION,
            "description": "One telephone exchange: calls, devices, records, events. A version only grows.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "x-refusals": refusals(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "login": { "type": "apiKey", "in": "cookie", "name": "__Host-hookswitch" },
            },
        },
    })
}

/// Every refusal by its name, with the status, blame and outcome it always has.
fn refusals() -> Map<String, Value> {
    let told = declared::TOLD.iter().map(|it| {
        let told = json!({ "status": it.status, "blame": it.blame, "outcome": it.outcome, "title": it.title });
        (it.name.to_owned(), told)
    });
    told.collect()
}

fn describe(operation: &Operation, schemas: &mut Map<String, Value>) -> Value {
    let problem = json!({
        "description": "a refusal",
        "content": { problem::MEDIA_TYPE: { "schema": PROBLEM.schema(true, REFS, schemas) } },
    });
    let (status, good) = good_answer(operation, schemas);
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.what,
        "parameters": parameters(operation, schemas),
        "responses": { status.to_string(): good, "default": problem },
    });
    described["security"] = match operation.need {
        Need::Nothing => json!([]),
        Need::Credential | Need::Scope(_) | Need::TestControl => json!([{ "token": [] }, { "login": [] }]),
    };
    match operation.need {
        Need::Scope(scope) => described["x-scope"] = json!(scope),
        Need::TestControl => described["x-scope"] = json!("test"),
        Need::Nothing | Need::Credential => {}
    }
    if let Some(body) = operation.body {
        described["requestBody"] = json!({ "content": { "application/json": { "schema": closed(body) } } });
    }
    described
}

fn parameters(operation: &Operation, schemas: &mut Map<String, Value>) -> Vec<Value> {
    let names = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }))
        .collect();
    parameters.extend(operation.query.iter().map(|param| {
        json!({
            "name": param.name, "in": "query", "description": param.what, "explode": false,
            "schema": param.shape.schema(false, REFS, schemas),
        })
    }));
    if operation.method.is_read() {
        parameters.push(json!({
            "name": "min_seq", "in": "query", "description": "waits up to 5 s until the mirror shows this seq",
            "schema": { "type": "integer", "minimum": 0 },
        }));
    }
    if operation.takes_key() {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "description": "makes the command safe to repeat for 24 h",
            "schema": { "type": "string", "minLength": 1, "maxLength": switching::limits::KEY_LEN_MAX },
        }));
    }
    parameters
}

fn good_answer(operation: &Operation, schemas: &mut Map<String, Value>) -> (u16, Value) {
    match operation.gives {
        Gives::Json(status, shape) => {
            let schema = shape.schema(true, REFS, schemas);
            (status, json!({ "description": operation.what, "content": { "application/json": { "schema": schema } } }))
        }
        Gives::Nothing => (204, json!({ "description": operation.what })),
        Gives::Other(status, _) => (status, json!({ "description": operation.what })),
    }
}

/// The schema of what a client sends: closed, and whole in its place, because answers use the same forms open.
fn closed(shape: &Shape) -> Value {
    let mut named = Map::new();
    let schema = shape.schema(false, REFS, &mut named);
    inline(schema, &named)
}

fn inline(schema: Value, named: &Map<String, Value>) -> Value {
    match schema {
        Value::Object(map) => {
            match map.get("$ref").and_then(Value::as_str).and_then(|name| named.get(name.strip_prefix(REFS)?)) {
                Some(whole) => inline(whole.clone(), named),
                None => Value::Object(map.into_iter().map(|(name, value)| (name, inline(value, named))).collect()),
            }
        }
        Value::Array(list) => Value::Array(list.into_iter().map(|value| inline(value, named)).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// The AsyncAPI description.
#[must_use]
pub fn asyncapi() -> Value {
    let mut schemas = Map::new();
    let (mut messages, mut sent): (Map<String, Value>, Map<String, Value>) = Default::default();
    let refer = |name: &str| json!({ "$ref": format!("#/channels/stream/messages/{name}") });
    let (mut from_server, mut to_server) = (Vec::new(), Vec::new());
    for (name, shape) in FRAMES {
        messages.insert((*name).to_owned(), json!({ "payload": shape.schema(true, REFS, &mut schemas) }));
        from_server.push(refer(name));
    }
    for (name, shape) in SENT {
        sent.insert((*name).to_owned(), json!({ "payload": shape.schema(true, REFS, &mut schemas) }));
    }
    for (name, shape) in [("subscribe", &message::SUBSCRIBE), ("unsubscribe", &message::UNSUBSCRIBE)] {
        messages.insert(name.to_owned(), json!({ "payload": closed(shape) }));
        to_server.push(refer(name));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Hookswitch stream", "version": VERSION },
        "defaultContentType": "application/json",
        "channels": {
            "stream": {
                "address": "/api/v1/stream",
                "description": format!("WebSocket, subprotocol {}", socket::PROTOCOL),
                "messages": messages,
            },
            "events": {
                "address": "/api/v1/events",
                "description": "server-sent events; a message here is the data of one event",
                "messages": sent,
            },
        },
        "operations": {
            "tell": { "action": "send", "channel": { "$ref": "#/channels/stream" }, "messages": from_server },
            "tell_events": { "action": "send", "channel": { "$ref": "#/channels/events" } },
            "hear": { "action": "receive", "channel": { "$ref": "#/channels/stream" }, "messages": to_server },
        },
        "components": { "schemas": schemas },
    })
}
