//! Why a command was not carried out. A refusal changes nothing.
//!
//! One variant per reason; every dialect maps it to its own codes with one total match, the exact variant is logged.

use crate::cause::Cause;
use crate::model::ConnectionState;
use minicbor::{Decode, Encode};

/// Who is to blame for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The command is wrong for the present state or names something that is not there.
    Caller,
    /// Rights or policy.
    Rights,
    /// A phone or network.
    Peer,
    /// This exchange.
    Server,
}

/// How a first leg failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FirstLegFault {
    /// The phone was busy.
    #[n(0)]
    Busy,
    /// The phone refused.
    #[n(1)]
    Rejected,
    /// Nobody answered.
    #[n(2)]
    NoAnswer,
    /// The phone could not be reached.
    #[n(3)]
    Unreachable,
    /// The call was cleared before the phone was answered.
    #[n(4)]
    Cleared,
}

impl FirstLegFault {
    /// The fault that a cause stands for.
    #[must_use]
    pub fn of(cause: Cause) -> Self {
        match cause {
            Cause::Busy | Cause::DoNotDisturb => Self::Busy,
            Cause::Rejected => Self::Rejected,
            Cause::NoAnswer | Cause::Timeout => Self::NoAnswer,
            Cause::NormalClearing | Cause::Abandoned | Cause::Shutdown => Self::Cleared,
            _ => Self::Unreachable,
        }
    }

    /// The name on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::NoAnswer => "no_answer",
            Self::Unreachable => "unreachable",
            Self::Cleared => "cleared",
        }
    }
}

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Shortage {
    /// Lines of the device.
    #[n(0)]
    Lines,
    /// Circuits of the trunk.
    #[n(1)]
    Circuits,
    /// Calls of the tenant.
    #[n(2)]
    Calls,
    /// Remembered keys.
    #[n(3)]
    Keys,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Refusal {
    /// No such device.
    #[n(0)]
    UnknownDevice,
    /// No such number.
    #[n(1)]
    UnknownNumber,
    /// The number is of a kind that cannot be called so.
    #[n(2)]
    DestinationKind,
    /// No such connection or call.
    #[n(3)]
    UnknownConnection,
    /// It was there and has ended.
    #[n(4)]
    AlreadyOver,
    /// The device has no connection in a state that the command needs.
    #[n(5)]
    NoSuchCall {
        /// The states that would have done.
        #[n(0)]
        wanted: Vec<ConnectionState>,
    },
    /// The device is in a state in which the command is not admitted.
    #[n(6)]
    DeviceState {
        /// How many connections it has.
        #[n(0)]
        connections: u32,
    },
    /// The connection is in a state in which the command is not admitted.
    #[n(7)]
    ConnectionState {
        /// Which.
        #[n(0)]
        found: ConnectionState,
    },
    /// A value is out of its range.
    #[n(8)]
    Value {
        /// The field, in our words.
        #[n(0)]
        field: String,
    },
    /// The caller of the command has no right to this object.
    #[n(9)]
    NotYours,
    /// The class of service does not allow it.
    #[n(10)]
    Restricted,
    /// Switched off by configuration.
    #[n(11)]
    FeatureOff,
    /// The first device is not registered, and the command asked for that.
    #[n(12)]
    Unregistered,
    /// The device has no means to do it.
    #[n(13)]
    DeviceCannot,
    /// The first leg failed (deferred replies: the call took place).
    #[n(14)]
    FirstLeg(#[n(0)] FirstLegFault),
    /// The phone refused to do it.
    #[n(15)]
    PeerRejected,
    /// The phone did not do it in time; it may still.
    #[n(16)]
    PeerTimeout,
    /// Something ran out.
    #[n(17)]
    Resource(#[n(0)] Shortage),
    /// The exchange is starting or stopping.
    #[n(18)]
    OutOfService,
    /// An error of ours.
    #[n(19)]
    Internal,
    /// The object is in use and cannot be removed.
    #[n(20)]
    InUse,
    /// The key was used before with another body.
    #[n(21)]
    KeyReused,
    /// The number is taken by another object.
    #[n(22)]
    NameTaken,
    /// No application session is open there, or another one is.
    #[n(23)]
    SessionState,
}

impl Refusal {
    /// Who is to blame.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::UnknownDevice
            | Self::UnknownNumber
            | Self::DestinationKind
            | Self::UnknownConnection
            | Self::AlreadyOver
            | Self::NoSuchCall { .. }
            | Self::DeviceState { .. }
            | Self::ConnectionState { .. }
            | Self::Value { .. }
            | Self::InUse
            | Self::KeyReused
            | Self::NameTaken
            | Self::SessionState => Blame::Caller,
            Self::NotYours | Self::Restricted | Self::FeatureOff => Blame::Rights,
            Self::Unregistered | Self::DeviceCannot | Self::FirstLeg(_) | Self::PeerRejected | Self::PeerTimeout => {
                Blame::Peer
            }
            Self::Resource(_) | Self::OutOfService | Self::Internal => Blame::Server,
        }
    }

    /// The name on the console API and in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnknownDevice => "unknown_device",
            Self::UnknownNumber => "unknown_number",
            Self::DestinationKind => "destination_kind",
            Self::UnknownConnection => "unknown_connection",
            Self::AlreadyOver => "already_over",
            Self::NoSuchCall { .. } => "no_such_call",
            Self::DeviceState { .. } => "device_state",
            Self::ConnectionState { .. } => "connection_state",
            Self::Value { .. } => "value",
            Self::NotYours => "not_yours",
            Self::Restricted => "restricted",
            Self::FeatureOff => "feature_off",
            Self::Unregistered => "unregistered",
            Self::DeviceCannot => "device_cannot",
            Self::FirstLeg(_) => "first_leg",
            Self::PeerRejected => "peer_rejected",
            Self::PeerTimeout => "peer_timeout",
            Self::Resource(_) => "resource",
            Self::OutOfService => "out_of_service",
            Self::Internal => "internal",
            Self::InUse => "in_use",
            Self::KeyReused => "key_reused",
            Self::NameTaken => "name_taken",
            Self::SessionState => "session_state",
        }
    }
}
