//! The vendor's sample request, and a client as a newcomer writes it.

use crate::common::Office;
use crate::common::steps::Steps;
use crate::request::{CODE, answer, called, url, xml};
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn wire_the_vendors_sample_request_works() {
    let office = Office::start();
    // A line break stands in the body, and neither action nor format is given.
    let body =
        format!("code={CODE}&phone=1001&phonecallerid=0500000000&target=1002\n&targetcallerid=0544444444&record=true");
    let answer = Command::new("curl")
        .args(["-sS", "--max-time", "20", "-d", &body, &url(&office, "/ForwardDialer/click2call.aspx")])
        .output()
        .expect("curl is there");
    let text = String::from_utf8(answer.stdout).expect("text");
    let id = text.split("CALLID</name><value><string>").nth(1).and_then(|rest| rest.split('<').next()).expect("an id");
    assert_eq!(text, xml(0, "OK", id));
    assert_eq!(called(&office, "action=terminate&phone=1001"), id);
    conformance::proves("VOI-C2C-21");
}

#[test]
fn wire_a_newcomers_client_places_a_call() {
    let office = Office::start();
    let door = office.address("voicenter").to_string();
    let client = Steps::of("voicenter/click_to_call.py", &[&door, CODE, "1001", "1002"], || {
        answer(&office, "1001");
        answer(&office, "1002");
    });
    let step = |name: &str| client.step(name);
    assert_eq!((&step("extensions")["phone"], &step("extensions")["count"]), (&json!("Ada Lovelace"), &json!(40)));
    let id = &step("call")["CALLID"];
    assert_eq!((&step("call")["ERRORCODE"], &step("call")["ERRORMESSAGE"]), (&json!("0"), &json!("OK")));
    assert_eq!(step("talking")["directions"], json!(["Click2Call", "Incoming"]));
    assert_eq!(step("talking")["others"], json!(["1002", "1001"]));
    assert_eq!((&step("terminate")["CALLID"], &step("terminate")["ERRORCODE"]), (id, &json!(0)));
    assert_eq!((&step("again")["ERRORCODE"], &step("again")["ERRORMESSAGE"]), (&json!(2), &json!("No active call")));
    let mut rows = step("log")["rows"].as_array().expect("a list").clone();
    rows.sort_by_key(|row| row["Type"].as_str().map(str::to_owned));
    let told: Vec<Value> = rows.iter().map(|row| json!([row["Type"], row["DialStatus"], row["CustomData"]])).collect();
    let custom = json!({"var_customer": "2342"});
    assert_eq!(told, [json!(["Click2Call leg1", "ANSWER", custom]), json!(["Click2Call leg2", "ANSWER", custom])]);
}
