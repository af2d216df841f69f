//! Requests by their paths (VOI-ADM-20), and what every one of them passes first: its code and its source (VOI-ADM-02, VOI-ADM-03).

mod call_log;
mod civil;
mod click2call;
mod criteria;
mod fields;
mod get_extensions;
mod get_extensions_calls;
mod make_call;
mod parties;
mod terminate;

use super::Door;
use super::error::MonitorFault;
use super::gate::CODE_LEN_MAX;
use super::sight::Sight;
use super::wire::{Bad, Json, Params, Response};
use crate::common::ask::{Ask, Identity};
use std::net::IpAddr;

/// Name of the door in the directory of codes, in logs and in the core.
pub const DOOR: &str = "voicenter";

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Click2Call: `action` says which.
    Click2Call,
    /// The call log.
    CallLog,
    /// Extensions and their calls.
    ExtensionsCalls,
    /// The list of extensions.
    Extensions,
}

impl Endpoint {
    /// Every path with its spellings in the vendor's document and its lower-case one.
    pub const PATHS: [(&'static str, Self); 15] = [
        ("/ForwardDialer/click2call.aspx", Self::Click2Call),
        ("/forwardDialer/click2call.aspx", Self::Click2Call),
        ("/forwarddialer/click2call.aspx", Self::Click2Call),
        ("/ForwardDialer/click2call", Self::Click2Call),
        ("/forwardDialer/click2call", Self::Click2Call),
        ("/forwarddialer/click2call", Self::Click2Call),
        ("/hub/cdr/", Self::CallLog),
        ("/hub/cdr", Self::CallLog),
        ("/comet/API/GetExtensionsCalls", Self::ExtensionsCalls),
        ("/Comet/api/GetExtensionsCalls", Self::ExtensionsCalls),
        ("/comet/api/getextensionscalls", Self::ExtensionsCalls),
        ("/Comet/api/GetExtensions", Self::Extensions),
        ("/comet/API/GetExtensions", Self::Extensions),
        ("/comet/api/GetExtensions", Self::Extensions),
        ("/comet/api/getextensions", Self::Extensions),
    ];

    /// The endpoint of a path in any case.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        Self::PATHS.iter().find(|(known, _)| known.trim_end_matches('/').eq_ignore_ascii_case(path)).map(|(_, to)| *to)
    }
}

/// Everything that a request's octets decide before anything is looked at; none: no such path.
#[must_use]
pub fn decode(path: &str, query: &str, kind: Option<&str>, body: &[u8]) -> Option<(Endpoint, Result<Params, Bad>)> {
    Some((Endpoint::at(path)?, Params::read(query, kind, body)))
}

/// The window of time that parameters ask the call log for, in milliseconds since the Unix epoch; none: it cannot be read.
#[must_use]
pub fn window(params: &Params, now_ms: i64, home: &str) -> Option<(Option<i64>, i64)> {
    criteria::Criteria::read(params, now_ms, home).ok().map(|criteria| (criteria.from_ms, criteria.to_ms))
}

/// One request.
pub(super) struct Asked<'a> {
    pub(super) door: &'a Door,
    pub(super) source: IpAddr,
    pub(super) params: Params,
}

/// Why a code does not open the door.
pub(super) enum Denied {
    /// There is none.
    Missing,
    /// Nobody has it, or its source has tried too many others.
    Unknown,
    /// The directory does not answer.
    Internal,
}

impl Asked<'_> {
    /// Whom the code stands for.
    async fn identity(&self) -> Result<Identity, Denied> {
        let code = self.params.given("code").ok_or(Denied::Missing)?;
        let now = self.door.exchange.clock().now();
        if self.door.gate.is_blocked(self.source, now) {
            return Err(Denied::Unknown);
        }
        let known = match code.len() <= CODE_LEN_MAX {
            true => {
                let asked = self.door.exchange.ask(|back| Ask::Code { door: DOOR.to_owned(), code, back });
                asked.await.map_err(|_| Denied::Internal)?
            }
            false => None,
        };
        if known.is_none() {
            self.door.gate.wrong(self.source, now);
        }
        known.ok_or(Denied::Unknown)
    }
}

/// Answers one request; `params` may be unreadable, which each endpoint says in its own form, and in the one that the query asks for.
pub(super) async fn answer(
    door: &Door,
    source: IpAddr,
    endpoint: Endpoint,
    query: &str,
    params: Result<Params, Bad>,
) -> Response {
    let unread = params.as_ref().err().copied();
    let asked = Asked { door, source, params: params.unwrap_or_else(|_| Params::form_of_answer(query)) };
    let response = match endpoint {
        Endpoint::Click2Call => click2call::answer(&asked, unread).await,
        // Without parameters there is no code, which is what these say.
        Endpoint::CallLog => call_log::answer(&asked).await,
        Endpoint::ExtensionsCalls => monitor(&asked, endpoint, get_extensions_calls::list).await,
        Endpoint::Extensions => monitor(&asked, endpoint, get_extensions::list).await,
    };
    match unread {
        // Only a request that could not be read has another status than 200 (VOI-C2C-01).
        Some(Bad::Unread) => response.with_status(413),
        Some(Bad::Kind | Bad::Malformed | Bad::TooMany) | None => response,
    }
}

/// The two lists of the monitor: `ERR`, `DESC`, `EXTENSIONS` (VOI-ACT-01, VOI-EXT-01).
async fn monitor(asked: &Asked<'_>, endpoint: Endpoint, list: fn(&Asked<'_>, &Sight) -> Vec<Json>) -> Response {
    if !asked.door.config.trusts_everywhere(asked.source) {
        return refused(endpoint, MonitorFault::Authorization);
    }
    match asked.identity().await {
        Ok(identity) => {
            let sight = asked.door.exchange.read(|picture| Sight::of(picture, &asked.door.config, &identity));
            said((0, "OK"), Some(list(asked, &sight)))
        }
        Err(Denied::Missing | Denied::Unknown) => refused(endpoint, MonitorFault::Authorization),
        Err(Denied::Internal) => refused(endpoint, MonitorFault::Internal),
    }
}

/// A refusal of the extension list has an empty list (VOI-EXT-03), one of the active calls none (VOI-ACT-04).
fn refused(endpoint: Endpoint, fault: MonitorFault) -> Response {
    said(fault.words(), (endpoint == Endpoint::Extensions).then(Vec::new))
}

fn said((err, desc): (u8, &'static str), list: Option<Vec<Json>>) -> Response {
    let fields = [("ERR", Json::number(err)), ("DESC", Json::text(desc))];
    let list = list.map(|list| ("EXTENSIONS", Json::Array(list)));
    Response::json(&Json::of_fields(fields.into_iter().chain(list)))
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn paths_are_found_in_any_case() {
        for (path, endpoint) in [
            ("/FORWARDDIALER/Click2Call.ASPX", Some(Endpoint::Click2Call)),
            ("/forwarddialer/click2call/", Some(Endpoint::Click2Call)),
            ("/HUB/CDR", Some(Endpoint::CallLog)),
            ("/hub/cdr/", Some(Endpoint::CallLog)),
            ("/Comet/Api/GetExtensionsCalls", Some(Endpoint::ExtensionsCalls)),
            ("/comet/api/getextensions", Some(Endpoint::Extensions)),
            ("/hub/cdr//", None),
            ("/", None),
            ("", None),
            ("/ForwardDialer", None),
        ] {
            assert_eq!(Endpoint::at(path), endpoint, "{path}");
        }
    }
}
