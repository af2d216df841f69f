//! A party as others may see it: a withheld number and name are not sent.

use super::{ID_OR_NULL, Id, TEXT_OR_NULL, number, push_id_or_null, push_text_or_null, text};
use crate::common::json::Object;
use crate::console::shape::{Shape, required};
use serde::Serialize;
use switching::id::{DeviceId, ExtensionId};
use switching::party::{Party, PartyKind, Presentation, Via};

/// A party.
#[derive(Debug, Serialize)]
pub struct PartyView<'a> {
    kind: &'static str,
    number: Option<&'a str>,
    name: Option<&'a str>,
    device: Option<Id<DeviceId>>,
    extension: Option<Id<ExtensionId>>,
    presentation: &'static str,
}

/// Its form.
pub const PARTY: Shape = Shape::Named(
    "Party",
    &Shape::Object(&[
        required("kind", &Shape::Word(&["device", "remote", "service"])),
        required("number", &TEXT_OR_NULL),
        required("name", &TEXT_OR_NULL),
        required("device", &ID_OR_NULL),
        required("extension", &ID_OR_NULL),
        required("presentation", &Shape::Word(&["allowed", "restricted"])),
    ]),
);

impl<'a> PartyView<'a> {
    /// What may be shown of a party.
    #[must_use]
    pub fn of(party: &'a Party) -> Self {
        let (shown, presentation) = match party.presentation {
            Presentation::Allowed => (true, "allowed"),
            Presentation::Restricted => (false, "restricted"),
        };
        Self {
            kind: match party.kind {
                PartyKind::Device => "device",
                PartyKind::Remote => "remote",
                PartyKind::Service => "service",
            },
            number: number(&party.number).filter(|_| shown),
            name: text(&party.name).filter(|_| shown),
            device: party.device.map(Id),
            extension: party.extension.map(Id),
            presentation,
        }
    }

    /// Appends it with its members in the order of their names, as the facts of an event have it.
    pub fn push_sorted(&self, out: &mut String) {
        Object::write(out, |o| {
            push_id_or_null(o.value("device"), self.device.map(|id| id.0));
            push_id_or_null(o.value("extension"), self.extension.map(|id| id.0));
            o.text("kind", self.kind);
            push_text_or_null(o.value("name"), self.name);
            push_text_or_null(o.value("number"), self.number);
            o.text("presentation", self.presentation);
        });
    }
}

/// The name of a way.
pub const fn via(via: Via) -> &'static str {
    match via {
        Via::Direct => "direct",
        Via::Primary => "primary",
        Via::Secondary => "secondary",
        Via::Mobile => "mobile",
    }
}

/// All ways.
pub const VIA: Shape = Shape::Word(&["direct", "primary", "secondary", "mobile"]);
