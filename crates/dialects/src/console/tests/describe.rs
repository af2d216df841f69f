//! The descriptions hold what the table holds, and nothing that was in them goes away.

use crate::console::SCOPES;
use crate::console::describe::{asyncapi, openapi};
use crate::console::operation::{Need, all};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn every_operation_is_named_once_and_asks_for_a_scope_that_exists() {
    let operations: Vec<_> = all().iter().copied().flatten().collect();
    let ids: BTreeSet<_> = operations.iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), operations.len(), "names are unique");
    for operation in operations {
        if let Need::Scope(scope) = operation.need {
            assert!(SCOPES.contains(&scope), "{}: {scope}", operation.id);
        }
        let described = openapi();
        let path = &described["paths"][operation.path][operation.method.name()];
        assert_eq!(path["operationId"], operation.id);
        assert_eq!(path.get("requestBody").is_some(), operation.body.is_some(), "{}", operation.id);
    }
}

#[test]
fn all_references_of_the_descriptions_lead_somewhere() {
    for document in [openapi(), asyncapi()] {
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(!references.is_empty());
        for reference in references {
            let pointer = reference.strip_prefix('#').expect("local references only");
            assert!(document.pointer(pointer).is_some_and(|it| !it.is_null()), "{reference}");
        }
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A piece of the descriptions whose promises stand for themselves: what it is, and it.
type Piece = (String, Value);

fn pieces(openapi: &Value, asyncapi: &Value) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (path, methods) in members(&openapi["paths"]) {
        pieces.extend(members(methods).map(|(method, it)| (format!("{method} {path}"), it.clone())));
    }
    for (document, described) in [("openapi", openapi), ("asyncapi", asyncapi)] {
        let schemas = members(&described["components"]["schemas"]);
        pieces.extend(schemas.map(|(name, it)| (format!("{document} schema {name}"), it.clone())));
    }
    let refusals = members(&openapi["components"]["x-refusals"]);
    pieces.extend(refusals.map(|(name, it)| (format!("refusal {name}"), it.clone())));
    pieces.extend(members(&asyncapi["operations"]).map(|(name, it)| (format!("operation {name}"), it.clone())));
    pieces.extend(members(&asyncapi["channels"]).map(|(name, it)| (format!("channel {name}"), it.clone())));
    pieces
}

/// What a piece promises, one line each.
fn lines_of((name, it): &Piece) -> BTreeSet<String> {
    let mut lines = BTreeSet::from([name.clone()]);
    match name.split(' ').next() {
        Some("openapi" | "asyncapi") => form(name, it, &mut lines),
        Some("refusal") => {
            lines.extend(["status", "blame", "outcome"].map(|field| format!("{name} {field} {}", it[field])));
        }
        Some("operation") => {
            let messages = it["messages"].as_array().into_iter().flatten();
            lines.extend(messages.map(|message| format!("{name} {}", message["$ref"])));
        }
        Some("channel") => {
            lines.insert(format!("{name} at {}", it["address"]));
            for (message, described) in members(&it["messages"]) {
                let at = format!("{name} {message}");
                lines.insert(at.clone());
                form(&at, &described["payload"], &mut lines);
            }
        }
        _ => of_operation(name, it, &mut lines),
    }
    lines
}

/// What the descriptions promise: a line that is in the kept file and not here any more is a removal.
fn held() -> BTreeSet<String> {
    pieces(&openapi(), &asyncapi()).iter().flat_map(lines_of).collect()
}

fn of_operation(at: &str, operation: &Value, lines: &mut BTreeSet<String>) {
    lines.insert(format!("{at} is {} for {}", operation["operationId"], operation["x-scope"]));
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let at = format!("{at} ?{}", parameter["name"].as_str().unwrap_or_default());
        lines.insert(format!("{at} in {}", parameter["in"]));
        form(&at, &parameter["schema"], lines);
    }
    form(&format!("{at} takes"), &operation["requestBody"]["content"]["application/json"]["schema"], lines);
    for (status, response) in members(&operation["responses"]) {
        lines.insert(format!("{at} gives {status}"));
        for (media, content) in members(&response["content"]) {
            lines.insert(format!("{at} gives {status} {media}"));
            form(&format!("{at} gives {status}"), &content["schema"], lines);
        }
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn form(at: &str, schema: &Value, lines: &mut BTreeSet<String>) {
    for word in ["type", "$ref", "format"] {
        if let Some(value) = schema[word].as_str() {
            lines.insert(format!("{at} {word} {value}"));
        }
    }
    let words = [&schema["enum"], &schema["examples"]].into_iter().filter_map(Value::as_array).flatten();
    lines.extend(words.filter_map(Value::as_str).map(|word| format!("{at} = {word}")));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let answered = schema["additionalProperties"] == true;
    for (name, inner) in members(&schema["properties"]) {
        let at = format!("{at} .{name}");
        lines.insert(at.clone());
        // An answer goes on having what it always had; a request goes on needing nothing more.
        match (answered, required.contains(&name.as_str())) {
            (true, true) => drop(lines.insert(format!("{at} always"))),
            (false, false) => drop(lines.insert(format!("{at} may be left out"))),
            (true, false) | (false, true) => {}
        }
        form(&at, inner, lines);
    }
    for inner in schema["anyOf"].as_array().into_iter().flatten() {
        form(at, inner, lines);
    }
    if schema["items"].is_object() {
        form(&format!("{at} []"), &schema["items"], lines);
    }
    if schema["additionalProperties"].is_object() {
        form(&format!("{at} {{}}"), &schema["additionalProperties"], lines);
    }
}

/// Where something is promised that could be taken out.
fn promised(value: &Value, at: &str, into: &mut Vec<String>) {
    const NAMED: &[&str] =
        &["paths", "properties", "schemas", "x-refusals", "messages", "responses", "parameters", "enum"];
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                if NAMED.contains(&name.as_str()) {
                    match inner {
                        Value::Object(map) => into.extend(
                            map.keys().map(|key| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))),
                        ),
                        Value::Array(list) => into.extend((0..list.len()).map(|n| format!("{at}/{n}"))),
                        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
                    }
                }
                promised(inner, &at, into);
            }
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, inner)| promised(inner, &format!("{at}/{n}"), into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without(document: &Value, pointer: &str) -> Value {
    let mut document = document.clone();
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    match document.pointer_mut(parent).expect("it was there") {
        Value::Object(map) => drop(map.remove(&last.replace("~1", "/").replace("~0", "~"))),
        Value::Array(list) => drop(list.remove(last.parse().expect("an index"))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("{parent} holds nothing"),
    }
    document
}

#[test]
fn version_one_only_grows() {
    let kept_at = concat!(env!("CARGO_MANIFEST_DIR"), "/src/console/tests/v1.txt");
    let held = held();
    if std::env::var_os("CONSOLE_V1_WRITE").is_some() {
        let text = held.iter().map(|line| format!("{line}\n")).collect::<String>();
        std::fs::write(kept_at, text).expect("the kept list is written");
    }
    let kept = std::fs::read_to_string(kept_at).expect("the kept list");
    let gone: Vec<&str> = kept.lines().filter(|line| !held.contains(*line)).collect();
    assert!(gone.is_empty(), "taken out of v1: {gone:#?}");
    let kept: BTreeSet<&str> = kept.lines().collect();
    let new: Vec<&String> = held.iter().filter(|line| !kept.contains(line.as_str())).collect();
    assert!(new.is_empty(), "new in v1; write it down with CONSOLE_V1_WRITE=1: {new:#?}");
    conformance::proves_partly("CON-08", "what a foreign client finds, and answers and frames over the wire");
}

#[test]
fn whatever_is_taken_out_is_missed() {
    let mut taken_out = 0;
    for piece in pieces(&openapi(), &asyncapi()) {
        let all = lines_of(&piece);
        let mut pointers = Vec::new();
        promised(&piece.1, "", &mut pointers);
        for pointer in pointers {
            let left = lines_of(&(piece.0.clone(), without(&piece.1, &pointer)));
            assert!(!left.is_superset(&all), "{}: {pointer} could be taken out unseen", piece.0);
            taken_out += 1;
        }
    }
    assert!(taken_out > 1_000, "{taken_out}");
    conformance::proves_partly("CON-08", "what a foreign client finds, and answers and frames over the wire");
}
