//! The table of functions. A name that is not in it is unknown, whether the vendor has it or not.

use super::{Answer, Asked, Format};
use super::{
    cc_get_channels, cc_get_var, cc_hangup, cc_originate, cc_ping, cc_set_var, db_get_call_history,
    db_get_directory_info, db_get_phone_state, db_get_registration,
};

/// A function that this door has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    CcGetChannels,
    CcGetVar,
    CcHangup,
    CcOriginate,
    CcPing,
    CcSetVar,
    DbGetCallHistory,
    DbGetDirectoryInfo,
    DbGetPhoneState,
    DbGetRegistration,
}

const ALL: [Function; 10] = [
    Function::CcGetChannels,
    Function::CcGetVar,
    Function::CcHangup,
    Function::CcOriginate,
    Function::CcPing,
    Function::CcSetVar,
    Function::DbGetCallHistory,
    Function::DbGetDirectoryInfo,
    Function::DbGetPhoneState,
    Function::DbGetRegistration,
];

/// Functions that the guide has in XML alone, whether this door has them yet or not (FUS-FMT-02).
const WITHOUT_JSON: [&str; 2] = ["dbAuthenticate", "dbGetParkedChannels"];

/// The name of the function, if JSON is excluded for it.
pub(super) fn without_json(name: &str) -> Option<&'static str> {
    WITHOUT_JSON.into_iter().find(|excluded| excluded.eq_ignore_ascii_case(name))
}

impl Function {
    /// The function of this name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// The name as the guide prints it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CcGetChannels => "ccGetChannels",
            Self::CcGetVar => "ccGetVar",
            Self::CcHangup => "ccHangup",
            Self::CcOriginate => "ccOriginate",
            Self::CcPing => "ccPing",
            Self::CcSetVar => "ccSetVar",
            Self::DbGetCallHistory => "dbGetCallHistory",
            Self::DbGetDirectoryInfo => "dbGetDirectoryInfo",
            Self::DbGetPhoneState => "dbGetPhoneState",
            Self::DbGetRegistration => "dbGetRegistration",
        }
    }

    /// The root element of its answers.
    pub(super) const fn root(self) -> &'static str {
        match self {
            Self::CcGetChannels => "Channels",
            Self::CcGetVar => "ccGetVar",
            Self::CcHangup => "ccHangupResult",
            Self::CcOriginate => "ccOriginateResult",
            Self::CcPing => "ccPingResult",
            Self::CcSetVar => "ccSetVar",
            Self::DbGetCallHistory => "CallHistory",
            Self::DbGetDirectoryInfo => "DirectoryInfo",
            Self::DbGetPhoneState => "PhoneState",
            Self::DbGetRegistration => "dbGetRegistrationResult",
        }
    }

    /// How the guide indents its answers; the same to a parser.
    pub(super) const fn indent(self) -> &'static str {
        match self {
            Self::CcPing => "",
            Self::CcGetVar | Self::CcSetVar => "  ",
            Self::CcGetChannels => "        ",
            Self::DbGetRegistration => "    ",
            Self::CcHangup
            | Self::CcOriginate
            | Self::DbGetCallHistory
            | Self::DbGetDirectoryInfo
            | Self::DbGetPhoneState => "   ",
        }
    }

    /// The format where the name has no extension.
    pub(super) const fn bare_format(self) -> Format {
        match self {
            Self::CcGetVar | Self::CcSetVar => Format::Plain,
            Self::CcGetChannels
            | Self::CcHangup
            | Self::CcOriginate
            | Self::CcPing
            | Self::DbGetCallHistory
            | Self::DbGetDirectoryInfo
            | Self::DbGetPhoneState
            | Self::DbGetRegistration => Format::Xml,
        }
    }

    /// Whether it changes something.
    pub(super) const fn changes(self) -> bool {
        matches!(self, Self::CcHangup | Self::CcOriginate | Self::CcSetVar)
    }

    /// Whether events may come of it at once.
    pub(super) const fn causes_events(self) -> bool {
        matches!(self, Self::CcPing | Self::CcOriginate)
    }

    /// Whether it may wait for a person.
    pub(super) const fn waits(self) -> bool {
        matches!(self, Self::CcOriginate)
    }

    /// Whether the guide calls it outdated.
    pub(super) const fn deprecated(self) -> bool {
        matches!(self, Self::DbGetPhoneState)
    }

    pub(super) async fn call(self, asked: &Asked<'_>) -> Answer {
        match self {
            Self::CcGetChannels => cc_get_channels::answer(asked),
            Self::CcGetVar => cc_get_var::answer(asked),
            Self::CcHangup => cc_hangup::answer(asked).await,
            Self::CcOriginate => cc_originate::answer(asked).await,
            Self::CcPing => cc_ping::answer(asked),
            Self::CcSetVar => cc_set_var::answer(asked).await,
            Self::DbGetCallHistory => db_get_call_history::answer(asked).await,
            Self::DbGetDirectoryInfo => db_get_directory_info::answer(asked).await,
            Self::DbGetPhoneState => db_get_phone_state::answer(asked).await,
            Self::DbGetRegistration => db_get_registration::answer(asked).await,
        }
    }
}
