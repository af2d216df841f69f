//! Set up, answer, CANCEL, BYE, and what happens when messages get lost.

use crate::wire::{Pair, none, order, sdp};
use sip::dialog::{Event, Phase, Refused};
use sip::message::{HeaderName, Headers};
use sip::transaction::Response;

#[test]
fn a_call_is_set_up_and_ended() {
    let mut pair = Pair::new();
    let a = pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 180, none(), None, false).expect("early");
    pair.carry();
    pair.b.sip.accept(0, b, none(), sdp()).expect("early");
    pair.carry();
    assert_eq!(pair.sent_by(true), ["INVITE", "ACK"]);
    assert_eq!(pair.sent_by(false), ["100 INVITE", "180 INVITE", "200 INVITE"]);
    let tag = pair.last("180 INVITE").to_tag().to_vec();
    assert_eq!(pair.last("200 INVITE").to_tag(), tag);
    assert_eq!(pair.last("100 INVITE").to_tag(), b"");
    assert!(pair.last("200 INVITE").value(HeaderName::Allow).is_some());
    let events = pair.a.take();
    assert!(matches!(events[0], Event::Provisional { code: 180, fork: Some(0), reliable: false, .. }), "{events:?}");
    assert!(matches!(&events[1], Event::Answered { sdp: Some(_), .. }));
    let events = pair.b.take();
    assert!(matches!(events[1], Event::Acked { sdp: None, .. }), "{events:?}");
    assert_eq!(pair.a.sip.info(a).expect("usage").phase, Phase::Confirmed);
    pair.b.sip.bye(10, b, none().with("Reason", "Q.850;cause=16")).expect("confirmed");
    pair.carry();
    assert!(matches!(&pair.a.take()[..], [Event::Bye { message, .. }] if message.value(HeaderName::Reason).is_some()));
    assert!(matches!(pair.b.take()[..], [Event::Ended { code: 200, .. }]));
    assert_eq!(pair.a.sip.bye(10, a, none()), Err(Refused::Unknown));
    pair.assert_empty();
}

#[test]
fn a_2xx_is_repeated_until_its_ack_and_given_up_after_32_seconds() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.lose = Box::new(|_, message| message.method().as_str() == "ACK");
    pair.b.sip.accept(0, b, none(), sdp()).expect("early");
    pair.run(31_999);
    assert_eq!(pair.times("200 INVITE"), [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(pair.times("ACK").len(), 11, "each repetition is acknowledged again");
    assert_eq!(pair.a.events.iter().filter(|event| matches!(event, Event::Answered { .. })).count(), 1);
    pair.b.events.clear();
    pair.run(33_000);
    assert_eq!(pair.times("BYE"), [32_000]);
    assert!(matches!(pair.b.take()[..], [Event::NoAck { .. }, Event::Ended { code: 200, .. }]));
    pair.assert_empty();
}

#[test]
fn a_lost_ack_is_sent_again_for_the_repeated_2xx() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    let mut acks = 0;
    pair.lose = Box::new(move |_, message| {
        acks += u32::from(message.method().as_str() == "ACK");
        message.method().as_str() == "ACK" && acks == 1
    });
    pair.b.sip.accept(0, b, none(), sdp()).expect("early");
    pair.run(20_000);
    assert_eq!(pair.times("200 INVITE"), [0, 500]);
    assert_eq!(pair.times("ACK"), [0, 500]);
    let acks: Vec<_> =
        pair.log.iter().filter(|(_, _, m)| m.method().as_str() == "ACK").map(|(_, _, m)| m.as_bytes()).collect();
    assert_eq!(acks[0], acks[1]);
    assert!(matches!(pair.b.take()[1..], [Event::Acked { .. }]));
}

#[test]
fn an_unanswered_bye_is_repeated_and_given_up() {
    let mut pair = Pair::new();
    let (a, _) = pair.call();
    pair.lose = Box::new(|_, _| true);
    pair.a.sip.bye(pair.now, a, none()).expect("confirmed");
    pair.run(40_000);
    assert_eq!(pair.times("BYE")[..4], [0, 500, 1_500, 3_500]);
    assert!(matches!(pair.a.take()[..], [Event::Ended { code: 408, .. }]));
    assert_eq!(pair.a.sip.usage_count(), 0);
}

#[test]
fn crossing_byes_are_both_answered() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.a.sip.bye(0, a, none()).expect("confirmed");
    pair.b.sip.bye(0, b, none()).expect("confirmed");
    pair.carry();
    assert_eq!(pair.times("200 BYE").len(), 2);
    assert!(matches!(pair.a.take()[..], [Event::Ended { code: 200, .. }]));
    assert!(matches!(pair.b.take()[..], [Event::Ended { code: 200, .. }]));
    pair.assert_empty();
}

#[test]
fn a_rejection_reaches_the_caller() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    let headers = Headers::none().with("Reason", "Q.850;cause=17");
    pair.b.sip.reject(0, b, &Response::new(486).with_headers(headers)).expect("early");
    pair.carry();
    assert_eq!(pair.sent_by(true), ["INVITE", "ACK"]);
    assert!(matches!(&pair.a.take()[..], [Event::Failed { code: 486, message: Some(message), .. }]
        if message.value(HeaderName::Reason) == Some(b"Q.850;cause=17")));
    pair.assert_empty();
}

#[test]
fn a_cancelled_call_ends_with_487_on_both_sides() {
    let mut pair = Pair::new();
    let a = pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 180, none(), None, false).expect("early");
    pair.carry();
    let ringing = pair.last("180 INVITE").to_tag().to_vec();
    pair.a.take();
    pair.b.take();
    pair.a.sip.end(10, a, 0, none().with("Reason", "SIP;cause=200;text=\"Call completed elsewhere\"")).expect("early");
    pair.carry();
    assert_eq!(pair.sent_by(true), ["INVITE", "CANCEL", "ACK"]);
    assert_eq!(pair.last("487 INVITE").to_tag(), ringing);
    assert_eq!(pair.last("200 CANCEL").to_tag(), ringing);
    assert!(matches!(pair.a.take()[..], [Event::Failed { code: 487, .. }]));
    assert!(
        matches!(&pair.b.take()[..], [Event::Cancelled { message, .. }] if message.value(HeaderName::Reason).is_some())
    );
    pair.assert_empty();
}

#[test]
fn an_answer_that_crosses_the_cancel_gets_ack_then_bye() {
    let mut pair = Pair::new();
    let a = pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 180, none(), None, false).expect("early");
    pair.carry();
    // Both at the same moment: the 200 is on the wire when the CANCEL leaves.
    pair.b.sip.accept(5, b, none(), sdp()).expect("early");
    pair.a.sip.cancel(5, a, none()).expect("early");
    pair.a.take();
    pair.b.take();
    pair.carry();
    let sent = pair.sent_by(true);
    assert_eq!(sent, ["INVITE", "CANCEL", "ACK", "BYE"]);
    assert!(matches!(pair.a.take()[..], [Event::Failed { code: 487, .. }]));
    assert!(matches!(pair.b.take()[..], [Event::Acked { .. }, Event::Bye { .. }]));
    pair.assert_empty();
}

#[test]
fn a_silent_peer_fails_the_invite_with_408() {
    let mut pair = Pair::new();
    pair.lose = Box::new(|_, _| true);
    let a = pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.run(1_000);
    pair.a.sip.cancel(1_000, a, none()).expect("early");
    pair.run(40_000);
    assert_eq!(pair.times("CANCEL").len(), 0, "no CANCEL without a provisional response");
    assert!(matches!(pair.a.take()[..], [Event::Failed { code: 408, message: None, .. }]));
    pair.assert_empty();
}

#[test]
fn the_bye_of_the_called_side_waits_for_the_ack() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    let mut acks = 0;
    pair.lose = Box::new(move |_, message| {
        acks += u32::from(message.method().as_str() == "ACK");
        message.method().as_str() == "ACK" && acks == 1
    });
    pair.b.sip.accept(0, b, none(), sdp()).expect("early");
    pair.carry();
    pair.b.sip.bye(100, b, none()).expect("confirmed");
    pair.carry();
    assert!(pair.times("BYE").is_empty());
    pair.run(1_000);
    assert_eq!((pair.times("ACK").len(), pair.times("BYE")), (2, vec![500]));
    pair.assert_empty();
}

#[test]
fn an_offer_in_the_2xx_is_answered_in_the_ack() {
    let mut pair = Pair::new();
    let a = pair.a.sip.invite(0, order("call", None)).expect("room");
    pair.carry();
    let b = pair.b.invited();
    assert!(matches!(&pair.b.take()[..], [Event::Invite { sdp: None, .. }]));
    pair.b.sip.accept(0, b, none(), sdp()).expect("early");
    pair.run(600);
    assert_eq!(pair.times("ACK").len(), 0);
    assert!(matches!(&pair.a.take()[..], [Event::Answered { sdp: Some(_), .. }]), "reported once");
    pair.a.sip.ack(600, a, sdp().as_ref()).expect("owed");
    pair.carry();
    assert!(matches!(&pair.b.take()[..], [Event::Acked { sdp: Some(_), .. }]));
    assert_eq!(pair.a.sip.ack(600, a, None), Err(Refused::State));
}

#[test]
fn ten_thousand_calls_leave_nothing_behind() {
    let mut pair = Pair::new();
    for n in 0..10_000u64 {
        let now = n * 5;
        pair.run(now);
        let a = pair.a.sip.invite(now, order(&format!("call-{n}"), sdp())).expect("room");
        pair.carry();
        let b = pair.b.invited();
        match n % 4 {
            0 => pair.b.sip.reject(now, b, &Response::new(486)).expect("early"),
            1 => pair.a.sip.cancel(now, a, none()).expect("early"),
            _ => {
                pair.b.sip.accept(now, b, none(), sdp()).expect("early");
                pair.carry();
                let ends = if n % 4 == 2 { (&mut pair.a, a) } else { (&mut pair.b, b) };
                ends.0.sip.bye(now, ends.1, none()).expect("confirmed");
            }
        }
        pair.carry();
        pair.a.events.clear();
        pair.b.events.clear();
        pair.log.clear();
    }
    pair.assert_empty();
}
