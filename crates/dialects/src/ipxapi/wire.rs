//! Bodies and parameters: JSON objects flat or wrapped in `data`, query strings, `q` (IPX-AUTH-16, IPX-CMD-41).

use super::error::Fault;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use switching::party::Digits;

/// Octets of a request's body.
pub const BODY_MAX: usize = 65_536;
/// Octets of what is sent back as `transactionID`.
const TRANSACTION_LEN_MAX: usize = 64;
/// What all bodies are.
const JSON: &str = "application/json; charset=utf-8";
/// The largest reference (IPX-LIM-18).
pub const REFERENCE_MAX: u64 = i32::MAX as u64;

/// What a call command brought.
#[derive(Debug, Default)]
pub struct Parameters {
    fields: Map<String, Value>,
    /// Sent back unchanged.
    pub transaction: Option<Value>,
}

impl Parameters {
    /// Reads a query string and a body. A body wins over the query; `data` over what stands beside it.
    ///
    /// # Errors
    ///
    /// 400 where body or `q` is not a JSON object.
    pub fn read(query: Option<&str>, body: &[u8]) -> Result<Self, Fault> {
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "q" => fields.extend(object(value.as_bytes())?),
                // Repeated, or with commas between (IPX-PRES-02).
                "deviceNumber" => {
                    value.split(',').for_each(|number| push(&mut fields, "deviceNumber", Value::String(number.into())));
                }
                "transactionID" => drop(fields.insert(name.into_owned(), queried(&value))),
                _ => drop(fields.insert(name.into_owned(), Value::String(value.into_owned()))),
            }
        }
        if !body.trim_ascii().is_empty() {
            fields.extend(object(body)?);
        }
        let transaction = fields.remove("transactionID").filter(is_transaction);
        if let Some(Value::Object(data)) = fields.remove("data") {
            fields.extend(data);
        }
        Ok(Self { fields, transaction })
    }

    /// Whether there is such a parameter.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A number to dial or of a terminal. JSON numbers are taken too.
    ///
    /// # Errors
    ///
    /// 111 where it is missing or malformed.
    pub fn digits(&self, name: &str) -> Result<Digits, Fault> {
        digits(self.fields.get(name).ok_or(Fault::VALUE)?)
    }

    /// A text as it came; none where it is missing or of another type.
    #[must_use]
    pub fn text_of_any_case(&self, name: &str) -> Option<String> {
        let (_, value) = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A list of numbers of terminals, at most `most` of them. One number stands for a list of one.
    ///
    /// # Errors
    ///
    /// 111 where it is missing, empty, too long or no list.
    pub fn list(&self, name: &str, most: usize) -> Result<Vec<String>, Fault> {
        let items = match self.fields.get(name).ok_or(Fault::VALUE)? {
            Value::Array(items) => items.clone(),
            one @ (Value::String(_) | Value::Number(_)) => vec![one.clone()],
            Value::Null | Value::Bool(_) | Value::Object(_) => return Err(Fault::VALUE),
        };
        if items.is_empty() || items.len() > most {
            return Err(Fault::VALUE);
        }
        let text = |item: &Value| match item {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Fault::VALUE),
        };
        items.iter().map(text).collect()
    }

    /// A positive integer of at most `most`.
    ///
    /// # Errors
    ///
    /// 111.
    pub fn positive(&self, name: &str, most: u64) -> Result<u64, Fault> {
        let value = match self.fields.get(name).ok_or(Fault::VALUE)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        value.filter(|value| (1..=most).contains(value)).ok_or(Fault::VALUE)
    }
}

fn object(octets: &[u8]) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(octets) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(Fault::PARAMETER),
    }
}

/// The number of a transaction in a query string, where nothing has a type: a positive integer is one, as the vendor has it.
fn queried(text: &str) -> Value {
    let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    number.map_or_else(|| text.into(), Value::from)
}

/// Repeated parameters make a list.
fn push(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match fields.get_mut(name) {
        None => drop(fields.insert(name.to_owned(), value)),
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

fn digits(value: &Value) -> Result<Digits, Fault> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(Fault::VALUE),
    };
    let plain = |text: &str| {
        let (first, rest) = text.split_at(usize::from(text.starts_with('+')));
        (first.len() + rest.len() > first.len()) && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'))
    };
    if plain(&text) { Digits::parse(&text).ok_or(Fault::VALUE) } else { Err(Fault::VALUE) }
}

/// Whole numbers of 53 bits and short texts are sent back (IPX-CMD-41).
fn is_transaction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_u64().is_some_and(|number| number < 1 << 53),
        Value::String(text) => text.len() <= TRANSACTION_LEN_MAX,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// An answer's body: a value under its name, after the number of the transaction.
#[must_use]
pub fn body(name: &str, value: Value, transaction: Option<&Value>) -> Response {
    let mut fields = Map::new();
    if let Some(transaction) = transaction {
        fields.insert("transactionID".to_owned(), transaction.clone());
    }
    fields.insert(name.to_owned(), value);
    json_body(&Value::Object(fields)).into_response()
}

/// The body of an error (IPX-ERR-01).
#[must_use]
pub fn error_body(code: u16, message: &str, transaction: Option<&Value>) -> Response {
    body("error", json!({ "code": code, "message": message }), transaction)
}

/// A JSON body with the type that the vendor's answers have.
#[must_use]
pub fn json_body(value: &Value) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, JSON)], value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, body: &str) -> Parameters {
        Parameters::read(Some(query), body.as_bytes()).expect("it can be read")
    }

    #[test]
    fn flat_wrapped_and_queried_parameters_are_the_same() {
        let forms = [
            read("", r#"{"deviceNumber":"1000","callRefID":7,"transactionID":15}"#),
            read("", r#"{"transactionID":15,"data":{"deviceNumber":1000,"callRefID":"7"}}"#),
            read("q=%7B%22deviceNumber%22%3A%221000%22%2C%22callRefID%22%3A7%2C%22transactionID%22%3A15%7D", ""),
        ];
        for form in forms {
            assert_eq!(form.digits("deviceNumber").map(|digits| digits.to_string()), Ok("1000".to_owned()));
            assert_eq!(form.positive("callRefID", REFERENCE_MAX), Ok(7));
            assert_eq!(form.transaction, Some(json!(15)));
        }
        for (text, echo) in [
            ("5", json!(5)),
            ("1699999999999", json!(1_699_999_999_999_u64)),
            ("05", json!("05")),
            ("a-1", json!("a-1")),
        ] {
            assert_eq!(read(&format!("transactionID={text}"), "").transaction, Some(echo));
        }
        assert_eq!(read("", r#"{"transactionID":"5"}"#).transaction, Some(json!("5")), "as it was typed");
        let repeated = read("deviceNumber=1000&deviceNumber=1001", "");
        assert_eq!(repeated.list("deviceNumber", 100), Ok(vec!["1000".to_owned(), "1001".to_owned()]));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_code() {
        assert_eq!(Parameters::read(None, b"[1]").map(|_| ()), Err(Fault::PARAMETER));
        assert_eq!(Parameters::read(Some("q=nonsense"), b"").map(|_| ()), Err(Fault::PARAMETER));
        let wrong = read("", r#"{"deviceNumber":"10 00","callRefID":0,"calledDN":"+","list":[]}"#);
        for (name, fault) in [("deviceNumber", Fault::VALUE), ("calledDN", Fault::VALUE), ("none", Fault::VALUE)] {
            assert_eq!(wrong.digits(name).map(|_| ()), Err(fault));
        }
        assert_eq!(wrong.positive("callRefID", REFERENCE_MAX), Err(Fault::VALUE));
        assert_eq!(wrong.list("list", 100), Err(Fault::VALUE));
    }
}
