//! What a call costs: 20,000 calls between registered phones through engine and core, in memory, on a virtual clock.
//!
//! The phones are texts with blanks to fill in, so that nearly all of the time is the exchange's own. Digest, relay ports (virtual
//! ones), session descriptions, checkpoints, events and records are all on; sockets, store and doors are not.

use engines::sip::{Output, SipConfig, SipDevice, SipEngine};
use media::{Relay, RelayConfig};
use sip::dialog::{EndpointConfig, Nat};
use sip::digest::{Algorithm, Answer, BanPolicy, Challenge, Ha1, answer_challenge};
use sip::message::{HeaderName, Message, Method};
use sip::registrar::RegistrarConfig;
use sip::transport::{AddressPlan, Flow, Transport};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use switching::command::{Configure, Principal};
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names};
use switching::id::{DeviceId, RequestId};
use switching::party::Digits;
use switching::time::Time;
use switching::{Input, Output as CoreOutput, Switch};

/// Calls that are made.
const CALLS: u32 = 20_000;
/// Phones.
const PHONES: u16 = 200;
/// Time between two calls, in milliseconds.
const PACE_MS: u64 = 10;
const REALM: &str = "exchange.test";

struct Rig {
    now: u64,
    engine: SipEngine,
    switch: Switch,
    relay: Relay,
    sent: Vec<(Flow, bytes::Bytes)>,
    records: u32,
    /// Time spent in engine and core.
    busy: Duration,
    core: Duration,
    messages: u64,
}

fn main() {
    let relay = Relay::virtual_ports(&RelayConfig { quarantine: Duration::from_secs(0), ..RelayConfig::default() });
    let mut rig = Rig {
        now: 1_700_000_000_000,
        engine: SipEngine::new(config(), relay.clone(), [1; 32]),
        switch: Switch::new(),
        relay,
        sent: Vec::new(),
        records: 0,
        busy: Duration::ZERO,
        core: Duration::ZERO,
        messages: 0,
    };
    for phone in 0..PHONES {
        rig.station(phone);
        rig.register(phone);
    }
    let registering = rig.busy.as_secs_f64() * 1e6 / f64::from(PHONES);
    (rig.busy, rig.core, rig.messages) = (Duration::ZERO, Duration::ZERO, 0);
    for call in 0..CALLS {
        rig.call(call, (call % u32::from(PHONES / 2)) as u16 * 2);
        rig.pass(PACE_MS);
    }
    let busy = rig.busy.as_secs_f64() * 1e6 / f64::from(CALLS);
    let core = rig.core.as_secs_f64() * 1e6 / f64::from(CALLS);
    rig.pass(120_000);
    assert_eq!(rig.engine.in_use(), [0; 4]);
    assert_eq!(rig.records, CALLS);
    let received = rig.messages / u64::from(CALLS);
    let text = format!(
        "{CALLS} calls: {busy:.1} us per call, {core:.1} us of it in the core; {received} messages received per call; \
         one registration with its challenge and making the device known: {registering:.1} us"
    );
    #[allow(clippy::print_stdout, reason = "this program's purpose")]
    {
        println!("{text}");
    }
}

fn config() -> SipConfig {
    SipConfig {
        realm: REALM.to_owned(),
        endpoint: EndpointConfig {
            transactions: sip::transaction::Config { force_rport: true, ..Default::default() },
            addresses: AddressPlan::default(),
            nat: Nat::Auto,
        },
        registrar: RegistrarConfig {
            expires_max_s: 1_000_000,
            expires_default_s: 1_000_000,
            ..RegistrarConfig::default()
        },
        bans: BanPolicy::default(),
        session_timer: Some(sip::session_timer::TimerConfig::default()),
        nonce_key: [7; 32],
        leg_secret: [8; 32],
        legs_from: 1_000,
        user_agent: "Hookswitch".to_owned(),
        trace_octets_max: 8_000_000,
        algorithms: vec![Algorithm::Md5, Algorithm::Sha256],
    }
}

fn flow(phone: u16) -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().expect("an address"),
        remote: format!("198.51.100.7:{}", 10_000 + phone).parse().expect("an address"),
        connection: 0,
    }
}

fn sdp(phone: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio {} RTP/AVP 8 0 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n",
        20_000 + phone * 2
    )
}

impl Rig {
    fn station(&mut self, phone: u16) {
        let user = format!("{}", 1_000 + phone);
        let config = DeviceConfig {
            kind: DeviceKind::Sip,
            names: Names { number: None, sip: Some(user.clone()), resource: None },
            lines_max: 4,
            can: Capabilities::default(),
            context: String::new(),
            display_name: String::new(),
            class: ClassOfService::default(),
        };
        self.configure(Change::PutDevice { id: None, config: Box::new(config) });
        let named = |(id, device): (&DeviceId, &switching::model::Device)| {
            (device.config.names.sip.as_ref() == Some(&user)).then_some(*id)
        };
        let id = self.switch.picture().devices.iter().find_map(named).expect("just made");
        let extension = ExtensionConfig {
            number: Digits::parse(&user).expect("a number"),
            first_name: "Ann".into(),
            last_name: user.clone(),
            primary: Some(id),
            secondary: None,
            owner: None,
            ring_ms: None,
            outgoing_number: None,
            fields: BTreeMap::new(),
        };
        self.configure(Change::PutExtension { id: None, config: Box::new(extension) });
        let ha1 = Ha1::of(&user, REALM, &user);
        let algorithms = vec![Algorithm::Md5, Algorithm::Sha256];
        self.engine.put_device(SipDevice { id, user, ha1, algorithms });
    }

    fn configure(&mut self, change: Change) {
        let by = Principal { door: "example".into(), account: String::new() };
        self.core(Input::Configure(Box::new(Configure { request: RequestId(1), by, change })));
    }

    fn core(&mut self, input: Input) {
        let begin = Instant::now();
        self.switch.handle(Time(self.now), input);
        let mut orders = Vec::new();
        while let Some(output) = self.switch.poll() {
            match output {
                CoreOutput::Engine(order) => orders.push(order),
                CoreOutput::Record(_) => self.records += 1,
                CoreOutput::Event(_) | CoreOutput::Reply(_) | CoreOutput::Decision { .. } => {}
            }
        }
        self.core += begin.elapsed();
        for order in orders {
            self.engine.order(Time(self.now), order);
        }
    }

    fn pump(&mut self) {
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Core(input) => self.core(Input::Engine(input)),
                Output::Transmit(transmit) => self.sent.push((transmit.flow, transmit.bytes)),
                Output::Checkpoint(..) | Output::Binding { .. } => {}
            }
        }
    }

    fn receive(&mut self, phone: u16, text: &str) {
        let flow = flow(phone);
        self.messages += 1;
        let begin = Instant::now();
        self.engine.handle_message(Time(self.now), &flow, text.as_bytes());
        self.pump();
        self.busy += begin.elapsed();
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        self.relay.advance(Duration::from_millis(ms));
        let begin = Instant::now();
        while let Some(at) = self.engine.poll_timeout().filter(|at| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.engine.handle_timeout(at);
            self.pump();
        }
        self.now = end;
        self.busy += begin.elapsed();
        self.sent.clear();
    }

    fn take(&mut self, phone: u16, code: u16, method: Method) -> Message {
        let remote = flow(phone).remote;
        let of = |message: &Message| {
            message.method() == method && (if message.is_request() { 0 } else { message.code() }) == code
        };
        let messages = self.sent.iter().filter(|(flow, _)| flow.remote == remote);
        let found = messages.filter_map(|(_, bytes)| Message::parse(bytes).ok()).rfind(of);
        found.unwrap_or_else(|| panic!("no {code} {method:?} to {phone}"))
    }

    fn credentials(&mut self, phone: u16, method: Method, uri: &str) -> String {
        let challenge = self.take(phone, 401, method);
        let value = challenge.value(HeaderName::WwwAuthenticate).expect("a challenge").to_vec();
        let challenge = Challenge::parse(&String::from_utf8_lossy(&value)).expect("a challenge");
        let user = format!("{}", 1_000 + phone);
        let with = Answer {
            method: method.as_str(),
            uri,
            username: &user,
            password: &user,
            cnonce: "0a4f113b",
            nonce_count: 1,
        };
        format!("Authorization: {}\r\n", answer_challenge(&challenge, &with))
    }

    fn register(&mut self, phone: u16) {
        let user = 1_000 + phone;
        let register = |cseq: u32, lines: &str| {
            format!(
                "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:{port};branch=z9hG4bKr{user}{cseq};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{user}@{REALM}>;tag=r\r\nTo: <sip:{user}@{REALM}>\r\nCall-ID: r{user}\r\n\
                 CSeq: {cseq} REGISTER\r\nContact: <sip:{user}@198.51.100.7:{port}>\r\n{lines}Content-Length: 0\r\n\r\n",
                port = 10_000 + phone
            )
        };
        self.receive(phone, &register(1, ""));
        let lines = self.credentials(phone, Method::Register, &format!("sip:{REALM}"));
        self.receive(phone, &register(2, &lines));
        self.take(phone, 200, Method::Register);
        self.sent.clear();
    }

    /// INVITE, 401, ACK, INVITE, 100, 180, 200, ACK, BYE on both legs.
    fn call(&mut self, call: u32, from: u16) {
        let to = from + 1;
        let (caller, callee) = (1_000 + from, 1_000 + to);
        let uri = format!("sip:{callee}@{REALM}");
        let request = |method: &str, branch: &str, cseq: u32, to_tag: &str, lines: &str, body: &str| {
            format!(
                "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:{port};branch=z9hG4bK{call}{branch};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:{caller}@{REALM}>;tag=c{call}\r\nTo: <{uri}>{to_tag}\r\nCall-ID: call{call}\r\n\
                 CSeq: {cseq} {method}\r\nContact: <sip:{caller}@198.51.100.7:{port}>\r\nUser-Agent: a phone\r\n{lines}\
                 Content-Length: {length}\r\n\r\n{body}",
                port = 10_000 + from,
                length = body.len()
            )
        };
        let offered = "Content-Type: application/sdp\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n";
        self.receive(from, &request("INVITE", "a", 1, "", offered, &sdp(from)));
        let lines = self.credentials(from, Method::Invite, &uri);
        let tag = tag_of(&self.take(from, 401, Method::Invite));
        self.receive(from, &request("ACK", "a", 1, &tag, "", ""));
        self.receive(from, &request("INVITE", "b", 2, "", &format!("{lines}{offered}"), &sdp(from)));
        let invite = self.take(to, 0, Method::Invite);
        for (code, body) in [(100, String::new()), (180, String::new()), (200, sdp(to))] {
            self.receive(to, &answer(&invite, code, to, &body));
        }
        let tag = tag_of(&self.take(from, 200, Method::Invite));
        self.receive(from, &request("ACK", "c", 2, &tag, "", ""));
        self.take(to, 0, Method::Ack);
        self.receive(from, &request("BYE", "d", 3, &tag, "", ""));
        let bye = self.take(to, 0, Method::Bye);
        self.receive(to, &answer(&bye, 200, to, ""));
    }
}

fn tag_of(message: &Message) -> String {
    format!(";tag={}", String::from_utf8_lossy(message.to_tag()))
}

fn answer(request: &Message, code: u16, phone: u16, body: &str) -> String {
    let head = |name: HeaderName| String::from_utf8_lossy(request.value(name).unwrap_or_default()).into_owned();
    let to = head(HeaderName::To);
    let tag = if request.to_tag().is_empty() { ";tag=p" } else { "" };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {code} Fine\r\nVia: {}\r\nFrom: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:{}@198.51.100.7:{}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        head(HeaderName::Via),
        head(HeaderName::From),
        head(HeaderName::CallId),
        head(HeaderName::CSeq),
        1_000 + phone,
        10_000 + phone,
        body.len()
    )
}
