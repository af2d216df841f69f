//! Targets and parameters as clients really send them (FUS-FMT-01): the liberal forms cover the print errors of the guide.

/// Parameters of one request (FUS-LIM-09).
pub const PARAMETERS_MAX: usize = 200;
/// What all function paths begin with.
const ROOT: &str = "/xml/";

/// A function's name with its extension, and the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// The name, percent-decoded, any case.
    pub function: String,
    /// The part after the last dot of the name, lower case.
    pub extension: Option<String>,
    /// What follows `?`, or the first `&`.
    pub query: &'a [u8],
}

/// Takes a target apart; none: it is not under `/xml/`.
#[must_use]
pub fn target(raw: &[u8]) -> Option<Target<'_>> {
    let raw = origin_form(raw);
    let split = raw.iter().position(|b| matches!(b, b'?' | b'&'));
    let (path, query) = match split {
        Some(at) => (&raw[..at], &raw[at + 1..]),
        None => (raw, &[][..]),
    };
    let path = decode(path, false);
    let name = path.strip_prefix(ROOT)?.trim_end_matches(['>', ' ']);
    Some(match name.rsplit_once('.') {
        Some((function, extension)) => {
            Target { function: function.to_owned(), extension: Some(extension.to_ascii_lowercase()), query }
        }
        None => Target { function: name.to_owned(), extension: None, query },
    })
}

/// A proxy's client sends `http://host/path`.
fn origin_form(raw: &[u8]) -> &[u8] {
    let lower = raw.get(..8).map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    let scheme = [&b"http://"[..], b"https://"].into_iter().find(|scheme| lower.starts_with(scheme));
    let Some(scheme) = scheme else { return raw };
    let rest = &raw[scheme.len()..];
    rest.iter().position(|b| *b == b'/').map_or(&[][..], |at| &rest[at..])
}

/// More than [`PARAMETERS_MAX`] parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

/// The parameters of a request, decoded and rid of print errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query, then a form.
    ///
    /// # Errors
    ///
    /// [`TooMany`].
    pub fn parse(query: &[u8], form: &[u8]) -> Result<Self, TooMany> {
        let pairs = query.split(|b| *b == b'&').chain(form.split(|b| *b == b'&')).filter(|pair| !pair.is_empty());
        let pairs: Vec<_> = pairs.take(PARAMETERS_MAX + 1).map(pair).collect();
        if pairs.len() > PARAMETERS_MAX { Err(TooMany) } else { Ok(Self(pairs)) }
    }

    /// The value of a parameter; an empty one counts as not given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.even_empty(name).filter(|value| !value.is_empty())
    }

    /// The value of a parameter, empty or not. Names match exactly, else in any case; the last one counts.
    #[must_use]
    pub fn even_empty(&self, name: &str) -> Option<&str> {
        let last = |matches: &dyn Fn(&str) -> bool| self.0.iter().rev().find(|(given, _)| matches(given));
        let found = last(&|given| given == name).or_else(|| last(&|given| given.eq_ignore_ascii_case(name)))?;
        let value = found.1.as_str();
        Some(if name == "ext" { value.strip_suffix('=').unwrap_or(value).trim_end() } else { value })
    }

    /// A flag (FUS-FMT-14); other text is false.
    #[must_use]
    pub fn flag(&self, name: &str, unset: bool) -> bool {
        self.get(name)
            .map_or(unset, |value| ["1", "true", "yes", "on"].iter().any(|word| value.eq_ignore_ascii_case(word)))
    }
}

fn pair(raw: &[u8]) -> (String, String) {
    let (name, value) = match raw.iter().position(|b| *b == b'=') {
        Some(at) => (&raw[..at], &raw[at + 1..]),
        None => (raw, &[][..]),
    };
    (decode(name, true).trim().to_owned(), clean(&decode(value, true)))
}

/// Without surrounding blanks and one trailing quote.
fn clean(value: &str) -> String {
    let value = value.trim();
    value.strip_suffix('"').unwrap_or(value).trim().to_owned()
}

/// Percent decoding in which a `%` without two hex digits stands for itself. What is not UTF-8 is ISO 8859-1.
fn decode(raw: &[u8], plus_is_blank: bool) -> String {
    let mut octets = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                octets.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            (b'+', _) if plus_is_blank => octets.push(b' '),
            _ => octets.push(*first),
        }
    }
    text(octets)
}

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}
