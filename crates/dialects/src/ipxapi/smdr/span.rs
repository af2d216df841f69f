//! Where the records that fulfil a condition can lie, so that only these are read: a bound on their numbers, on their beginning, and
//! the station that took part. Always at least as wide as the condition; the condition itself still decides.

use super::query::{Expr, Relation, decimal, instant};
use jiff::civil::DateTime;
use std::ops::Range;
use switching::party::Digits;

/// `StartTime` has no seconds: a call began within this after what its row says, in seconds.
const TRUNCATED_S: i64 = 60;

/// A range of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Numbers of calls.
    pub calls: Range<u64>,
    /// They began at or after this.
    pub from: DateTime,
    /// They began before this.
    pub to: DateTime,
    /// This station took part.
    pub station: Option<Digits>,
}

impl Span {
    /// All records.
    pub const ALL: Self = Self { calls: 0..u64::MAX, from: DateTime::MIN, to: DateTime::MAX, station: None };

    /// Where the records lie that fulfil all these conditions.
    #[must_use]
    pub fn of(filter: &[Expr]) -> Self {
        filter.iter().map(Self::of_one).fold(Self::ALL, Self::both)
    }

    fn of_one(expr: &Expr) -> Self {
        match expr {
            Expr::All(all) => Self::of(all),
            Expr::Any(any) => any.iter().map(Self::of_one).reduce(Self::either).unwrap_or(Self::ALL),
            Expr::Equal(field, value) => match field.as_str() {
                "Index" => Self::index(Relation::GreaterOrEqual, value).both(Self::index(Relation::LessOrEqual, value)),
                "StartTime" => {
                    Self::start(Relation::GreaterOrEqual, value).both(Self::start(Relation::LessOrEqual, value))
                }
                // `CO001` is a line and not a party.
                "StationNumber" if value.bytes().all(|b| b.is_ascii_digit()) => {
                    Self { station: Digits::parse(value), ..Self::ALL }
                }
                _ => Self::ALL,
            },
            Expr::Compare(field, relation, value) => match field.as_str() {
                "Index" => Self::index(*relation, value),
                "StartTime" => Self::start(*relation, value),
                _ => Self::ALL,
            },
            Expr::Not(_) | Expr::Like(..) => Self::ALL,
        }
    }

    fn index(relation: Relation, value: &str) -> Self {
        let Some(value) = decimal(value) else { return Self::ALL };
        let cut = |value: i128| u64::try_from(value.clamp(0, i128::from(u64::MAX))).unwrap_or(u64::MAX);
        let calls = match relation {
            Relation::Greater => cut(value.saturating_add(1))..u64::MAX,
            Relation::GreaterOrEqual => cut(value)..u64::MAX,
            Relation::Less => 0..cut(value),
            Relation::LessOrEqual => 0..cut(value.saturating_add(1)),
        };
        Self { calls, ..Self::ALL }
    }

    fn start(relation: Relation, value: &str) -> Self {
        let Some(value) = instant(value) else { return Self::ALL };
        let end = value.checked_add(jiff::SignedDuration::from_secs(TRUNCATED_S)).unwrap_or(DateTime::MAX);
        match relation {
            Relation::Greater | Relation::GreaterOrEqual => Self { from: value, ..Self::ALL },
            Relation::Less | Relation::LessOrEqual => Self { to: end, ..Self::ALL },
        }
    }

    fn both(self, other: Self) -> Self {
        Self {
            calls: self.calls.start.max(other.calls.start)..self.calls.end.min(other.calls.end),
            from: self.from.max(other.from),
            to: self.to.min(other.to),
            station: self.station.or(other.station),
        }
    }

    fn either(self, other: Self) -> Self {
        Self {
            calls: self.calls.start.min(other.calls.start)..self.calls.end.max(other.calls.end),
            from: self.from.min(other.from),
            to: self.to.max(other.to),
            station: self.station.filter(|own| Some(own) == other.station.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::super::query::FIELDS;
    use super::*;

    fn span(query: &str) -> Span {
        let json = json::read(query).unwrap_or_else(|| panic!("JSON: {query}"));
        Span::of(&[Expr::read(&json, &FIELDS, None).unwrap_or_else(|| panic!("a query: {query}"))])
    }

    fn at(text: &str) -> DateTime {
        text.parse().expect("an instant")
    }

    #[test]
    fn numbers_bound_the_calls() {
        for (query, calls) in [
            (r#"{"Index":7}"#, 7..8),
            (r#"{"$>":{"Index":2},"$<":{"Index":6}}"#, 3..6),
            (r#"{"$>=":{"Index":"2"},"$<=":{"Index":"6"}}"#, 2..7),
            (r#"{"$and":[{"Index":1},{"Index":3},{"Index":5}]}"#, 1..6),
            (r#"{"$or":[{"Index":9},{"$<":{"Index":4}}]}"#, 0..10),
            (r#"{"$or":[{"Index":9},{"Direction":"E"}]}"#, 0..u64::MAX),
            (r#"{"$not":{"Index":9}}"#, 0..u64::MAX),
            (r#"{"$<":{"Index":-3}}"#, 0..0),
            (r#"{"$>":{"Index":99999999999999999999999}}"#, u64::MAX..u64::MAX),
            (r#"{"$>":{"Index":"x"}}"#, 0..u64::MAX),
        ] {
            assert_eq!(span(query).calls, calls, "{query}");
        }
    }

    #[test]
    fn dates_bound_the_beginning_and_a_minute_is_whole() {
        let since = span(r#"{"StationNumber":"1003","$>":{"StartTime":"2018-08-10"}}"#);
        assert_eq!(since.station, Digits::parse("1003"));
        assert_eq!((since.from, since.to), (at("2018-08-10T00:00:00"), DateTime::MAX));
        let minute = span(r#"{"StartTime":"2018-08-10 09:30"}"#);
        assert_eq!((minute.from, minute.to), (at("2018-08-10T09:30:00"), at("2018-08-10T09:31:00")));
        let between = span(r#"{"$>=":{"StartTime":"2018-08-10"},"$<":{"StartTime":"2018-08-11 12:00:30"}}"#);
        assert_eq!((between.from, between.to), (at("2018-08-10T00:00:00"), at("2018-08-11T12:01:30")));
        let stations = span(r#"{"$or":[{"StationNumber":"1003"},{"StationNumber":"1004"}]}"#);
        assert_eq!(stations, Span::ALL);
        assert_eq!(span(r#"{"StationNumber":"CO001"}"#), Span::ALL);
    }
}
