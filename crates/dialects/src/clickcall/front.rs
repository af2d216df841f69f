//! The HTTP side (CCX-02, CCX-03): POST of a document on three paths, and always 200 with a document back (CCX-15).
//!
//! Head, connections and times are bounded by whoever serves the router; the body is bounded here.

use super::error::Code;
use super::wire::{body, request, response};
use super::{Door, NAME, request as requests};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use futures_util::StreamExt;

/// What is still read of a body that is too long, so that the answer reaches a client that reads only after it has written.
const DRAINED_MAX: usize = 1_048_576;
/// The path that the vendor's clients use.
const PATH: &str = "/ipecs_svc";

/// The paths of this door. `root` adds `/`, which only a listener of its own can give it.
pub fn router(door: Door, root: bool) -> Router {
    let methods = || -> MethodRouter<Door> { post(clicktocall).fallback(other_method) };
    let router = Router::new().route(PATH, methods()).route("/ipecs_svc/", methods());
    let router = if root { router.route("/", methods()) } else { router };
    router.with_state(door)
}

async fn other_method() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response()
}

async fn clicktocall(State(door): State<Door>, http: Request) -> Response {
    let (head, body) = http.into_parts();
    let octets = match read(&head.headers, body).await {
        Ok(octets) => octets,
        Err(why) => {
            tracing::info!(dialect = NAME, why, "body not taken");
            let mut answer = document(None, &[Code::UnknownError]);
            answer.headers_mut().insert(CONNECTION, axum::http::HeaderValue::from_static("close"));
            return answer;
        }
    };
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let Some(xml) = body::document(kind, &octets) else {
        tracing::info!(dialect = NAME, "no document in the body");
        return document(None, &[Code::UnknownError]);
    };
    match request::read(xml) {
        Ok(asked) => {
            let id = asked.requestid.clone();
            // A task of its own: a client that has gone does not take its commands back.
            let codes = tokio::spawn(async move { requests::answer(&door, &asked).await }).await;
            document(id.as_deref(), &codes.unwrap_or_else(|_| vec![Code::UnknownError]))
        }
        Err(error) => {
            tracing::info!(dialect = NAME, %error, "unreadable document");
            document(None, &[Code::UnknownError])
        }
    }
}

/// A body within its bound.
async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, &'static str> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > DRAINED_MAX as u64) {
        return Err("far too long");
    }
    let mut octets = Vec::new();
    let mut length = 0_usize;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| "cut off, or too slow")?;
        length += piece.len();
        if length <= body::BODY_MAX {
            octets.extend_from_slice(&piece);
        } else if length > DRAINED_MAX {
            return Err("far too long");
        }
    }
    if length > body::BODY_MAX { Err("too long") } else { Ok(octets) }
}

/// A document as a file (CCX-02).
fn document(responseid: Option<&str>, codes: &[Code]) -> Response {
    let fields = [
        (CONTENT_TYPE, response::CONTENT_TYPE),
        (CONTENT_DISPOSITION, response::CONTENT_DISPOSITION),
        (CACHE_CONTROL, "no-store"),
    ];
    (fields, response::write(responseid, codes)).into_response()
}
