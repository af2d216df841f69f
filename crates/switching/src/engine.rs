//! What the core tells its engines and what they tell the core.
//!
//! An order goes out at once and names a leg; a report comes back with a number that rises per leg, so that a double or
//! late one is recognised. The engine knows how signalling and sound work and decides nothing about a call.

use crate::cause::Cause;
use crate::id::{DeviceId, LegId, OrderId};
use crate::party::{Digits, Party};
use minicbor::{Decode, Encode};

/// One thing the engine must do now.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Order {
    /// Unique; an order issued again after a crash carries the same id.
    #[n(0)]
    pub id: OrderId,
    /// The leg it is about.
    #[n(1)]
    pub leg: LegId,
    /// What to do.
    #[n(2)]
    pub what: OrderKind,
}

/// What to do with a leg.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum OrderKind {
    /// Call a device on a new leg: all its contacts at once, the first answer wins.
    #[n(0)]
    Ring {
        /// Whom to ring.
        #[n(0)]
        device: DeviceId,
        /// Shown as the caller.
        #[n(1)]
        from: Party,
        /// The number that was called.
        #[n(2)]
        to: Digits,
        /// The leg whose session description is offered; none: the exchange offers its own (a prompted first leg).
        #[n(3)]
        peer: Option<LegId>,
        /// Ask the phone to answer by itself.
        #[n(4)]
        auto_answer: bool,
        /// How long it may ring, in milliseconds: a crash then leaves no phone ringing (SIP `Expires`).
        #[n(5)]
        ring_limit_ms: u64,
    },
    /// Tell the calling leg that its destination rings. With a peer that sends early media, that is passed.
    #[n(1)]
    Alert {
        /// The ringing leg.
        #[n(0)]
        peer: Option<LegId>,
    },
    /// Answer an arrived leg and connect its sound with `peer`, which has answered.
    #[n(2)]
    Accept {
        /// The other leg.
        #[n(0)]
        peer: LegId,
    },
    /// Make a ringing phone answer (a device that can).
    #[n(3)]
    AnswerRemotely,
    /// Connect the sound of two legs that both have answered.
    #[n(4)]
    Join {
        /// The other leg.
        #[n(0)]
        peer: LegId,
    },
    /// End the leg, whatever its state: cancel, reject or hang up. The leg is the engine's alone from now on.
    #[n(5)]
    Release {
        /// Why.
        #[n(0)]
        cause: Cause,
    },
}

/// What happened on a leg.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Report {
    /// The leg.
    #[n(0)]
    pub leg: LegId,
    /// Rises by at least one with each report of this leg, from 1.
    #[n(1)]
    pub leg_seq: u32,
    /// What.
    #[n(2)]
    pub what: ReportKind,
}

/// What can happen on a leg.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ReportKind {
    /// A device (or a trunk) starts a call: a new leg.
    #[n(0)]
    Arrived {
        /// Which device; it has proven who it is.
        #[n(0)]
        device: DeviceId,
        /// What it dialled.
        #[n(1)]
        dialled: Digits,
        /// Who it says is calling, where the device may say so (a trunk); else the device's own party is used.
        #[n(2)]
        from: Option<Party>,
        /// Whether it asks that the other side is not told who calls (RFC 3323 `Privacy`, an anonymous From).
        #[n(3)]
        #[cbor(default)]
        withheld: bool,
    },
    /// The called phone rings.
    #[n(1)]
    Alerting,
    /// The called phone was answered.
    #[n(2)]
    Answered,
    /// The called phone did not take the call.
    #[n(3)]
    Refused {
        /// Why.
        #[n(0)]
        cause: Cause,
        /// The Q.850 value the peer gave, or the one of the cause.
        #[n(1)]
        q850: u8,
    },
    /// The leg has ended: hung up, cancelled by its caller, or lost.
    #[n(4)]
    Released {
        /// Why.
        #[n(0)]
        cause: Cause,
        /// The Q.850 value the peer gave, or the one of the cause.
        #[n(1)]
        q850: u8,
    },
    /// Digits came over the leg (RFC 4733 or INFO); they have been passed on already.
    #[n(5)]
    Digits {
        /// Which.
        #[n(0)]
        digits: Digits,
    },
}

/// Where one device can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Contact {
    /// Address the registration came from.
    #[n(0)]
    pub ip: String,
    /// Port the registration came from; 0 for a phone without one.
    #[n(1)]
    pub port: u16,
    /// Transport: `udp`, `tcp`, `simulated`.
    #[n(2)]
    pub transport: String,
    /// What the phone calls itself.
    #[n(3)]
    pub user_agent: String,
}

/// Everything an engine says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum EngineInput {
    /// Something happened on a leg.
    #[n(0)]
    Report(#[n(0)] Report),
    /// The contacts of a device changed. An empty list: out of service.
    #[n(1)]
    Registration {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// All that are there now.
        #[n(1)]
        contacts: Vec<Contact>,
    },
    /// An order was carried out (only where its kind says that it is confirmed: [`OrderKind::AnswerRemotely`]).
    #[n(2)]
    OrderDone(#[n(0)] OrderId),
    /// An order could not be carried out.
    #[n(3)]
    OrderFailed {
        /// Which.
        #[n(0)]
        id: OrderId,
        /// Why.
        #[n(1)]
        why: OrderFault,
    },
    /// After a start: the legs that are still there. All others are lost.
    #[n(4)]
    Inventory {
        /// Legs still alive.
        #[n(0)]
        legs: Vec<LegId>,
    },
}

/// Why an order failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum OrderFault {
    /// The leg is not there.
    #[n(0)]
    UnknownLeg,
    /// The device cannot do this.
    #[n(1)]
    DeviceCannot,
    /// The phone refused.
    #[n(2)]
    Refused,
    /// The phone did not respond.
    #[n(3)]
    NoResponse,
}
