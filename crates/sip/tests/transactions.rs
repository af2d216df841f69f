//! Transactions on a virtual clock: repetition, absorption, CANCEL, refusals, limits (SIP design rows 1, 3, 9, 14, 18).

use bytes::Bytes;
use sip::message::{Headers, Message, Method};
use sip::transaction::{ClientKey, Config, Event, Outgoing, Response, ServerKey, Transactions};
use sip::transport::{Flow, Transport};
use std::fmt::Write as _;

const SEED: [u8; 32] = [7; 32];

fn flow(transport: Transport) -> Flow {
    Flow {
        transport,
        local: "192.0.2.1:5060".parse().expect("address"),
        remote: "192.0.2.9:5062".parse().expect("address"),
        connection: u64::from(transport != Transport::Udp),
    }
}

const UDP: Transport = Transport::Udp;

fn new() -> Transactions {
    Transactions::new(Config::default(), SEED)
}

fn request(method: &str, branch: &str, extra: &str) -> String {
    format!(
        "{method} sip:200@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5062;branch={branch}\r\nFrom: <sip:100@x>;tag=f\r\n\
         To: <sip:200@x>\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

/// Everything sent since the last look, as parsed messages.
fn sent(tx: &mut Transactions) -> Vec<Message> {
    std::iter::from_fn(|| tx.poll_transmit().or_else(|| tx.poll_trying()))
        .map(|t| Message::parse(&t.bytes).expect("we print valid messages"))
        .collect()
}

fn codes(tx: &mut Transactions) -> Vec<u16> {
    sent(tx).iter().map(Message::code).collect()
}

fn events(tx: &mut Transactions) -> Vec<Event> {
    std::iter::from_fn(|| tx.poll_event()).collect()
}

fn take_request(tx: &mut Transactions) -> ServerKey {
    match tx.poll_event() {
        Some(Event::Request { key, .. }) => key,
        other => panic!("a request was expected, not {other:?}"),
    }
}

/// Runs the clock to `until` and notes when something was sent.
fn run(tx: &mut Transactions, until: u64) -> Vec<u64> {
    let mut times = Vec::new();
    while let Some(at) = tx.poll_timeout().filter(|at| *at <= until) {
        tx.handle_timeout(at);
        times.extend(sent(tx).iter().map(|_| at));
    }
    times
}

fn receive(tx: &mut Transactions, now: u64, text: &str) {
    tx.handle_message(now, &flow(UDP), text.as_bytes());
}

fn outgoing(tx: &mut Transactions, now: u64, transport: Transport, method: Method, branch: &str) -> ClientKey {
    let bytes = Bytes::from(request(method.as_str(), branch, "Route: <sip:192.0.2.9;lr>\r\n"));
    tx.request(now, Outgoing { flow: flow(transport), method, branch: branch.as_bytes(), bytes, token: 42 })
}

fn answer(code: u16, method: &str, branch: &str, to_tag: &str) -> String {
    format!(
        "SIP/2.0 {code} X\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch={branch}\r\nFrom: <sip:100@x>;tag=f\r\n\
         To: <sip:200@x>;tag={to_tag}\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn a_repeated_invite_gets_the_last_response_and_the_same_tag() {
    let mut tx = new();
    let invite = request("INVITE", "z9hG4bKa", "");
    receive(&mut tx, 0, &invite);
    let key = take_request(&mut tx);
    let trying = sent(&mut tx);
    assert_eq!(trying[0].code(), 100);
    assert_eq!(trying[0].to_tag(), b"", "100 carries no tag");
    tx.respond(10, key, &Response::new(180));
    let ringing = sent(&mut tx);
    receive(&mut tx, 500, &invite);
    assert!(tx.poll_event().is_none());
    let again = sent(&mut tx);
    assert_eq!(again[0].as_bytes(), ringing[0].as_bytes());
    tx.respond(600, key, &Response::new(486));
    let busy = sent(&mut tx);
    assert_eq!(busy[0].to_tag(), ringing[0].to_tag());
    assert!(!busy[0].to_tag().is_empty());
}

#[test]
fn an_answer_that_follows_at_once_needs_no_100() {
    let mut tx = new();
    receive(&mut tx, 0, &request("INVITE", "z9hG4bKa", ""));
    receive(&mut tx, 0, &request("INVITE", "z9hG4bKb", ""));
    let (first, second) = (take_request(&mut tx), take_request(&mut tx));
    tx.respond(0, first, &Response::new(401));
    assert_eq!(codes(&mut tx), [401, 100], "one datagram for each");
    tx.respond(5, second, &Response::new(180));
    assert_eq!(codes(&mut tx), [180]);
    assert!(codes(&mut tx).is_empty());
}

#[test]
fn a_failure_is_repeated_until_the_ack_and_then_lingers() {
    let mut tx = new();
    receive(&mut tx, 0, &request("INVITE", "z9hG4bKa", ""));
    let key = take_request(&mut tx);
    tx.respond(0, key, &Response::new(486));
    sent(&mut tx);
    assert_eq!(run(&mut tx, 8_000), [500, 1_500, 3_500, 7_500]);
    receive(&mut tx, 8_100, &request("ACK", "z9hG4bKa", ""));
    assert!(run(&mut tx, 13_000).is_empty());
    assert_eq!(tx.len(), 1);
    run(&mut tx, 13_100);
    assert!(tx.is_empty() && tx.poll_timeout().is_none());
    assert!(events(&mut tx).is_empty());
}

#[test]
fn a_failure_nobody_acknowledges_ends_after_64_t1() {
    let mut tx = new();
    receive(&mut tx, 0, &request("INVITE", "z9hG4bKa", ""));
    let key = take_request(&mut tx);
    tx.respond(0, key, &Response::new(486));
    run(&mut tx, 31_999);
    assert!(events(&mut tx).is_empty());
    run(&mut tx, 32_000);
    assert!(matches!(events(&mut tx)[..], [Event::NotAcknowledged { .. }]));
    assert!(tx.is_empty());
}

#[test]
fn a_2xx_is_left_to_the_dialog_and_repeated_invites_are_absorbed() {
    let mut tx = new();
    receive(&mut tx, 0, &request("INVITE", "z9hG4bKa", ""));
    let key = take_request(&mut tx);
    assert!(tx.respond(0, key, &Response::new(200)).is_some());
    assert_eq!(codes(&mut tx), [200]);
    receive(&mut tx, 500, &request("INVITE", "z9hG4bKa", ""));
    assert!(sent(&mut tx).is_empty() && events(&mut tx).is_empty());
    assert!(tx.respond(600, key, &Response::new(486)).is_none(), "one final response only");
    assert!(run(&mut tx, 40_000).is_empty());
    assert!(tx.is_empty());
}

#[test]
fn requests_repeat_on_datagrams_with_the_right_intervals() {
    let mut tx = new();
    outgoing(&mut tx, 0, UDP, Method::Invite, "z9hG4bKi");
    sent(&mut tx);
    assert_eq!(run(&mut tx, 60_000), [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    assert!(matches!(events(&mut tx)[..], [Event::NoResponse { token: 42, method: Method::Invite, .. }]));
    let mut tx = new();
    outgoing(&mut tx, 0, UDP, Method::Bye, "z9hG4bKb");
    sent(&mut tx);
    assert_eq!(run(&mut tx, 60_000), [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert!(matches!(events(&mut tx)[..], [Event::NoResponse { method: Method::Bye, .. }]));
    assert!(tx.is_empty());
}

#[test]
fn nothing_repeats_on_a_stream() {
    let mut tx = new();
    outgoing(&mut tx, 0, Transport::Tcp, Method::Invite, "z9hG4bKi");
    sent(&mut tx);
    assert!(run(&mut tx, 60_000).is_empty());
    assert!(matches!(events(&mut tx)[..], [Event::NoResponse { .. }]));
}

#[test]
fn a_failure_of_our_invite_is_acknowledged_each_time() {
    let mut tx = new();
    outgoing(&mut tx, 0, UDP, Method::Invite, "z9hG4bKi");
    let invite = sent(&mut tx).remove(0);
    for now in [100, 600] {
        receive(&mut tx, now, &answer(486, "INVITE", "z9hG4bKi", "t"));
        let ack = sent(&mut tx).remove(0);
        assert_eq!((ack.method(), ack.to_tag()), (Method::Ack, &b"t"[..]));
        assert_eq!(ack.via().expect("via").branch(), invite.via().expect("via").branch());
        assert_eq!(ack.request_uri_raw(), invite.request_uri_raw());
        assert_eq!(ack.cseq().expect("cseq").number, 1);
        assert_eq!(ack.value(sip::message::HeaderName::Route), Some(&b"<sip:192.0.2.9;lr>"[..]));
    }
    assert!(matches!(events(&mut tx)[..], [Event::Response { .. }]), "reported once");
    run(&mut tx, 40_000);
    assert!(tx.is_empty());
}

#[test]
fn cancel_waits_for_a_provisional_and_has_the_branch_of_the_invite() {
    let mut tx = new();
    let key = outgoing(&mut tx, 0, UDP, Method::Invite, "z9hG4bKi");
    sent(&mut tx);
    tx.cancel(100, key, Headers::none().with("Reason", "SIP;cause=200"));
    assert!(sent(&mut tx).is_empty(), "not before a provisional response");
    receive(&mut tx, 200, &answer(180, "INVITE", "z9hG4bKi", "t"));
    let cancel = sent(&mut tx).remove(0);
    assert_eq!((cancel.method(), cancel.cseq().expect("cseq").number), (Method::Cancel, 1));
    assert_eq!(cancel.via().expect("via").branch(), b"z9hG4bKi");
    assert_eq!(cancel.to_tag(), b"");
    assert_eq!(cancel.value(sip::message::HeaderName::Reason), Some(&b"SIP;cause=200"[..]));
    receive(&mut tx, 300, &answer(200, "CANCEL", "z9hG4bKi", "t"));
    receive(&mut tx, 300, &answer(487, "INVITE", "z9hG4bKi", "t"));
    assert_eq!(sent(&mut tx)[0].method(), Method::Ack);
    run(&mut tx, 60_000);
    assert!(tx.is_empty());
}

#[test]
fn an_invite_that_outlives_its_cancel_is_given_up() {
    let mut tx = new();
    let key = outgoing(&mut tx, 0, UDP, Method::Invite, "z9hG4bKi");
    receive(&mut tx, 200, &answer(180, "INVITE", "z9hG4bKi", "t"));
    tx.cancel(1_000, key, Headers::none());
    receive(&mut tx, 1_100, &answer(200, "CANCEL", "z9hG4bKi", "t"));
    events(&mut tx);
    run(&mut tx, 33_000);
    let left = events(&mut tx);
    assert!(matches!(left[..], [Event::NoResponse { method: Method::Invite, .. }]), "{left:?}");
}

#[test]
fn a_cancel_is_answered_and_reported_once() {
    let mut tx = new();
    receive(&mut tx, 0, &request("INVITE", "z9hG4bKa", ""));
    let key = take_request(&mut tx);
    tx.set_token(key, 9);
    tx.respond(0, key, &Response::new(180));
    let tag = sent(&mut tx)[0].to_tag().to_vec();
    receive(&mut tx, 10, &request("CANCEL", "z9hG4bKa", ""));
    receive(&mut tx, 20, &request("CANCEL", "z9hG4bKa", ""));
    let answers = sent(&mut tx);
    assert_eq!(answers.iter().map(Message::code).collect::<Vec<_>>(), [200, 200]);
    assert_eq!(answers[0].to_tag(), tag);
    assert!(matches!(events(&mut tx)[..], [Event::Cancelled { invite, token: 9, .. }] if invite == key));
    receive(&mut tx, 30, &request("CANCEL", "z9hG4bKother", ""));
    assert_eq!(codes(&mut tx), [481]);
    tx.respond(40, key, &Response::new(200));
    receive(&mut tx, 50, &request("CANCEL", "z9hG4bKa", ""));
    assert!(events(&mut tx).is_empty(), "too late to cancel");
}

#[test]
fn readable_but_wrong_requests_get_their_code_and_a_tag() {
    let cases = [
        (request("OPTIONS", "z9hG4bKa", "Max-Forwards: 0\r\n"), 483),
        (request("OPTIONS", "z9hG4bKa", "Require: foobar\r\n"), 420),
        (request("OPTIONS", "z9hG4bKa", "Require: 100rel, timer\r\n"), 0),
        (request("WHATEVER", "z9hG4bKa", ""), 501),
        (request("MESSAGE", "z9hG4bKa", ""), 405),
        (request("OPTIONS", "z9hG4bKa", "").replace("CSeq: 1 OPTIONS", "CSeq: x OPTIONS"), 400),
        (request("OPTIONS", "z9hG4bKa", "").replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"), 400),
        (request("OPTIONS", "z9hG4bKa", "").replace("Call-ID: c1\r\n", ""), 400),
        (request("OPTIONS", "z9hG4bKa", "").replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), 505),
        (request("OPTIONS", "z9hG4bKa", "Content-Length: 3\r\n"), 400),
        (request("OPTIONS", "z9hG4bKa", "").replace("Length: 0", "Length: 9"), 400),
    ];
    for (text, code) in cases {
        let mut tx = new();
        receive(&mut tx, 0, &text);
        let answers = sent(&mut tx);
        assert_eq!(answers.first().map_or(0, Message::code), code, "{text}");
        if code == 0 {
            continue;
        }
        assert!(!answers[0].to_tag().is_empty());
        assert!(tx.is_empty() && events(&mut tx).is_empty(), "no state is kept for {text}");
        receive(&mut tx, 0, &text);
        assert_eq!(sent(&mut tx)[0].as_bytes(), answers[0].as_bytes(), "repeated alike");
    }
    let mut tx = new();
    receive(&mut tx, 0, &request("OPTIONS", "z9hG4bKa", "Require: foobar, 100rel\r\n"));
    assert_eq!(sent(&mut tx)[0].value(sip::message::HeaderName::Unsupported), Some(&b"foobar"[..]));
    receive(&mut tx, 0, &request("ACK", "z9hG4bKa", "Max-Forwards: 0\r\nRequire: x\r\n"));
    assert!(sent(&mut tx).is_empty(), "an ACK is never answered");
}

#[test]
fn answers_go_where_the_via_says() {
    let mut tx = new();
    receive(&mut tx, 0, &request("OPTIONS", "z9hG4bKa", "").replace("9:5062", "9:5099"));
    let key = take_request(&mut tx);
    tx.respond(0, key, &Response::new(200));
    assert_eq!(tx.poll_transmit().expect("answer").flow.remote.port(), 5099);
    receive(&mut tx, 0, &request("OPTIONS", "z9hG4bKb", "").replace("9:5062;", "8:5099;rport ; x=1;"));
    let key = take_request(&mut tx);
    tx.respond(0, key, &Response::new(200));
    let transmit = tx.poll_transmit().expect("answer");
    assert_eq!(transmit.flow.remote.port(), 5062);
    let answer = Message::parse(&transmit.bytes).expect("valid");
    let via = answer.via().expect("via");
    assert_eq!((via.rport(), via.received()), (Some(5062), Some("192.0.2.9".parse().expect("address"))));
    assert_eq!(via.params.get("x"), Some(&b"1"[..]));
}

#[test]
fn old_peers_without_the_magic_cookie_are_matched() {
    let mut tx = new();
    let invite = request("INVITE", "1", "").replace(";branch=1", "");
    receive(&mut tx, 0, &invite);
    let key = take_request(&mut tx);
    receive(&mut tx, 100, &invite);
    assert!(tx.poll_event().is_none());
    tx.respond(200, key, &Response::new(486));
    receive(&mut tx, 300, &request("ACK", "1", "").replace(";branch=1", "").replace("200@x>", "200@x>;tag=z"));
    assert!(events(&mut tx).is_empty(), "the ACK is absorbed");
    sent(&mut tx);
    assert!(run(&mut tx, 20_000).is_empty());
    assert!(tx.is_empty());
}

#[test]
fn a_full_table_refuses_what_is_new_but_not_what_belongs_to_a_dialog() {
    let mut tx = Transactions::new(Config { transactions_max: 2, ..Config::default() }, SEED);
    for branch in ["z9hG4bK1", "z9hG4bK2", "z9hG4bK3"] {
        receive(&mut tx, 0, &request("OPTIONS", branch, ""));
    }
    let refusal = sent(&mut tx).remove(0);
    assert_eq!((refusal.code(), refusal.number(sip::message::HeaderName::RetryAfter)), (503, Some(5)));
    assert_eq!((events(&mut tx).len(), tx.dropped().refused), (2, 1));
}

#[test]
fn timers_move_by_a_pause() {
    let mut tx = new();
    outgoing(&mut tx, 0, UDP, Method::Options, "z9hG4bKo");
    sent(&mut tx);
    tx.shift_timers(100_000);
    assert_eq!(tx.poll_timeout(), Some(100_500));
    assert_eq!(run(&mut tx, 101_500), [100_500, 101_500]);
    assert!(events(&mut tx).is_empty());
}

#[test]
fn a_lost_path_fails_what_waits_on_it() {
    let mut tx = new();
    outgoing(&mut tx, 0, UDP, Method::Options, "z9hG4bKo");
    tx.flow_failed(&flow(UDP));
    assert!(matches!(events(&mut tx)[..], [Event::NoResponse { unreachable: true, .. }]));
    assert!(tx.is_empty() && tx.timer_count() == 0);
}

#[test]
fn ten_thousand_requests_leave_nothing_behind() {
    let mut tx = new();
    let mut branch = String::new();
    for n in 0..10_000u32 {
        branch.clear();
        write!(branch, "z9hG4bK{n}").expect("to a string");
        let method = if n % 2 == 0 { "INVITE" } else { "OPTIONS" };
        receive(&mut tx, u64::from(n), &request(method, &branch, ""));
        let key = take_request(&mut tx);
        tx.respond(u64::from(n), key, &Response::new(if n % 4 == 0 { 200 } else { 404 }));
        outgoing(&mut tx, u64::from(n), UDP, Method::Options, &branch);
        receive(&mut tx, u64::from(n), &answer(200, "OPTIONS", &branch, "t"));
        sent(&mut tx);
        events(&mut tx);
    }
    run(&mut tx, 100_000);
    assert_eq!((tx.len(), tx.timer_count(), tx.poll_timeout()), (0, 0, None));
}
