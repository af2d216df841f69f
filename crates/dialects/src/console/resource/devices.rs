//! `/devices`: telephones and trunks, where they are reached, and what they are configured to be.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, Param, param};
use super::super::problem::Problem;
use super::super::shape::{Shape, required};
use super::super::verb::NO_QUERY;
use super::super::wire::{CONTACT, COUNT, ContactView, DEVICE, DeviceView, ID, KIND};
use super::super::{answer, name};
use super::configure;
use super::filter_by::{self, list_query};
use super::list::{COUNT_PARAM, CURSOR_PARAM, LIMIT_PARAM, Listed, page, page_fields};
use serde_json::json;
use std::ops::Bound;
use switching::id::DeviceId;

const PAGE: Shape = Shape::Object(&page_fields(&Shape::List(&DEVICE, usize::MAX)));
const CONTACTS: Shape =
    Shape::Object(&[required("seq", &COUNT), required("items", &Shape::List(&CONTACT, usize::MAX))]);

/// Reads and configuration.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_devices",
        method: Method::Get,
        path: "/api/v1/devices",
        what: "All devices",
        need: Need::Scope("calls:read"),
        query: LIST_QUERY,
        body: None,
        gives: Gives::Json(200, &PAGE),
        run: |incoming| Box::pin(async move { page(&incoming, &LISTED) }),
    },
    Operation {
        id: "get_device",
        method: Method::Get,
        path: "/api/v1/devices/{device}",
        what: "One device",
        need: Need::Scope("calls:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &DEVICE),
        run: |incoming| Box::pin(async move { one(&incoming) }),
    },
    Operation {
        id: "list_contacts",
        method: Method::Get,
        path: "/api/v1/devices/{device}/contacts",
        what: "Where a device is reached now",
        need: Need::Scope("calls:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &CONTACTS),
        run: |incoming| Box::pin(async move { contacts(&incoming) }),
    },
    configure::CREATE_DEVICE,
    configure::CHANGE_DEVICE,
    configure::REMOVE_DEVICE,
];

/// Orders of the list.
const SORTS: &[&str] = &["id", "-id", "number", "-number", "display_name", "-display_name"];
const FLAG: Shape = Shape::Flag;
const LIST_QUERY: &[Param] = list_query! { sort SORTS;
    "kind" KIND [is in ne];
    "number" ID [is in ne prefix];
    "sip" ID [is in prefix];
    "display_name" ID [is prefix];
    "context" ID [is in ne];
    "in_service" FLAG [is];
};

const LISTED: Listed<DeviceId> = Listed {
    parse: DeviceId::parse,
    after: |picture, from, most, clock| {
        let from = from.map_or(Bound::Unbounded, Bound::Excluded);
        let devices = picture.devices.range((from, Bound::Unbounded)).take(most);
        devices.map(|(id, device)| (*id, json!(DeviceView::of(device, clock)))).collect()
    },
    expand: None,
};

fn one(incoming: &Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    exchange.read(|picture| {
        let id = name::known_device(picture, incoming.at("device"))?;
        let device = picture.devices.get(&id).ok_or_else(|| Problem::of(declared::UNKNOWN_DEVICE))?;
        let mut response = answer::read(picture.seq, &DeviceView::of(device, exchange.clock()));
        configure::write_etag(&mut response, &configure::device_revision(&device.config));
        Ok(response)
    })
}

fn contacts(incoming: &Incoming) -> Outcome {
    incoming.door.exchange().read(|picture| {
        let id = name::known_device(picture, incoming.at("device"))?;
        let device = picture.devices.get(&id).ok_or_else(|| Problem::of(declared::UNKNOWN_DEVICE))?;
        let items = ContactView::all(device.registration.contacts());
        Ok(answer::read(picture.seq, &json!({ "seq": picture.seq, "items": items })))
    })
}
