//! Two phones call each other: every ordinary way a call goes.

use crate::world::{EXCHANGE, World, audio, rtp, text};
use sip::dialog::Event;
use sip::message::{HeaderName, Headers};

fn address(text: &str) -> std::net::SocketAddr {
    text.parse().expect("address")
}

#[test]
fn a_call_is_set_up_talks_and_ends() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, _) = world.call(0, 1);
    let up = ["> INVITE", "< 100 INVITE", "< 401 INVITE", "> ACK", "> INVITE", "< 100 INVITE", "< 180 INVITE"];
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
