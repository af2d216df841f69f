//! What is asked: login and logout, call commands (IPX-CMD), click to call (IPX-C2C).

mod calls;
mod click;
mod login;
mod records;
mod terminals;

pub(super) use click::click;
pub(super) use login::{Login, check_connection, login, logout};
pub(super) use records::{delete_records, records};

use super::Door;
use super::error::Fault;
use super::session::Entered;
use super::wire::Parameters;
use axum::http::Method;
use axum::response::Response;

/// A call command of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Make Call, or the list of terminals (IPX-CMD-01).
    Make,
    Answer,
    Clear,
    MonitorStart,
    MonitorStop,
    PresenceStart,
    PresenceStop,
    Status,
    Terminals,
}

impl Call {
    /// The command of a feature and method, if there is one.
    pub(super) fn named(feature: &str, method: &Method) -> Option<Self> {
        match (feature, method) {
            ("make", &Method::POST) => Some(Self::Make),
            ("answer", &Method::POST) => Some(Self::Answer),
            ("clear_connection", &Method::POST) => Some(Self::Clear),
            ("monitor", &Method::POST) => Some(Self::MonitorStart),
            ("monitor", &Method::DELETE) => Some(Self::MonitorStop),
            ("presence", &Method::POST) => Some(Self::PresenceStart),
            ("presence", &Method::DELETE) => Some(Self::PresenceStop),
            ("status", &Method::GET) => Some(Self::Status),
            ("terminals", &Method::GET) => Some(Self::Terminals),
            _ => None,
        }
    }
}

/// Carries out a call command.
pub(super) async fn call(door: &Door, by: &Entered, call: Call, asked: &Parameters) -> Result<Response, Fault> {
    match call {
        Call::Make if is_listing(asked) => terminals::list(door, asked),
        Call::Make => calls::make(door, by, asked).await,
        Call::Answer => calls::answer(door, by, asked).await,
        Call::Clear => calls::clear(door, by, asked).await,
        Call::MonitorStart => terminals::monitor_start(door, by, asked).await,
        Call::MonitorStop => terminals::monitor_stop(door, by, asked),
        Call::PresenceStart => terminals::presence_start(door, by, asked).await,
        Call::PresenceStop => terminals::presence_stop(door, by, asked),
        Call::Status => terminals::status(door, asked),
        Call::Terminals => terminals::list(door, asked),
    }
}

/// The list of terminals is asked for at the place of Make Call (IPX-CMD-01).
fn is_listing(asked: &Parameters) -> bool {
    let lists = asked.has("startIndex") || asked.has("count");
    lists && !asked.has("deviceNumber") && !asked.has("calledDN")
}
