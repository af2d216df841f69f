//! Where the vendors disagree about calls (CORE 7): one test for each subject that these doors touch, each door keeping its own word.
//! Here are who is busy, what a failing destination is, do not disturb, the number on the first leg, times, and numbers that are
//! nobody's; what is only seen differently is in `views`, how long an answer by command may take in `answering`. Forwards, transfers,
//! recalls, agents and rooms come with their services.

use crate::clickcall::ask;
use crate::common::sipp::{Does, Meets, SipPhone};
use crate::common::{Office, wait_for};
use crate::doors::{DOORS, door};
use crate::fusion::phone_id;
use crate::phones::{answer, connections, dial, passes, states, story, wait_states};
use crate::room::{Room, STOPPED};
use serde_json::{Value, json};

fn patch(office: &Office, path: &str, fields: Value) {
    let patched = office.console("PATCH", path, Some(fields));
    assert_eq!(patched.status, 200, "{}", patched.text);
}

fn clear_all(office: &Office) {
    for call in office.calls() {
        office.post(&format!("/calls/{}/clear_call", call["id"].as_str().expect("an id")), json!({}));
    }
    office.wait_idle();
}

/// A stopped office.
fn office() -> Office {
    Office::start_with(&[&["--demo", "--ephemeral-ports"], STOPPED].concat())
}

/// What a door says to a call of 1001; none: it is made.
type Says = [(&'static str, Option<&'static str>); 6];

fn assert_says(office: &Office, says: &Says, to: &str, name: &str) {
    let (_, wanted) = says.iter().find(|(door, _)| *door == name).expect("every door");
    let said = (door(name).asks)(office, "1001", to);
    match wanted {
        None => assert_eq!(said, Ok(()), "{name}"),
        Some(words) => {
            let refused = said.expect_err(name);
            assert!(refused.contains(words), "{name}: {refused}");
        }
    }
}

/// Who is busy: a click-to-call and an iPECS terminal want to be without any call; all others have a free line or not.
#[test]
fn wire_who_is_busy_is_each_doors_own_question() {
    const IN_A_CALL: Says = [
        ("console", None),
        ("fusion", None),
        ("clickcall", Some("110")),
        ("voicenter", None),
        ("ipxapi", Some("\"code\":147")),
        ("telservices", None),
    ];
    const ALL_LINES_TAKEN: Says = [
        ("console", Some("\"resource\"")),
        ("fusion", Some("{\"Result\":1}")),
        ("clickcall", Some("110")),
        ("voicenter", Some("\"ERRORCODE\":2")),
        ("ipxapi", Some("\"code\":147")),
        ("telservices", Some("<pbxReject/>")),
    ];
    let office = office();
    for (lines, says) in [(2, IN_A_CALL), (1, ALL_LINES_TAKEN)] {
        patch(&office, "/devices/number:1001", json!({ "lines_max": lines }));
        for maker in DOORS {
            dial(&office, "1001", "1002");
            answer(&office, "1002");
            wait_states(&office, &["connected", "connected"]);
            assert_says(&office, &says, "1003", maker.name);
            assert!(connections(&office, "1001") <= lines, "{}", maker.name);
            clear_all(&office);
        }
    }
    // The guard is a field of the command: our own door can ask as ClickCall does.
    let guarded = json!({ "from": "1002", "to": "1004", "prompt": "ring", "guard": { "device_idle": true } });
    assert_eq!(office.console("POST", "/calls/make_call", Some(guarded.clone())).status, 200);
    assert_eq!(office.console("POST", "/calls/make_call", Some(guarded)).json()["refusal"], "device_state");
}

/// Busy destination: an ordered call's caller hears it for as long as its vendor has it; a phone that dialled is told and let go.
#[test]
fn wire_a_busy_destination_is_a_tone_or_a_refusal() {
    let office = office();
    dial(&office, "1003", "1004");
    answer(&office, "1004");
    let talking = ["connected", "connected"];
    let failing = ["connected", "connected", "fail"];
    // Fusion: ten seconds. Voicenter: five. The others until on-hook, here at most thirty. Our own door: none, unless it is asked for.
    for (name, tone_ms) in [
        ("fusion", 10_000),
        ("clickcall", 30_000),
        ("voicenter", 5_000),
        ("ipxapi", 30_000),
        ("telservices", 30_000),
        ("console", 0),
    ] {
        door(name).make_and_lift(&office, "1001", "1004");
        if tone_ms > 0 {
            wait_states(&office, &failing);
            passes(&office, tone_ms - 1);
            assert_eq!(states(&office), failing, "{name}: a millisecond before its time");
            passes(&office, 1);
        }
        wait_states(&office, &talking);
    }
    dial(&office, "1001", "1004");
    wait_states(&office, &talking);
}

/// The same on the wire: a phone that dialled a busy one gets 486, whatever doors there are, be that one simulated or a telephone.
#[test]
fn wire_a_phone_that_dials_a_busy_one_is_told_486() {
    let office = Office::start();
    let (caller, called) = (SipPhone::of(&office, "1101"), SipPhone::of(&office, "1102"));
    caller.register(200);
    called.register(200);
    for maker in DOORS {
        let rings = called.answer(Does::Answers(0));
        maker.make_and_lift(&office, "1001", "1102");
        wait_for("1001 and 1102 talk", || (states(&office) == ["connected", "connected"]).then_some(()));
        for busy in ["1001", "1102"] {
            caller.call(busy, &Meets::Refused(486)).finish();
        }
        maker.end_call(&office, "1001");
        rings.finish();
        office.wait_idle();
    }
    // A telephone that says so itself.
    let rings = called.answer(Does::Refuses(486));
    caller.call("1102", &Meets::Refused(486)).finish();
    rings.finish();
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
        maker.end_call(office, "1001");
        office.wait_idle();
        room.pass();
        maker.make_and_lift(office, "1001", "1002");
        // A phone would have been told 486; the log has the cause itself, iPECS too, and TelServices knows but busy.
        let lines = room.lines_until(maker.name, &["failed 1001", "fail 1001", "state=failed"]);
        let has = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(has("console failed 1001 do_not_disturb"), "{lines:#?}");
        assert!(has("causeCode=14 causeMsg=dnd"), "{lines:#?}");
        assert!(has("state=failed number=1002 name=Alan Turing duration=0") && has("cause=busy"), "{lines:#?}");
        if !office.calls().is_empty() {
            maker.end_call(office, "1001");
        }
        office.wait_idle();
    }
    let phone = SipPhone::of(office, "1101");
    phone.register(200);
    phone.call("1002", &Meets::Refused(486)).finish();
}

/// The number on the first leg: ClickCall and Voicenter show the destination, Fusion that of `ext` or of the phone, our own what it is
/// told; a phone that is lifted shows its own.
#[test]
fn wire_the_first_phone_is_shown_what_its_vendor_shows() {
    let office = Office::start();
    let phone = SipPhone::of(&office, "1101");
    phone.register(200);
    let shown = |what: &str, number: &str, make: &dyn Fn()| {
        let playing = phone.answer(Does::IsCancelled);
        make();
        wait_for("it is rung", || (connections(&office, "1101") == 1).then_some(()));
        let from = wait_for("the INVITE is traced", || {
            let invite = story(&office, "1101").into_iter().find(|text| text.starts_with("INVITE "))?;
            invite.lines().find_map(|line| Some(line.strip_prefix("From: ")?.to_owned()))
        });
        clear_all(&office);
        playing.finish();
        assert!(from.contains(&format!("sip:{number}@")), "{what}: {from}");
    };
    for (name, number) in [
        ("clickcall", "1002"),
        ("voicenter", "1002"),
        ("fusion", "1101"),
        ("console", "1101"),
        ("ipxapi", "1101"),
        ("telservices", "1101"),
    ] {
        shown(name, number, &|| door(name).make(&office, "1101", "1002"));
    }
    let with_ext = format!("/xml/ccOriginate.json?phone_id={}&to=1002&ext=1005&async=true", phone_id("1101"));
    shown("fusion with ext", "1005", &|| assert_eq!(office.fusion(&with_ext).text, "{\"Result\":0}"));
    let make = json!({ "from": "1101", "to": "1002", "prompt": "ring", "first": { "caller_id": "0099" } });
    shown("our own, told", "0099", &|| drop(office.post("/calls/make_call", make.clone())));
}

/// How long a phone rings: Fusion has a time of its own for the first one; all other times are the exchange's, unless the command has one.
#[test]
fn wire_times_are_a_field_of_the_command_else_the_exchanges() {
    let office = office();
    for maker in DOORS {
        if !maker.lifts_itself {
            let ring_ms = if maker.name == "fusion" { 30_000 } else { 60_000 };
            maker.make(&office, "1001", "1002");
            wait_states(&office, &["initiated"]);
            passes(&office, ring_ms - 1);
            assert_eq!(states(&office), ["initiated"], "{}: a millisecond before its time", maker.name);
            passes(&office, 1);
            office.wait_idle();
        }
        maker.make_and_lift(&office, "1001", "1002");
        wait_states(&office, &["connected", "alerting"]);
        passes(&office, 59_999);
        assert_eq!(states(&office), ["connected", "alerting"], "{}: a millisecond before its time", maker.name);
        passes(&office, 1);
        wait_for("1002 is left alone", || (connections(&office, "1002") == 0).then_some(()));
        clear_all(&office);
    }
    let told = json!({ "from": "1001", "to": "1002", "prompt": "ring", "first": { "ring_timeout_s": 7 } });
    office.post("/calls/make_call", told);
    passes(&office, 6_999);
    assert_eq!(states(&office), ["initiated"], "a millisecond before the time it was told");
    passes(&office, 1);
    office.wait_idle();
}

/// A destination that does not exist: refused before anything rings (Fusion, Voicenter, iPECS), heard at the phone (ClickCall,
/// TelServices), as it is asked (ours).
#[test]
fn wire_a_number_that_does_not_exist_is_found_out_early_or_late() {
    const NOBODY: Says = [
        ("console", None),
        ("fusion", Some("{\"Result\":1}")),
        ("clickcall", None),
        ("voicenter", Some("\"ERRORCODE\":1")),
        ("ipxapi", Some("\"code\":105")),
        ("telservices", None),
    ];
    let office = office();
    for maker in DOORS {
        assert_says(&office, &NOBODY, "9999", maker.name);
        if NOBODY.contains(&(maker.name, None)) {
            if !maker.lifts_itself {
                answer(&office, "1001");
            }
            match maker.name {
                "console" => office.wait_idle(),
                _ => wait_states(&office, &["fail"]),
            }
        }
        clear_all(&office);
    }
    let early = json!({ "from": "1001", "to": "9999", "prompt": "ring" });
    assert_eq!(office.console("POST", "/calls/make_call", Some(early)).json()["refusal"], "unknown_number");
    assert!(office.calls().is_empty(), "nothing rings");
}

/// The same number, as people write it: TelServices and ClickCall read it, the others take what is dialled.
#[test]
fn wire_numbers_have_the_form_of_each_door() {
    const WRITTEN: Says = [
        ("console", Some("\"refusal\":\"value\"")),
        ("fusion", Some("{\"Result\":1}")),
        ("clickcall", None),
        ("voicenter", Some("\"ERRORCODE\":1")),
        ("ipxapi", Some("\"code\":105")),
        ("telservices", None),
    ];
    let office = office();
    for maker in DOORS {
        assert_says(&office, &WRITTEN, "(10) 0-2", maker.name);
        if WRITTEN.contains(&(maker.name, None)) {
            assert_eq!(office.calls()[0]["dialled"], "1002", "{}: one form inside", maker.name);
        }
        clear_all(&office);
    }
    assert_eq!(ask(&office, "1001", "single", "1002"), 100, "as it is dialled");
}
