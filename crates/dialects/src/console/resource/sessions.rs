//! `/sessions`, `/me`, `/stream_tickets`: logins of people, who one is, and tickets where headers cannot be set.

use super::super::answer;
use super::super::declared;
use super::super::dispatch::{DOOR, Incoming};
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::session::Session;
use super::super::shape::{Fields, Shape, required};
use super::super::verb::NO_QUERY;
use super::super::who::{Credential, Who, own_origin, unauthenticated};
use super::super::wire::{ID, IDS, Instant, TEXT};
use crate::common::ask::Ask;
use crate::common::clock::Clock;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};

const SESSION: Shape = Shape::Named(
    "Login",
    &Shape::Object(&[
        required("id", &ID),
        required("account", &TEXT),
        required("scopes", &IDS),
        required("opened_at", &Shape::Instant),
    ]),
);
const CREDENTIALS: Shape = Shape::Object(&[
    required("user", &Shape::Text { least: 1, most: 128 }),
    required("password", &Shape::Text { least: 1, most: 1_024 }),
]);

/// Logins, oneself, tickets.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "open_session",
        method: Method::Post,
        path: "/api/v1/sessions",
        what: "Logs somebody in with a password and sets the cookie",
        need: Need::Nothing,
        query: NO_QUERY,
        body: Some(&CREDENTIALS),
        gives: Gives::Json(201, &SESSION),
        run: |incoming| Box::pin(open(incoming)),
    },
    Operation {
        id: "list_sessions",
        method: Method::Get,
        path: "/api/v1/sessions",
        what: "All logins",
        need: Need::Scope("config:read"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Object(&[required("items", &Shape::List(&SESSION, usize::MAX))])),
        run: |incoming| Box::pin(async move { list(&incoming) }),
    },
    Operation {
        id: "close_session",
        method: Method::Delete,
        path: "/api/v1/sessions/{session}",
        what: "Ends a login; `current` is one's own, others need config:write",
        need: Need::Credential,
        query: NO_QUERY,
        body: None,
        gives: Gives::Nothing,
        run: |incoming| Box::pin(async move { close(&incoming) }),
    },
    Operation {
        id: "get_me",
        method: Method::Get,
        path: "/api/v1/me",
        what: "Who the credential stands for and what it may do",
        need: Need::Credential,
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(
            200,
            &Shape::Object(&[
                required("account", &TEXT),
                required("scopes", &IDS),
                required("by", &Shape::Word(&["token", "login"])),
            ]),
        ),
        run: |incoming| Box::pin(async move { me(&incoming) }),
    },
    Operation {
        id: "make_stream_ticket",
        method: Method::Post,
        path: "/api/v1/stream_tickets",
        what: "A ticket for `/stream` or `/events`, good once within 30 s",
        need: Need::Scope("calls:read"),
        query: NO_QUERY,
        body: Some(&Shape::Object(&[])),
        gives: Gives::Json(201, &Shape::Object(&[required("ticket", &TEXT), required("expires_at", &Shape::Instant)])),
        run: |incoming| Box::pin(async move { ticket(&incoming) }),
    },
];

async fn open(incoming: Incoming) -> Outcome {
    let door = &incoming.door;
    own_origin(door, &incoming.parts.headers, true)?;
    let body = Fields::of(&incoming.body);
    let (user, password) = (body.text("user").unwrap_or_default(), body.text("password").unwrap_or_default());
    let (session, cookie) = log_in(door, user, password).await?;
    let mut response = answer::json(201, &view(&session, door.exchange().clock()));
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    answer::header(response.headers_mut(), "location", Some(format!("/api/v1/sessions/{}", session.id)));
    Ok(response)
}

/// Checks a password and opens a login.
///
/// # Errors
///
/// `unauthenticated`, or `rate_limited` after too many failures.
pub async fn log_in(
    door: &super::super::Door,
    user: &str,
    password: &str,
) -> Result<(Session, axum::http::HeaderValue), Problem> {
    door.sessions().check_lock(user)?;
    let (name, secret) = (user.to_owned(), password.to_owned());
    let ask = |back| Ask::Login { door: DOOR.to_owned(), user: name, password: secret, otherwise: None, back };
    let identity = door.exchange().ask(ask).await?;
    door.sessions().note_login(user, identity.is_none());
    door.sessions().open(identity.ok_or_else(unauthenticated)?, door.exchange().clock().now())
}

fn view(session: &Session, clock: &Clock) -> Value {
    let mut who = Who::nobody();
    who.scopes.clone_from(&session.scopes);
    json!({
        "id": session.id, "account": session.account, "scopes": who.scope_names(),
        "opened_at": Instant::at(session.opened, clock),
    })
}

fn list(incoming: &Incoming) -> Outcome {
    let clock = incoming.door.exchange().clock();
    let items: Vec<Value> = incoming.door.sessions().list().iter().map(|session| view(session, clock)).collect();
    Ok(answer::json(200, &json!({ "items": items })))
}

fn close(incoming: &Incoming) -> Outcome {
    let sessions = incoming.door.sessions();
    let own = match (&incoming.who.credential, incoming.at("session")) {
        (Credential::Login(secret), "current") => Some(secret.as_str()),
        _ => None,
    };
    if own.is_none() && !incoming.who.may("config:write") {
        return Err(Problem::of(declared::SCOPE).with("scope", "config:write"));
    }
    if !sessions.close(own.unwrap_or(incoming.at("session"))) {
        return Err(Problem::of(declared::UNKNOWN_SESSION));
    }
    incoming.door.credentials_ended();
    let mut response = answer::nothing().into_response();
    if own.is_some() {
        response.headers_mut().insert(header::SET_COOKIE, sessions.no_cookie());
    }
    Ok(response)
}

fn me(incoming: &Incoming) -> Outcome {
    let by = match incoming.who.credential {
        Credential::Login(_) => "login",
        Credential::Token(_) | Credential::Nothing => "token",
    };
    Ok(answer::json(200, &json!({ "account": incoming.who.account, "scopes": incoming.who.scope_names(), "by": by })))
}

fn ticket(incoming: &Incoming) -> Outcome {
    let clock = incoming.door.exchange().clock();
    let (ticket, until) = incoming.door.sessions().ticket(&incoming.who, clock.now())?;
    Ok(answer::json(201, &json!({ "ticket": ticket, "expires_at": Instant::at(until, clock) })))
}
