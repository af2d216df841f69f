//! A party as others may see it: a withheld number and name are not sent.

use super::{ID_OR_NULL, Id, TEXT_OR_NULL, number, text};
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
