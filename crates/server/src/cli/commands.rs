//! The client commands, each one question and its readable answer.

use super::client::{Client, segment};
use super::lines::Lines;
use super::{Exchange, ladder};
use anyhow::bail;
use serde_json::{Value, json};
use std::fmt::Arguments;
use std::io::{BufRead, BufReader, ErrorKind, Write};

/// Rows that are asked for at a time.
const PAGE: &str = "limit=1000";

/// Whoever read the answer has read enough (`hookswitch tail | head`).
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the answer any more")]
pub(super) struct ReaderGone;

pub(super) fn calls(exchange: &Exchange) -> anyhow::Result<()> {
    let client = Client::of(exchange)?;
    let connections = all(&client, "/connections")?;
    let calls = all(&client, "/calls")?;
    if calls.is_empty() {
        say(format_args!("no call is up\n"))?;
    }
    for call in calls {
        let id = text(&call["id"]);
        say(format_args!("{id}  dialled {}\n", text(&call["dialled"])))?;
        for it in connections.iter().filter(|it| it["call"] == call["id"]) {
            let party = &it["party"];
            let since = it["answered_at"].as_str().or(it["created_at"].as_str()).unwrap_or("");
            let (state, number, name) = (text(&it["state"]), text(&party["number"]), text(&party["name"]));
            say(format_args!("  {state:<10} {number:<10} {name:<24} {since}\n"))?;
        }
    }
    Ok(())
}

pub(super) fn tail(exchange: &Exchange) -> anyhow::Result<()> {
    let client = Client::of(exchange)?;
    let events = client.events()?;
    let mut lines = Lines::of(&all(&client, "/connections")?);
    for line in BufReader::new(events).lines() {
        let line = line?;
        let Some(data) = line.strip_prefix("data: ") else { continue };
        if let Some(line) = lines.line(&serde_json::from_str(data)?) {
            say(format_args!("{line}\n"))?;
        }
    }
    bail!("the exchange ended the stream")
}

pub(super) fn call(exchange: &Exchange, from: &str, to: &str) -> anyhow::Result<()> {
    let client = Client::of(exchange)?;
    let answer = client.post("/calls/make_call", &json!({ "from": from, "to": to, "prompt": "ring" }))?;
    let result = &answer["result"];
    say(format_args!("{} rings {from}; it is connected with {to} once it is answered\n", text(&result["call"])))
}

pub(super) fn registrations(exchange: &Exchange) -> anyhow::Result<()> {
    let client = Client::of(exchange)?;
    for device in all(&client, "/devices")? {
        let contacts: Vec<String> = device["contacts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| format!("{} {}:{}", text(&it["transport"]), text(&it["ip"]), it["port"]))
            .collect();
        let reached = if contacts.is_empty() { "not registered".to_owned() } else { contacts.join(", ") };
        let number = device["number"].as_str().or(device["names"]["number"].as_str()).unwrap_or("");
        say(format_args!("{number:<8} {:<10} {reached}\n", text(&device["kind"])))?;
    }
    Ok(())
}

pub(super) fn trace(exchange: &Exchange, call: &str) -> anyhow::Result<()> {
    let client = Client::of(exchange)?;
    let story = client.get(&format!("/calls/{}/story", segment(call)))?;
    say(format_args!("{}", ladder::draw(&story)))
}

pub(super) fn backup(exchange: &Exchange, name: Option<&str>) -> anyhow::Result<()> {
    let client = Client::of(exchange)?;
    let body = name.map_or_else(|| json!({}), |name| json!({ "name": name }));
    let answer = client.post("/backups", &body)?;
    say(format_args!("backups/{}: {} octets, exact at {}\n", text(&answer["name"]), answer["octets"], answer["seq"]))
}

/// Writes a piece of the answer.
fn say(what: Arguments<'_>) -> anyhow::Result<()> {
    std::io::stdout().write_fmt(what).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => ReaderGone.into(),
        _ => error.into(),
    })
}

/// All pages of a list.
fn all(client: &Client, path: &str) -> anyhow::Result<Vec<Value>> {
    let mut rows = Vec::new();
    let mut page = client.get(&format!("{path}?{PAGE}"))?;
    loop {
        rows.extend(page["items"].as_array().into_iter().flatten().cloned());
        let Some(next) = page["next"].as_str() else { return Ok(rows) };
        page = client.get(&format!("{path}?{PAGE}&cursor={next}"))?;
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
