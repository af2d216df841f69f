//! What doors may ask of the program beside the core: stored records and events, credentials, test control, traces.
//!
//! Each question carries the way back for its answer. A question that nobody answers any more (the program is stopping) shows
//! as a closed channel.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use switching::event::Event;
use switching::id::{CallId, DeviceId};
use switching::party::Digits;
use switching::record::CallRecord;
use switching::time::Time;
use tokio::sync::oneshot;

/// Bearer tokens of one tenant.
pub const TOKENS_MAX: usize = 1_000;

/// The way back.
pub type Back<T> = oneshot::Sender<T>;

/// The list of what a door admits for good because somebody was known there once ([`Ask::Kept`]).
pub const AUTHORISED: &str = "authorised";

/// Why a question could not be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    NotFound,
    /// What was asked for has been deleted by retention; the oldest that is there.
    Gone {
        /// Oldest sequence number.
        oldest: u64,
    },
    /// The store failed.
    Store(String),
    /// The request is wrong.
    Value(String),
    /// The program is stopping.
    Stopping,
}

/// Numbers and devices that one question for records may name.
pub const PARTIES_MAX: usize = 64;

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only calls in which one of these numbers or devices took part ([`switching::record::CallRecord::parties`]), at most
    /// [`PARTIES_MAX`]; none named: everybody's.
    pub parties: Vec<String>,
    /// Only calls that began at or after this instant.
    pub from: Option<Time>,
    /// Only calls that began before this instant.
    pub to: Option<Time>,
    /// At most this many, newest first.
    pub limit: u32,
    /// Only calls older than this one, the last of the page before: when it began, and its number. It may be gone meanwhile.
    pub before: Option<(Time, CallId)>,
}

/// A page of a walk over records, oldest first. What it costs is what it gives: the store finds the range, not the walker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordScan {
    /// Only calls that this number or device took part in.
    pub party: Option<String>,
    /// Only calls that began at or after this instant.
    pub from: Option<Time>,
    /// Only calls that began before this instant.
    pub to: Option<Time>,
    /// Only calls with these numbers.
    pub calls: Range<u64>,
    /// Without those that were taken off this list.
    pub list: &'static str,
    /// Behind this one, the last of the page before: when it began, and its number.
    pub after: Option<(Time, CallId)>,
    /// At most this many.
    pub limit: u32,
}

/// Who a credential stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the account or token.
    pub account: String,
    /// What it may do: `family:action`.
    pub scopes: Vec<String>,
    /// Settings of the account, by name.
    pub settings: BTreeMap<String, String>,
}

/// A bearer token, as whoever may see it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// The readable part.
    pub id: String,
    /// What it may do and where it may come from.
    pub wanted: TokenWanted,
    /// Since when.
    pub created: Time,
    /// When it was last seen, to about a minute.
    pub last_use: Option<Time>,
}

/// What a token is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWanted {
    /// For people.
    pub label: String,
    /// What it may do: `family:action`, or `*`.
    pub scopes: Vec<String>,
    /// Networks it may come from (CIDR); none: from anywhere.
    pub networks: Vec<String>,
    /// When it lapses, if ever.
    pub expires: Option<Time>,
}

/// Something a hand does to a simulated phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    /// Lift the receiver of a ringing phone.
    Answer,
    /// Refuse a ringing call.
    Reject,
    /// Dial a number.
    Dial(Digits),
    /// Press digits in a call.
    Press(Digits),
    /// Hang up.
    HangUp,
    /// Take the phone off the network.
    Unplug,
    /// Put it back.
    PlugIn,
}

/// What a simulated phone does by itself when it rings. Times in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhoneScript {
    /// What it does when a call comes.
    pub on_ring: OnRing,
    /// Digits it presses once it talks: after so long, these.
    pub press: Vec<(u64, Digits)>,
    /// Hangs up so long after talk began.
    pub hang_up_after_ms: Option<u64>,
}

/// What a simulated phone does with a call that comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnRing {
    /// Rings until a hand does something (a call marked for auto-answer is answered at once).
    #[default]
    Wait,
    /// Rings, then answers.
    Answer {
        /// After.
        after_ms: u64,
    },
    /// Rings, then refuses.
    Reject {
        /// After.
        after_ms: u64,
    },
    /// Says at once that it is busy.
    Busy,
    /// Rings and never does anything, also not for a hand.
    Never,
    /// Does not even ring.
    Vanish,
}

/// Test control.
#[derive(Debug)]
pub enum Test {
    /// A hand does something.
    Hand(DeviceId, Hand),
    /// Sets what a phone does by itself.
    Script(DeviceId, PhoneScript),
    /// Somebody outside calls a number of ours.
    RingIn {
        /// Who.
        from: Digits,
        /// Shown name.
        name: String,
        /// Which number.
        to: Digits,
    },
    /// A hand outside: acts on the newest call of that outside number.
    Outside(Digits, Hand),
    /// Sets what an outside number does by itself.
    OutsideScript(Digits, PhoneScript),
    /// Moves the virtual clock to an instant, firing all timers on the way in order.
    Advance {
        /// To.
        to: Time,
    },
    /// Moves the virtual clock to the next timer, at most to `limit`.
    Step {
        /// Not beyond.
        limit: Time,
        /// Where it stands now, and the core's sequence number: the mirror gets there at commit.
        moved: Back<(Time, u64)>,
    },
}

/// A step of a signalling ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// When.
    pub at: Time,
    /// From the exchange's view: received or sent.
    pub sent: bool,
    /// The other end.
    pub peer: String,
    /// The leg.
    pub leg: String,
    /// The message, credentials masked.
    pub message: String,
}

/// A message to another server that was tried often enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedPush {
    /// Its key.
    pub id: u64,
    /// The server: door and name.
    pub endpoint: String,
    /// Its own name, the same at every try.
    pub message: String,
    /// How often it was tried.
    pub tries: u32,
}

/// Questions to the store and to the engines.
pub enum Ask {
    /// Records, newest first.
    Records(RecordQuery, Back<Result<Vec<CallRecord>, Fault>>),
    /// Records, oldest first.
    Scan(RecordScan, Back<Result<Vec<CallRecord>, Fault>>),
    /// Takes records off a list on which a door shows them; they stay for everybody else.
    Remove {
        /// Which list.
        list: &'static str,
        /// Which records.
        calls: Vec<CallId>,
        /// Answer: how many were on it.
        back: Back<Result<u64, Fault>>,
    },
    /// One record.
    Record(CallId, Back<Result<CallRecord, Fault>>),
    /// Events from a sequence number on.
    Events {
        /// First.
        from: u64,
        /// At most.
        most: usize,
        /// Answer.
        back: Back<Result<Vec<Event>, Fault>>,
    },
    /// Whom a bearer token stands for.
    Token {
        /// The whole token.
        text: String,
        /// Where it came from; none: from this program itself.
        from: Option<IpAddr>,
        /// Answer.
        back: Back<Option<Identity>>,
    },
    /// Whom a name and password stand for at a door.
    Login {
        /// Door.
        door: String,
        /// Name.
        user: String,
        /// Password.
        password: String,
        /// A door whose accounts count where the first has none of the name.
        otherwise: Option<String>,
        /// Answer.
        back: Back<Option<Identity>>,
    },
    /// Whom a code that is name and password in one stands for at a door.
    Code {
        /// Door.
        door: String,
        /// The code.
        code: String,
        /// Answer.
        back: Back<Option<Identity>>,
    },
    /// A copy of the database is made at this path below the data directory.
    Backup {
        /// File name, no path.
        name: String,
        /// Answer: octets written.
        back: Back<Result<u64, Fault>>,
    },
    /// The signalling of a call.
    Trace(CallId, Back<Result<Vec<TraceLine>, Fault>>),
    /// Test control.
    Test(Test, Back<Result<(), Fault>>),
    /// Messages to other servers that nobody took, oldest first.
    Parked(Back<Result<Vec<ParkedPush>, Fault>>),
    /// Tries such a message once more.
    Replay {
        /// Its key.
        id: u64,
        /// Answer: whether it was one.
        back: Back<Result<bool, Fault>>,
    },
    /// The names that a door keeps on disk in one of its lists, in their order.
    Kept {
        /// Door.
        door: String,
        /// List.
        list: String,
        /// Answer.
        back: Back<Result<Vec<String>, Fault>>,
    },
    /// Puts a name into such a list, or takes it out.
    Keep {
        /// Door.
        door: String,
        /// List.
        list: String,
        /// Name.
        name: String,
        /// In, or out.
        kept: bool,
        /// Answer, when it is on disk: whether that changed the list.
        back: Back<Result<bool, Fault>>,
    },
    /// All tokens, oldest first.
    Tokens(Back<Result<Vec<TokenInfo>, Fault>>),
    /// A new token; the answer has its whole text, which is kept nowhere.
    MakeToken(TokenWanted, Back<Result<(TokenInfo, String), Fault>>),
    /// Ends a token.
    DropToken {
        /// Its id.
        id: String,
        /// Answer.
        back: Back<Result<(), Fault>>,
    },
}
