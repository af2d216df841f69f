//! The table of operations: from it are made the router, the rights, the checks of what comes in, and both descriptions.
//!
//! An operation that is not in [`all`] does not exist. Each verb and resource declares its own rows in its own file.

use super::dispatch::Incoming;
use super::problem::Problem;
use super::shape::Shape;
use axum::response::Response;
use std::future::Future;
use std::pin::Pin;

/// What a handler gives.
pub type Outcome = Result<Response, Problem>;

/// A handler on its way.
pub type Handling = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Does or creates something.
    Post,
    /// Replaces.
    Put,
    /// Changes what is named (RFC 7396).
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// As OpenAPI writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Get)
    }
}

/// What its caller has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// Any credential.
    Credential,
    /// A credential with this scope.
    Scope(&'static str),
    /// The same, on loopback, and only where test control is on.
    TestControl,
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its form; lists are written with commas.
    pub shape: &'static Shape,
    /// What it means.
    pub what: &'static str,
}

/// A query parameter.
pub const fn param(name: &'static str, shape: &'static Shape, what: &'static str) -> Param {
    Param { name, shape, what }
}

/// What comes back when all is well.
#[derive(Debug, Clone, Copy)]
pub enum Gives {
    /// This form, as JSON, with this status.
    Json(u16, &'static Shape),
    /// Nothing, with 204.
    Nothing,
    /// Something that is no JSON: its media type.
    Other(u16, &'static str),
}

/// One operation.
pub struct Operation {
    /// Its name, unique.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The whole path, parameters in braces.
    pub path: &'static str,
    /// One line on it.
    pub what: &'static str,
    /// What its caller has to show.
    pub need: Need,
    /// Query parameters.
    pub query: &'static [Param],
    /// The body, for those that take one.
    pub body: Option<&'static Shape>,
    /// The answer.
    pub gives: Gives,
    /// Carries it out.
    pub run: fn(Incoming) -> Handling,
}

impl Operation {
    /// Whether it is a command, whose key the core keeps.
    #[must_use]
    pub fn is_command(&self) -> bool {
        self.need == Need::Scope("calls:control")
    }

    /// Whether an idempotency key makes it safe to repeat.
    #[must_use]
    pub fn takes_key(&self) -> bool {
        self.is_command() || (self.method == Method::Post && self.need != Need::Nothing)
    }
}

/// All operations.
#[must_use]
pub fn all() -> &'static [&'static [Operation]] {
    use super::{describe, resource, socket, sse, test_control, verb};
    &[
        verb::make_call::OPERATIONS,
        verb::answer_call::OPERATIONS,
        verb::clear_connection::OPERATIONS,
        verb::clear_call::OPERATIONS,
        verb::associate_data::OPERATIONS,
        verb::do_not_disturb::OPERATIONS,
        resource::calls::OPERATIONS,
        resource::connections::OPERATIONS,
        resource::devices::OPERATIONS,
        resource::extensions::OPERATIONS,
        resource::records::OPERATIONS,
        resource::parked_pushes::OPERATIONS,
        resource::explain::OPERATIONS,
        resource::story::OPERATIONS,
        resource::snapshot::OPERATIONS,
        resource::requests::OPERATIONS,
        resource::sessions::OPERATIONS,
        resource::application_sessions::OPERATIONS,
        resource::authorised::OPERATIONS,
        resource::tokens::OPERATIONS,
        resource::backups::OPERATIONS,
        resource::door_sessions::OPERATIONS,
        resource::limits::OPERATIONS,
        resource::health::OPERATIONS,
        sse::OPERATIONS,
        socket::OPERATIONS,
        test_control::phones::OPERATIONS,
        test_control::outside::OPERATIONS,
        test_control::clock::OPERATIONS,
        describe::OPERATIONS,
    ]
}
