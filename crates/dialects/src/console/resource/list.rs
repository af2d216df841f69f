//! Lists: pages in the order of ids, filtered by declared fields. Each page states the mirror's place of its own.
//!
//! The mirror is read in short stretches, so that a long list never holds up what happens; the exact picture is the snapshot.

use super::super::answer;
use super::super::dispatch::Incoming;
use super::super::operation::{Outcome, Param, param};
use super::super::problem::Problem;
use super::super::shape::{Field, Shape, optional, required};
use super::super::wire::{COUNT, ID, TEXT};
use crate::common::clock::Clock;
use serde_json::{Value, json};
use switching::picture::Picture;

/// Items on a page, unless asked otherwise.
pub const LIMIT: usize = 100;
/// Items on a page at most.
pub const LIMIT_MAX: usize = 1_000;
/// Objects looked at in one stretch.
const STRETCH: usize = 256;

/// How many items.
pub const LIMIT_PARAM: Param =
    param("limit", &Shape::Number { least: 1, most: LIMIT_MAX as i64 }, "items on the page, 100 unless said");
/// Where a page goes on.
pub const CURSOR_PARAM: Param = param("cursor", &ID, "where the page before ended: its `next`");
/// Whether to count.
pub const COUNT_PARAM: Param = param("count", &Shape::Flag, "also says how many there are in all");

/// Fields of a page beside its items.
pub const fn page_fields(items: &'static Shape) -> [Field; 5] {
    [
        required("seq", &COUNT),
        required("epoch", &TEXT),
        required("items", items),
        required("next", &NEXT),
        optional("count", &COUNT),
    ]
}

const NEXT: Shape = Shape::Nullable(&ID);

/// Gives the next objects after an id: at most so many.
pub type Next<K> = fn(&Picture, Option<K>, usize, &Clock) -> Vec<(K, Value)>;

/// A kind of object that is listed.
pub struct Listed<K: 'static> {
    /// Its id from a cursor.
    pub parse: fn(&str) -> Option<K>,
    /// The next objects after an id, as JSON with their ids.
    pub after: Next<K>,
    /// Query parameters that are compared with a field of the same name.
    pub fields: &'static [&'static str],
}

/// A page of a live list.
///
/// # Errors
///
/// `value`, for a cursor that is none.
pub fn page<K: Copy + std::fmt::Display>(incoming: &Incoming, listed: &Listed<K>) -> Outcome {
    let wrong_cursor = || Problem::one_value("/query/cursor", "is the `next` of a page");
    let exchange = incoming.door.exchange();
    let limit = incoming.query.number("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(LIMIT);
    let mut from =
        incoming.query.text("cursor").map(|text| (listed.parse)(text).ok_or_else(wrong_cursor)).transpose()?;
    let counting = incoming.query.flag("count");
    let (mut items, mut matching, mut next, seq) = (Vec::new(), 0u64, None, exchange.seq());
    loop {
        let stretch = exchange.read(|picture| (listed.after)(picture, from, STRETCH, exchange.clock()));
        let ended = stretch.len() < STRETCH;
        for (id, value) in stretch {
            from = Some(id);
            if !matches(incoming, listed.fields, &value) {
                continue;
            }
            matching += 1;
            if items.len() < limit {
                items.push((id, value));
            } else if next.is_none() {
                next = items.last().map(|(id, _)| id.to_string());
            }
        }
        if ended || (next.is_some() && !counting) {
            break;
        }
    }
    let items: Vec<Value> = items.into_iter().map(|(_, value)| value).collect();
    let mut body = json!({ "seq": seq, "epoch": exchange.epoch(), "items": items, "next": next });
    if let (true, Some(map)) = (counting, body.as_object_mut()) {
        map.insert("count".to_owned(), matching.into());
    }
    let mut response = answer::read(seq, &body);
    if let Some(next) = next {
        let link = link(incoming, &next);
        answer::header(response.headers_mut(), "link", Some(link));
    }
    Ok(response)
}

fn matches(incoming: &Incoming, fields: &[&str], value: &Value) -> bool {
    incoming.query.iter().filter(|(name, _)| fields.contains(name)).all(|(name, wanted)| match value.get(name) {
        Some(Value::String(text)) => wanted.split(',').any(|one| one == text),
        Some(Value::Bool(flag)) => wanted.parse() == Ok(*flag),
        Some(Value::Number(number)) => number.to_string() == wanted,
        Some(Value::Array(list)) => list.iter().any(|entry| entry.as_str() == Some(wanted)),
        Some(Value::Null | Value::Object(_)) | None => false,
    })
}

fn link(incoming: &Incoming, next: &str) -> String {
    let kept = incoming.query.iter().filter(|(name, _)| *name != "cursor");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", next).finish();
    format!("<{}?{query}>; rel=\"next\"", incoming.parts.uri.path())
}
