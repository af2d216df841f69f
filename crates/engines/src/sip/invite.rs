//! The INVITE that rings a phone: who calls, how long it may ring, what makes it answer by itself, and names that are the same
//! when it is issued again after a crash.

use super::outgoing::Ring;
use super::{SipConfig, SipEngine};
use ::sip::dialog::OutgoingInvite;
use ::sip::message::{Body, Headers};
use ::sip::registrar::Binding;
use ::sip::transport::Flow;
use sha2::{Digest, Sha256};
use switching::id::LegId;
use switching::party::{Party, Presentation};

/// One attempt at one contact.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The contact's place among those of its device.
    pub(super) index: usize,
    /// How often it has been asked before.
    pub(super) attempt: u32,
    /// The session interval to ask for, in seconds; 0: none.
    pub(super) expires_s: u32,
    pub(super) flow: Flow,
    pub(super) body: Body,
}

impl SipEngine {
    pub(super) fn print(&self, leg: LegId, order: &Ring, binding: &Binding, attempt: Attempt) -> OutgoingInvite {
        let Attempt { index, attempt, expires_s, flow, body } = attempt;
        let realm = &self.config.realm;
        let hidden = hides(&order.from);
        let from = if hidden {
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned()
        } else {
            format!("{}<sip:{}@{realm}>", quoted(&order.from.name), escaped(order.from.number.as_str()))
        };
        // A phone that is rung first for an ordered call is called itself; where it will be connected stands in From.
        let own = order.peer.is_none().then(|| self.users.get(&order.device)).flatten();
        let to = own.map_or(order.to.as_str(), String::as_str);
        let names = self.names(leg, order, index, attempt);
        OutgoingInvite {
            flow,
            request_uri: binding.uri.as_bytes().to_vec(),
            from: from.into_bytes(),
            to: format!("<sip:{}@{realm}>", escaped(to)).into_bytes(),
            call_id: names.call_id,
            from_tag: names.tag,
            branch: names.branch,
            cseq: 1 + attempt,
            contact_user: String::new(),
            routes: binding.path.iter().map(|path| path.as_bytes().to_vec()).collect(),
            headers: lines(&self.config, order, hidden, expires_s, attempt > 0),
            body: Some(body),
        }
    }

    /// Names of an INVITE derive from the order, so that one issued again after a crash is a retransmission.
    fn names(&self, leg: LegId, order: &Ring, index: usize, attempt: u32) -> Names {
        let name = Sha256::new()
            .chain_update(self.config.leg_secret)
            .chain_update(self.config.legs_from.to_be_bytes())
            .chain_update(leg.0.to_be_bytes())
            .chain_update(order.order.0.to_be_bytes())
            .chain_update(index.to_be_bytes())
            .finalize();
        let mut branch = ::sip::message::MAGIC_COOKIE.to_vec();
        hex(&mut branch, &name[20..32]);
        branch.extend_from_slice(attempt.to_string().as_bytes());
        let (mut call_id, mut tag) = (Vec::with_capacity(24), Vec::with_capacity(16));
        hex(&mut call_id, &name[..12]);
        hex(&mut tag, &name[12..20]);
        Names { call_id, tag, branch }
    }
}

struct Names {
    call_id: Vec<u8>,
    tag: Vec<u8>,
    branch: Vec<u8>,
}

fn hex(out: &mut Vec<u8>, octets: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(octets.iter().flat_map(|octet| [DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]]));
}

/// `again`: a phone found the interval too short, and `expires_s` is what it wants at least (RFC 4028 7.3 has it said as Min-SE).
fn lines(config: &SipConfig, order: &Ring, hidden: bool, expires_s: u32, again: bool) -> Headers {
    let mut headers = Headers::none();
    headers.push("Expires", (order.ring_limit_ms.div_ceil(1_000)).to_string());
    headers.push("User-Agent", &config.user_agent);
    if hidden {
        headers.push("Privacy", "id");
    }
    if expires_s > 0 {
        let least_s = if again { expires_s } else { config.session_timer.map_or(0, |timer| timer.min_se_s) };
        headers.push("Session-Expires", expires_s.to_string());
        headers.push("Min-SE", least_s.to_string());
    }
    if order.auto_answer {
        auto_answer(&mut headers);
    }
    headers
}

fn hides(from: &Party) -> bool {
    from.presentation == Presentation::Restricted || from.number.is_empty()
}

/// Every phone wants another header to answer by itself: all of them are sent.
fn auto_answer(headers: &mut Headers) {
    headers
        .push("Call-Info", "<sip:localhost>;answer-after=0")
        .push("Alert-Info", "<http://localhost>;info=alert-autoanswer;delay=0")
        .push("Alert-Info", "<http://localhost>;info=Auto Answer")
        .push("Alert-Info", "<http://localhost>;info=Ring Answer")
        .push("Answer-Mode", "Auto")
        .push("P-Auto-Answer", "normal");
}

/// A display name as a quoted string, or nothing.
fn quoted(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let mut out = String::with_capacity(name.len() + 3);
    out.push('"');
    for c in name.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push_str("\" ");
    out
}

/// A user part with what must not stand in it escaped (RFC 3261 25.1).
fn escaped(user: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&b);
    let mut out = String::with_capacity(user.len());
    for b in user.bytes() {
        if plain(b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_cannot_break_out_of_a_header() {
        assert_eq!(quoted("Ann \"A\" \\ Lee\r\nVia: x"), "\"Ann \\\"A\\\" \\\\ LeeVia: x\" ");
        assert_eq!(quoted(""), "");
        assert_eq!(escaped("1001#"), "1001%23");
        assert_eq!(escaped("+49*"), "+49*");
        assert_eq!(escaped("a@b>"), "a%40b%3E");
    }
}
