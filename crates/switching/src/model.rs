//! What the exchange consists of while it runs: calls, connections, stages, devices and directory numbers.
//!
//! These are plain values. They change only by [`crate::picture::Picture::fold`], so that a mirror folded from the log is the
//! same as the core's own picture.

use crate::cause::Cause;
use crate::config::{DeviceConfig, ExtensionConfig};
use crate::engine::Contact;
use crate::id::{CallId, ConnectionId, DeviceId, LegId, RequestId, StageId, UserId};
use crate::party::{Addressed, Circuit, Digits, Party, Serving};
use crate::time::Time;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Connection states of ECMA-269; *null* is a connection that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum ConnectionState {
    /// Off-hook without a destination yet, or a first leg that is being prompted.
    #[n(0)]
    Initiated,
    /// Being rung.
    #[n(1)]
    Alerting,
    /// Takes part: a caller whose destination is known, or an answered party.
    #[n(2)]
    Connected,
    /// Put on hold by its own device.
    #[n(3)]
    Hold,
    /// Waits at a queue or slot.
    #[n(4)]
    Queued,
    /// Its call attempt failed and it hears the tone.
    #[n(5)]
    Fail,
}

impl ConnectionState {
    /// The name on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Alerting => "alerting",
            Self::Connected => "connected",
            Self::Hold => "hold",
            Self::Queued => "queued",
            Self::Fail => "fail",
        }
    }
}

/// How the first phone of an ordered call is made ready. One that does not answer by itself is rung, whatever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Prompt {
    /// The phone goes off-hook at once.
    #[n(0)]
    OffHook,
    /// The phone rings and waits for somebody to answer.
    #[n(1)]
    Ring,
    /// The phone is asked to answer by itself.
    #[n(2)]
    AutoAnswer,
}

impl Prompt {
    /// The name on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OffHook => "off_hook",
            Self::Ring => "ring",
            Self::AutoAnswer => "auto_answer",
        }
    }
}

/// Which part of a line a connection occupies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum LinePart {
    /// The line's call.
    #[n(0)]
    Primary,
    /// A consultation beside it.
    #[n(1)]
    Secondary,
}

/// The place of a connection at its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Line {
    /// Smallest number that was free at the device, from 1.
    #[n(0)]
    pub no: u16,
    /// Which part.
    #[n(1)]
    pub part: LinePart,
}

/// One device in one call.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Connection {
    /// Its key for life.
    #[n(0)]
    pub id: ConnectionId,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// The call it is in now.
    #[n(2)]
    pub call: CallId,
    /// Its signalling leg.
    #[n(3)]
    pub leg: LegId,
    /// Present state.
    #[n(4)]
    pub state: ConnectionState,
    /// How a first leg is made ready; none for all others.
    #[n(5)]
    pub prompt: Option<Prompt>,
    /// Whether its device placed the call (also by an application); never changes.
    #[n(6)]
    pub placed: bool,
    /// Its line at the device.
    #[n(7)]
    pub line: Line,
    /// How it was addressed.
    #[n(8)]
    pub addressed: Addressed,
    /// The cause with which it entered.
    #[n(9)]
    pub entered: Cause,
    /// Who sent the call on to it.
    #[n(10)]
    pub redirected_by: Option<Party>,
    /// The party at this connection, as others see it.
    #[n(11)]
    pub party: Party,
    /// The first signalling of its leg.
    #[n(12)]
    pub created: Time,
    /// When it began to ring.
    #[n(13)]
    pub alerting: Option<Time>,
    /// When its leg was answered on the wire, either way.
    #[n(14)]
    pub supervised: Option<Time>,
    /// When talk began with a person or with the service that is the final destination.
    #[n(15)]
    pub answered: Option<Time>,
    /// When talk began with the present party.
    #[n(16)]
    pub party_since: Option<Time>,
    /// The trunk circuit, for a party outside.
    #[n(17)]
    pub circuit: Option<Circuit>,
    /// Whom the device served when this began.
    #[n(18)]
    pub serving: Serving,
    /// Variables of this connection; see [`crate::limits::VARS_MAX`].
    #[n(19)]
    pub vars: BTreeMap<String, String>,
    /// The stage it belongs to.
    #[n(20)]
    pub stage: StageId,
    /// Why its call attempt failed, from then on.
    #[n(21)]
    pub failed: Option<Cause>,
}

/// Who or what began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Origin {
    /// A phone that dialled.
    #[n(0)]
    Phone,
    /// The outside.
    #[n(1)]
    Trunk,
    /// An application, by this request.
    #[n(2)]
    Application(#[n(0)] RequestId),
}

/// What becomes of a caller whose destination failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum FailTone {
    /// It is told at once by signalling and its connection ends.
    #[n(0)]
    Reject,
    /// An answered caller stays in state fail for this long.
    #[n(1)]
    Tone {
        /// Milliseconds.
        #[n(0)]
        ms: u64,
    },
}

/// Data that applications attach to a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct CallData {
    /// Opaque octets, and who set them.
    #[n(0)]
    pub correlator: Option<Vec<u8>>,
    /// Named values.
    #[n(1)]
    pub custom: BTreeMap<String, String>,
    /// Account code.
    #[n(2)]
    pub account_code: Option<String>,
}

/// One call. Its state is derived from its connections.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Call {
    /// Its key.
    #[n(0)]
    pub id: CallId,
    /// What began it.
    #[n(1)]
    pub origin: Origin,
    /// When it began.
    #[n(2)]
    pub created: Time,
    /// The number dialled.
    #[n(3)]
    pub dialled: Digits,
    /// The party called.
    #[n(4)]
    pub called: Party,
    /// The number from outside that was called.
    #[n(5)]
    pub did: Option<Digits>,
    /// Attached data.
    #[n(6)]
    pub data: CallData,
    /// What a failing destination means for the caller.
    #[n(7)]
    pub fail_tone: FailTone,
    /// The longest talk, in milliseconds.
    #[n(8)]
    pub talk_limit_ms: Option<u64>,
    /// The first stage.
    #[n(9)]
    pub root: StageId,
    /// The present stage.
    #[n(10)]
    pub stage: StageId,
    /// Connections in the order in which they joined.
    #[n(11)]
    pub connections: Vec<ConnectionId>,
    /// Stages that are open.
    #[n(12)]
    pub open_stages: Vec<StageId>,
    /// The name of the context in which it is routed.
    #[n(13)]
    pub context: String,
    /// Whom an application had its two legs show as the caller; none: the call was not ordered.
    #[n(14)]
    pub shown: Option<Box<Shown>>,
    /// The party that called; stays when that party has gone. None: in logs of earlier versions.
    #[n(15)]
    pub caller: Option<Box<Party>>,
}

impl Call {
    /// The caller as the side that is called may know it: whom the legs were to show, else the party that called. Whoever tells one
    /// side of the other, or an outsider of the call, asks here and heeds its presentation. None: in logs of earlier versions.
    #[must_use]
    pub fn caller_shown(&self) -> Option<&Party> {
        self.shown.as_deref().map(|shown| &shown.second).or(self.caller.as_deref())
    }
}

/// Whom the legs of an ordered call show as the caller.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Shown {
    /// The prompted phone.
    #[n(0)]
    pub first: Party,
    /// The destination.
    #[n(1)]
    pub second: Party,
}

/// What a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum StageKind {
    /// A phone rung first because an application asked for the call.
    #[n(0)]
    FirstLeg,
    /// A destination dialled.
    #[n(1)]
    Dial,
}

impl StageKind {
    /// The name on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstLeg => "first_leg",
            Self::Dial => "dial",
        }
    }
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum StageResult {
    /// Somebody answered.
    #[n(0)]
    Answered,
    /// It did not come to an answer.
    #[n(1)]
    Unanswered(#[n(0)] Cause),
}

/// One step of a caller's journey.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Stage {
    /// Its key.
    #[n(0)]
    pub id: StageId,
    /// The journey's first stage.
    #[n(1)]
    pub root: StageId,
    /// The call.
    #[n(2)]
    pub call: CallId,
    /// What it is.
    #[n(3)]
    pub kind: StageKind,
    /// Whom it tried to reach.
    #[n(4)]
    pub target: Party,
    /// When it began.
    #[n(5)]
    pub opened: Time,
    /// When its target began to ring.
    #[n(6)]
    pub ringing: Option<Time>,
    /// When its target answered.
    #[n(7)]
    pub answered: Option<Time>,
    /// The user at the target that answered.
    #[n(8)]
    pub user: Option<UserId>,
}

/// Whether and where a device can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub enum Registration {
    /// It has not registered since it exists.
    #[default]
    #[n(0)]
    Never,
    /// It is reached here.
    #[n(1)]
    Contacts(#[n(0)] Vec<Contact>),
    /// It was registered and is not any more.
    #[n(2)]
    Lapsed,
}

impl Registration {
    /// The contacts, none when it is not registered.
    #[must_use]
    pub fn contacts(&self) -> &[Contact] {
        match self {
            Self::Contacts(contacts) => contacts,
            Self::Never | Self::Lapsed => &[],
        }
    }
}

/// When a device last took part in a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct LastCall {
    /// Last call it placed.
    #[n(0)]
    pub placed: Option<Time>,
    /// Last call it was offered.
    #[n(1)]
    pub offered: Option<Time>,
    /// Last call it answered or that was answered for it.
    #[n(2)]
    pub answered: Option<Time>,
    /// Last end of a call.
    #[n(3)]
    pub ended: Option<Time>,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Device {
    /// Its key.
    #[n(0)]
    pub id: DeviceId,
    /// What it is configured to be.
    #[n(1)]
    pub config: DeviceConfig,
    /// Whether it can be reached.
    #[n(2)]
    pub registration: Registration,
    /// Live connections in the order in which they began.
    #[n(3)]
    pub connections: Vec<ConnectionId>,
    /// Last calls.
    #[n(4)]
    pub last: LastCall,
    /// Sequence number of the last event that changed its picture.
    #[n(5)]
    pub changed: u64,
    /// The user of the application session that is open on it.
    #[cbor(n(6), with = "session")]
    pub session: Option<Option<UserId>>,
}

/// The form of [`Device::session`] in octets: an array of one, so that a session without a user is not read as none.
mod session {
    use crate::id::UserId;
    use minicbor::decode::{Decoder, Error as DecodeError};
    use minicbor::encode::{Encoder, Error as EncodeError, Write};

    /// The outer one: open or not; the inner one: the user, if it has one.
    type Session = Option<Option<UserId>>;

    pub(super) fn encode<C, W: Write>(
        session: &Session,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let list: &[Option<UserId>] = session.as_slice();
        e.encode_with(list, ctx)?.ok()
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Session, DecodeError> {
        let list: Vec<Option<UserId>> = d.decode_with(ctx)?;
        Ok(list.into_iter().next())
    }
}

impl Device {
    /// Whether calls can reach it.
    #[must_use]
    pub fn in_service(&self) -> bool {
        !self.registration.contacts().is_empty() || self.config.kind.always_reachable()
    }
}

/// One directory number.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Extension {
    /// Its configuration.
    #[n(0)]
    pub config: ExtensionConfig,
    /// Wants no calls now.
    #[n(1)]
    pub do_not_disturb: bool,
}
