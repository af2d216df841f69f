//! Our own door: commands, server-sent events, connections, records.

use crate::common::Office;
use crate::doors::{Door, Row, Told, unless_done};
use crate::phones;
use crate::room::{MARK, MARKED, MARKER, Watcher, numbers};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

pub const DOOR: Door = Door {
    name: "console",
    lifts_itself: false,
    asks: |office, from, to| {
        let make = json!({ "from": from, "to": to, "prompt": "ring", "check": "late" });
        let answer = office.console("POST", "/calls/make_call", Some(make));
        unless_done(answer.status == 200, &answer.text)
    },
    end: |office, phone| {
        let connection = phones::connection(office, phone);
        office.post(&format!("/connections/{connection}/clear_connection"), json!({}));
    },
    answer: Some(|office, phone| {
        let connection = phones::connection(office, phone);
        let answer = office.console("POST", &format!("/connections/{connection}/answer_call"), Some(json!({})));
        unless_done(answer.status == 200, &answer.text)
    }),
    watch: Some(watch),
    picture: Some(picture),
    records: Some(records),
};

/// One line for each event but stages, which are no ladder's: what, which phone, why.
fn watch(office: &Office) -> Watcher {
    let address = office.address("console");
    let mut tcp = TcpStream::connect(address).expect("the console listens");
    let request = format!(
        "GET /api/v1/events?detail=facts HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Accept: text/event-stream\r\nConnection: close\r\n\r\n",
        office.token()
    );
    tcp.write_all(request.as_bytes()).expect("it is written");
    let mut reader = BufReader::new(tcp);
    let mut line = String::new();
    // The head: from here on every event comes.
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).expect("a header");
    }
    let numbers = numbers(office);
    let mut of: BTreeMap<String, String> = BTreeMap::new();
    let mut marks = Value::Null;
    Watcher::reading(move || {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let data: Option<Value> = line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok());
        let Some(event) = data else { return Some(Vec::new()) };
        let line = told(&event, &numbers, &mut of);
        if line.as_deref() == Some(&format!("originated {MARKER} -> {MARKED}")) {
            marks = event["calls"][0].clone();
        }
        let marked = !marks.is_null() && event["calls"][0] == marks;
        Some(match (marked, event["type"] == "call_cleared") {
            (true, true) => vec![MARK.to_owned()],
            (true, false) => Vec::new(),
            (false, _) => line.into_iter().collect(),
        })
    })
}

/// `of` keeps whose each connection is.
fn told(event: &Value, numbers: &BTreeMap<String, String>, of: &mut BTreeMap<String, String>) -> Option<String> {
    let kind = event["type"].as_str()?;
    let data = &event["data"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let connection = match &data["connection"] {
        Value::Object(connection) => text(&connection["id"]),
        other => text(other),
    };
    let device = match (&data["connection"]["device"], &data["device"], &event["devices"][0]) {
        (Value::String(device), ..) | (_, Value::String(device), _) => Some(device),
        (_, _, Value::String(device)) if kind == "originated" || kind == "service_initiated" => Some(device),
        _ => None,
    };
    if connection.is_empty() {
        let phone = event["devices"][0].as_str().and_then(|device| numbers.get(device)).map_or("", String::as_str);
        return Some(format!("{kind} {phone}").trim_end().to_owned())
            .filter(|_| !kind.starts_with("stage_") && kind != "heartbeat");
    }
    if let Some(device) = device {
        of.entry(connection.clone()).or_insert_with(|| numbers.get(device).cloned().unwrap_or_default());
    }
    let phone = of.get(&connection).cloned().unwrap_or_default();
    let cause = text(&data["cause"]);
    Some(match kind {
        "stage_opened" | "stage_closed" => return None,
        "service_initiated" => format!("service_initiated {phone}"),
        "originated" => format!("originated {phone} -> {}", text(&data["dialled"])),
        other => format!("{other} {phone} {cause}").trim_end().to_owned(),
    })
}

/// One line for each connection, oldest first.
fn picture(office: &Office) -> Vec<String> {
    let numbers = numbers(office);
    let connections = office.get("/connections?limit=1000")["items"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    connections
        .iter()
        .map(|it| format!("{} {}", numbers.get(&text(&it["device"])).map_or("?", String::as_str), text(&it["state"])))
        .collect()
}

fn records(office: &Office, number: &str) -> Vec<Row> {
    let of = |record: &&Value| {
        let parts = record["connections"].as_array().expect("a list");
        parts.iter().any(|part| part["connection"]["party"]["number"] == number)
    };
    let told = |record: &Value| {
        let parts = record["connections"].as_array().expect("a list");
        let party = |placed: bool| {
            let part = parts.iter().find(|part| part["connection"]["placed"] == placed);
            part.and_then(|part| part["connection"]["party"]["number"].as_str()).unwrap_or_default().to_owned()
        };
        let talk_ms = record["talk_ms"].as_u64().expect("a number");
        let told = Told { caller: party(true), called: party(false), talk_s: talk_ms / 1_000 };
        Row { told, whole: record.to_string() }
    };
    phones::records(office).iter().filter(of).map(told).collect()
}
