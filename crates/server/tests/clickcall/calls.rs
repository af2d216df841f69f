//! Calls: which phone rings when, and what the answer says meanwhile.

use crate::common::sipp::{Does, Meets, SipPhone};
use crate::common::{Office, wait_for};
use crate::desk::{Desk, answer_of, codes, destination, document, house, post, seq, states, types_since, wait_states};
use serde_json::json;

#[test]
fn wire_click_to_call_rings_the_desk_phone_first() {
    let office = Office::start();
    let desk = Desk::of_demo(&office);
    let (one, other) = (SipPhone::of(&office, "1101"), SipPhone::of(&office, "1102"));
    one.register(200);
    other.register(200);
    let first = one.answer(Does::Answers(200));
    let second = other.answer(Does::Answers(50));
    let before = seq(&office);
    let answer = post(&office, &desk.call("1101", "1102"));
    assert_eq!(answer.text, answer_of(100, "OK"), "the printed response");
    // The answer reports acceptance: the phone has not been answered yet.
    let early = types_since(&office, before);
    assert!(!early.iter().any(|kind| kind == "delivered"), "the destination is not rung yet: {early:?}");
    wait_for("both talk", || {
        let all = office.get("/connections")["items"].as_array().expect("a list").clone();
        (all.len() == 2 && all.iter().all(|it| !it["answered_at"].is_null())).then_some(())
    });
    let ladder =
        ["stage_opened", "service_initiated", "prompted", "originated", "stage_opened", "delivered", "established"];
    assert_eq!(types_since(&office, before), ladder);
    // Every door has the same two phones in the same call.
    let channels = office.fusion("/xml/ccGetChannels.json").json();
    let links: Vec<&str> = channels.as_array().expect("a list").iter().filter_map(|it| it["Link"].as_str()).collect();
    assert!(links.len() == 2 && links.iter().all(|link| link.starts_with("SIP/SDP0110")), "{channels}");
    assert_eq!(codes(&office, &desk.call("1101", "1102")), [110], "the desk phone is busy");
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    first.finish();
    second.finish();
    office.wait_idle();
    assert_eq!(codes(&office, &desk.hang_up()), [100], "no call: also 100");

    // Afterwards it is an ordinary call: the phones themselves can end it.
    let first = one.answer(Does::Answers(0));
    assert_eq!(codes(&office, &desk.call("", "1002")), [100]);
    wait_for("1002 rings and is answered", || {
        let answered = office.console("POST", "/test/phones/1002/answer", Some(json!({})));
        (answered.status < 300).then_some(())
    });
    wait_states(&office, &["connected", "connected"]);
    office.hand("1002", "hang_up", json!({}));
    first.finish();
    office.wait_idle();
    conformance::proves("CCX-10");
}

#[test]
fn wire_nothing_is_dialled_when_the_desk_phone_is_not_answered() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &["--virtual-clock"]);
    let desk = Desk::of_house();
    let before = seq(&office);
    assert_eq!(codes(&office, &desk.call("1001", "1002")), [100]);
    assert_eq!(states(&office), ["initiated"]);
    // The exchange's own time for first legs.
    office.advance(59_999);
    assert_eq!(states(&office), ["initiated"], "a millisecond before its time");
    office.advance(1);
    office.wait_idle();
    let types = types_since(&office, before);
    assert!(!types.iter().any(|kind| kind == "delivered" || kind == "originated"), "{types:?}");
    // Refused at the phone: the same.
    assert_eq!(codes(&office, &desk.call("1001", "1002")), [100]);
    office.hand("1001", "reject", json!({}));
    office.wait_idle();
    assert!(!types_since(&office, before).iter().any(|kind| kind == "delivered"));
    // Answered: it is.
    assert_eq!(codes(&office, &desk.call("1001", "1002")), [100]);
    office.hand("1001", "answer", json!({}));
    wait_states(&office, &["connected", "alerting"]);
    office.hand("1002", "answer", json!({}));
    wait_states(&office, &["connected", "connected"]);
    conformance::proves("CCX-01");
}

#[test]
fn wire_the_second_stage_is_an_ordinary_call_of_the_desk_phone() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    // Do not disturb at the desk phone is for others.
    let on = office.console("PUT", "/extensions/number:1001/do_not_disturb", Some(json!({ "on": true })));
    assert_eq!(on.status, 200, "{}", on.text);
    assert_eq!(codes(&office, &desk.call("1001", "1002")), [100]);
    office.hand("1001", "answer", json!({}));
    wait_states(&office, &["connected", "alerting"]);
    let connections = office.get("/connections")["items"].as_array().expect("a list").clone();
    let call = office.get(&format!("/calls/{}", connections[0]["call"].as_str().expect("an id")));
    let parties = [&connections[0]["party"]["number"], &call["dialled"], &call["called"]["number"]];
    assert_eq!(parties, ["1001", "1002", "1002"], "as if it had dialled: {call}");
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    office.wait_idle();
    // Busy, and no such number: accepted all the same, and heard at the phone.
    office.hand("1003", "dial", json!({"to": "1002"}));
    office.hand("1002", "answer", json!({}));
    wait_states(&office, &["connected", "connected"]);
    for to in ["1002", "9999"] {
        assert_eq!(codes(&office, &desk.call("1001", to)), [100], "{to}");
        office.hand("1001", "answer", json!({}));
        wait_states(&office, &["connected", "connected", "fail"]);
        assert_eq!(codes(&office, &desk.call("1001", "1004")), [110], "it hears the tone");
        office.hand("1001", "hang_up", json!({}));
        wait_states(&office, &["connected", "connected"]);
    }
    // Not registered: the source only matters.
    office.hand("1001", "unplug", json!({}));
    wait_for("it is gone", || (office.get("/devices/number:1001")["in_service"] == json!(false)).then_some(()));
    assert_eq!(codes(&office, &desk.call("1001", "1004")), [104]);
    office.hand("1001", "plug_in", json!({}));
    wait_for("it is back", || (office.get("/devices/number:1001")["in_service"] == json!(true)).then_some(()));
    assert_eq!(codes(&office, &desk.call("1001", "1004")), [100]);
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    office.hand("1003", "hang_up", json!({}));
    office.wait_idle();
    // The class of service of the source decides, and busy is told first.
    let barred = office.console("PATCH", "/devices/number:1001", Some(json!({ "barred": ["1004"] })));
    assert_eq!(barred.status, 200, "{}", barred.text);
    assert_eq!(codes(&office, &desk.call("1001", "1004")), [103]);
    office.hand("1001", "dial", json!({"to": "1003"}));
    wait_states(&office, &["connected", "alerting"]);
    assert_eq!(codes(&office, &desk.call("1001", "1004")), [110]);
    conformance::proves("CCX-12");
}

#[test]
fn wire_calltype_says_whether_a_call_is_made_or_ended() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let with = |attribute: &str| document("", &desk.command("1001", &destination(attribute, "1002")));
    for calltype in ["calltype=\"single\"", "calltype=\"SINGLE\"", ""] {
        assert_eq!(codes(&office, &with(calltype)), [100], "{calltype}");
        assert_eq!(states(&office), ["initiated"]);
        assert_eq!(codes(&office, &with("calltype=\"hangup\"")), [100]);
        office.wait_idle();
    }
    assert_eq!(codes(&office, &with("calltype=\"hangup\"")), [100], "there is no call");
    for calltype in ["calltype=\"multi\"", "calltype=\"\"", "calltype=\"hang up\""] {
        assert_eq!(codes(&office, &with(calltype)), [104], "{calltype}");
    }
    assert!(states(&office).is_empty());
    // Whatever state the call is in, whoever placed it.
    office.hand("1003", "dial", json!({"to": "1001"}));
    wait_states(&office, &["connected", "alerting"]);
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    office.wait_idle();
    office.hand("1001", "dial", json!({"to": "1003"}));
    office.hand("1003", "answer", json!({}));
    wait_states(&office, &["connected", "connected"]);
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    office.wait_idle();
    conformance::proves("CCX-09");
}

#[test]
fn wire_several_commands_are_carried_out_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    let wrong = Desk { userpwd: "wrong".to_owned(), ..desk.clone() };
    let to = |desk: &Desk, number: &str| desk.command("1001", &destination("calltype=\"single\"", number));
    let commands = [to(&desk, "1002"), to(&desk, "1003"), to(&wrong, "1002")].concat();
    // The count is wrong; what counts is what is there.
    let answer = post(&office, &document(" cmd_cnt=\"2\" requestid=\"a &lt; b\"", &commands));
    let result = |code: u16, message: &str| {
        format!(
            "    <clicktocall_r>\n      <code>{code}</code>\n      <message>{message}</message>\n      <status_id />\n    \
             </clicktocall_r>\n"
        )
    };
    let expected = format!(
        "<?xml version=\"1.0\"?>\n<ipecs_svc>\n  <response encrypt=\"off\" servicename=\"clicktocall\" type=\"service\" \
         responseid=\"a &lt; b\" cmd_cnt=\"3\">\n{}{}{}  </response>\n</ipecs_svc>\n",
        result(100, "OK"),
        result(110, "CALLER_BUSY"),
        result(101, "Auth Fail")
    );
    assert_eq!(answer.text, expected);
    assert_eq!(states(&office), ["initiated"]);
    office.hand("1001", "answer", json!({}));
    wait_for("the first destination rings", || {
        office.get("/devices/number:1002")["connections"].as_array().map(|all| all.len() == 1)
    });
    conformance::proves("CCX-14");
}

#[test]
fn wire_the_source_is_a_phone_of_the_user() {
    let dir = tempfile::tempdir().expect("a directory");
    let office = house(dir.path(), 60, &[]);
    let desk = Desk::of_house();
    // Another's phone, a number that is none, one that does not exist.
    for foreign in ["1003", "sales", "9999", "+1001"] {
        assert_eq!(codes(&office, &desk.call(foreign, "1002")), [102], "{foreign}");
    }
    // A phone of the same directory number is.
    let second = office.get("/devices/number:1003")["id"].clone();
    let patched = office.console("PATCH", "/extensions/number:1001", Some(json!({ "secondary": second })));
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(codes(&office, &desk.call("1003", "1002")), [100]);
    office.hand("1003", "answer", json!({}));
    wait_states(&office, &["connected", "alerting"]);
    assert_eq!(codes(&office, &desk.call("1004", "1002")), [102]);
    assert_eq!(codes(&office, &desk.call("", "1004")), [100], "the station itself, when nothing is said");
    wait_states(&office, &["connected", "alerting", "initiated"]);
    conformance::proves("CCX-08");
}

#[test]
fn wire_a_caller_that_is_busy_with_a_call_of_its_own_is_told() {
    let office = Office::start();
    let desk = Desk::of_demo(&office);
    let one = SipPhone::of(&office, "1101");
    one.register(200);
    let caller = one.call("1002", &Meets::IsHungUp);
    wait_states(&office, &["connected", "alerting"]);
    assert_eq!(codes(&office, &desk.call("1101", "1003")), [110]);
    office.hand("1002", "answer", json!({}));
    wait_states(&office, &["connected", "connected"]);
    assert_eq!(codes(&office, &desk.call("1101", "1003")), [110]);
    assert_eq!(codes(&office, &desk.hang_up()), [100]);
    caller.finish();
    office.wait_idle();
}
