//! Registration and what needs none: digest, bans, expiry, several contacts, OPTIONS, methods nobody knows.

use crate::phone::Phone;
use crate::reading::text;
use crate::world::World;
use sip::dialog::{Event, OutgoingRequest};
use sip::message::{HeaderName, Headers, Message, Method};
use switching::time::Time;

fn answer(phone: &Phone) -> &Message {
    let found = phone.events.iter().rev().find_map(|event| match event {
        Event::Response { message, .. } => Some(message),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{} got an answer: {:?}", phone.user, phone.events))
}

fn world() -> World {
    let mut world = World::empty(crate::world::config(), 1);
    world.station("1001");
    world.phone("1001");
    world
}

fn options(phone: &Phone) -> OutgoingRequest {
    OutgoingRequest {
        flow: phone.flow(),
        method: Method::Options,
        request_uri: b"sip:exchange.test".to_vec(),
        from: b"<sip:1001@exchange.test>".to_vec(),
        from_tag: b"t".to_vec(),
        to: b"<sip:exchange.test>".to_vec(),
        call_id: b"ask".to_vec(),
        cseq: 1,
        headers: Headers::none().with("Event", "x"),
        body: None,
    }
}

fn asks(world: &mut World, method: Method) -> u16 {
    let now = world.now;
    let phone = &mut world.phones[0];
    phone.registers += 1;
    let call_id = format!("ask-{}", phone.registers).into_bytes();
    let request = OutgoingRequest { method, call_id, ..options(phone) };
    phone.sip.request(now, &request).expect("room");
    world.run(50);
    answer(&world.phones[0]).code()
}

#[test]
fn digest_with_both_algorithms() {
    for sha256 in [false, true] {
        let mut world = world();
        world.phones[0].sha256 = sha256;
        world.register(0);
        let challenge = text(world.last("1001", "< 401 REGISTER"));
        let (md5, sha) = (challenge.find("algorithm=MD5"), challenge.find("algorithm=SHA-256"));
        assert!(md5.is_some() && md5 < sha, "two headers, MD5 first: {challenge}");
        assert_eq!(challenge.matches("WWW-Authenticate:").count(), 2);
        let granted = text(answer(&world.phones[0]));
        assert!(granted.contains(";expires=3600"), "{granted}");
        assert_eq!(world.registrations("1001"), [1]);
        assert_eq!(world.engine.registered(), 1);
        world.rest();
        assert_eq!(world.engine.in_use(), [0; 4]);
    }
    conformance::proves_partly("SIP-11", "replays, stale nonces and URIs are tested with the digest itself");
}

#[test]
fn a_wrong_password_is_challenged_again_and_then_banned() {
    let mut world = world();
    world.phones[0].password = "wrong".into();
    for n in 0..20 {
        let now = world.now;
        world.phones[0].register(now, 60);
        world.run(100);
        assert_eq!(answer(&world.phones[0]).code(), 401, "attempt {n}");
        world.phones[0].events.clear();
    }
    let now = world.now;
    world.phones[0].register(now, 60);
    world.run(1_000);
    assert!(!world.phones[0].has(|event| matches!(event, Event::Response { .. })), "a banned source gets no answer");
    assert_eq!(world.times("1001", "< 200 OPTIONS").len(), 0);
    world.log.clear();
    let (now, phone) = (world.now, &mut world.phones[0]);
    let request = options(phone);
    phone.sip.request(now, &request).expect("room");
    world.run(100);
    assert_eq!(world.between("1001"), ["> OPTIONS"], "not even for OPTIONS");
    world.run(650_000);
    world.phones[0].password = "secret1001".into();
    world.phones[0].events.clear();
    world.register(0);
    conformance::proves_partly("SIP-11", "an address with a registration is tested beside this");
}

#[test]
fn an_address_with_a_registration_is_never_banned() {
    let mut world = world();
    world.register(0);
    world.phones[0].password = "wrong".into();
    for _ in 0..30 {
        let now = world.now;
        world.phones[0].register(now, 60);
        world.run(100);
    }
    world.phones[0].password = "secret1001".into();
    world.phones[0].events.clear();
    world.register(0);
    let wrong = world.phones[0].has(|event| matches!(event, Event::Response { message, .. } if message.code() != 200));
    assert!(!wrong);
    conformance::proves_partly("SIP-11", "replays, stale nonces and URIs are tested with the digest itself");
}

#[test]
fn a_registration_ends_unless_it_is_refreshed() {
    let mut world = world();
    let register = |world: &mut World| {
        let now = world.now;
        world.phones[0].register(now, 60);
        world.run(100);
    };
    register(&mut world);
    world.run(50_000);
    register(&mut world);
    assert_eq!(world.registrations("1001"), [1], "a refresh is no news");
    world.run(59_000);
    assert_eq!(world.registrations("1001"), [1]);
    world.run(2_000);
    assert_eq!(world.registrations("1001"), [1, 0]);
    assert!(world.bindings.is_empty());
    assert_eq!(world.engine.registered(), 0);
}

#[test]
fn contacts_come_and_go() {
    let mut world = world();
    let now = world.now;
    let two = Headers::none()
        .with("Contact", "<sip:1001@192.0.2.11:5060>;q=0.5;expires=120, <sip:1001@192.0.2.11:5070>")
        .with("Expires", "300");
    world.phones[0].register_with(now, two);
    world.run(100);
    let granted = text(answer(&world.phones[0]));
    assert!(granted.contains("<sip:1001@192.0.2.11:5060>;expires=120"), "{granted}");
    assert!(granted.contains("<sip:1001@192.0.2.11:5070>;expires=300"), "{granted}");
    assert_eq!(world.registrations("1001"), [2]);
    let now = world.now;
    world.phones[0]
        .register_with(now, Headers::none().with("Contact", "<sip:1001@192.0.2.11:5060>").with("Expires", "10"));
    world.run(100);
    assert_eq!(answer(&world.phones[0]).code(), 423);
    assert_eq!(answer(&world.phones[0]).value_of("Min-Expires"), Some(&b"60"[..]));
    // Asking changes nothing.
    let now = world.now;
    world.phones[0].register_with(now, Headers::none());
    world.run(100);
    assert_eq!(answer(&world.phones[0]).contacts().count(), 2);
    let now = world.now;
    world.phones[0].register_with(now, Headers::none().with("Contact", "*").with("Expires", "0"));
    world.run(100);
    assert_eq!(answer(&world.phones[0]).contacts().count(), 0);
    assert_eq!(world.registrations("1001"), [2, 0]);
    assert!(world.bindings.is_empty());
    conformance::proves_partly("SIP-12", "OPTIONS pings and DNS SRV failover come with trunks");
}

#[test]
fn contacts_that_cannot_be_taken_change_nothing() {
    let mut world = world();
    world.register(0);
    for wrong in
        ["*, <sip:1001@192.0.2.11:5070>", "<sip:1001@192.0.2.11:5070>, *", "*, *", "<mailto:a@b.test>", "<tel:+1001>"]
    {
        let now = world.now;
        world.phones[0].register_with(now, Headers::none().with("Contact", wrong).with("Expires", "0"));
        world.run(100);
        assert_eq!(answer(&world.phones[0]).code(), 400, "{wrong}");
    }
    assert_eq!(world.registrations("1001"), [1]);
}

#[test]
fn a_device_registers_for_itself_only() {
    let mut world = world();
    world.station("1002");
    let (now, phone) = (world.now, &mut world.phones[0]);
    phone.send_register(now, Headers::none().with("Contact", "<sip:1001@192.0.2.11>"));
    world.run(20);
    let challenge = world.last("1001", "< 401 REGISTER").clone();
    let lines = world.phones[0].credentials("REGISTER", "sip:exchange.test", &challenge);
    let stolen = format!(
        "REGISTER sip:exchange.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKstolen;rport\r\n\
         From: <sip:1002@exchange.test>;tag=1\r\nTo: <sip:1002@exchange.test>\r\nCall-ID: stolen\r\nCSeq: 1 REGISTER\r\n\
         Max-Forwards: 70\r\nContact: <sip:1002@192.0.2.11>\r\n{}Content-Length: 0\r\n\r\n",
        String::from_utf8_lossy(lines.as_bytes())
    );
    let flow = sip::transport::Flow {
        local: world.phones[0].exchange,
        remote: world.phones[0].local,
        ..world.phones[0].flow()
    };
    world.engine.handle_message(Time(world.now), &flow, stolen.as_bytes());
    world.settle();
    assert_eq!(world.last("1001", "< 403 REGISTER").code(), 403);
    assert!(world.registrations("1002").is_empty());
}

#[test]
fn registrations_outlive_a_restart() {
    let mut world = world();
    world.register(0);
    let stored = world.bindings.clone();
    let mut next = crate::registrar::world();
    next.now = world.now + 5_000;
    for ((user, _), octets) in stored {
        let local = next.phones[0].exchange;
        assert_eq!(engines::sip::source_of(&octets), Some(next.phones[0].local));
        next.engine.restore_binding(Time(next.now), &user, &octets, local);
    }
    next.settle();
    assert_eq!(next.registrations("1001"), [1]);
    next.station("1002");
    let caller = next.phone("1002");
    next.register(caller);
    next.call(caller, 0);
}

#[test]
fn options_and_methods_nobody_knows() {
    let mut world = world();
    assert_eq!(asks(&mut world, Method::Options), 200);
    assert!(text(answer(&world.phones[0])).contains("Allow: INVITE"));
    assert_eq!(asks(&mut world, Method::Notify), 481);
    assert_eq!(asks(&mut world, Method::Message), 405);
    let odd = |method: &str, lines: &str| {
        format!(
            "{method} sip:exchange.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK{method};rport\r\n\
             From: <sip:1001@exchange.test>;tag=1\r\nTo: <sip:exchange.test>\r\nCall-ID: odd-{method}\r\n{lines}\
             Content-Length: 0\r\n\r\n"
        )
    };
    let cases = [
        (odd("DANCE", "CSeq: 1 DANCE\r\nMax-Forwards: 70\r\n"), 501),
        (odd("OPTIONS", "CSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\n"), 483),
        (odd("OPTIONS", "CSeq: x OPTIONS\r\nMax-Forwards: 70\r\n"), 400),
        (odd("OPTIONS", "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nRequire: foobar\r\n"), 420),
        (odd("OPTIONS", &format!("CSeq: 1 OPTIONS\r\n{}", "X-A: b\r\n".repeat(2_000))), 513),
    ];
    for (message, code) in cases {
        world.log.clear();
        let flow = sip::transport::Flow {
            local: world.phones[0].exchange,
            remote: world.phones[0].local,
            ..world.phones[0].flow()
        };
        world.engine.handle_message(Time(world.now), &flow, message.as_bytes());
        world.pump();
        let told = &world.log.iter().rev().find(|line| line.down).expect("an answer").message;
        assert_eq!(told.code(), code, "{message}");
        assert!(told.value(HeaderName::To).is_some_and(|to| String::from_utf8_lossy(to).contains(";tag=")));
    }
    world.rest();
    assert_eq!(world.engine.in_use(), [0; 4]);
    conformance::proves_partly("SIP-09", "the other half is over the wire");
}
