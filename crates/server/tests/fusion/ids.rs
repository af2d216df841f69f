//! Ids of phones: what is shown is taken, and none is the beginning of another (FUS-FMT-08).

use super::{Office, channels, id};
use serde_json::{Value, json};

#[test]
fn wire_a_phone_is_found_by_the_id_that_it_is_shown_with() {
    let office = Office::start();
    office.post("/test/phones", json!({ "number": "1205" }));
    let mut ids = Vec::new();
    for (names, shown) in [
        (json!({ "kind": "simulated", "sip": "mara-4", "number": "1206" }), "mara-4"),
        (json!({ "kind": "simulated", "resource": "SVE40001", "sip": "mara-5", "number": "1207" }), "SVE40001"),
        (json!({ "kind": "simulated" }), ""),
    ] {
        let made = office.post("/devices", names);
        let own = made["result"]["id"].as_str().expect("an id").to_owned();
        ids.push(if shown.is_empty() { own } else { shown.to_owned() });
    }
    ids.push("1205".to_owned());
    let listed = office.fusion("/xml/dbGetRegistration.json").json();
    let listed: Vec<&str> = listed.as_array().expect("a list").iter().filter_map(|it| it["ID"].as_str()).collect();
    for phone in &ids {
        assert!(listed.contains(&phone.as_str()), "{phone} in {listed:?}");
        let made = office.fusion(&format!("/xml/ccOriginate.json?phone_id={phone}&to=1001&async=true"));
        assert_eq!(made.text, "{\"Result\":0}", "{phone}");
        let all = channels(&office);
        let channel = all.iter().map(id).find(|id| id.starts_with(&format!("SIP/{phone}-")));
        let channel = channel.unwrap_or_else(|| panic!("{phone}: {all:?}"));
        assert_eq!(office.fusion(&format!("/xml/ccHangup.json?channel_id={channel}")).text, "{\"Result\":0}");
        office.wait_idle();
    }
    // By no other name of theirs.
    for phone in ["1206", "1207", "mara-5", "sve40001"] {
        let made = office.fusion(&format!("/xml/ccOriginate.json?phone_id={phone}&to=1001&async=true"));
        assert_eq!(made.text, "{\"Result\":1}", "{phone}");
    }
}

#[test]
fn wire_no_phones_id_is_the_beginning_of_another() {
    let office = Office::start();
    let change = |resource: &str| office.console("PATCH", "/devices/1001", Some(json!({ "resource": resource })));
    for wrong in ["SDP0100", "SDP010022", "SDP01002", "S"] {
        let refused = change(wrong);
        assert_eq!((refused.status, &refused.json()["refusal"]), (409, &Value::from("name_taken")), "{wrong}");
    }
    for fine in ["SDP010011", "SDP01001"] {
        assert_eq!(change(fine).status, 200, "{fine}");
    }
}
