//! The torture messages of RFC 4475 and RFC 5118, byte for byte, against a whole endpoint; and their mutations, against
//! every reader of foreign bytes (SIP design row 15).

use sip::Endpoint;
use sip::dialog::{EndpointConfig, Event, Output};
use sip::message::{HeaderName, Message, Method, Unreadable};
use sip::transport::{Flow, Framer, Transport};
use std::path::PathBuf;

/// What an endpoint makes of a message.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Its user gets the request.
    Request(Method),
    /// It answers by itself.
    Answer(u16),
    /// It says nothing.
    Silence,
}
use Fate::{Answer, Request, Silence};

fn fixture(folder: &str, name: &str) -> Vec<u8> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder).join(format!("{name}.dat"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(folder: &str, name: &str) -> Message {
    Message::parse(&fixture(folder, name)).expect("readable")
}

fn flow(remote: &str) -> Flow {
    let local = if remote.starts_with('[') { "[2001:db8::10]:5060" } else { "192.0.2.200:5060" };
    Flow {
        transport: Transport::Udp,
        local: local.parse().expect("address"),
        remote: remote.parse().expect("address"),
        connection: 0,
    }
}

fn fate(bytes: &[u8], remote: &str) -> Fate {
    let mut sip = Endpoint::new(EndpointConfig::default(), [5; 32]);
    sip.handle_datagram(0, &flow(remote), bytes);
    let mut fate = Silence;
    while let Some(output) = sip.poll() {
        match output {
            Output::Event(Event::Invite { message, .. } | Event::Request { message, .. }) => {
                fate = Request(message.method());
            }
            Output::Event(other) => panic!("{other:?}"),
            Output::Transmit(transmit) => {
                let answer = Message::parse(&transmit.bytes).expect("we print valid messages");
                if answer.code() != 100 {
                    fate = Answer(answer.code());
                }
            }
        }
    }
    fate
}

const RFC4475: [(&str, Fate); 49] = [
    // 3.1.1 valid messages. `wsinv` names a dialog nobody knows.
    ("wsinv", Answer(481)),
    ("intmeth", Answer(501)),
    ("esc01", Request(Method::Invite)),
    ("escnull", Request(Method::Register)),
    ("esc02", Answer(501)),
    ("lwsdisp", Request(Method::Options)),
    ("longreq", Request(Method::Invite)),
    ("dblreq", Request(Method::Register)),
    ("semiuri", Request(Method::Options)),
    ("transports", Request(Method::Options)),
    // Well formed; an instant message is nothing that a telephone exchange takes.
    ("mpart01", Answer(405)),
    ("unreason", Silence),
    ("noreason", Silence),
    // 3.1.2 invalid messages.
    ("badinv01", Answer(400)),
    ("clerr", Answer(400)),
    ("ncl", Answer(400)),
    ("scalar02", Answer(400)),
    ("scalarlg", Silence),
    ("quotbal", Answer(400)),
    ("ltgtruri", Answer(400)),
    ("lwsruri", Answer(400)),
    // Too much space in the request line is forgiven, as the RFC allows.
    ("lwsstart", Request(Method::Invite)),
    ("trws", Request(Method::Options)),
    ("escruri", Answer(400)),
    ("baddate", Request(Method::Invite)),
    ("regbadct", Answer(400)),
    ("badaspec", Answer(400)),
    // A display name with a comma and no quotes is forgiven, as the RFC allows.
    ("baddn", Request(Method::Options)),
    ("badvers", Answer(505)),
    ("mismatch01", Answer(400)),
    ("mismatch02", Answer(501)),
    ("bigcode", Silence),
    // 3.2 and 3.3.
    ("badbranch", Request(Method::Options)),
    ("insuf", Answer(400)),
    ("unkscm", Answer(416)),
    ("novelsc", Answer(416)),
    ("unksm2", Request(Method::Register)),
    ("bext01", Answer(420)),
    ("invut", Answer(415)),
    ("regaut01", Request(Method::Register)),
    ("multi01", Answer(400)),
    ("mcl01", Answer(400)),
    ("bcast", Silence),
    ("zeromf", Answer(483)),
    ("cparam01", Request(Method::Register)),
    ("cparam02", Request(Method::Register)),
    ("regescrt", Request(Method::Register)),
    ("sdp01", Answer(406)),
    // 3.4 an INVITE of RFC 2543, without tag, branch and Contact.
    ("inv2543", Request(Method::Invite)),
];

const RFC5118: [(&str, Fate); 12] = [
    ("ipv6-good", Request(Method::Register)),
    ("ipv6-bad", Answer(400)),
    ("port-ambiguous", Request(Method::Register)),
    ("port-unambiguous", Request(Method::Register)),
    ("via-received-param-with-delim", Answer(481)),
    ("via-received-param-no-delim", Request(Method::Options)),
    // The Content-Length printed in the RFC goes beyond the printed body: see below for the corrected message.
    ("ipv6-in-sdp", Answer(400)),
    ("mult-ip-in-header", Answer(481)),
    ("mult-ip-in-sdp", Request(Method::Invite)),
    ("ipv4-mapped-ipv6", Request(Method::Invite)),
    ("ipv6-bug-abnf-3-colons", Request(Method::Options)),
    ("ipv6-correct-abnf-2-colons", Request(Method::Options)),
];

#[test]
fn rfc4475_messages_meet_their_fate() {
    for (name, expected) in RFC4475 {
        assert_eq!(fate(&fixture("rfc4475", name), "192.0.2.9:5060"), expected, "{name}");
    }
}

#[test]
fn rfc5118_messages_meet_their_fate() {
    for (name, expected) in RFC5118 {
        assert_eq!(fate(&fixture("rfc5118", name), "[2001:db8::9:1]:5060"), expected, "{name}");
    }
}

#[test]
fn ipv6_in_a_body_is_no_obstacle_once_the_length_is_right() {
    let text = String::from_utf8(fixture("rfc5118", "ipv6-in-sdp")).expect("text");
    let corrected = text.replace("Content-Length: 268", "Content-Length: 251");
    assert_eq!(fate(corrected.as_bytes(), "[2001:db8::20]:5060"), Request(Method::Invite));
    let sdp = Message::parse(corrected.as_bytes()).expect("readable").sdp().expect("a body");
    assert!(sdp.ends_with(b"a=rtpmap:107 H263-1998/90000\r\n"));
}

#[test]
fn the_short_tortuous_invite_is_read_to_the_last_detail() {
    let message = parse("rfc4475", "wsinv");
    assert_eq!(message.request_fault(), None);
    assert_eq!(message.to_tag(), b"1918181833n");
    let from = message.from().expect("From");
    assert_eq!((from.display_name().as_ref(), from.tag()), (&b"J Rosenberg \\\""[..], Some(&b"98asjd8"[..])));
    assert_eq!(message.max_forwards(), Some(68));
    assert_eq!(message.cseq().map(|cseq| (cseq.number, cseq.known_method())), Ok((9, Method::Invite)));
    let vias: Vec<_> =
        message.elements(HeaderName::Via).map(|via| sip::message::Via::parse(via).expect("Via")).collect();
    let read: Vec<_> = vias.iter().map(|via| (via.transport, via.host, via.branch())).collect();
    assert_eq!(
        read,
        [
            (&b"UDP"[..], &b"192.0.2.2"[..], &b"390skdjuw"[..]),
            (b"TCP", b"spindle.example.com", b"z9hG4bK9ikj8"),
            (b"UDP", b"192.168.255.111", b"z9hG4bK30239"),
        ]
    );
    assert_eq!(message.value(HeaderName::Subject), Some(&b""[..]));
    assert_eq!(message.value_of("UnknownHeaderWithUnusualValue"), Some(&b";;,,;;,;"[..]));
    let folded = message.value_of("newfangledheader").expect("header");
    assert!(folded.starts_with(b"newfangled value ") && folded.ends_with(b"continued newfangled value"));
    let contact = message.contacts().next().expect("Contact").expect("valid");
    assert_eq!(contact.params.get("q"), Some(&b"0.33"[..]));
    assert_eq!(message.sdp().map(|sdp| sdp.len()), Some(150));
}

#[test]
fn strange_but_valid_fields_are_kept() {
    let message = parse("rfc4475", "intmeth");
    assert_eq!(message.method_name(), b"!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(message.request_fault(), None);
    assert_eq!(message.to().expect("To").display_name().as_ref(), b"BEL:\x07 NUL:\x00 DEL:\x7f");
    assert_eq!(message.from_tag(), b"_token~1'+`*%!-.");
    // Two parts, one of them octets among which are NULs, framed by the length alone.
    let message = parse("rfc4475", "mpart01");
    assert_eq!(message.request_fault(), None);
    assert_eq!(message.body().len(), 553);
    assert!(message.body().contains(&0) && message.body().ends_with(b"\r\n--7a9cbec02ceef655--\r\n"));
    let message = parse("rfc4475", "esc01");
    let uri = message.request_uri().expect("URI");
    assert_eq!(uri.user_unescaped().as_deref(), Some(&b"sips:user@example.com"[..]));
    let message = parse("rfc4475", "longreq");
    assert_eq!(message.elements(HeaderName::Via).count(), 34);
    let message = parse("rfc4475", "unreason");
    assert_eq!(message.code(), 200);
    assert!(std::str::from_utf8(message.reason()).expect("UTF-8").starts_with("= 2**3 * 5**2"));
    assert_eq!(parse("rfc4475", "noreason").reason(), b"");
    assert_eq!(parse("rfc4475", "dblreq").body().len(), 0);
    assert!(matches!(Message::parse(&fixture("rfc4475", "bigcode")), Err(Unreadable::NotSip)));
    let message = parse("rfc4475", "cparam01");
    let contact = message.contacts().next().expect("Contact").expect("valid");
    assert!(contact.params.has("unknownparam") && !contact.uri.params.has("unknownparam"));
    let message = parse("rfc5118", "port-ambiguous");
    assert_eq!(message.request_uri().expect("URI").port, None);
    let message = parse("rfc5118", "ipv6-bug-abnf-3-colons");
    assert_eq!(message.request_uri().expect("URI").host_ip(), "2001:db8::192.0.2.1".parse().ok());
}

/// A small generator of its own, so that a failure repeats from its seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("below sides")
    }
}

fn mutate(dice: &mut Dice, message: &mut Vec<u8>, other: &[u8]) {
    const SPICE: [&[u8]; 12] =
        [b"\r\n", b";", b",", b"\"", b"<", b">", b":", b"\0", b"\xff\xfe", b"99999999999", b"\r\n ", b"[::"];
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(message.len() + 1);
        match dice.roll(6) {
            0 => message.truncate(at.max(1)),
            1 => drop(message.splice(at..at, SPICE[dice.roll(SPICE.len())].iter().copied())),
            2 if at < message.len() => message[at] = u8::try_from(dice.roll(256)).expect("a byte"),
            3 if at < message.len() => drop(message.drain(at..(at + 1 + dice.roll(40)).min(message.len()))),
            4 => {
                let from = dice.roll(other.len());
                let to = (from + dice.roll(200)).min(other.len());
                drop(message.splice(at..at, other[from..to].iter().copied()));
            }
            _ if at < message.len() => message[at] ^= 1 << dice.roll(8),
            _ => {}
        }
    }
}

/// Mutations per run; the fuzz targets do the millions.
const MUTATIONS: usize = 200_000;

#[test]
fn mutated_messages_panic_nobody() {
    let corpus: Vec<Vec<u8>> = RFC4475
        .iter()
        .map(|(name, _)| fixture("rfc4475", name))
        .chain(RFC5118.iter().map(|(name, _)| fixture("rfc5118", name)))
        .collect();
    let mut dice = Dice(4475);
    let mut sip = Endpoint::new(EndpointConfig::default(), [5; 32]);
    let mut framer = Framer::new();
    for n in 0..MUTATIONS {
        let mut bytes = corpus[dice.roll(corpus.len())].clone();
        let other = dice.roll(corpus.len());
        mutate(&mut dice, &mut bytes, &corpus[other]);
        read_everything(&bytes);
        let now = n as u64;
        sip.handle_datagram(now, &flow("192.0.2.9:5060"), &bytes);
        if n % 64 == 0 {
            sip.handle_timeout(now);
        }
        while let Some(output) = sip.poll() {
            if let Output::Transmit(transmit) = output {
                let printed = Message::parse(&transmit.bytes).expect("we print readable messages");
                assert_eq!(printed.fault(), None, "answer to {}", String::from_utf8_lossy(&bytes));
            }
        }
        framer.push(&bytes);
        while let Some(frame) = framer.next() {
            if frame.is_err() {
                framer = Framer::new();
                break;
            }
        }
    }
    assert!(sip.transactions().len() <= sip.transactions().config().transactions_max * 5 / 4);
}

fn read_everything(bytes: &[u8]) {
    let Ok(message) = Message::parse(bytes) else { return };
    let _ =
        (message.request_fault(), message.via(), message.from(), message.to(), message.cseq(), message.request_uri());
    for header in message.headers() {
        let _ = (sip::message::NameAddr::parse(header.value), sip::message::Via::parse(header.value));
        let _ = (sip::message::Uri::parse(header.value), sip::message::RAck::parse(header.value));
        assert!(header.value.len() <= bytes.len());
    }
    let _ = (message.contacts().count(), message.sdp(), message.number(HeaderName::Expires), message.max_forwards());
}
