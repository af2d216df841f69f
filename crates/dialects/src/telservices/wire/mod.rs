//! The PDUs: XML elements without prolog, attributes or blanks (TEL-TRN-04, TEL-TRN-05, TEL-TRN-12).
//!
//! Liberal in what is read, exact in what is written. Requests of this version's slice become typed values; of the others only
//! the name and the device are read.

pub mod framing;
mod read;
mod write;

pub use read::{Malformed, decode};
pub(super) use write::{Writer, error, event, result, standard};

/// Octets of a request (TEL-TRN-02).
pub const PDU_LEN_MAX: usize = 1_048_576;
/// Elements within each other (TEL-TRN-11).
pub const DEPTH_MAX: usize = 16;
/// Elements of one request (TEL-TRN-11).
pub const ELEMENTS_MAX: usize = 20_000;
/// Octets of text in one element (TEL-TRN-11).
pub const TEXT_LEN_MAX: usize = 65_536;
/// Octets of the number of a device, with the marks that people write into it.
pub const DEVICE_LEN_MAX: usize = 256;
/// Octets of correlator data (TEL-REQ-14).
pub const EXTRA_DATA_LEN_MAX: usize = 1_024;

/// Which events a client wants (TEL-SES-10).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    /// All.
    #[default]
    Full,
    /// Calls that ring, and what concerns the session.
    Restricted,
}

/// openSession (TEL-REQ-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// The device.
    pub device: String,
    /// Where the client listens for events.
    pub event_port: Option<u16>,
    /// Which events it wants.
    pub level: Level,
    /// User.
    pub user: Option<String>,
    /// Password; never logged.
    pub password: Option<String>,
    /// Silence after which the client is let go, in seconds.
    pub timeout_s: Option<u64>,
    /// Whether the device is to be watched at once.
    pub monitor: bool,
}

/// queryHistory (TEL-REQ-19).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryHistory {
    /// Whether records of calls are wanted.
    pub calls: bool,
    /// Only of this device.
    pub device: Option<String>,
    /// Only of this user.
    pub user: Option<String>,
    /// First day.
    pub start: Option<jiff::civil::Date>,
    /// First hour of that day.
    pub start_hour: i8,
    /// Last day, included.
    pub end: Option<jiff::civil::Date>,
    /// Part of the other party's number or name.
    pub search: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// When a snapshot is to be answered (TEL-TRN-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// Longest wait, in seconds; not positive: none.
    pub timeout_s: i64,
    /// The number the client got last.
    pub seq: Option<i64>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// TEL-REQ-01.
    OpenSession(OpenSession),
    /// TEL-REQ-02.
    CloseSession {
        /// The device.
        device: String,
        /// Delay, in seconds.
        after_s: u64,
        /// Only the client that asks.
        client_only: bool,
    },
    /// TEL-REQ-14.
    MakeCall {
        /// The calling device.
        device: String,
        /// The number to dial.
        called: String,
        /// Correlator data.
        extra: Option<String>,
    },
    /// TEL-REQ-06.
    AnswerCall {
        /// The device.
        device: String,
        /// Whose call.
        calling: Option<String>,
    },
    /// TEL-REQ-11.
    DropCall {
        /// The device.
        device: String,
        /// The other party of the call.
        other: Option<String>,
    },
    /// TEL-REQ-26.
    Snapshot {
        /// The device.
        device: String,
        /// A long poll.
        poll: Option<Poll>,
    },
    /// TEL-REQ-19.
    QueryHistory(QueryHistory),
    /// A service of the vendor that this exchange does not have yet.
    Absent(Absent, Option<String>),
}

/// What a service that is not there yet would have needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// A call of a device with a session.
    Call,
    /// The exchange, without a session.
    Exchange,
    /// The server of the vendor itself.
    Server,
}
