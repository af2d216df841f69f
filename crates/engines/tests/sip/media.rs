//! Keys, sound that stops, and phones that have gone.

use crate::phone::Phone;
use crate::world::World;
use media::Component;
use sip::dialog::{Event, UsageKey};
use sip::message::{Body, Headers, Method};
use switching::engine::ReportKind;

fn keys(world: &World) -> String {
    let digit = |report: &&ReportKind| match report {
        ReportKind::Digits { digits } => Some(digits.to_string()),
        _ => None,
    };
    world.reports().iter().filter_map(digit).collect()
}

fn press(phone: &mut Phone, now: u64, usage: UsageKey, key: char) {
    let body = Body::new("application/dtmf-relay", format!("Signal={key}\r\nDuration=100\r\n"));
    phone.sip.send(now, usage, Method::Info, Headers::none(), Some(body)).expect("confirmed");
}

fn heard(phone: &Phone) -> String {
    let key = |event: &Event| match event {
        Event::Info { body, .. } => String::from_utf8_lossy(body).chars().nth(7),
        _ => None,
    };
    phone.events.iter().filter_map(key).collect()
}

#[test]
fn keys_by_info_pass_in_order() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, b) = world.call(0, 1);
    world.weather(crate::net::Weather { delay_ms: 20, jitter_ms: 60, loss: 10, double: 10 });
    let now = world.now;
    for key in "0123456789*#".chars() {
        press(&mut world.phones[0], now, a, key);
    }
    for key in "98".chars() {
        press(&mut world.phones[1], now, b, key);
    }
    world.run(60_000);
    assert_eq!(heard(&world.phones[1]), "0123456789*#");
    assert_eq!(heard(&world.phones[0]), "98");
    let all = keys(&world);
    assert_eq!(all.len(), 14, "{all}");
    conformance::proves_partly("SIP-06", "many at once from one phone are the dialog's tests");
}

/// Our stack sends one INFO after the other; many phones do not wait: here they come at once, right behind the ACK.
#[test]
fn keys_that_do_not_wait_for_answers() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners.answer_after = Some(100);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(1_000);
    let ack = String::from_utf8_lossy(world.last("1001", "> ACK").as_bytes()).into_owned();
    let cseq = world.last("1001", "> ACK").cseq().expect("cseq").number;
    let head = ack.split("Content-Length").next().expect("a head").replace("ACK", "INFO");
    let flow = sip::transport::Flow {
        local: world.phones[0].exchange,
        remote: world.phones[0].local,
        ..world.phones[0].flow()
    };
    for (n, key) in (1..).zip("135".chars()) {
        let body = format!("Signal={key}\r\n");
        let info = head
            .replace(&format!("CSeq: {cseq} "), &format!("CSeq: {} ", cseq + n))
            .replace("branch=z9hG4bK", &format!("branch=z9hG4bK{n}x"));
        let info =
            format!("{info}Content-Type: application/dtmf-relay\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        world.engine.handle_message(switching::time::Time(world.now), &flow, info.as_bytes());
        world.pump();
    }
    world.run(1_000);
    assert_eq!(world.times("1001", "< 200 INFO").len(), 3);
    assert_eq!((heard(&world.phones[1]).as_str(), keys(&world).as_str()), ("135", "135"));
    conformance::proves_partly("SIP-06", "the other half is over the wire");
}

/// A key press of RFC 4733: three packets with the end bit.
fn event_packets(payload_type: u8, key: u8, seq: u16, timestamp: u32) -> Vec<Vec<u8>> {
    let packet = |n: u16, end: bool| {
        let mut packet = vec![0x80, payload_type];
        packet.extend_from_slice(&(seq + n).to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&77_u32.to_be_bytes());
        packet.extend_from_slice(&[key, if end { 0x8a } else { 0x0a }]);
        packet.extend_from_slice(&(160 * (n + 1)).to_be_bytes());
        packet
    };
    vec![packet(0, false), packet(1, false), packet(2, true), packet(3, true), packet(4, true)]
}

#[test]
fn keys_by_sound_packets_are_told_and_passed() {
    let mut world = World::with(&["1001", "1002"]);
    world.call(0, 1);
    let source = world.phones[0].media;
    let stats = world.engine.media_stats();
    let leg = stats.iter().find(|(_, stats)| stats.rtp_remote == Some(source)).expect("the caller's leg").0;
    let port = world.engine.media_port(leg).expect("a port");
    let mut passed = 0;
    for mut packet in event_packets(101, 5, 1, 1_000) {
        passed += usize::from(world.relay.deliver(port, Component::Rtp, source, &mut packet).is_some());
    }
    world.run(2_000);
    assert_eq!(passed, 5, "all go on to the peer");
    assert_eq!(keys(&world), "5");
    conformance::proves_partly("SIP-13", "continuity over hold and transfer comes with them");
}

#[test]
fn a_silent_phone_that_is_gone_ends_the_call() {
    let mut world = World::with(&["1001", "1002"]);
    world.call(0, 1);
    // The called phone was restarted: it knows nothing of the call.
    let fresh = Phone::new(12, "1002", world.phones[1].exchange);
    world.phones[1].sip = fresh.sip;
    world.run(50_000);
    assert!(!world.phones[0].has(|event| matches!(event, Event::Bye { .. })));
    world.run(15_000);
    assert!(world.between("1002").contains(&"> 481 OPTIONS".to_owned()), "{}", world.ladder());
    assert!(world.phones[0].has(|event| matches!(event, Event::Bye { .. })));
    world.assert_at_rest();
}

/// Both are silent and there; much later one of them vanishes.
#[test]
fn a_silent_phone_is_probed_again_and_again() {
    let mut world = World::with(&["1001", "1002"]);
    world.call(0, 1);
    world.run(200_000);
    assert!(world.times("1002", "< OPTIONS").len() >= 3, "{}", world.ladder());
    assert!(!world.phones[0].has(|event| matches!(event, Event::Bye { .. })));
    world.phones[1].public = "192.0.2.99:9".parse().expect("address");
    world.run(120_000);
    assert!(world.phones[0].has(|event| matches!(event, Event::Bye { .. })));
}

#[test]
fn a_held_phone_may_be_silent() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, _) = world.call(0, 1);
    let now = world.now;
    let body = Some(world.phones[0].offer(sip::sdp::Direction::SendOnly));
    let method = sip::dialog::OfferMethod::ReInvite;
    world.phones[0]
        .sip
        .offer(now, a, sip::dialog::Offer { method, headers: Headers::none(), body })
        .expect("confirmed");
    world.run(300_000);
    assert!(world.times("1002", "< OPTIONS").is_empty());
}

/// It rang so long that the silence of the caller was noticed before the answer: it still counts after it.
#[test]
fn a_caller_that_goes_after_long_ringing() {
    let mut world = World::with(&["1001"]);
    world.ring_ms = 100_000;
    world.station("1002");
    let phone = world.phone("1002");
    world.register(phone);
    world.phones[phone].manners.answer_after = Some(80_000);
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(81_000);
    assert!(world.phones[0].has(|event| matches!(event, Event::Answered { .. })));
    world.phones[0].public = "192.0.2.99:9".parse().expect("address");
    world.run(150_000);
    assert!(world.phones[phone].has(|event| matches!(event, Event::Bye { .. })), "{}", world.ladder());
}
