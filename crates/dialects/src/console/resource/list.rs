//! Lists: pages in the order of ids or of a declared field, filtered by declared fields. Each page states the mirror's place of its
//! own.
//!
//! The mirror is read in short stretches, so that a long list never holds up what happens; the exact picture is the snapshot.

use super::super::answer;
use super::super::dispatch::Incoming;
use super::super::operation::{Outcome, Param, param};
use super::super::problem::Problem;
use super::super::shape::{Field, Shape, optional, required};
use super::super::wire::{COUNT, TEXT};
use super::filter_by::{Place, Sort, passes};
use crate::common::clock::Clock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
pub const CURSOR_PARAM: Param = param("cursor", &CURSOR, "where the page before ended: its `next`");
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

const CURSOR: Shape = Shape::Text { least: 1, most: 512 };
const NEXT: Shape = Shape::Nullable(&CURSOR);

/// Gives the next objects after an id: at most so many.
pub type Next<K> = fn(&Picture, Option<K>, usize, &Clock) -> Vec<(K, Value)>;

/// A kind of object that is listed.
pub struct Listed<K: 'static> {
    /// Its id from a cursor.
    pub parse: fn(&str) -> Option<K>,
    /// The next objects after an id, as JSON with their ids.
    pub after: Next<K>,
    /// Adds what `expand` asks for, where something can be asked for.
    pub expand: Option<Expand<K>>,
}

/// Adds to an item what the words of `expand` name.
pub type Expand<K> = fn(&Picture, K, &[&str], &Clock, &mut Value);

/// Items of a page, and where the next one begins.
struct Found<K> {
    items: Vec<(K, Value)>,
    next: Option<String>,
    /// How many pass the filters, as far as was looked.
    matching: u64,
}

/// A page of a live list.
///
/// # Errors
///
/// `value`, for a cursor that is none.
pub fn page<K: Copy + Ord + std::fmt::Display>(incoming: &Incoming, listed: &Listed<K>) -> Outcome {
    let exchange = incoming.door.exchange();
    let limit = incoming.query.number("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(LIMIT);
    let seq = exchange.seq();
    let mut found = match Sort::of(&incoming.query) {
        None => by_id(incoming, listed, limit)?,
        Some(sort) => sorted(incoming, listed, limit, sort)?,
    };
    if let (Some(expand), Some(words)) = (listed.expand, incoming.query.list("expand")) {
        exchange.read(|picture| {
            found.items.iter_mut().for_each(|(id, item)| expand(picture, *id, &words, exchange.clock(), item));
        });
    }
    let items: Vec<Value> = found.items.into_iter().map(|(_, value)| value).collect();
    let mut body = json!({ "seq": seq, "epoch": exchange.epoch(), "items": items, "next": found.next });
    if let (true, Some(map)) = (incoming.query.flag("count"), body.as_object_mut()) {
        map.insert("count".to_owned(), found.matching.into());
    }
    let mut response = answer::read(seq, &body);
    if let Some(next) = found.next {
        let link = link(incoming, &next);
        answer::header(response.headers_mut(), "link", Some(link));
    }
    Ok(response)
}

/// Looks at all objects after an id that pass the filters, a stretch at a time, until `take` has enough.
fn walk<K: Copy>(incoming: &Incoming, listed: &Listed<K>, mut from: Option<K>, mut take: impl FnMut(K, Value) -> bool) {
    let exchange = incoming.door.exchange();
    loop {
        let stretch = exchange.read(|picture| (listed.after)(picture, from, STRETCH, exchange.clock()));
        let ended = stretch.len() < STRETCH;
        for (id, value) in stretch {
            from = Some(id);
            if passes(&incoming.query, &value) && !take(id, value) {
                return;
            }
        }
        if ended {
            return;
        }
    }
}

fn by_id<K: Copy + std::fmt::Display>(
    incoming: &Incoming,
    listed: &Listed<K>,
    limit: usize,
) -> Result<Found<K>, Problem> {
    let wrong_cursor = || Problem::one_value("/query/cursor", "is the `next` of a page");
    let from = incoming.query.text("cursor").map(|text| (listed.parse)(text).ok_or_else(wrong_cursor)).transpose()?;
    let counting = incoming.query.flag("count");
    let mut found = Found { items: Vec::new(), next: None, matching: 0 };
    walk(incoming, listed, from, |id, value| {
        found.matching += 1;
        if found.items.len() < limit {
            found.items.push((id, value));
        } else if found.next.is_none() {
            found.next = found.items.last().map(|(id, _)| id.to_string());
        }
        counting || found.next.is_none()
    });
    Ok(found)
}

/// All objects are looked at, and no more kept than the page holds.
fn sorted<K: Copy + Ord + std::fmt::Display>(
    incoming: &Incoming,
    listed: &Listed<K>,
    limit: usize,
    sort: Sort<'_>,
) -> Result<Found<K>, Problem> {
    let after = incoming.query.text("cursor").map(|text| sort.read(text, listed.parse)).transpose()?;
    let (mut page, mut matching): (BTreeMap<Place<K>, (K, Value)>, u64) = Default::default();
    walk(incoming, listed, None, |id, value| {
        let place = sort.place(id, &value);
        if after.as_ref().is_none_or(|after| place > *after) {
            matching += 1;
            page.insert(place, (id, value));
            if page.len() > limit + 1 {
                page.pop_last();
            }
        }
        true
    });
    if page.len() > limit {
        page.pop_last();
    }
    let next = page.last_key_value().filter(|_| matching > limit as u64).map(|(place, _)| place.cursor());
    Ok(Found { items: page.into_values().collect(), next, matching })
}

/// The `Link` of a page that another follows (RFC 8288).
pub fn link(incoming: &Incoming, next: &str) -> String {
    let kept = incoming.query.iter().filter(|(name, _)| *name != "cursor");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", next).finish();
    format!("<{}?{query}>; rel=\"next\"", incoming.parts.uri.path())
}
