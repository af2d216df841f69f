//! Recent signalling, kept for ladders: which messages came and went, bounded in octets, oldest dropped first.

use ::sip::transport::Flow;
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::SocketAddr;
use switching::id::LegId;
use switching::time::Time;

/// What the messages of one leg have at least, in octets: so many fewer Call-IDs than octets are remembered.
const LEG_OCTETS_MIN: usize = 1_024;

/// One message of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// When.
    pub at: Time,
    /// Sent by us, else received.
    pub sent: bool,
    /// The other end.
    pub peer: SocketAddr,
    /// Transport.
    pub transport: &'static str,
    /// Which leg.
    pub leg: LegId,
    /// The message; credentials are masked.
    pub message: String,
}

struct Line {
    at: Time,
    sent: bool,
    peer: SocketAddr,
    transport: &'static str,
    octets: Bytes,
}

pub(super) struct Trace {
    lines: VecDeque<Line>,
    octets: usize,
    octets_max: usize,
    call_ids: VecDeque<(LegId, Box<[u8]>)>,
}

impl Trace {
    pub(super) fn new(octets_max: usize) -> Self {
        Self { lines: VecDeque::new(), octets: 0, octets_max, call_ids: VecDeque::new() }
    }

    pub(super) fn received(&mut self, now: Time, flow: &Flow, octets: &[u8]) {
        if self.octets_max > 0 {
            self.push(now, false, flow, Bytes::copy_from_slice(octets));
        }
    }

    pub(super) fn sent(&mut self, now: Time, flow: &Flow, octets: &Bytes) {
        if self.octets_max > 0 {
            self.push(now, true, flow, octets.clone());
        }
    }

    /// Notes that a leg speaks with this Call-ID.
    pub(super) fn note(&mut self, leg: LegId, call_id: &[u8]) {
        if self.octets_max == 0 {
            return;
        }
        self.call_ids.push_back((leg, call_id.into()));
        if self.call_ids.len() > self.octets_max.div_ceil(LEG_OCTETS_MIN) {
            self.call_ids.pop_front();
        }
    }

    pub(super) fn ladder(&self, legs: &[LegId]) -> Vec<TraceLine> {
        let wanted: Vec<&(LegId, Box<[u8]>)> = self.call_ids.iter().filter(|(leg, _)| legs.contains(leg)).collect();
        let leg_of = |octets: &[u8]| {
            let call_id = call_id(octets)?;
            wanted.iter().find(|(_, known)| known.as_ref() == call_id).map(|(leg, _)| *leg)
        };
        let line = |line: &Line| {
            let leg = leg_of(&line.octets)?;
            let message = mask(&String::from_utf8_lossy(&line.octets));
            let Line { at, sent, peer, transport, .. } = *line;
            Some(TraceLine { at, sent, peer, transport, leg, message })
        };
        self.lines.iter().filter_map(line).collect()
    }

    fn push(&mut self, at: Time, sent: bool, flow: &Flow, octets: Bytes) {
        self.octets += octets.len();
        self.lines.push_back(Line { at, sent, peer: flow.remote, transport: flow.transport.via_name(), octets });
        while self.octets > self.octets_max {
            let Some(old) = self.lines.pop_front() else { return };
            self.octets -= old.octets.len();
        }
    }
}

/// The Call-ID of a message, without parsing the rest of it.
fn call_id(octets: &[u8]) -> Option<&[u8]> {
    octets.split(|b| *b == b'\n').find_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        let name = line[..colon].trim_ascii();
        let is_it = name.eq_ignore_ascii_case(b"call-id") || name.eq_ignore_ascii_case(b"i");
        is_it.then(|| line[colon + 1..].trim_ascii())
    })
}

fn mask(message: &str) -> String {
    let secret = |line: &str| {
        let name = line.split(':').next().unwrap_or_default().trim();
        ["authorization", "proxy-authorization"].iter().any(|secret| name.eq_ignore_ascii_case(secret))
    };
    let masked = |line: &str| if secret(line) { "Authorization: (masked)".to_owned() } else { line.to_owned() };
    message.lines().map(|line| masked(line.trim_end_matches('\r'))).collect::<Vec<_>>().join("\n")
}
