//! A device: what it is configured to be, and where it is reached.

use super::{COUNT, ID, ID_OR_NULL, IDS, INSTANT_OR_NULL, Id, Ids, Instant, TEXT, TEXT_OR_NULL, number};
use crate::common::clock::Clock;
use crate::console::shape::{Shape, required};
use serde::Serialize;
use switching::engine::Contact;
use switching::id::{ConnectionId, DeviceId, UserId};
use switching::limits::BARRED_MAX;
use switching::model::{Device, Registration};
use switching::party::Digits;

/// A device.
#[derive(Debug, Serialize)]
pub struct DeviceView<'a> {
    id: Id<DeviceId>,
    kind: &'static str,
    number: Option<&'a str>,
    sip: Option<&'a str>,
    resource: Option<&'a str>,
    display_name: &'a str,
    lines_max: u16,
    remote_answer: bool,
    auto_answer: bool,
    context: &'a str,
    barred: Vec<&'a str>,
    click_to_call: bool,
    registration: &'static str,
    in_service: bool,
    contacts: Vec<ContactView<'a>>,
    connections: Ids<'a, ConnectionId>,
    last_placed_at: Option<Instant>,
    last_offered_at: Option<Instant>,
    last_answered_at: Option<Instant>,
    last_ended_at: Option<Instant>,
    session: Option<SessionView>,
    changed_seq: u64,
}

#[derive(Debug, Serialize)]
struct SessionView {
    user: Option<Id<UserId>>,
}

/// Where a device is reached.
#[derive(Debug, Serialize)]
pub struct ContactView<'a> {
    ip: &'a str,
    port: u16,
    transport: &'a str,
    user_agent: &'a str,
}

/// Its form.
pub const CONTACT: Shape = Shape::Named(
    "Contact",
    &Shape::Object(&[
        required("ip", &TEXT),
        required("port", &COUNT),
        required("transport", &TEXT),
        required("user_agent", &TEXT),
    ]),
);

/// What a device can be.
pub const KIND: Shape = Shape::Word(&["sip", "simulated", "trunk"]);

/// Its form.
pub const DEVICE: Shape = Shape::Named(
    "Device",
    &Shape::Object(&[
        required("id", &ID),
        required("kind", &KIND),
        required("number", &TEXT_OR_NULL),
        required("sip", &TEXT_OR_NULL),
        required("resource", &TEXT_OR_NULL),
        required("display_name", &TEXT),
        required("lines_max", &COUNT),
        required("remote_answer", &Shape::Flag),
        required("auto_answer", &Shape::Flag),
        required("context", &TEXT),
        required("barred", &Shape::List(&TEXT, BARRED_MAX)),
        required("click_to_call", &Shape::Flag),
        required("registration", &Shape::Word(&["never", "registered", "lapsed"])),
        required("in_service", &Shape::Flag),
        required("contacts", &Shape::List(&CONTACT, usize::MAX)),
        required("connections", &IDS),
        required("last_placed_at", &INSTANT_OR_NULL),
        required("last_offered_at", &INSTANT_OR_NULL),
        required("last_answered_at", &INSTANT_OR_NULL),
        required("last_ended_at", &INSTANT_OR_NULL),
        required("session", &Shape::Nullable(&Shape::Object(&[required("user", &ID_OR_NULL)]))),
        required("changed_seq", &COUNT),
    ]),
);

impl<'a> ContactView<'a> {
    /// One contact.
    #[must_use]
    pub fn of(contact: &'a Contact) -> Self {
        Self { ip: &contact.ip, port: contact.port, transport: &contact.transport, user_agent: &contact.user_agent }
    }

    /// All of them.
    #[must_use]
    pub fn all(contacts: &'a [Contact]) -> Vec<Self> {
        contacts.iter().map(Self::of).collect()
    }
}

impl<'a> DeviceView<'a> {
    /// A device as the mirror has it.
    #[must_use]
    pub fn of(device: &'a Device, clock: &Clock) -> Self {
        let config = &device.config;
        Self {
            id: Id(device.id),
            kind: config.kind.name(),
            number: config.names.number.as_ref().and_then(number),
            sip: config.names.sip.as_deref(),
            resource: config.names.resource.as_deref(),
            display_name: &config.display_name,
            lines_max: config.lines_max,
            remote_answer: config.can.remote_answer,
            auto_answer: config.can.auto_answer,
            context: &config.context,
            barred: config.class.barred.iter().map(Digits::as_str).collect(),
            click_to_call: !config.class.no_click_to_call,
            registration: match device.registration {
                Registration::Never => "never",
                Registration::Contacts(_) => "registered",
                Registration::Lapsed => "lapsed",
            },
            in_service: device.in_service(),
            contacts: ContactView::all(device.registration.contacts()),
            connections: Ids(&device.connections),
            last_placed_at: Instant::maybe(device.last.placed, clock),
            last_offered_at: Instant::maybe(device.last.offered, clock),
            last_answered_at: Instant::maybe(device.last.answered, clock),
            last_ended_at: Instant::maybe(device.last.ended, clock),
            session: device.session.map(|user| SessionView { user: user.map(Id) }),
            changed_seq: device.changed,
        }
    }
}
