//! Requests within a dialog: INFO in order, OPTIONS, NOTIFY, unknown dialogs, unusable INVITEs.

use crate::wire::{Lone, Pair, bytes, none, order, sdp};
use sip::dialog::{Event, OutgoingRequest};
use sip::message::{Body, HeaderName, Method};
use sip::transaction::Response;

fn digit(digit: char) -> Option<Body> {
    Some(Body::new("application/dtmf-relay", format!("Signal={digit}\r\nDuration=100\r\n")))
}

#[test]
fn overlapping_info_requests_are_answered_and_keep_their_order() {
    let mut pair = Pair::new();
    let (a, _) = pair.call();
    // Every second INFO is lost once, so that repetitions mix with new ones.
    let mut seen = Vec::new();
    pair.lose = Box::new(move |_, message| {
        let cseq = message.cseq().map_or(0, |cseq| cseq.number);
        let first = message.method() == Method::Info && message.is_request() && !seen.contains(&cseq);
        seen.push(cseq);
        first && cseq % 2 == 0
    });
    for d in "1234567890".chars() {
        pair.a.sip.send(0, a, Method::Info, none(), digit(d)).expect("open");
    }
    pair.run(10_000);
    let digits: String = pair
        .b
        .take()
        .iter()
        .map(|event| match event {
            Event::Info { content_type, body, .. } => {
                assert_eq!(content_type, &bytes("application/dtmf-relay"));
                char::from(body["Signal=".len()])
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(digits, "1234567890");
    assert_eq!(pair.a.take().iter().filter(|event| matches!(event, Event::RequestDone { code: 200, .. })).count(), 10);
}

#[test]
fn overlapping_info_of_a_peer_and_info_before_the_ack_are_answered() {
    let mut lone = Lone::new();
    let invite =
        Lone::request(Method::Invite, 1, "").replace("To: <sip:100@192.0.2.1>;tag=atag", "To: <sip:100@192.0.2.1>");
    lone.receive(&invite);
    let Some(Event::Invite { usage, .. }) = lone.take().pop() else { panic!("an INVITE came") };
    lone.sip.accept(0, usage, none(), sdp()).expect("early");
    lone.poll();
    let tag = String::from_utf8_lossy(lone.sent[1].to_tag()).into_owned();
    lone.sent.clear();
    for cseq in [2, 3, 4] {
        lone.receive(&Lone::request(Method::Info, cseq, "").replace("tag=atag", &format!("tag={tag}")));
    }
    assert_eq!(lone.take_sent(), ["200 INFO", "200 INFO", "200 INFO"]);
    let cseqs: Vec<_> = lone
        .take()
        .iter()
        .map(|event| match event {
            Event::Info { message, .. } => message.cseq().expect("cseq").number,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(cseqs, [2, 3, 4]);
    lone.receive(&Lone::request(Method::Ack, 1, "").replace("tag=atag", &format!("tag={tag}")));
    assert!(matches!(lone.take()[..], [Event::Acked { .. }]));
}

#[test]
fn options_and_notify_within_a_dialog() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.a.sip.send(0, a, Method::Options, none(), None).expect("open");
    pair.carry();
    assert!(matches!(&pair.a.take()[..], [Event::RequestDone { method: Method::Options, code: 200, .. }]));
    assert!(pair.last("200 OPTIONS").value(HeaderName::Allow).is_some());
    pair.a.sip.send(0, a, Method::Notify, none().with("Event", "talk"), None).expect("open");
    pair.carry();
    let events = pair.b.take();
    let [Event::InDialog { usage, key, message }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((*usage, message.value(HeaderName::Event)), (b, Some(&b"talk"[..])));
    pair.b.sip.respond(0, *key, &Response::new(200));
    pair.carry();
    assert!(matches!(pair.a.take()[..], [Event::RequestDone { method: Method::Notify, code: 200, .. }]));
}

#[test]
fn requests_for_unknown_dialogs_get_481() {
    let mut lone = Lone::new();
    for method in [Method::Bye, Method::Invite, Method::Info, Method::Notify, Method::Update] {
        lone.receive(&Lone::request(method, 1, ""));
        assert_eq!(lone.take_sent().pop(), Some(format!("481 {}", method.as_str())));
    }
    lone.receive(&Lone::request(Method::Ack, 1, ""));
    assert!(lone.sent.is_empty() && lone.take().is_empty());
    lone.receive(&Lone::request(Method::Bye, 2, "").replace(";tag=atag", ""));
    assert_eq!(lone.take_sent(), ["481 BYE"]);
}

#[test]
fn unusable_invites_are_refused() {
    let new = || Lone::request(Method::Invite, 1, "").replace(";tag=atag", "");
    let cases = [
        (new().replace("Contact: <sip:200@192.0.2.2:5060>\r\n", ""), 400),
        (new().replace("Content-Length: 0\r\n\r\n", "Content-Type: text/odd\r\nContent-Length: 1\r\n\r\nx"), 415),
        (new().replace("Contact:", "Accept: text/plain\r\nContact:"), 406),
        (new().replace("Contact:", "Content-Encoding: gzip\r\nContact:"), 415),
    ];
    for (text, code) in cases {
        let mut lone = Lone::new();
        lone.receive(&text);
        assert_eq!(lone.sent[0].code(), code, "{text}");
        assert!(lone.take().is_empty());
        assert_eq!(lone.sip.usage_count(), 0);
    }
    let mut lone = Lone::new();
    lone.receive(&new());
    lone.receive(&new().replace("branch=z9hG4bK-INVITE-1", "branch=z9hG4bK-other"));
    assert_eq!(lone.sent.last().map(sip::message::Message::code), Some(482), "the same INVITE by another path");
}

#[test]
fn requests_outside_dialogs_pass_through() {
    let mut pair = Pair::new();
    let request = OutgoingRequest {
        flow: crate::wire::flow(crate::wire::A, crate::wire::B),
        method: Method::Options,
        request_uri: b"sip:192.0.2.2".to_vec(),
        from: b"<sip:100@192.0.2.1>".to_vec(),
        from_tag: b"x".to_vec(),
        to: b"<sip:192.0.2.2>".to_vec(),
        call_id: b"ping".to_vec(),
        cseq: 1,
        headers: none(),
        body: None,
    };
    let asked = pair.a.sip.request(0, &request).expect("room");
    pair.carry();
    let events = pair.b.take();
    let [Event::Request { key, .. }] = &events[..] else { panic!("{events:?}") };
    pair.b.sip.respond(0, *key, &Response::new(200));
    pair.carry();
    assert!(
        matches!(&pair.a.take()[..], [Event::Response { key, message, .. }] if *key == asked && message.code() == 200)
    );
    let failed = pair.a.sip.request(0, &OutgoingRequest { cseq: 2, ..request }).expect("room");
    pair.a.sip.flow_failed(0, &crate::wire::flow(crate::wire::A, crate::wire::B));
    pair.carry();
    assert!(matches!(pair.a.take()[..], [Event::NoResponse { key, unreachable: true }] if key == failed));
    let _ = order;
}
