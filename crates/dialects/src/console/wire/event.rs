//! The facts of each event: what cannot be seen from the resources it changed.
//!
//! Every event has a rule here; there is no arm that swallows.

use super::call::DataView;
use super::party::via;
use super::record::result;
use super::{ContactView, Id, PartyView, StageView, ids, number};
use crate::common::clock::Clock;
use serde::Serialize;
use serde_json::{Value, json};
use switching::command::ClearedBy;
use switching::event::{Configured, Event, Offer, What};

/// The `data` of an event's envelope.
#[must_use]
pub fn data(event: &Event, clock: &Clock) -> Value {
    match &event.what {
        What::ServiceInitiated { connection, call, prompt, purpose } => json!({
            "connection": Id(connection.id), "device": Id(connection.device), "call": Id(call.id),
            "prompt": prompt.name(), "purpose": purpose.name(), "dialled": number(&call.dialled),
        }),
        What::Originated { connection, born: _, dialled, called, did, arrival, prompted } => json!({
            "connection": Id(*connection), "dialled": number(dialled), "called": PartyView::of(called),
            "did": did.as_ref().and_then(number), "arrival": arrival.name(), "prompted": prompted,
        }),
        What::Delivered { connection, cause, via: way } => json!({
            "connection": Id(connection.id), "device": Id(connection.device), "cause": cause.name(), "via": via(*way),
            "redirected_by": connection.redirected_by.as_ref().map(PartyView::of),
        }),
        What::Established { connection, born: _, cause, peers } => json!({
            "connection": Id(*connection), "cause": cause.name(), "peers": ids(peers),
        }),
        What::Failed { connection, cause, q850, called, offers, tone } => json!({
            "connection": Id(*connection), "cause": cause.name(), "q850": q850, "called": PartyView::of(called),
            "offers": offers.iter().copied().map(offer).collect::<Vec<_>>(), "tone": tone,
        }),
        What::ConnectionCleared { connection, cause, by, q850, was, left } => json!({
            "connection": Id(*connection), "cause": cause.name(), "by": cleared_by(by), "q850": q850,
            "was": was.name(), "left": left,
        }),
        What::CallCleared { call } => json!({ "call": Id(*call) }),
        What::StageOpened { stage } => json!({
            "stage": Id(stage.id), "root": Id(stage.root), "call": Id(stage.call), "kind": stage.kind.name(),
            "target": PartyView::of(&stage.target),
        }),
        What::StageClosed { stage, result: ended } => {
            let (result, cause) = result(*ended);
            json!({
                "stage": Id(stage.id), "ended": StageView::of(stage, clock), "result": result, "cause": cause,
            })
        }
        What::CallInformation { call, data, vars } => json!({
            "call": Id(*call), "data": DataView::of(data),
            "connection": vars.as_ref().map(|(connection, _)| Id(*connection)),
            "vars": vars.as_ref().map(|(_, vars)| vars),
        }),
        What::Prompted { connection } => json!({ "connection": Id(*connection) }),
        What::DigitsGenerated { connection, count } => json!({ "connection": Id(*connection), "count": count }),
        What::BackInService { device, contacts } => json!({
            "device": Id(*device), "contacts": ContactView::all(contacts),
        }),
        What::OutOfService { device } => json!({ "device": Id(*device) }),
        What::DoNotDisturb { extension, on } => json!({ "extension": Id(*extension), "on": on }),
        What::ApplicationSession { device, user, open } => json!({
            "device": Id(*device), "user": user.map(Id), "open": open,
        }),
        What::ConfigurationChanged(change) => configured(change),
    }
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

fn cleared_by(by: &ClearedBy) -> Value {
    match by {
        ClearedBy::Itself => json!({ "kind": "itself" }),
        ClearedBy::Party(connection) => json!({ "kind": "party", "connection": Id(*connection) }),
        ClearedBy::Request(request) => json!({ "kind": "request", "request": Id(*request) }),
        ClearedBy::Exchange(cause) => json!({ "kind": "exchange", "cause": cause.name() }),
    }
}
