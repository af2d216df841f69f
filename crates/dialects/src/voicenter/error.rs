//! Refusals in the vendor's words: Click2Call's five codes (VOI-C2C-14), the call log's six (VOI-LOG-09), the monitor's two
//! (VOI-ACT-04).

use std::net::IpAddr;
use switching::refusal::Refusal;

/// What is said when requests come too fast (VOI-C2C-14, VOI-LOG-09).
pub const TOO_FAST: &str = "Request limit exceeded. Please try again later.";

/// Why Click2Call did not do it: a code, and a short sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `ERRORCODE`.
    pub code: u8,
    /// `ERRORMESSAGE`.
    pub message: String,
}

impl Refused {
    /// A parameter is absent: `Phone is missing`.
    #[must_use]
    pub fn missing(parameter: &str) -> Self {
        Self { code: 1, message: format!("{} is missing", capital(parameter)) }
    }

    /// A parameter is wrong: `Phone is invalid`.
    #[must_use]
    pub fn invalid(parameter: &str) -> Self {
        Self { code: 1, message: format!("{} is invalid", capital(parameter)) }
    }

    /// The source may not use the interface.
    #[must_use]
    pub fn untrusted(source: IpAddr) -> Self {
        Self { code: 1, message: untrusted(source) }
    }

    /// The platform could not do it.
    #[must_use]
    pub fn application(message: &str) -> Self {
        Self { code: 2, message: message.to_owned() }
    }

    /// The extension cannot be reached now.
    #[must_use]
    pub fn offline() -> Self {
        Self { code: 3, message: "Extension representative offline".to_owned() }
    }

    /// The extension is barred from Click2Call.
    #[must_use]
    pub fn blocked() -> Self {
        Self { code: 4, message: "Extension blocked for Click2Call calls".to_owned() }
    }
}

/// What the core's refusal of a call or of its end means here. What concerns the destination shows in the call's rows.
impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownDevice | Refusal::DestinationKind => Self::invalid("phone"),
            Refusal::UnknownNumber => Self::invalid("target"),
            Refusal::Value { .. } => Self { code: 1, message: "Request is invalid".to_owned() },
            Refusal::Unregistered => Self::offline(),
            Refusal::FeatureOff => Self::blocked(),
            Refusal::NotYours | Refusal::Restricted => Self { code: 1, message: "Phone is invalid".to_owned() },
            Refusal::UnknownConnection | Refusal::AlreadyOver | Refusal::NoSuchCall { .. } => {
                Self::application("No active call")
            }
            Refusal::Resource(_) => Self::application("No free line"),
            Refusal::OutOfService => Self::application("The platform is not in service"),
            Refusal::DeviceState { .. }
            | Refusal::ConnectionState { .. }
            | Refusal::DeviceCannot
            | Refusal::FirstLeg(_)
            | Refusal::PeerRejected
            | Refusal::PeerTimeout
            | Refusal::Internal
            | Refusal::InUse
            | Refusal::KeyReused
            | Refusal::NameTaken
            | Refusal::SessionState => Self::application("Application error"),
        }
    }
}

fn capital(parameter: &str) -> String {
    let mut chars = parameter.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn untrusted(source: IpAddr) -> String {
    format!("IP address {} is not trusted.", source.to_canonical())
}

/// Why the call log gives no records (VOI-LOG-09), in the order in which it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFault {
    /// The source may not read it.
    Untrusted(IpAddr),
    /// No code, or an unknown one.
    Authorization,
    /// Too many requests.
    TooFast,
    /// A date cannot be read, or the end is before the beginning.
    Dates,
    /// More records than one answer may hold.
    TooMany,
    /// The store does not answer.
    Internal,
}

impl LogFault {
    /// `ERROR_NUMBER`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::TooFast | Self::Internal => 1,
            Self::Authorization => 2,
            Self::TooMany => 3,
            Self::Untrusted(_) => 4,
            Self::Dates => 5,
        }
    }

    /// `ERROR_DESCRIPTION`.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            // The list has no number for a failure of ours; "try again later" is what is true of it.
            Self::TooFast | Self::Internal => TOO_FAST.to_owned(),
            Self::Authorization => "Authorization failed.".to_owned(),
            Self::TooMany => "CDR limit exceeded.".to_owned(),
            Self::Untrusted(source) => untrusted(source),
            Self::Dates => "Date range is invalid.".to_owned(),
        }
    }

    /// `STATUS_CODE`, which newer clients read.
    #[must_use]
    pub const fn status_code(self) -> u16 {
        match self {
            Self::Untrusted(_) | Self::Authorization => 403,
            Self::TooFast => 429,
            Self::Dates | Self::TooMany => 400,
            Self::Internal => 500,
        }
    }
}

/// Why the monitor gives no list (VOI-ACT-04, VOI-EXT-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonitorFault {
    /// No code, an unknown one, or a source that is not trusted.
    Authorization,
    /// We do not answer.
    Internal,
}

impl MonitorFault {
    /// `ERR` and `DESC`.
    #[must_use]
    pub const fn words(self) -> (u8, &'static str) {
        match self {
            Self::Authorization => (1, "Authorization failed."),
            Self::Internal => (2, "Internal error."),
        }
    }
}
