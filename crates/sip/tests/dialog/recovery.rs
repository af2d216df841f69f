//! Restart, other flows, NAT, stalls.

use crate::wire::{A, Lone, Pair, flow, none, order, sdp};
use sip::dialog::{BadCheckpoint, CSEQ_JUMP, Checkpoint, Endpoint, EndpointConfig, Event, Nat, Output};
use sip::message::{Message, Method};
use sip::transport::{Flow, Transport};

#[test]
fn a_restored_dialog_is_probed_and_ended() {
    let mut pair = Pair::new();
    let (a, _) = pair.call();
    let kept = pair.a.sip.checkpoint(a).expect("confirmed").to_bytes();
    pair.a.sip = crate::wire::endpoint(9);
    let checkpoint = Checkpoint::from_bytes(&kept).expect("our own");
    let a = pair.a.sip.restore(&checkpoint).expect("our own");
    pair.a.sip.send(0, a, Method::Options, none(), None).expect("confirmed");
    pair.carry();
    assert_eq!(pair.last("OPTIONS").cseq().expect("cseq").number, 1 + CSEQ_JUMP + 1);
    assert!(matches!(pair.a.take()[..], [Event::RequestDone { code: 200, .. }]));
    pair.a.sip.bye(0, a, none()).expect("confirmed");
    pair.carry();
    assert!(matches!(pair.b.take()[..], [Event::Bye { .. }]));
    pair.assert_empty();
}

#[test]
fn a_restored_called_side_serves_its_peer() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    let kept = pair.b.sip.checkpoint(b).expect("confirmed").to_bytes();
    pair.b.sip = crate::wire::endpoint(9);
    pair.b.sip.restore(&Checkpoint::from_bytes(&kept).expect("our own")).expect("our own");
    pair.a.sip.bye(0, a, none()).expect("confirmed");
    pair.carry();
    assert!(matches!(pair.b.take()[..], [Event::Bye { .. }]));
    pair.assert_empty();
}

#[test]
fn foreign_bytes_are_no_checkpoint() {
    assert_eq!(Checkpoint::from_bytes(b""), Err(BadCheckpoint::Malformed));
    assert_eq!(Checkpoint::from_bytes(b"\x02\x80"), Err(BadCheckpoint::Version));
    assert_eq!(Checkpoint::from_bytes(b"\x01junk"), Err(BadCheckpoint::Malformed));
}

#[test]
fn a_dialog_is_found_by_its_tags_whatever_the_connection() {
    let mut lone = Lone::new();
    let tcp = |connection| Flow { transport: Transport::Tcp, connection, ..flow(A, crate::wire::B) };
    let usage = lone.sip.invite(0, sip::dialog::OutgoingInvite { flow: tcp(1), ..order("call", sdp()) }).expect("room");
    lone.poll();
    lone.sip.handle_datagram(0, &tcp(1), Lone::answer(200, "b1", "").as_bytes());
    lone.sip.flow_failed(10, &tcp(1));
    lone.poll();
    assert!(matches!(lone.take()[..], [Event::Answered { .. }]), "the loss of a flow is no hang-up");
    lone.sip.handle_datagram(20, &tcp(2), Lone::request(Method::Info, 5, "").as_bytes());
    lone.poll();
    assert!(matches!(lone.take()[..], [Event::Info { .. }]));
    lone.sip.bye(30, usage, none()).expect("confirmed");
    let sent: Vec<_> = std::iter::from_fn(|| lone.sip.poll()).collect();
    assert!(matches!(&sent[..], [Output::Transmit(bye)] if bye.flow == tcp(2)), "over the flow seen last");
    assert_eq!(lone.sip.find(b"call", b"atag", b"b1"), Some(usage));
    assert_eq!(lone.sip.find(b"call", b"atag", b"zz"), None);
}

fn bye_goes_to(nat: Nat, contact: &str) -> String {
    let mut sip = Endpoint::new(EndpointConfig { nat, ..EndpointConfig::default() }, [1; 32]);
    let seen = flow(A, "198.51.100.7:40000");
    let invite = sip::dialog::OutgoingInvite { flow: seen, ..order("call", sdp()) };
    let usage = sip.invite(0, invite).expect("room");
    sip.handle_datagram(0, &seen, Lone::answer(200, "b1", "").replace("sip:200@192.0.2.2:5060", contact).as_bytes());
    while sip.poll().is_some() {}
    sip.bye(0, usage, none()).expect("confirmed");
    match sip.poll() {
        Some(Output::Transmit(bye)) => {
            let message = Message::parse(&bye.bytes).expect("valid");
            assert_eq!(message.request_uri_raw(), contact.as_bytes(), "the target stays the Contact");
            bye.flow.remote.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn in_dialog_requests_reach_a_phone_behind_nat() {
    assert_eq!(bye_goes_to(Nat::Auto, "sip:200@192.168.7.7:5060"), "198.51.100.7:40000");
    assert_eq!(bye_goes_to(Nat::Contact, "sip:200@192.168.7.7:5060"), "192.168.7.7:5060");
    assert_eq!(bye_goes_to(Nat::Auto, "sip:200@203.0.113.5:5070"), "203.0.113.5:5070");
    assert_eq!(bye_goes_to(Nat::ObservedSource, "sip:200@203.0.113.5:5070"), "198.51.100.7:40000");
}

#[test]
fn a_stalled_machine_gives_nobody_up() {
    let mut pair = Pair::new();
    pair.a.sip.invite(0, order("call", sdp())).expect("room");
    pair.carry();
    let b = pair.b.invited();
    pair.lose = Box::new(|from_a, _| from_a);
    pair.b.sip.accept(0, b, none(), sdp()).expect("early");
    pair.carry();
    // A minute without a look at the sockets: the ACK lies there, the timers must not win.
    pair.now = 60_000;
    pair.a.sip.shift_timers(60_000);
    pair.b.sip.shift_timers(60_000);
    pair.lose = Box::new(|_, _| false);
    pair.run(61_000);
    assert!(matches!(pair.b.take()[1..], [Event::Acked { .. }]));
    assert_eq!(pair.times("BYE").len(), 0);
}
