//! JSON whose keys keep their order, and also those that occur twice (VOI-C2C-01: the first counts; VOI-LOG-06: request order).

use crate::common::json::push_text;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Values by name. Names that we write are known beforehand and cost nothing.
pub type Fields = Vec<(Cow<'static, str>, Json)>;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// Values.
    Array(Vec<Json>),
    /// Values by name, in this order.
    Object(Fields),
}

impl Json {
    /// Reads one value and nothing after it. Nesting is bounded by `serde_json` (128).
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        serde_json::from_slice(octets).ok()
    }

    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A whole number.
    #[must_use]
    pub fn number(number: impl Into<i128>) -> Self {
        Self::Number(number.into().to_string())
    }

    /// Values by name.
    #[must_use]
    pub fn object<const N: usize>(fields: [(&'static str, Self); N]) -> Self {
        Self::of_fields(fields)
    }

    /// Values by name, as many as come.
    #[must_use]
    pub fn of_fields(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// Writes it without blanks.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.push(&mut out);
        out
    }

    /// Writes it at the end of `out`.
    pub fn push(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number),
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
                for (n, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    push_text(out, name);
                    out.push(':');
                    value.push(out);
                }
                out.push('}');
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::number(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::number(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        // Never infinite: such a number is refused by the tokenizer.
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = values.next_element()? {
            all.push(value);
        }
        Ok(Json::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some((name, value)) = fields.next_entry::<String, Json>()? {
            all.push((Cow::Owned(name), value));
        }
        Ok(Json::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_in_order_and_with_doubles() {
        for text in [
            "{\"z\":[0,null,-1,1.5],\"a\":\"\\\"x\\\" [\\\\]\\n\\r\\t\\u0001é\",\"z\":{}}",
            "[]",
            "\"\"",
            "true",
            "18446744073709551615",
        ] {
            assert_eq!(Json::parse(text.as_bytes()).expect(text).write(), text);
        }
        for wrong in ["", "{", "{}x", "{\"a\":1,}", "nul", "01", "\"\u{1}\"", "'a'", "1e999"] {
            assert_eq!(Json::parse(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Json::parse(b"\"\xff\""), None, "octets that are no UTF-8");
        assert_eq!(Json::parse("[".repeat(100_000).as_bytes()), None, "deeper than anything needs");
    }
}
