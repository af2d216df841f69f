//! Answers of operations: reads state the mirror's place, writes the place of their effects.

use super::problem::Problem;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use switching::command::{Answer, Reply};

/// JSON with a status.
pub fn json(status: u16, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => text_json(status, text),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            Problem::of_refusal(&switching::refusal::Refusal::Internal).into_response()
        }
    }
}

/// JSON that is written already.
pub fn text_json(status: u16, text: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// A read, with the mirror's sequence number.
pub fn read(seq: u64, body: &impl Serialize) -> Response {
    at_seq(seq, json(200, body))
}

/// Adds the mirror's sequence number.
pub fn at_seq(seq: u64, mut response: Response) -> Response {
    header(response.headers_mut(), "hookswitch-seq", Some(seq.to_string()));
    response
}

/// Nothing to say.
pub fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The answer to a command or a change.
///
/// # Errors
///
/// The refusal, as a problem.
pub fn of_reply(reply: &Reply, status: u16, result: impl FnOnce(&Answer) -> Value) -> Result<Response, Problem> {
    let answer = reply.outcome.as_ref().map_err(|refusal| Problem::of_reply(reply, refusal))?;
    let mut response = json(status, &reply_body(reply, result(answer)));
    let (before, through) = (reply.before.to_string(), reply.through.to_string());
    super::dispatch::place(response.headers_mut(), Some(reply.request.to_string()), Some(before), Some(through));
    if reply.replayed {
        header(response.headers_mut(), "idempotency-replayed", Some("true".to_owned()));
    }
    Ok(response)
}

/// The body of such an answer.
pub fn reply_body(reply: &Reply, result: Value) -> Value {
    json!({
        "request": reply.request.to_string(), "before": reply.before, "through": reply.through,
        "replayed": reply.replayed, "result": result,
    })
}

/// Sets a header, where there is a value.
pub fn header(headers: &mut HeaderMap, name: &'static str, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
