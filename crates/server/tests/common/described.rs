//! The console's two published descriptions, held against every answer and frame that a test gets (CONSOLE rule 10).
//!
//! The check reads what the running program publishes, not what it is made from. It knows the words of JSON Schema that the
//! descriptions use; another one is a failure, so that none is passed over.

use serde_json::{Map, Value};

/// The descriptions of one office.
pub struct Described {
    openapi: Value,
    asyncapi: Value,
}

/// What is wrong, with its place.
type Faults = Vec<String>;

impl Described {
    /// As published.
    pub fn new(openapi: Value, asyncapi: Value) -> Self {
        assert_eq!((&openapi["openapi"], &asyncapi["asyncapi"]), (&"3.1.0".into(), &"3.0.0".into()));
        Self { openapi, asyncapi }
    }

    /// All refusals that are declared, by name.
    pub fn refusals(&self) -> &Map<String, Value> {
        self.openapi["components"]["x-refusals"].as_object().expect("refusals are declared")
    }

    /// What is wrong with an answer: its status, its media type, or its body.
    pub fn answer(&self, method: &str, path: &str, status: u16, media: Option<&str>, text: &str) -> Faults {
        let path = path.split('?').next().unwrap_or_default();
        let described = self.operation(method, path);
        if status >= 400 {
            return self.problem(status, media, text);
        }
        let Some(responses) = described.and_then(|operation| operation["responses"].as_object()) else {
            return vec![format!("{status} for what is not described")];
        };
        let Some(response) = responses.get(&status.to_string()) else {
            return vec![format!("{status} is not described: {:?}", responses.keys().collect::<Vec<_>>())];
        };
        match response.pointer("/content/application~1json/schema") {
            Some(_) if media == Some("text/event-stream") => Vec::new(),
            Some(schema) => self.json(schema, media, "application/json", text),
            None if status == 204 && !text.is_empty() => vec!["a body with 204".to_owned()],
            None => Vec::new(),
        }
    }

    /// What is wrong with a frame of the WebSocket.
    pub fn frame(&self, frame: &Value) -> Faults {
        self.message("stream", frame["op"].as_str().unwrap_or_default(), frame)
    }

    /// What is wrong with a server-sent event.
    pub fn sent(&self, event: &str, data: &Value) -> Faults {
        let name = if matches!(event, "heartbeat" | "gap") { event } else { "event" };
        self.message("events", name, data)
    }

    fn message(&self, channel: &str, name: &str, value: &Value) -> Faults {
        match self.asyncapi.pointer(&format!("/channels/{channel}/messages/{name}/payload")) {
            Some(schema) => found(&self.asyncapi, schema, value),
            None => vec![format!("{channel} describes no {name}")],
        }
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let paths = self.openapi["paths"].as_object().expect("paths");
        let fits = |template: &str| {
            let (mut asked, mut parts) = (path.split('/'), template.split('/'));
            let same = parts.by_ref().all(|part| asked.next().is_some_and(|it| it == part || part.starts_with('{')));
            same && asked.next().is_none()
        };
        // A path that is written out goes before one with a parameter in its place.
        let found = paths.get(path).or_else(|| paths.iter().find(|(template, _)| fits(template)).map(|(_, it)| it));
        found?.get(method.to_lowercase())
    }

    fn problem(&self, status: u16, media: Option<&str>, text: &str) -> Faults {
        let schema = serde_json::json!({ "$ref": "#/components/schemas/Problem" });
        let mut faults = self.json(&schema, media, "application/problem+json", text);
        let problem: Value = serde_json::from_str(text).unwrap_or_default();
        let name = problem["refusal"].as_str().unwrap_or_default();
        match self.refusals().get(name) {
            None => faults.push(format!("the refusal {name} is not declared")),
            Some(declared) => {
                let told = [
                    ("status", status.into()),
                    ("blame", problem["blame"].clone()),
                    ("outcome", problem["outcome"].clone()),
                ];
                for (field, told) in told.into_iter().filter(|(field, told)| declared[*field] != *told) {
                    faults.push(format!("{name}: {field} {told} is not {}", declared[field]));
                }
            }
        }
        if problem["status"] != status || problem["type"] != format!("/problems/{name}") {
            faults.push(format!("status and type are not those of {name}: {text}"));
        }
        faults
    }

    fn json(&self, schema: &Value, media: Option<&str>, wanted: &str, text: &str) -> Faults {
        if media != Some(wanted) {
            return vec![format!("{media:?} and not {wanted}")];
        }
        match serde_json::from_str(text) {
            Ok(value) => found(&self.openapi, schema, &value),
            Err(error) => vec![format!("no JSON: {error}")],
        }
    }
}

/// What is wrong with a value that should have this form.
pub fn found(document: &Value, schema: &Value, value: &Value) -> Faults {
    let mut faults = Vec::new();
    look(document, schema, value, "", &mut faults);
    faults
}

fn look(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Faults) {
    for (word, wanted) in schema.as_object().expect("a schema is an object") {
        let mut fault = |good: bool| {
            if !good {
                let mut told = value.to_string();
                told.truncate(told.char_indices().nth(200).map_or(told.len(), |(end, _)| end));
                faults.push(format!("{at}: {word} {wanted}, and not {told}"));
            }
        };
        let number = |wanted: &Value| wanted.as_i64().expect("a whole number");
        match word.as_str() {
            "$ref" => {
                let pointer = wanted.as_str().and_then(|it| it.strip_prefix('#')).expect("a local reference");
                let there = document.pointer(pointer).expect("references lead somewhere");
                look(document, there, value, at, faults);
            }
            "type" => fault(is_of_type(wanted.as_str().expect("one type"), value)),
            "enum" => fault(wanted.as_array().expect("a list").contains(value)),
            "minimum" => fault(value.as_i64().is_none_or(|it| it >= number(wanted))),
            "maximum" => fault(value.as_i64().is_none_or(|it| it <= number(wanted))),
            "minLength" => fault(value.as_str().is_none_or(|it| it.chars().count() as i64 >= number(wanted))),
            "maxLength" => fault(value.as_str().is_none_or(|it| it.chars().count() as i64 <= number(wanted))),
            "maxItems" => fault(value.as_array().is_none_or(|it| it.len() as i64 <= number(wanted))),
            "format" => {
                assert_eq!(wanted, "date-time", "{at}: this format is not known to the check");
                fault(value.as_str().is_none_or(|it| it.parse::<jiff::Timestamp>().is_ok()));
            }
            "required" => {
                let names = wanted.as_array().expect("a list").iter().filter_map(Value::as_str);
                let missing: Vec<&str> =
                    names.filter(|name| value.as_object().is_some_and(|it| !it.contains_key(*name))).collect();
                if !missing.is_empty() {
                    faults.push(format!("{at}: {missing:?} missing"));
                }
            }
            "properties" => {
                for (name, schema) in wanted.as_object().expect("by name") {
                    if let Some(value) = value.get(name) {
                        look(document, schema, value, &format!("{at}/{name}"), faults);
                    }
                }
            }
            "additionalProperties" => others(document, schema, wanted, value, at, faults),
            "items" => {
                for (n, value) in value.as_array().into_iter().flatten().enumerate() {
                    look(document, wanted, value, &format!("{at}/{n}"), faults);
                }
            }
            "anyOf" => {
                let forms = wanted.as_array().expect("a list");
                let tries: Vec<Faults> = forms.iter().map(|schema| found(document, schema, value)).collect();
                if !tries.iter().any(Vec::is_empty) {
                    faults.push(format!("{at}: none of its forms: {tries:?}"));
                }
            }
            "examples" | "description" => {}
            other => panic!("{at}: the check does not know {other}"),
        }
    }
}

/// Fields that `properties` does not name.
fn others(document: &Value, schema: &Value, wanted: &Value, value: &Value, at: &str, faults: &mut Faults) {
    let named = schema["properties"].as_object();
    let rest = value.as_object().into_iter().flatten();
    for (name, value) in rest.filter(|(name, _)| named.is_none_or(|named| !named.contains_key(*name))) {
        match wanted {
            Value::Bool(true) => {}
            Value::Bool(false) => faults.push(format!("{at}/{name} is not described")),
            schema => look(document, schema, value, &format!("{at}/{name}"), faults),
        }
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("the check does not know the type {other}"),
    }
}
