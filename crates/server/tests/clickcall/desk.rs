//! What a click-to-call program on a PC has: credentials, documents, and the codes that come back.

use crate::common::{Answer, Office};
use serde_json::Value;
use std::path::Path;

/// The number rung first and its credentials, and how they are written into documents.
#[derive(Clone)]
pub struct Desk {
    pub stnnum: String,
    pub userid: String,
    pub userpwd: String,
}

impl Desk {
    /// The desk of the demo: 1101, a SIP phone.
    pub fn of_demo(office: &Office) -> Self {
        let text = |name: &str| office.demo["accounts"]["clickcall"][name].as_str().expect("text").to_owned();
        Self { stnnum: text("stnnum"), userid: text("userid"), userpwd: text("userpwd") }
    }

    /// The desk of [`house`]: 1001, a simulated phone.
    pub fn of_house() -> Self {
        Self { stnnum: "1001".to_owned(), userid: "click1001".to_owned(), userpwd: "house-1001".to_owned() }
    }

    /// A command: the source, and the whole of `destinfo`.
    pub fn command(&self, source: &str, destinfo: &str) -> String {
        let Self { stnnum, userid, userpwd } = self;
        format!(
            "    <clicktocall>\n      <userinfo>\n        <stnnum>{stnnum}</stnnum>\n        <userid>{userid}</userid>\n        \
             <userpwd encrypt=\"off\">{userpwd}</userpwd>\n      </userinfo>\n      <srcinfo>\n        \
             <dialnum>{source}</dialnum>\n      </srcinfo>\n      {destinfo}\n    </clicktocall>\n"
        )
    }

    /// The printed example with these numbers.
    pub fn call(&self, source: &str, to: &str) -> String {
        document("", &self.command(source, &destination("calltype=\"single\"", to)))
    }

    /// The call of the station is to end.
    pub fn hang_up(&self) -> String {
        document("", &self.command(&self.stnnum, &destination("calltype=\"hangup\"", "0000")))
    }
}

pub fn destination(attribute: &str, to: &str) -> String {
    format!("<destinfo {attribute}>\n        <dialnum>{to}</dialnum>\n      </destinfo>")
}

/// A document of these commands, as the vendor prints one.
pub fn document(attributes: &str, commands: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE ipecs_svc SYSTEM \"iPECSService.dtd\">\n<ipecs_svc>\n  \
         <request type=\"service\" encrypt=\"off\" servicename=\"clicktocall\"{attributes}>\n{commands}  </request>\n\
         </ipecs_svc>\n"
    )
}

/// The whole answer to a document.
pub fn post(office: &Office, document: &str) -> Answer {
    office.https("clickcall", "POST", "/ipecs_svc", &[("Content-Type", "text/xml")], document.as_bytes())
}

/// The codes and messages of an answer, in order.
pub fn results(answer: &Answer) -> Vec<(u16, String)> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let between = |text: &str, name: &str| {
        let rest = text.split_once(&format!("<{name}>"))?.1;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    let result = |part: &str| Some((between(part, "code")?.parse().ok()?, between(part, "message")?));
    answer.text.split("<clicktocall_r>").skip(1).filter_map(result).collect()
}

/// The codes of the answer to a document.
pub fn codes(office: &Office, document: &str) -> Vec<u16> {
    results(&post(office, document)).into_iter().map(|(code, _)| code).collect()
}

/// The one answer with a code, octet by octet.
pub fn answer_of(code: u16, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<ipecs_svc>\n  <response encrypt=\"off\" servicename=\"clicktocall\" type=\"service\">\n    \
         <clicktocall_r>\n      <code>{code}</code>\n      <message>{message}</message>\n      <status_id />\n    \
         </clicktocall_r>\n  </response>\n</ipecs_svc>\n"
    )
}

/// An office with simulated phones 1001 to 1004 and an account for 1001, whose first legs ring for so many seconds.
pub fn house(dir: &Path, first_leg_ring_s: u32, arguments: &[&str]) -> Office {
    let mut text = format!(
        "[listen]\nsip_udp = []\nsip_tcp = []\nconsole = \"127.0.0.1:0\"\nclickcall = \"127.0.0.1:0\"\n\
         [console]\ntest_control = true\ncommands_per_min = 100000\nreads_per_min = 100000\n\
         [tenant]\nfirst_leg_ring_timeout_s = {first_leg_ring_s}\n"
    );
    for number in 1001..=1004 {
        text.push_str(&format!("[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\nlines = 1\n"));
    }
    let Desk { stnnum, userid, userpwd } = Desk::of_house();
    text.push_str(&format!(
        "[[account]]\ndoor = \"clickcall\"\nuser = \"{userid}\"\npassword = \"{userpwd}\"\nstation = \"{stnnum}\"\n"
    ));
    let path = dir.join("office.toml");
    std::fs::write(&path, text).expect("written");
    let config = ["--config", path.to_str().expect("utf-8"), "--ephemeral-ports"];
    Office::start_with(&[&config, arguments].concat())
}

/// All events since a sequence number: their types.
pub fn types_since(office: &Office, seq: u64) -> Vec<String> {
    let events = office.get(&format!("/events?detail=facts&from={seq}&limit=1000"));
    let items = events["items"].as_array().expect("a list");
    items.iter().filter_map(|event| event["type"].as_str()).map(str::to_owned).collect()
}

pub fn seq(office: &Office) -> u64 {
    office.get("/snapshot")["seq"].as_u64().expect("a number")
}

/// The states of all connections, oldest first.
pub fn states(office: &Office) -> Vec<String> {
    let connections = office.get("/connections")["items"].as_array().expect("a list").clone();
    let state = |connection: &Value| connection["state"].as_str().expect("text").to_owned();
    connections.iter().map(state).collect()
}

/// Waits until the connections are in these states.
pub fn wait_states(office: &Office, wanted: &[&str]) {
    crate::common::wait_for(&format!("connections {wanted:?}"), || (states(office) == wanted).then_some(()));
}
