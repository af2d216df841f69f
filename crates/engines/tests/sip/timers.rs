//! Session timers on both legs and in both roles.

use crate::phone::Dialling;
use crate::world::{World, timers};
use sip::dialog::Event;
use sip::message::Headers;
use sip::transaction::Response;

fn header(world: &World, user: &str, short: &str, name: &str) -> String {
    String::from_utf8_lossy(world.last(user, short).value_of(name).unwrap_or_default()).into_owned()
}

#[test]
fn the_caller_wants_a_timer_and_refreshes() {
    let mut world = World::configured(timers(600, 120), &["1001", "1002"]);
    world.phones[0].wants = Headers::none().with("Session-Expires", "90").with("Supported", "timer");
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(200);
    assert_eq!(world.phones[0].failed(), Some(422));
    assert_eq!(header(&world, "1001", "< 422 INVITE", "Min-SE"), "120");
    world.phones[0].wants = Headers::none().with("Session-Expires", "120;refresher=uac").with("Supported", "timer");
    world.phones[1].answer_headers = Headers::none().with("Session-Expires", "600;refresher=uas");
    world.call(0, 1);
    assert_eq!(header(&world, "1001", "< 200 INVITE", "Session-Expires"), "120;refresher=uac");
    assert_eq!(header(&world, "1001", "< 200 INVITE", "Require"), "timer");
    // Nobody refreshes: a third of 120 s is more than 32 s, so 88 s after the answer both get a BYE.
    world.run(80_000);
    assert!(!world.phones[0].has(|event| matches!(event, Event::Bye { .. })));
    world.run(10_000);
    for phone in &world.phones {
        assert!(phone.has(|event| matches!(event, Event::Bye { .. })), "{}", phone.user);
    }
    world.assert_at_rest();
    conformance::proves_partly("SIP-08", "our own refreshes are tested beside this");
}

#[test]
fn we_refresh_with_the_present_description() {
    let mut world = World::configured(timers(600, 90), &["1001", "1002"]);
    world.phones[0].wants = Headers::none().with("Session-Expires", "200;refresher=uas").with("Supported", "timer");
    world.phones[1].answer_headers =
        Headers::none().with("Session-Expires", "200;refresher=uac").with("Require", "timer");
    world.phones[0].answer_headers = Headers::none().with("Session-Expires", "200;refresher=uac");
    let (a, _) = world.call(0, 1);
    assert_eq!(header(&world, "1002", "< INVITE", "Session-Expires"), "600");
    let (said_a, said_b) = (world.last("1001", "< 200 INVITE").sdp(), world.last("1002", "< INVITE").sdp());
    world.log.clear();
    world.run(350_000);
    for (user, said) in [("1001", said_a), ("1002", said_b)] {
        assert_eq!(world.times(user, "< INVITE").len(), 3, "every 100 s at {user}\n{}", world.ladder());
        assert_eq!(header(&world, user, "< INVITE", "Session-Expires"), "200;refresher=uac");
        assert_eq!(world.last(user, "< INVITE").sdp(), said, "the same description");
    }
    let now = world.now;
    world.phones[0].sip.bye(now, a, Headers::none()).expect("the call lives");
    world.run(100);
    world.assert_at_rest();
    conformance::proves_partly("SIP-08", "422 and the other role are tested beside this");
}

/// The called phone finds our interval too short: it is asked again, and the call goes on as if nothing had been.
#[test]
fn a_called_phone_that_wants_longer() {
    let mut world = World::configured(timers(200, 90), &["1001", "1002"]);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(100);
    let (now, usage) = (world.now, world.phones[1].inc.expect("rang"));
    let small = Response::new(422).with_headers(Headers::none().with("Min-SE", "400"));
    world.phones[1].sip.reject(now, usage, &small).expect("early");
    world.run(100);
    assert_eq!(header(&world, "1002", "< INVITE", "Session-Expires"), "400");
    assert_eq!(header(&world, "1002", "< INVITE", "Min-SE"), "400", "RFC 4028 7.3");
    let (now, usage) = (world.now, world.phones[1].inc.expect("rang again"));
    world.phones[1].does(now, crate::phone::Deed::Answer(usage));
    world.run(100);
    let (now, usage) = (world.now, world.phones[0].out.expect("dialled"));
    world.phones[0].sip.bye(now, usage, Headers::none()).expect("confirmed");
    world.run(100);
    world.assert_at_rest();
    conformance::proves_partly("SIP-08", "the other half is over the wire");
}

/// A refresh that is refused is tried again after a while, not at once.
#[test]
fn a_refused_refresh_is_tried_again_later() {
    let mut world = World::configured(timers(600, 90), &["1001", "1002"]);
    world.phones[1].answer_headers =
        Headers::none().with("Session-Expires", "200;refresher=uac").with("Require", "timer");
    world.phones[0].wants = Headers::none().with("Supported", "timer").with("Session-Expires", "600;refresher=uac");
    let (_, b) = world.call(0, 1);
    world.phones[1].manners.leaves_offers = true;
    world.log.clear();
    for _ in 0..60 {
        world.run(2_000);
        let now = world.now;
        let _ = world.phones[1].sip.reject_offer(now, b, &Response::new(500));
    }
    let times = world.times("1002", "< INVITE");
    assert!((1..=4).contains(&times.len()), "{times:?}");
    world.run(120_000);
    assert!(world.phones[1].has(|event| matches!(event, Event::Bye { .. })), "then the session ends");
    world.assert_at_rest();
}

#[test]
fn a_passed_change_keeps_the_timer_of_the_other_leg() {
    let mut world = World::configured(timers(600, 90), &["1001", "1002"]);
    world.phones[1].answer_headers =
        Headers::none().with("Session-Expires", "200;refresher=uac").with("Require", "timer");
    let now = world.now;
    world.phones[1].manners.answer_after = Some(100);
    world.phones[0].dial_with(now, Dialling { to: "1002".into(), headers: Headers::none(), offers: true, tries: 0 });
    world.run(1_000);
    let (now, usage) = (world.now, world.phones[0].out.expect("dialled"));
    let body = Some(world.phones[0].offer(sip::sdp::Direction::SendOnly));
    let method = sip::dialog::OfferMethod::ReInvite;
    world.phones[0]
        .sip
        .offer(now, usage, sip::dialog::Offer { method, headers: Headers::none(), body })
        .expect("confirmed");
    world.run(1_000);
    assert_eq!(header(&world, "1002", "< INVITE", "Session-Expires"), "200;refresher=uac");
    world.log.clear();
    world.run(110_000);
    assert_eq!(world.times("1002", "< INVITE").len(), 1, "it is still refreshed: {}", world.ladder());
}
