//! The form of a body: declared once, from which come the check of what clients send and the published descriptions.
//!
//! A request's object is closed: an unknown field is a fault, so that a typo shows. An answer's object is open in the
//! descriptions, because a version only grows. Checks report all faults at once, each with its JSON pointer (RFC 6901).

use serde_json::{Map, Value, json};

/// The form of a value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text of so many octets.
    Text {
        /// At least.
        least: usize,
        /// At most.
        most: usize,
    },
    /// An instant of RFC 3339.
    Instant,
    /// A whole number.
    Number {
        /// At least.
        least: i64,
        /// At most.
        most: i64,
    },
    /// True or false.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of at most so many.
    List(&'static Shape, usize),
    /// Named values of one form.
    Map(&'static Shape),
    /// Fields.
    Object(&'static [Field]),
    /// A form with a name of its own in the descriptions.
    Named(&'static str, &'static Shape),
    /// The form, or null.
    Nullable(&'static Shape),
    /// Any of these forms.
    Either(&'static [&'static Shape]),
    /// Any JSON.
    Any,
}

/// A field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its form.
    pub shape: &'static Shape,
    /// Whether it has to be there.
    pub required: bool,
}

/// A field that has to be there.
pub const fn required(name: &'static str, shape: &'static Shape) -> Field {
    Field { name, shape, required: true }
}

/// A field that may be left out or null.
pub const fn optional(name: &'static str, shape: &'static Shape) -> Field {
    Field { name, shape, required: false }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// JSON pointer into the body; parameters stand below `/query`.
    pub pointer: String,
    /// What.
    pub message: String,
}

impl Wrong {
    /// A fault at a place.
    #[must_use]
    pub fn at(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into() }
    }
}

/// Most faults that one answer names.
const WRONG_MAX: usize = 20;

impl Shape {
    /// All that is wrong with a value that a client sent.
    #[must_use]
    pub fn check(&self, value: &Value) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        self.look(value, &mut String::new(), &mut wrong);
        wrong
    }

    fn look(&self, value: &Value, at: &mut String, wrong: &mut Vec<Wrong>) {
        if wrong.len() >= WRONG_MAX {
            return;
        }
        let mut fault = |message: String| wrong.push(Wrong { pointer: at.clone(), message });
        match self {
            Self::Text { least, most } => match value.as_str().map(str::len) {
                None => fault("is a text".into()),
                Some(len) if len < *least => fault(format!("has at least {least} characters")),
                Some(len) if len > *most => fault(format!("has at most {most} octets")),
                Some(_) => {}
            },
            Self::Instant => {
                if value.as_str().is_none_or(|text| text.parse::<jiff::Timestamp>().is_err()) {
                    fault("is an instant as RFC 3339 has it".into());
                }
            }
            Self::Number { least, most } => match value.as_i64() {
                Some(n) if (*least..=*most).contains(&n) => {}
                _ => fault(format!("is a whole number from {least} to {most}")),
            },
            Self::Flag => {
                if !value.is_boolean() {
                    fault("is true or false".into());
                }
            }
            Self::Word(words) => {
                if value.as_str().is_none_or(|word| !words.contains(&word)) {
                    fault(format!("is one of {}", words.join(", ")));
                }
            }
            Self::List(shape, most) => match value.as_array() {
                None => fault("is a list".into()),
                Some(list) if list.len() > *most => fault(format!("has at most {most} entries")),
                Some(list) => {
                    for (n, entry) in list.iter().enumerate() {
                        step(at, &n.to_string(), |at| shape.look(entry, at, wrong));
                    }
                }
            },
            Self::Map(shape) => match value.as_object() {
                None => fault("is an object".into()),
                Some(map) => {
                    for (name, entry) in map {
                        step(at, name, |at| shape.look(entry, at, wrong));
                    }
                }
            },
            Self::Object(fields) => match value.as_object() {
                None => fault("is an object".into()),
                Some(map) => look_at_fields(fields, map, at, wrong),
            },
            Self::Named(_, shape) => shape.look(value, at, wrong),
            Self::Nullable(shape) => {
                if !value.is_null() {
                    shape.look(value, at, wrong);
                }
            }
            Self::Either(shapes) => {
                // The fault of the form that came nearest says most: the one of the same JSON type, else the first.
                let tries: Vec<Vec<Wrong>> = shapes.iter().map(|shape| shape.check(value)).collect();
                if tries.iter().any(Vec::is_empty) {
                    return;
                }
                let near = tries.iter().find(|found| found.iter().any(|fault| !fault.pointer.is_empty()));
                let near = near.or(tries.first()).cloned().unwrap_or_default();
                wrong
                    .extend(near.into_iter().map(|fault| Wrong { pointer: format!("{at}{}", fault.pointer), ..fault }));
            }
            Self::Any => {}
        }
    }

    /// The JSON Schema (2020-12) of this form. Named forms go to `named` and are referred to below `refs`.
    pub fn schema(&self, open: bool, refs: &str, named: &mut Map<String, Value>) -> Value {
        match self {
            Self::Text { least, most } => {
                let mut schema = json!({ "type": "string" });
                bound(&mut schema, "minLength", (*least > 0).then_some(*least));
                bound(&mut schema, "maxLength", (*most < usize::MAX).then_some(*most));
                schema
            }
            Self::Instant => json!({ "type": "string", "format": "date-time" }),
            Self::Number { least, most } => {
                let mut schema = json!({ "type": "integer", "minimum": least });
                bound(&mut schema, "maximum", (*most < i64::MAX).then_some(*most));
                schema
            }
            Self::Flag => json!({ "type": "boolean" }),
            // Clients have to bear new words, so an answer's list is what is known today.
            Self::Word(words) if open => json!({ "type": "string", "examples": words }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
            Self::List(shape, most) => {
                let mut schema = json!({ "type": "array", "items": shape.schema(open, refs, named) });
                bound(&mut schema, "maxItems", (*most < usize::MAX).then_some(*most));
                schema
            }
            Self::Map(shape) => {
                json!({ "type": "object", "additionalProperties": shape.schema(open, refs, named) })
            }
            Self::Object(fields) => {
                let properties: Map<String, Value> = fields
                    .iter()
                    .map(|field| {
                        let shape = field.shape.schema(open, refs, named);
                        let may_be_null = !field.required && !open;
                        (field.name.to_owned(), if may_be_null { or_null(shape) } else { shape })
                    })
                    .collect();
                let needed: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
                json!({
                    "type": "object", "properties": properties, "required": needed, "additionalProperties": open,
                })
            }
            Self::Named(name, shape) => {
                if !named.contains_key(*name) {
                    named.insert((*name).to_owned(), Value::Null);
                    let schema = shape.schema(open, refs, named);
                    named.insert((*name).to_owned(), schema);
                }
                json!({ "$ref": format!("{refs}{name}") })
            }
            Self::Nullable(shape) => or_null(shape.schema(open, refs, named)),
            Self::Either(shapes) => {
                json!({ "anyOf": shapes.iter().map(|shape| shape.schema(open, refs, named)).collect::<Vec<_>>() })
            }
            Self::Any => json!({}),
        }
    }
}

fn look_at_fields(fields: &[Field], map: &Map<String, Value>, at: &mut String, wrong: &mut Vec<Wrong>) {
    for field in fields {
        match map.get(field.name) {
            None if field.required => wrong.push(Wrong::at(&format!("{at}/{}", field.name), "is missing")),
            None => {}
            Some(Value::Null) if !field.required => {}
            Some(value) => step(at, field.name, |at| field.shape.look(value, at, wrong)),
        }
    }
    for name in map.keys().filter(|name| fields.iter().all(|field| field.name != **name)) {
        step(at, name, |at| wrong.push(Wrong::at(at, "is not known here")));
    }
}

/// Goes one token deeper, escaped as RFC 6901 has it.
fn step(at: &mut String, token: &str, look: impl FnOnce(&mut String)) {
    let len = at.len();
    at.push('/');
    at.push_str(&token.replace('~', "~0").replace('/', "~1"));
    look(at);
    at.truncate(len);
}

fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn bound(schema: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(value), Some(map)) = (value, schema.as_object_mut()) {
        map.insert(name.to_owned(), value.into());
    }
}

/// A checked object, read by field.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    /// The fields of a value; none when it is no object.
    #[must_use]
    pub fn of(value: &'a Value) -> Self {
        Self(value.as_object())
    }

    /// A field; null counts as left out.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.and_then(|map| map.get(name)).filter(|value| !value.is_null())
    }

    /// Whether a field is there, null or not.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.is_some_and(|map| map.contains_key(name))
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(Value::as_u64)
    }

    /// A flag.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }

    /// An object; an empty one when it was left out.
    #[must_use]
    pub fn object(&self, name: &str) -> Fields<'a> {
        Self(self.get(name).and_then(Value::as_object))
    }

    /// A list of texts; empty when it was left out.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<&'a str> {
        self.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Named texts; empty when they were left out.
    #[must_use]
    pub fn named(&self, name: &str) -> std::collections::BTreeMap<String, String> {
        let map = self.get(name).and_then(Value::as_object).into_iter().flatten();
        map.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Shape = Shape::Object(&[
        required("to", &Shape::Text { least: 1, most: 4 }),
        optional(
            "from",
            &Shape::Either(&[&Shape::Text { least: 1, most: 4 }, &Shape::Object(&[required("n", &Shape::Flag)])]),
        ),
        optional("a/b", &Shape::List(&Shape::Number { least: 0, most: 9 }, 2)),
    ]);

    fn faults(value: Value) -> Vec<(String, String)> {
        BODY.check(&value).into_iter().map(|wrong| (wrong.pointer, wrong.message)).collect()
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        assert_eq!(faults(json!({ "to": "1", "from": null })), []);
        let found = faults(json!({ "tow": 1, "a/b": [1, 10], "from": { "n": 3 } }));
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["/to", "/from/n", "/a~1b/1", "/tow"]);
        assert_eq!(faults(json!([])), [(String::new(), "is an object".to_owned())]);
        assert_eq!(faults(json!({ "to": "12345" })).len(), 1);
    }
}
