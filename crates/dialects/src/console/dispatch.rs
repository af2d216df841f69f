//! What every request goes through: who it is, what it may, how often, what it says; then its operation.

use super::declared;
use super::edge_keys::{Given, Place};
use super::operation::{Need, Operation};
use super::problem::{Done, Problem};
use super::query::Query;
use super::rate::Kind;
use super::who::{Who, authenticate};
use super::{Door, answer};
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use switching::command::{Key, Principal};
use switching::limits::KEY_LEN_MAX;
use switching::refusal::Refusal;

/// Octets of a body.
pub const BODY_LEN_MAX: usize = 1024 * 1024;
/// How long a body may take to arrive.
pub const BODY_TIMEOUT_S: u64 = 10;
/// How long a read waits for its `min_seq`.
pub const MIN_SEQ_WAIT_S: u64 = 5;
/// The name of this door in principals.
pub const DOOR: &str = "console";

/// A request that has passed all checks of the edge.
pub struct Incoming {
    /// The door.
    pub door: Door,
    /// Who asks.
    pub who: Who,
    /// For what.
    pub operation: &'static Operation,
    /// Parameters of the path.
    pub path: BTreeMap<String, String>,
    /// Parameters of the query.
    pub query: Query,
    /// The body; null where there is none.
    pub body: Value,
    /// The idempotency key with the hash of what it stands for.
    pub key: Option<Key>,
    /// The rest of the request.
    pub parts: Parts,
}

impl Incoming {
    /// A parameter of the path.
    #[must_use]
    pub fn at(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// Who gives commands.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal { door: DOOR.to_owned(), account: self.who.account.clone() }
    }
}

/// Serves one request of an operation.
pub async fn dispatch(door: Door, operation: &'static Operation, request: axum::extract::Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut account = String::new();
    let served = serve(door.clone(), operation, &mut parts, body, &mut account).await;
    let mut response = served.unwrap_or_else(|mut problem| {
        if !operation.method.is_read() {
            problem.never_reached_the_core(door.exchange().seq());
        }
        tracing::debug!(operation = operation.id, refusal = problem.refusal, account, "refused");
        door.refusals().note(door.exchange().clock().now(), &account, operation.id, problem.refusal);
        problem.into_response()
    });
    if operation.need != Need::Nothing && !account.is_empty() {
        door.rates().write_headers(&account, kind_of(operation), response.headers_mut());
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn serve(
    door: Door,
    operation: &'static Operation,
    parts: &mut Parts,
    body: Body,
    account: &mut String,
) -> Done<Response> {
    let path = path_of(parts).await;
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let who = admit(&door, operation, parts, &query).await?;
    account.clone_from(&who.account);
    if operation.need != Need::Nothing {
        door.rates().take(&who.account, kind_of(operation))?;
    }
    query.check(operation)?;
    let body = match operation.body {
        Some(shape) => {
            let body = read_body(parts, body).await?;
            let wrong = shape.check(&body);
            if !wrong.is_empty() {
                return Err(Problem::value(wrong));
            }
            body
        }
        None => Value::Null,
    };
    let key = key_of(operation, parts, &body)?;
    if let Some(seq) = query.number("min_seq") {
        let reached = tokio::time::timeout(Duration::from_secs(MIN_SEQ_WAIT_S), door.exchange().reached(seq)).await;
        if reached.is_err() {
            let problem = Problem::of(declared::NOT_YET);
            return Err(problem.with("seq", door.exchange().seq()));
        }
    }
    let upgrade = std::mem::replace(parts, axum::http::Request::new(()).into_parts().0);
    let place = match &key {
        Some(key) if operation.takes_key() && !operation.is_command() => {
            Some(door.keys().place(&who.account, key, door.exchange().clock().now())?)
        }
        Some(_) | None => None,
    };
    let incoming = Incoming { door, who, operation, path, query, body, key, parts: upgrade };
    match place {
        Some(place) => once(place, incoming).await,
        None => (operation.run)(incoming).await,
    }
}

/// Carries out what no one has carried out under its key; else gives the first answer again.
async fn once(place: Place, incoming: Incoming) -> Done<Response> {
    let mut given = place.lock().await;
    if let Some(given) = &*given {
        let mut response = (given.status, given.body.clone()).into_response();
        *response.headers_mut() = given.headers.clone();
        answer::header(response.headers_mut(), "idempotency-replayed", Some("true".to_owned()));
        return Ok(response);
    }
    let run = incoming.operation.run;
    let (parts, body) = run(incoming).await.unwrap_or_else(IntoResponse::into_response).into_parts();
    let body = axum::body::to_bytes(body, BODY_LEN_MAX).await.map_err(|_| Problem::of_refusal(&Refusal::Internal))?;
    *given = Some(Given { status: parts.status, headers: parts.headers.clone(), body: body.clone() });
    Ok(Response::from_parts(parts, Body::from(body)))
}

async fn path_of(parts: &mut Parts) -> BTreeMap<String, String> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => BTreeMap::new(),
    }
}

/// Credential, scope, origin, and for test control the place it comes from.
async fn admit(door: &Door, operation: &'static Operation, parts: &Parts, query: &Query) -> Done<Who> {
    let need = match operation.need {
        Need::Nothing => return Ok(Who::nobody()),
        Need::Credential => None,
        Need::Scope(scope) => Some(scope),
        Need::TestControl => {
            if !door.config().test_control || !from_loopback(parts) {
                return Err(Problem::of(declared::UNKNOWN_PATH));
            }
            Some("test")
        }
    };
    let who = authenticate(door, parts, query).await?;
    who.check_origin(door, operation.method, &parts.headers)?;
    match need {
        Some(scope) if !who.may(scope) => Err(Problem::of(declared::SCOPE).with("scope", scope)),
        _ => Ok(who),
    }
}

fn from_loopback(parts: &Parts) -> bool {
    // A test that drives the router without a socket is on this machine too.
    parts.extensions.get::<ConnectInfo<SocketAddr>>().is_none_or(|peer| peer.0.ip().to_canonical().is_loopback())
}

async fn read_body(parts: &Parts, body: Body) -> Done<Value> {
    let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|len| len > BODY_LEN_MAX) {
        return Err(too_large());
    }
    let octets =
        tokio::time::timeout(Duration::from_secs(BODY_TIMEOUT_S), axum::body::to_bytes(body, BODY_LEN_MAX)).await;
    let octets = match octets {
        Err(_) => return Err(Problem::of(declared::TOO_SLOW)),
        Ok(Err(error)) if is_too_long(&error) => return Err(too_large()),
        Ok(Err(_)) => return Err(syntax("The body ended too early")),
        Ok(Ok(octets)) => octets,
    };
    if octets.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    if !is_json(&parts.headers) {
        return Err(Problem::of(declared::MEDIA_TYPE));
    }
    serde_json::from_slice(&octets).map_err(|error| syntax(&error.to_string()))
}

fn too_large() -> Problem {
    Problem::of(declared::SIZE).with("limit", BODY_LEN_MAX)
}

fn syntax(detail: &str) -> Problem {
    Problem::of(declared::SYNTAX).saying(detail)
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit") {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

fn key_of(operation: &Operation, parts: &Parts, body: &Value) -> Done<Option<Key>> {
    let Some(key) = parts.headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=KEY_LEN_MAX).contains(&key.len()));
    let Some(key) = key else {
        return Err(Problem::one_value("/header/Idempotency-Key", format!("has 1 to {KEY_LEN_MAX} ASCII characters")));
    };
    let mut hash = Sha256::new();
    hash.update(operation.id.as_bytes());
    hash.update([0]);
    hash.update(parts.uri.path().as_bytes());
    hash.update([0]);
    // Objects are written in the order of their names, so blanks and order make no other body.
    hash.update(body.to_string().as_bytes());
    Ok(Some(Key { key: key.to_owned(), body: hash.finalize().into() }))
}

/// What counts against which allowance.
fn kind_of(operation: &Operation) -> Kind {
    if operation.method.is_read() { Kind::Read } else { Kind::Command }
}

/// Writes the place of a command's effects in the log into headers.
pub fn place(headers: &mut HeaderMap, request: Option<String>, before: Option<String>, through: Option<String>) {
    answer::header(headers, "hookswitch-request", request);
    answer::header(headers, "hookswitch-before", before);
    answer::header(headers, "hookswitch-through", through);
}
