//! Before the answer: early sound, reliable provisional responses, UPDATE, and calls without an offer.

use crate::phone::Dialling;
use crate::reading::{audio, rtp};
use crate::world::World;
use sip::dialog::{Event, Offer, OfferMethod};
use sip::message::{HeaderName, Headers, Method};
use sip::sdp::Direction;

fn dials(world: &mut World, offers: bool, wants: Headers) {
    let now = world.now;
    world.phones[0].dial_with(now, Dialling { to: "1002".into(), headers: wants, offers, tries: 0 });
    world.run(200);
}

/// The called phone sends early sound.
fn sounds(world: &mut World, reliable: bool) {
    let (now, phone) = (world.now, &mut world.phones[1]);
    let usage = phone.inc.expect("rang");
    let offered = phone.events.iter().find_map(|event| match event {
        Event::Invite { sdp, .. } => sdp.clone(),
        _ => None,
    });
    let body = phone.reply(offered.as_deref());
    phone.sip.provisional(now, usage, 183, Headers::none(), Some(body), reliable).expect("early");
    world.run(200);
}

fn answers(world: &mut World) {
    let (now, usage) = (world.now, world.phones[1].inc.expect("rang"));
    world.phones[1].does(now, crate::phone::Deed::Answer(usage));
    world.run(200);
    assert!(world.phones[0].has(|event| matches!(event, Event::Answered { .. })), "{}", world.ladder());
}

fn ends(mut world: World) {
    let (now, usage) = (world.now, world.phones[0].out.expect("dialled"));
    world.phones[0].sip.bye(now, usage, Headers::none()).expect("confirmed");
    world.run(200);
    world.assert_at_rest();
}

#[test]
fn early_sound_before_and_after_ringing() {
    for rings_first in [false, true] {
        let mut world = World::with(&["1001", "1002"]);
        dials(&mut world, true, Headers::none());
        if rings_first {
            let (now, usage) = (world.now, world.phones[1].inc.expect("rang"));
            world.phones[1].does(now, crate::phone::Deed::Ring(usage));
            world.run(200);
            assert_eq!(world.times("1001", "< 183 INVITE").len(), 0);
        }
        sounds(&mut world, false);
        let early = world.last("1001", "< 183 INVITE").clone();
        let port = rtp(&early);
        // A repeated 183 is no news.
        sounds(&mut world, false);
        assert_eq!(world.times("1001", "< 180 INVITE").len(), usize::from(rings_first));
        answers(&mut world);
        assert_eq!(rtp(world.last("1001", "< 200 INVITE")), port);
        ends(world);
    }
}

#[test]
fn reliable_early_sound_on_both_sides() {
    let mut world = World::with(&["1001", "1002"]);
    dials(&mut world, true, Headers::none());
    sounds(&mut world, true);
    // Our stack says 100rel on both legs: PRACK each.
    assert!(world.between("1002").contains(&"< PRACK".to_owned()), "{}", world.ladder());
    assert!(world.between("1001").contains(&"> PRACK".to_owned()), "{}", world.ladder());
    assert!(world.last("1001", "< 183 INVITE").lists(HeaderName::Require, "100rel"));
    assert_eq!(world.last("1001", "< 200 PRACK").code(), 200);
    answers(&mut world);
    assert_eq!(world.checkpoints.len(), 2);
    ends(world);
    conformance::proves_partly("SIP-07", "UPDATE is tested beside this");
}

#[test]
fn a_caller_that_demands_reliable_responses() {
    let mut world = World::with(&["1001", "1002"]);
    dials(&mut world, true, Headers::none().with("Require", "100rel"));
    let (now, usage) = (world.now, world.phones[1].inc.expect("rang"));
    world.phones[1].does(now, crate::phone::Deed::Ring(usage));
    world.run(200);
    assert!(world.last("1001", "< 180 INVITE").lists(HeaderName::Require, "100rel"));
    assert!(world.between("1001").contains(&"> PRACK".to_owned()));
    answers(&mut world);
    ends(world);
}

#[test]
fn update_before_the_answer() {
    let mut world = World::with(&["1001", "1002"]);
    dials(&mut world, true, Headers::none());
    sounds(&mut world, true);
    // The caller puts the early session on hold; so does the called one.
    for (phone, user) in [(0, "1001"), (1, "1002")] {
        let now = world.now;
        let it = &mut world.phones[phone];
        let usage = if phone == 0 { it.out } else { it.inc }.expect("a call");
        let body = Some(it.offer(Direction::SendOnly));
        let offer = Offer { method: OfferMethod::Update, headers: Headers::none(), body };
        it.sip.offer(now, usage, offer).expect("an early dialog");
        world.run(200);
        assert_eq!(audio(world.last(user, "< 200 UPDATE")).direction, Direction::RecvOnly);
    }
    answers(&mut world);
    ends(world);
    conformance::proves_partly("SIP-07", "the other half is over the wire");
}

#[test]
fn a_call_without_an_offer() {
    for reliable in [None, Some(false), Some(true)] {
        let mut world = World::with(&["1001", "1002"]);
        // The caller's phone answers in its PRACK or ACK.
        dials(&mut world, false, Headers::none());
        if let Some(reliable) = reliable {
            sounds(&mut world, reliable);
            prack_or_ack(&mut world, true);
        }
        answers(&mut world);
        let said = world.last("1001", "< 200 INVITE").sdp().is_some();
        assert_eq!(said, reliable.is_none(), "a second description would be a second offer");
        if said {
            prack_or_ack(&mut world, false);
        }
        let offered = world.last("1002", "< INVITE").clone();
        assert!(audio(&offered).codecs.len() > 3, "the relay offers what it can pass");
        assert_eq!(world.relay.ports_in_use(), 2);
        assert_eq!(world.checkpoints.len(), 2);
        assert!(world.between("1001").contains(&"> ACK".to_owned()));
        ends(world);
    }
}

/// The caller's phone answers the exchange's offer.
fn prack_or_ack(world: &mut World, early: bool) {
    let (now, phone) = (world.now, &mut world.phones[0]);
    let usage = phone.out.expect("dialled");
    let sdp = phone.events.iter().rev().find_map(|event| match event {
        Event::Answered { sdp, .. } if !early => sdp.clone(),
        Event::Provisional { sdp, reliable: true, .. } if early => sdp.clone(),
        _ => None,
    });
    let body = sdp.map(|sdp| phone.reply(Some(&sdp)));
    if early {
        phone.sip.prack(now, usage, body.as_ref()).expect("a reliable offer");
    } else {
        phone.sip.ack(now, usage, body.as_ref()).expect("an answer");
    }
    world.run(200);
}

/// After the caller's phone took less than the called one in its ACK, the called one is offered just that.
#[test]
fn a_late_answer_that_takes_less() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[0].codecs.retain(|codec| codec.payload_type == 8);
    dials(&mut world, false, Headers::none());
    answers(&mut world);
    prack_or_ack(&mut world, false);
    let again = world.log.iter().filter(|line| line.phone == "1002" && line.short() == "< INVITE").count();
    assert_eq!(again, 2, "{}", world.ladder());
    let sound: Vec<u8> = audio(world.last("1002", "< INVITE")).codecs.iter().map(|codec| codec.payload_type).collect();
    assert_eq!(sound, [8]);
    assert_eq!(world.last("1002", "< INVITE").method(), Method::Invite);
    ends(world);
}
