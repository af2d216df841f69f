//! Refusals of the core in the vendor's words, and the texts of `Error` elements (FUS-FMT-05, FUS-FMT-06).
//!
//! The vendor knows success and failure only; the exact refusal is in the log.

use crate::common::ask::Fault;
use switching::refusal::Refusal;

/// The result code of success.
pub const DONE: u8 = 0;
/// The result code of failure.
pub const FAILED: u8 = 1;

/// The result code of a refused command.
#[must_use]
pub const fn result_code(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::UnknownDevice
        | Refusal::UnknownNumber
        | Refusal::DestinationKind
        | Refusal::UnknownConnection
        | Refusal::AlreadyOver
        | Refusal::NoSuchCall { .. }
        | Refusal::DeviceState { .. }
        | Refusal::ConnectionState { .. }
        | Refusal::Value { .. }
        | Refusal::NotYours
        | Refusal::Restricted
        | Refusal::FeatureOff
        | Refusal::Unregistered
        | Refusal::DeviceCannot
        | Refusal::FirstLeg(_)
        | Refusal::PeerRejected
        | Refusal::PeerTimeout
        | Refusal::Resource(_)
        | Refusal::OutOfService
        | Refusal::Internal
        | Refusal::InUse
        | Refusal::KeyReused
        | Refusal::NameTaken
        | Refusal::SessionState => FAILED,
    }
}

/// Why there is no answer of the shape that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No such function, or no such extension of its name.
    UnknownFunction,
    /// The guide has this function in XML alone.
    NoJson(&'static str),
    /// A mandatory parameter is missing or bad.
    Parameter(&'static str),
    /// No live channel has this id.
    UnknownChannel,
    /// The store or the core does not answer.
    Internal,
}

impl Trouble {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::UnknownFunction | Self::NoJson(_) => 404,
            Self::Parameter(_) | Self::UnknownChannel => 200,
            Self::Internal => 500,
        }
    }

    /// One English line; not meant to be parsed.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::UnknownFunction => "Unknown function".to_owned(),
            Self::NoJson(function) => format!("JSON is not supported by {function}"),
            Self::Parameter(name) => format!("Missing or invalid parameter: {name}"),
            Self::UnknownChannel => "Unknown channel".to_owned(),
            Self::Internal => "Internal failure".to_owned(),
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound | Fault::Gone { .. } | Fault::Store(_) | Fault::Value(_) | Fault::Stopping => {
                Self::Internal
            }
        }
    }
}
