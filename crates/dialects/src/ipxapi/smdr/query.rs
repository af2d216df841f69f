//! The query language (IPX-QRY-01 to 11): from JSON to a condition, and whether a row fulfils it.

use super::json::Json;
use jiff::civil::{Date, DateTime};
use std::cmp::Ordering;

/// The fields of a row, by the names that queries use (IPX-SMDR-05, 11).
pub const FIELDS: [&str; 12] = [
    "Index",
    "callRefID",
    "StationNumber",
    "CoNumber",
    "Duration",
    "StartTime",
    "Direction",
    "DialedNumber1",
    "Cost",
    "AccountCode",
    "DialedNumber2",
    "DisconnectCause",
];

/// Fields that hold numbers of telephones and codes.
const NUMBERS: [&str; 4] = ["StationNumber", "DialedNumber1", "DialedNumber2", "AccountCode"];

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// All hold.
    All(Vec<Expr>),
    /// One holds.
    Any(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// The field equals the value.
    Equal(String, String),
    /// The whole field matches the pattern.
    Like(String, String),
    /// The field compares so with the value.
    Compare(String, Relation, String),
}

/// A comparison (IPX-QRY-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `$>`
    Greater,
    /// `$>=`
    GreaterOrEqual,
    /// `$<`
    Less,
    /// `$<=`
    LessOrEqual,
}

/// What is asked beside the condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Only how many there are.
    pub count_only: Option<bool>,
    /// At most so many rows; 0: as many as an answer holds.
    pub max_count: Option<usize>,
}

impl Options {
    /// Whether this names an option.
    #[must_use]
    pub fn has(name: &str) -> bool {
        matches!(name, "countOnly" | "maxCount")
    }

    /// Sets an option. None: it cannot have this value.
    pub fn set(&mut self, name: &str, value: &str) -> Option<()> {
        if name == "countOnly" {
            self.count_only = Some(match value.to_ascii_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => return None,
            });
        } else {
            let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            self.max_count = Some(if digits { value.parse().unwrap_or(usize::MAX) } else { return None });
        }
        Some(())
    }
}

impl Expr {
    /// Equality of a field that is known.
    #[must_use]
    pub fn equals(field: &str, value: &str) -> Self {
        Self::Equal(field.to_owned(), value.to_owned())
    }

    /// A plain pair of the query string. None: no such field.
    #[must_use]
    pub fn plain(field: &str, value: &str, known: &[&str]) -> Option<Self> {
        Some(Self::Equal(name(field, known)?, value.to_owned()))
    }

    /// The condition of an object; options are taken out where they may stand. None: an unknown operator or field, or another shape.
    #[must_use]
    pub fn read(json: &Json, known: &[&str], mut options: Option<&mut Options>) -> Option<Self> {
        let Json::Object(members) = json else { return None };
        let mut all = Vec::with_capacity(members.len());
        for (member, value) in members {
            match member.as_str() {
                "$not" => all.push(Self::Not(Box::new(Self::read(value, known, None)?))),
                "$or" => all.push(Self::Any(list(value, known)?)),
                "$and" => all.push(any_of_same_field(list(value, known)?)),
                "$regex" => all.push(fields(value, known, Self::Like)?),
                "$>" => all.push(compared(value, known, Relation::Greater)?),
                "$>=" => all.push(compared(value, known, Relation::GreaterOrEqual)?),
                "$<" => all.push(compared(value, known, Relation::Less)?),
                "$<=" => all.push(compared(value, known, Relation::LessOrEqual)?),
                option if Options::has(option) => options.as_deref_mut()?.set(option, scalar(value)?)?,
                field => all.push(Self::Equal(name(field, known)?, scalar(value)?.to_owned())),
            }
        }
        Some(Self::All(all))
    }

    /// Whether a row fulfils it; `field` gives a field as text.
    pub fn holds(&self, field: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|it| it.holds(field)),
            Self::Any(any) => any.iter().any(|it| it.holds(field)),
            Self::Not(it) => !it.holds(field),
            Self::Equal(name, value) => field(name).is_some_and(|found| equal(name, &found, value)),
            Self::Like(name, pattern) => field(name).is_some_and(|found| like(&found, pattern)),
            Self::Compare(name, relation, value) => field(name).is_some_and(|found| compare(&found, *relation, value)),
        }
    }
}

/// A field under the name that rows have, from that or a name it has under other settings (IPX-SMDR-11).
fn name(field: &str, known: &[&str]) -> Option<String> {
    let field = match field {
        "CLI Number" | "CPN Number" | "Ring Duration" if !known.contains(&field) => "DialedNumber1",
        field => field,
    };
    known.contains(&field).then(|| field.to_owned())
}

fn scalar(json: &Json) -> Option<&str> {
    match json {
        Json::Word(word) if word != "null" => Some(word),
        Json::Text(text) => Some(text),
        Json::Word(_) | Json::List(_) | Json::Object(_) => None,
    }
}

fn list(json: &Json, known: &[&str]) -> Option<Vec<Expr>> {
    let Json::List(items) = json else { return None };
    items.iter().map(|item| Expr::read(item, known, None)).collect()
}

fn fields(json: &Json, known: &[&str], make: impl Fn(String, String) -> Expr) -> Option<Expr> {
    let Json::Object(members) = json else { return None };
    let each = members.iter().map(|(field, value)| Some(make(name(field, known)?, scalar(value)?.to_owned())));
    each.collect::<Option<Vec<_>>>().map(Expr::All)
}

fn compared(json: &Json, known: &[&str], relation: Relation) -> Option<Expr> {
    fields(json, known, |field, value| Expr::Compare(field, relation, value))
}

/// Inside one `$and`, lone equalities of one field with different values are alternatives (IPX-QRY-06).
fn any_of_same_field(items: Vec<Expr>) -> Expr {
    let mut all: Vec<Expr> = Vec::new();
    let mut equal: Vec<(String, Vec<Expr>)> = Vec::new();
    for item in items {
        match item {
            Expr::All(mut members) if members.len() == 1 && matches!(members[0], Expr::Equal(..)) => {
                let Some(Expr::Equal(field, value)) = members.pop() else { continue };
                let clause = Expr::Equal(field.clone(), value);
                match equal.iter_mut().find(|(known, _)| *known == field) {
                    Some((_, values)) => values.push(clause),
                    None => equal.push((field, vec![clause])),
                }
            }
            other => all.push(other),
        }
    }
    all.extend(equal.into_iter().map(|(_, values)| Expr::Any(values)));
    Expr::All(all)
}

/// Equality after coercion (IPX-QRY-11). What is dialled is a text: 0100 is not 100.
fn equal(name: &str, found: &str, value: &str) -> bool {
    if NUMBERS.contains(&name) {
        return found == value;
    }
    found == value
        || matches!((decimal(found), decimal(value)), (Some(a), Some(b)) if a == b)
        || matches!((instant(found), instant(value)), (Some(a), Some(b)) if a == b)
}

fn compare(found: &str, relation: Relation, value: &str) -> bool {
    let day = value.trim().len() == "YYYY-MM-DD".len() && instant(value).is_some();
    let order = if let (Some(a), Some(b)) = (decimal(found), decimal(value)) {
        a.cmp(&b)
    } else if let (Some(a), Some(b)) = (instant(found), instant(value)) {
        a.cmp(&b)
    } else if let (Some(a), Some(b)) = (seconds(found), seconds(value)) {
        a.cmp(&b)
    } else {
        found.cmp(value)
    };
    match relation {
        // Since a day includes all of that day (IPX-QRY-09).
        Relation::Greater => order == Ordering::Greater || (day && order == Ordering::Equal),
        Relation::GreaterOrEqual => order != Ordering::Less,
        Relation::Less => order == Ordering::Less,
        Relation::LessOrEqual => order != Ordering::Greater,
    }
}

/// A whole number.
pub(super) fn decimal(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// `YYYY-MM-DD`, with `hh:mm` or `hh:mm:ss`: its first instant (IPX-QRY-09).
pub(super) fn instant(text: &str) -> Option<DateTime> {
    let text = text.trim();
    match text.len() {
        10 => text.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0)),
        16 => format!("{text}:00").replacen(' ', "T", 1).parse().ok(),
        19 => text.replacen(' ', "T", 1).parse().ok(),
        _ => None,
    }
}

/// `hh:mm:ss` in seconds.
fn seconds(text: &str) -> Option<u64> {
    let mut parts = text.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let fits = parts.next().is_none() && minutes < 60 && seconds < 60;
    if fits { hours.checked_mul(3_600)?.checked_add(minutes * 60 + seconds) } else { None }
}

/// Shell-style matching of the whole text (IPX-QRY-07): `*` any run, `?` one character, `\` makes the next one literal.
fn like(text: &str, pattern: &str) -> bool {
    #[derive(PartialEq)]
    enum Part {
        Run,
        One,
        Literal(char),
    }
    let mut parts = Vec::new();
    let mut pattern = pattern.chars();
    while let Some(c) = pattern.next() {
        parts.push(match c {
            '*' => Part::Run,
            '?' => Part::One,
            '\\' => Part::Literal(pattern.next().unwrap_or('\\')),
            c => Part::Literal(c),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut part, mut retry) = (0, 0, None);
    while at < text.len() {
        match parts.get(part) {
            Some(Part::Run) => {
                part += 1;
                retry = Some((at, part));
            }
            Some(it) if *it == Part::One || *it == Part::Literal(text[at]) => (at, part) = (at + 1, part + 1),
            Some(_) | None => match retry {
                // The last run takes one character more.
                Some((from, after)) => {
                    (at, part) = (from + 1, after);
                    retry = Some((from + 1, after));
                }
                None => return false,
            },
        }
    }
    parts[part.min(parts.len())..].iter().all(|part| *part == Part::Run)
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
