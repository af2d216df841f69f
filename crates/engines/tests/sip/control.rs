//! Calls that an application orders: the first leg is made ready, then the second is rung, and their codecs are made to fit.

use crate::reading::{audio, text};
use crate::world::{World, digits};
use sip::dialog::Event;
use sip::message::{HeaderName, Headers};
use switching::command::{DestinationCheck, DeviceName, LegOptions, MakeCall, Verb, Which};
use switching::model::{ConnectionState, FailTone, Prompt};

fn make(world: &mut World, prompt: Prompt) {
    let make = MakeCall {
        from: DeviceName::Sip("1001".into()),
        to: digits("1002"),
        prompt,
        first: LegOptions::default(),
        second: LegOptions::default(),
        as_number: None,
        fail_tone: FailTone::Reject,
        talk_limit_ms: None,
        vars: Default::default(),
        custom: Default::default(),
        correlator: None,
        check: DestinationCheck::Early,
    };
    for phone in &mut world.phones {
        phone.manners.answer_after = Some(500);
        phone.manners.ring_after = Some(100);
    }
    world.command(Verb::MakeCall(Box::new(make)));
    world.settle();
}

fn numbers(message: &sip::message::Message) -> Vec<u8> {
    audio(message).codecs.iter().map(|codec| codec.payload_type).collect()
}

fn ends(mut world: World) {
    let (now, usage) = (world.now, world.phones[0].inc.expect("rang"));
    world.phones[0].sip.bye(now, usage, Headers::none()).expect("confirmed");
    world.run(200);
    assert!(world.phones[1].has(|event| matches!(event, Event::Bye { .. })));
    world.assert_at_rest();
}

#[test]
fn the_right_phone_rings_first() {
    for (prompt, answers) in [(Prompt::Ring, false), (Prompt::OffHook, true), (Prompt::AutoAnswer, true)] {
        let mut world = World::with(&["1001", "1002"]);
        make(&mut world, prompt);
        world.run(300);
        assert!(world.between("1002").is_empty(), "the second phone waits");
        let first = text(world.last("1001", "< INVITE"));
        for line in [
            "answer-after=0",
            "info=alert-autoanswer;delay=0",
            "info=Ring Answer",
            "Answer-Mode: Auto",
            "P-Auto-Answer: normal",
        ] {
            assert_eq!(first.contains(line), answers, "{line} with {prompt:?}");
        }
        assert!(first.contains("To: <sip:1001@exchange.test>\r\n"), "the phone that is rung: {first}");
        assert!(numbers(world.last("1001", "< INVITE")).len() > 4, "what the relay can pass");
        world.run(2_000);
        let second = world.last("1002", "< INVITE").clone();
        assert!(!text(&second).contains("Answer-Mode"));
        assert_eq!(numbers(&second), numbers(world.last("1001", "> 200 INVITE")), "what the first answered");
        assert!(text(&second).contains("<sip:1001@exchange.test>"));
        assert_eq!(world.times("1001", "< INVITE").len(), 1, "no second offer where all fits");
        ends(world);
    }
    conformance::proves_partly("SIP-21", "a narrower answer is tested beside this");
}

#[test]
fn a_second_phone_that_takes_less() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].codecs.retain(|codec| codec.payload_type == 8 || codec.payload_type == 101);
    make(&mut world, Prompt::OffHook);
    world.run(3_000);
    assert_eq!(numbers(world.last("1001", "> 200 INVITE")).len(), 2, "{}", world.ladder());
    assert_eq!(world.times("1001", "< INVITE").len(), 2);
    assert_eq!(numbers(world.last("1001", "< INVITE")), [8, 101]);
    assert_eq!(world.times("1002", "< INVITE").len(), 1);
    ends(world);
    conformance::proves_partly("SIP-21", "telephone-event numbers are tested beside this");
}

/// The phones name key presses by different numbers: the relay rewrites them.
#[test]
fn key_presses_are_renumbered() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[0].manners = Default::default();
    make(&mut world, Prompt::OffHook);
    world.phones[1].manners.answer_after = None;
    world.run(1_500);
    // The second phone answers with its own number.
    let (now, phone) = (world.now, &mut world.phones[1]);
    let usage = phone.inc.expect("rings");
    let body = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 0 96\r\n\
         a=rtpmap:96 telephone-event/8000\r\n",
        ip = phone.media.ip(),
        port = phone.media.port()
    );
    phone.sip.accept(now, usage, Headers::none(), Some(sip::message::Body::sdp(body))).expect("early");
    world.run(500);
    let source = world.phones[0].media;
    let leg =
        world.engine.media_stats().into_iter().find(|(_, stats)| stats.rtp_remote == Some(source)).expect("a leg").0;
    let port = world.engine.media_port(leg).expect("a port");
    let mut press = vec![0x80, 101, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 5, 0x8a, 0, 160];
    assert!(world.relay.deliver(port, media::Component::Rtp, source, &mut press).is_some());
    assert_eq!(press[1] & 0x7f, 96, "the number that the second phone wants");
    // A change that passes end to end makes them speak with each other's numbers.
    let (now, usage) = (world.now, world.phones[0].inc.expect("rang"));
    let body = Some(world.phones[0].offer(sip::sdp::Direction::SendRecv));
    let method = sip::dialog::OfferMethod::ReInvite;
    world.phones[0]
        .sip
        .offer(now, usage, sip::dialog::Offer { method, headers: Headers::none(), body })
        .expect("confirmed");
    world.run(500);
    let mut press = vec![0x80, 101, 0, 2, 0, 0, 0, 2, 0, 0, 0, 9, 5, 0x8a, 0, 160];
    assert!(world.relay.deliver(port, media::Component::Rtp, source, &mut press).is_some());
    assert_eq!(press[1] & 0x7f, 101);
    ends(world);
    conformance::proves_partly("SIP-21", "the other half is over the wire");
}

#[test]
fn phones_with_nothing_in_common() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[0].codecs.retain(|codec| codec.payload_type != 0);
    make(&mut world, Prompt::OffHook);
    world.phones[1].manners.answer_after = None;
    world.run(1_500);
    let (now, phone) = (world.now, &mut world.phones[1]);
    let usage = phone.inc.expect("rings");
    let body = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n",
        ip = phone.media.ip(),
        port = phone.media.port()
    );
    phone.sip.accept(now, usage, Headers::none(), Some(sip::message::Body::sdp(body))).expect("early");
    world.run(500);
    for phone in &world.phones {
        assert!(phone.has(|event| matches!(event, Event::Bye { .. })), "{}", world.ladder());
    }
    world.assert_at_rest();
}

#[test]
fn a_ringing_phone_is_told_to_answer() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners.ring_after = Some(100);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(500);
    let states = vec![ConnectionState::Alerting];
    let which = Which::OfDevice { device: DeviceName::Sip("1002".into()), states, other_party: None };
    let request = world.command(Verb::AnswerCall { which });
    world.run(500);
    assert_eq!(world.last("1002", "< NOTIFY").value(HeaderName::Event), Some(&b"talk"[..]));
    assert!(world.phones[0].has(|event| matches!(event, Event::Answered { .. })), "{}", world.ladder());
    assert!(world.replies.iter().any(|reply| reply.request == request && reply.outcome.is_ok()), "{:?}", world.replies);
}

/// The first phone puts itself on hold while the second still rings: we answer alone, and the call is joined later.
#[test]
fn a_change_while_the_second_phone_rings() {
    let mut world = World::with(&["1001", "1002"]);
    make(&mut world, Prompt::OffHook);
    world.phones[1].manners.answer_after = None;
    world.run(1_500);
    let (now, usage) = (world.now, world.phones[0].inc.expect("rang"));
    let body = Some(world.phones[0].offer(sip::sdp::Direction::SendOnly));
    let method = sip::dialog::OfferMethod::ReInvite;
    world.phones[0]
        .sip
        .offer(now, usage, sip::dialog::Offer { method, headers: Headers::none(), body })
        .expect("confirmed");
    world.run(200);
    assert_eq!(audio(world.last("1001", "< 200 INVITE")).direction, sip::sdp::Direction::RecvOnly);
    let (now, usage) = (world.now, world.phones[1].inc.expect("rings"));
    world.phones[1].does(now, crate::phone::Deed::Answer(usage));
    world.run(500);
    ends(world);
}
