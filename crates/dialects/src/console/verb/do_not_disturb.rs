//! `do_not_disturb`: Set Do Not Disturb (ECMA-269 22.1.19) of a directory number.

use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::name::known_extension;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Fields, Shape, required};
use super::{ANSWERED, NO_QUERY, submit};
use switching::command::Verb;

/// On a directory number.
pub const OPERATIONS: &[Operation] = &[Operation {
    id: "set_do_not_disturb",
    method: Method::Put,
    path: "/api/v1/extensions/{extension}/do_not_disturb",
    what: "Switches do-not-disturb of a directory number; the present value again is no event",
    need: Need::Scope("calls:control"),
    query: NO_QUERY,
    body: Some(&Shape::Object(&[required("on", &Shape::Flag)])),
    gives: Gives::Json(200, &ANSWERED),
    run: |incoming| Box::pin(carry_out(incoming)),
}];

async fn carry_out(incoming: Incoming) -> Outcome {
    let number = incoming.door.exchange().read(|picture| {
        let id = known_extension(picture, incoming.at("extension"))?;
        let extension = picture.extensions.get(&id).ok_or_else(|| Problem::of(declared::UNKNOWN_NUMBER))?;
        Ok::<_, Problem>(extension.config.number.clone())
    })?;
    let on = Fields::of(&incoming.body).flag("on").unwrap_or(false);
    submit(&incoming, Verb::SetDoNotDisturb { number, on }).await
}
