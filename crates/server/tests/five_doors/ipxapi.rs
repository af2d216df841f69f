//! The iPECS Web API's door: call/make, call/clear_connection, call/answer, the WebSocket, call/status, SMDR. Call references are
//! the exchange's call counter. An account is logged in once, so every act of an office shares one token.

use crate::common::Office;
use crate::common::ipxapi::Login;
use crate::doors::{Door, Row, Told, unless_done};
use crate::phones;
use crate::room::{MARK, MARKER, Watcher, id};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tungstenite::Message;

pub const DOOR: Door = Door {
    name: "ipxapi",
    lifts_itself: true,
    asks: |office, from, to| {
        let answer = login(office).post("call/make", json!({ "deviceNumber": from, "calledDN": to }));
        unless_done(answer.status == 200, &answer.text)
    },
    end: |office, phone| login(office).leg("call/clear_connection", phone, reference(office, phone)),
    answer: Some(|office, phone| {
        let asked = json!({ "deviceNumber": phone, "callRefID": reference(office, phone) });
        let answer = login(office).post("call/answer", asked);
        unless_done(answer.status == 200, &answer.text)
    }),
    watch: Some(watch),
    picture: Some(picture),
    records: Some(records),
};

/// The account of the demo and its password.
const USER: &str = "demo";
const PASSWORD: &str = "demo-ipxapi";
/// The terminals that are watched.
const TERMINALS: [&str; 7] = ["1001", "1002", "1003", "1004", "1101", "1102", MARKER];

/// Tokens by the process that gave them.
static TOKENS: Mutex<BTreeMap<u32, String>> = Mutex::new(BTreeMap::new());

/// The one login of this office: that of before as long as it lasts.
pub fn login(office: &Office) -> Login<'_> {
    // Who was cut off in the middle of a login has left nothing half done.
    let mut tokens = TOKENS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(token) = tokens.get(&office.pid()) {
        let kept = Login::with_token(office, "server", USER, token.clone());
        if kept.ask("POST", "checkconnection", "").status == 200 {
            return kept;
        }
    }
    let fresh = Login::of(office, "server", USER, PASSWORD);
    tokens.insert(office.pid(), fresh.token.clone());
    fresh
}

/// The reference of a phone's call.
pub fn reference(office: &Office, phone: &str) -> u64 {
    let connection = phones::connection(office, phone);
    let call = office.get(&format!("/connections/{connection}"))["call"].as_str().expect("text").to_owned();
    call.strip_prefix("call_").and_then(|counted| counted.parse().ok()).expect("a counter")
}

/// One line for each frame: what, which terminal, and all its other members by their names.
fn watch(office: &Office) -> Watcher {
    watch_these(office, &TERMINALS)
}

/// The same of these terminals.
pub fn watch_these(office: &Office, terminals: &[&str]) -> Watcher {
    let mut socket = login(office).socket(terminals).socket;
    socket.get_ref().sock.set_read_timeout(None).expect("it waits");
    let mut serial = 0;
    Watcher::reading(move || match socket.read().ok()? {
        Message::Text(text) => {
            let frame: Value = serde_json::from_str(text.as_str()).ok()?;
            Some(if frame["event"] == "call" { told(&frame["data"], &mut serial) } else { Vec::new() })
        }
        Message::Ping(_) | Message::Pong(_) => Some(Vec::new()),
        Message::Binary(_) | Message::Close(_) | Message::Frame(_) => None,
    })
}

fn told(frame: &Value, serial: &mut u64) -> Vec<String> {
    *serial += 1;
    let (kind, device) = (text_of(&frame["type"]), text_of(&frame["deviceNumber"]));
    let gap = (frame["evtSerialNum"] != *serial).then(|| format!("a gap before {frame}"));
    let marked = (kind == "released").then(|| MARK.to_owned());
    if device == MARKER {
        return gap.into_iter().chain(marked).collect();
    }
    let members = frame.as_object().into_iter().flatten();
    let others = members.filter(|(name, _)| !["type", "deviceNumber", "evtSerialNum"].contains(&name.as_str()));
    let shown = others.map(|(name, value)| match (name.as_str(), value) {
        ("callRefID", reference) => id(&reference.to_string()),
        (name, Value::String(text)) => format!("{name}={text}"),
        (name, other) => format!("{name}={other}"),
    });
    gap.into_iter()
        .chain([format!("{kind} {device} {}", shown.collect::<Vec<_>>().join(" ")).trim_end().to_owned()])
        .collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One line for each of the two terminals that is not idle.
fn picture(office: &Office) -> Vec<String> {
    let login = login(office);
    let states = ["1001", "1002"].map(|device| (device, login.status(device)));
    states.into_iter().filter(|(_, state)| state != "idle").map(|(device, state)| format!("{device} {state}")).collect()
}

/// The rows in which the number served or was dialled.
fn records(office: &Office, number: &str) -> Vec<Row> {
    let query = json!({ "$or": [{ "StationNumber": number }, { "DialedNumber1": number }], "maxCount": 1_000 });
    let encoded = query.to_string().bytes().map(|octet| format!("%{octet:02X}")).collect::<String>();
    let answer = login(office).ask("GET", &format!("smdr?q={encoded}"), "");
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut rows = answer.json()["items"].as_array().expect("a list").clone();
    rows.reverse();
    let seconds = |text: &str| text.split(':').fold(0, |sum, part| 60 * sum + part.parse::<u64>().expect("a number"));
    let row = |row: &Value| {
        let talk_s = seconds(row["Duration"].as_str().expect("a time"));
        let told = Told { caller: text_of(&row["StationNumber"]), called: text_of(&row["DialedNumber1"]), talk_s };
        Row { told, whole: row.to_string() }
    };
    rows.iter().map(row).collect()
}
