//! The harness: endpoints, a wire, a clock.

use bytes::Bytes;
use sip::dialog::{Endpoint, EndpointConfig, Event, OutgoingInvite, Output, UsageKey};
use sip::message::{Body, Headers, Message, Method};
use sip::transport::{Flow, Transport};

pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

pub fn sdp() -> Option<Body> {
    Some(Body::sdp(SDP))
}

pub fn none() -> Headers {
    Headers::none()
}

/// The flow as the endpoint at `local` sees it.
pub fn flow(local: &str, remote: &str) -> Flow {
    Flow {
        transport: Transport::Udp,
        local: local.parse().expect("address"),
        remote: remote.parse().expect("address"),
        connection: 0,
    }
}

pub const A: &str = "192.0.2.1:5060";
pub const B: &str = "192.0.2.2:5060";

pub fn order(call_id: &str, body: Option<Body>) -> OutgoingInvite {
    OutgoingInvite {
        flow: flow(A, B),
        request_uri: b"sip:200@192.0.2.2:5060".to_vec(),
        from: b"\"Alice\" <sip:100@192.0.2.1>".to_vec(),
        to: b"<sip:200@192.0.2.2>".to_vec(),
        call_id: call_id.as_bytes().to_vec(),
        from_tag: b"atag".to_vec(),
        branch: format!("z9hG4bK-{call_id}").into_bytes(),
        cseq: 1,
        contact_user: "100".into(),
        routes: Vec::new(),
        headers: none(),
        body,
    }
}

pub fn endpoint(seed: u8) -> Endpoint {
    Endpoint::new(EndpointConfig::default(), [seed; 32])
}

/// One side of the wire.
pub struct Side {
    pub sip: Endpoint,
    pub address: &'static str,
    pub events: Vec<Event>,
}

/// Says whether a message gets lost: (sent by A?, message).
pub type Loss = dyn FnMut(bool, &Message) -> bool;

/// Two endpoints and what passed between them.
pub struct Pair {
    pub a: Side,
    pub b: Side,
    pub now: u64,
    /// (time, sent by A?, message), lost ones included.
    pub log: Vec<(u64, bool, Message)>,
    /// Which messages get lost.
    pub lose: Box<Loss>,
}

impl Pair {
    pub fn new() -> Pair {
        Pair {
            a: Side { sip: endpoint(1), address: A, events: Vec::new() },
            b: Side { sip: endpoint(2), address: B, events: Vec::new() },
            now: 0,
            log: Vec::new(),
            lose: Box::new(|_, _| false),
        }
    }

    /// Carries everything that waits, until both sides are silent.
    pub fn carry(&mut self) {
        loop {
            let mut moved = false;
            for from_a in [true, false] {
                let (from, to) = if from_a { (&mut self.a, &mut self.b) } else { (&mut self.b, &mut self.a) };
                while let Some(output) = from.sip.poll() {
                    moved = true;
                    match output {
                        Output::Event(event) => from.events.push(event),
                        Output::Transmit(transmit) => {
                            let message = Message::parse(&transmit.bytes).expect("we print valid messages");
                            assert_eq!(message.fault(), None);
                            let lost = (self.lose)(from_a, &message);
                            self.log.push((self.now, from_a, message));
                            if !lost && transmit.flow.remote == to.address.parse().expect("address") {
                                to.sip.handle_datagram(self.now, &flow(to.address, from.address), &transmit.bytes);
                            }
                        }
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Lets the clock run to `until`.
    pub fn run(&mut self, until: u64) {
        self.carry();
        loop {
            let next = [&self.a, &self.b].into_iter().filter_map(|side| side.sip.poll_timeout()).min();
            let Some(at) = next.filter(|at| *at <= until) else { break };
            self.now = self.now.max(at);
            self.a.sip.handle_timeout(self.now);
            self.b.sip.handle_timeout(self.now);
            self.carry();
        }
        self.now = until;
    }

    /// An answered, acknowledged call: (A's usage, B's usage).
    pub fn call(&mut self) -> (UsageKey, UsageKey) {
        let a = self.a.sip.invite(self.now, order("call", sdp())).expect("room");
        self.carry();
        let b = self.b.invited();
        self.b.sip.accept(self.now, b, none(), sdp()).expect("early");
        self.carry();
        self.a.events.clear();
        self.b.events.clear();
        self.log.clear();
        (a, b)
    }

    /// Everything is over and nothing is left behind.
    pub fn assert_empty(&mut self) {
        let until = self.now + 200_000;
        self.run(until);
        for side in [&self.a, &self.b] {
            assert_eq!(side.sip.usage_count(), 0, "usages of {}", side.address);
            assert_eq!(side.sip.transactions().len(), 0, "transactions of {}", side.address);
            assert_eq!(side.sip.transactions().timer_count(), 0, "timers of {}", side.address);
        }
    }

    /// The requests and responses sent by one side: "METHOD" or "CODE METHOD".
    pub fn sent_by(&self, a: bool) -> Vec<String> {
        self.log.iter().filter(|(_, from_a, _)| *from_a == a).map(|(_, _, message)| name(message)).collect()
    }

    /// When this was sent.
    pub fn times(&self, what: &str) -> Vec<u64> {
        self.log.iter().filter(|(_, _, message)| name(message) == what).map(|(at, _, _)| *at).collect()
    }

    pub fn last(&self, what: &str) -> &Message {
        let found = self.log.iter().rev().find(|(_, _, message)| name(message) == what);
        &found.unwrap_or_else(|| panic!("{what} was not sent")).2
    }
}

pub fn name(message: &Message) -> String {
    if message.is_request() {
        message.method().as_str().to_owned()
    } else {
        format!("{} {}", message.code(), message.method().as_str())
    }
}

impl Side {
    /// The usage of the INVITE that came in last.
    pub fn invited(&self) -> UsageKey {
        self.events
            .iter()
            .rev()
            .find_map(|event| match event {
                Event::Invite { usage, .. } => Some(*usage),
                _ => None,
            })
            .expect("an INVITE came")
    }

    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// One endpoint against messages written by hand; its peer is at B.
pub struct Lone {
    pub sip: Endpoint,
    pub now: u64,
    pub sent: Vec<Message>,
    pub events: Vec<Event>,
}

impl Lone {
    pub fn new() -> Lone {
        Lone { sip: endpoint(3), now: 0, sent: Vec::new(), events: Vec::new() }
    }

    pub fn poll(&mut self) {
        while let Some(output) = self.sip.poll() {
            match output {
                Output::Event(event) => self.events.push(event),
                Output::Transmit(transmit) => {
                    self.sent.push(Message::parse(&transmit.bytes).expect("we print valid messages"));
                }
            }
        }
    }

    pub fn receive(&mut self, text: &str) {
        self.sip.handle_datagram(self.now, &flow(A, B), text.as_bytes());
        self.poll();
    }

    pub fn run(&mut self, until: u64) {
        self.poll();
        while let Some(at) = self.sip.poll_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.sip.handle_timeout(at);
            self.poll();
        }
        self.now = until;
    }

    pub fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent).iter().map(name).collect()
    }

    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A response to the INVITE of [`order`].
    pub fn answer(code: u16, to_tag: &str, lines: &str) -> String {
        format!(
            "SIP/2.0 {code} X\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK-call\r\nFrom: \"Alice\" \
             <sip:100@192.0.2.1>;tag=atag\r\nTo: <sip:200@192.0.2.2>;tag={to_tag}\r\nCall-ID: call\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:200@192.0.2.2:5060>\r\n{lines}Content-Length: 0\r\n\r\n"
        )
    }

    /// A request of the peer in the dialog that [`order`] and `answer` made.
    pub fn request(method: Method, cseq: u32, lines: &str) -> String {
        let method = method.as_str();
        format!(
            "{method} sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bK-{method}-{cseq}\r\n\
             From: <sip:200@192.0.2.2>;tag=b1\r\nTo: <sip:100@192.0.2.1>;tag=atag\r\nCall-ID: call\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:200@192.0.2.2:5060>\r\n{lines}Content-Length: 0\r\n\r\n"
        )
    }
}

pub fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
