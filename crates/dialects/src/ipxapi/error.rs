//! The errors of the Web API (IPX-ERR-01 to IPX-ERR-06): category by resource, one total match of the core's refusals.

use super::wire::error_body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use switching::refusal::Refusal;

/// One error: HTTP status, code and text of the vendor's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status.
    pub status: u16,
    /// Code in the body.
    pub code: u16,
    /// Text in the body.
    pub message: &'static str,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $code:literal, $message:literal;)*) => {
        impl Fault {$(
            $(#[$doc])*
            pub const $name: Self = Self { status: $status, code: $code, message: $message };
        )*}
    };
}

faults! {
    /// The body or `q` cannot be read.
    PARAMETER = 400, 1, "Parameter error";
    /// Not v1.
    VERSION = 404, 2, "Version error";
    /// The licence is missing, or used up.
    LICENCE = 403, 3, "License error";
    /// Credentials or token are wrong.
    MISMATCH = 401, 4, "Login information mismatch";
    /// The token is another user's.
    OTHER_USER = 403, 4, "Login information mismatch";
    /// The account has a live session.
    ALREADY_LOGIN = 401, 99, "Already Login";
    /// Three server accounts are logged in.
    LOGIN_LIMIT = 403, 99, "Login limit exceeded";
    /// No such type or resource.
    NO_RESOURCE = 404, 99, "Unknown";
    /// An error of ours.
    UNKNOWN = 500, 99, "Unknown";
    /// No such feature below `call/`.
    NO_FEATURE = 404, 102, "serviceNotSupported";
    /// For a reason without a code.
    GENERIC = 403, 101, "generic";
    /// Switched off.
    NOT_SUPPORTED = 403, 102, "serviceNotSupported";
    /// Nothing that is asked for can be watched.
    NO_MONITORED = 403, 103, "invalidMonitorObjectType";
    /// The terminal is not known.
    NO_DEVICE = 404, 104, "invalidCallingDeviceIdentifier";
    /// The called number is not known.
    NO_CALLED = 404, 105, "invalidCalledDeviceIdentifier";
    /// The reference is not known, or no leg of the terminal.
    NO_CONNECTION = 404, 106, "invalidConnectionIdentifier";
    /// The destination is of the wrong kind.
    WRONG_KIND = 403, 108, "invalidDestinationDeviceObject";
    /// A parameter is missing or wrong.
    VALUE = 403, 111, "invalidParameterValue";
    /// No right.
    ACCESS_DENIED = 403, 143, "AccessDenied";
    /// The exchange or the phone did not answer in time.
    TIME_OUT = 403, 144, "TimeOut";
    /// The terminal is in the wrong state.
    STATE = 403, 147, "InvalidState";
    /// The terminal has no means to do it.
    OPERATION = 403, 148, "InvalidOperation";
    /// The terminal is not registered.
    UNREGISTERED = 403, 150, "unregistered";
    /// The call is in the wrong state.
    CONNECTION_STATE = 403, 203, "invalidConnectionState";
    /// Nothing to answer.
    NO_CALL = 403, 204, "noCallToAnswer";
    /// Nothing to clear.
    NOTHING_TO_CLEAR = 403, 205, "noConnectionToClear";
    /// Something ran out.
    RESOURCE = 403, 301, "resourceBusy";
    /// An error of ours in a call command.
    INTERNAL = 500, 101, "generic";
    /// Click to call: the token is wrong.
    C2C_AUTH = 401, 101, "Authentication failure";
    /// Click to call: not the own number, or not a station's account.
    C2C_ACCESS = 403, 102, "Access denied";
    /// Click to call: the class of service forbids it.
    C2C_RESTRICTED = 403, 103, "Call restricted";
    /// Click to call: refused for another reason.
    C2C_NOT_OK = 403, 104, "Not OK";
    /// Click to call: a number is missing or cannot be dialled.
    C2C_PARAMETER = 403, 105, "Parameter error";
    /// Click to call: the station is not idle.
    C2C_BUSY = 403, 110, "Caller busy";
    /// Click to call: the service is off for the station.
    C2C_OFF = 403, 121, "Feature not set";
    /// Click to call: an error of ours.
    C2C_UNKNOWN = 500, 199, "Unknown";
    /// Records: no right.
    SMDR_ACCESS = 403, 299, "Access denied";
    /// Records: the service is off.
    SMDR_OFF = 403, 299, "SMDR Web API Service off";
    /// Records: a request that cannot be answered.
    SMDR_UNKNOWN = 500, 299, "Unknown";
}

/// Which command a refusal answers: the same reason has another code here and there (IPX-CMD-42).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Make Call.
    Make,
    /// Answer Call.
    Answer,
    /// Clear Connection.
    Clear,
    /// Click to call.
    Click,
}

impl Fault {
    /// What the vendor says for a refusal.
    #[must_use]
    pub fn of(refusal: &Refusal, asked: Asked) -> Self {
        match asked {
            Asked::Click => Self::of_click(refusal),
            Asked::Make | Asked::Answer | Asked::Clear => Self::of_call(refusal, asked),
        }
    }

    fn of_call(refusal: &Refusal, asked: Asked) -> Self {
        match refusal {
            Refusal::UnknownDevice => Self::NO_DEVICE,
            Refusal::UnknownNumber => Self::NO_CALLED,
            Refusal::DestinationKind => Self::WRONG_KIND,
            Refusal::UnknownConnection => Self::NO_CONNECTION,
            Refusal::AlreadyOver | Refusal::NoSuchCall { .. } | Refusal::ConnectionState { .. } => match asked {
                Asked::Answer => Self::NO_CALL,
                Asked::Clear => Self::NOTHING_TO_CLEAR,
                Asked::Make | Asked::Click => Self::CONNECTION_STATE,
            },
            Refusal::DeviceState { .. } | Refusal::SessionState => Self::STATE,
            Refusal::Value { .. } | Refusal::KeyReused | Refusal::NameTaken | Refusal::InUse => Self::VALUE,
            Refusal::NotYours | Refusal::Restricted => Self::ACCESS_DENIED,
            Refusal::FeatureOff => Self::NOT_SUPPORTED,
            Refusal::Unregistered => Self::UNREGISTERED,
            Refusal::DeviceCannot => Self::OPERATION,
            Refusal::FirstLeg(_) | Refusal::PeerRejected => Self::GENERIC,
            Refusal::PeerTimeout | Refusal::OutOfService => Self::TIME_OUT,
            Refusal::Resource(_) => Self::RESOURCE,
            Refusal::Internal => Self::INTERNAL,
        }
    }

    fn of_click(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::DeviceState { .. } => Self::C2C_BUSY,
            Refusal::Restricted => Self::C2C_RESTRICTED,
            Refusal::NotYours => Self::C2C_ACCESS,
            Refusal::FeatureOff => Self::C2C_OFF,
            Refusal::Value { .. } => Self::C2C_PARAMETER,
            Refusal::Internal => Self::C2C_UNKNOWN,
            Refusal::UnknownDevice
            | Refusal::UnknownNumber
            | Refusal::DestinationKind
            | Refusal::UnknownConnection
            | Refusal::AlreadyOver
            | Refusal::NoSuchCall { .. }
            | Refusal::ConnectionState { .. }
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
            | Refusal::SessionState => Self::C2C_NOT_OK,
        }
    }

    /// The answer, with the number of the transaction where the request had one.
    #[must_use]
    pub fn answer(self, transaction: Option<&Value>) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, error_body(self.code, self.message, transaction)).into_response();
        if self.status == 401 {
            let basic = axum::http::HeaderValue::from_static("Basic realm=\"ipxapi\"");
            response.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        self.answer(None)
    }
}
