//! Legs that we begin: one INVITE per contact of the device, and what comes back.

use super::leg::{Leg, Role};
use super::{cause, SipEngine};
use sha2::{Digest, Sha256};
use ::sip::dialog::{next_hop, Nat, OutgoingInvite, UsageKey};
use ::sip::message::{Headers, Message};
use ::sip::registrar::Binding;
use ::sip::transport::Flow;
use switching::cause::Cause;
use switching::engine::ReportKind;
use switching::id::{DeviceId, LegId, OrderId};
use switching::party::{Digits, Party, Presentation};
use switching::time::Time;

/// Contacts of one device that ring at the same time.
const FORKS_MAX: usize = 8;

/// The order, taken apart.
pub(super) struct Ring {
    pub(super) leg: LegId,
    pub(super) order: OrderId,
    pub(super) device: DeviceId,
    pub(super) from: Party,
    pub(super) to: Digits,
    pub(super) peer: Option<LegId>,
    pub(super) auto_answer: bool,
    pub(super) ring_limit_ms: u64,
}

impl SipEngine {
    pub(super) fn ring(&mut self, now: Time, order: &Ring) {
        let user = self.users.get(&order.device).cloned().unwrap_or_default();
        let bindings: Vec<Binding> =
            self.registrar.reachable(&user, now.0).into_iter().take(FORKS_MAX).cloned().collect();
        let mut leg = Box::new(Leg::new(order.leg, order.device, Role::Ordered));
        leg.peer = order.peer;
        let mut why = Cause::Unregistered;
        for (index, binding) in bindings.iter().enumerate() {
            let Some(flow) = self.flow_of(&user, binding) else { continue };
            if !self.open_port(&mut leg, &flow) {
                why = Cause::Resource;
                break;
            }
            let Some(body) = self.offer_for(&mut leg, order.peer) else { continue };
            let invite = self.print(order, binding, flow, index, body);
            self.trace.note(order.leg, &invite.call_id);
            match self.endpoint.invite(now.0, invite) {
                Ok(usage) => {
                    leg.usages.push(usage);
                    self.by_usage.insert(usage, order.leg);
                }
                Err(_) => why = Cause::Resource,
            }
        }
        let rings = !leg.usages.is_empty();
        if !rings {
            self.close_port(&mut leg);
        }
        self.legs.insert(order.leg, leg);
        if !rings {
            self.report(order.leg, ReportKind::Refused { cause: why, q850: why.q850() });
            self.legs.remove(&order.leg);
        }
    }

    fn flow_of(&self, user: &str, binding: &Binding) -> Option<Flow> {
        let seen = self.flows.get(&(user.to_owned(), binding.uri.clone()))?;
        let nat: Nat = self.config.endpoint.nat;
        Some(next_hop(nat, seen, binding.uri.as_bytes()))
    }

    fn print(&self, order: &Ring, binding: &Binding, flow: Flow, index: usize, body: ::sip::message::Body) -> OutgoingInvite {
        let realm = &self.config.realm;
        let hidden = order.from.presentation == Presentation::Restricted || order.from.number.is_empty();
        let from = if hidden {
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned()
        } else {
            let name = quoted(&order.from.name);
            format!("{name}<sip:{}@{realm}>", escaped(order.from.number.as_str()))
        };
        let mut headers = Headers::none();
        headers.push("Expires", (order.ring_limit_ms.div_ceil(1_000)).to_string());
        headers.push("User-Agent", &self.config.user_agent);
        if hidden {
            headers.push("Privacy", "id");
        }
        if let Some(timer) = &self.config.session_timer {
            headers.push("Session-Expires", timer.session_expires_s.to_string());
            headers.push("Min-SE", timer.min_se_s.to_string());
        }
        if order.auto_answer {
            headers.append(&auto_answer());
        }
        let derive = |what: &str| self.derived(order.leg, order.order, index, what);
        OutgoingInvite {
            flow,
            request_uri: binding.uri.clone().into_bytes(),
            from: from.into_bytes(),
            to: format!("<sip:{}@{realm}>", escaped(order.to.as_str())).into_bytes(),
            call_id: derive("call-id").into_bytes(),
            from_tag: derive("tag")[..16].as_bytes().to_vec(),
            branch: format!("z9hG4bK{}", &derive("branch")[..24]).into_bytes(),
            cseq: 1,
            contact_user: String::new(),
            routes: binding.path.iter().map(|path| path.clone().into_bytes()).collect(),
            headers,
            body: Some(body),
        }
    }

    /// Names of an INVITE derive from the leg, so that one issued again after a crash is a retransmission.
    fn derived(&self, leg: LegId, order: OrderId, index: usize, what: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.config.leg_secret);
        hash.update(self.config.legs_from.to_be_bytes());
        hash.update(leg.0.to_be_bytes());
        hash.update(order.0.to_be_bytes());
        hash.update(index.to_be_bytes());
        hash.update(what.as_bytes());
        hash.finalize().iter().take(16).map(|octet| format!("{octet:02x}")).collect()
    }

    pub(super) fn provisional(
        &mut self,
        now: Time,
        usage: UsageKey,
        code: u16,
        sdp: Option<&[u8]>,
        _message: &Message,
    ) {
        let Some(id) = self.leg_of(usage) else { return };
        let Some(mut leg) = self.legs.remove(&id) else { return };
        let early = leg.chosen.is_none() && sdp.is_some_and(|sdp| self.take_remote(&mut leg, sdp));
        let rings = matches!(code, 180 | 183);
        let first = rings && !leg.alerted;
        leg.alerted |= rings;
        let peer = leg.peer;
        self.legs.insert(id, leg);
        if first {
            self.report(id, ReportKind::Alerting);
        }
        if early && let Some(peer) = peer {
            self.bridge(peer, id);
            if !first {
                self.pass_early_media(now, peer, id);
            }
        }
    }

    pub(super) fn answered(&mut self, now: Time, usage: UsageKey, sdp: Option<&[u8]>, message: &Message) {
        let Some(id) = self.leg_of(usage) else {
            // Nobody wants this answer any more; the core has let go of the leg.
            let _ = self.endpoint.bye(now.0, usage, Headers::none());
            return;
        };
        let Some(mut leg) = self.legs.remove(&id) else { return };
        if leg.chosen.is_some() {
            self.by_usage.remove(&usage);
            leg.usages.retain(|other| *other != usage);
            self.legs.insert(id, leg);
            let _ = self.endpoint.bye(now.0, usage, Headers::none());
            return;
        }
        leg.chosen = Some(usage);
        for other in std::mem::take(&mut leg.usages) {
            if other != usage {
                self.by_usage.remove(&other);
                let reason = cause::reason(Cause::AnsweredElsewhere(switching::cause::Elsewhere::Branch));
                // It may have failed by itself already.
                let _ = self.endpoint.cancel(now.0, other, reason);
            }
        }
        leg.usages.push(usage);
        let heard = sdp.is_some_and(|sdp| self.take_remote(&mut leg, sdp)) || leg.remote.is_some();
        self.session_after_response(now, &mut leg, message);
        self.legs.insert(id, leg);
        if !heard {
            let cause = Cause::Incompatible;
            self.report(id, ReportKind::Refused { cause, q850: cause.q850() });
            self.release(now, id, cause);
            return;
        }
        self.checkpoint(id);
        self.report(id, ReportKind::Answered);
    }

    pub(super) fn failed(&mut self, now: Time, usage: UsageKey, code: u16, message: Option<&Message>) {
        let Some(id) = self.by_usage.remove(&usage) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.usages.retain(|other| *other != usage);
        let q850 = message.and_then(cause::q850);
        if leg.refusal.is_none_or(|(known, _)| cause::strength(code) > cause::strength(known)) {
            leg.refusal = Some((code, q850));
        }
        if leg.usages.is_empty() && leg.chosen.is_none() {
            let (code, q850) = leg.refusal.unwrap_or((code, q850));
            let cause = cause::cause(code);
            self.report(id, ReportKind::Refused { cause, q850: q850.unwrap_or(cause.q850()) });
            self.forget(now, id);
        }
    }
}

/// Every phone wants another header to answer by itself: all of them are sent.
fn auto_answer() -> Headers {
    Headers::none()
        .with("Call-Info", "<sip:localhost>;answer-after=0")
        .with("Alert-Info", "<http://localhost>;info=alert-autoanswer;delay=0")
        .with("Alert-Info", "<http://localhost>;info=Auto Answer")
        .with("Answer-Mode", "Auto")
        .with("P-Auto-Answer", "normal")
}

/// A display name as a quoted string, or nothing.
fn quoted(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let clean: String = name.chars().filter(|c| !c.is_control()).flat_map(|c| match c {
        '"' | '\\' => vec!['\\', c],
        other => vec![other],
    }).collect();
    format!("\"{clean}\" ")
}

/// A user part with what must not stand in it escaped (RFC 3261 25.1).
fn escaped(user: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&b);
    user.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
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
