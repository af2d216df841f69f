//! The registry: every decoder of foreign bytes, one function each. A target calls what a peer's bytes would reach, and
//! where something can be printed again, that it reads back the same.

mod console;
mod fusion;
mod ipxapi;

use dialects::voicenter;
use dialects::voicenter::session::Said;
use dialects::voicenter::wire::Json;
use media::{Component, Relay, RelayConfig};
use sip::digest::{Answer, Challenge, Credentials, answer_challenge, uris_agree};
use sip::message::{HeaderName, Message};
use sip::sdp::{Audio, OurOrigin, Session, rewrite_for_relay};
use sip::transport::{Frame, FrameError, Framer};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A named decoder.
pub struct Target {
    /// Also the name of its corpus directory.
    pub name: &'static str,
    /// Feeds one input; a panic is a failure.
    pub run: fn(&[u8]),
}

/// All targets, in the order in which they run.
pub const TARGETS: &[Target] = &[
    Target { name: "sip_message", run: sip_message },
    Target { name: "sip_stream", run: sip_stream },
    Target { name: "sdp", run: sdp },
    Target { name: "digest", run: digest },
    Target { name: "rtp_relay", run: rtp_relay },
    Target { name: "clickcall", run: clickcall },
    Target { name: "fusion_http", run: fusion::http },
    Target { name: "fusion_parameters", run: fusion::parameters },
    Target { name: "fusion_pattern", run: fusion::pattern },
    Target { name: "ipxapi_parameters", run: ipxapi::parameters },
    Target { name: "ipxapi_query", run: ipxapi::query },
    Target { name: "ipxapi_token", run: ipxapi::token },
    Target { name: "ipxapi_head", run: ipxapi::head },
    Target { name: "ipxapi_delete", run: ipxapi::delete },
    Target { name: "ipxapi_socket", run: ipxapi::socket },
    Target { name: "telservices", run: telservices },
    Target { name: "telservices_http", run: telservices_http },
    Target { name: "telservices_url", run: telservices_url },
    Target { name: "voicenter_request", run: voicenter_request },
    Target { name: "voicenter_json", run: voicenter_json },
    Target { name: "voicenter_ack", run: voicenter_ack },
    Target { name: "voicenter_channel", run: voicenter_channel },
    Target { name: "console_http", run: console::http },
    Target { name: "console_message", run: console::message },
];

/// A SIP datagram: every typed view of it is looked at, and what was read reads the same a second time.
fn sip_message(input: &[u8]) {
    let Ok(message) = Message::parse(input) else { return };
    let _ = (message.request_fault(), message.method(), message.code(), message.via(), message.cseq());
    let _ = (message.from_tag(), message.to_tag(), message.call_id(), message.max_forwards(), message.sdp());
    let _ = (message.number(HeaderName::Expires), message.lists(HeaderName::Supported, "100rel"));
    if let Ok(uri) = message.request_uri() {
        let _ = format!("{uri:?}");
    }
    for contact in message.contacts().chain([message.from(), message.to()]).flatten() {
        let _ = (contact.tag(), contact.display_name());
    }
    let again = Message::parse(message.as_bytes()).expect("what was read once is readable");
    assert!(message.headers().eq(again.headers()), "the headers changed");
    assert_eq!(message.body(), again.body());
}

/// A byte stream: it is cut into the same messages whether it arrives at once or drop by drop.
fn sip_stream(input: &[u8]) {
    let whole = frames(input, input.len().max(1));
    let drops = frames(input, if input.len() < 512 { 1 } else { 17 });
    assert_eq!(whole, drops);
}

/// The messages of a stream that arrives in pieces of `piece` bytes, and how it broke.
fn frames(input: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut framer = Framer::new();
    let mut messages = Vec::new();
    for part in input.chunks(piece) {
        framer.push(part);
        while let Some(frame) = framer.next() {
            match frame {
                Ok(Frame::Message(message)) => messages.push(message.to_vec()),
                Ok(Frame::Ping) => {}
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// A session description: printed it reads the same, and rewritten for the relay it keeps its number of streams and names
/// no address of the peer's for the stream it keeps.
fn sdp(input: &[u8]) {
    let Ok(session) = Session::parse(input) else { return };
    assert_eq!(Session::parse(session.to_string().as_bytes()).as_ref(), Ok(&session), "printing changed it");
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20_000);
    let ours = rewrite_for_relay(&session, local, &mut OurOrigin::new(7));
    assert_eq!(ours.media.len(), session.media.len());
    assert_eq!(Audio::of(&session).map(|audio| audio.index), Audio::of(&ours).map(|audio| audio.index));
    assert!(Audio::of(&ours).is_none_or(|audio| audio.rtp == Some(local)), "another address than the relay's");
}

/// A digest header of either direction. What we answer to a challenge is readable credentials for its realm.
fn digest(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let _ = uris_agree(&text, "sip:1101@pbx.example");
    if let Ok(credentials) = Credentials::parse(&text) {
        let _ = (credentials.username(), credentials.realm());
    }
    if let Ok(challenge) = Challenge::parse(&text) {
        let answer = Answer {
            method: "INVITE",
            uri: "sip:1102@pbx.example",
            username: "1101",
            password: "secret",
            cnonce: "0a4f113b",
            nonce_count: 1,
        };
        let credentials = Credentials::parse(&answer_challenge(&challenge, &answer)).expect("we print what we read");
        // A quoted string cannot hold a control character (RFC 3261 25.1); none is printed.
        let printable: String = challenge.realm.chars().filter(|c| !c.is_control()).collect();
        assert_eq!(credentials.realm(), printable);
    }
}

/// A datagram at a bridged port: as RTP, as RTCP, and as two RTP packets that follow each other. It may be forwarded to
/// the bridged port's peer or to nobody, never elsewhere.
fn rtp_relay(input: &[u8]) {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let relay = Relay::virtual_ports(&RelayConfig { ports: 20_000..=20_007, ..RelayConfig::default() });
    let a = relay.allocate(here).expect("an empty pool has a pair");
    let b = relay.allocate(here).expect("a pool of four pairs has two");
    let (phone_a, phone_b) = (SocketAddr::new(here, 4_000), SocketAddr::new(here, 5_000));
    relay.set_remote(a.id, phone_a, None).expect("a is allocated");
    relay.set_remote(b.id, phone_b, None).expect("b is allocated");
    relay.bridge(a.id, b.id).expect("both are allocated");
    relay.set_telephone_event(a.id, Some(101)).expect("a is allocated");
    relay.map_payload(a.id, 101, 96).expect("a is allocated");

    let (head, tail) = input.split_at(input.len() / 2);
    let packets = [(Component::Rtp, input), (Component::Rtcp, input), (Component::Rtp, head), (Component::Rtp, tail)];
    for (component, packet) in packets {
        let mut packet = packet.to_vec();
        if let Some(delivery) = relay.deliver(a.id, component, phone_a, &mut packet) {
            assert!(
                delivery.from == b.id && delivery.to.ip() == here && [5_000, 5_001].contains(&delivery.to.port()),
                "{delivery:?}"
            );
        }
        relay.advance(Duration::from_millis(20));
    }
    while relay.poll_event().is_some() {}
}

/// A body at the ClickCall door, under a content type that names a boundary and under none: at most so many commands come out, and
/// nothing that was sent is longer in them than in the document.
fn clickcall(input: &[u8]) {
    use dialects::clickcall::wire::{body, request};
    for kind in [Some("multipart/form-data; boundary=b0"), None] {
        let Some(document) = body::document(kind, input) else { continue };
        let Ok(document) = request::read(document) else { continue };
        assert!(document.commands.len() <= request::COMMANDS_MAX);
        for command in &document.commands {
            let texts = [&command.stnnum, &command.userid, &command.userpwd, &command.source, &command.destination];
            assert!(texts.iter().map(|text| text.len()).sum::<usize>() <= input.len(), "something grew");
        }
    }
}

/// A TelServices request: its end is found at the same octet however it arrives, and what is cut so is read or refused.
fn telservices(input: &[u8]) {
    use dialects::telservices::wire::{decode, framing::Framer};
    let at_once = Framer::default().feed(input);
    let mut framer = Framer::default();
    let mut drops = framer.feed(&[]);
    for piece in input.chunks(3) {
        drops = framer.feed(piece);
    }
    assert_eq!(at_once, drops);
    if let dialects::telservices::wire::framing::Progress::Done(end) = at_once {
        let request = decode(&input[..end]);
        assert_eq!(request, decode(&input[..end]), "the same octets are the same request");
    }
    let _ = decode(input);
}

/// A TelServices request over HTTP: head and body, whole and in pieces, are the same.
fn telservices_http(input: &[u8]) {
    use dialects::telservices::wire::Bounds;
    use dialects::telservices::{Body, parse_http};
    let bounds = Bounds::default();
    let Ok(Some((_, framing, end))) = parse_http(input, &bounds) else { return };
    let whole = {
        let mut body = Body::new(framing, bounds);
        body.take(&mut input[end..].to_vec()).map(|done| done.then(|| body.finish()))
    };
    let mut body = Body::new(framing, bounds);
    let mut buffer = Vec::new();
    let mut pieces = body.take(&mut buffer);
    for piece in input[end..].chunks(3) {
        if pieces != Ok(false) {
            break;
        }
        buffer.extend_from_slice(piece);
        pieces = body.take(&mut buffer);
    }
    match (whole, pieces) {
        (Ok(Some(whole)), Ok(true)) => assert_eq!(whole, body.finish()),
        (Ok(None), Ok(false)) | (Err(_), Err(_)) => {}
        (whole, pieces) => panic!("{whole:?} at once and {pieces:?} in pieces"),
    }
}

/// A call by a URL: what comes out is a call between two numbers without blanks, and its data are within their bound.
fn telservices_url(input: &[u8]) {
    use dialects::telservices::from_query;
    use dialects::telservices::wire::{DEVICE_LEN_MAX, EXTRA_DATA_LEN_MAX, Request};
    let query = String::from_utf8_lossy(input);
    match from_query(&query) {
        None => {}
        Some(Request::MakeCall { device, called, extra }) => {
            assert!(device.len() <= DEVICE_LEN_MAX && !device.is_empty() && !device.contains(' '), "{device}");
            assert!(!called.is_empty() && !called.contains(' '), "{called}");
            assert!(extra.is_none_or(|extra| (1..=EXTRA_DATA_LEN_MAX).contains(&extra.len())));
        }
        Some(other) => panic!("no call: {other:?}"),
    }
}

/// A request of the Voicenter door: path and query on the first line, content type on the second, then the body. What it holds is
/// text without blanks around it, and a window of time does not end before it begins.
fn voicenter_request(input: &[u8]) {
    let mut parts = input.splitn(3, |octet| *octet == b'\n');
    let mut line = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let (target, kind) = (line(), line());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let kind = (!kind.is_empty()).then_some(kind.as_str());
    let Some((endpoint, Ok(params))) = voicenter::decode(path, query, kind, parts.next().unwrap_or_default()) else {
        return;
    };
    for name in ["code", "phone", "target", "format", "fields", "search"] {
        let text = params.text(name).unwrap_or_default();
        assert_eq!(text, text.trim(), "{name}");
        if let Some(number) = voicenter::number::e164(&text, "972") {
            assert!(number.len() <= 15 && number.bytes().all(|octet| octet.is_ascii_digit()), "{number}");
            assert_eq!(voicenter::number::comparable(&number, "972"), number, "a number stays what it is");
        }
    }
    let _ = (params.list(&["phones"]), params.beginning("var_"));
    if endpoint == voicenter::Endpoint::CallLog
        && let Some((from_ms, to_ms)) = voicenter::window(&params, 1_700_000_000_000, "972")
    {
        assert!(from_ms.is_none_or(|from_ms| from_ms <= to_ms));
    }
}

/// JSON of the Voicenter door: what was read is written so that it reads again, and the same but for numbers that no integer holds.
fn voicenter_json(input: &[u8]) {
    fn rounded(value: &Json) -> bool {
        match value {
            Json::Number(number) => number.parse::<i128>().is_err() || number.len() > 18,
            Json::Array(values) => values.iter().any(rounded),
            Json::Object(fields) => fields.iter().any(|(_, value)| rounded(value)),
            Json::Null | Json::Bool(_) | Json::Text(_) => false,
        }
    }
    let Some(value) = Json::parse(input) else { return };
    let again = Json::parse(value.write().as_bytes()).expect("what was written is JSON");
    assert!(again == value || rounded(&value), "writing changed it: {value:?}");
}

/// The acknowledgement of somebody's server: what it says does not change by blanks around it.
fn voicenter_ack(input: &[u8]) {
    let ack = voicenter::push::Ack::read(input);
    let padded = [b" \r\n", input, b"\n "].concat();
    assert_eq!(voicenter::push::Ack::read(&padded), ack);
}

/// A message of the real-time channel: an event has its name and one payload, which is written so that it reads again.
fn voicenter_channel(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Said::Event(name, payload, ack) = Said::read(text) {
        let number = ack.map(|number| number.to_string()).unwrap_or_default();
        let again = format!("42{number}[{},{}]", Json::text(name.as_str()).write(), payload.write());
        assert!(matches!(Said::read(&again), Said::Event(known, _, same) if known == name && same == ack), "{again}");
    }
}
