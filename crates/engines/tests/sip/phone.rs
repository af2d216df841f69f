//! A scripted SIP telephone: a user agent of our own stack, which is tested against messages of the RFCs elsewhere.

use sip::dialog::{Endpoint, EndpointConfig, Event, OutgoingInvite, OutgoingRequest, UsageKey};
use sip::digest::{Answer, Challenge, answer_challenge};
use sip::message::{Body, HeaderName, Headers, Message, Method};
use sip::sdp::{Codec, Direction, OurOrigin, Session, answer, offer, relay_codecs};
use sip::transaction::Response;
use sip::transport::{Flow, Transport};
use std::net::SocketAddr;

/// What a phone does by itself with a call that comes in. Times count from the INVITE, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manners {
    pub ring_after: Option<u64>,
    pub answer_after: Option<u64>,
    pub refuse_after: Option<(u64, u16)>,
    /// Either side hangs up so long after an answer.
    pub hang_up_after: Option<u64>,
    /// Offers of a change are not answered by itself.
    pub leaves_offers: bool,
    /// Offers in answers are answered by itself.
    pub answers_late: bool,
}

/// Something that a phone does later.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    Ring(UsageKey),
    Answer(UsageKey),
    Refuse(UsageKey, u16),
    HangUp(UsageKey),
}

/// A call that waits for its challenge.
#[derive(Clone)]
pub struct Dialling {
    pub to: String,
    pub headers: Headers,
    pub offers: bool,
    pub tries: u32,
}

pub struct Phone {
    pub sip: Endpoint,
    pub user: String,
    pub password: String,
    /// Where it is, as it sees itself.
    pub local: SocketAddr,
    /// Where others see it.
    pub public: SocketAddr,
    pub exchange: SocketAddr,
    pub transport: Transport,
    pub connection: u64,
    pub media: SocketAddr,
    pub codecs: Vec<Codec>,
    pub manners: Manners,
    /// Lines of its 2xx to an INVITE.
    pub answer_headers: Headers,
    pub events: Vec<Event>,
    /// Its last outgoing and incoming INVITE.
    pub out: Option<UsageKey>,
    pub inc: Option<UsageKey>,
    pub deeds: Vec<(u64, Deed)>,
    /// How it registers.
    pub contact: Option<String>,
    pub sha256: bool,
    pub dialling: Option<Dialling>,
    pub last_offer: Option<Session>,
    pub registers: u32,
    /// It registers with another Call-ID than before.
    pub anew: bool,
    /// Lines of a REGISTER that waits for its challenge.
    pub registering: Option<Headers>,
    pub wants: Headers,
    origin: OurOrigin,
    counter: u32,
}

impl Phone {
    pub fn new(number: u16, user: &str, exchange: SocketAddr) -> Phone {
        let local: SocketAddr = match exchange {
            SocketAddr::V4(_) => format!("192.0.2.{number}:5060"),
            SocketAddr::V6(_) => format!("[2001:db8::{number}]:5060"),
        }
        .parse()
        .expect("address");
        let media = SocketAddr::new(local.ip(), 4_000 + number * 2);
        Phone {
            sip: Endpoint::new(EndpointConfig::default(), [u8::try_from(number % 256).unwrap_or(0); 32]),
            user: user.to_owned(),
            password: format!("secret{user}"),
            local,
            public: local,
            exchange,
            transport: Transport::Udp,
            connection: 0,
            media,
            codecs: relay_codecs().into_iter().filter(|codec| matches!(codec.payload_type, 0 | 8 | 101)).collect(),
            manners: Manners::default(),
            answer_headers: Headers::none(),
            events: Vec::new(),
            out: None,
            inc: None,
            deeds: Vec::new(),
            contact: None,
            sha256: false,
            dialling: None,
            last_offer: None,
            registers: 0,
            anew: false,
            registering: None,
            wants: Headers::none(),
            origin: OurOrigin::new(u64::from(number)),
            counter: 0,
        }
    }

    pub fn flow(&self) -> Flow {
        Flow { transport: self.transport, local: self.local, remote: self.exchange, connection: self.connection }
    }

    fn id(&mut self) -> String {
        self.counter += 1;
        format!("{}-{}-{}", self.user, self.local.port(), self.counter)
    }

    pub fn offer(&mut self, direction: Direction) -> Body {
        Body::sdp(offer(&self.codecs, self.media, direction, &mut self.origin).to_string())
    }

    /// Its answer to a description, or its offer where there is none.
    pub fn reply(&mut self, sdp: Option<&[u8]>) -> Body {
        let Some(sdp) = sdp else { return self.offer(Direction::SendRecv) };
        let session = Session::parse(sdp).expect("the exchange writes readable descriptions");
        let reply = answer(&session, &self.codecs, self.media, Direction::SendRecv, &mut self.origin);
        self.last_offer = Some(session);
        Body::sdp(reply.expect("a common codec").to_string())
    }

    /// Dials; answers the challenge by itself.
    pub fn dial(&mut self, now: u64, to: &str) {
        self.dial_with(now, Dialling { to: to.to_owned(), headers: Headers::none(), offers: true, tries: 0 });
    }

    pub fn dial_with(&mut self, now: u64, dialling: Dialling) {
        let mut headers = dialling.headers.clone();
        headers.append(&self.wants);
        let offers = dialling.offers;
        let uri = format!("sip:{}@exchange.test", dialling.to);
        let id = self.id();
        self.dialling = Some(dialling);
        self.invite(now, &uri, id.as_bytes(), 1, headers, offers);
    }

    fn invite(&mut self, now: u64, uri: &str, id: &[u8], cseq: u32, headers: Headers, offers: bool) {
        let body = offers.then(|| self.offer(Direction::SendRecv));
        let order = OutgoingInvite {
            flow: self.flow(),
            request_uri: uri.as_bytes().to_vec(),
            from: format!("<sip:{}@exchange.test>", self.user).into_bytes(),
            to: format!("<{uri}>").into_bytes(),
            call_id: id.to_vec(),
            from_tag: [id, b"t"].concat(),
            branch: [b"z9hG4bK", id, cseq.to_string().as_bytes()].concat(),
            cseq,
            contact_user: self.user.clone(),
            routes: Vec::new(),
            headers,
            body,
        };
        self.out = Some(self.sip.invite(now, order).expect("room"));
    }

    /// Registers for so many seconds; answers the challenge by itself.
    pub fn register(&mut self, now: u64, expires_s: u32) {
        let contact = self.contact.clone().unwrap_or_else(|| {
            let transport = if self.transport == Transport::Tcp { ";transport=tcp" } else { "" };
            format!("<sip:{}@{}{transport}>", self.user, self.local)
        });
        let headers = Headers::none().with("Contact", contact).with("Expires", expires_s.to_string());
        self.register_with(now, headers);
    }

    pub fn register_with(&mut self, now: u64, headers: Headers) {
        self.registering = Some(headers.clone());
        self.send_register(now, headers);
    }

    pub fn send_register(&mut self, now: u64, headers: Headers) {
        self.registers += 1;
        let mut request = OutgoingRequest {
            flow: self.flow(),
            method: Method::Register,
            request_uri: b"sip:exchange.test".to_vec(),
            from: format!("<sip:{}@exchange.test>", self.user).into_bytes(),
            from_tag: self.sip.new_tag(),
            to: format!("<sip:{}@exchange.test>", self.user).into_bytes(),
            call_id: format!("register-{}-{}{}", self.user, self.local, if self.anew { "-anew" } else { "" })
                .into_bytes(),
            cseq: self.registers,
            headers,
            body: None,
        };
        request.headers.push("User-Agent", "scripted phone");
        self.sip.request(now, &request).expect("room");
    }

    /// The Authorization line for a challenge.
    pub fn credentials(&self, method: &str, uri: &str, refusal: &Message) -> Headers {
        let wanted = if self.sha256 { "SHA-256" } else { "MD5" };
        let values =
            refusal.values(HeaderName::WwwAuthenticate).map(|value| String::from_utf8_lossy(value).into_owned());
        let chosen =
            values.filter_map(|value| Challenge::parse(&value).ok()).find(|it| it.algorithm.as_str() == wanted);
        let chosen = chosen.expect("the algorithm is offered");
        let with =
            Answer { method, uri, username: &self.user, password: &self.password, cnonce: "0a4f113b", nonce_count: 1 };
        Headers::none().with("Authorization", answer_challenge(&chosen, &with))
    }

    /// Does by itself what its manners say, and keeps the event.
    pub fn take(&mut self, now: u64, event: Event) {
        match &event {
            Event::Failed { usage, code: 401, message: Some(message) } if self.out == Some(*usage) => {
                if let Some(mut dialling) = self.dialling.clone().filter(|dialling| dialling.tries == 0) {
                    dialling.tries = 1;
                    let uri = format!("sip:{}@exchange.test", dialling.to);
                    let mut headers = self.credentials("INVITE", &uri, message);
                    headers.append(&dialling.headers).append(&self.wants);
                    let cseq = message.cseq().map_or(1, |cseq| cseq.number) + 1;
                    let (id, offers) = (message.call_id().to_vec(), dialling.offers);
                    self.dialling = Some(dialling);
                    self.invite(now, &uri, &id, cseq, headers, offers);
                    return;
                }
            }
            Event::Response { message, .. } if message.code() == 401 && message.method() == Method::Register => {
                if let Some(lines) = self.registering.take() {
                    let mut headers = self.credentials("REGISTER", "sip:exchange.test", message);
                    headers.append(&lines);
                    self.send_register(now, headers);
                    return;
                }
            }
            Event::Invite { usage, message, .. } => {
                self.inc = Some(*usage);
                // It rings no longer than it is told, should nobody tell it to stop.
                let rings_s = message.number(HeaderName::Expires);
                self.deeds.extend(rings_s.map(|s| (now + u64::from(s) * 1_000, Deed::Refuse(*usage, 487))));
                let Manners { ring_after, answer_after, refuse_after, .. } = self.manners;
                self.deeds.extend(ring_after.map(|after| (now + after, Deed::Ring(*usage))));
                self.deeds.extend(answer_after.map(|after| (now + after, Deed::Answer(*usage))));
                self.deeds.extend(refuse_after.map(|(after, code)| (now + after, Deed::Refuse(*usage, code))));
            }
            Event::Provisional { usage, sdp: Some(sdp), reliable: true, .. } if self.manners.answers_late => {
                let body = self.reply(Some(sdp));
                // Without effect where the INVITE held our offer.
                let _ = self.sip.prack(now, *usage, Some(&body));
            }
            Event::OfferAnswered { usage, sdp: Some(sdp), .. } if self.manners.answers_late => {
                let body = self.reply(Some(sdp));
                let _ = self.sip.ack(now, *usage, Some(&body));
            }
            Event::Answered { usage, sdp, .. } => {
                if let Some(sdp) = sdp.as_ref().filter(|_| self.manners.answers_late) {
                    let body = self.reply(Some(sdp));
                    let _ = self.sip.ack(now, *usage, Some(&body));
                }
                let after = self.manners.hang_up_after;
                self.deeds.extend(after.map(|after| (now + after, Deed::HangUp(*usage))));
            }
            Event::Acked { usage, .. } => {
                let after = self.manners.hang_up_after;
                self.deeds.extend(after.map(|after| (now + after, Deed::HangUp(*usage))));
            }
            Event::ReInvite { usage, sdp, .. } | Event::Update { usage, sdp, .. } if !self.manners.leaves_offers => {
                let update = matches!(event, Event::Update { .. });
                let body = if update && sdp.is_none() { None } else { Some(self.reply(sdp.as_deref())) };
                let headers = self.answer_headers.clone();
                let _ = self.sip.accept_offer(now, *usage, headers, body.as_ref());
            }
            Event::Request { key, .. } => {
                self.sip.respond(now, *key, &Response::new(481));
            }
            Event::InDialog { usage, key, message } => {
                let talk = message.value_of("Event") == Some(b"talk");
                self.sip.respond(now, *key, &Response::new(if talk { 200 } else { 501 }));
                if talk {
                    self.deeds.push((now, Deed::Answer(*usage)));
                }
            }
            _ => {}
        }
        self.events.push(event);
    }
}

impl Phone {
    pub fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(wanted)
    }

    /// The status with which its last call failed.
    pub fn failed(&self) -> Option<u16> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Failed { code, .. } => Some(*code),
            _ => None,
        })
    }

    pub fn does(&mut self, now: u64, deed: Deed) {
        // A call that has ended meanwhile leaves nothing to do.
        let _ = match deed {
            Deed::Ring(usage) => self.sip.provisional(now, usage, 180, Headers::none(), None, false),
            Deed::Answer(usage) => {
                let offered = self.events.iter().rev().find_map(|event| match event {
                    Event::Invite { usage: of, sdp, .. } if *of == usage => Some(sdp.clone()),
                    _ => None,
                });
                let body = self.reply(offered.flatten().as_deref());
                let headers = self.answer_headers.clone();
                self.sip.accept(now, usage, headers, Some(body))
            }
            Deed::Refuse(usage, code) => self.sip.reject(now, usage, &Response::new(code)),
            Deed::HangUp(usage) => self.sip.bye(now, usage, Headers::none()),
        };
    }
}
