//! What a client is told when something was not done: RFC 9457, one total match over the core's refusals.
//!
//! `outcome` says what happened all the same: `unchanged`, `happened` or `unknown`.

use super::declared::{self, Declared};
use super::shape::Wrong;
use crate::common::ask::Fault;
use crate::common::exchange::Stopping;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use switching::command::Reply;
use switching::model::ConnectionState;
use switching::refusal::{Refusal, Shortage};

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
    /// A declared refusal.
    #[must_use]
    pub fn of(declared: Declared) -> Self {
        Self {
            status: StatusCode::from_u16(declared.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            refusal: declared.name,
            told: Box::new(Told {
                title: declared.title,
                detail: None,
                blame: declared.blame,
                outcome: declared.outcome,
                more: Map::new(),
                retry_after_s: (declared.status == 503).then_some(RETRY_AFTER_S),
            }),
        }
    }

    /// Values that are not as they should be.
    #[must_use]
    pub fn value(wrong: Vec<Wrong>) -> Self {
        let errors: Vec<Value> =
            wrong.into_iter().map(|fault| json!({ "pointer": fault.pointer, "message": fault.message })).collect();
        Self::of(declared::VALUE).with("errors", errors)
    }

    /// One value that is not as it should be.
    #[must_use]
    pub fn one_value(pointer: &str, message: impl Into<String>) -> Self {
        Self::value(vec![Wrong::at(pointer, message)])
    }

    /// The refusal of a command or change, with its place in the log.
    #[must_use]
    pub fn of_reply(reply: &Reply, refusal: &Refusal) -> Self {
        let problem = Self::of_refusal(refusal);
        let through = if problem.told.outcome == "unchanged" { reply.before } else { reply.through };
        problem.with("request", reply.request.to_string()).with("before", reply.before).with("through", through)
    }

    /// How the core's refusals are told: one total match.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal) -> Self {
        let declared = match refusal {
            Refusal::UnknownDevice => declared::UNKNOWN_DEVICE,
            Refusal::UnknownNumber => declared::UNKNOWN_NUMBER,
            Refusal::DestinationKind => declared::DESTINATION_KIND,
            Refusal::UnknownConnection => declared::UNKNOWN_CONNECTION,
            Refusal::AlreadyOver => declared::ALREADY_OVER,
            Refusal::NoSuchCall { .. } => declared::NO_SUCH_CALL,
            Refusal::DeviceState { .. } => declared::DEVICE_STATE,
            Refusal::ConnectionState { .. } => declared::CONNECTION_STATE,
            Refusal::Value { .. } => declared::VALUE,
            Refusal::NotYours => declared::NOT_YOURS,
            Refusal::Restricted => declared::RESTRICTED,
            Refusal::FeatureOff => declared::FEATURE_OFF,
            Refusal::Unregistered => declared::UNREGISTERED,
            Refusal::DeviceCannot => declared::DEVICE_CANNOT,
            Refusal::FirstLeg(_) => declared::FIRST_LEG,
            Refusal::PeerRejected => declared::PEER_REJECTED,
            Refusal::PeerTimeout => declared::PEER_TIMEOUT,
            Refusal::Resource(_) => declared::RESOURCE,
            Refusal::OutOfService => declared::OUT_OF_SERVICE,
            Refusal::Internal => declared::INTERNAL,
            Refusal::InUse => declared::IN_USE,
            Refusal::KeyReused => declared::KEY_REUSED,
            Refusal::NameTaken => declared::NAME_TAKEN,
            Refusal::SessionState => declared::SESSION_STATE,
        };
        let mut problem = Self::of(declared);
        problem.told.more = fields(refusal);
        if let Refusal::Resource(shortage) = refusal {
            problem.told.detail = Some(shortage_text(*shortage).to_owned());
        }
        problem
    }

    /// One more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.told.more.insert(name.to_owned(), value.into());
        self
    }

    /// A write that was refused here says, as one that the core refused, that nothing happened: from this place to this place.
    pub fn never_reached_the_core(&mut self, seq: u64) {
        if self.told.outcome == "unchanged" && !self.told.more.contains_key("before") {
            self.told.more.insert("before".to_owned(), seq.into());
            self.told.more.insert("through".to_owned(), seq.into());
        }
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

const fn shortage_text(shortage: Shortage) -> &'static str {
    match shortage {
        Shortage::Lines => "The device is busy: all its lines are taken",
        Shortage::Circuits => "All circuits are taken",
        Shortage::Calls => "There are as many calls as the settings allow",
        Shortage::Keys => "As many keys are remembered as can be",
    }
}

impl From<Stopping> for Problem {
    /// Of a question; for what may have been carried out there is [`lost`].
    fn from(_: Stopping) -> Self {
        Self::of(declared::OUT_OF_SERVICE)
    }
}

/// Of a command or change: one that was given and never answered may have been carried out.
#[must_use]
pub fn lost(stopping: Stopping) -> Problem {
    if stopping.given {
        Problem::of(declared::INTERNAL).saying("The exchange ended before it answered")
    } else {
        stopping.into()
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => Self::of(declared::UNKNOWN_OBJECT),
            Fault::Gone { oldest } => Self::of(declared::GAP)
                .saying("Retention has deleted it")
                .with("reason", "expired")
                .with("oldest", oldest),
            Fault::Store(why) => {
                tracing::error!(%why, "the store failed a question of the console");
                Self::of_refusal(&Refusal::Internal)
            }
            Fault::Value(why) => Self::one_value("", why),
            Fault::Stopping => Self::of(declared::OUT_OF_SERVICE),
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
