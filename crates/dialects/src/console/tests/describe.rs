//! The descriptions hold what the table holds, and nothing that was in them goes away.

use crate::console::SCOPES;
use crate::console::describe::{FRAMES, asyncapi, openapi};
use crate::console::filter::EVENT_TYPES;
use crate::console::operation::{Need, all};
use crate::console::render::Collection;
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

/// What the descriptions hold, one line each: a line that is in the kept file and not here any more is a removal.
fn held() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let document = openapi();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            lines.insert(format!("{method} {path}"));
            for parameter in operation["parameters"].as_array().expect("parameters") {
                lines.insert(format!("{method} {path} ?{}", parameter["name"].as_str().expect("a name")));
            }
            fields(
                &format!("{method} {path} body"),
                &operation["requestBody"]["content"]["application/json"]["schema"],
                &mut lines,
            );
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        fields(name, schema, &mut lines);
    }
    for (op, _) in FRAMES {
        lines.insert(format!("frame {op}"));
        fields(&format!("frame {op}"), &asyncapi()["channels"]["stream"]["messages"][*op]["payload"], &mut lines);
    }
    lines.extend(EVENT_TYPES.iter().map(|kind| format!("event {kind}")));
    lines.extend(Collection::NAMES.iter().map(|name| format!("collection {name}")));
    lines
}

fn fields(at: &str, schema: &Value, lines: &mut BTreeSet<String>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        lines.insert(format!("{at} .{name}"));
        fields(&format!("{at} .{name}"), inner, lines);
    }
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
}
