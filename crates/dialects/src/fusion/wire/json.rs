//! JSON with its keys in the order in which the guide prints them (FUS-FMT-04).

use crate::common::json::push_text;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// Null.
    Null,
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
    /// Values.
    Array(Vec<Json>),
    /// Values by name, in this order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An object of one key.
    #[must_use]
    pub fn one(key: &str, value: Self) -> Self {
        Self::Object(vec![(key.to_owned(), value)])
    }

    /// An object of texts.
    #[must_use]
    pub fn texts<const N: usize>(fields: [(&str, String); N]) -> Self {
        Self::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), Self::Text(value))).collect())
    }

    /// Writes it without blanks.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.push(&mut out);
        out
    }

    fn push(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Text(text) => push_text(out, text),
            Self::Array(values) => {
                out.push('[');
                for (n, value) in values.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    value.push(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (n, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    push_text(out, key);
                    out.push(':');
                    value.push(out);
                }
                out.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_text_is_escaped() {
        let value = Json::Object(vec![
            ("z".to_owned(), Json::Array(vec![Json::Number(0), Json::Null])),
            ("a".to_owned(), Json::text("\"x\" [\\]\n\u{1}é")),
        ]);
        let text = value.write();
        assert_eq!(text, "{\"z\":[0,null],\"a\":\"\\\"x\\\" [\\\\]\\n\\u0001é\"}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
