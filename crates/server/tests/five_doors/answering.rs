//! Answer by command on a real telephone, through every door that has the verb: the phone is told by NOTIFY `Event: talk`, and the
//! door says that it is done once that is true. ClickCall, Fusion and Voicenter have no such verb.

use crate::common::script::play_with;
use crate::common::{Office, wait_for};
use crate::doors::{Answers, DOORS};
use crate::phones::{dial, hang_up, passes, states, story, wait_states};
use crate::room::STOPPED;
use serde_json::json;

/// The refusal at each door: code and text of the Web API, the name of TelServices, the name on our own.
type Refused = [(&'static str, &'static str); 3];

const CANNOT: Refused = [("console", "\"device_cannot\""), ("ipxapi", "\"code\":148"), ("telservices", "<pbxReject/>")];
const REFUSED: Refused =
    [("console", "\"peer_rejected\""), ("ipxapi", "\"code\":101"), ("telservices", "<pbxReject/>")];
const TOO_LATE: Refused =
    [("console", "\"peer_timeout\""), ("ipxapi", "\"code\":144"), ("telservices", "<pbxTimeout/>")];

/// An office whose phone 1102 can be told to answer, or cannot, as its setting has it.
fn office(can: bool) -> Office {
    let office = Office::start_with(&[&["--demo", "--ephemeral-ports"], STOPPED].concat());
    let patched = office.console("PATCH", "/devices/number:1102", Some(json!({ "remote_answer": can })));
    assert_eq!(patched.status, 200, "{}", patched.text);
    office
}

/// Has 1001 call the phone while it plays this scenario, once for each door that can tell it to answer.
fn each(office: &Office, scenario: &str, tell: impl Fn(&'static str, Answers)) {
    let doors: Vec<(&str, Answers)> = DOORS.iter().filter_map(|door| Some((door.name, door.answer?))).collect();
    std::thread::scope(|scope| {
        let calls = doors.len();
        let phone = scope.spawn(move || play_with(office, "talk", scenario, json!({ "calls": calls })));
        wait_for("1102 registers", || (office.get("/devices/number:1102")["in_service"] == true).then_some(()));
        for (name, answers) in doors {
            dial(office, "1001", "1102");
            wait_states(office, &["connected", "alerting"]);
            tell(name, answers);
            hang_up(office, "1001");
            office.wait_idle();
        }
        phone.join().expect("the phone saw what it should");
    });
}

fn is(refused: &Refused, door: &str, answer: Result<(), String>) {
    let (_, wanted) = refused.iter().find(|(name, _)| *name == door).expect("every door that has the verb");
    let said = answer.expect_err(door);
    assert!(said.contains(wanted), "{door}: {said}");
}

#[test]
fn wire_a_real_phone_answers_when_it_is_told_to() {
    let office = office(true);
    each(&office, "answers", |door, answers| {
        assert_eq!(answers(&office, "1102"), Ok(()), "{door}");
        assert_eq!(states(&office), ["connected", "connected"], "{door}: when it is said, it is so");
    });
}

#[test]
fn wire_a_phone_that_cannot_is_refused_and_rings_on() {
    let without = office(false);
    each(&without, "is_not_told", |door, answers| {
        is(&CANNOT, door, answers(&without, "1102"));
        assert_eq!(states(&without), ["connected", "alerting"], "{door}");
    });
    // Its setting says that it can, and the phone itself knows no such event (RFC 6665 8.3.2).
    let with = office(true);
    each(&with, "does_not_know", |door, answers| {
        is(&REFUSED, door, answers(&with, "1102"));
        assert_eq!(states(&with), ["connected", "alerting"], "{door}");
    });
}

/// How long a door waits for a phone that was told: each vendor's own time (CORE 7, time-outs).
#[test]
fn wire_a_phone_that_was_told_and_rings_on_is_waited_for_as_long_as_each_vendor_does() {
    let office = office(true);
    each(&office, "rings_on", |door, answers| {
        std::thread::scope(|scope| {
            let told = scope.spawn(|| answers(&office, "1102"));
            wait_for("it is told", || {
                story(&office, "1102").iter().any(|text| text.starts_with("NOTIFY ")).then_some(())
            });
            let waits_ms = if door == "telservices" { 10_000 } else { 5_000 };
            passes(&office, waits_ms - 1);
            assert!(!told.is_finished(), "{door}: a millisecond before its time");
            passes(&office, 1);
            is(&TOO_LATE, door, told.join().expect("it was answered"));
        });
        assert_eq!(states(&office), ["connected", "alerting"], "{door}: it rings on");
    });
}
