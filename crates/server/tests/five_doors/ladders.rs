//! "How a call looks": one call, stepped through by hand, as every door shows it, whichever door it was made through.

use crate::common::sipp::{Does, SipPhone};
use crate::common::wait_for;
use crate::doors::DOORS;
use crate::expected::{ABANDONED, DIALLED, Ladder, SHOWS_FIRST_RINGING, SHOWS_NOTHING, shows_ringing, shows_talking};
use crate::phones::{answer, dial, hang_up, passes, reject, story};
use crate::room::{Room, STOPPED};

#[test]
fn wire_a_call_made_through_any_door_looks_the_same_at_all() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for maker in DOORS {
        let made = |step: &str| format!("made through {}: {step}", maker.name);
        let ladder = Ladder::of(maker);
        maker.make(office, "1001", "1002");
        room.see(&made("asked for"), &ladder.asked);
        if !maker.lifts_itself {
            room.show(&made("1001 rings"), SHOWS_FIRST_RINGING);
            passes(office, 3_000);
            answer(office, "1001");
            room.see(&made("1001 answers"), &ladder.lifted);
        }
        room.show(&made("1002 rings"), &shows_ringing(maker));
        passes(office, 5_000);
        answer(office, "1002");
        room.see(&made("1002 answers"), &ladder.answered);
        passes(office, 7_000);
        room.show(&made("both talk"), &shows_talking(maker));
        hang_up(office, "1002");
        room.see_all(&made("1002 hangs up"), &ladder.ended_by_second);
        room.show(&made("over"), SHOWS_NOTHING);
    }
}

#[test]
fn wire_a_call_can_be_ended_through_any_door() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for ender in DOORS {
        for maker in DOORS {
            let step = |step: &str| format!("made through {}, ended through {}: {step}", maker.name, ender.name);
            let ladder = Ladder::of(maker);
            maker.make_and_lift(office, "1001", "1002");
            answer(office, "1002");
            passes(office, 7_000);
            room.see(&step("both talk"), &ladder.until_talking());
            ender.end_call(office, "1001");
            room.see_all(&step("1001 is hung up"), &ladder.ended_by_first);
        }
    }
    room.show("over", SHOWS_NOTHING);
}

#[test]
fn wire_a_call_can_be_answered_through_any_door_that_can() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for (answerer, answers) in DOORS.iter().filter_map(|door| Some((door.name, door.answer?))) {
        for maker in DOORS {
            let step = format!("made through {}, answered through {answerer}", maker.name);
            let ladder = Ladder::of(maker);
            maker.make_and_lift(office, "1001", "1002");
            room.see(&step, &[ladder.asked, ladder.lifted].concat());
            assert_eq!(answers(office, "1002"), Ok(()), "{step}");
            room.see(&step, &ladder.answered);
            passes(office, 7_000);
            hang_up(office, "1002");
            room.see_all(&step, &ladder.ended_by_second);
        }
    }
}

#[test]
fn wire_a_first_phone_that_refuses_calls_nobody() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for maker in DOORS.iter().filter(|maker| !maker.lifts_itself) {
        let step = format!("made through {}, refused at 1001", maker.name);
        maker.make(office, "1001", "1002");
        reject(office, "1001");
        room.see_all(&step, &Ladder::of(maker).first_refused);
        room.show(&step, SHOWS_NOTHING);
    }
}

#[test]
fn wire_a_destination_that_refuses_is_told_at_all_doors() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for maker in DOORS {
        let step = |step: &str| format!("made through {}: {step}", maker.name);
        let ladder = Ladder::of(maker);
        maker.make_and_lift(office, "1001", "1002");
        room.see(&step("1002 rings"), &[ladder.asked, ladder.lifted].concat());
        reject(office, "1002");
        room.see(&step("1002 refuses"), &ladder.refused);
        if !ladder.given_up.is_empty() {
            maker.end_call(office, "1001");
        }
        room.see_all(&step("1001 gives up"), &ladder.given_up);
        room.show(&step("over"), SHOWS_NOTHING);
    }
}

#[test]
fn wire_a_call_dialled_by_hand_looks_the_same_at_all_doors() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    dial(office, "1001", "1002");
    room.see("1001 dials", DIALLED);
    // Nobody is known to have lifted a receiver before it dialled: Fusion has it ring out.
    let shown = shows_ringing(crate::doors::door("ipxapi")).replace("SDP01001 Up", "SDP01001 Ring");
    room.show("1002 rings", &shown);
    hang_up(office, "1001");
    room.see("1001 gives up", ABANDONED);
}

/// The same with real SIP phones: the right one is called first, and what the doors tell is the same ladder, frame for frame.
#[test]
fn wire_real_phones_ring_in_order_whichever_door_asks() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    let (one, other) = (SipPhone::of(office, "1101"), SipPhone::of(office, "1102"));
    one.register(200);
    other.register(200);
    room.see(
        "both register",
        "
        console      back_in_service 1101
        console      back_in_service 1102
        ipxapi       registered 1101
        ipxapi       registered 1102
        ",
    );
    for maker in DOORS {
        let ladder = Ladder::of(maker);
        let first = one.answer(Does::Answers(100));
        let second = other.answer(Does::Answers(100));
        maker.make(office, "1101", "1102");
        wait_for("both talk", || {
            let all = office.get("/connections")["items"].as_array().expect("a list").clone();
            (all.len() == 2 && all.iter().all(|it| !it["answered_at"].is_null())).then_some(())
        });
        let signalled = story(office, "1101");
        let first_at = |start: &str| {
            signalled
                .iter()
                .position(|text| text.starts_with(start))
                .unwrap_or_else(|| panic!("no {start}: {signalled:#?}"))
        };
        let [rung, lifted, called] = ["INVITE sip:1101@", "SIP/2.0 200 ", "INVITE sip:1102@"].map(first_at);
        assert!(rung < lifted && lifted < called, "made through {}: {signalled:#?}", maker.name);
        passes(office, 7_000);
        maker.end_call(office, "1101");
        first.finish();
        second.finish();
        office.wait_idle();
        room.see_all(
            &format!("made through {}", maker.name),
            &of_sip([ladder.until_talking(), ladder.ended_by_first].concat()),
        );
    }
}

/// The same ladder with the SIP phones of the office.
fn of_sip(ladder: String) -> String {
    let phones =
        [("1001", "1101"), ("1002", "1102"), ("Ada Lovelace", "Ada Lovelace SIP"), ("Alan Turing", "Alan Turing SIP")];
    phones.iter().fold(ladder, |ladder, (simulated, real)| ladder.replace(simulated, real))
}
