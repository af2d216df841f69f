//! `/tokens`: credentials of programs. A token is shown once, when it is made; kept is its SHA-256 (CONSOLE A4).
//!
//! Nobody gives a token more than they may do themselves. One that is deleted ends at once, its streams with it.

use super::super::dispatch::Incoming;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::Problem;
use super::super::shape::{Fields, Shape, optional, required};
use super::super::verb::NO_QUERY;
use super::super::who::SCOPES;
use super::super::wire::{INSTANT_OR_NULL, Instant, TEXT, parse_instant};
use super::super::{answer, declared};
use crate::common::ask::{Ask, Fault, TokenInfo, TokenWanted};
use crate::common::clock::Clock;
use serde_json::{Value, json};

/// What ids begin with on the wire.
const PREFIX: &str = "tok_";
/// Octets of a label.
const LABEL_LEN_MAX: usize = 128;
/// Networks of one token.
const NETWORKS_MAX: usize = 16;
/// Octets of a network: an IPv6 address and its prefix.
const NETWORK_LEN_MAX: usize = 64;

const TOKEN: Shape = Shape::Named(
    "Token",
    &Shape::Object(&[
        required("id", &TEXT),
        required("label", &TEXT),
        required("scopes", &Shape::List(&TEXT, usize::MAX)),
        required("networks", &Shape::List(&TEXT, usize::MAX)),
        required("created_at", &Shape::Instant),
        required("expires_at", &INSTANT_OR_NULL),
        required("last_used_at", &INSTANT_OR_NULL),
        optional("token", &TEXT),
    ]),
);
const WANTED: Shape = Shape::Object(&[
    required("label", &Shape::Text { least: 1, most: LABEL_LEN_MAX }),
    required("scopes", &Shape::List(&Shape::Word(SCOPES), 64)),
    optional("networks", &Shape::List(&Shape::Text { least: 1, most: NETWORK_LEN_MAX }, NETWORKS_MAX)),
    optional("expires_at", &Shape::Instant),
]);

/// Tokens.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list_tokens",
        method: Method::Get,
        path: "/api/v1/tokens",
        what: "All tokens, oldest first, without their secrets",
        need: Need::Scope("tokens:write"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &Shape::Object(&[required("items", &Shape::List(&TOKEN, usize::MAX))])),
        run: |incoming| Box::pin(list(incoming)),
    },
    Operation {
        id: "get_token",
        method: Method::Get,
        path: "/api/v1/tokens/{token}",
        what: "One token, without its secret",
        need: Need::Scope("tokens:write"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Json(200, &TOKEN),
        run: |incoming| Box::pin(one(incoming)),
    },
    Operation {
        id: "make_token",
        method: Method::Post,
        path: "/api/v1/tokens",
        what: "Makes a token with rights that its maker has; `token` in the answer is shown this once",
        need: Need::Scope("tokens:write"),
        query: NO_QUERY,
        body: Some(&WANTED),
        gives: Gives::Json(201, &TOKEN),
        run: |incoming| Box::pin(make(incoming)),
    },
    Operation {
        id: "delete_token",
        method: Method::Delete,
        path: "/api/v1/tokens/{token}",
        what: "Ends a token and its streams",
        need: Need::Scope("tokens:write"),
        query: NO_QUERY,
        body: None,
        gives: Gives::Nothing,
        run: |incoming| Box::pin(delete(incoming)),
    },
];

async fn all(incoming: &Incoming) -> Result<Vec<TokenInfo>, Problem> {
    Ok(incoming.door.exchange().ask(Ask::Tokens).await??)
}

async fn list(incoming: Incoming) -> Outcome {
    let clock = incoming.door.exchange().clock();
    let items: Vec<Value> = all(&incoming).await?.iter().map(|token| view(token, clock)).collect();
    Ok(answer::json(200, &json!({ "items": items })))
}

async fn one(incoming: Incoming) -> Outcome {
    let id = id_at(&incoming)?;
    let tokens = all(&incoming).await?;
    let token = tokens.iter().find(|token| token.id == id).ok_or_else(unknown)?;
    Ok(answer::json(200, &view(token, incoming.door.exchange().clock())))
}

async fn make(incoming: Incoming) -> Outcome {
    let exchange = incoming.door.exchange();
    let wanted = wanted(&incoming)?;
    let (token, text) = exchange.ask(|back| Ask::MakeToken(wanted, back)).await??;
    let mut body = view(&token, exchange.clock());
    body["token"] = json!(text);
    let mut response = answer::json(201, &body);
    answer::header(response.headers_mut(), "location", Some(format!("/api/v1/tokens/{PREFIX}{}", token.id)));
    Ok(response)
}

async fn delete(incoming: Incoming) -> Outcome {
    let id = id_at(&incoming)?.to_owned();
    match incoming.door.exchange().ask(|back| Ask::DropToken { id, back }).await? {
        Err(Fault::NotFound) => return Err(unknown()),
        outcome => outcome?,
    }
    incoming.door.credentials_ended();
    Ok(answer::nothing())
}

fn wanted(incoming: &Incoming) -> Result<TokenWanted, Problem> {
    let clock = incoming.door.exchange().clock();
    let body = Fields::of(&incoming.body);
    let scopes = body.texts("scopes");
    if let Some(beyond) = scopes.iter().find(|scope| !incoming.who.may(scope)) {
        return Err(Problem::of(declared::SCOPE).with("scope", *beyond));
    }
    let expires = match body.text("expires_at") {
        None => None,
        Some(text) => {
            let later = |at: &_| *at > clock.now();
            let at = parse_instant(text, clock).filter(later);
            Some(at.ok_or_else(|| Problem::one_value("/expires_at", "is an instant to come"))?)
        }
    };
    Ok(TokenWanted {
        label: body.text("label").unwrap_or_default().to_owned(),
        scopes: scopes.into_iter().map(str::to_owned).collect(),
        networks: body.texts("networks").into_iter().map(str::to_owned).collect(),
        expires,
    })
}

fn id_at(incoming: &Incoming) -> Result<&str, Problem> {
    incoming.at("token").strip_prefix(PREFIX).ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::of(declared::UNKNOWN_TOKEN)
}

fn view(token: &TokenInfo, clock: &Clock) -> Value {
    let TokenInfo { id, wanted, created, last_use } = token;
    json!({
        "id": format!("{PREFIX}{id}"), "label": wanted.label, "scopes": wanted.scopes, "networks": wanted.networks,
        "created_at": Instant::at(*created, clock), "expires_at": Instant::maybe(wanted.expires, clock),
        "last_used_at": Instant::maybe(*last_use, clock),
    })
}
