//! One leg: one side of a call as this engine sees it.

use super::outgoing::Ring;
use ::sip::dialog::UsageKey;
use ::sip::registrar::Binding;
use ::sip::sdp::{Codec, OurOrigin, Session};
use ::sip::session_timer::{SessionTimer, TimerAnswer};
use bytes::Bytes;
use media::Port;
use std::net::SocketAddr;
use switching::cause::Cause;
use switching::id::{DeviceId, LegId};

/// How the leg came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The phone called us.
    Arrived,
    /// We called the phone.
    Ordered,
}

/// One INVITE of a leg. A leg that arrived has one; a leg that we ordered one for each contact that still may answer.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) usage: UsageKey,
    /// The registered contact it rings; empty for a leg that arrived.
    pub(super) contact: String,
    /// The contact that its phone registered over the connection of this dialog; none for datagrams.
    pub(super) home: Option<Box<Binding>>,
    /// What this phone sees of our port: address and port in SDP.
    pub(super) shown: SocketAddr,
    /// It said that it rings (180).
    pub(super) rang: bool,
    /// Its description in a provisional response.
    pub(super) early: Option<Bytes>,
    /// The session interval that its INVITE asked for, in seconds.
    pub(super) expires_s: u32,
    /// How often this contact has been asked, from 0.
    pub(super) attempt: u32,
}

/// How a contact refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    /// SIP status.
    pub(super) code: u16,
    pub(super) cause: Cause,
    /// What its Reason says, else what the cause says.
    pub(super) q850: u8,
}

/// An offer of the phone that waits for the answer of its peer. The session stays as it was until then.
#[derive(Debug)]
pub(super) struct Offered {
    /// The offer; none: the phone asked for ours.
    pub(super) session: Option<Session>,
    /// What our 200 will say of the session timer.
    pub(super) timer: Option<TimerAnswer>,
}

/// Why we offered the phone a change of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Its peer offered it; the answer goes there.
    Relayed(LegId),
    /// This leg, which was answered later, took less.
    Narrower(LegId),
    /// The session timer, or to make good what could not be carried through.
    Refresh,
}

/// An offer of ours without answer.
#[derive(Debug)]
pub(super) struct Offering {
    pub(super) why: Why,
    /// Our description before, which stays if the phone refuses.
    pub(super) before: Option<Box<Session>>,
}

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) device: DeviceId,
    pub(super) role: Role,
    pub(super) forks: Vec<Fork>,
    /// The usage that was answered.
    pub(super) chosen: Option<UsageKey>,
    pub(super) seq: u32,
    /// The core knows that it rings.
    pub(super) alerted: bool,
    /// The caller's INVITE held no offer, so that our answer does.
    pub(super) delayed: bool,
    /// The caller takes (first) and demands (second) reliable provisional responses.
    pub(super) reliable: (bool, bool),
    pub(super) port: Option<Port>,
    pub(super) shown: Option<SocketAddr>,
    pub(super) origin: OurOrigin,
    /// The phone's last description.
    pub(super) remote: Option<Box<Session>>,
    /// Our last description.
    pub(super) local: Option<Box<Session>>,
    /// Codecs that we offered on our own account.
    pub(super) told: Vec<Codec>,
    /// The leg at the other end.
    pub(super) peer: Option<LegId>,
    /// The ringing leg on whose behalf this caller was told of ringing.
    pub(super) progress_from: Option<LegId>,
    pub(super) offered: Option<Box<Offered>>,
    pub(super) offering: Option<Box<Offering>>,
    /// The phone's ACK holds the answer for this leg's 2xx.
    pub(super) answers_for: Option<LegId>,
    /// The order, while it rings.
    pub(super) ring: Option<Box<Ring>>,
    /// The strongest refusal of a contact.
    pub(super) refusal: Option<Refusal>,
    /// How a destination refused this caller: what it means, and the final status that says so.
    pub(super) refused: Option<(Cause, u16)>,
    pub(super) session: Option<SessionTimer>,
    /// What our 200 says of the session timer.
    pub(super) session_answer: Option<TimerAnswer>,
    /// When an unanswered caller gives up by itself (Expires of its INVITE).
    pub(super) gives_up_at: Option<u64>,
    /// When the session timer, or the patience of an unanswered caller, wants to be looked at.
    pub(super) session_at: Option<u64>,
    /// The least session interval that the phone takes, where it said so, in seconds.
    pub(super) min_se_s: Option<u32>,
    /// No refresh before this time.
    pub(super) refresh_from: u64,
}

impl Leg {
    pub(super) fn new(id: LegId, device: DeviceId, role: Role) -> Self {
        Self {
            id,
            device,
            role,
            forks: Vec::new(),
            chosen: None,
            seq: 0,
            alerted: false,
            delayed: false,
            reliable: (false, false),
            port: None,
            shown: None,
            origin: OurOrigin::new(id.0),
            remote: None,
            local: None,
            told: Vec::new(),
            peer: None,
            progress_from: None,
            offered: None,
            offering: None,
            answers_for: None,
            ring: None,
            refusal: None,
            refused: None,
            session: None,
            session_answer: None,
            gives_up_at: None,
            session_at: None,
            min_se_s: None,
            refresh_from: 0,
        }
    }

    /// The usage to speak on: the answered one, else the first.
    pub(super) fn usage(&self) -> Option<UsageKey> {
        self.chosen.or_else(|| self.forks.first().map(|fork| fork.usage))
    }

    pub(super) fn is_answered(&self) -> bool {
        self.chosen.is_some()
    }
}
