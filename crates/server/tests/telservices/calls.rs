//! Calls and their events, field by field with the ladders of the behaviour list.

use super::common::sipp::{Does, SipPhone};
use super::{Events, LINE, Line, Office, STANDARD, answer, ask, at_rest, device, error, make_call, moves_s, name};
use serde_json::json;

/// The lines of H1 up to the answer: A calls B.
fn talk<'a>(a: &'a str, b: &'a str, names: (&'a str, &'a str)) -> [Line<'a>; 6] {
    let out = Line { device: a, outgoing: true, other: (b, names.1), services: "dropCall", ..LINE };
    let into = Line { device: b, other: (a, names.0), ..LINE };
    [
        Line { state: "initiated", other: ("", ""), ..out },
        Line { state: "originated", ..out },
        Line { state: "delivered", ..out },
        Line { state: "alerting", services: "answerCall", ..into },
        Line { state: "connected", services: "dropCall", ..into },
        Line { state: "connected", ..out },
    ]
}

#[test]
fn wire_a_call_made_answered_and_dropped_is_told_as_the_ladder_has_it() {
    let office = at_rest();
    let (ada, bob) = (name(&office, "1001"), name(&office, "1002"));
    let (a, b) = (Events::of(&office, "1001"), Events::of(&office, "1002"));
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    let lines = talk("1001", "1002", (&ada, &bob));
    for line in &lines[..3] {
        assert_eq!(a.next(), line.event());
    }
    assert_eq!(b.next(), lines[3].event());
    moves_s(&office, 4);
    assert_eq!(ask(&office, "answerCall", &device("1002")), STANDARD);
    assert_eq!(b.next(), lines[4].event());
    assert_eq!(a.next(), lines[5].event());
    moves_s(&office, 7);
    assert_eq!(ask(&office, "dropCall", &device("1002")), STANDARD);
    let over = Line { state: "cleared", talk_s: 7, services: "", ..lines[4] };
    assert_eq!(b.next(), over.event());
    let left = Line { state: "cleared", talk_s: 7, services: "", cause: "droppedByOtherParty", ..lines[5] };
    assert_eq!(a.next(), left.event());
    a.nothing();
    b.nothing();
    conformance::proves_partly("TEL-CALL-12", "transfer, hold, conference");
    conformance::proves("TEL-REQ-14");
    conformance::proves_partly("TEL-EVT-01", "events of agents, forwards and message lamps");
    conformance::proves_partly("TEL-EVT-03", "conferences and second parts");
    conformance::proves_partly("TEL-EVT-08", "several calls of one device");
    conformance::proves_partly("TEL-CALL-01", "second parts, added parties, redirections");
    conformance::proves_partly("TEL-CALL-02", "several calls of one device");
    conformance::proves_partly("TEL-CALL-03", "queued, hold");
    conformance::proves_partly("TEL-CALL-04", "queue, hold, transfer");
    conformance::proves_partly("TEL-CALL-11", "hold, transfer");
    conformance::proves_partly("TEL-CALL-14", "hold, conference, transfer, redirect, route");
    conformance::proves_partly("TEL-CALL-16", "only answerCall and dropCall, as capability has it");
    conformance::proves_partly("TEL-REQ-06", "a second call while one is connected");
    conformance::proves_partly("TEL-REQ-11", "held and second calls");
    conformance::proves_partly("TEL-REQ-38", "pairs and conferences");
    conformance::proves_partly("TEL-REQ-37", "the results of services that are not there");
}

#[test]
fn wire_a_phone_that_does_not_lift_itself_rings_as_initiated_until_it_is_lifted() {
    let office = at_rest();
    let (ada, bob) = (name(&office, "1001"), name(&office, "1002"));
    let set = office.console("PATCH", "/devices/number:1001", Some(json!({ "auto_answer": false })));
    assert_eq!(set.status, 200, "{}", set.text);
    let a = Events::of(&office, "1001");
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    let lines = talk("1001", "1002", (&ada, &bob));
    assert_eq!(a.next(), lines[0].event());
    // An answered makeCall has moved the log on: nothing of a dialled call came before the hand.
    a.nothing();
    office.hand("1001", "answer", json!({}));
    assert_eq!([a.next(), a.next()], [lines[1].event(), lines[2].event()]);
}

#[test]
fn wire_a_caller_that_gives_up_is_told_apart_from_one_that_is_left() {
    let office = at_rest();
    let (ada, bob) = (name(&office, "1001"), name(&office, "1002"));
    let (a, b) = (Events::of(&office, "1001"), Events::of(&office, "1002"));
    let lines = talk("1001", "1002", (&ada, &bob));
    make_call(&office, "1001", "1002");
    for line in &lines[..3] {
        assert_eq!(a.next(), line.event());
    }
    assert_eq!(b.next(), lines[3].event());
    assert_eq!(ask(&office, "dropCall", &device("1002")), error("noCall"), "a ringing call is not dropped");
    assert_eq!(ask(&office, "answerCall", &device("1001")), error("noCall"), "nothing rings there");
    let other = |number: &str| format!("{}<otherNumber>{number}</otherNumber>", device("1001"));
    assert_eq!(ask(&office, "dropCall", &other("1003")), error("noCall"));
    assert_eq!(ask(&office, "dropCall", &other(" 10-02 ")), STANDARD);
    assert_eq!(a.next(), Line { state: "cleared", services: "", ..lines[2] }.event());
    let left = Line { state: "cleared", services: "", cause: "droppedByOtherParty", ..lines[3] };
    assert_eq!(b.next(), left.event());
    assert_eq!(ask(&office, "dropCall", &device("1001")), error("noCall"));
    assert_eq!(ask(&office, "answerCall", &device("1002")), error("noCall"));
    conformance::proves("TEL-ERR-04");
}

#[test]
fn wire_calls_that_fail_say_why() {
    let office = at_rest();
    let a = Events::of(&office, "1001");
    let out =
        |to: &'static str, who| Line { device: "1001", outgoing: true, other: (to, who), services: "dropCall", ..LINE };
    let initiated = Line { state: "initiated", other: ("", ""), ..out("", "") };

    // H13: busy. 1003 talks with 1004, and a demo phone has one line.
    let (hopper, nobody) = (name(&office, "1003"), "");
    make_call(&office, "1004", "1003");
    answer(&office, "1003");
    assert_eq!(make_call(&office, "1001", "1003"), STANDARD);
    let busy = Line { other: ("1003", &hopper), ..out("", "") };
    assert_eq!(a.next(), initiated.event());
    assert_eq!(a.next(), Line { state: "originated", ..busy }.event());
    assert_eq!(a.next(), Line { state: "failed", cause: "busy", ..busy }.event());
    assert_eq!(make_call(&office, "1001", "1002"), error("pbxReject"), "its line is taken");
    assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD);
    assert_eq!(a.next(), Line { state: "cleared", services: "", ..busy }.event());

    // H14: nobody has that number.
    assert_eq!(make_call(&office, "1001", "5555"), STANDARD);
    let unknown = out("5555", nobody);
    assert_eq!(a.next(), initiated.event());
    assert_eq!(a.next(), Line { state: "originated", ..unknown }.event());
    assert_eq!(a.next(), Line { state: "failed", cause: "destNotObtainable", ..unknown }.event());
    office.hand("1001", "hang_up", json!({}));
    assert_eq!(a.next(), Line { state: "cleared", services: "", ..unknown }.event());

    // H15: nobody answers, and the exchange gives up.
    let (b, bob, ada) = (Events::of(&office, "1002"), name(&office, "1002"), name(&office, "1001"));
    let lines = talk("1001", "1002", (&ada, &bob));
    make_call(&office, "1001", "1002");
    for line in &lines[..3] {
        assert_eq!(a.next(), line.event());
    }
    assert_eq!(b.next(), lines[3].event());
    moves_s(&office, 61);
    let given_up = Line { state: "cleared", services: "", cause: "droppedByOtherParty", ..lines[3] };
    assert_eq!(b.next(), given_up.event());
    assert_eq!(a.next(), Line { state: "failed", cause: "destNotObtainable", ..lines[2] }.event());
    ask(&office, "dropCall", &device("1001"));
    assert_eq!(a.next(), Line { state: "cleared", services: "", ..lines[2] }.event());

    // H17: do not disturb is busy for the caller and nothing for the called.
    let set = office.console("PUT", "/extensions/number:1002/do_not_disturb", Some(json!({ "on": true })));
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(b.next(), super::event("1002", "<doNotDisturb><on/></doNotDisturb>"));
    make_call(&office, "1001", "1002");
    assert_eq!([a.next(), a.next()], [lines[0].event(), lines[1].event()]);
    assert_eq!(a.next(), Line { state: "failed", cause: "busy", ..lines[1] }.event());
    ask(&office, "dropCall", &device("1001"));
    a.next();
    b.nothing();
    conformance::proves("TEL-EVT-05");
}

#[test]
fn wire_a_caller_from_outside_is_shown_with_the_number_it_dialled() {
    let office = at_rest();
    let did = office.demo["trunk"]["did"].as_str().expect("text").to_owned();
    let a = Events::of(&office, "1001");
    office.post("/test/outside/ring_in", json!({ "from": "+3225550199", "to": did, "name": "Emile & Co" }));
    let line = Line { device: "1001", other: ("+3225550199", "Emile &amp; Co"), ..LINE };
    let with_did = |line: Line<'_>| {
        let first = format!("</otherParty><firstCalledParty><number>{did}</number></firstCalledParty>");
        line.event().replace("</otherParty>", &first)
    };
    assert_eq!(a.next(), with_did(Line { state: "alerting", services: "answerCall", ..line }));
    let other = |number: &str| format!("{}<callingNumber>{number}</callingNumber>", device("1001"));
    assert_eq!(ask(&office, "answerCall", &other("+3225550198")), error("noCall"));
    assert_eq!(ask(&office, "answerCall", &other("+32 (2) 555.01.99")), STANDARD);
    assert_eq!(a.next(), with_did(Line { state: "connected", services: "dropCall", ..line }));
    office.post("/test/outside/+3225550199/hang_up", json!({}));
    let over = Line { state: "cleared", services: "", cause: "droppedByOtherParty", ..line };
    assert_eq!(a.next(), with_did(over));
    conformance::proves_partly("TEL-CALL-09", "diversions");
}

#[test]
fn wire_other_doors_see_and_steer_the_same_call() {
    let office = at_rest();
    let (ada, bob) = (name(&office, "1001"), name(&office, "1002"));
    let (a, b) = (Events::of(&office, "1001"), Events::of(&office, "1002"));
    let lines = talk("1001", "1002", (&ada, &bob));
    let extra = "<extraData>order 7 &amp; more</extraData>";
    let made =
        ask(&office, "makeCall", &format!("{}<calledDeviceNumber>1002</calledDeviceNumber>{extra}", device("1001")));
    assert_eq!(made, STANDARD);
    for line in &lines[..3] {
        assert_eq!(a.next(), Line { extra: "order 7 &amp; more", ..*line }.event());
    }
    assert_eq!(b.next(), Line { extra: "order 7 &amp; more", ..lines[3] }.event());
    answer(&office, "1002");
    assert_eq!(b.next(), Line { extra: "order 7 &amp; more", ..lines[4] }.event());
    assert_eq!(a.next(), Line { extra: "order 7 &amp; more", ..lines[5] }.event());
    let channels = office.fusion("/xml/ccGetChannels.json").json();
    let channel = channels[0]["ID"].as_str().expect("a channel").to_owned();
    assert_eq!(office.fusion(&format!("/xml/ccHangup.php?channel_id={channel}")).status, 200);
    let over = |line: Line<'_>, cause| {
        Line { state: "cleared", services: "", extra: "order 7 &amp; more", cause, ..line }.event()
    };
    let first = a.next();
    assert!(first == over(lines[5], "") || first == over(lines[5], "droppedByOtherParty"), "{first}");
    let second = b.next();
    assert_eq!(second, over(lines[4], "droppedByOtherParty"));
    conformance::proves_partly("TEL-CALL-17", "consultation, diversion, transfer");
}

#[test]
fn wire_sip_phones_are_called_answered_and_dropped() {
    let office = Office::start();
    let phones = ["1101", "1102"].map(|number| SipPhone::of(&office, number));
    phones.iter().for_each(|phone| phone.register(200));
    let (a, b) = (Events::of(&office, "1101"), Events::of(&office, "1102"));
    let first = phones[0].answer(Does::Answers(50));
    let second = phones[1].answer(Does::Answers(300));
    assert_eq!(make_call(&office, "1101", "1102"), STANDARD);
    let (one, two) = (name(&office, "1101"), name(&office, "1102"));
    let lines = talk("1101", "1102", (&one, &two));
    for line in &lines[..3] {
        assert_eq!(a.next(), line.event());
    }
    assert_eq!(b.next(), lines[3].event());
    assert_eq!(ask(&office, "answerCall", &device("1102")), error("pbxReject"), "this phone cannot be told to answer");
    assert_eq!(b.next(), lines[4].event());
    assert_eq!(a.next(), lines[5].event());
    let dropped = ask(&office, "dropCall", &format!("{}<otherNumber>1102</otherNumber>", device("1101")));
    assert_eq!(dropped, STANDARD);
    let over = a.next();
    assert!(over.contains("<cleared/>") && !over.contains("<cause>"), "{over}");
    let left = b.next();
    assert!(left.contains("<cleared/>") && left.contains("<cause><droppedByOtherParty/></cause>"), "{left}");
    first.finish();
    second.finish();
    office.wait_idle();
    assert_eq!(make_call(&office, "1103", "1101"), error("pbxReject"), "nobody is registered there");
    conformance::proves("TEL-ERR-02");
}
