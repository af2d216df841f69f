//! A directory number and its features.

use super::{COUNT_OR_NULL, ID, ID_OR_NULL, Id, NAMED, TEXT, TEXT_OR_NULL, number};
use crate::console::shape::{Shape, required};
use serde::Serialize;
use std::collections::BTreeMap;
use switching::id::{DeviceId, ExtensionId, UserId};
use switching::model::Extension;

/// A directory number.
#[derive(Debug, Serialize)]
pub struct ExtensionView<'a> {
    id: Id<ExtensionId>,
    number: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    primary: Option<Id<DeviceId>>,
    secondary: Option<Id<DeviceId>>,
    owner: Option<Id<UserId>>,
    ring_timeout_ms: Option<u64>,
    outgoing_number: Option<&'a str>,
    fields: &'a BTreeMap<String, String>,
    do_not_disturb: bool,
}

/// Its form.
pub const EXTENSION: Shape = Shape::Named(
    "Extension",
    &Shape::Object(&[
        required("id", &ID),
        required("number", &TEXT),
        required("first_name", &TEXT),
        required("last_name", &TEXT),
        required("primary", &ID_OR_NULL),
        required("secondary", &ID_OR_NULL),
        required("owner", &ID_OR_NULL),
        required("ring_timeout_ms", &COUNT_OR_NULL),
        required("outgoing_number", &TEXT_OR_NULL),
        required("fields", &NAMED),
        required("do_not_disturb", &Shape::Flag),
    ]),
);

impl<'a> ExtensionView<'a> {
    /// A directory number as the mirror has it.
    #[must_use]
    pub fn of(id: ExtensionId, extension: &'a Extension) -> Self {
        let config = &extension.config;
        Self {
            id: Id(id),
            number: config.number.as_str(),
            first_name: &config.first_name,
            last_name: &config.last_name,
            primary: config.primary.map(Id),
            secondary: config.secondary.map(Id),
            owner: config.owner.map(Id),
            ring_timeout_ms: config.ring_ms,
            outgoing_number: config.outgoing_number.as_ref().and_then(number),
            fields: &config.fields,
            do_not_disturb: extension.do_not_disturb,
        }
    }
}
