//! re-INVITE and UPDATE: the plain case, glare, offers that come too early.

use crate::wire::{Lone, Pair, none, order, sdp};
use sip::dialog::{Event, Offer, OfferMethod, Refused};
use sip::message::{HeaderName, Method};
use sip::transaction::Response;

fn reinvite() -> Offer {
    Offer { method: OfferMethod::ReInvite, headers: none(), body: sdp() }
}

fn update() -> Offer {
    Offer { method: OfferMethod::Update, headers: none(), body: sdp() }
}

#[test]
fn a_reinvite_passes_in_both_directions() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.a.sip.offer(0, a, reinvite()).expect("confirmed");
    assert_eq!(pair.a.sip.offer(0, a, reinvite()), Err(Refused::OfferPending));
    pair.carry();
    assert!(matches!(&pair.b.take()[..], [Event::ReInvite { sdp: Some(_), .. }]));
    pair.b.sip.accept_offer(0, b, none(), sdp().as_ref()).expect("pending");
    pair.carry();
    assert!(matches!(&pair.a.take()[..], [Event::OfferAnswered { sdp: Some(_), .. }]));
    assert!(matches!(&pair.b.take()[..], [Event::Acked { .. }]));
    pair.b.sip.offer(0, b, reinvite()).expect("confirmed");
    pair.carry();
    pair.a.sip.reject_offer(0, a, &Response::new(488)).expect("pending");
    pair.carry();
    assert!(matches!(pair.b.take()[..], [Event::OfferRefused { code: 488, .. }]));
    assert_eq!(pair.a.sip.usage_count() + pair.b.sip.usage_count(), 2, "the session lives on");
    pair.a.sip.bye(1, a, none()).expect("confirmed");
    pair.assert_empty();
}

#[test]
fn crossing_reinvites_get_491_and_are_tried_again_in_their_time() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.a.sip.offer(0, a, reinvite()).expect("confirmed");
    pair.b.sip.offer(0, b, reinvite()).expect("confirmed");
    pair.carry();
    assert_eq!(pair.times("491 INVITE").len(), 2);
    for until in (100..=5_000).step_by(100) {
        pair.run(until);
        let answers = |events: &[Event]| events.iter().any(|event| matches!(event, Event::ReInvite { .. }));
        if answers(&pair.a.take()) {
            pair.a.sip.accept_offer(until, a, none(), sdp().as_ref()).expect("pending");
        }
        if answers(&pair.b.take()) {
            pair.b.sip.accept_offer(until, b, none(), sdp().as_ref()).expect("pending");
        }
    }
    pair.run(6_000);
    let times = |from_a: bool| -> Vec<u64> {
        pair.log
            .iter()
            .filter(|(_, by, m)| *by == from_a && m.method() == Method::Invite && m.is_request())
            .map(|(at, _, _)| *at)
            .collect()
    };
    // The owner of the Call-ID waits 2.1 to 4 s, the other side up to 2 s; both get through.
    assert!((2_100..=4_000).contains(&times(true)[1]), "{:?}", times(true));
    assert!((0..=2_000).contains(&times(false)[1]), "{:?}", times(false));
    assert_eq!(pair.times("200 INVITE").len(), 2);
}

#[test]
fn a_second_reinvite_is_sent_back_and_cseq_rules_hold() {
    let mut lone = Lone::new();
    let usage = lone.sip.invite(0, order("call", sdp())).expect("room");
    lone.receive(&Lone::answer(200, "b1", ""));
    lone.receive(&Lone::request(Method::Invite, 10, ""));
    lone.sent.clear();
    lone.receive(&Lone::request(Method::Invite, 11, ""));
    let refusal = &lone.sent[0];
    assert_eq!(refusal.code(), 500);
    assert!(refusal.number(HeaderName::RetryAfter).expect("Retry-After") <= 10);
    lone.sip.accept_offer(0, usage, none(), sdp().as_ref()).expect("pending");
    lone.poll();
    lone.receive(&Lone::request(Method::Ack, 10, ""));
    lone.take_sent();
    lone.take();
    lone.receive(&Lone::request(Method::Info, 9, ""));
    assert_eq!(lone.take_sent(), ["500 INFO"], "a lower CSeq");
    lone.receive(&Lone::request(Method::Info, 900, ""));
    assert_eq!(lone.take_sent(), ["200 INFO"], "a jump");
}

#[test]
fn a_failed_glare_is_given_up_after_its_tries() {
    let mut lone = Lone::new();
    let usage = lone.sip.invite(0, order("call", sdp())).expect("room");
    lone.receive(&Lone::answer(200, "b1", ""));
    lone.take();
    lone.sip.offer(0, usage, update()).expect("confirmed");
    for now in 0..60 {
        lone.run(now * 1_000);
        let updates: Vec<_> =
            std::mem::take(&mut lone.sent).into_iter().filter(|m| m.method() == Method::Update).collect();
        if let Some(update) = updates.last() {
            let via = String::from_utf8_lossy(update.value(HeaderName::Via).expect("via")).into_owned();
            let cseq = update.cseq().expect("cseq").number;
            lone.receive(&format!(
                "SIP/2.0 491 Request Pending\r\nVia: {via}\r\nFrom: <sip:100@192.0.2.1>;tag=atag\r\nTo: <sip:200@192.0.2.2>;tag=b1\r\n\
                 Call-ID: call\r\nCSeq: {cseq} UPDATE\r\nContent-Length: 0\r\n\r\n"
            ));
        }
    }
    assert!(matches!(lone.take()[..], [Event::OfferRefused { code: 491, .. }]));
}

#[test]
fn an_update_needs_an_answered_offer_in_an_early_dialog() {
    let mut pair = Pair::new();
    let a = pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.b.sip.provisional(0, b, 180, none(), None, false).expect("early");
    pair.carry();
    pair.a.sip.offer(0, a, update()).expect("early dialog");
    pair.carry();
    assert!(matches!(pair.a.take()[1..], [Event::OfferRefused { code: 500, .. }]));
    pair.b.sip.provisional(0, b, 183, none(), sdp(), true).expect("early");
    pair.carry();
    pair.a.take();
    pair.b.take();
    pair.a.sip.offer(0, a, update()).expect("early dialog");
    pair.carry();
    assert!(matches!(&pair.b.take()[..], [Event::Update { sdp: Some(_), .. }]));
    pair.b.sip.accept_offer(0, b, none(), sdp().as_ref()).expect("pending");
    pair.carry();
    assert!(matches!(&pair.a.take()[..], [Event::OfferAnswered { sdp: Some(_), .. }]));
    pair.b.sip.offer(0, b, update()).expect("early dialog");
    pair.carry();
    pair.a.sip.accept_offer(0, a, none(), sdp().as_ref()).expect("pending");
    pair.carry();
    assert!(matches!(&pair.b.take()[..], [Event::OfferAnswered { .. }]));
    pair.b.sip.accept(0, b, none(), None).expect("early");
    pair.carry();
    assert!(matches!(&pair.a.take()[..], [Event::Update { .. }, Event::Answered { .. }]));
}

#[test]
fn a_bye_ends_a_pending_reinvite_with_487() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.a.sip.offer(0, a, reinvite()).expect("confirmed");
    pair.carry();
    pair.a.sip.bye(0, a, none()).expect("confirmed");
    pair.carry();
    assert_eq!(pair.times("487 INVITE").len(), 1);
    assert_eq!(pair.b.sip.accept_offer(0, b, none(), None), Err(Refused::Unknown));
    pair.assert_empty();
}

#[test]
fn a_reinvite_moves_the_remote_target() {
    let mut lone = Lone::new();
    let usage = lone.sip.invite(0, order("call", sdp())).expect("room");
    lone.receive(&Lone::answer(200, "b1", ""));
    lone.receive(
        &Lone::request(Method::Invite, 10, "")
            .replace("Contact: <sip:200@192.0.2.2:5060>", "Contact: <sip:new@192.0.2.2:5099>"),
    );
    lone.sip.accept_offer(0, usage, none(), sdp().as_ref()).expect("pending");
    lone.receive(&Lone::request(Method::Ack, 10, ""));
    lone.sent.clear();
    lone.sip.bye(0, usage, none()).expect("confirmed");
    lone.poll();
    assert_eq!(lone.sent[0].request_uri_raw(), b"sip:new@192.0.2.2:5099");
}
