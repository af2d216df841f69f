//! Fusion's door: ccOriginate, ccHangup, the event socket, ccGetChannels, dbGetCallHistory.

use crate::common::Office;
use crate::doors::{Door, Row, Told, unless_done};
use crate::room::{MARK, MARKER, Watcher, id};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;

pub const DOOR: Door = Door {
    name: "fusion",
    lifts_itself: false,
    asks: |office, from, to| {
        let to: String = to.bytes().map(|octet| format!("%{octet:02X}")).collect();
        let asked = format!("/xml/ccOriginate.json?phone_id={}&to={to}&async=true", phone_id(from));
        let said = office.fusion(&asked).text;
        unless_done(said == "{\"Result\":0}", &said)
    },
    end: |office, phone| {
        let channel = channel_of(office, phone).expect("it has a channel");
        assert_eq!(office.fusion(&format!("/xml/ccHangup.json?channel_id={channel}")).text, "{\"Result\":0}");
    },
    answer: None,
    watch: Some(watch),
    picture: Some(picture),
    records: Some(records),
};

/// Phones of the demo are named after their numbers.
pub fn phone_id(number: &str) -> String {
    format!("SDP{number:0>5}")
}

pub fn channels(office: &Office) -> Vec<Value> {
    office.fusion("/xml/ccGetChannels.json").json().as_array().expect("an array").clone()
}

fn channel_of(office: &Office, number: &str) -> Option<String> {
    let ids = channels(office).into_iter().filter_map(|channel| Some(channel["ID"].as_str()?.to_owned()));
    ids.into_iter().find(|id| id.starts_with(&format!("SIP/{}-", phone_id(number))))
}

/// One line for each event, its fields in the order in which they are sent.
fn watch(office: &Office) -> Watcher {
    let socket = TcpStream::connect(office.address("fusion_events")).expect("the event port listens");
    let mut reader = BufReader::new(socket);
    // It has been taken in once its pong has come.
    assert_eq!(office.fusion("/xml/ccPing.json").text, "{\"Result\":0}");
    let mut pong = String::new();
    reader.read_line(&mut pong).and_then(|_| reader.read_line(&mut pong)).expect("a pong");
    Watcher::reading(move || {
        let mut text = String::new();
        reader.read_line(&mut text).ok().filter(|length| *length > 0)?;
        let end = text.replacen('<', "</", 1);
        while !text.ends_with(&end) || text == end {
            reader.read_line(&mut text).ok().filter(|length| *length > 0)?;
        }
        let mut lines = text.lines();
        let name = lines.next()?.trim_matches(['<', '>']).to_owned();
        let fields: Vec<String> = lines
            .take_while(|line| !line.starts_with("</"))
            .filter_map(|line| {
                let (field, rest) = line.strip_prefix('<')?.split_once('>')?;
                let value = rest.split_once("</")?.0;
                Some(if field == "Channel" { format!("{field}={}", known(value)) } else { format!("{field}={value}") })
            })
            .collect();
        let line = format!("{name} {}", fields.join(" "));
        let marked = line.contains(&format!("Channel=SIP/{}-", phone_id(MARKER)));
        Some(vec![if marked { MARK.to_owned() } else { line }])
    })
}

/// A channel's name with what differs from run to run replaced.
fn known(channel: &str) -> String {
    let (device, counted) = channel.rsplit_once('-').unwrap_or((channel, ""));
    format!("{device}-{}", id(counted))
}

/// One line for each channel: its phone, its state, and whom it is linked with.
fn picture(office: &Office) -> Vec<String> {
    let device = |id: &Value| {
        let id = id.as_str().unwrap_or_default();
        id.strip_prefix("SIP/")
            .and_then(|id| id.rsplit_once('-'))
            .map_or(String::new(), |(device, _)| device.to_owned())
    };
    let line = |channel: &Value| {
        let (state, caller) = (channel["State"].as_str().unwrap_or_default(), channel["CallerId"].as_str());
        let linked = match device(&channel["Link"]) {
            none if none.is_empty() => String::new(),
            other => format!(" with {other}"),
        };
        format!("{} {state}{linked} {}", device(&channel["ID"]), caller.unwrap_or_default())
    };
    channels(office).iter().map(line).collect()
}

fn records(office: &Office, number: &str) -> Vec<Row> {
    let answer = office.fusion(&format!("/xml/dbGetCallHistory.json?ext={number}&limit=1000&start_date=2000-01-01"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |call: &Value| {
        let talk_s = text(&call["billsec"]).parse().expect("a number");
        let told = Told { caller: text(&call["caller_number"]), called: text(&call["called_number"]), talk_s };
        Row { told, whole: call.to_string() }
    };
    answer.json()["CallHistory"].as_array().expect("an array").iter().map(row).collect()
}
