//! The facts of each event: what cannot be seen from the resources it changed.
//!
//! Every event has a rule here; there is no arm that swallows.

use super::call::DataView;
use super::party::via;
use super::record::result;
use super::{ContactView, Id, PartyView, StageView, number, push_id, push_ids, push_text_or_null};
use crate::common::clock::Clock;
use crate::common::json::Object;
use serde::Serialize;
use serde_json::{Value, json};
use switching::command::ClearedBy;
use switching::event::{Configured, Event, Offer, What};

/// Appends the `data` of an event's envelope, its members in the order of their names. What happens in every call is written
/// directly; what is seldom, by way of a tree.
pub fn push_data(out: &mut String, event: &Event, clock: &Clock) {
    let mut seldom = |value: Value| out.push_str(&value.to_string());
    match &event.what {
        What::Originated { connection, born: _, dialled, called, did, arrival, prompted } => Object::write(out, |o| {
            o.text("arrival", arrival.name());
            PartyView::of(called).push_sorted(o.value("called"));
            push_id(o.value("connection"), *connection);
            push_text_or_null(o.value("dialled"), number(dialled));
            push_text_or_null(o.value("did"), did.as_ref().and_then(number));
            o.flag("prompted", *prompted);
        }),
        What::Delivered { connection, cause, via: way } => Object::write(out, |o| {
            o.text("cause", cause.name());
            push_id(o.value("connection"), connection.id);
            push_id(o.value("device"), connection.device);
            match &connection.redirected_by {
                Some(party) => PartyView::of(party).push_sorted(o.value("redirected_by")),
                None => o.value("redirected_by").push_str("null"),
            }
            o.text("via", via(*way));
        }),
        What::Established { connection, born: _, cause, peers } => Object::write(out, |o| {
            o.text("cause", cause.name());
            push_id(o.value("connection"), *connection);
            push_ids(o.value("peers"), peers);
        }),
        What::ConnectionCleared { connection, cause, by, q850, was, left } => Object::write(out, |o| {
            push_cleared_by(o.value("by"), by);
            o.text("cause", cause.name());
            push_id(o.value("connection"), *connection);
            o.count("left", (*left).into());
            o.count("q850", (*q850).into());
            o.text("was", was.name());
        }),
        What::CallCleared { call } => Object::write(out, |o| push_id(o.value("call"), *call)),
        What::StageOpened { stage } => Object::write(out, |o| {
            push_id(o.value("call"), stage.call);
            o.text("kind", stage.kind.name());
            push_id(o.value("root"), stage.root);
            push_id(o.value("stage"), stage.id);
            PartyView::of(&stage.target).push_sorted(o.value("target"));
        }),
        What::StageClosed { stage, result: ended } => Object::write(out, |o| {
            let (result, cause) = result(*ended);
            push_text_or_null(o.value("cause"), cause);
            StageView::of(stage, clock).push_sorted(o.value("ended"));
            o.text("result", result);
            push_id(o.value("stage"), stage.id);
        }),
        What::ServiceInitiated { connection, call, prompt, purpose } => seldom(json!({
            "connection": Id(connection.id), "device": Id(connection.device), "call": Id(call.id),
            "prompt": prompt.name(), "purpose": purpose.name(), "dialled": number(&call.dialled),
        })),
        What::Failed { connection, cause, q850, called, offers, tone } => seldom(json!({
            "connection": Id(*connection), "cause": cause.name(), "q850": q850, "called": PartyView::of(called),
            "offers": offers.iter().copied().map(offer).collect::<Vec<_>>(), "tone": tone,
        })),
        What::CallInformation { call, data, vars } => seldom(json!({
            "call": Id(*call), "data": DataView::of(data),
            "connection": vars.as_ref().map(|(connection, _)| Id(*connection)),
            "vars": vars.as_ref().map(|(_, vars)| vars),
        })),
        What::Prompted { connection } => seldom(json!({ "connection": Id(*connection) })),
        What::DigitsGenerated { connection, count } => seldom(json!({
            "connection": Id(*connection), "count": count,
        })),
        What::BackInService { device, contacts } => seldom(json!({
            "device": Id(*device), "contacts": ContactView::all(contacts),
        })),
        What::OutOfService { device } => seldom(json!({ "device": Id(*device) })),
        What::DoNotDisturb { extension, on } => seldom(json!({ "extension": Id(*extension), "on": on })),
        What::ApplicationSession { device, user, open } => seldom(json!({
            "device": Id(*device), "user": user.map(Id), "open": open,
        })),
        What::ConfigurationChanged(change) => seldom(configured(change)),
    }
}

/// The same as a tree.
#[must_use]
pub fn data(event: &Event, clock: &Clock) -> Value {
    let mut text = String::new();
    push_data(&mut text, event, clock);
    serde_json::from_str(&text).expect("what was written here is JSON")
}

fn configured(change: &Configured) -> Value {
    fn of(kind: &str, id: impl Serialize, removed: bool) -> Value {
        json!({ "kind": kind, "id": id, "removed": removed })
    }
    match change {
        Configured::Device(id, config) => of("device", Id(*id), config.is_none()),
        Configured::Extension(id, config) => of("extension", Id(*id), config.is_none()),
        Configured::User(id, config) => of("user", Id(*id), config.is_none()),
        Configured::Trunk(id, config) => of("trunk", Id(*id), config.is_none()),
        Configured::Settings(_) => of("settings", Value::Null, false),
    }
}

const fn offer(offer: Offer) -> &'static str {
    match offer {
        Offer::CampOn => "camp_on",
        Offer::CallBack => "call_back",
        Offer::Intrude => "intrude",
    }
}

fn push_cleared_by(out: &mut String, by: &ClearedBy) {
    Object::write(out, |o| match by {
        ClearedBy::Itself => o.text("kind", "itself"),
        ClearedBy::Party(connection) => {
            push_id(o.value("connection"), *connection);
            o.text("kind", "party");
        }
        ClearedBy::Request(request) => {
            o.text("kind", "request");
            push_id(o.value("request"), *request);
        }
        ClearedBy::Exchange(cause) => {
            o.text("cause", cause.name());
            o.text("kind", "exchange");
        }
    });
}
