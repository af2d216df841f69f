//! Reliable provisional responses (RFC 3262) on both sides.

use crate::wire::{Lone, Pair, none, order, sdp};
use sip::dialog::Event;
use sip::message::{HeaderName, Method};

#[test]
fn reliable_responses_are_acknowledged_in_order_before_the_answer() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 183, none(), sdp(), true).expect("early");
    pair.b.sip.provisional(0, b, 180, none(), None, true).expect("queued");
    pair.b.sip.accept(0, b, none(), None).expect("waits for the PRACK");
    pair.carry();
    // The queued 180 is overtaken by the answer.
    assert_eq!(pair.sent_by(false), ["100 INVITE", "183 INVITE", "200 PRACK", "200 INVITE"]);
    assert_eq!(pair.sent_by(true), ["INVITE", "PRACK", "ACK"]);
    assert!(pair.last("183 INVITE").lists(HeaderName::Require, "100rel"));
    let events = pair.a.take();
    assert!(matches!(&events[0], Event::Provisional { code: 183, reliable: true, sdp: Some(_), .. }));
    assert!(matches!(&pair.b.take()[1..], [Event::Prack { key: None, .. }, Event::Acked { .. }]));
}

#[test]
fn two_reliable_responses_have_successive_numbers() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 183, none(), sdp(), true).expect("early");
    pair.b.sip.provisional(0, b, 180, none(), None, true).expect("queued");
    pair.carry();
    assert_eq!(pair.sent_by(true), ["INVITE", "PRACK", "PRACK"]);
    let number = |what: &str| pair.last(what).number(HeaderName::RSeq).expect("RSeq");
    assert_eq!(number("183 INVITE") + 1, number("180 INVITE"));
}

#[test]
fn an_unacknowledged_reliable_response_is_repeated_and_then_ends_the_call() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.take();
    pair.lose = Box::new(|_, message| message.method() == Method::Prack);
    pair.b.sip.provisional(0, b, 183, none(), sdp(), true).expect("early");
    pair.run(32_000);
    assert_eq!(pair.times("183 INVITE"), [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    assert_eq!(pair.a.events.iter().filter(|event| matches!(event, Event::Provisional { .. })).count(), 1);
    assert!(matches!(pair.b.take()[..], [Event::NoPrack { .. }]));
    assert!(matches!(pair.a.take().last(), Some(Event::Failed { code: 504, .. })));
    pair.assert_empty();
}

#[test]
fn a_peer_that_requires_100rel_gets_it_and_one_that_does_not_know_it_does_not() {
    let mut pair = Pair::new();
    let mut requires = order("one", sdp());
    requires.headers.push("Require", "100rel");
    pair.a.sip.invite(0, requires).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 180, none(), None, false).expect("early");
    pair.carry();
    assert_eq!(pair.times("PRACK").len(), 1);
    let mut lone = Lone::new();
    let invite =
        Lone::request(Method::Invite, 1, "").replace("To: <sip:100@192.0.2.1>;tag=atag", "To: <sip:100@192.0.2.1>");
    lone.receive(&invite);
    let Some(Event::Invite { usage, .. }) = lone.take().pop() else { panic!("an INVITE came") };
    lone.sip.provisional(0, usage, 183, none(), sdp(), true).expect("early");
    lone.poll();
    assert!(lone.sent[1].value(HeaderName::RSeq).is_none());
}

#[test]
fn an_offer_in_a_reliable_response_is_answered_in_the_prack() {
    let mut pair = Pair::new();
    let a = pair.a.sip.invite(0, order("call", None)).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 183, none(), sdp(), true).expect("early");
    pair.carry();
    assert!(pair.times("PRACK").is_empty());
    pair.a.sip.prack(0, a, sdp().as_ref()).expect("owed");
    pair.carry();
    assert!(matches!(&pair.b.take()[1..], [Event::Prack { sdp: Some(_), key: None, .. }]));
    pair.b.sip.accept(0, b, none(), None).expect("early");
    pair.carry();
    assert_eq!(pair.times("ACK").len(), 1, "the offer is answered, so the ACK needs no body");
}

#[test]
fn a_prack_for_nothing_gets_481() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 180, none(), None, false).expect("early");
    pair.carry();
    let mut lone = Lone::new();
    lone.sip.invite(0, order("call", sdp())).expect("room");
    lone.receive(&Lone::answer(180, "b1", ""));
    lone.sent.clear();
    lone.receive(&Lone::request(Method::Prack, 3, "RAck: 1 1 INVITE\r\n"));
    assert_eq!(lone.take_sent(), ["481 PRACK"]);
}
