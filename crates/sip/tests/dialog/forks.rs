//! Forked INVITEs: one early dialog per branch, one session in the end.

use crate::wire::{Lone, name, none, order, sdp};
use sip::dialog::Event;
use sip::message::Method;

#[test]
fn each_fork_has_its_early_dialog_and_the_second_2xx_is_dismissed() {
    let mut lone = Lone::new();
    let usage = lone.sip.invite(0, order("call", sdp())).expect("room");
    lone.poll();
    for (code, tag) in [(180, "b1"), (183, "b2"), (180, "b1"), (180, "")] {
        lone.receive(&Lone::answer(code, tag, "").replace(";tag=\r\n", "\r\n"));
    }
    let forks: Vec<_> = lone
        .take()
        .iter()
        .map(|event| match event {
            Event::Provisional { fork, .. } => *fork,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(forks, [Some(0), Some(1), Some(0), None]);
    lone.receive(&Lone::answer(200, "b2", ""));
    lone.take_sent();
    assert!(matches!(lone.take()[..], [Event::Answered { .. }]));
    assert_eq!(lone.sip.info(usage).expect("usage").remote_tag, b"b2");
    lone.receive(&Lone::answer(200, "b1", ""));
    let to: Vec<_> = lone.sent.iter().map(|message| (name(message), message.to_tag().to_vec())).collect();
    assert_eq!(to, [("ACK".to_owned(), b"b1".to_vec()), ("BYE".to_owned(), b"b1".to_vec())]);
    assert_eq!(lone.sent[1].cseq().expect("cseq").number, 2);
    lone.sent.clear();
    lone.receive(&Lone::answer(200, "b2", ""));
    assert_eq!(lone.take_sent(), ["ACK"], "a repeated 2xx is acknowledged again");
    assert!(lone.take().is_empty());
    // The BYE of the fork nobody wants concerns nobody.
    lone.run(40_000);
    assert!(lone.take().is_empty());
}

#[test]
fn a_late_2xx_after_the_end_is_dismissed_but_an_invented_one_is_ignored() {
    let mut lone = Lone::new();
    lone.sip.invite(0, order("call", sdp())).expect("room");
    lone.receive(&Lone::answer(200, "b1", ""));
    lone.receive(&Lone::request(Method::Bye, 1, ""));
    lone.take_sent();
    lone.receive(&Lone::answer(200, "b7", ""));
    assert_eq!(lone.take_sent(), ["ACK", "BYE"]);
    lone.receive(
        &Lone::answer(200, "b7", "").replace("z9hG4bK-call", "z9hG4bK-other").replace("Call-ID: call", "Call-ID: x"),
    );
    assert!(lone.take_sent().is_empty());
}

#[test]
fn the_route_set_of_the_answer_is_followed_in_reverse() {
    let mut lone = Lone::new();
    let usage = lone.sip.invite(0, order("call", sdp())).expect("room");
    let routes = "Record-Route: <sip:192.0.2.51;lr>, <sip:192.0.2.52;lr>\r\nRecord-Route: <sip:192.0.2.53;lr>\r\n";
    lone.receive(&Lone::answer(200, "b1", routes));
    lone.sent.clear();
    lone.sip.bye(0, usage, none()).expect("confirmed");
    lone.poll();
    let bye = &lone.sent[0];
    assert_eq!(bye.request_uri_raw(), b"sip:200@192.0.2.2:5060");
    let routes: Vec<_> = bye.elements(sip::message::HeaderName::Route).map(String::from_utf8_lossy).collect();
    assert_eq!(routes, ["<sip:192.0.2.53;lr>", "<sip:192.0.2.52;lr>", "<sip:192.0.2.51;lr>"]);
}

#[test]
fn a_strict_first_router_takes_the_place_of_the_target() {
    let mut lone = Lone::new();
    let usage = lone.sip.invite(0, order("call", sdp())).expect("room");
    lone.receive(&Lone::answer(200, "b1", "Record-Route: <sip:192.0.2.52;lr>, <sip:192.0.2.53>\r\n"));
    lone.sent.clear();
    lone.sip.bye(0, usage, none()).expect("confirmed");
    lone.poll();
    assert_eq!(lone.sent[0].request_uri_raw(), b"sip:192.0.2.53");
    let routes: Vec<_> = lone.sent[0].elements(sip::message::HeaderName::Route).map(String::from_utf8_lossy).collect();
    assert_eq!(routes, ["<sip:192.0.2.52;lr>", "<sip:200@192.0.2.2:5060>"]);
}
