//! Voicenter's door: click2call.aspx, the real-time channel, the extensions' live calls, the call log.

use crate::common::Office;
use crate::doors::{Door, Row, Told, unless_done};
use crate::room::{MARK, MARKED, MARKER, Watcher};
use serde_json::Value;
use tungstenite::Message;

pub const DOOR: Door = Door {
    name: "voicenter",
    lifts_itself: false,
    asks: |office, from, to| {
        let target: String = to.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let answer = click(office, &format!("action=call&phone={from}&target={target}"));
        unless_done(answer["ERRORCODE"] == 0, &answer.to_string())
    },
    end: |office, phone| {
        let answer = click(office, &format!("action=terminate&phone={phone}"));
        assert_eq!(answer["ERRORCODE"], 0, "{phone}: {answer}");
    },
    answer: None,
    watch: Some(watch),
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

pub fn click(office: &Office, query: &str) -> Value {
    get(office, &format!("/ForwardDialer/click2call.aspx?code={CODE}&format=JSON&{query}"))
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One line for each event: what, which extension, and its call: what it is, with whom, its leg, its state, why it ended.
fn watch(office: &Office) -> Watcher {
    let url = format!("ws://{}/socket.io/?EIO=3&transport=websocket", office.address("voicenter"));
    let (mut socket, _) = tungstenite::connect(url).expect("the channel is open");
    socket.send(Message::text(format!("42[\"loginUserCode\",\"{CODE}\"]"))).expect("taken");
    let mut read = move || loop {
        match socket.read().ok()? {
            Message::Text(text) => return Some(text.as_str().to_owned()),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) | Message::Frame(_) => return None,
        }
    };
    // The last list of the snapshot: from here on every event comes.
    while !read().expect("a frame").contains("AllDialersStatus") {}
    Watcher::reading(move || Some(read()?.strip_prefix("42").and_then(event).into_iter().collect()))
}

fn event(text: &str) -> Option<String> {
    let event: Value = serde_json::from_str(text).ok()?;
    let (name, told) = (event[0].as_str()?, &event[1]);
    if name != "ExtensionEvent" {
        return None;
    }
    let (extension, call) = (text_of(&told["data"]["extenUser"]), &told["data"]["currentCall"]);
    if [MARKER, MARKED].contains(&extension.as_str()) {
        return (extension == MARKED && told["reason"] == "HANGUP").then(|| MARK.to_owned());
    }
    let direction = call["c2cdirection"].as_u64().map_or(String::new(), |leg| format!(" c2cdirection={leg}"));
    let cause = told["cause"].as_str().map_or(String::new(), |cause| format!(" cause={cause}"));
    Some(format!(
        "{} {extension} {} {}{direction} callstatus={} answered={}{cause}",
        text_of(&told["reason"]),
        text_of(&call["direction"]),
        text_of(&call["callerphone"]),
        text_of(&call["callstatus"]),
        call["answered"],
    ))
}

/// One line for each live call of an extension: its state, whether it is answered, and the other side's number.
fn picture(office: &Office) -> Vec<String> {
    let calls = |extension: &str| {
        let answer = get(office, &format!("/comet/API/GetExtensionsCalls?code={CODE}&extension={extension}"));
        let calls = answer["EXTENSIONS"][0]["calls"].as_array().cloned().unwrap_or_default();
        let line = |call: &Value| {
            let (state, kind, other) =
                (text_of(&call["callstatus"]), text_of(&call["direction"]), text_of(&call["callerphone"]));
            format!("{extension} {state} answered={} {kind} {other}", call["answered"])
        };
        calls.iter().map(line).collect::<Vec<_>>()
    };
    EXTENSIONS.iter().flat_map(|extension| calls(extension)).collect()
}

/// The row of each call that tells the conversation: its second leg, or its only one.
fn records(office: &Office, number: &str) -> Vec<Row> {
    let fields = "Type,CallerNumber,TargetNumber,CallerExtension,TargetExtension,Duration,DateEpoch";
    let answer = get(office, &format!("/hub/cdr/?code={CODE}&fields={fields}&extensions={number}"));
    assert_eq!(answer["ERROR_NUMBER"], 0, "{answer}");
    let mut rows = answer["CDR_LIST"].as_array().expect("a list").clone();
    rows.retain(|row| row["Type"] != "Click2Call leg1");
    rows.sort_by_key(|row| std::cmp::Reverse(row["DateEpoch"].as_i64()));
    let row = |row: &Value| {
        let talk_s = row["Duration"].as_u64().expect("a number");
        let told = Told { caller: text_of(&row["CallerExtension"]), called: text_of(&row["TargetExtension"]), talk_s };
        Row { told, whole: row.to_string() }
    };
    rows.iter().map(row).collect()
}
