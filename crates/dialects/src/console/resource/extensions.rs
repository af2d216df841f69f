//! `/extensions`: directory numbers.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome, Param, param};
use super::super::problem::Problem;
use super::super::shape::Shape;
use super::super::verb::NO_QUERY;
use super::super::wire::{EXTENSION, ExtensionView, ID};
use super::super::{answer, name};
use super::configure;
use super::filter_by::{self, list_query};
use super::list::{COUNT_PARAM, CURSOR_PARAM, LIMIT_PARAM, Listed, page, page_fields};
use std::ops::Bound;
use switching::id::ExtensionId;

const PAGE: Shape = Shape::Object(&page_fields(&Shape::List(&EXTENSION, usize::MAX)));

/// Reads and configuration.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_extensions",
        method: Method::Get,
        path: "/api/v1/extensions",
        what: "All directory numbers",
        need: Need::Scope("calls:read"),
        query: LIST_QUERY,
        body: None,
        gives: Gives::Json(200, &PAGE),
        run: |incoming| Box::pin(async move { page(&incoming, &LISTED) }),
    },
    Operation {
        id: "get_extension",
        method: Method::Get,
        path: "/api/v1/extensions/{extension}",
        what: "One directory number, by id or digits",
        need: Need::Scope("calls:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &EXTENSION),
        run: |incoming| Box::pin(async move { one(&incoming) }),
    },
    configure::CREATE_EXTENSION,
    configure::CHANGE_EXTENSION,
    configure::REMOVE_EXTENSION,
];

/// Orders of the list.
const SORTS: &[&str] = &["id", "-id", "number", "-number", "first_name", "-first_name", "last_name", "-last_name"];
const FLAG: Shape = Shape::Flag;
const LIST_QUERY: &[Param] = list_query! { sort SORTS;
    "number" ID [is in ne prefix];
    "primary" ID [is in];
    "secondary" ID [is in];
    "first_name" ID [is prefix];
    "last_name" ID [is prefix];
    "do_not_disturb" FLAG [is];
};

const LISTED: Listed<ExtensionId> = Listed {
    parse: ExtensionId::parse,
    after: |picture, from, most, _| {
        let from = from.map_or(Bound::Unbounded, Bound::Excluded);
        let extensions = picture.extensions.range((from, Bound::Unbounded)).take(most);
        extensions.map(|(id, extension)| (*id, serde_json::json!(ExtensionView::of(*id, extension)))).collect()
    },
    expand: None,
};

fn one(incoming: &Incoming) -> Outcome {
    incoming.door.exchange().read(|picture| {
        let id = name::known_extension(picture, incoming.at("extension"))?;
        let extension = picture.extensions.get(&id).ok_or_else(|| Problem::of(declared::UNKNOWN_NUMBER))?;
        let mut response = answer::read(picture.seq, &ExtensionView::of(id, extension));
        configure::write_etag(&mut response, &configure::extension_revision(&extension.config));
        Ok(response)
    })
}
