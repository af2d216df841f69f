//! The seven codes of the vendor, their short texts (CCX-11), and the code of each refusal of the core.

use switching::refusal::Refusal;

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Accepted.
    Ok,
    /// Wrong id or password.
    AuthFail,
    /// The account may not do this, or is locked for now.
    AccessDenied,
    /// The station may not call there.
    CallRestricted,
    /// Any other refusal of the telephone system.
    NokEtc,
    /// The phone that would ring first is busy.
    CallerBusy,
    /// The HTTPS side could not work on the request (CCX-15).
    UnknownError,
}

impl Code {
    /// All of them, in the vendor's order.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::AuthFail,
        Self::AccessDenied,
        Self::CallRestricted,
        Self::NokEtc,
        Self::CallerBusy,
        Self::UnknownError,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Ok => 100,
            Self::AuthFail => 101,
            Self::AccessDenied => 102,
            Self::CallRestricted => 103,
            Self::NokEtc => 104,
            Self::CallerBusy => 110,
            Self::UnknownError => 199,
        }
    }

    /// The text on the wire, in the vendor's letter case.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::AuthFail => "Auth Fail",
            Self::AccessDenied => "Access Denied",
            Self::CallRestricted => "Call Restricted",
            Self::NokEtc => "NOK Etc",
            Self::CallerBusy => "CALLER_BUSY",
            Self::UnknownError => "Unknown Error",
        }
    }

    /// The code of a refused command (CCX-06).
    #[must_use]
    pub const fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NotYours => Self::AccessDenied,
            Refusal::Restricted => Self::CallRestricted,
            Refusal::DeviceState { .. } => Self::CallerBusy,
            Refusal::Internal => Self::UnknownError,
            Refusal::UnknownDevice
            | Refusal::UnknownNumber
            | Refusal::DestinationKind
            | Refusal::UnknownConnection
            | Refusal::AlreadyOver
            | Refusal::NoSuchCall { .. }
            | Refusal::ConnectionState { .. }
            | Refusal::Value { .. }
            | Refusal::FeatureOff
            | Refusal::Unregistered
            | Refusal::DeviceCannot
            | Refusal::FirstLeg(_)
            | Refusal::PeerRejected
            | Refusal::PeerTimeout
            | Refusal::Resource(_)
            | Refusal::OutOfService
            | Refusal::InUse
            | Refusal::KeyReused
            | Refusal::NameTaken
            | Refusal::SessionState => Self::NokEtc,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switching::refusal::Shortage;

    #[test]
    fn codes_are_those_of_the_document() {
        let printed = [
            (100, "OK"),
            (101, "Auth Fail"),
            (102, "Access Denied"),
            (103, "Call Restricted"),
            (104, "NOK Etc"),
            (110, "CALLER_BUSY"),
            (199, "Unknown Error"),
        ];
        assert_eq!(Code::ALL.map(|code| (code.number(), code.message())), printed);
    }

    #[test]
    fn refusals_become_the_nearest_code() {
        for (refusal, code) in [
            (Refusal::DeviceState { connections: 1 }, 110),
            (Refusal::Restricted, 103),
            (Refusal::NotYours, 102),
            (Refusal::Unregistered, 104),
            (Refusal::FeatureOff, 104),
            (Refusal::Resource(Shortage::Calls), 104),
            (Refusal::Internal, 199),
        ] {
            assert_eq!(Code::of(&refusal).number(), code, "{refusal:?}");
        }
    }
}
