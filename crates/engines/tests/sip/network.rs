//! The network between: addresses, translators, streams, losses, stalls and restarts.

use crate::net::Weather;
use crate::phone::Manners;
use crate::reading::{rtp, text};
use crate::world::{World, config};
use engines::sip::SipConfig;
use sip::dialog::{Event, UsageKey};
use sip::message::Headers;
use sip::transport::{AddressPlan, Transport};
use switching::time::Time;

fn ends(mut world: World, usage: UsageKey) {
    let now = world.now;
    world.phones[0].sip.bye(now, usage, Headers::none()).expect("confirmed");
    world.run(1_000);
    world.assert_at_rest();
}

#[test]
fn ipv6_from_end_to_end() {
    let mut world = World::empty(config(), 1);
    for user in ["1001", "1002"] {
        world.station(user);
        let phone = world.phone_at(user, "[2001:db8::1]:5060");
        world.register(phone);
    }
    world.forget_past();
    let (a, _) = world.call(0, 1);
    let offered = world.last("1002", "< INVITE").clone();
    assert_eq!(rtp(&offered).ip().to_string(), "2001:db8::1");
    assert!(
        text(&offered).contains("c=IN IP6 2001:db8::1\r\n")
            && text(&offered).contains("Contact: <sip:[2001:db8::1]:5060>")
    );
    ends(world, a);
}

/// A caller of the other address family: the relay has a port of each.
#[test]
fn ipv4_calls_ipv6() {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    let phone = world.phone_at("1002", "[2001:db8::1]:5060");
    world.register(phone);
    let (a, _) = world.call(0, 1);
    assert!(rtp(world.last("1002", "< INVITE")).is_ipv6());
    assert!(rtp(world.last("1001", "< 200 INVITE")).is_ipv4());
    ends(world, a);
}

#[test]
fn a_phone_behind_a_translator() {
    let mut settings: SipConfig = config();
    settings.endpoint.addresses = AddressPlan {
        external: Some("203.0.113.7".parse().expect("address")),
        local_networks: vec![("192.0.2.0".parse().expect("address"), 24)],
    };
    let mut world = World::empty(settings, 1);
    for user in ["1001", "1002"] {
        world.station(user);
        world.phone(user);
    }
    world.phones[1].local = "192.168.7.7:5060".parse().expect("address");
    world.phones[1].media = "192.168.7.7:4000".parse().expect("address");
    world.phones[1].public = "198.51.100.9:40123".parse().expect("address");
    world.register(0);
    world.register(1);
    world.forget_past();
    let (a, b) = world.call(0, 1);
    let invite = world.last("1002", "< INVITE").clone();
    assert!(text(&invite).starts_with("INVITE sip:1002@192.168.7.7:5060 SIP/2.0"), "the contact as it is named");
    assert_eq!(rtp(&invite).ip().to_string(), "203.0.113.7", "an outsider sees the external address");
    assert!(
        text(&invite).contains("Contact: <sip:203.0.113.7:5060>")
            && text(&invite).contains("Via: SIP/2.0/UDP 203.0.113.7:5060")
    );
    assert_eq!(rtp(world.last("1001", "< 200 INVITE")).ip().to_string(), "192.0.2.1", "an insider the local one");
    // A request of ours within the dialog reaches it too.
    let now = world.now;
    world.phones[0].sip.bye(now, a, Headers::none()).expect("confirmed");
    world.run(100);
    assert!(world.phones[1].has(|event| matches!(event, Event::Bye { usage, .. } if *usage == b)));
    world.assert_at_rest();
    conformance::proves_partly("SIP-16", "the address under a wildcard listener is the server's choice");
}

fn over_stream(world: &mut World, phone: usize, connection: u64) {
    world.phones[phone].transport = Transport::Tcp;
    world.phones[phone].connection = connection;
    world.streams.push(connection);
}

#[test]
fn a_lost_stream_hangs_nothing_up() {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    world.phone("1002");
    over_stream(&mut world, 1, 5);
    world.register(1);
    let (a, _) = world.call(0, 1);
    assert!(text(world.last("1002", "< INVITE")).contains("Via: SIP/2.0/TCP"));
    world.forget_past();
    world.streams.clear();
    world.engine.flow_lost(Time(world.now), 5);
    world.settle();
    world.run(10_000);
    assert!(world.inputs.is_empty(), "no flow is not yet out of service: {:?}", world.inputs);
    // It comes back over another connection: what we say in the dialog goes there.
    over_stream(&mut world, 1, 6);
    world.register(1);
    let now = world.now;
    world.phones[0].sip.bye(now, a, Headers::none()).expect("confirmed");
    world.run(100);
    assert!(world.phones[1].has(|event| matches!(event, Event::Bye { .. })), "{}", world.ladder());
    world.run(120_000);
    assert_eq!(world.engine.in_use(), [0; 4]);
    conformance::proves_partly("SIP-17", "flows over TLS and WebSocket come with those transports");
}

/// How a phone comes back over its next connection.
#[derive(Debug, Clone, Copy)]
struct Back {
    /// Its Contact then; the first is `<sip:1002@192.0.2.12:40001;transport=tcp>`.
    contact: &'static str,
    instance: [Option<&'static str>; 2],
    /// The exchange hears of the end of the first connection before the phone is back, after it, or not at all.
    heard: Heard,
    /// It forgot the Call-ID of its registrations.
    starts_anew: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heard {
    Before,
    After,
    Never,
}

/// Whether a BYE for phone 1002 reaches the phone that has come back.
fn reaches(back: Back, called: bool) -> bool {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    world.phone("1002");
    let contact = |uri: &str, instance: Option<&str>| match instance {
        Some(id) => format!("{uri};+sip.instance=\"<urn:uuid:{id}>\";reg-id=1"),
        None => uri.to_owned(),
    };
    over_stream(&mut world, 1, 5);
    world.phones[1].contact = Some(contact("<sip:1002@192.0.2.12:40001;transport=tcp>", back.instance[0]));
    world.register(1);
    let usage = if called { world.call(0, 1).0 } else { world.call(1, 0).1 };
    world.forget_past();
    world.streams.clear();
    if back.heard == Heard::Before {
        world.engine.flow_lost(Time(world.now), 5);
        world.run(1_000);
    }
    over_stream(&mut world, 1, 6);
    world.phones[1].contact = Some(contact(back.contact, back.instance[1]));
    world.phones[1].anew = back.starts_anew;
    world.register(1);
    if back.heard == Heard::After {
        world.engine.flow_lost(Time(world.now), 5);
        world.run(1_000);
    }
    world.forget_past();
    let now = world.now;
    world.phones[0].sip.bye(now, usage, Headers::none()).expect("confirmed");
    world.run(100);
    let reached = world.phones[1].has(|event| matches!(event, Event::Bye { .. }));
    world.run(120_000);
    assert_eq!(world.engine.in_use(), [0; 4], "{back:?}");
    reached
}

#[test]
fn a_phone_that_comes_back_with_another_contact_keeps_its_dialogs() {
    let plain = Back {
        contact: "<sip:1002@192.0.2.12:40002;transport=tcp>",
        instance: [None, None],
        heard: Heard::Before,
        starts_anew: true,
    };
    let named = Back { instance: [Some("one"), Some("one")], ..plain };
    let cases = [
        // The old connection has ended, and nothing says that this is another phone.
        (plain, true),
        (Back { instance: [None, Some("one")], ..plain }, true),
        (named, true),
        // The phone is back before the end of the old connection is heard of, if ever.
        (Back { heard: Heard::Never, ..named }, true),
        (Back { heard: Heard::Never, starts_anew: false, ..plain }, true),
        (Back { heard: Heard::After, ..plain }, true),
        // Another phone of the same user is none of it; without a sign that it is another, the old connection decides.
        (Back { instance: [Some("one"), Some("two")], ..plain }, false),
        (Back { heard: Heard::Never, ..plain }, false),
    ];
    for (back, reached) in cases {
        for called in [true, false] {
            assert_eq!(reaches(back, called), reached, "{back:?}, called: {called}");
        }
    }
    conformance::proves_partly("SIP-17", "flows over TLS and WebSocket come with those transports");
}

/// The call ends while the phone has no connection: it hears of it when it is back, unless it has hung up itself by then.
#[test]
fn a_good_bye_waits_for_the_phones_next_connection() {
    for back_after in [Some(5_000), Some(20_000), None] {
        let mut world = World::with(&["1001"]);
        world.station("1002");
        world.phone("1002");
        over_stream(&mut world, 1, 5);
        world.phones[1].contact = Some("<sip:1002@192.0.2.12:40001;transport=tcp>".to_owned());
        world.register(1);
        let (a, b) = world.call(0, 1);
        world.streams.clear();
        world.engine.flow_lost(Time(world.now), 5);
        let now = world.now;
        world.phones[0].sip.bye(now, a, Headers::none()).expect("confirmed");
        world.run(back_after.unwrap_or(31_000));
        assert_eq!(world.records.len(), 1, "the call is over at once");
        world.forget_past();
        if back_after.is_some() {
            over_stream(&mut world, 1, 6);
            world.phones[1].contact = Some("<sip:1002@192.0.2.12:40002;transport=tcp>".to_owned());
        }
        if back_after == Some(20_000) {
            let (now, flow) = (world.now, world.phones[1].flow());
            world.phones[1].sip.rebind(b, flow).expect("confirmed");
            world.phones[1].sip.bye(now, b, Headers::none()).expect("confirmed");
            world.run(100);
            assert_eq!(world.between("1002"), ["> BYE", "< 200 BYE"]);
        }
        if back_after == Some(5_000) {
            world.register(1);
            world.run(100);
            assert!(world.phones[1].has(|event| matches!(event, Event::Bye { .. })), "{}", world.ladder());
        }
        assert!(!world.engine.says_goodbye());
        world.run(120_000);
        assert!(world.engine.is_idle(), "{back_after:?}: {:?}", world.engine.in_use());
    }
    conformance::proves_partly("SIP-17", "flows over TLS and WebSocket come with those transports");
}

/// One contact of a device is replaced by another: the old one is kept nowhere.
#[test]
fn a_contact_that_moved_is_kept_once() {
    let mut world = World::empty(config(), 1);
    world.station("1002");
    world.phone("1002");
    for (connection, port) in [(5, 40_001), (6, 40_002)] {
        over_stream(&mut world, 0, connection);
        let named = ";+sip.instance=\"<urn:uuid:one>\";reg-id=1";
        world.phones[0].contact = Some(format!("<sip:1002@192.0.2.11:{port};transport=tcp>{named}"));
        world.register(0);
        world.forget_past();
    }
    let kept: Vec<&str> = world.bindings.keys().map(|(_, contact)| contact.as_str()).collect();
    assert_eq!(kept, ["sip:1002@192.0.2.11:40002;transport=tcp"]);
}

#[test]
fn a_stream_that_does_not_come_back() {
    let mut world = World::empty(config(), 1);
    world.station("1002");
    world.phone("1002");
    over_stream(&mut world, 0, 5);
    world.register(0);
    world.streams.clear();
    world.engine.flow_lost(Time(world.now), 5);
    world.settle();
    world.run(29_000);
    assert_eq!(world.registrations("1002"), [1]);
    world.run(2_000);
    assert_eq!(world.registrations("1002"), [1, 0]);
}

#[test]
fn nobody_acknowledges_our_answer() {
    let mut world = World::with(&["1001", "1002"]);
    world.phones[1].manners = Manners { answer_after: Some(500), ..Manners::default() };
    let now = world.now;
    world.phones[0].dial(now, "1002");
    world.run(400);
    // From here on the exchange hears nothing of the caller.
    world.phones[0].public = "192.0.2.98:9".parse().expect("address");
    world.run(31_900);
    assert!(!world.phones[1].has(|event| matches!(event, Event::Bye { .. })));
    world.phones[0].public = world.phones[0].local;
    world.run(2_000);
    assert!(world.phones[1].has(|event| matches!(event, Event::Bye { .. })), "{}", world.ladder());
    assert!(world.between("1001").contains(&"< BYE".to_owned()));
    world.rest();
    assert_eq!(world.engine.in_use(), [0; 4]);
    assert_eq!(world.records.len(), 1);
    conformance::proves_partly("SIP-03", "the times of each repetition are the transactions' and the dialog's tests");
}

#[test]
fn calls_in_bad_weather_have_one_record_each() {
    for seed in 0..20 {
        let mut world = World::with(&["1001", "1002"]);
        world.net = crate::net::Net::new(seed);
        world.weather(Weather { delay_ms: 20, jitter_ms: 60, loss: 20, double: 20 });
        world.phones[1].manners = Manners {
            ring_after: Some(200),
            answer_after: Some(2_000),
            hang_up_after: Some(5_000),
            ..Manners::default()
        };
        let now = world.now;
        world.phones[0].dial(now, "1002");
        world.run(120_000);
        world.assert_at_rest();
        assert_eq!(world.records.len(), 1, "seed {seed}\n{}", world.ladder());
    }
    conformance::proves_partly("SIP-03", "the times of each repetition are the transactions' and the dialog's tests");
}

/// The machine stands still for a minute while a phone rings: nothing is given up for it, and what came meanwhile counts.
#[test]
fn a_stalled_machine() {
    let mut world = World::with(&["1001", "1002"]);
    world.extension("1003", world.devices.get("1002").copied(), None);
    let now = world.now;
    // The phone has got our INVITE and has not said anything yet.
    world.phones[1].public = "192.0.2.97:9".parse().expect("address");
    world.phones[0].dial(now, "1002");
    world.run(100);
    assert_eq!(world.engine.in_use()[0], 2, "{}", world.ladder());
    world.phones[1].public = world.phones[1].local;
    // 40 s pass without anybody looking; then sockets (there is nothing), then timers.
    world.now += 40_000;
    let now = Time(world.now);
    world.engine.handle_timeout(now);
    world.pump();
    assert_eq!(world.engine.in_use()[0], 2, "timer B would have given it up");
    world.run(5);
    assert!(world.phones[1].inc.is_some(), "the INVITE is sent again: {}", world.ladder());
    conformance::proves_partly("SIP-18", "that sockets are drained first is the server's loop");
}

#[test]
fn legs_of_a_former_life_get_a_bye() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, b) = world.call(0, 1);
    let stored = world.checkpoints.clone();
    assert_eq!(stored.len(), 2);
    let relay = world.relay.clone();
    world.engine = engines::sip::SipEngine::new(SipConfig { legs_from: 9_000, ..config() }, relay, [3; 32]);
    for (leg, octets) in &stored {
        world.engine.end_orphan(Time(world.now), *leg, octets);
    }
    assert!(world.engine.ends_orphans() && world.engine.says_goodbye());
    world.run(200);
    for (phone, usage) in [(0, a), (1, b)] {
        assert!(world.phones[phone].has(|event| matches!(event, Event::Bye { usage: of, .. } if *of == usage)));
    }
    assert!(!world.engine.ends_orphans() && !world.engine.says_goodbye());
    assert!(world.checkpoints.is_empty());
}

/// The same where a phone was connected: it hears of it over its next connection.
#[test]
fn legs_of_a_former_life_are_ended_over_the_next_connection() {
    let mut world = World::with(&["1001"]);
    world.station("1002");
    world.phone("1002");
    over_stream(&mut world, 1, 5);
    world.register(1);
    world.call(0, 1);
    let (legs, bindings) = (world.checkpoints.clone(), world.bindings.clone());
    let (now, local) = (Time(world.now), world.phones[1].exchange);
    let mut next = World::empty(SipConfig { legs_from: 9_000, ..config() }, 1);
    for user in ["1001", "1002"] {
        next.station(user);
    }
    next.phones = std::mem::take(&mut world.phones);
    next.now = world.now;
    for ((user, _), octets) in &bindings {
        next.engine.restore_binding(now, user, octets, local);
    }
    for (leg, octets) in &legs {
        next.engine.end_orphan(now, *leg, octets);
    }
    next.run(5_000);
    let told = |world: &World, phone: usize| world.phones[phone].has(|event| matches!(event, Event::Bye { .. }));
    assert!(told(&next, 0) && !told(&next, 1) && !next.engine.says_goodbye());
    over_stream(&mut next, 1, 6);
    next.register(1);
    next.run(100);
    assert!(told(&next, 1), "{}", next.ladder());
    next.run(120_000);
    assert!(next.engine.is_idle());
}

/// Two pairs of ports are one call: the next caller is told to come back, and so is one whose callee would need the last pair.
#[test]
fn no_media_port_is_left() {
    let mut world = World::over(config(), 1, 10_000..=10_005);
    for user in ["1001", "1002", "1003", "1004"] {
        world.station(user);
        let phone = world.phone(user);
        world.register(phone);
    }
    world.forget_past();
    let (a, _) = world.call(0, 1);
    for _ in 0..2 {
        let now = world.now;
        world.phones[2].dial(now, "1004");
        world.run(200);
        assert_eq!(world.phones[2].failed(), Some(503));
        assert!(world.last("1003", "< 503 INVITE").value_of("Retry-After").is_some());
    }
    assert_eq!(world.relay.ports_in_use(), 2, "the caller's third pair is given back");
    ends(world, a);
    conformance::proves_partly("SIP-23", "the default range, open files and memory are asserted over the wire");
}
