//! Events: what happened, in one gapless order per tenant.
//!
//! The names are those of ECMA-269. An event carries what cannot be derived: causes, links, and a new object whole. Everything
//! else is read from the picture before and after it. [`What`] is matched without `_`, so that adding an event shows every
//! place that must decide.

use crate::cause::Cause;
use crate::command::ClearedBy;
use crate::config::{DeviceConfig, ExtensionConfig, Settings, TrunkConfig, UserConfig};
use crate::engine::Contact;
use crate::id::{CallId, ConnectionId, DeviceId, ExtensionId, RequestId, TrunkId, UserId};
use crate::model::{Call, CallData, Connection, ConnectionState, Prompt, Stage, StageResult};
use crate::party::{Digits, Party, Via};
use crate::time::Time;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// One event with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Event {
    /// From 1, without a gap.
    #[n(0)]
    pub seq: u64,
    /// When.
    #[n(1)]
    pub at: Time,
    /// The request that caused it.
    #[n(2)]
    pub request: Option<RequestId>,
    /// Calls whose picture changed.
    #[n(3)]
    pub calls: Vec<CallId>,
    /// Devices whose picture changed.
    #[n(4)]
    pub devices: Vec<DeviceId>,
    /// What.
    #[n(5)]
    pub what: What,
}

/// What a prompted connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// The phone goes off-hook to call.
    #[n(0)]
    Call,
    /// The phone is rung first.
    #[n(1)]
    TwoLeg,
}

impl Purpose {
    /// The name on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::TwoLeg => "two_leg",
        }
    }
}

/// Where a call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Arrival {
    /// A phone dialled.
    #[n(0)]
    Phone,
    /// From outside.
    #[n(1)]
    Trunk,
    /// By an application.
    #[n(2)]
    Application,
}

impl Arrival {
    /// The name on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Trunk => "trunk",
            Self::Application => "application",
        }
    }
}

/// A service that a failed caller is offered (none in this version: callers are always rejected or hear the tone).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Offer {
    /// Camp on the busy phone.
    #[n(0)]
    CampOn,
    /// Be called back.
    #[n(1)]
    CallBack,
    /// Intrude.
    #[n(2)]
    Intrude,
}

/// What changed in the configuration, whole.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Configured {
    /// A device; none: removed.
    #[n(0)]
    Device(#[n(0)] DeviceId, #[n(1)] Option<Box<DeviceConfig>>),
    /// A directory number; none: removed.
    #[n(1)]
    Extension(#[n(0)] ExtensionId, #[n(1)] Option<Box<ExtensionConfig>>),
    /// A person.
    #[n(2)]
    User(#[n(0)] UserId, #[n(1)] Option<Box<UserConfig>>),
    /// A trunk.
    #[n(3)]
    Trunk(#[n(0)] TrunkId, #[n(1)] Option<Box<TrunkConfig>>),
    /// The settings.
    #[n(4)]
    Settings(#[n(0)] Box<Settings>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum What {
    /// A phone is made ready to call.
    #[n(0)]
    ServiceInitiated {
        /// The connection, whole.
        #[n(0)]
        connection: Box<Connection>,
        /// Its call, whole.
        #[n(1)]
        call: Box<Call>,
        /// How.
        #[n(2)]
        prompt: Prompt,
        /// What for.
        #[n(3)]
        purpose: Purpose,
    },
    /// A call attempt begins: the destination is known.
    #[n(1)]
    Originated {
        /// The calling connection.
        #[n(0)]
        connection: ConnectionId,
        /// Connection and call, whole, where they begin here.
        #[n(1)]
        born: Option<Box<(Connection, Call)>>,
        /// The number dialled.
        #[n(2)]
        dialled: Digits,
        /// The party called.
        #[n(3)]
        called: Party,
        /// The number from outside.
        #[n(4)]
        did: Option<Digits>,
        /// From where.
        #[n(5)]
        arrival: Arrival,
        /// Whether a prompted phone was answered for it.
        #[n(6)]
        prompted: bool,
    },
    /// A destination rings.
    #[n(2)]
    Delivered {
        /// The ringing connection, whole.
        #[n(0)]
        connection: Box<Connection>,
        /// Why it rings.
        #[n(1)]
        cause: Cause,
        /// By which way it was addressed.
        #[n(2)]
        via: Via,
    },
    /// A destination answered.
    #[n(3)]
    Established {
        /// The answering connection.
        #[n(0)]
        connection: ConnectionId,
        /// The connection, whole, where it answered without ringing.
        #[n(1)]
        born: Option<Box<Connection>>,
        /// The cause with which it had entered.
        #[n(2)]
        cause: Cause,
        /// With whom it talks.
        #[n(3)]
        peers: Vec<ConnectionId>,
    },
    /// A call attempt failed.
    #[n(4)]
    Failed {
        /// The calling connection.
        #[n(0)]
        connection: ConnectionId,
        /// Why.
        #[n(1)]
        cause: Cause,
        /// Q.850.
        #[n(2)]
        q850: u8,
        /// Who was called.
        #[n(3)]
        called: Party,
        /// What the caller may do now.
        #[n(4)]
        offers: Vec<Offer>,
        /// Whether it stays and hears the tone.
        #[n(5)]
        tone: bool,
    },
    /// A connection ended.
    #[n(5)]
    ConnectionCleared {
        /// Which.
        #[n(0)]
        connection: ConnectionId,
        /// Why.
        #[n(1)]
        cause: Cause,
        /// Who.
        #[n(2)]
        by: ClearedBy,
        /// Q.850.
        #[n(3)]
        q850: u8,
        /// State before.
        #[n(4)]
        was: ConnectionState,
        /// How many connections the call has left.
        #[n(5)]
        left: u32,
    },
    /// A call ended.
    #[n(6)]
    CallCleared {
        /// Which.
        #[n(0)]
        call: CallId,
    },
    /// A stage began.
    #[n(7)]
    StageOpened {
        /// It, whole.
        #[n(0)]
        stage: Box<Stage>,
    },
    /// A stage ended.
    #[n(8)]
    StageClosed {
        /// It, whole, as it ended.
        #[n(0)]
        stage: Box<Stage>,
        /// How.
        #[n(1)]
        result: StageResult,
    },
    /// Data of a call or connection changed.
    #[n(9)]
    CallInformation {
        /// The call.
        #[n(0)]
        call: CallId,
        /// The call's data, whole.
        #[n(1)]
        data: Box<CallData>,
        /// A connection's variables, whole.
        #[n(2)]
        vars: Option<(ConnectionId, BTreeMap<String, String>)>,
    },
    /// Digits were pressed during a call; they have been passed on.
    #[n(10)]
    DigitsGenerated {
        /// By whom.
        #[n(0)]
        connection: ConnectionId,
        /// How many; which ones is nobody's business.
        #[n(1)]
        count: u32,
    },
    /// A device can be reached.
    #[n(11)]
    BackInService {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// Where.
        #[n(1)]
        contacts: Vec<Contact>,
    },
    /// A device cannot be reached any more.
    #[n(12)]
    OutOfService {
        /// Which.
        #[n(0)]
        device: DeviceId,
    },
    /// Do not disturb was set or unset.
    #[n(13)]
    DoNotDisturb {
        /// Of which number.
        #[n(0)]
        extension: ExtensionId,
        /// Now.
        #[n(1)]
        on: bool,
    },
    /// An application session was opened or closed on a device.
    #[n(14)]
    ApplicationSession {
        /// Which device.
        #[n(0)]
        device: DeviceId,
        /// Its user.
        #[n(1)]
        user: Option<UserId>,
        /// Opened or closed.
        #[n(2)]
        open: bool,
    },
    /// Configuration changed.
    #[n(15)]
    ConfigurationChanged(#[n(0)] Configured),
    /// The phone of a first leg that was being called rings now (or sends early sound); its person has yet to answer. The one event
    /// here that ECMA-269 does not know.
    #[n(16)]
    Prompted {
        /// The calling connection.
        #[n(0)]
        connection: ConnectionId,
    },
}

impl What {
    /// The event's name on the console API and in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ServiceInitiated { .. } => "service_initiated",
            Self::Originated { .. } => "originated",
            Self::Delivered { .. } => "delivered",
            Self::Established { .. } => "established",
            Self::Failed { .. } => "failed",
            Self::ConnectionCleared { .. } => "connection_cleared",
            Self::CallCleared { .. } => "call_cleared",
            Self::StageOpened { .. } => "stage_opened",
            Self::StageClosed { .. } => "stage_closed",
            Self::CallInformation { .. } => "call_information",
            Self::DigitsGenerated { .. } => "digits_generated",
            Self::BackInService { .. } => "back_in_service",
            Self::OutOfService { .. } => "out_of_service",
            Self::DoNotDisturb { .. } => "do_not_disturb",
            Self::ApplicationSession { .. } => "application_session",
            Self::ConfigurationChanged(_) => "configuration_changed",
            Self::Prompted { .. } => "prompted",
        }
    }
}
