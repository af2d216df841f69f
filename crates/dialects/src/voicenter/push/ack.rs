//! The server's acknowledgement: `err` and `errdesc`, as JSON or in a struct of XML-RPC, however broken (VOI-CDR-08).
//!
//! Names in any case, `err` as number or text, further members ignored. XML is looked through for a member of that name, not read as a
//! document: the vendor's own example is none.

use super::super::wire::Json;

/// What a body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// `err` 0.
    Taken,
    /// `err` 1: the server could not read what it got.
    CannotRead,
    /// `err` 2, or any other.
    Refused,
    /// There is no `err` in it.
    Unreadable,
}

impl Ack {
    /// Reads a body.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        let err = if text.starts_with('{') { of_json(text) } else { of_xml(text) };
        match err.as_deref().map(str::trim) {
            Some("0") => Self::Taken,
            Some("1") => Self::CannotRead,
            Some(_) => Self::Refused,
            None => Self::Unreadable,
        }
    }
}

fn of_json(text: &str) -> Option<String> {
    let Json::Object(fields) = Json::parse(text.as_bytes())? else { return None };
    fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("err")).and_then(|(_, value)| match value {
        Json::Text(text) | Json::Number(text) => Some(text),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    })
}

/// The first text behind the `value` that follows a `name` of `err`.
fn of_xml(text: &str) -> Option<String> {
    let mut pieces = Pieces(text);
    while let Some(piece) = pieces.next() {
        if matches!(piece, Piece::Text(name) if name.trim().eq_ignore_ascii_case("err")) {
            return value_of(&mut pieces);
        }
    }
    None
}

fn value_of(pieces: &mut Pieces<'_>) -> Option<String> {
    let mut inside = false;
    for piece in pieces {
        match piece {
            Piece::Tag(tag) if tag.eq_ignore_ascii_case("value") => inside = true,
            // The next member begins: this one has no value.
            Piece::Tag(tag) if tag.eq_ignore_ascii_case("member") => return None,
            Piece::Tag(_) => {}
            Piece::Text(text) if inside && !text.trim().is_empty() => return Some(text.trim().to_owned()),
            Piece::Text(_) => {}
        }
    }
    None
}

/// A tag's name (an end tag begins with `/`), or the text between two tags.
enum Piece<'a> {
    Tag(&'a str),
    Text(&'a str),
}

struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.0.is_empty() {
            return None;
        }
        if let Some(rest) = self.0.strip_prefix('<') {
            let (tag, rest) = rest.split_once('>').unwrap_or((rest, ""));
            self.0 = rest;
            return Some(Piece::Tag(tag.split([' ', '\t', '\r', '\n']).next().unwrap_or_default()));
        }
        let end = self.0.find('<').unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(Piece::Text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(err: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<methodResponse><params><param><value><struct>\n<member><name>errdesc</name><value>\
             <string>OK</string></value></member>\n<member><name>err</name>\n<value>{err}</value></member></struct></value>\
             </param></params></methodResponse>"
        )
    }

    #[test]
    fn every_spelling_is_read() {
        for (body, expected) in [
            (r#"{"err":"0","errdesc":"OK"}"#.to_owned(), Ack::Taken),
            (r#" {"Err":0,"Errdesc":"OK","got":{"err":2}} "#.to_owned(), Ack::Taken),
            (r#"{"ERR":1}"#.to_owned(), Ack::CannotRead),
            (r#"{"err":2,"errdesc":"no"}"#.to_owned(), Ack::Refused),
            (r#"{"err":"x"}"#.to_owned(), Ack::Refused),
            (xml("<int>0</int>"), Ack::Taken),
            (xml("<string> 0 </string>"), Ack::Taken),
            (xml("0").replace("methodResponse", "methodresponse"), Ack::Taken),
            (xml("<i4>1</i4>"), Ack::CannotRead),
            (xml("<string>2</string"), Ack::Refused),
            // As printed: the end of the first string is cut off.
            (
                "<methodresponse><member><name>err</name><value><string>1</string</value></member></methodresponse>"
                    .to_owned(),
                Ack::CannotRead,
            ),
        ] {
            assert_eq!(Ack::read(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn what_says_nothing_is_unreadable() {
        for body in [
            "",
            "OK",
            "<html>err</html>",
            "{}",
            "{\"err\":null}",
            "{\"err\":",
            "[0]",
            "<name>err</name><member><value>0",
        ] {
            assert_eq!(Ack::read(body.as_bytes()), Ack::Unreadable, "{body}");
        }
        assert_eq!(Ack::read(&[0xff, 0xfe, b'<']), Ack::Unreadable);
    }
}
