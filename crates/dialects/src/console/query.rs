//! Query strings: every parameter is declared by its operation, an unknown or wrong one is refused.

use super::operation::Operation;
use super::problem::{Done, Problem};
use super::shape::{Shape, Wrong};
use serde_json::Value;

/// Parameters of one request.
const PARAMS_MAX: usize = 64;

/// A parsed query string.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Takes a query string apart.
    ///
    /// # Errors
    ///
    /// When it has too many parameters.
    pub fn parse(text: &str) -> Done<Self> {
        let params: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
            .take(PARAMS_MAX + 1)
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        if params.len() > PARAMS_MAX {
            return Err(Problem::one_value("/query", format!("has at most {PARAMS_MAX} parameters")));
        }
        Ok(Self(params))
    }

    /// A parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// A flag.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// A list, written with commas or by repetition.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).peekable();
        values.peek()?;
        Some(values.flat_map(|(_, value)| value.split(',')).filter(|entry| !entry.is_empty()).collect())
    }

    /// All parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Holds the parameters against what the operation declares.
    ///
    /// # Errors
    ///
    /// `value`, with every parameter that is unknown or wrong.
    pub fn check(&self, operation: &Operation) -> Done<()> {
        let mut wrong = Vec::new();
        for (name, value) in self.iter() {
            let pointer = format!("/query/{name}");
            match operation.query.iter().find(|param| param.name == name) {
                None if name == "min_seq" && operation.method.is_read() => {
                    look(&super::wire::COUNT, value, &pointer, &mut wrong);
                }
                None => wrong.push(Wrong { pointer, message: "is not known here".to_owned() }),
                Some(param) => look(param.shape, value, &pointer, &mut wrong),
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Problem::value(wrong)) }
    }
}

fn look(shape: &Shape, text: &str, pointer: &str, wrong: &mut Vec<Wrong>) {
    let value = match shape {
        Shape::Number { .. } => text.parse::<i64>().map_or(Value::Null, Value::from),
        Shape::Flag => text.parse::<bool>().map_or(Value::Null, Value::from),
        Shape::List(..) if text.is_empty() => Value::Array(Vec::new()),
        Shape::List(..) => text.split(',').collect(),
        Shape::Text { .. }
        | Shape::Instant
        | Shape::Word(_)
        | Shape::Map(_)
        | Shape::Object(_)
        | Shape::Named(..)
        | Shape::Nullable(_)
        | Shape::Either(_)
        | Shape::Any => Value::from(text),
    };
    wrong.extend(
        shape.check(&value).into_iter().map(|fault| Wrong { pointer: format!("{pointer}{}", fault.pointer), ..fault }),
    );
}
