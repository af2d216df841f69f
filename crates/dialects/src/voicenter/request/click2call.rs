//! Click2Call: one path, an action, an answer of three members (VOI-C2C-01, VOI-C2C-13, VOI-C2C-14).
//!
//! `message` and `callference` are known and not there yet: they are answered as what the platform cannot do.

use super::super::error::{Refused, TOO_FAST};
use super::super::wire::{Bad, Json, Response, xml_rpc};
use super::{Asked, Denied, make_call, terminate};

/// What a handled request gives: the call id, or why there is none.
pub(super) type Outcome = Result<String, Refused>;

pub(super) async fn answer(asked: &Asked<'_>, unread: Option<Bad>) -> Response {
    let outcome = match unread {
        Some(Bad::Unread) => Err(Refused { code: 1, message: "Request is too long".to_owned() }),
        Some(Bad::Kind | Bad::Malformed | Bad::TooMany) => {
            Err(Refused { code: 1, message: "Request is invalid".to_owned() })
        }
        None => carry_out(asked).await,
    };
    if let Err(refused) = &outcome {
        tracing::info!(dialect = "voicenter", code = refused.code, message = %refused.message, "click2call refused");
    }
    written(asked, outcome)
}

async fn carry_out(asked: &Asked<'_>) -> Outcome {
    let config = &asked.door.config;
    if !config.trusts_everywhere(asked.source) {
        return Err(Refused::untrusted(asked.source));
    }
    let identity = asked.identity().await.map_err(|denied| match denied {
        Denied::Missing => Refused::missing("code"),
        Denied::Unknown => Refused::invalid("code"),
        Denied::Internal => Refused::application("The platform is not in service"),
    })?;
    if !asked.door.gate.may_call(config.requests_per_s, asked.door.exchange.clock().now()) {
        return Err(Refused::application(TOO_FAST));
    }
    let action = asked.params.given("action").unwrap_or_else(|| "call".to_owned());
    match action.to_ascii_lowercase().as_str() {
        "call" => make_call::carry_out(asked, identity.account).await,
        "terminate" => terminate::carry_out(asked, identity.account).await,
        "message" => Err(Refused::application("Messages are not supported yet")),
        "callference" | "conference" => Err(Refused::application("Conferences are not supported yet")),
        _ => Err(Refused::invalid("action")),
    }
}

fn written(asked: &Asked<'_>, outcome: Outcome) -> Response {
    let (code, message, call_id) = match outcome {
        Ok(call_id) => (0, "OK".to_owned(), call_id),
        Err(Refused { code, message }) => (code, message, String::new()),
    };
    if asked.params.text("format").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        let fields =
            [("ERRORCODE", Json::number(code)), ("ERRORMESSAGE", Json::text(message)), ("CALLID", Json::text(call_id))];
        return Response::json(&Json::object(fields));
    }
    let code = code.to_string();
    let members = [("ERRORCODE", code.as_str()), ("ERRORMESSAGE", &message), ("CALLID", &call_id)];
    Response { status: 200, kind: "text/xml; charset=utf-8", body: xml_rpc::method_response(&members) }
}
