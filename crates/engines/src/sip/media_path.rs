//! The sound of a leg: its port at the relay, what is written into descriptions, and who hears whom.

use super::SipEngine;
use super::leg::Leg;
use ::sip::message::Body;
use ::sip::sdp::{Audio, Direction, SecondLegAnswer, Session, judge_second_answer};
use ::sip::sdp::{align_answer, answer, offer, offer_for_second_leg, relay_codecs, rewrite_for_relay};
use ::sip::transport::Flow;
use media::{Event as MediaEvent, PortId};
use std::net::SocketAddr;
use switching::engine::ReportKind;
use switching::id::LegId;
use switching::party::Digits;
use switching::time::Time;

/// Ended legs whose sound is kept for [`SipEngine::take_heard`]; of more, none is.
const HEARD_MAX: usize = 16_384;

/// How the sound of a phone arrived, over the life of its leg (RFC 3550 A.3, A.8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeardSound {
    /// The leg.
    pub leg: LegId,
    /// RTP packets that came.
    pub packets: u64,
    /// RTP packets that never came.
    pub lost: u64,
    /// Interarrival jitter at its end.
    pub jitter_ms: f64,
}

impl SipEngine {
    /// Opens a port for a leg, on our address towards its phone; gives what the phone is shown of it. None: no port is to be
    /// had, or the leg has one of the other address family.
    pub(super) fn open_port(&mut self, leg: &mut Leg, flow: &Flow) -> Option<SocketAddr> {
        let port = match leg.port {
            Some(port) => port,
            None => {
                let port = self.relay.allocate(flow.local.ip()).ok()?;
                self.by_port.insert(port.id, leg.id);
                // The port was just given out: it is known to the relay.
                let _ = self.relay.expect_source(port.id, Some(flow.remote.ip()));
                leg.port = Some(port);
                port
            }
        };
        if port.rtp.is_ipv4() != flow.local.is_ipv4() {
            return None;
        }
        let shown = SocketAddr::new(self.config.endpoint.addresses.shown_ip(flow), port.rtp.port());
        leg.shown.get_or_insert(shown);
        Some(shown)
    }

    /// Gives a leg's port back.
    pub(super) fn close_port(&mut self, leg: &mut Leg) {
        if let Some(port) = leg.port.take() {
            self.by_port.remove(&port.id);
            // A port that the relay does not know any more is closed already.
            let Ok(stats) = self.relay.release(port.id) else { return };
            if stats.rtp_packets_in > 0 && self.heard.len() < HEARD_MAX {
                let (packets, lost) = (stats.rtp_packets_in, stats.lost);
                self.heard.push(HeardSound { leg: leg.id, packets, lost, jitter_ms: stats.jitter_ms });
            }
        }
    }

    /// How legs that have ended since the last time were heard.
    pub fn take_heard(&mut self) -> Vec<HeardSound> {
        std::mem::take(&mut self.heard)
    }

    /// Takes a description of the phone: where its sound goes from now on. A phone that refuses its sound stays as it was.
    pub(super) fn hear(&mut self, leg: &mut Leg, session: Session) {
        if let (Some(port), Some(audio)) = (leg.port, Audio::of(&session)) {
            self.listen(leg, port.id, &audio);
        }
        leg.remote = Some(Box::new(session));
    }

    /// The port is open as long as the leg has it: the relay knows it.
    fn listen(&self, leg: &Leg, port: PortId, audio: &Audio) {
        if let Some(rtp) = audio.rtp {
            let _ = self.relay.set_remote(port, rtp, audio.rtcp);
        }
        // What the phone sends is numbered as we told it (RFC 3264 5.1); a phone that was told nothing uses its own numbers.
        let told = || leg.local.as_deref().and_then(Audio::of).and_then(|audio| audio.telephone_event());
        let event = audio.telephone_event().map(|own| told().unwrap_or(own));
        let _ = self.relay.set_telephone_event(port, event);
        if let Some(codec) = audio.codecs.iter().find(|codec| codec.is_sound()) {
            let _ = self.relay.set_clock(port, codec.clock_hz);
        }
    }

    /// What we told the phone has changed, or it has shown that it is there: its silence counts from now.
    pub(super) fn listen_again(&self, leg: &Leg) {
        if let (Some(port), Some(audio)) = (leg.port, leg.remote.as_deref().and_then(Audio::of)) {
            self.listen(leg, port.id, &audio);
        }
    }

    /// What a leg is offered: its peer's description with our address, else what the relay can pass.
    pub(super) fn offer_for(&mut self, leg: &mut Leg, peer: Option<LegId>, shown: SocketAddr) -> Body {
        let peer = peer.and_then(|peer| self.legs.get(&peer));
        let session = match peer.map(|peer| (peer, peer.remote.as_deref())) {
            Some((peer, Some(remote))) if peer.role == super::leg::Role::Arrived => {
                rewrite_for_relay(remote, shown, &mut leg.origin)
            }
            Some((_, Some(first))) => match Audio::of(first) {
                Some(audio) => offer_for_second_leg(&audio, shown, &mut leg.origin),
                None => offer(&relay_codecs(), shown, Direction::SendRecv, &mut leg.origin),
            },
            Some((_, None)) | None => {
                leg.told = relay_codecs();
                offer(&leg.told, shown, Direction::SendRecv, &mut leg.origin)
            }
        };
        said(leg, session)
    }

    /// What a leg is answered with: its peer's description with our address, else our own answer to its offer. None: there is
    /// nothing in common.
    pub(super) fn answer_for(&mut self, leg: &mut Leg, peer: Option<LegId>) -> Option<Body> {
        let shown = leg.shown?;
        let peer = peer.and_then(|peer| self.legs.get(&peer)).and_then(|peer| peer.remote.as_deref());
        let session = match (peer, leg.remote.as_deref()) {
            (Some(peer), Some(own)) => {
                let mut session = rewrite_for_relay(peer, shown, &mut leg.origin);
                align_answer(own, &mut session);
                session
            }
            (Some(peer), None) => rewrite_for_relay(peer, shown, &mut leg.origin),
            (None, Some(own)) => answer(own, &relay_codecs(), shown, Direction::SendRecv, &mut leg.origin).ok()?,
            (None, None) => {
                leg.told = relay_codecs();
                offer(&leg.told, shown, Direction::SendRecv, &mut leg.origin)
            }
        };
        Some(said(leg, session))
    }

    /// Lets two legs hear each other.
    pub(super) fn bridge(&mut self, one: LegId, other: LegId) {
        let port = |leg: LegId| self.legs.get(&leg).and_then(|leg| leg.port).map(|port| port.id);
        if let (Some(one), Some(other)) = (port(one), port(other))
            && self.relay.partner(one) != Some(other)
        {
            // Both ports are open as long as their legs have them.
            let _ = self.relay.bridge(one, other);
        }
    }

    /// Two legs that both answered us: fits their codecs and lets them hear each other. Gives what the first must be offered
    /// anew, where the second took less. None of it fits: an error.
    pub(super) fn fit(&mut self, first: LegId, second: LegId) -> Result<Option<Session>, NothingInCommon> {
        self.bridge(first, second);
        let audio = |leg: LegId| self.legs.get(&leg).and_then(|leg| leg.remote.as_deref()).and_then(Audio::of);
        let (Some(first_audio), Some(second_audio)) = (audio(first), audio(second)) else { return Ok(None) };
        let told = self.legs.get(&first).map(|leg| leg.told.clone()).unwrap_or_default();
        match judge_second_answer(&told, &first_audio, &second_audio) {
            SecondLegAnswer::Agrees { from_first, from_second } => {
                self.renumber(first, &from_first);
                self.renumber(second, &from_second);
                Ok(None)
            }
            SecondLegAnswer::Narrower { codecs } => {
                let Some(leg) = self.legs.get_mut(&first) else { return Ok(None) };
                let Some(shown) = leg.shown else { return Ok(None) };
                let session = offer(&codecs, shown, Direction::SendRecv, &mut leg.origin);
                leg.told = codecs;
                Ok(Some(session))
            }
            SecondLegAnswer::NothingInCommon => Err(NothingInCommon),
        }
    }

    /// Two legs speak with each other's numbers: nothing is rewritten any more.
    pub(super) fn same_numbers(&self, legs: [LegId; 2]) {
        for port in legs.iter().filter_map(|leg| self.legs.get(leg)?.port) {
            // The port is open as long as its leg has it.
            let _ = self.relay.clear_payload_map(port.id);
        }
    }

    fn renumber(&mut self, leg: LegId, pairs: &[(u8, u8)]) {
        let Some(port) = self.legs.get(&leg).and_then(|leg| leg.port) else { return };
        // The port is open as long as its leg has it.
        let _ = self.relay.clear_payload_map(port.id);
        for (from, to) in pairs {
            let _ = self.relay.map_payload(port.id, *from, *to);
        }
    }

    pub(super) fn media_event(&mut self, now: Time, event: MediaEvent) {
        match event {
            MediaEvent::FirstPacket { .. } => {}
            MediaEvent::Silent { port } => self.silent(now, port),
            MediaEvent::Digit { port, digit, .. } => {
                let leg = self.by_port.get(&port).copied();
                let digits = Digits::parse(digit.encode_utf8(&mut [0; 4]));
                if let (Some(leg), Some(digits)) = (leg, digits) {
                    self.report(leg, ReportKind::Digits { digits });
                }
            }
        }
    }

    /// No sound for long: is the phone still there? One that rings, is on hold or holds may well be silent.
    fn silent(&mut self, now: Time, port: PortId) {
        let Some(leg) = self.by_port.get(&port).and_then(|leg| self.legs.get(leg)) else { return };
        let talks = |session: &Session| Audio::of(session).is_some_and(|audio| audio.direction == Direction::SendRecv);
        let held = [&leg.remote, &leg.local].into_iter().flatten().any(|session| !talks(session));
        match leg.chosen.filter(|_| !held) {
            Some(usage) => self.probe(now, usage),
            None => self.listen_again(leg),
        }
    }
}

/// The two legs have no codec in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NothingInCommon;

fn said(leg: &mut Leg, session: Session) -> Body {
    let body = Body::sdp(session.to_string());
    leg.local = Some(Box::new(session));
    body
}
