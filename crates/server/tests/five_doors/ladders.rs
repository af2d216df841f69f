//! "How a call looks": one call, stepped through by hand, as every door shows it, whichever door it was made through.

use crate::common::sipp::{Does, SipPhone};
use crate::common::wait_for;
use crate::doors::DOORS;
use crate::phones::{answer, dial, hang_up, reject};
use crate::room::Room;

const ADA: &str = "\"Ada Lovelace\" [1001]";

#[test]
fn wire_a_call_made_through_any_door_looks_the_same_at_all() {
    for maker in DOORS {
        let room = Room::open(&[]);
        let office = &room.office;
        let made = |step: &str| format!("made through {}: {step}", maker.name);
        (maker.make)(office, "1001", "1002");
        room.see(
            &made("1001 rings"),
            &[
                ("console", &["service_initiated 1001", "prompted 1001"]),
                ("voicenter", &["NEWCALL 1001 leg 1 Dialing"]),
            ],
        );
        room.show(
            &made("1001 rings"),
            &[
                ("console", &["1001 initiated"]),
                ("fusion", &[&format!("SDP01001 Ringing {ADA}")]),
                ("voicenter", &["1001 Dialing answered=0 Click2Call 1002"]),
            ],
        );
        answer(office, "1001");
        room.see(
            &made("1001 answers"),
            &[
                ("console", &["originated 1001 -> 1002", "delivered 1002 new_call"]),
                ("fusion", &["evNewOrigChannel Channel=SIP/SDP01001-#1 CallerId=1001 Extension=1002"]),
                ("voicenter", &["ANSWER 1001 leg 1 Talking", "NEWCALL 1001 leg 2 Talking", "NEWCALL 1002 Ringing"]),
            ],
        );
        room.show(
            &made("1002 rings"),
            &[
                ("console", &["1001 connected", "1002 alerting"]),
                ("fusion", &[&format!("SDP01001 Up {ADA}"), &format!("SDP01002 Ringing {ADA}")]),
                ("voicenter", &["1001 Talking answered=0 Click2Call 1002", "1002 Ringing answered=0 Incoming 1001"]),
            ],
        );
        answer(office, "1002");
        room.see(
            &made("1002 answers"),
            &[
                ("console", &["established 1002 new_call"]),
                ("voicenter", &["ANSWER 1002 Talking", "ANSWER 1001 leg 2 Talking"]),
            ],
        );
        room.show(
            &made("both talk"),
            &[
                ("console", &["1001 connected", "1002 connected"]),
                ("fusion", &[&format!("SDP01001 Up with SDP01002 {ADA}"), &format!("SDP01002 Up with SDP01001 {ADA}")]),
                ("voicenter", &["1001 Talking answered=1 Click2Call 1002", "1002 Talking answered=1 Incoming 1001"]),
            ],
        );
        hang_up(office, "1002");
        room.see(
            &made("1002 hangs up"),
            &[
                (
                    "console",
                    &[
                        "connection_cleared 1002 normal_clearing",
                        "connection_cleared 1001 normal_clearing",
                        "call_cleared",
                    ],
                ),
                ("voicenter", &["HANGUP 1002 Normal hangup", "HANGUP 1001 leg 2 Normal hangup"]),
            ],
        );
        room.show(&made("over"), &[("console", &[]), ("fusion", &[]), ("voicenter", &[])]);
        room.see(&made("nothing more"), &[]);
    }
}

#[test]
fn wire_a_call_can_be_ended_through_any_door() {
    let room = Room::open(&[]);
    let office = &room.office;
    for ender in DOORS {
        for maker in DOORS {
            (maker.make)(office, "1001", "1002");
            answer(office, "1001");
            answer(office, "1002");
            let step = format!("made through {}, ended through {}", maker.name, ender.name);
            room.show(&step, &[("console", &["1001 connected", "1002 connected"])]);
            room.forget();
            (ender.end)(office, "1001");
            room.show(&step, &[("console", &[]), ("fusion", &[])]);
            room.see(
                &step,
                &[
                    (
                        "console",
                        &[
                            "connection_cleared 1001 normal_clearing",
                            "connection_cleared 1002 normal_clearing",
                            "call_cleared",
                        ],
                    ),
                    ("voicenter", &["HANGUP 1001 leg 2 Normal hangup", "HANGUP 1002 Normal hangup"]),
                ],
            );
        }
    }
}

#[test]
fn wire_a_first_phone_that_refuses_calls_nobody() {
    let room = Room::open(&[]);
    let office = &room.office;
    for maker in DOORS {
        let step = format!("made through {}, refused at 1001", maker.name);
        (maker.make)(office, "1001", "1002");
        reject(office, "1001");
        room.see(
            &step,
            &[
                (
                    "console",
                    &["service_initiated 1001", "prompted 1001", "connection_cleared 1001 rejected", "call_cleared"],
                ),
                ("voicenter", &["NEWCALL 1001 leg 1 Dialing", "HANGUP 1001 leg 1 Call Rejected"]),
            ],
        );
        room.show(&step, &[("console", &[]), ("fusion", &[])]);
    }
}

#[test]
fn wire_a_destination_that_refuses_is_told_at_all_doors() {
    let room = Room::open(&[]);
    let office = &room.office;
    for maker in DOORS {
        let step = format!("made through {}, refused at 1002", maker.name);
        (maker.make)(office, "1001", "1002");
        answer(office, "1001");
        room.show(&step, &[("console", &["1001 connected", "1002 alerting"])]);
        room.forget();
        reject(office, "1002");
        room.show(&step, &[("console", &failing(maker.name))]);
        if !failing(maker.name).is_empty() {
            (maker.end)(office, "1001");
        }
        room.show(&step, &[("console", &[]), ("fusion", &[])]);
        room.forget();
    }
}

/// What is left of a call whose destination failed: our own door lets it end, the vendors' callers hear a tone.
fn failing(maker: &str) -> Vec<&'static str> {
    if maker == "console" { Vec::new() } else { vec!["1001 fail"] }
}

#[test]
fn wire_a_call_dialled_by_hand_looks_the_same_at_all_doors() {
    let room = Room::open(&[]);
    let office = &room.office;
    dial(office, "1001", "1002");
    room.see(
        "1001 dials",
        &[
            ("console", &["originated 1001 -> 1002", "delivered 1002 new_call"]),
            ("fusion", &["evNewOrigChannel Channel=SIP/SDP01001-#1 CallerId=1001 Extension=1002"]),
            ("voicenter", &["NEWCALL 1001 Dialing", "NEWCALL 1002 Ringing"]),
        ],
    );
    room.show(
        "1002 rings",
        &[
            ("console", &["1001 connected", "1002 alerting"]),
            ("fusion", &[&format!("SDP01001 Ring {ADA}"), &format!("SDP01002 Ringing {ADA}")]),
            ("voicenter", &["1001 Dialing answered=0 Outgoing 1002", "1002 Ringing answered=0 Incoming 1001"]),
        ],
    );
    hang_up(office, "1001");
    room.see(
        "1001 gives up",
        &[
            (
                "console",
                &["connection_cleared 1001 normal_clearing", "connection_cleared 1002 abandoned", "call_cleared"],
            ),
            ("voicenter", &["HANGUP 1001 Normal hangup", "HANGUP 1002 Normal hangup"]),
        ],
    );
    room.see("nothing more", &[]);
}

/// The same with real SIP phones: the right one is called first, and what the doors tell in the end is the same whole ladder.
#[test]
fn wire_real_phones_ring_in_order_whichever_door_asks() {
    for maker in DOORS {
        let room = Room::open(&[]);
        let office = &room.office;
        let (one, other) = (SipPhone::of(office, "1101"), SipPhone::of(office, "1102"));
        one.register(200);
        other.register(200);
        room.see("both register", &[("console", &["back_in_service 1101", "back_in_service 1102"])]);
        let first = one.answer(Does::Answers(200));
        let second = other.answer(Does::Answers(100));
        (maker.make)(office, "1101", "1102");
        wait_for("both talk", || {
            let all = office.get("/connections")["items"].as_array().expect("a list").clone();
            (all.len() == 2 && all.iter().all(|it| !it["answered_at"].is_null())).then_some(())
        });
        (maker.end)(office, "1101");
        first.finish();
        second.finish();
        office.wait_idle();
        room.see(
            &format!("made through {}", maker.name),
            &[
                (
                    "console",
                    &[
                        "service_initiated 1101",
                        "prompted 1101",
                        "originated 1101 -> 1102",
                        "delivered 1102 new_call",
                        "established 1102 new_call",
                        "connection_cleared 1101 normal_clearing",
                        "connection_cleared 1102 normal_clearing",
                        "call_cleared",
                    ],
                ),
                ("fusion", &["evNewOrigChannel Channel=SIP/SDP01101-#1 CallerId=1101 Extension=1102"]),
                (
                    "voicenter",
                    &[
                        "NEWCALL 1101 leg 1 Dialing",
                        "ANSWER 1101 leg 1 Talking",
                        "NEWCALL 1101 leg 2 Talking",
                        "NEWCALL 1102 Ringing",
                        "ANSWER 1102 Talking",
                        "ANSWER 1101 leg 2 Talking",
                        "HANGUP 1101 leg 2 Normal hangup",
                        "HANGUP 1102 Normal hangup",
                    ],
                ),
            ],
        );
    }
}
