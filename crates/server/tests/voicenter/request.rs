//! What the tests of this door ask, and what they read of an answer.

use crate::common::{Answer, Office, wait_for};
use serde_json::{Value, json};

pub const CODE: &str = "demo-voicenter";
pub const C2C: &str = "/ForwardDialer/click2call.aspx";
pub const FIELDS: &str = "fields=Type,DialStatus,CallerNumber,TargetNumber,CallerExtension,TargetExtension,DateEpoch,Duration,RingTime,\
    CdrType,CallID,RepresentativeName,DialStatus2,CustomData";

pub fn url(office: &Office, target: &str) -> String {
    format!("http://{}{target}", office.address("voicenter"))
}

pub fn get(office: &Office, target: &str) -> Answer {
    let answer = office.http("GET", &url(office, target), None, &[]);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text);
    answer
}

/// A Click2Call request by GET, answered in JSON: code, message, call id.
pub fn click2call(office: &Office, query: &str) -> (u64, String, String) {
    let answer = get(office, &format!("{C2C}?code={CODE}&format=JSON&{query}")).json();
    let text = |name: &str| answer[name].as_str().expect("text").to_owned();
    (answer["ERRORCODE"].as_u64().expect("a number"), text("ERRORMESSAGE"), text("CALLID"))
}

/// A request that must be accepted: its call id.
pub fn called(office: &Office, query: &str) -> String {
    let (code, message, id) = click2call(office, query);
    assert_eq!((code, message.as_str(), id.len()), (0, "OK", 32), "{query}");
    id
}

/// The live calls of an extension.
pub fn live(office: &Office, extension: &str) -> Vec<Value> {
    let answer = get(office, &format!("/comet/API/GetExtensionsCalls?code={CODE}&extension={extension}")).json();
    assert_eq!(answer["EXTENSIONS"][0]["username"], extension, "{answer}");
    answer["EXTENSIONS"][0]["calls"].as_array().expect("a list").clone()
}

/// Waits until an extension has one call in this state.
pub fn wait_live(office: &Office, extension: &str, state: &str, answered: u64) -> Value {
    wait_for(&format!("{extension} is {state}"), || {
        let calls = live(office, extension);
        let fits = |call: &Value| call["callstatus"] == state && call["answered"] == answered;
        (calls.len() == 1 && fits(&calls[0])).then(|| calls[0].clone())
    })
}

/// The call log, newest first.
pub fn log(office: &Office, query: &str) -> Vec<Value> {
    let answer = get(office, &format!("/hub/cdr/?code={CODE}&{query}")).json();
    assert_eq!(answer["ERROR_NUMBER"], 0, "{query}: {answer}");
    answer["CDR_LIST"].as_array().expect("a list").clone()
}

/// The rows of one call, leg 1 first: the record is there as soon as no call is up.
pub fn rows(office: &Office, id: &str) -> Vec<Value> {
    office.wait_idle();
    let mut rows = log(office, &format!("{FIELDS}&callID={id}"));
    rows.sort_by_key(|row| row["CdrType"].as_u64());
    rows
}

/// What the ladders of the vendor's document print of a row, its time in seconds since the first one's.
pub fn ladder(rows: &[Value]) -> Vec<Value> {
    let first = rows[0]["DateEpoch"].as_i64().expect("a number");
    let row = |row: &Value| {
        let at = row["DateEpoch"].as_i64().expect("a number") - first;
        json!([
            row["Type"],
            row["DialStatus"],
            row["CallerNumber"],
            row["TargetNumber"],
            row["CallerExtension"],
            row["TargetExtension"],
            at,
            row["Duration"],
            row["RingTime"],
        ])
    };
    rows.iter().map(row).collect()
}

/// A phone is answered as soon as it rings.
pub fn answer(office: &Office, phone: &str) {
    wait_for(&format!("{phone} rings and is answered"), || {
        let answered = office.console("POST", &format!("/test/phones/{phone}/answer"), Some(json!({})));
        (answered.status < 300).then_some(())
    });
}

pub fn script(office: &Office, phone: &str, script: Value) {
    let patched = office.console("PATCH", &format!("/test/phones/{phone}"), Some(script));
    assert_eq!(patched.status, 200, "{}", patched.text);
}

pub fn xml(code: u8, message: &str, id: &str) -> String {
    let member = |name: &str, value: &str| {
        format!("<member><name>{name}</name><value><string>{value}</string></value></member>")
    };
    let members =
        [member("ERRORCODE", &code.to_string()), member("ERRORMESSAGE", message), member("CALLID", id)].concat();
    format!(
        "<methodResponse><params><param><value><struct>{members}</struct></value></param></params></methodResponse>"
    )
}
