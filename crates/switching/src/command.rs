//! Commands: what applications ask of the exchange.
//!
//! A dialect never looks at a call to pick or to check. It sends a selector ([`Which`]) and a [`Guard`] as data; choice and
//! admission happen here, when the command is carried out.

use crate::cause::Cause;
use crate::config::Change;
use crate::id::{CallId, ConnectionId, DeviceId, OrderId, RequestId, StageId, UserId};
use crate::model::{ConnectionState, FailTone, Prompt};
use crate::party::Digits;
use crate::refusal::Refusal;
use crate::time::Time;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// How a device is named by an application.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DeviceName {
    /// By its key.
    #[n(0)]
    Id(#[n(0)] DeviceId),
    /// By a number: its own, else the primary phone of that directory number.
    #[n(1)]
    Number(#[n(0)] Digits),
    /// By its SIP user.
    #[n(2)]
    Sip(#[n(0)] String),
    /// By its resource id.
    #[n(3)]
    Resource(#[n(0)] String),
}

/// Which connection a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Which {
    /// This one.
    #[n(0)]
    Connection(#[n(0)] ConnectionId),
    /// The device's connection in this call.
    #[n(1)]
    InCall {
        /// The device.
        #[n(0)]
        device: DeviceName,
        /// The call.
        #[n(1)]
        call: CallId,
    },
    /// The device's oldest connection in the first of these states that any has.
    #[n(2)]
    OfDevice {
        /// The device.
        #[n(0)]
        device: DeviceName,
        /// States in order of preference.
        #[n(1)]
        states: Vec<ConnectionState>,
        /// Only a connection whose call has this party too.
        #[n(2)]
        other_party: Option<Digits>,
    },
    /// Of the device's connections that are as one of these says, first choice first, the one that became so last.
    #[n(3)]
    Latest {
        /// The device.
        #[n(0)]
        device: DeviceName,
        /// In order of preference.
        #[n(1)]
        choices: Vec<Choice>,
        /// Only a connection whose call has this party too.
        #[n(2)]
        other_party: Option<Digits>,
    },
}

/// What a connection is, finer than its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Choice {
    /// Its state.
    #[n(0)]
    pub state: ConnectionState,
    /// Whether it talks or has talked; none: either way.
    #[n(1)]
    pub answered: Option<bool>,
}

/// The states in which a vendor admits the command; empty: all that the service itself admits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Guard {
    /// The device must have no connection.
    #[n(0)]
    pub device_idle: bool,
    /// The connection must be in one of these.
    #[n(1)]
    pub states: Vec<ConnectionState>,
    /// The call must have this party.
    #[n(2)]
    pub other_party: Option<Digits>,
}

/// When the reply is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ReplyAt {
    /// As soon as the command is admitted.
    #[default]
    #[n(0)]
    Accepted,
    /// When the first leg is answered or has failed.
    #[n(1)]
    FirstAnswered,
    /// When the leg has confirmed.
    #[n(2)]
    LegConfirmed,
}

/// An idempotency key: the same key and body get the same answer for [`crate::limits::KEY_LIFE_MS`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Key {
    /// The key, 1 to 255 octets.
    #[n(0)]
    pub key: String,
    /// SHA-256 of the body that came with it.
    #[n(1)]
    pub body: [u8; 32],
}

/// Who gives a command: the door and the account, for logs, keys and rights.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Principal {
    /// The dialect.
    #[n(0)]
    pub door: String,
    /// The account there.
    #[n(1)]
    pub account: String,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Command {
    /// Number of the request, given by the driver.
    #[n(0)]
    pub request: RequestId,
    /// Who gives it.
    #[n(1)]
    pub by: Principal,
    /// Makes it safe to repeat.
    #[n(2)]
    pub key: Option<Key>,
    /// States in which it is admitted.
    #[n(3)]
    pub guard: Guard,
    /// When to reply.
    #[n(4)]
    pub reply: ReplyAt,
    /// Longest wait for a deferred reply, in milliseconds; none: as the service has it.
    #[n(5)]
    pub deadline_ms: Option<u64>,
    /// What to do.
    #[n(6)]
    pub verb: Verb,
}

/// One change of configuration with its request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Configure {
    /// Number of the request.
    #[n(0)]
    pub request: RequestId,
    /// Who.
    #[n(1)]
    pub by: Principal,
    /// What.
    #[n(2)]
    pub change: Change,
}

/// How one leg of an ordered call is shown and rung.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct LegOptions {
    /// Number shown on this leg; none: as the service has it.
    #[n(0)]
    pub caller_id: Option<Digits>,
    /// Name shown on this leg.
    #[n(1)]
    pub caller_name: Option<String>,
    /// Longest ringing, in milliseconds.
    #[n(2)]
    pub ring_ms: Option<u64>,
    /// Refuse where no phone is registered.
    #[n(3)]
    pub must_be_registered: bool,
    /// Asks the called phone to answer by itself, where it does that; how the first phone is made ready is said by the prompt alone.
    #[n(4)]
    #[cbor(default)]
    pub auto_answer: bool,
    /// Number and name are withheld from this leg.
    #[n(5)]
    #[cbor(default)]
    pub withheld: bool,
}

/// When a destination that cannot be dialled is found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DestinationCheck {
    /// Before anything rings: the command is refused.
    #[default]
    #[n(0)]
    Early,
    /// When it is dialled: the call fails.
    #[n(1)]
    Late,
    /// Before anything rings whether it may be called at all, when it is dialled whether it exists.
    #[n(2)]
    Rights,
    /// Before anything rings whether it exists, when it is dialled whether it may be called.
    #[n(3)]
    Existence,
}

/// Make Call (ECMA-269): connect a device with a number.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MakeCall {
    /// The calling device.
    #[n(0)]
    pub from: DeviceName,
    /// The number to dial once it is ready.
    #[n(1)]
    pub to: Digits,
    /// How the calling device is made ready.
    #[n(2)]
    pub prompt: Prompt,
    /// The calling leg.
    #[n(3)]
    pub first: LegOptions,
    /// The called leg.
    #[n(4)]
    pub second: LegOptions,
    /// The directory number in whose name the call is made; none: that of the device.
    #[n(5)]
    pub as_number: Option<Digits>,
    /// What a failing destination means.
    #[n(6)]
    pub fail_tone: FailTone,
    /// Longest talk, in milliseconds.
    #[n(7)]
    pub talk_limit_ms: Option<u64>,
    /// Variables of the calling connection.
    #[n(8)]
    pub vars: BTreeMap<String, String>,
    /// Named values of the call.
    #[n(9)]
    pub custom: BTreeMap<String, String>,
    /// Opaque data of the call.
    #[n(10)]
    pub correlator: Option<Vec<u8>>,
    /// When the destination is checked.
    #[n(11)]
    pub check: DestinationCheck,
}

/// Data to attach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct DataPatch {
    /// Replace the opaque data.
    #[n(0)]
    pub correlator: Option<Vec<u8>>,
    /// Set named values of the call.
    #[n(1)]
    pub custom: BTreeMap<String, String>,
    /// Set the account code.
    #[n(2)]
    pub account_code: Option<String>,
    /// Set variables of the connection.
    #[n(3)]
    pub vars: BTreeMap<String, String>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Verb {
    /// Make Call.
    #[n(0)]
    MakeCall(#[n(0)] Box<MakeCall>),
    /// Answer Call: the device answers the ringing call.
    #[n(1)]
    AnswerCall {
        /// The ringing connection.
        #[n(0)]
        which: Which,
    },
    /// Clear Connection: one party leaves; with two parties the call is over.
    #[n(2)]
    ClearConnection {
        /// Which leaves.
        #[n(0)]
        which: Which,
    },
    /// Clear Call: all parties leave.
    #[n(3)]
    ClearCall {
        /// Any connection of the call.
        #[n(0)]
        which: Which,
    },
    /// Clear Call by its key.
    #[n(4)]
    ClearCallById {
        /// The call.
        #[n(0)]
        call: CallId,
    },
    /// Associate Data.
    #[n(5)]
    AssociateData {
        /// The connection; its call takes what belongs to the call.
        #[n(0)]
        which: Which,
        /// What to set.
        #[n(1)]
        patch: Box<DataPatch>,
    },
    /// Set Do Not Disturb of a directory number.
    #[n(6)]
    SetDoNotDisturb {
        /// The number, or the device whose number it is.
        #[n(0)]
        number: Digits,
        /// On or off.
        #[n(1)]
        on: bool,
    },
    /// Open an application session on a device.
    #[n(7)]
    OpenSession {
        /// The device.
        #[n(0)]
        device: DeviceName,
        /// The user.
        #[n(1)]
        user: Option<UserId>,
    },
    /// Close it.
    #[n(8)]
    CloseSession {
        /// The device.
        #[n(0)]
        device: DeviceName,
    },
    /// End every call: the program is being stopped.
    #[n(9)]
    Shutdown,
    /// Clear every call that a device takes part in, ringing ones included.
    #[n(10)]
    ClearDevice {
        /// The device.
        #[n(0)]
        device: DeviceName,
    },
}

/// What a carried-out command gives back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// Nothing but that it was done.
    #[n(0)]
    Done,
    /// The call that was made.
    #[n(1)]
    Made {
        /// The call.
        #[n(0)]
        call: CallId,
        /// The calling connection.
        #[n(1)]
        connection: ConnectionId,
        /// The root stage.
        #[n(2)]
        stage: StageId,
    },
    /// The connection it was done to.
    #[n(2)]
    Connection {
        /// The call.
        #[n(0)]
        call: CallId,
        /// The connection.
        #[n(1)]
        connection: ConnectionId,
        /// The newest stage of the call.
        #[n(2)]
        stage: StageId,
    },
    /// The object that was configured: its number, whatever its kind.
    #[n(3)]
    Configured(#[n(0)] u64),
    /// What was ended, of several calls the newest.
    #[n(4)]
    Ended {
        /// The call.
        #[n(0)]
        call: CallId,
        /// The first stage of its journey.
        #[n(1)]
        root: StageId,
        /// When that stage was opened.
        #[n(2)]
        opened: Time,
    },
}

/// What came of a command.
pub type Outcome = Result<Answer, Refusal>;

/// The reply to a command.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reply {
    /// To which.
    #[n(0)]
    pub request: RequestId,
    /// Last sequence number before its effects.
    #[n(1)]
    pub before: u64,
    /// Last sequence number of its effects; equal to `before` where it had none.
    #[n(2)]
    pub through: u64,
    /// Whether this is the answer of an earlier command with the same key.
    #[n(3)]
    pub replayed: bool,
    /// What came of it.
    #[n(4)]
    pub outcome: Outcome,
}

/// What a deferred reply waits for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Awaits {
    /// The first leg of this call.
    #[n(0)]
    FirstLeg(#[n(0)] CallId),
    /// The phone that was told to answer this connection.
    #[n(1)]
    Answer(#[n(0)] OrderId, #[n(1)] ConnectionId),
}

/// Who ended a connection.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ClearedBy {
    /// Its own device.
    #[n(0)]
    Itself,
    /// Another party of the call.
    #[n(1)]
    Party(#[n(0)] ConnectionId),
    /// A command.
    #[n(2)]
    Request(#[n(0)] RequestId),
    /// The exchange, for this cause.
    #[n(3)]
    Exchange(#[n(0)] Cause),
}
