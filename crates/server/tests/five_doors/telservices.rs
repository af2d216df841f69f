//! TelServices' door: makeCall, dropCall, answerCall, events by UDP, snapshots, queryHistory.

use crate::common::Office;
use crate::common::telservices::{Events, STANDARD, ask, device, make_call};
use crate::doors::{Door, Row, Told, unless_done};
use crate::room::{MARK, MARKER, Watcher};

pub const DOOR: Door = Door {
    name: "telservices",
    lifts_itself: true,
    asks: |office, from, to| {
        let answer = make_call(office, from, to);
        unless_done(answer == STANDARD, &answer)
    },
    end: |office, phone| assert_eq!(served(office, "dropCall", phone), STANDARD, "{phone} drops its call"),
    answer: Some(|office, phone| {
        let answer = served(office, "answerCall", phone);
        unless_done(answer == STANDARD, &answer)
    }),
    watch: Some(watch),
    picture: Some(picture),
    records: Some(records),
};

/// The devices that are watched.
const DEVICES: [&str; 7] = ["1001", "1002", "1003", "1004", "1101", "1102", MARKER];

/// Asks a service of a device, which has to have a session.
fn served(office: &Office, service: &str, phone: &str) -> String {
    assert_eq!(ask(office, "openSession", &device(phone)), STANDARD, "a session of {phone}");
    ask(office, service, &device(phone))
}

/// Opens sessions of these devices: the calls of others have no history at this door.
pub fn attend(office: &Office, numbers: &[&str]) {
    for number in numbers {
        assert_eq!(ask(office, "openSession", &device(number)), STANDARD, "a session of {number}");
    }
}

/// One line for each event of any device: all elements that hold something, by their names, in the order in which they are sent.
fn watch(office: &Office) -> Watcher {
    watch_these(office, &DEVICES)
}

/// The same of these devices.
pub fn watch_these(office: &Office, devices: &[&str]) -> Watcher {
    let events = Events::listen();
    for number in devices {
        assert_eq!(events.open(office, number, ""), STANDARD, "{number}");
    }
    events.0.set_read_timeout(None).expect("it waits");
    let mut datagram = [0; 65_536];
    Watcher::reading(move || {
        let octets = events.0.recv(&mut datagram).ok()?;
        let lines = flat("", std::str::from_utf8(&datagram[..octets]).ok()?);
        let line = lines.join(" ");
        Some(match line.strip_prefix(&format!("deviceNumber={MARKER} ")) {
            Some(marked) => marked.contains("state=cleared").then(|| MARK.to_owned()).into_iter().collect(),
            None => vec![line.trim_start_matches("deviceNumber=").to_owned()],
        })
    })
}

/// The elements of a text, each with what is in it.
fn elements(text: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('<').and_then(|(_, from)| from.split_once('>')) {
        match name.strip_suffix('/') {
            Some(name) => {
                all.push((name, ""));
                rest = after;
            }
            None => {
                let (inside, after) = after.split_once(&format!("</{name}>")).expect("it is closed");
                all.push((name, inside));
                rest = after;
            }
        }
    }
    all
}

/// `name=text` for each element that holds text; one that holds but empty elements holds their names.
fn flat(name: &str, inside: &str) -> Vec<String> {
    let parts = elements(inside);
    if parts.is_empty() {
        return vec![format!("{name}={inside}")];
    }
    if parts.iter().all(|(_, inside)| inside.is_empty()) {
        return vec![format!("{name}={}", parts.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(","))];
    }
    parts.iter().flat_map(|(name, inside)| flat(name, inside)).collect()
}

/// One line for each call of the two devices.
fn picture(office: &Office) -> Vec<String> {
    let calls = |number: &str| {
        let answer = served(office, "snapshot", number);
        let calls = answer.split("<call>").skip(1).map(|call| call.split_once("</call>").expect("closed").0.to_owned());
        calls.map(|call| format!("{number} {}", flat("", &call).join(" "))).collect::<Vec<_>>()
    };
    ["1001", "1002"].into_iter().flat_map(calls).collect()
}

fn records(office: &Office, number: &str) -> Vec<Row> {
    let answer = ask(office, "queryHistory", &device(number));
    let records = answer.split("<record>").skip(1).map(|record| {
        let of = |name: &str| {
            let start = format!("<{name}>");
            let inside = record.split_once(&start).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
            inside.unwrap_or_else(|| panic!("no {name}: {record}")).0.to_owned()
        };
        let (own, other) = (number.to_owned(), of("number"));
        let (caller, called) = if of("isOutgoing") == "<true/>" { (own, other) } else { (other, own) };
        let told = Told { caller, called, talk_s: of("duration").parse().expect("seconds") };
        Row { told, whole: record.to_owned() }
    });
    records.collect()
}
