//! SIP status codes and the core's causes, both ways (RFC 3398 section 7.2.4.1 and 8.2.6.1 for Q.850).

use ::sip::message::{Headers, Message};
use switching::cause::Cause;

/// The final status for a cause, towards a caller that was not answered.
pub(super) fn status(cause: Cause) -> u16 {
    match cause {
        Cause::Busy | Cause::DoNotDisturb => 486,
        Cause::NoAnswer => 480,
        // A caller whose call is cleared before the answer is declined too; its Reason says that nobody refused.
        Cause::Rejected | Cause::NormalClearing => 603,
        Cause::InvalidDestination => 404,
        Cause::NotObtainable | Cause::Unregistered => 480,
        Cause::Blocked => 403,
        Cause::TrunkBusy | Cause::Resource | Cause::Overflow | Cause::NoAvailableAgents => 503,
        Cause::Timeout | Cause::QueueTimeout | Cause::TalkLimit => 480,
        Cause::Incompatible => 488,
        Cause::EngineLost | Cause::MediaLost | Cause::PeerFailure => 500,
        Cause::Shutdown => 503,
        Cause::NewCall
        | Cause::TrunkCall
        | Cause::Consultation
        | Cause::AnsweredElsewhere(_)
        | Cause::Abandoned
        | Cause::Forward(_)
        | Cause::Recall(_)
        | Cause::Pickup
        | Cause::CallBack
        | Cause::CallWaiting
        | Cause::CampOn
        | Cause::ScreenedTransfer
        | Cause::UnscreenedTransfer
        | Cause::SingleStepTransfer
        | Cause::Conference
        | Cause::Intrude
        | Cause::SilentMonitoring
        | Cause::Deflect
        | Cause::Redirect
        | Cause::Route
        | Cause::Park
        | Cause::Unpark
        | Cause::GroupCall
        | Cause::ExitKey
        | Cause::BranchRelease => 480,
    }
}

/// What a final refusal of a called phone means. `rang`: it had said 180 before, so that a hand has refused and not the phone by
/// itself. A code that nobody knows means what the first of its class means (RFC 3261 8.1.3.2).
pub(super) fn cause(code: u16, rang: bool) -> Cause {
    match code {
        603 | 403 | 401 | 407 | 433 | 607 | 608 => Cause::Rejected,
        404 | 410 | 484 | 485 | 604 => Cause::NotObtainable,
        406 | 415 | 488 | 580 | 606 => Cause::Incompatible,
        486 | 600..=699 if rang => Cause::Rejected,
        486 | 600..=699 => Cause::Busy,
        480 | 408 | 487 => Cause::NoAnswer,
        // It may be reached elsewhere, where we do not follow, or later.
        300..=399 | 503 => Cause::NotObtainable,
        _ => Cause::PeerFailure,
    }
}

/// The final status towards a caller whose destination refused with `code`, which means `cause`: a phone's 486 stays one when a hand
/// gave it.
pub(super) fn handed_on(cause: Cause, code: u16) -> u16 {
    match (cause, code) {
        (Cause::Rejected, 486 | 600) => 486,
        (cause, _) => status(cause),
    }
}

/// How strong a refusal is among those of several contacts: a person's word counts more than a phone's silence.
pub(super) fn strength(code: u16) -> u8 {
    match code {
        600..=699 => 5,
        486 => 4,
        403 => 3,
        480 | 408 => 1,
        _ => 2,
    }
}

/// The Q.850 value in a Reason header (RFC 3326), where there is one.
pub(super) fn q850(message: &Message) -> Option<u8> {
    let reason = message.value_of("Reason")?;
    let text = std::str::from_utf8(reason).ok()?;
    let element = text.split(',').find(|element| element.trim().to_ascii_lowercase().starts_with("q.850"))?;
    let value = element.split(';').find_map(|param| {
        let (name, value) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("cause").then(|| value.trim().trim_matches('"'))
    })?;
    value.parse().ok().filter(|value| (1..=127).contains(value))
}

/// The Reason header that tells a peer why (RFC 3326; RFC 3326 2 for a call completed elsewhere).
pub(super) fn reason(cause: Cause) -> Headers {
    match cause {
        Cause::AnsweredElsewhere(_) | Cause::Pickup => {
            Headers::none().with("Reason", "SIP;cause=200;text=\"Call completed elsewhere\"")
        }
        other => Headers::none().with("Reason", format!("Q.850;cause={}", other.q850())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_a_failure_of_its_class() {
        for (code, silent, rang) in [
            (302, Cause::NotObtainable, Cause::NotObtainable),
            (400, Cause::PeerFailure, Cause::PeerFailure),
            (404, Cause::NotObtainable, Cause::NotObtainable),
            (420, Cause::PeerFailure, Cause::PeerFailure),
            (480, Cause::NoAnswer, Cause::NoAnswer),
            (486, Cause::Busy, Cause::Rejected),
            (488, Cause::Incompatible, Cause::Incompatible),
            (491, Cause::PeerFailure, Cause::PeerFailure),
            (500, Cause::PeerFailure, Cause::PeerFailure),
            (503, Cause::NotObtainable, Cause::NotObtainable),
            (600, Cause::Busy, Cause::Rejected),
            (603, Cause::Rejected, Cause::Rejected),
            (604, Cause::NotObtainable, Cause::NotObtainable),
            (699, Cause::Busy, Cause::Rejected),
        ] {
            assert_eq!((cause(code, false), cause(code, true)), (silent, rang), "{code}");
        }
    }
}
