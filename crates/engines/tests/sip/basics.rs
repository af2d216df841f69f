//! Two phones call each other: every ordinary way a call goes.

use crate::phone::Dialling;
use crate::reading::{audio, rtp, text};
use crate::world::{EXCHANGE, World};
use sip::dialog::Event;
use sip::message::{HeaderName, Headers};
use switching::cause::Cause;
use switching::command::{Verb, Which};
use switching::engine::{EngineInput, Report, ReportKind};
use switching::event::What;

fn address(text: &str) -> std::net::SocketAddr {
    text.parse().expect("address")
}

#[test]
fn a_call_is_set_up_talks_and_ends() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, _) = world.call(0, 1);
    let up = ["> INVITE", "< 401 INVITE", "> ACK", "> INVITE", "< 100 INVITE", "< 180 INVITE"];
    assert_eq!(world.between("1001"), [&up[..], &["< 200 INVITE", "> ACK"]].concat());
    assert_eq!(world.between("1002"), ["< INVITE", "> 100 INVITE", "> 180 INVITE", "> 200 INVITE", "< ACK"]);
    // Sound goes over the relay both ways: each phone sees a port of ours, and another one.
    let (to_b, to_a) = (world.last("1002", "< INVITE").clone(), world.last("1001", "< 200 INVITE").clone());
    assert_eq!(rtp(&to_b).ip(), address(EXCHANGE).ip());
    assert_eq!(rtp(&to_a).ip(), address(EXCHANGE).ip());
    assert_ne!(rtp(&to_a).port(), rtp(&to_b).port());
    assert_eq!(world.relay.ports_in_use(), 2);
    assert_eq!(audio(&to_b).codecs, world.phones[0].codecs, "the codecs of the caller's offer pass");
    // The caller is shown, ringing is limited, and tags are the same from 180 to 200.
    assert!(text(&to_b).contains("From: \"Ann 1001\" <sip:1001@exchange.test>;tag="), "{}", text(&to_b));
    assert_eq!(to_b.value(HeaderName::Expires), Some(&b"20"[..]));
    assert_eq!(world.last("1001", "< 180 INVITE").to_tag(), to_a.to_tag());
    assert!(!to_a.to_tag().is_empty());
    assert_eq!(world.checkpoints.len(), 2, "each answered leg is kept");
    let now = world.now;
    world.phones[0].sip.bye(now, a, Headers::none()).expect("confirmed");
    world.run(100);
    assert!(world.phones[1].has(|event| matches!(event, Event::Bye { .. })));
    assert_eq!(world.relay.ports_in_use(), 0);
    world.assert_at_rest();
    assert_eq!(world.records.len(), 1);
    conformance::proves_partly("SIP-02", "only the responses of one call are looked at");
}

fn hangs_up(world: &mut World, phone: usize, usage: sip::dialog::UsageKey) {
    let now = world.now;
    world.phones[phone].sip.bye(now, usage, Headers::none()).expect("confirmed");
    world.run(100);
}

#[test]
fn the_called_phone_hangs_up() {
    let mut world = World::with(&["1001", "1002"]);
    let (_, b) = world.call(0, 1);
    hangs_up(&mut world, 1, b);
    assert!(world.phones[0].has(|event| matches!(event, Event::Bye { .. })));
    world.assert_at_rest();
}

#[test]
fn refusals_reach_the_caller_as_they_are() {
    let silent = [
        (302, 480, Cause::NotObtainable),
        (404, 480, Cause::NotObtainable),
        (420, 500, Cause::PeerFailure),
        (480, 480, Cause::NoAnswer),
        (486, 486, Cause::Busy),
        (488, 488, Cause::Incompatible),
        (491, 500, Cause::PeerFailure),
        (500, 500, Cause::PeerFailure),
        (503, 480, Cause::NotObtainable),
        (600, 486, Cause::Busy),
        (603, 603, Cause::Rejected),
        (699, 486, Cause::Busy),
    ];
    // Who has let it ring and then says busy has refused by hand: its caller still hears what it said.
    let rang = [
        (486, 486, Cause::Rejected),
        (600, 486, Cause::Rejected),
        (603, 603, Cause::Rejected),
        (480, 480, Cause::NoAnswer),
    ];
    let cases = silent.map(|case| (None, case)).into_iter().chain(rang.map(|case| (Some(100), case)));
    for (ring_after, (said, heard, why)) in cases {
        let mut world = World::with(&["1001", "1002"]);
        world.phones[1].manners.ring_after = ring_after;
        world.phones[1].manners.refuse_after = Some((300, said));
        let now = world.now;
        world.phones[0].dial(now, "1002");
        world.run(1_000);
        assert_eq!(world.phones[0].failed(), Some(heard), "the phone said {said}, after {ring_after:?}");
        let causes: Vec<Cause> = world.inputs.iter().filter_map(refusal).collect();
        assert_eq!(causes, [why], "the phone said {said}, after {ring_after:?}");
        world.assert_at_rest();
    }
    conformance::proves_partly("SIP-22", "the tone that an off-hook caller hears comes with sound");
}

fn refusal(input: &EngineInput) -> Option<Cause> {
    match input {
        EngineInput::Report(Report { what: ReportKind::Refused { cause, .. }, .. }) => Some(*cause),
        _ => None,
    }
}

/// One of two phones with one registration refuses for good (RFC 3261 16.7 step 5), the other rings no more.
#[test]
fn who_declines_declines_for_all_contacts() {
    for (said, heard, others) in
        [(603, Some(603), true), (600, Some(486), true), (486, None, false), (500, None, false)]
    {
        let mut world = World::with(&["1001"]);
        world.station("1002");
        for _ in 0..2 {
            let phone = world.phone("1002");
            world.register(phone);
            world.phones[phone].manners.ring_after = Some(100);
        }
        world.forget_past();
        world.phones[1].manners.refuse_after = Some((1_000, said));
        let now = world.now;
        world.phones[0].dial(now, "1002");
        world.run(2_000);
        assert_eq!(world.phones[0].failed(), heard, "{said}");
        assert_eq!(world.phones[2].has(|event| matches!(event, Event::Cancelled { .. })), others, "{said}");
        world.run(30_000);
        world.assert_at_rest();
    }
    conformance::proves_partly("SIP-04", "forks of one INVITE behind a proxy are the dialog's tests");
}

/// The other contact answers just as it is called off.
#[test]
fn an_answer_that_crosses_a_decline() {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    for _ in 0..2 {
        let phone = world.phone("1002");
        world.register(phone);
    }
    world.forget_past();
    world.weather(crate::net::Weather { delay_ms: 50, ..Default::default() });
    world.phones[1].manners.refuse_after = Some((1_000, 603));
    world.phones[2].manners.ring_after = Some(100);
    world.phones[2].manners.answer_after = Some(1_020);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(3_000);
    assert_eq!(world.phones[0].failed(), Some(603));
    assert!(world.phones[2].has(|event| matches!(event, Event::Bye { .. })), "{}", world.ladder());
    world.assert_at_rest();
}

/// Whoever watches sees a call come before it talks; the caller needs no ringing before an answer that is there.
#[test]
fn a_phone_that_answers_without_ringing_has_rung() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners.answer_after = Some(500);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(1_000);
    let names: Vec<&str> = world.events.iter().map(|event| event.what.name()).collect();
    let at = |name: &str| names.iter().position(|it| *it == name).unwrap_or_else(|| panic!("{name} in {names:?}"));
    assert!(at("delivered") < at("established"), "{names:?}");
    let tail: Vec<String> = world.between("1001").split_off(3);
    assert_eq!(tail, ["> INVITE", "< 100 INVITE", "< 200 INVITE", "> ACK"]);
    let out = world.phones[0].out.expect("dialled");
    hangs_up(&mut world, 0, out);
    world.assert_at_rest();
}

/// A caller whose call is cleared by command before the answer: declined, and the Reason says that nobody refused.
#[test]
fn a_cleared_caller_is_not_told_that_it_was_refused() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners.ring_after = Some(100);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(1_000);
    let connection = world.events.iter().find_map(|event| match &event.what {
        What::Originated { connection, .. } => Some(*connection),
        _ => None,
    });
    let which = Which::Connection(connection.expect("dialled"));
    world.command(Verb::ClearConnection { which });
    world.run(200);
    let told = world.last("1001", "< 603 INVITE");
    assert_eq!(told.value(HeaderName::Reason), Some(&b"Q.850;cause=16"[..]));
    assert!(world.phones[1].has(|event| matches!(event, Event::Cancelled { .. })));
    world.assert_at_rest();
}

/// A caller's own limit (RFC 3261 13.3.1).
#[test]
fn an_invite_that_expires() {
    for (answers, heard) in [(None, Some(487)), (Some(2_000), None)] {
        let mut world = World::with(&["1001", "1002"]);
        world.phones[1].manners.ring_after = Some(100);
        world.phones[1].manners.answer_after = answers;
        let (now, headers) = (world.now, Headers::none().with("Expires", "3"));
        world.phones[0].dial_with(now, Dialling { to: "1002".into(), headers, offers: true, tries: 0 });
        world.run(2_900);
        assert_eq!(world.phones[0].failed(), None);
        world.run(2_000);
        assert_eq!(world.phones[0].failed(), heard);
        assert_eq!(world.phones[1].has(|event| matches!(event, Event::Cancelled { .. })), heard.is_some());
        if answers.is_some() {
            let out = world.phones[0].out.expect("dialled");
            hangs_up(&mut world, 0, out);
        }
        world.assert_at_rest();
    }
}

#[test]
fn a_busy_line_is_486() {
    let mut world = World::with(&["1001", "1002", "1003", "1004"]);
    world.call(0, 1);
    world.call(2, 1);
    let now = world.now;
    world.phones[3].dial(now, "1002");
    world.run(100);
    assert_eq!(world.phones[3].failed(), Some(486));
}

#[test]
fn nobody_answers() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners.ring_after = Some(100);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(30_000);
    assert_eq!(world.phones[0].failed(), Some(480));
    let cancel = world.last("1002", "< CANCEL").clone();
    assert_eq!(cancel.value(HeaderName::Reason), Some(&b"Q.850;cause=19"[..]));
    let invite = world.last("1002", "< INVITE").clone();
    assert_eq!(cancel.via().expect("via").branch(), invite.via().expect("via").branch());
    assert_eq!(invite.value(HeaderName::Expires), Some(&b"20"[..]), "a crash leaves no phone ringing");
    world.assert_at_rest();
    conformance::proves_partly("SIP-01", "the wait for a provisional response is tested below");
}

#[test]
fn unknown_and_unregistered() {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    for (number, code) in [("1199", 404), ("1002", 480)] {
        let now = world.now;
        world.phones[0].dial(now, number);
        world.run(100);
        assert_eq!(world.phones[0].failed(), Some(code), "{number}");
    }
    world.assert_at_rest();
}

#[test]
fn the_caller_gives_up() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners.ring_after = Some(100);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(1_000);
    let (now, out) = (world.now, world.phones[0].out.expect("dialled"));
    world.phones[0].sip.cancel(now, out, Headers::none()).expect("early");
    world.run(100);
    assert!(world.phones[1].has(|event| matches!(event, Event::Cancelled { .. })));
    assert_eq!(world.phones[0].failed(), Some(487));
    world.assert_at_rest();
}

/// The called phone says nothing yet: our CANCEL waits until it does.
#[test]
fn a_cancel_waits_for_the_phones_first_word() {
    let mut world = World::with(&["1001", "1002"]);
    world.weather(crate::net::Weather { delay_ms: 200, ..Default::default() });
    let now = world.now;
    world.phones[0].dial(now, "1002");
    // INVITE, 401, INVITE arrive at 200, 400, 600; ours arrives at 800, its 100 at 1,000. The caller cancels at 650.
    world.run(650);
    let (now, out) = (world.now, world.phones[0].out.expect("dialled"));
    world.phones[0].sip.cancel(now, out, Headers::none()).expect("early");
    world.run(5_000);
    let trying = world.times("1002", "> 100 INVITE")[0];
    assert!(world.times("1002", "< CANCEL")[0] >= trying + 200, "{}", world.ladder());
    world.assert_at_rest();
    conformance::proves_partly("SIP-01", "the answer that crosses is tested below");
}

/// The answer and the CANCEL cross on the wire: ACK, then BYE.
#[test]
fn an_answer_that_crosses_the_cancel() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners.ring_after = Some(100);
    world.phones[1].manners.answer_after = Some(2_000);
    world.weather(crate::net::Weather { delay_ms: 50, ..Default::default() });
    let now = world.now;
    world.phones[0].dial(now, "1002");
    // Our INVITE reaches the phone at 200; its answer leaves at 2,200, our CANCEL at 2,190 (sent by the caller at 2,140).
    world.run(2_140);
    let (now, out) = (world.now, world.phones[0].out.expect("dialled"));
    world.phones[0].sip.cancel(now, out, Headers::none()).expect("early");
    world.run(3_000);
    let between = world.between("1002");
    let tail = ["> 200 INVITE", "< ACK", "< BYE"];
    let at = |what: &str| between.iter().position(|it| it == what).unwrap_or_else(|| panic!("{what}: {between:?}"));
    assert!(at("< CANCEL") < at(tail[0]) || at(tail[0]) < at(tail[1]));
    assert!(at(tail[0]) < at(tail[1]) && at(tail[1]) < at(tail[2]), "{between:?}");
    assert_eq!(world.phones[0].failed(), Some(487));
    world.assert_at_rest();
    conformance::proves_partly("SIP-01", "the other half is over the wire");
}

/// The answer comes to us just before the caller's CANCEL: the caller has a call and ends it.
#[test]
fn a_cancel_that_comes_too_late() {
    let mut world = World::with(&["1001", "1002"]);
    world.weather(crate::net::Weather { delay_ms: 50, ..Default::default() });
    world.phones[1].manners.answer_after = Some(1_000);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(1_240);
    let (now, out) = (world.now, world.phones[0].out.expect("dialled"));
    world.phones[0].sip.cancel(now, out, Headers::none()).expect("early");
    world.run(3_000);
    assert!(
        world.between("1001").contains(&"> BYE".to_owned()),
        "the phone ends what it did not want: {}",
        world.ladder()
    );
    world.assert_at_rest();
}

#[test]
fn two_contacts_of_one_device() {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    for _ in 0..2 {
        let phone = world.phone("1002");
        world.register(phone);
        world.phones[phone].manners.ring_after = Some(100);
    }
    world.forget_past();
    world.phones[1].manners.answer_after = Some(1_000);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(2_000);
    assert!(world.phones[1].has(|event| matches!(event, Event::Acked { .. })));
    let lost = world.phones[2].events.iter().find_map(|event| match event {
        Event::Cancelled { message, .. } => Some(text(message)),
        _ => None,
    });
    assert!(lost.expect("cancelled").contains("Reason: SIP;cause=200;text=\"Call completed elsewhere\""));
    assert_eq!(
        world.orders.iter().filter(|order| matches!(order.what, switching::engine::OrderKind::Ring { .. })).count(),
        1
    );
    let out = world.phones[0].out.expect("dialled");
    hangs_up(&mut world, 0, out);
    world.assert_at_rest();
}

/// Both contacts answer before our CANCEL reaches the second: it gets ACK and BYE, and its sound is not heard.
#[test]
fn a_second_answer_gets_ack_and_bye() {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    for _ in 0..2 {
        let phone = world.phone("1002");
        world.register(phone);
        world.phones[phone].manners.answer_after = Some(1_000);
    }
    world.forget_past();
    world.weather(crate::net::Weather { delay_ms: 50, ..Default::default() });
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(3_000);
    let ended: Vec<bool> =
        (1..3).map(|phone| world.phones[phone].has(|event| matches!(event, Event::Bye { .. }))).collect();
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1, "{}", world.ladder());
    let winner = if ended[0] { 2 } else { 1 };
    let leg_port = rtp(world.last("1001", "< 200 INVITE")).port();
    assert_ne!(leg_port, 0);
    let usage = world.phones[winner].inc.expect("rang");
    hangs_up(&mut world, winner, usage);
    world.assert_at_rest();
    conformance::proves_partly("SIP-04", "forks of one INVITE behind a proxy are the dialog's tests");
}

#[test]
fn two_phones_of_one_number() {
    let mut world = World::empty(crate::world::config(), 1);
    world.station("1001");
    let (desk, mobile) = (world.device("2001"), world.device("2002"));
    world.extension("1002", Some(desk), Some(mobile));
    for user in ["1001", "2001", "2002"] {
        let phone = world.phone(user);
        world.register(phone);
    }
    world.forget_past();
    for phone in [1, 2] {
        world.phones[phone].manners.ring_after = Some(100);
    }
    world.phones[2].manners.answer_after = Some(1_000);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(2_000);
    assert!(world.phones[1].has(|event| matches!(event, Event::Cancelled { .. })));
    assert!(text(world.last("2001", "< CANCEL")).contains("Call completed elsewhere"));
    let out = world.phones[0].out.expect("dialled");
    hangs_up(&mut world, 0, out);
    world.assert_at_rest();
}

#[test]
fn two_phones_call_each_other_at_once() {
    let mut world = World::with(&["1001", "1002"]);
    world.weather(crate::net::Weather { delay_ms: 30, ..Default::default() });
    for phone in [0, 1] {
        world.phones[phone].manners.ring_after = Some(100);
        world.phones[phone].manners.hang_up_after = Some(2_000);
    }
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.phones[1].dial(now, "1001");
    world.run(1_000);
    // Two lines each: both ring, and one of them answers.
    let (now, usage) = (world.now, world.phones[0].inc.expect("rings"));
    world.phones[0].does(now, crate::phone::Deed::Answer(usage));
    world.run(60_000);
    world.assert_at_rest();
    assert_eq!(world.records.len(), 2);
}

#[test]
fn a_hidden_caller() {
    let mut world = World::with(&["1001", "1002"]);
    let from = switching::party::Party {
        presentation: switching::party::Presentation::Restricted,
        ..switching::party::Party::remote(crate::world::digits("1001"), "Ann".into())
    };
    let what = switching::engine::OrderKind::Ring {
        device: world.devices["1002"],
        from,
        to: crate::world::digits("1002"),
        peer: None,
        auto_answer: false,
        ring_limit_ms: 10_000,
    };
    let order = switching::engine::Order { id: switching::id::OrderId(77), leg: switching::id::LegId(77), what };
    let now = switching::time::Time(world.now);
    world.engine.order(now, order);
    world.settle();
    let invite = text(world.last("1002", "< INVITE"));
    assert!(invite.contains("From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag="), "{invite}");
    assert!(invite.contains("Privacy: id") && !invite.contains("Ann") && !invite.contains("1001"), "{invite}");
}
