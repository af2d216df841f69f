//! The published descriptions, made from the table of operations: OpenAPI 3.1 and AsyncAPI 3.

use super::answer;
use super::filter::EVENT_TYPES;
use super::operation::{all, Gives, Method, Need, Operation};
use super::shape::Shape;
use super::verb::NO_QUERY;
use serde_json::{json, Map, Value};

/// Where named forms stand in the description.
const REFS: &str = "#/components/schemas/";

/// Reads.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "openapi",
        method: Method::Get,
        path: "/api/v1/openapi.json",
        what: "This API as OpenAPI 3.1",
        need: Need::Nothing,
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Any),
        run: |_| Box::pin(async { Ok(answer::json(200, &openapi())) }),
    },
    Operation {
        id: "asyncapi",
        method: Method::Get,
        path: "/api/v1/asyncapi.json",
        what: "The stream of events as AsyncAPI 3",
        need: Need::Nothing,
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Any),
        run: |_| Box::pin(async { Ok(answer::json(200, &asyncapi())) }),
    },
];

/// The API as OpenAPI 3.1.
#[must_use]
pub fn openapi() -> Value {
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), problem());
    let mut paths = Map::new();
    for operation in all().iter().copied().flatten() {
        let described = describe(operation, &mut schemas);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.name()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Hookswitch console API", "version": "1", "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "hookswitch_session" },
            },
        },
    })
}

fn describe(operation: &Operation, schemas: &mut Map<String, Value>) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    for query in operation.query {
        parameters.push(json!({
            "name": query.name, "in": "query", "required": false, "description": query.what,
            "style": "form", "explode": false, "schema": query.shape.schema(false, REFS, schemas),
        }));
    }
    if !operation.method.is_read() && operation.body.is_some() {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false, "schema": schema }));
    }
    let (status, good) = match operation.gives {
        Gives::Json(status, shape) => {
            let schema = shape.schema(true, REFS, schemas);
            (status, json!({ "description": operation.what, "content": { "application/json": { "schema": schema } } }))
        }
        Gives::Nothing => (204, json!({ "description": operation.what })),
        Gives::Other(status, media) => (status, json!({ "description": operation.what, "content": { media: {} } })),
    };
    let refused = json!({
        "description": "A refusal (RFC 9457)",
        "content": { "application/problem+json": { "schema": { "$ref": format!("{REFS}Problem") } } },
    });
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.what,
        "parameters": parameters,
        "responses": { status.to_string(): good, "default": refused },
    });
    match operation.need {
        Need::Nothing => described["security"] = json!([]),
        Need::Credential => described["security"] = json!([{ "token": [] }, { "session": [] }]),
        Need::Scope(scope) => {
            described["security"] = json!([{ "token": [] }, { "session": [] }]);
            described["x-scope"] = json!(scope);
        }
        Need::TestControl => {
            described["security"] = json!([{ "token": [] }, { "session": [] }]);
            described["x-scope"] = json!("test");
        }
    }
    if let Some(body) = operation.body {
        let schema = body.schema(false, REFS, schemas);
        described["requestBody"] = json!({ "required": false, "content": { "application/json": { "schema": schema } } });
    }
    described
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "refusal", "blame", "outcome"],
        "properties": {
            "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
            "detail": { "type": "string" }, "refusal": { "type": "string" },
            "blame": { "enum": ["caller", "rights", "peer", "server"] },
            "outcome": { "enum": ["unchanged", "happened", "unknown"] },
            "request": { "type": "string" }, "before": { "type": "integer" }, "through": { "type": "integer" },
        },
    })
}

/// The stream as AsyncAPI 3.
#[must_use]
pub fn asyncapi() -> Value {
    let envelope = json!({
        "type": "object",
        "required": ["seq", "prev", "epoch", "type", "timestamp", "calls", "devices", "data"],
        "properties": {
            "op": { "const": "event" }, "id": { "type": "string" },
            "seq": { "type": "integer" }, "prev": { "type": "integer" }, "epoch": { "type": "string" },
            "type": { "enum": EVENT_TYPES }, "timestamp": { "type": "string", "format": "date-time" },
            "request": { "type": ["string", "null"] },
            "calls": { "type": "array", "items": { "type": "string" } },
            "devices": { "type": "array", "items": { "type": "string" } },
            "data": { "type": ["object", "null"] }, "after": { "type": "object" },
        },
    });
    let op = |name: &str, required: &[&str]| {
        let mut all = vec!["op"];
        all.extend_from_slice(required);
        json!({ "payload": { "type": "object", "required": all, "properties": { "op": { "const": name } } } })
    };
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Hookswitch event stream", "version": "1" },
        "channels": {
            "stream": {
                "address": "/api/v1/stream",
                "messages": {
                    "subscribe": op("subscribe", &["id"]),
                    "unsubscribe": op("unsubscribe", &["id"]),
                    "snapshot": op("snapshot", &["id", "epoch", "seq", "collection", "items", "more"]),
                    "event": { "payload": envelope },
                    "heartbeat": op("heartbeat", &["epoch", "seq", "timestamp"]),
                    "gap": op("gap", &["id", "reason", "oldest", "newest"]),
                    "refused": op("refused", &["problem"]),
                },
            },
        },
        "operations": {
            "send": { "action": "receive", "channel": { "$ref": "#/channels/stream" } },
            "receive": { "action": "send", "channel": { "$ref": "#/channels/stream" } },
        },
    })
}
