//! What a client is told when something was not done: RFC 9457, one total match over the core's refusals.
//!
//! `outcome` says what happened all the same: `unchanged`, `happened` or `unknown`.

use super::shape::Wrong;
use crate::common::ask::Fault;
use crate::common::exchange::Stopping;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use switching::command::Reply;
use switching::model::ConnectionState;
use switching::refusal::{Blame, Refusal, Shortage};

/// Media type of the answers here.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// How long a client should wait after `resource`, `out_of_service` and `not_yet`.
const RETRY_AFTER_S: u32 = 1;

/// A refusal or a fault of the edge.
#[derive(Debug, Clone)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// The name: of the core's refusal, or of the edge's fault.
    pub refusal: &'static str,
    told: Box<Told>,
}

#[derive(Debug, Clone)]
struct Told {
    title: &'static str,
    detail: Option<String>,
    blame: &'static str,
    outcome: &'static str,
    more: Map<String, Value>,
    retry_after_s: Option<u32>,
}

/// A handler's way out.
pub type Done<T> = Result<T, Problem>;

impl Problem {
    /// A fault of the edge, of which nothing happened.
    #[must_use]
    pub fn edge(status: u16, refusal: &'static str, title: &'static str, blame: &'static str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            refusal,
            told: Box::new(Told {
                title,
                detail: None,
                blame,
                outcome: "unchanged",
                more: Map::new(),
                retry_after_s: (status == 503).then_some(RETRY_AFTER_S),
            }),
        }
    }

    /// Values that are not as they should be.
    #[must_use]
    pub fn value(wrong: Vec<Wrong>) -> Self {
        let errors: Vec<Value> =
            wrong.into_iter().map(|fault| json!({ "pointer": fault.pointer, "message": fault.message })).collect();
        Self::edge(422, "value", "A value is not as it should be", "caller").with("errors", errors)
    }

    /// One value that is not as it should be.
    #[must_use]
    pub fn one_value(pointer: &str, message: impl Into<String>) -> Self {
        Self::value(vec![Wrong::at(pointer, message)])
    }

    /// There is no such thing, or none that may be seen.
    #[must_use]
    pub fn unknown(refusal: &'static str) -> Self {
        Self::edge(404, refusal, "There is no such thing here", "caller")
    }

    /// The refusal of a command or change, with its place in the log.
    #[must_use]
    pub fn of_reply(reply: &Reply, refusal: &Refusal) -> Self {
        let problem = Self::of_refusal(refusal);
        let through = if problem.told.outcome == "unchanged" { reply.before } else { reply.through };
        problem.with("request", reply.request.to_string()).with("before", reply.before).with("through", through)
    }

    /// Status, title, outcome and fields of every refusal.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal) -> Self {
        let (status, title, outcome) = match refusal {
            Refusal::UnknownDevice => (404, "There is no such device", "unchanged"),
            Refusal::UnknownNumber => (404, "There is no such number", "unchanged"),
            Refusal::DestinationKind => (422, "Such a number cannot be called so", "unchanged"),
            Refusal::UnknownConnection => (404, "There is no such connection or call", "unchanged"),
            Refusal::AlreadyOver => (410, "It is over", "unchanged"),
            Refusal::NoSuchCall { .. } => (409, "The device has no call in a state that this needs", "unchanged"),
            Refusal::DeviceState { .. } => (409, "The device is in another state", "unchanged"),
            Refusal::ConnectionState { .. } => (409, "The connection is in another state", "unchanged"),
            Refusal::Value { .. } => (422, "A value is not as it should be", "unchanged"),
            Refusal::NotYours => (403, "There is no right to this", "unchanged"),
            Refusal::Restricted => (403, "The class of service does not allow it", "unchanged"),
            Refusal::FeatureOff => (403, "It is switched off", "unchanged"),
            Refusal::Unregistered => (409, "The device is not registered", "unchanged"),
            Refusal::DeviceCannot => (409, "The device has no means to do it", "unchanged"),
            Refusal::FirstLeg(_) => (409, "The first leg failed", "happened"),
            Refusal::PeerRejected => (409, "The phone refused", "unchanged"),
            Refusal::PeerTimeout => (504, "The phone did not do it in time; it may still", "unknown"),
            Refusal::Resource(_) => (503, "Something ran out", "unchanged"),
            Refusal::OutOfService => (503, "The exchange is starting or stopping", "unchanged"),
            Refusal::Internal => (500, "An error of ours", "unknown"),
            Refusal::InUse => (409, "It is in use", "unchanged"),
            Refusal::KeyReused => (422, "The key was used before with another body", "unchanged"),
            Refusal::NameTaken => (409, "Another one has that name", "unchanged"),
            Refusal::SessionState => (409, "The session is in another state", "unchanged"),
        };
        let blame = match refusal.blame() {
            Blame::Caller => "caller",
            Blame::Rights => "rights",
            Blame::Peer => "peer",
            Blame::Server => "server",
        };
        let mut problem = Self::edge(status, refusal.name(), title, blame);
        problem.told.outcome = outcome;
        problem.told.more = fields(refusal);
        problem
    }

    /// One more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.told.more.insert(name.to_owned(), value.into());
        self
    }

    /// Says more in words.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.told.detail = Some(detail.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.told.retry_after_s = Some(seconds);
        self
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({
            "type": format!("/problems/{}", self.refusal), "title": self.told.title, "status": self.status.as_u16(),
            "detail": self.told.detail.as_deref().unwrap_or(self.told.title), "refusal": self.refusal, "blame": self.told.blame,
            "outcome": self.told.outcome,
        });
        if let Some(map) = body.as_object_mut() {
            map.extend(self.told.more.clone());
        }
        body
    }
}

/// The fields of a variant.
fn fields(refusal: &Refusal) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    match refusal {
        Refusal::NoSuchCall { wanted } => {
            put("wanted", wanted_states(wanted));
        }
        Refusal::DeviceState { connections } => {
            put("connections", json!(connections));
        }
        Refusal::ConnectionState { found } => {
            put("found", json!(found.name()));
        }
        Refusal::Value { field } => {
            put("errors", json!([{ "pointer": format!("/{field}"), "message": "is out of its range" }]));
        }
        Refusal::FirstLeg(fault) => {
            put("fault", json!(fault.name()));
        }
        Refusal::Resource(shortage) => {
            put("shortage", json!(shortage_name(*shortage)));
        }
        Refusal::UnknownDevice
        | Refusal::UnknownNumber
        | Refusal::DestinationKind
        | Refusal::UnknownConnection
        | Refusal::AlreadyOver
        | Refusal::NotYours
        | Refusal::Restricted
        | Refusal::FeatureOff
        | Refusal::Unregistered
        | Refusal::DeviceCannot
        | Refusal::PeerRejected
        | Refusal::PeerTimeout
        | Refusal::OutOfService
        | Refusal::Internal
        | Refusal::InUse
        | Refusal::KeyReused
        | Refusal::NameTaken
        | Refusal::SessionState => {}
    }
    fields
}

/// The states that would have done: one as a word, several as a list.
fn wanted_states(wanted: &[ConnectionState]) -> Value {
    match wanted {
        [one] => json!(one.name()),
        several => several.iter().map(|state| state.name()).collect(),
    }
}

const fn shortage_name(shortage: Shortage) -> &'static str {
    match shortage {
        Shortage::Lines => "lines",
        Shortage::Circuits => "circuits",
        Shortage::Calls => "calls",
        Shortage::Keys => "keys",
    }
}

impl From<Stopping> for Problem {
    /// Of a command it is not known whether it was carried out.
    fn from(_: Stopping) -> Self {
        let mut problem = Self::of_refusal(&Refusal::OutOfService);
        problem.told.outcome = "unknown";
        problem
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => Self::unknown("unknown_object"),
            Fault::Gone { oldest } => Self::edge(410, "gap", "Retention has deleted it", "caller")
                .with("reason", "expired")
                .with("oldest", oldest),
            Fault::Store(why) => {
                tracing::error!(%why, "the store failed a question of the console");
                Self::of_refusal(&Refusal::Internal)
            }
            Fault::Value(why) => Self::one_value("", why),
            Fault::Stopping => Self::from(Stopping),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut answer = (self.status, self.body().to_string()).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.told.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        let place =
            |name: &str| self.told.more.get(name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
        super::dispatch::place(headers, place("request"), place("before"), place("through"));
        answer
    }
}
