//! The nine errors (TEL-ERR-01 to TEL-ERR-09), and which of them a refusal of the core is.

use crate::common::ask::Fault;
use crate::common::exchange::Stopping;
use switching::refusal::{Refusal, Shortage};

/// An error as the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TelError {
    /// The exchange is not in service.
    PbxlinkOutOfService,
    /// The exchange refuses.
    PbxReject,
    /// The exchange has not answered in time.
    PbxTimeout,
    /// No call in the state that is needed.
    NoCall,
    /// No session on that device.
    NoOpenSession,
    /// One session more than allowed.
    SessionLimitExceeded,
    /// Unreadable, or not allowed here.
    Reject,
    /// Wrong user or password.
    InvalidCredentials,
    /// Something ran out.
    ResourceError,
}

impl TelError {
    /// Its element.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PbxlinkOutOfService => "pbxlinkOutOfService",
            Self::PbxReject => "pbxReject",
            Self::PbxTimeout => "pbxTimeout",
            Self::NoCall => "noCall",
            Self::NoOpenSession => "noOpenSession",
            Self::SessionLimitExceeded => "sessionLimitExceeded",
            Self::Reject => "reject",
            Self::InvalidCredentials => "invalidCredentials",
            Self::ResourceError => "resourceError",
        }
    }

    /// What a refused command is. Lines of a phone that are taken are the phone's state (TEL-REQ-14), everything else that ran
    /// out is ours.
    #[must_use]
    pub const fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::UnknownDevice
            | Refusal::UnknownNumber
            | Refusal::DestinationKind
            | Refusal::DeviceState { .. }
            | Refusal::NotYours
            | Refusal::Restricted
            | Refusal::FeatureOff
            | Refusal::Unregistered
            | Refusal::DeviceCannot
            | Refusal::FirstLeg(_)
            | Refusal::PeerRejected
            | Refusal::InUse
            | Refusal::NameTaken
            | Refusal::SessionState
            | Refusal::Resource(Shortage::Lines) => Self::PbxReject,
            Refusal::UnknownConnection
            | Refusal::AlreadyOver
            | Refusal::NoSuchCall { .. }
            | Refusal::ConnectionState { .. } => Self::NoCall,
            Refusal::Value { .. } | Refusal::KeyReused => Self::Reject,
            Refusal::PeerTimeout => Self::PbxTimeout,
            Refusal::OutOfService => Self::PbxlinkOutOfService,
            Refusal::Resource(Shortage::Circuits | Shortage::Calls | Shortage::Keys) | Refusal::Internal => {
                Self::ResourceError
            }
        }
    }
}

impl From<Stopping> for TelError {
    fn from(_: Stopping) -> Self {
        Self::PbxlinkOutOfService
    }
}

impl From<Fault> for TelError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound | Fault::Gone { .. } | Fault::Store(_) | Fault::Value(_) => Self::ResourceError,
            Fault::Stopping => Self::PbxlinkOutOfService,
        }
    }
}
