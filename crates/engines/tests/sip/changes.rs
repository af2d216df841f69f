//! Changes of a running session: they pass end to end, and a refusal leaves all as it was.

use crate::reading::{audio, rtp};
use crate::world::World;
use sip::dialog::{Event, Offer, OfferMethod, UsageKey};
use sip::message::{HeaderName, Headers};
use sip::sdp::Direction;
use sip::transaction::Response;
use std::net::SocketAddr;

fn offers(world: &mut World, phone: usize, usage: UsageKey, method: OfferMethod, direction: Direction) {
    let now = world.now;
    let body = Some(world.phones[phone].offer(direction));
    world.phones[phone].sip.offer(now, usage, Offer { method, headers: Headers::none(), body }).expect("confirmed");
}

fn ends(mut world: World, usage: UsageKey) {
    let now = world.now;
    world.phones[0].sip.bye(now, usage, Headers::none()).expect("confirmed");
    world.run(200);
    world.assert_at_rest();
}

#[test]
fn hold_and_resume_pass_with_their_answers() {
    for method in [OfferMethod::ReInvite, OfferMethod::Update] {
        let name = if method == OfferMethod::Update { "UPDATE" } else { "INVITE" };
        let mut world = World::with(&["1001", "1002"]);
        let (a, b) = world.call(0, 1);
        let before = rtp(world.last("1001", "< 200 INVITE"));
        offers(&mut world, 0, a, method, Direction::SendOnly);
        world.run(200);
        assert_eq!(audio(world.last("1002", &format!("< {name}"))).direction, Direction::SendOnly);
        let answer = world.last("1001", &format!("< 200 {name}")).clone();
        assert_eq!(audio(&answer).direction, Direction::RecvOnly);
        assert_eq!(rtp(&answer), before, "the ports stay");
        offers(&mut world, 0, a, method, Direction::SendRecv);
        world.run(200);
        assert_eq!(audio(world.last("1001", &format!("< 200 {name}"))).direction, Direction::SendRecv);
        // And from the other side.
        offers(&mut world, 1, b, method, Direction::Inactive);
        world.run(200);
        assert_eq!(audio(world.last("1001", &format!("< {name}"))).direction, Direction::Inactive);
        assert_eq!(audio(world.last("1002", &format!("< 200 {name}"))).direction, Direction::Inactive);
        ends(world, a);
    }
    conformance::proves_partly("SIP-19", "a change of direction is answered here once there is hold");
}

/// A phone moves its sound to another port: only when its peer has accepted does the relay follow.
#[test]
fn a_refused_change_leaves_the_session_as_it_was() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, _) = world.call(0, 1);
    let port = world.phones[0].media;
    let remotes = |world: &World| -> Vec<Option<SocketAddr>> {
        let mut found: Vec<_> = world.engine.media_stats().into_iter().map(|(_, stats)| stats.rtp_remote).collect();
        found.sort();
        found
    };
    let before = remotes(&world);
    assert!(before.contains(&Some(port)), "{before:?}");
    world.phones[1].manners.leaves_offers = true;
    world.phones[0].media = SocketAddr::new(port.ip(), 5_000);
    offers(&mut world, 0, a, OfferMethod::ReInvite, Direction::SendRecv);
    world.run(200);
    assert_eq!(remotes(&world), before, "not yet accepted");
    let (now, b) = (world.now, world.phones[1].inc.expect("rang"));
    world.phones[1].sip.reject_offer(now, b, &Response::new(488)).expect("offered");
    world.run(200);
    assert_eq!(world.last("1001", "< 488 INVITE").code(), 488);
    assert_eq!(remotes(&world), before);
    world.phones[1].manners.leaves_offers = false;
    offers(&mut world, 0, a, OfferMethod::ReInvite, Direction::SendRecv);
    world.run(200);
    assert!(remotes(&world).contains(&Some(world.phones[0].media)));
    ends(world, a);
}

#[test]
fn changes_that_cross() {
    let mut world = World::with(&["1001", "1002"]);
    world.weather(crate::net::Weather { delay_ms: 20, ..Default::default() });
    let (a, b) = world.call(0, 1);
    offers(&mut world, 0, a, OfferMethod::ReInvite, Direction::SendOnly);
    offers(&mut world, 1, b, OfferMethod::ReInvite, Direction::SendRecv);
    world.run(20_000);
    let refused = world.times("1001", "< 491 INVITE").len() + world.times("1002", "< 491 INVITE").len();
    assert!(refused > 0, "{}", world.ladder());
    for phone in &world.phones {
        assert!(phone.has(|event| matches!(event, Event::OfferAnswered { .. })), "{}: {}", phone.user, world.ladder());
    }
    // A second one while the first is open.
    world.phones[1].manners.leaves_offers = true;
    offers(&mut world, 0, a, OfferMethod::ReInvite, Direction::SendRecv);
    world.run(100);
    let open = world.last("1001", "> INVITE").clone();
    let second = String::from_utf8_lossy(open.as_bytes()).into_owned();
    let cseq = open.cseq().expect("cseq").number;
    let second = second
        .replace(&format!("CSeq: {cseq} "), &format!("CSeq: {} ", cseq + 7))
        .replace("branch=z9hG4bK", "branch=z9hG4bKx");
    let flow = sip::transport::Flow {
        local: world.phones[0].exchange,
        remote: world.phones[0].local,
        ..world.phones[0].flow()
    };
    world.engine.handle_message(switching::time::Time(world.now), &flow, second.as_bytes());
    world.pump();
    assert!(world.last("1001", "< 500 INVITE").value_of("Retry-After").is_some());
    let now = world.now;
    let body = world.phones[1].offer(Direction::SendRecv);
    world.phones[1].sip.accept_offer(now, b, Headers::none(), Some(&body)).expect("offered");
    world.run(200);
    ends(world, a);
    conformance::proves_partly("SIP-05", "CSeq numbers out of order are the dialog's tests");
}

/// The phone asks for our offer: its peer is asked, and the answer in the ACK goes there.
#[test]
fn a_change_without_an_offer() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, _) = world.call(0, 1);
    let now = world.now;
    let offer = Offer { method: OfferMethod::ReInvite, headers: Headers::none(), body: None };
    world.phones[0].sip.offer(now, a, offer).expect("confirmed");
    world.run(100);
    assert!(world.last("1002", "< INVITE").sdp().is_none());
    let offered = world.last("1001", "< 200 INVITE").clone();
    assert_eq!(audio(&offered).codecs.len(), world.phones[1].codecs.len());
    let (now, phone) = (world.now, &mut world.phones[0]);
    let body = phone.reply(offered.sdp().as_deref());
    phone.sip.ack(now, a, Some(&body)).expect("an answer");
    world.run(100);
    assert!(world.last("1002", "< ACK").sdp().is_some());
    assert_eq!(world.times("1002", "> 200 INVITE").len(), 2, "{}", world.ladder());
    ends(world, a);
}

/// The phone takes its change back while its peer has not answered yet; then the peer accepts.
#[test]
fn a_change_that_is_taken_back() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, b) = world.call(0, 1);
    world.phones[1].manners.leaves_offers = true;
    offers(&mut world, 0, a, OfferMethod::ReInvite, Direction::SendOnly);
    world.run(100);
    let open = world.last("1001", "> INVITE").clone();
    let cancel = String::from_utf8_lossy(open.as_bytes()).into_owned();
    let cancel = cancel.split("\r\nContact:").next().expect("a head").replace("INVITE", "CANCEL")
        + "\r\nContent-Length: 0\r\n\r\n";
    let flow = sip::transport::Flow {
        local: world.phones[0].exchange,
        remote: world.phones[0].local,
        ..world.phones[0].flow()
    };
    world.engine.handle_message(switching::time::Time(world.now), &flow, cancel.as_bytes());
    world.run(100);
    assert_eq!(world.last("1001", "< 487 INVITE").code(), 487);
    world.phones[1].manners.leaves_offers = false;
    let now = world.now;
    let body = world.phones[1].offer(Direction::RecvOnly);
    world.phones[1].sip.accept_offer(now, b, Headers::none(), Some(&body)).expect("offered");
    world.run(5_000);
    let undone = world.last("1002", "< INVITE").clone();
    assert_eq!(audio(&undone).direction, Direction::SendRecv, "the old session again");
    assert!(undone.value(HeaderName::Contact).is_some());
    ends(world, a);
}

/// An UPDATE without an offer only asks whether we are there.
#[test]
fn an_update_without_an_offer_stays_here() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, _) = world.call(0, 1);
    let now = world.now;
    let offer = Offer { method: OfferMethod::Update, headers: Headers::none(), body: None };
    world.phones[0].sip.offer(now, a, offer).expect("confirmed");
    world.run(100);
    assert!(world.last("1001", "< 200 UPDATE").sdp().is_none());
    assert!(!world.between("1002").contains(&"< UPDATE".to_owned()));
    ends(world, a);
}

/// The peer of a change hangs up before it has answered: the call is over for both.
#[test]
fn a_phone_that_hangs_up_instead_of_answering_a_change() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, b) = world.call(0, 1);
    world.phones[1].manners.leaves_offers = true;
    offers(&mut world, 0, a, OfferMethod::ReInvite, Direction::SendOnly);
    world.run(100);
    let now = world.now;
    world.phones[1].sip.bye(now, b, Headers::none()).expect("confirmed");
    world.run(1_000);
    assert!(world.phones[0].has(|event| matches!(event, Event::Bye { .. })), "{}", world.ladder());
    world.assert_at_rest();
}
