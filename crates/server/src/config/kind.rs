//! What a setting may hold: its type, its range, and the field it goes into. Type and field stand in one variant, so that a
//! wrong pairing does not compile.

use super::network::Network;
use super::seed::Secret;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use switching::limits::BARRED_MAX;
use switching::party::Digits;
use toml::Spanned;
use toml::de::{DeArray, DeValue};

/// The word for "not at all", where a setting can be without value.
pub(super) const NONE: &str = "none";
/// Octets of a file name.
const PATH_LEN_MAX: usize = 4_096;
/// Ports below need a right on most systems and are not for media.
const PORT_MIN: u16 = 1_024;

type Field<T, X> = fn(&mut T) -> &mut X;

/// Type, range and field of one setting of `T`.
pub(super) enum Kind<T> {
    Flag(Field<T, bool>),
    Count {
        min: u32,
        max: u32,
        unit: &'static str,
        field: Field<T, u32>,
    },
    MaybeCount {
        min: u32,
        max: u32,
        unit: &'static str,
        field: Field<T, Option<u32>>,
    },
    Port(Field<T, u16>),
    Text {
        len_max: usize,
        field: Field<T, String>,
    },
    MaybeText {
        len_max: usize,
        field: Field<T, Option<String>>,
    },
    Texts {
        len_max: usize,
        field: Field<T, Vec<String>>,
    },
    Secret {
        len_max: usize,
        field: Field<T, Secret>,
    },
    MaybeSecret {
        len_max: usize,
        field: Field<T, Option<Secret>>,
    },
    Number(Field<T, Digits>),
    MaybeNumber(Field<T, Option<Digits>>),
    Numbers(Field<T, Vec<Digits>>),
    Choice {
        names: &'static [&'static str],
        set: fn(&mut T, usize),
    },
    Choices {
        names: &'static [&'static str],
        set: fn(&mut T, Vec<usize>),
    },
    MaybeAddress(Field<T, Option<SocketAddr>>),
    Addresses(Field<T, Vec<SocketAddr>>),
    MaybeIp(Field<T, Option<IpAddr>>),
    Networks(Field<T, Vec<Network>>),
    MaybeNetworks(Field<T, Option<Vec<Network>>>),
    Path(Field<T, PathBuf>),
    MaybePath(Field<T, Option<PathBuf>>),
    Zone(Field<T, String>),
    MaybeZone(Field<T, Option<String>>),
    Dids(Field<T, Vec<(Digits, Digits)>>),
    /// Texts by name, each of so many characters at most; where names are given, only these.
    Named(&'static [&'static str], usize, Field<T, BTreeMap<String, String>>),
}

/// Why a value does not fit.
pub(super) struct Misfit {
    pub(super) what: String,
    pub(super) instead: String,
}

impl<T> Kind<T> {
    /// What fits, as the end of "write ...".
    pub(super) fn expects(&self) -> String {
        let list = |names: &[&str]| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        match self {
            Self::Flag(_) => "true or false".into(),
            Self::Count { min, max, unit, .. } | Self::MaybeCount { min, max, unit, .. } => {
                let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
                format!("a whole number from {min} to {max}{unit}")
            }
            Self::Port(_) => format!("a port from {PORT_MIN} to {}", u16::MAX),
            Self::Text { len_max, .. } => format!("a text of 1 to {len_max} characters in quotes"),
            Self::MaybeText { len_max, .. } => format!("a text of 1 to {len_max} characters in quotes, or \"{NONE}\""),
            Self::Texts { len_max, .. } => {
                format!("a list of texts of 1 to {len_max} characters in quotes; [] for none")
            }
            Self::Secret { len_max, .. } | Self::MaybeSecret { len_max, .. } => {
                format!("a password of 1 to {len_max} characters in quotes")
            }
            Self::Number(_) | Self::MaybeNumber(_) => "a telephone number in quotes, such as \"1001\"".into(),
            Self::Numbers(_) => "a list of telephone numbers, such as [\"00\", \"0900\"]; [] for none".into(),
            Self::Choice { names, .. } => format!("one of {}", list(names)),
            Self::Choices { names, .. } => format!("a list of {}, in order of preference", list(names)),
            Self::MaybeAddress(_) => format!("\"address:port\", such as \"127.0.0.1:8088\", or \"{NONE}\""),
            Self::Addresses(_) => "a list of \"address:port\", such as [\"127.0.0.1:5060\"]; [] for none".into(),
            Self::MaybeIp(_) => format!("an IP address, such as \"203.0.113.7\", or \"{NONE}\""),
            Self::Networks(_) | Self::MaybeNetworks(_) => {
                "a list of addresses and networks, such as [\"127.0.0.0/8\", \"::1\"]".into()
            }
            Self::Path(_) => "the name of a directory in quotes".into(),
            Self::MaybePath(_) => "the name of a file in quotes".into(),
            Self::Zone(_) | Self::MaybeZone(_) => "an IANA time zone, such as \"Europe/Brussels\"".into(),
            Self::Dids(_) => "{ \"number outside\" = \"number inside\" }".into(),
            Self::Named([], len_max, _) => {
                format!("{{ \"name\" = \"text\" }}, texts of 1 to {len_max} characters")
            }
            Self::Named(names, len_max, _) => {
                format!("{{ name = \"text\" }}, names of {}, texts of 1 to {len_max} characters", names.join(" "))
            }
        }
    }

    /// Puts a value into its field.
    pub(super) fn put(&self, value: &DeValue<'_>, to: &mut T) -> Result<(), Misfit> {
        let misfit = |what: String| Misfit { what, instead: format!("write {}", self.expects()) };
        match self {
            Self::Flag(field) => *field(to) = flag(value).map_err(misfit)?,
            Self::Count { min, max, field, .. } => *field(to) = count(value, *min, *max).map_err(misfit)?,
            Self::MaybeCount { min, max, field, .. } => *field(to) = Some(count(value, *min, *max).map_err(misfit)?),
            Self::Port(field) => *field(to) = port(value).map_err(misfit)?,
            Self::Text { len_max, field } => *field(to) = text(value, *len_max).map_err(misfit)?.to_owned(),
            Self::MaybeText { len_max, field } => *field(to) = unless_none(text(value, *len_max).map_err(misfit)?),
            Self::Texts { len_max, field } => *field(to) = texts(value, *len_max).map_err(misfit)?,
            Self::Secret { len_max, field } => *field(to) = Secret::new(text(value, *len_max).map_err(misfit)?),
            Self::MaybeSecret { len_max, field } => {
                *field(to) = Some(Secret::new(text(value, *len_max).map_err(misfit)?));
            }
            Self::Number(field) => *field(to) = number(value).map_err(misfit)?,
            Self::MaybeNumber(field) => *field(to) = Some(number(value).map_err(misfit)?),
            Self::Numbers(field) => *field(to) = numbers(value).map_err(misfit)?,
            Self::Choice { names, set } => set(to, choice(value, names).map_err(misfit)?),
            Self::Choices { names, set } => set(to, choices(value, names).map_err(misfit)?),
            Self::MaybeAddress(field) => *field(to) = maybe(value, "an address with a port").map_err(misfit)?,
            Self::Addresses(field) => *field(to) = many(value, "an address with a port").map_err(misfit)?,
            Self::MaybeIp(field) => *field(to) = maybe(value, "an IP address").map_err(misfit)?,
            Self::Networks(field) => *field(to) = many(value, "an address or network").map_err(misfit)?,
            Self::MaybeNetworks(field) => *field(to) = Some(many(value, "an address or network").map_err(misfit)?),
            Self::MaybePath(field) => {
                *field(to) = Some(PathBuf::from(text(value, PATH_LEN_MAX).map_err(misfit)?));
            }
            Self::Path(field) => *field(to) = PathBuf::from(text(value, PATH_LEN_MAX).map_err(misfit)?),
            Self::Zone(field) => *field(to) = zone(value).map_err(misfit)?,
            Self::MaybeZone(field) => *field(to) = Some(zone(value).map_err(misfit)?),
            Self::Dids(field) => *field(to) = dids(value).map_err(misfit)?,
            Self::Named(names, len_max, field) => *field(to) = named(value, names, *len_max).map_err(misfit)?,
        }
        Ok(())
    }
}

/// How the value's type is called.
fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn wrong_type(value: &DeValue<'_>) -> String {
    format!("this is {}", type_of(value))
}

fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| wrong_type(value))
}

fn count(value: &DeValue<'_>, min: u32, max: u32) -> Result<u32, String> {
    let DeValue::Integer(digits) = value else { return Err(wrong_type(value)) };
    let fits = u32::from_str_radix(digits.as_str(), digits.radix()).ok().filter(|count| (min..=max).contains(count));
    fits.ok_or_else(|| format!("{digits} is out of range"))
}

fn port(value: &DeValue<'_>) -> Result<u16, String> {
    let count = count(value, u32::from(PORT_MIN), u32::from(u16::MAX))?;
    u16::try_from(count).map_err(|_| format!("{count} is out of range"))
}

fn text<'v>(value: &'v DeValue<'_>, len_max: usize) -> Result<&'v str, String> {
    let text = value.as_str().ok_or_else(|| wrong_type(value))?;
    let length = text.chars().count();
    if text.chars().any(char::is_control) {
        return Err("control characters are not possible here".into());
    }
    match length {
        0 => Err("this is empty".into()),
        _ if length > len_max => Err(format!("{length} characters are too many")),
        _ => Ok(text),
    }
}

fn texts(value: &DeValue<'_>, len_max: usize) -> Result<Vec<String>, String> {
    list(value)?.iter().map(|item| text(item.get_ref(), len_max).map(str::to_owned)).collect()
}

fn unless_none(text: &str) -> Option<String> {
    (text != NONE).then(|| text.to_owned())
}

fn number(value: &DeValue<'_>) -> Result<Digits, String> {
    let text = value.as_str().ok_or_else(|| wrong_type(value))?;
    is_number(text).ok_or_else(|| format!("\"{text}\" is no telephone number"))
}

fn numbers(value: &DeValue<'_>) -> Result<Vec<Digits>, String> {
    let items = list(value)?;
    if items.len() > BARRED_MAX {
        return Err(format!("the list has more than {BARRED_MAX} numbers"));
    }
    items.iter().map(|item| number(item.get_ref())).collect()
}

/// What a person can dial: digits, `*`, `#`, and `+` at the start.
fn is_number(text: &str) -> Option<Digits> {
    let dialled = text.strip_prefix('+').unwrap_or(text);
    let clean = !dialled.is_empty() && dialled.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#');
    if clean { Digits::parse(text) } else { None }
}

fn choice(value: &DeValue<'_>, names: &[&str]) -> Result<usize, String> {
    let text = value.as_str().ok_or_else(|| wrong_type(value))?;
    let found = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    found.ok_or_else(|| format!("\"{text}\" is not known"))
}

fn list<'v, 'i>(value: &'v DeValue<'i>) -> Result<&'v DeArray<'i>, String> {
    value.as_array().ok_or_else(|| wrong_type(value))
}

fn choices(value: &DeValue<'_>, names: &[&str]) -> Result<Vec<usize>, String> {
    let mut chosen = Vec::new();
    for item in list(value)?.iter().map(Spanned::get_ref) {
        let one = choice(item, names)?;
        if chosen.contains(&one) {
            return Err(format!("\"{}\" stands here twice", names[one]));
        }
        chosen.push(one);
    }
    if chosen.is_empty() { Err("the list is empty".into()) } else { Ok(chosen) }
}

fn parsed<X: std::str::FromStr>(value: &DeValue<'_>, noun: &str) -> Result<X, String> {
    let text = value.as_str().ok_or_else(|| wrong_type(value))?;
    text.parse().map_err(|_| format!("\"{text}\" is not {noun}"))
}

fn maybe<X: std::str::FromStr>(value: &DeValue<'_>, noun: &str) -> Result<Option<X>, String> {
    if value.as_str() == Some(NONE) { Ok(None) } else { parsed(value, noun).map(Some) }
}

/// A list; one value alone is a list of one.
fn many<X: std::str::FromStr>(value: &DeValue<'_>, noun: &str) -> Result<Vec<X>, String> {
    if value.as_str().is_some() {
        return Ok(maybe(value, noun)?.into_iter().collect());
    }
    list(value)?.iter().map(|item| parsed(item.get_ref(), noun)).collect()
}

fn zone(value: &DeValue<'_>) -> Result<String, String> {
    let text = value.as_str().ok_or_else(|| wrong_type(value))?;
    let known = jiff::tz::TimeZone::get(text).is_ok();
    if known { Ok(text.to_owned()) } else { Err(format!("\"{text}\" is no time zone")) }
}

fn dids(value: &DeValue<'_>) -> Result<Vec<(Digits, Digits)>, String> {
    let table = value.as_table().ok_or_else(|| wrong_type(value))?;
    let pair = |(outside, inside): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let outside: &std::borrow::Cow<'_, str> = outside.get_ref();
        let from = is_number(outside).ok_or_else(|| format!("\"{outside}\" is no telephone number"))?;
        Ok((from, number(inside.get_ref())?))
    };
    table.iter().map(pair).collect()
}

fn named(value: &DeValue<'_>, names: &[&str], len_max: usize) -> Result<BTreeMap<String, String>, String> {
    let table = value.as_table().ok_or_else(|| wrong_type(value))?;
    let pair = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = name.get_ref();
        match names.is_empty() || names.contains(&name.as_ref()) {
            true => Ok((name.clone().into_owned(), text(value.get_ref(), len_max)?.to_owned())),
            false => Err(format!("\"{name}\" is not known")),
        }
    };
    table.iter().map(pair).collect()
}
