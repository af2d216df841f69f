//! The notification: what a row of each kind says.

use super::rig::{Rig, START, digits};
use crate::voicenter::VoicenterConfig;
use crate::voicenter::push::{Feed, Terms};
use serde_json::{Value, json};
use std::sync::Arc;
use switching::party::Party;

fn told(rig: &Rig) -> Vec<Value> {
    let feed = Feed::new(rig.exchange.clone(), Arc::new(VoicenterConfig::default()), Terms::default());
    let messages = rig.records().iter().flat_map(|record| feed.messages(record)).collect::<Vec<_>>();
    let mut names: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), messages.len(), "every message has a name of its own");
    messages.iter().map(|message| serde_json::from_slice(&message.body).expect("JSON")).collect()
}

#[tokio::test]
async fn v7_an_incoming_call_and_its_variants() {
    let rig = Rig::office().await;
    let outside = || Some(Party::remote(digits("+32255501"), String::new()));
    let calling = rig.dials("outside", "0722776772", 1, outside());
    rig.passes_s(1);
    rig.rings("AAPINFzL");
    rig.passes_s(23);
    rig.answers("AAPINFzL");
    rig.passes_s(33);
    rig.leg_hangs_up(calling);
    // Nobody answers; hidden.
    let mut hidden = Party::remote(digits("0544444444"), String::new());
    hidden.presentation = switching::party::Presentation::Restricted;
    rig.dials("outside", "0722776772", 2, Some(hidden));
    rig.rings("AAPINFzL");
    rig.passes_s(60);
    // Nothing can ring.
    rig.register("AAPINFzL", false);
    rig.dials("outside", "0722776772", 3, outside());
    let told = told(&rig);
    let (id, code) = (told[0]["ivruniqueid"].clone(), told[0]["representative_code"].clone());
    assert_eq!(
        told[0],
        json!({
            "caller": "32255501", "target": "AAPINFzL", "time": START.0 / 1_000, "duration": 33, "ivruniqueid": id,
            "type": "Incoming Call", "status": "ANSWER", "targetextension": "AAPINFzL", "callerextension": "",
            "did": "0722776772", "queueid": 0, "queuename": "", "record": "", "price": 0, "dialtime": 24,
            "representative_name": "Walter Melon", "representative_code": code, "targetextension_name": "Walter Melon",
            "callerextension_name": "", "target_country": "", "caller_country": "Belgium",
        })
    );
    let short = |row: &Value| {
        json!([
            row["status"],
            row["caller"],
            row["duration"],
            row["dialtime"],
            row["caller_country"],
            row["targetextension"]
        ])
    };
    assert_eq!(short(&told[1]), json!(["NOANSWER", "Anonymous", 0, 60, "", "AAPINFzL"]));
    assert_eq!(short(&told[2]), json!(["CHANUNAVAIL", "32255501", 0, 0, "Belgium", "AAPINFzL"]));
    conformance::proves_partly("VOI-CDR-12", "numbers reached through a queue or a menu");
}
