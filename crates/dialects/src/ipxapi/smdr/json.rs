//! JSON as the `q` parameter has it (IPX-QRY-02, 07, 10): all members of an object are kept, also where a name comes twice, and
//! the escapes `\$`, `\*` and `\?` that the vendor prints are understood.
//!
//! Bodies are read by serde_json; this reader is for `q` alone. Length, depth and number of values are bounded.

/// Octets of a text.
pub const LEN_MAX: usize = 16 * 1_024;
/// Nested objects and lists.
pub const DEPTH_MAX: usize = 16;
/// Values of all kinds.
pub const VALUES_MAX: usize = 1_000;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// A number, `true`, `false` or `null`, as written.
    Word(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in order, with duplicates.
    Object(Vec<(String, Json)>),
}

/// Reads a whole text. None: it is not JSON, or beyond a bound.
#[must_use]
pub fn read(text: &str) -> Option<Json> {
    if text.len() > LEN_MAX {
        return None;
    }
    let mut reader = Reader { text, at: 0, values: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    (reader.at == text.len()).then_some(value)
}

/// The JSON in the body of a Delete: as it is, or percent-encoded as a whole with or without `q=` before it (IPX-SMDR-04). Operators
/// hold `=`, so nothing is parted there.
#[must_use]
pub fn of_body(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body.trim_ascii()).ok()?;
    if text.starts_with('{') {
        return Some(text.to_owned());
    }
    let coded = text.strip_prefix("q=").unwrap_or(text);
    // Everything is the value of one name: what would part names and values is kept.
    let kept = coded.replace('&', "%26");
    form_urlencoded::parse(format!("q={kept}").as_bytes()).next().map(|(_, text)| text.into_owned())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return None;
        }
        self.blanks();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Json::Text),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.eat(b'{');
        let mut members = Vec::new();
        if self.eat(b'}') {
            return Some(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.string()?;
            if !self.eat(b':') {
                return None;
            }
            members.push((name, self.value(depth + 1)?));
            if self.eat(b'}') {
                return Some(Json::Object(members));
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        self.eat(b'[');
        let mut items = Vec::new();
        if self.eat(b']') {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Some(Json::List(items));
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    fn word(&mut self) -> Option<Json> {
        let rest = self.text.get(self.at..)?;
        let ends = |c: char| matches!(c, ',' | '}' | ']' | ' ' | '\t' | '\r' | '\n');
        let word = rest.split(ends).next()?;
        let known = matches!(word, "true" | "false" | "null") || is_number(word);
        self.at += word.len();
        known.then(|| Json::Word(word.to_owned()))
    }

    fn string(&mut self) -> Option<String> {
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let c = self.text.get(self.at..)?.chars().next()?;
            self.at += c.len_utf8();
            match c {
                '"' => return Some(out),
                '\\' => self.escape(&mut out)?,
                c if c < ' ' => return None,
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Option<()> {
        let c = self.peek()?;
        self.at += 1;
        match c {
            b'"' | b'\\' | b'/' | b'$' => out.push(char::from(c)),
            b'*' | b'?' => {
                out.push('\\');
                out.push(char::from(c));
            }
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let high = self.four()?;
                let code = if (0xd800..0xdc00).contains(&high) {
                    let low = self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"));
                    self.at += 2 * usize::from(low);
                    let low = if low { self.four()? } else { return None };
                    0x1_0000 + ((high - 0xd800) << 10) + low.checked_sub(0xdc00).filter(|low| *low < 0x400)?
                } else {
                    high
                };
                out.push(char::from_u32(code)?);
            }
            _ => return None,
        }
        Some(())
    }

    fn four(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        if hex { u32::from_str_radix(digits, 16).ok() } else { None }
    }
}

/// Whether this is a number of JSON (RFC 8259 section 6).
fn is_number(word: &str) -> bool {
    word.bytes().next().is_some_and(|b| b == b'-' || b.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_and_printed_escapes_are_kept() {
        let Some(Json::Object(members)) =
            read(r#" {"\$>": {"a": 1}, "$>": {"a": 2.5}, "p": "\*x\\*\u0041\ud83d\ude00"} "#)
        else {
            panic!("an object");
        };
        assert_eq!(members[0].0, "$>");
        assert_eq!(members[1].1, Json::Object(vec![("a".to_owned(), Json::Word("2.5".to_owned()))]));
        assert_eq!(members[2].1, Json::Text("\\*x\\*A😀".to_owned()));
    }

    #[test]
    fn what_is_not_json_or_too_much_is_refused() {
        let deep = format!("{}1{}", "[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1));
        let many = format!("[{}1]", "1,".repeat(VALUES_MAX));
        let long = format!("\"{}\"", "a".repeat(LEN_MAX));
        for wrong in
            ["", "{", "{]", "{\"a\"}", "{\"a\":}", "[1,]", "01", "tru", "\"\\x\"", "\"\\ud800\"", "1 2", "'a'", "+1"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for wrong in [deep, many, long] {
            assert_eq!(read(&wrong), None);
        }
    }
}
