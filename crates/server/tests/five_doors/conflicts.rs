//! Where the vendors disagree (CORE 7): one test for each subject that these doors touch, each door keeping its own word.

use crate::clickcall::ask;
use crate::common::sipp::{Does, Meets, SipPhone};
use crate::common::{Office, wait_for};
use crate::doors::{DOORS, door};
use crate::fusion::{channels, phone_id};
use crate::phones::{answer, connections, dial, hang_up};
use crate::room::Room;
use serde_json::{Value, json};

const FAILED: &str = "{\"Result\":1}";
const DONE: &str = "{\"Result\":0}";

fn originate(office: &Office, from: &str, to: &str) -> String {
    office.fusion(&format!("/xml/ccOriginate.json?phone_id={}&to={to}&async=true", phone_id(from))).text
}

fn patch(office: &Office, path: &str, fields: Value) {
    let patched = office.console("PATCH", path, Some(fields));
    assert_eq!(patched.status, 200, "{}", patched.text);
}

fn states(office: &Office) -> Vec<String> {
    let all = office.get("/connections?limit=1000")["items"].as_array().expect("a list").clone();
    all.iter().map(|it| it["state"].as_str().expect("text").to_owned()).collect()
}

fn wait_states(office: &Office, wanted: &[&str]) {
    wait_for(&format!("connections {wanted:?}"), || (states(office) == wanted).then_some(()));
}

/// Who is busy: a click-to-call wants a phone without any call, Fusion and our own door one with a free line.
#[test]
fn wire_who_is_busy_is_each_doors_own_question() {
    let office = Office::start();
    patch(&office, "/devices/number:1001", json!({ "lines_max": 3 }));
    dial(&office, "1001", "1002");
    answer(&office, "1002");
    wait_states(&office, &["connected", "connected"]);
    assert_eq!(ask(&office, "1001", "single", "1003"), 110, "any call makes it busy");
    assert_eq!(originate(&office, "1001", "1003"), DONE, "there are free lines");
    let own =
        || office.console("POST", "/calls/make_call", Some(json!({ "from": "1001", "to": "1004", "prompt": "ring" })));
    assert_eq!(own().status, 200, "one more");
    assert_eq!(connections(&office, "1001"), 3);
    assert_eq!(originate(&office, "1001", "1003"), FAILED, "all are taken");
    let refused = own();
    assert!((400..600).contains(&refused.status), "{}", refused.text);
    // The guard is a field of the command: our own door can ask as ClickCall does.
    hang_up(&office, "1001");
    let guarded = json!({ "from": "1002", "to": "1004", "prompt": "ring", "guard": { "device_idle": true } });
    wait_for("1002 is free", || (connections(&office, "1002") == 0).then_some(()));
    assert_eq!(office.console("POST", "/calls/make_call", Some(guarded.clone())).status, 200);
    assert_eq!(office.console("POST", "/calls/make_call", Some(guarded)).json()["refusal"], "device_state");
}

/// Busy destination: an ordered call's caller hears it for as long as its vendor has it; a phone that dialled is told and let go.
#[test]
fn wire_a_busy_destination_is_a_tone_or_a_refusal() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    dial(&office, "1003", "1004");
    answer(&office, "1004");
    let passes = |ms: u64| drop(office.post("/test/clock/advance", json!({ "by_ms": ms })));
    let talking = ["connected", "connected"];
    let failing = ["connected", "connected", "fail"];
    // Fusion: ten seconds. Voicenter: five. ClickCall: until on-hook, here at most thirty. Our own door: none, unless it is asked for.
    for (door, tone_ms) in [
        ("fusion", 10_000),
        ("clickcall", 30_000),
        ("voicenter", 5_000),
        ("ipxapi", 30_000),
        ("telservices", 30_000),
        ("console", 0),
    ] {
        let maker = crate::doors::door(door);
        maker.make_and_lift(&office, "1001", "1004");
        if tone_ms > 0 {
            wait_states(&office, &failing);
            passes(tone_ms - 1);
            assert_eq!(states(&office), failing, "{door}: a millisecond before its time");
            passes(1);
        }
        wait_states(&office, &talking);
    }
    dial(&office, "1001", "1004");
    wait_states(&office, &talking);
}

/// The same on the wire: a phone that dialled a busy one gets 486, whatever doors there are.
#[test]
fn wire_a_phone_that_dials_a_busy_one_is_told_486() {
    let office = Office::start();
    dial(&office, "1003", "1004");
    answer(&office, "1004");
    let phone = SipPhone::of(&office, "1101");
    phone.register(200);
    phone.call("1004", &Meets::Refused(486)).finish();
}

/// Do not disturb: not for the first phone of an ordered call; at the destination it is a cause of its own that shows as busy.
#[test]
fn wire_do_not_disturb_is_not_for_the_one_who_asked() {
    let room = Room::open(&[]);
    let office = &room.office;
    for number in ["1001", "1002"] {
        let on =
            office.console("PUT", &format!("/extensions/number:{number}/do_not_disturb"), Some(json!({ "on": true })));
        assert_eq!(on.status, 200, "{}", on.text);
    }
    for maker in DOORS {
        maker.make_and_lift(office, "1001", "1003");
        room.show(maker.name, "console 1001 connected\n console 1003 alerting");
        (maker.end)(office, "1001");
        office.wait_idle();
        maker.make_and_lift(office, "1001", "1002");
        // A phone would have been told 486; the log has the cause itself.
        let events = || office.get("/events?detail=facts&types=failed&limit=1000");
        let failed = wait_for("it fails", || {
            let last = events()["items"].as_array().expect("a list").last().cloned();
            last.filter(|event| event["data"]["cause"] == "do_not_disturb")
        });
        assert_eq!(failed["data"]["cause"], "do_not_disturb", "{}", maker.name);
        if !office.calls().is_empty() {
            (maker.end)(office, "1001");
        }
        office.wait_idle();
    }
    let phone = SipPhone::of(office, "1101");
    phone.register(200);
    phone.call("1002", &Meets::Refused(486)).finish();
}

/// The number on the first leg: ClickCall and Voicenter show the destination, Fusion that of `ext` or of the phone, our own what it is told.
#[test]
fn wire_the_first_phone_is_shown_what_its_vendor_shows() {
    let office = Office::start();
    let phone = SipPhone::of(&office, "1101");
    phone.register(200);
    let shown = |make: &dyn Fn()| {
        let playing = phone.answer(Does::IsCancelled);
        make();
        let call = wait_for("it is rung", || {
            let calls = office.calls();
            calls.first().map(|call| call["id"].as_str().expect("an id").to_owned())
        });
        let from = wait_for("the INVITE is traced", || {
            let story = office.get(&format!("/calls/{call}/story"));
            let sip = story["items"].as_array().expect("a list").iter().filter(|item| item["kind"] == "sip");
            let invite =
                sip.filter_map(|item| item["text"].as_str()).find(|text| text.starts_with("INVITE "))?.to_owned();
            invite.lines().find_map(|line| Some(line.strip_prefix("From: ")?.to_owned()))
        });
        office.post(&format!("/calls/{call}/clear_call"), json!({}));
        playing.finish();
        office.wait_idle();
        from
    };
    let clicked = shown(&|| assert_eq!(ask(&office, "1101", "single", "1002"), 100));
    assert!(clicked.contains("sip:1002@"), "{clicked}");
    let fusion = shown(&|| assert_eq!(originate(&office, "1101", "1002"), DONE));
    assert!(fusion.contains("sip:1101@"), "{fusion}");
    let with_ext = format!("/xml/ccOriginate.json?phone_id={}&to=1002&ext=1005&async=true", phone_id("1101"));
    let fusion = shown(&|| assert_eq!(office.fusion(&with_ext).text, DONE));
    assert!(fusion.contains("sip:1005@"), "{fusion}");
    let voicenter = door("voicenter").make;
    let voicenter = shown(&|| voicenter(&office, "1101", "1002"));
    assert!(voicenter.contains("sip:1002@"), "{voicenter}");
    let make = json!({ "from": "1101", "to": "1002", "prompt": "ring", "first": { "caller_id": "0099" } });
    let own = shown(&|| drop(office.post("/calls/make_call", make.clone())));
    assert!(own.contains("sip:0099@"), "{own}");
}

/// How long the first phone rings: Fusion has a time of its own, the others that of the exchange.
#[test]
fn wire_times_are_a_field_of_the_command_else_the_exchanges() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let passes = |ms: u64| drop(office.post("/test/clock/advance", json!({ "by_ms": ms })));
    for (door, ring_ms) in [("fusion", 30_000), ("clickcall", 60_000), ("voicenter", 60_000), ("console", 60_000)] {
        let maker = crate::doors::door(door);
        (maker.make)(&office, "1001", "1002");
        wait_states(&office, &["initiated"]);
        passes(ring_ms - 1);
        assert_eq!(states(&office), ["initiated"], "{door}: a millisecond before its time");
        passes(1);
        office.wait_idle();
    }
}

/// A destination that does not exist: refused before anything rings (Fusion), heard at the phone (ClickCall), as it is asked (ours).
#[test]
fn wire_a_number_that_does_not_exist_is_found_out_early_or_late() {
    let office = Office::start();
    assert_eq!(originate(&office, "1001", "9999"), FAILED);
    let early = json!({ "from": "1001", "to": "9999", "prompt": "ring" });
    assert_eq!(office.console("POST", "/calls/make_call", Some(early)).json()["refusal"], "unknown_number");
    assert!(office.calls().is_empty(), "nothing rings");
    assert_eq!(ask(&office, "1001", "single", "9999"), 100);
    answer(&office, "1001");
    wait_states(&office, &["fail"]);
    assert_eq!(ask(&office, "1001", "hangup", "0000"), 100);
    office.wait_idle();
    let late = json!({ "from": "1001", "to": "9999", "prompt": "ring", "check": "late" });
    office.post("/calls/make_call", late);
    answer(&office, "1001");
    office.wait_idle();
}

/// Numbers: ClickCall takes them as people write them; Fusion and our own door take what is dialled.
#[test]
fn wire_numbers_have_the_form_of_each_door() {
    let office = Office::start();
    assert_eq!(ask(&office, "1001", "single", "(10) 0-2"), 100);
    assert_eq!(office.calls()[0]["dialled"], "1002", "one form inside");
    assert_eq!(ask(&office, "1001", "hangup", ""), 100);
    office.wait_idle();
    assert_eq!(originate(&office, "1001", "10-02"), FAILED);
    let own = json!({ "from": "1001", "to": "10-02", "prompt": "ring" });
    assert_eq!(office.console("POST", "/calls/make_call", Some(own)).json()["refusal"], "unknown_number");
}

/// Variables: Fusion's belong to a connection, our own named values to the call; neither is the other.
#[test]
fn wire_variables_of_a_connection_are_no_data_of_the_call() {
    let office = Office::start();
    let make = format!("/xml/ccOriginate.json?phone_id={}&to=1002&async=true&var=Campaign%3DA1", phone_id("1001"));
    assert_eq!(office.fusion(&make).text, DONE);
    wait_states(&office, &["initiated"]);
    let call = office.calls()[0].clone();
    assert_eq!(call["data"]["custom"], json!({}), "{call}");
    assert_eq!(office.get("/connections")["items"][0]["vars"], json!({ "Campaign": "A1" }));
    let id = call["id"].as_str().expect("an id");
    let made = json!({ "from": "1003", "to": "1004", "prompt": "ring", "data": { "Campaign": "B2" } });
    let answer = office.console("POST", "/calls/make_call", Some(made));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let channel = channels(&office)
        .into_iter()
        .find(|channel| channel["ID"].as_str().is_some_and(|id| id.contains(&phone_id("1003"))));
    let channel = channel.expect("a channel")["ID"].as_str().expect("text").to_owned();
    let variable = office.fusion(&format!("/xml/ccGetVar?channel_id={channel}&variable=Campaign")).text;
    assert!(!variable.contains("B2"), "{variable}");
    assert_eq!(office.get(&format!("/calls/{id}"))["data"]["custom"], json!({}));
}

/// A lost socket: Fusion's events are not kept for anybody, our own stream goes on where it was left.
#[test]
fn wire_only_our_own_stream_goes_on_after_a_lost_connection() {
    let room = Room::open(&[]);
    let office = &room.office;
    let left_at = office.get("/snapshot")["seq"].as_u64().expect("a number");
    dial(office, "1001", "1002");
    answer(office, "1002");
    hang_up(office, "1002");
    office.wait_idle();
    let fusion = door("fusion").watch.expect("it has events");
    let late = fusion(office);
    dial(office, "1003", "1004");
    room.show("1004 rings", "console 1003 connected\n console 1004 alerting");
    let seen = wait_for("the next event", || late.taken().first().cloned());
    let (channel, dialled) = seen.split_once(" CallerId=").expect("two fields");
    assert!(channel.starts_with("evNewOrigChannel Channel=SIP/SDP01003-"), "not what it missed: {seen}");
    assert_eq!(dialled, "1003 Extension=1004");
    let events = office.get(&format!("/events?detail=facts&from={left_at}&limit=1000"));
    let events = events["items"].as_array().expect("a list");
    assert_eq!(events[0]["seq"].as_u64(), Some(left_at + 1), "without a gap");
    assert!(events.iter().any(|event| event["type"] == "established"));
}

/// The clock: one instant, told in local time by Fusion and in UTC by our own door.
#[test]
fn wire_one_instant_has_the_form_of_each_door() {
    let office = Office::start();
    dial(&office, "1001", "1002");
    answer(&office, "1002");
    hang_up(&office, "1002");
    office.wait_idle();
    let record = wait_for("the record", || crate::phones::records(&office).first().cloned());
    let instant: jiff::Timestamp = record["started_at"].as_str().expect("text").parse().expect("RFC 3339, in UTC");
    let history = office.fusion("/xml/dbGetCallHistory.json?ext=1001&limit=10&start_date=2000-01-01").json();
    let call = history["CallHistory"][0].clone();
    let told = call["timestamp"].as_str().expect("text").to_owned();
    let zone = jiff::tz::TimeZone::get("Europe/Brussels").unwrap_or(jiff::tz::TimeZone::UTC);
    let forms = [jiff::tz::TimeZone::system(), jiff::tz::TimeZone::UTC, zone]
        .map(|zone| instant.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string());
    assert!(forms.contains(&told), "{told} and {forms:?}");
}
