//! Real SIP phones are rung in order, and shown whom the request names.

use crate::common::Office;
use crate::common::sipp::{Does, SipPhone};
use crate::request::{called, live, rows, wait_live};
use serde_json::json;

#[test]
fn wire_sip_phones_are_rung_in_order_and_shown_whom_the_request_names() {
    let office = Office::start();
    let (one, other) = (SipPhone::of(&office, "1101"), SipPhone::of(&office, "1102"));
    one.register(200);
    other.register(200);
    let (first, second) = (one.answer(Does::Answers(300)), other.answer(Does::Answers(50)));
    let id = called(
        &office,
        "phone=1101&target=1102&phonecallerid=0500000000&phonecallername=Customer&targetcallerid=Anonymous&phoneautoanswer=1",
    );
    let call = wait_live(&office, "1101", "Talking", 1);
    assert_eq!((&call["ivrid"], &call["callerphone"]), (&json!(id), &json!("1102")));
    assert_eq!(live(&office, "1102")[0]["callerphone"], "Anonymous");
    let story = office.get(&format!("/calls/{}/story", office.calls()[0]["id"].as_str().expect("text")));
    let invites: Vec<String> = story["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|item| item["sent"] == true)
        .filter_map(|item| item["text"].as_str())
        .filter(|text| text.starts_with("INVITE sip:"))
        .map(str::to_owned)
        .collect();
    let to = |number: &str| {
        let place = invites.iter().position(|text| text.starts_with(&format!("INVITE sip:{number}@")));
        place.unwrap_or_else(|| panic!("nobody rang {number}: {invites:?}"))
    };
    assert!(to("1101") < to("1102"), "{invites:?}");
    let from = |text: &str| text.lines().find(|line| line.starts_with("From:")).expect("a From").to_owned();
    let (leg1, leg2) = (&invites[to("1101")], &invites[to("1102")]);
    assert!(from(leg1).contains("\"Customer\" <sip:0500000000@"), "{leg1}");
    assert!(
        leg1.contains("Call-Info: ") && leg1.contains("answer-after=0") && leg1.contains("info=alert-autoanswer"),
        "{leg1}"
    );
    assert!(from(leg2).to_lowercase().contains("anonymous") && leg2.contains("Privacy: id"), "{leg2}");
    assert!(!leg2.contains("answer-after=0"), "{leg2}");
    assert_eq!(called(&office, "action=terminate&phone=1102"), id);
    first.finish();
    second.finish();
    let rows = rows(&office, &id);
    let callers: Vec<&str> = rows.iter().filter_map(|row| row["CallerNumber"].as_str()).collect();
    assert_eq!(callers, ["0500000000", "Anonymous"]);
    // A phone that refuses.
    let refusing = one.answer(Does::Refuses(486));
    let id = called(&office, "phone=1101&target=1102");
    refusing.finish();
    let statuses: Vec<String> =
        self::rows(&office, &id).iter().map(|row| row["DialStatus"].as_str().expect("text").to_owned()).collect();
    assert_eq!(statuses, ["BUSY", "NOTCALLED"]);
    conformance::proves("VOI-C2C-06");
    conformance::proves("VOI-C2C-07");
    conformance::proves_partly("VOI-C2C-02", "recording, prompt language, voicemail, customer trunks and logins");
}
