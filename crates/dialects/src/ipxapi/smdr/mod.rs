//! Call records as the vendor's SMDR rows (IPX-SMDR-05 to 08): a pure function of the record of a call.
//!
//! One row for each call: there are no transfers yet. `Index` is the number of the call. Cost and authorisation codes do not exist
//! here.

pub mod json;
pub mod query;
pub mod span;

use super::id;
use super::settings::IpxapiConfig;
use crate::common::clock::Clock;
use crate::common::json::{Object, on_paper};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;
use switching::cause::Cause;
use switching::model::StageResult;
use switching::party::PartyKind;
use switching::record::{CallRecord, ConnectionRecord};

/// The list of records that this door shows, from which Delete takes them off.
pub const LIST: &str = "ipxapi_smdr";

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its position in the store.
    pub index: u64,
    /// Where call tracking is on (IPX-ADM-10).
    reference: Option<u64>,
    station: String,
    circuit: String,
    duration_s: u64,
    start: String,
    direction: char,
    number: String,
    account_code: String,
    /// Where records tell it (IPX-ADM-11).
    cause: Option<String>,
}

impl Row {
    /// The row on the wire.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut row: Map<String, Value> =
            query::FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), self.field(name)?.into()))).collect();
        // The only number among texts (IPX-SMDR-05).
        if let Some(reference) = self.reference {
            row.insert("callRefID".to_owned(), reference.into());
        }
        Value::Object(row)
    }

    /// The SMDR event (IPX-SMDR-08), the fields in the order of their names.
    #[must_use]
    pub fn event(&self) -> String {
        let mut names = query::FIELDS;
        names.sort_unstable();
        on_paper(|text| {
            Object::write(text, |o| {
                o.object("data", |o| {
                    for name in names {
                        match (name, self.reference, self.field(name)) {
                            ("callRefID", Some(reference), _) => o.count(name, reference),
                            (_, _, Some(field)) => o.text(name, &field),
                            (_, _, None) => {}
                        }
                    }
                });
                o.text("event", "smdr");
            });
            text.clone()
        })
    }

    /// The station whose row it is.
    #[must_use]
    pub fn station(&self) -> &str {
        &self.station
    }

    /// A field as text, by the name it has in queries.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(match name {
            "Index" => self.index.to_string().into(),
            "callRefID" => self.reference?.to_string().into(),
            "StationNumber" => self.station.as_str().into(),
            "CoNumber" => self.circuit.as_str().into(),
            "Duration" => {
                let s = self.duration_s;
                format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60).into()
            }
            "StartTime" => self.start.as_str().into(),
            "Direction" => self.direction.to_string().into(),
            "DialedNumber1" => self.number.as_str().into(),
            "Cost" => "00".into(),
            "AccountCode" => self.account_code.as_str().into(),
            "DialedNumber2" => "".into(),
            "DisconnectCause" => self.cause.as_deref()?.into(),
            _ => return None,
        })
    }
}

/// The row of a call. None: nothing was dialled, only a phone taken off its hook.
#[must_use]
pub fn row(record: &CallRecord, clock: &Clock, config: &IpxapiConfig) -> Option<Row> {
    let call = &record.call;
    let caller = record.connections.iter().find(|part| part.connection.placed)?;
    if caller.connection.prompt.is_some() && caller.connection.supervised.is_none() {
        return None;
    }
    let outside = |part: &&ConnectionRecord| part.connection.party.kind == PartyKind::Remote;
    let called = || record.connections.iter().filter(|part| !part.connection.placed);
    let talked = called().find(|part| part.connection.answered.is_some());
    let circuit = record.connections.iter().find_map(|part| part.connection.circuit).map(|circuit| circuit.number);
    let incoming = outside(&caller);
    let outgoing = called().any(|part| outside(&part)) || call.called.kind == PartyKind::Remote && circuit.is_some();
    let co = circuit.unwrap_or(0);
    let own = |part: &ConnectionRecord| part.connection.party.number.to_string();
    let (station, direction, number) = match (incoming, talked) {
        // The source is the line, whoever answered (IPX-SMDR-05).
        (true, Some(_)) => (format!("CO{co:03}"), 'I', own(caller)),
        (true, None) => (format!("CO{co:03}"), 'R', own(caller)),
        (false, Some(_)) if outgoing => (own(caller), 'O', call.dialled.to_string()),
        (false, None) if outgoing => (own(caller), 'o', call.dialled.to_string()),
        (false, _) => (own(caller), 'E', call.dialled.to_string()),
    };
    let start = Timestamp::from_millisecond(clock.unix_ms(call.created)).unwrap_or(Timestamp::UNIX_EPOCH);
    Some(Row {
        index: call.id.0,
        reference: config.smdr.tracking.then(|| id::reference(call.id)),
        station,
        circuit: circuit.map(|number| format!("{number:02}")).unwrap_or_default(),
        duration_s: record.talk_ms() / 1_000,
        start: start.to_zoned(config.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        direction,
        number,
        account_code: call.data.account_code.clone().unwrap_or_default(),
        cause: config.smdr.cause.then(|| cause_of(record, caller)),
    })
}

/// `CODE-REASON` (IPX-SMDR-07): why nobody answered, else why the caller's connection ended.
fn cause_of(record: &CallRecord, caller: &ConnectionRecord) -> String {
    let unanswered = record.stages.iter().rev().find_map(|stage| match stage.result {
        StageResult::Unanswered(cause) => Some(cause),
        StageResult::Answered => None,
    });
    let talked = record.connections.iter().any(|part| !part.connection.placed && part.connection.answered.is_some());
    let (cause, q850) = match unanswered.filter(|_| !talked) {
        Some(cause) => (cause, cause.q850()),
        None => (caller.cause, caller.q850),
    };
    coded(cause == Cause::DoNotDisturb, q850)
}

/// Number and text; 22 has two (IPX-SMDR-07).
fn coded(do_not_disturb: bool, q850: u8) -> String {
    let (code, reason) = if do_not_disturb { (22, "User DND") } else { reason(q850) };
    format!("{code}-{reason}")
}

/// The vendor's text for a Q.850 value; one that has none is *Normal, Unspecified*. The texts are printed unevenly.
const fn reason(q850: u8) -> (u8, &'static str) {
    let text = match q850 {
        1 => "UnAllocated Number",
        3 => "No Route to Dest",
        8 => "Warning Tone",
        16 => "Normal Call Clearing",
        17 => "User Busy",
        18 => "No User Responding",
        19 => "User No Answer",
        20 => "subscriber absent",
        21 => "Call Rejected",
        22 => "Number Changed",
        27 => "Destination Out of Order",
        28 => "Invalid Number format",
        30 => "Response to STATUS ENQUIRY",
        34 => "No Channel Available",
        38 => "Network Out Of Order",
        41 => "Temporary Failure",
        42 => "switching equipment congestion",
        44 => "Request Channel Unavailable",
        47 => "Resource Unavailable",
        50 => "Request Facility Not Subscribed",
        57 => "Bearer Capability No Authorized",
        58 => "Bearer capability Not Available",
        63 => "Service or option not available",
        65 => "Bearer capability Not Implemented",
        66 => "Channel Type Not Implemented",
        69 => "Request Facility Not Implemented",
        70 => "Only restricted digital information bearer capability is available",
        79 => "Service or option not implemented, unspecified",
        81 => "Invalid Call Reference",
        83 => "Call ID No exist",
        84 => "Call ID In Use",
        85 => "No Call Suspended",
        86 => "Call ID Cleared",
        88 => "Incompatible Destination",
        91 => "Invalid transit network selection",
        97 => "Message Type No Exist",
        98 => "Message Type Not Compatible with Call state",
        100 => "Invalid Information Element",
        102 => "timer expire",
        110 => "message with unrecognized parameter, discarded : Only Russia ISUP",
        111 => "Protocol Error",
        112 => "SIP Enblock Address Incomplete (LG Only)",
        _ => return (31, "Normal, Unspecified"),
    };
    (q850, text)
}

#[cfg(test)]
#[path = "cause_tests.rs"]
mod tests;
