//! The PDUs: XML elements without prolog, attributes or blanks (TEL-TRN-04, TEL-TRN-05, TEL-TRN-12).
//!
//! Liberal in what is read, exact in what is written. Requests of this version's slice become typed values; of the others only
//! the name and the device are read.

pub mod framing;
mod read;
mod write;

pub use read::{Malformed, decode, decode_within};
pub(super) use write::{Writer, error, event, result, standard};

/// Bounds of a request (TEL-TRN-02, TEL-TRN-11). That of `updateUserDirectory` may be larger and have more elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Octets.
    pub octets_max: usize,
    /// Elements.
    pub elements_max: usize,
    /// Octets of a directory.
    pub directory_octets_max: usize,
    /// Elements of a directory.
    pub directory_elements_max: usize,
    /// Elements within each other.
    pub depth_max: usize,
    /// Octets of text in one element.
    pub text_len_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            octets_max: 1_048_576,
            elements_max: 20_000,
            directory_octets_max: 33_554_432,
            directory_elements_max: 200_000,
            depth_max: 16,
            text_len_max: 65_536,
        }
    }
}

impl Bounds {
    /// Octets of a request, which is a directory or not.
    #[must_use]
    pub const fn octets_of(&self, directory: bool) -> usize {
        if directory && self.directory_octets_max > self.octets_max {
            self.directory_octets_max
        } else {
            self.octets_max
        }
    }

    /// Elements of such a request.
    #[must_use]
    pub const fn elements_of(&self, directory: bool) -> usize {
        let more = directory && self.directory_elements_max > self.elements_max;
        if more { self.directory_elements_max } else { self.elements_max }
    }
}

/// The service whose requests may be large.
pub const DIRECTORY: &str = "updateUserDirectory";
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
