//! Voicenter's door: click2call.aspx, the extensions' live calls, the call log. Its events are pushes, which come later.

use crate::common::Office;
use crate::doors::{Door, Told};
use serde_json::Value;

pub const DOOR: Door = Door {
    name: "voicenter",
    make: |office, from, to| asked(office, &format!("action=call&phone={from}&target={to}")),
    end: |office, phone| asked(office, &format!("action=terminate&phone={phone}")),
    watch: None,
    picture: Some(picture),
    records: Some(records),
};

/// The code of the demo.
const CODE: &str = "demo-voicenter";
/// The phones that are looked at.
const EXTENSIONS: [&str; 4] = ["1001", "1002", "1003", "1004"];

fn get(office: &Office, target: &str) -> Value {
    let answer = office.http("GET", &format!("http://{}{target}", office.address("voicenter")), None, &[]);
    assert_eq!(answer.status, 200, "{target}: {}", answer.text);
    answer.json()
}

fn asked(office: &Office, query: &str) {
    let answer = get(office, &format!("/ForwardDialer/click2call.aspx?code={CODE}&format=JSON&{query}"));
    assert_eq!(answer["ERRORCODE"], 0, "{query}: {answer}");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One line for each live call of an extension: its state, whether it is answered, and the other side's number.
fn picture(office: &Office) -> Vec<String> {
    let calls = |extension: &str| {
        let answer = get(office, &format!("/comet/API/GetExtensionsCalls?code={CODE}&extension={extension}"));
        let calls = answer["EXTENSIONS"][0]["calls"].as_array().cloned().unwrap_or_default();
        let line = |call: &Value| {
            let (state, kind, other) =
                (text(&call["callstatus"]), text(&call["direction"]), text(&call["callerphone"]));
            format!("{extension} {state} answered={} {kind} {other}", call["answered"])
        };
        calls.iter().map(line).collect::<Vec<_>>()
    };
    EXTENSIONS.iter().flat_map(|extension| calls(extension)).collect()
}

/// The row of each call that tells the conversation: its second leg, or its only one.
fn records(office: &Office, number: &str) -> Vec<Told> {
    let fields = "Type,CallerNumber,TargetNumber,CallerExtension,TargetExtension,Duration,DateEpoch";
    let answer = get(office, &format!("/hub/cdr/?code={CODE}&fields={fields}&extensions={number}"));
    assert_eq!(answer["ERROR_NUMBER"], 0, "{answer}");
    let mut rows = answer["CDR_LIST"].as_array().expect("a list").clone();
    rows.retain(|row| row["Type"] != "Click2Call leg1");
    rows.sort_by_key(|row| std::cmp::Reverse(row["DateEpoch"].as_i64()));
    let told = |row: &Value| Told {
        caller: text(&row["CallerExtension"]),
        called: text(&row["TargetExtension"]),
        talk_s: row["Duration"].as_u64().expect("a number"),
    };
    rows.iter().map(told).collect()
}
