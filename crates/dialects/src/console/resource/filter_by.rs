//! Filters and orders of lists: declared fields with the suffixes `.gte .lt .ne .in .prefix`, and `sort` (CONSOLE A2).
//!
//! They look at an item as it is told, so a filter means what a client reads. Instants compare as instants, numbers as numbers,
//! everything else as text; what is null is neither before nor after anything, and sorts last.

use super::super::problem::Problem;
use super::super::query::Query;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::cmp::Ordering;

/// Values of one `.in`.
pub const IN_MAX: usize = 100;

/// Parameters of a list: its filters by field and suffix, the words of `sort`, and what all lists take.
macro_rules! list_query {
    (sort $sort:expr $(, $more:expr)*; $($field:literal $shape:ident [$($op:tt)*];)*) => {
        &[
            LIMIT_PARAM,
            CURSOR_PARAM,
            COUNT_PARAM,
            param("sort", &Shape::Word($sort), "the order: a field, with - from the last to the first; by id unless said"),
            $($more,)*
            $($(list_query!(@ $field $shape $op),)*)*
        ]
    };
    (@ $field:literal $shape:ident is) => { param($field, &$shape, "only where it is this") };
    (@ $field:literal $shape:ident ne) => { param(concat!($field, ".ne"), &$shape, "only where it is not this") };
    (@ $field:literal $shape:ident in) => {
        param(concat!($field, ".in"), &Shape::List(&$shape, filter_by::IN_MAX), "only where it is one of these")
    };
    (@ $field:literal $shape:ident prefix) => {
        param(concat!($field, ".prefix"), &$shape, "only where it begins so")
    };
    (@ $field:literal $shape:ident gte) => { param(concat!($field, ".gte"), &$shape, "only where it is this or later") };
    (@ $field:literal $shape:ident lt) => { param(concat!($field, ".lt"), &$shape, "only where it is earlier") };
}
pub(super) use list_query;

/// Whether an item passes all filters of a query. What is no field of the item filters nothing.
#[must_use]
pub fn passes(query: &Query, item: &Value) -> bool {
    query.iter().all(|(name, wanted)| {
        let (field, op) = match name.rsplit_once('.') {
            Some((field, op)) => (field, op),
            None => (name, "is"),
        };
        match item.get(field) {
            Some(value) => holds(value, op, wanted),
            None => true,
        }
    })
}

fn holds(value: &Value, op: &str, wanted: &str) -> bool {
    match op {
        "is" | "in" => wanted.split(',').any(|one| same(value, one)),
        "ne" => !same(value, wanted),
        "prefix" => value.as_str().is_some_and(|text| text.starts_with(wanted)),
        "gte" => compared(value, wanted).is_some_and(Ordering::is_ge),
        "lt" => compared(value, wanted).is_some_and(Ordering::is_lt),
        _ => true,
    }
}

fn same(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(flag) => wanted.parse() == Ok(*flag),
        Value::Number(number) => number.to_string() == wanted,
        Value::Array(list) => list.iter().any(|entry| entry.as_str() == Some(wanted)),
        Value::Null | Value::Object(_) => false,
    }
}

fn compared(value: &Value, wanted: &str) -> Option<Ordering> {
    match value {
        Value::String(text) => {
            let instants = (text.parse::<jiff::Timestamp>(), wanted.parse::<jiff::Timestamp>());
            match instants {
                (Ok(value), Ok(wanted)) => Some(value.cmp(&wanted)),
                (Ok(_) | Err(_), Ok(_) | Err(_)) => Some(text.as_str().cmp(wanted)),
            }
        }
        Value::Number(number) => Some(number.as_i64()?.cmp(&wanted.parse().ok()?)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An order that a query asks for.
#[derive(Debug, Clone, Copy)]
pub struct Sort<'a> {
    field: &'a str,
    last_first: bool,
}

/// Where an item stands in an order: what it is sorted by, then its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<K> {
    /// The field as text that sorts as the field does; none: it is null.
    key: Option<String>,
    id: K,
    last_first: bool,
}

impl<'a> Sort<'a> {
    /// The order of a query; none: by id.
    #[must_use]
    pub fn of(query: &'a Query) -> Option<Self> {
        let text = query.text("sort")?;
        Some(match text.strip_prefix('-') {
            Some(field) => Self { field, last_first: true },
            None => Self { field: text, last_first: false },
        })
    }

    /// Where an item stands.
    #[must_use]
    pub fn place<K>(&self, id: K, item: &Value) -> Place<K> {
        let key = match item.get(self.field) {
            // Ids are numbers behind their prefix: they sort by themselves.
            _ if self.field == "id" => None,
            Some(Value::String(text)) => Some(text.clone()),
            // Twenty digits hold every number that is told.
            Some(Value::Number(number)) => Some(format!("{:020}", number.as_u64().unwrap_or_default())),
            Some(Value::Bool(flag)) => Some(flag.to_string()),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => None,
        };
        Place { key, id, last_first: self.last_first }
    }

    /// The place that a cursor names.
    ///
    /// # Errors
    ///
    /// `value`, for a cursor of no such list.
    pub fn read<K>(&self, cursor: &str, parse: fn(&str) -> Option<K>) -> Result<Place<K>, Problem> {
        let read = || {
            let (key, id) = cursor.split_once('.')?;
            let key = match key.strip_prefix('~') {
                Some(text) => Some(String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?),
                None => None,
            };
            Some(Place { key, id: parse(id)?, last_first: self.last_first })
        };
        read().ok_or_else(|| Problem::one_value("/query/cursor", "is the `next` of a page in this order"))
    }
}

impl<K: std::fmt::Display> Place<K> {
    /// As a cursor.
    #[must_use]
    pub fn cursor(&self) -> String {
        let key = self.key.as_ref().map(|key| format!("~{}", URL_SAFE_NO_PAD.encode(key))).unwrap_or_default();
        format!("{key}.{}", self.id)
    }
}

impl<K: Ord> Ord for Place<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = match (&self.key, &other.key) {
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (mine, theirs) => mine.cmp(theirs),
        };
        let order = keys.then_with(|| self.id.cmp(&other.id));
        if self.last_first { order.reverse() } else { order }
    }
}

impl<K: Ord> PartialOrd for Place<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passing(query: &str) -> bool {
        let item = json!({
            "number": "1001", "state": "connected", "at": "2026-01-02T00:00:00.000Z", "in_service": true, "none": null, "n": 7,
        });
        passes(&Query::parse(query).expect("a query"), &item)
    }

    #[test]
    fn each_suffix_means_what_it_says() {
        for yes in [
            "number=1001",
            "number.in=1000,1001",
            "number.ne=1002",
            "number.prefix=10",
            "at.gte=2026-01-02T00:00:00Z",
            "at.lt=2026-01-02T01:00:00%2B00:00",
            "in_service=true",
            "none.ne=x",
            "n.gte=7",
            "n.lt=10",
            "limit=5",
            "state=held,connected",
        ] {
            assert!(passing(yes), "{yes}");
        }
        for no in [
            "number=1002",
            "number.in=1000,1002",
            "number.ne=1001",
            "number.prefix=11",
            "at.gte=2026-01-02T00:00:01Z",
            "at.lt=2026-01-02T00:00:00Z",
            "in_service=false",
            "none=x",
            "none.gte=a",
            "none.lt=z",
            "n.gte=8",
            "n.lt=7",
        ] {
            assert!(!passing(no), "{no}");
        }
    }

    #[test]
    fn orders_are_total_and_cursors_read_back() {
        let items =
            [(1, json!({ "k": "b" })), (2, json!({ "k": null })), (3, json!({ "k": "a" })), (4, json!({ "k": "b" }))];
        for (text, wanted) in [("sort=k", [3, 1, 4, 2]), ("sort=-k", [4, 1, 3, 2])] {
            let query = Query::parse(text).expect("a query");
            let sort = Sort::of(&query).expect("an order");
            let mut places: Vec<Place<u64>> = items.iter().map(|(id, item)| sort.place(*id, item)).collect();
            places.sort();
            assert_eq!(places.iter().map(|place| place.id).collect::<Vec<_>>(), wanted, "{text}");
            for place in places {
                assert_eq!(sort.read(&place.cursor(), |text| text.parse().ok()).ok(), Some(place));
            }
            assert!(sort.read("nonsense", |text| text.parse::<u64>().ok()).is_err());
        }
    }
}
