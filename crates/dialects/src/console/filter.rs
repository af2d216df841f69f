//! What a subscription watches: kinds of resources, devices, types of events, and whether it wants resources at all.
//!
//! A resource is in view when a watched device is in it: a call by its parties, a stage by its call, a directory number by its
//! phones. What leaves the view comes as null. While a mirror is kept (collections are named), an event outside `types` that
//! changes what is watched still comes, its `data` null: a mirror has to be exact.

use super::problem::{Done, Problem};
use super::query::Query;
use super::render::{Change, Collection, Rendered};
use super::seats::Seats;
use super::shape::{Fields, Wrong};
use std::collections::BTreeSet;
use switching::id::DeviceId;
use switching::picture::Picture;

/// Ids in one filter.
pub const IDS_MAX: usize = 1_000;

/// Names of all events.
pub const EVENT_TYPES: &[&str] = &[
    "service_initiated",
    "originated",
    "delivered",
    "established",
    "failed",
    "connection_cleared",
    "call_cleared",
    "stage_opened",
    "stage_closed",
    "call_information",
    "digits_generated",
    "back_in_service",
    "out_of_service",
    "do_not_disturb",
    "application_session",
    "configuration_changed",
    "prompted",
];

/// What a subscription watches.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Kinds of resources.
    pub collections: BTreeSet<Collection>,
    /// Whether they were named, so that a mirror is kept.
    pub named: bool,
    /// Types of events; none: all.
    pub types: Option<BTreeSet<&'static str>>,
    /// Devices; none: all.
    pub devices: Option<BTreeSet<DeviceId>>,
    /// Whether changed resources are sent.
    pub after: bool,
}

/// What a frame tells of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Its facts.
    Facts,
    /// Only what it changed.
    ChangesOnly,
}

/// What is sent of a changed resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// It, whole.
    Whole,
    /// That it is gone, or out of view.
    Gone,
}

impl Filter {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { collections: Collection::ALL.into(), named: false, types: None, devices: None, after: true }
    }

    /// From the query of `GET /events` and `GET /snapshot`.
    ///
    /// # Errors
    ///
    /// `value`, for words and devices that are unknown.
    pub fn of_query(query: &Query, picture: &Picture) -> Done<Self> {
        let facts = query.text("detail") == Some("facts");
        Self::make(query.list("collections"), query.list("types"), query.list("devices"), facts, "/query", picture)
    }

    /// From a `subscribe`.
    ///
    /// # Errors
    ///
    /// `value`, for words and devices that are unknown.
    pub fn of_subscribe(fields: Fields<'_>, picture: &Picture) -> Done<Self> {
        let filter = fields.object("filter");
        let list = |fields: Fields<'_>, name: &str| {
            fields.has(name).then(|| fields.texts(name).into_iter().map(str::to_owned).collect())
        };
        let collections: Option<Vec<String>> = list(fields, "collections");
        let types: Option<Vec<String>> = list(filter, "types");
        let devices: Option<Vec<String>> = list(filter, "devices");
        let facts = fields.text("detail") == Some("facts");
        let strs =
            |list: &Option<Vec<String>>| list.as_ref().map(|list| list.iter().map(String::clone).collect::<Vec<_>>());
        let (collections, types, devices) = (strs(&collections), strs(&types), strs(&devices));
        fn borrowed(list: &Option<Vec<String>>) -> Option<Vec<&str>> {
            list.as_ref().map(|list| list.iter().map(String::as_str).collect())
        }
        Self::make(borrowed(&collections), borrowed(&types), borrowed(&devices), facts, "/filter", picture)
    }

    fn make(
        collections: Option<Vec<&str>>,
        types: Option<Vec<&str>>,
        devices: Option<Vec<&str>>,
        facts: bool,
        at: &str,
        picture: &Picture,
    ) -> Done<Self> {
        let mut wrong = Vec::new();
        let named = collections.is_some();
        let collections = match collections {
            None => Collection::ALL.into(),
            Some(names) => names
                .into_iter()
                .filter_map(|name| {
                    let known = Collection::parse(name);
                    if known.is_none() {
                        wrong.push(Wrong::at("/collections", format!("{name} is no collection here")));
                    }
                    known
                })
                .collect(),
        };
        let types = types.map(|names| {
            names
                .into_iter()
                .filter_map(|name| {
                    let known = EVENT_TYPES.iter().copied().find(|known| *known == name);
                    if known.is_none() {
                        wrong.push(Wrong::at(&format!("{at}/types"), format!("{name} is no event")));
                    }
                    known
                })
                .collect()
        });
        if devices.as_ref().is_some_and(|list| list.len() > IDS_MAX) {
            wrong.push(Wrong::at(&format!("{at}/devices"), format!("has at most {IDS_MAX} entries")));
        }
        let devices = devices.map(|names| {
            names
                .into_iter()
                .filter_map(|name| {
                    let known = super::name::device(name).and_then(|name| picture.resolve(&name));
                    if known.is_none() {
                        wrong.push(Wrong::at(&format!("{at}/devices"), format!("{name} is no device")));
                    }
                    known
                })
                .collect()
        });
        if wrong.is_empty() {
            Ok(Self { collections, named, types, devices, after: !facts })
        } else {
            Err(Problem::value(wrong))
        }
    }

    /// Whether something with these devices in it is in view.
    #[must_use]
    pub fn sees(&self, seats: &Seats) -> bool {
        self.devices.as_ref().is_none_or(|watched| seats.all().iter().any(|device| watched.contains(device)))
    }

    /// Whether something with this device in it is in view.
    #[must_use]
    pub fn sees_device(&self, device: DeviceId) -> bool {
        self.devices.as_ref().is_none_or(|watched| watched.contains(&device))
    }

    /// What a frame tells of an event; none: there is no frame.
    #[must_use]
    pub fn tells(&self, event: &Rendered) -> Option<Tells> {
        let wanted_type = self.types.as_ref().is_none_or(|types| types.contains(event.kind));
        let changes = || event.changes.iter().any(|change| self.shows(change).is_some());
        if !self.sees(&event.about) {
            return (self.after && changes()).then_some(if wanted_type { Tells::Facts } else { Tells::ChangesOnly });
        }
        if wanted_type {
            // Named collections say what somebody cares for; a type that is named itself comes always.
            let cares = !self.named
                || self.types.is_some()
                || event.changes.iter().any(|c| self.collections.contains(&c.collection));
            return (cares || event.changes.is_empty()).then_some(Tells::Facts);
        }
        (self.named && self.after && changes()).then_some(Tells::ChangesOnly)
    }

    /// What is sent of a changed resource; none: nothing.
    #[must_use]
    pub fn shows(&self, change: &Change) -> Option<Shows> {
        if !self.collections.contains(&change.collection) {
            return None;
        }
        let before = change.seen_before.as_ref().is_some_and(|seats| self.sees(seats));
        let after = change.seen_after.as_ref().is_some_and(|seats| self.sees(seats));
        match (before, after) {
            (false, false) => None,
            (true, false) => Some(Shows::Gone),
            (false, true) => Some(Shows::Whole),
            (true, true) => change.differs.then_some(Shows::Whole),
        }
    }
}
