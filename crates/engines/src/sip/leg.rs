//! One leg: one side of a call as this engine sees it.

use media::Port;
use ::sip::dialog::UsageKey;
use ::sip::sdp::{Codec, OurOrigin, Session};
use ::sip::session_timer::{SessionTimer, TimerAnswer};
use std::net::SocketAddr;
use switching::id::{DeviceId, LegId};

/// How the leg came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The phone called us.
    Arrived,
    /// We called the phone.
    Ordered,
}

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) device: DeviceId,
    pub(super) role: Role,
    /// Usages that may still become the dialog: one per contact for a leg we ordered.
    pub(super) usages: Vec<UsageKey>,
    /// The one that was answered.
    pub(super) chosen: Option<UsageKey>,
    pub(super) seq: u32,
    /// The core knows that it rings.
    pub(super) alerted: bool,
    pub(super) port: Option<Port>,
    /// What the phone sees of our port: address and port in SDP.
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
    /// The caller has been told of ringing on behalf of this leg.
    pub(super) progress_from: Option<LegId>,
    /// This leg's offer is being passed to its peer.
    pub(super) relays_for: Option<LegId>,
    /// The strongest refusal of a contact: SIP status and Q.850.
    pub(super) refusal: Option<(u16, Option<u8>)>,
    pub(super) session: Option<SessionTimer>,
    /// What our 200 says of the session timer.
    pub(super) session_answer: Option<TimerAnswer>,
    /// When the session timer wants to be looked at.
    pub(super) session_at: Option<u64>,
}

impl Leg {
    pub(super) fn new(id: LegId, device: DeviceId, role: Role) -> Self {
        Self {
            id,
            device,
            role,
            usages: Vec::new(),
            chosen: None,
            seq: 0,
            alerted: false,
            port: None,
            shown: None,
            origin: OurOrigin::new(id.0),
            remote: None,
            local: None,
            told: Vec::new(),
            peer: None,
            progress_from: None,
            relays_for: None,
            refusal: None,
            session: None,
            session_answer: None,
            session_at: None,
        }
    }

    /// The usage to speak on: the answered one, else the only one.
    pub(super) fn usage(&self) -> Option<UsageKey> {
        self.chosen.or_else(|| self.usages.first().copied())
    }

    pub(super) fn is_answered(&self) -> bool {
        self.chosen.is_some()
    }
}
