//! Parameters of a request, however they came: query, form, multipart form, JSON (VOI-C2C-01, VOI-LOG-03, VOI-ADM-24).
//!
//! Names are compared without regard to case, names and values are trimmed, a value in the body comes before one in the query, and
//! of two in one place the first. What a value means is not decided here.

use super::json::{Fields, Json};
use super::multipart;
use std::collections::BTreeSet;

/// Parameters of one request.
pub const PARAMS_MAX: usize = 5_000;

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// Its content type is none that this interface has, or names another character set than UTF-8.
    Kind,
    /// It is not what its content type says.
    Malformed,
    /// It has more parameters than anything needs.
    TooMany,
    /// It is too long, or did not come to its end.
    Unread,
}

/// Parameters, those of the body and those of the query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    body: Vec<Field>,
    query: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// In lower case.
    name: String,
    /// As it came.
    spelled: String,
    value: Json,
}

impl Params {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`Bad`].
    pub fn read(query: &str, content_type: Option<&str>, body: &[u8]) -> Result<Self, Bad> {
        let query = form(query.as_bytes())?;
        let body = match encoding(content_type, body)? {
            Encoding::Nothing => Vec::new(),
            Encoding::Form => form(body)?,
            Encoding::Multipart(boundary) => {
                let fields = multipart::fields(boundary, body).ok_or(Bad::Malformed)?;
                fields.into_iter().map(|(name, value)| named(&name, Json::Text(value))).collect()
            }
            Encoding::Json => match Json::parse(body) {
                Some(Json::Object(fields)) if fields.len() > PARAMS_MAX => return Err(Bad::TooMany),
                Some(Json::Object(fields)) => fields.into_iter().map(|(name, value)| named(&name, value)).collect(),
                Some(_) | None => return Err(Bad::Malformed),
            },
        };
        Ok(Self { body, query })
    }

    /// What is heeded of a query whose request cannot be read as a whole: the form of the answer.
    #[must_use]
    pub fn form_of_answer(query: &str) -> Self {
        let query = form(query.as_bytes()).unwrap_or_default();
        Self { body: Vec::new(), query: query.into_iter().filter(|field| field.name == "format").collect() }
    }

    /// Parameters out of one JSON object.
    #[must_use]
    pub fn of_object(fields: Fields) -> Self {
        Self { body: fields.into_iter().map(|(name, value)| named(&name, value)).collect(), query: Vec::new() }
    }

    /// The value of a parameter as text; none: it is not there, or is no single value. The name is in lower case.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(as_text)
    }

    /// The same, where an empty text counts as absent.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// Whether a switch is on (VOI-C2C-02: `true`, `1`, `yes`, `on` in any case; all else is off).
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| is_on(&text))
    }

    /// The first value of a parameter, as it came.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Json> {
        self.body.iter().chain(&self.query).find(|field| field.name == name).map(|field| &field.value)
    }

    /// A list: the parameter repeated, with `[]` or `[n]` behind its name, an array, or texts with commas between.
    #[must_use]
    pub fn list(&self, names: &[&str]) -> Option<Vec<String>> {
        let of = |fields: &[Field]| {
            let fits = |known: &str| names.contains(&known.split('[').next().unwrap_or(known));
            let values: Vec<&Json> =
                fields.iter().filter(|field| fits(&field.name)).map(|field| &field.value).collect();
            (!values.is_empty()).then(|| values.into_iter().flat_map(items).collect())
        };
        of(&self.body).or_else(|| of(&self.query))
    }

    /// Parameters whose name begins so, spelled as they came, in the order in which they first appear, without doubles.
    #[must_use]
    pub fn beginning(&self, prefix: &str) -> Vec<(String, String)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for field in self.body.iter().chain(&self.query).filter(|field| field.name.starts_with(prefix)) {
            if let Some(text) = as_text(&field.value)
                && seen.insert(&field.name)
            {
                found.push((field.spelled.clone(), text));
            }
        }
        found
    }
}

/// Whether a text means yes.
#[must_use]
pub fn is_on(text: &str) -> bool {
    ["true", "1", "yes", "on"].iter().any(|on| text.eq_ignore_ascii_case(on))
}

enum Encoding<'a> {
    Nothing,
    Form,
    Multipart(&'a str),
    Json,
}

/// How a body is to be read; without a content type its first character tells (VOI-ADM-24).
fn encoding<'a>(content_type: Option<&'a str>, body: &[u8]) -> Result<Encoding<'a>, Bad> {
    let begin = body.trim_ascii_start().first();
    if begin.is_none() {
        return Ok(Encoding::Nothing);
    }
    let guessed = if begin.is_some_and(|first| matches!(first, b'{' | b'[')) { Encoding::Json } else { Encoding::Form };
    let Some(content_type) = content_type else { return Ok(guessed) };
    if !charset_fits(content_type) {
        return Err(Bad::Kind);
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Ok(Encoding::Form),
        "application/json" | "text/json" => Ok(Encoding::Json),
        "multipart/form-data" => multipart::boundary(content_type).map(Encoding::Multipart).ok_or(Bad::Malformed),
        "" | "text/plain" | "application/octet-stream" => Ok(guessed),
        _ => Err(Bad::Kind),
    }
}

fn charset_fits(content_type: &str) -> bool {
    let named = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    named.is_none_or(|charset| ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known)))
}

fn form(octets: &[u8]) -> Result<Vec<Field>, Bad> {
    let octets = octets.trim_ascii();
    let mut fields = Vec::new();
    for (name, value) in form_urlencoded::parse(octets) {
        if fields.len() >= PARAMS_MAX {
            return Err(Bad::TooMany);
        }
        fields.push(named(&name, Json::Text(value.into_owned())));
    }
    Ok(fields)
}

fn named(name: &str, value: Json) -> Field {
    let spelled = name.trim();
    Field { name: spelled.to_lowercase(), spelled: spelled.to_owned(), value }
}

fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some(String::new()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) => Some(number.clone()),
        Json::Text(text) => Some(text.trim().to_owned()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

fn items(value: &Json) -> Vec<String> {
    match value {
        Json::Array(values) => values.iter().filter_map(as_text).filter(|text| !text.is_empty()).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
            let text = as_text(value).unwrap_or_default();
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    fn read(query: &str, kind: Option<&str>, body: &str) -> Params {
        Params::read(query, kind, body.as_bytes()).expect("readable")
    }

    #[test]
    fn the_body_comes_first_and_of_two_the_first() {
        let params = read("Phone=1&phone=2&CODE=c&empty=", FORM, " \r\ntarget=%209 \r\n&TARGET=8&phone=3\r\n");
        assert_eq!(params.text("phone").as_deref(), Some("3"));
        assert_eq!(params.text("target").as_deref(), Some("9"));
        assert_eq!(params.text("code").as_deref(), Some("c"));
        assert_eq!((params.text("empty").as_deref(), params.given("empty")), (Some(""), None));
        assert_eq!(params.text("none"), None);
    }

    #[test]
    fn json_values_become_texts() {
        let body = r#"{"Phone":972500000000,"record":true,"target":null,"list":[1],"phone":"x"}"#;
        for kind in [Some("application/json; charset=UTF-8"), None, Some("text/plain")] {
            let params = read("", kind, body);
            assert_eq!(params.text("phone").as_deref(), Some("972500000000"), "{kind:?}");
            assert!(params.flag("record"));
            assert_eq!((params.text("target").as_deref(), params.given("target")), (Some(""), None));
            assert_eq!(params.text("list"), None, "no single value");
        }
    }

    #[test]
    fn switches_are_on_in_four_spellings() {
        let params = read("a=TRUE&b=1&c=Yes&d=oN&e=0&f=&g=true1", None, "");
        let on: Vec<bool> = ["a", "b", "c", "d", "e", "f", "g", "h"].iter().map(|name| params.flag(name)).collect();
        assert_eq!(on, [true, true, true, true, false, false, false, false]);
    }

    #[test]
    fn lists_come_in_every_spelling() {
        let list = |params: &Params| params.list(&["phones"]).expect("given").join(" ");
        assert_eq!(list(&read("phones=1&Phones=2&phones[]=3&phones[7]=4,%205", None, "")), "1 2 3 4 5");
        assert_eq!(list(&read("", None, r#"{"phones":["1",2,[3],null]}"#)), "1 2");
        assert_eq!(list(&read("phones=9", None, r#"{"PHONES":"1,2"}"#)), "1 2");
        assert_eq!(read("phone=1", None, "").list(&["phones"]), None);
    }

    #[test]
    fn names_that_begin_alike_keep_their_spelling() {
        let params = read("VAR_b=2&var_a=3", None, r#"{"var_A":1,"x":0,"var_c":[]}"#);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(params.beginning("var_"), [pair("var_A", "1"), pair("VAR_b", "2")]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (kind, body, expected) in [
            (Some("application/json"), "{\"a\":1", Bad::Malformed),
            (Some("application/json"), "[1]", Bad::Malformed),
            (Some("application/json"), "a=1", Bad::Malformed),
            (Some("application/json; charset=windows-1255"), "{}", Bad::Kind),
            (Some("text/xml"), "<methodCall/>", Bad::Kind),
            (Some("multipart/form-data"), "--x", Bad::Malformed),
            (Some("multipart/form-data; boundary=x"), "--y--", Bad::Malformed),
        ] {
            assert_eq!(Params::read("", kind, body.as_bytes()), Err(expected), "{kind:?} {body}");
        }
        let many = "a=1&".repeat(PARAMS_MAX + 1);
        assert_eq!(Params::read(&many, None, b""), Err(Bad::TooMany));
        assert_eq!(Params::read("", FORM, many.as_bytes()), Err(Bad::TooMany));
        assert_eq!(Params::read("", Some("text/xml"), b" "), Ok(Params::default()), "an empty body is none");
    }
}
