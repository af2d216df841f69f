//! Configuration as values: what devices, numbers, users and trunks exist, and the settings of the exchange.

use crate::id::{DeviceId, ExtensionId, TrunkId, UserId};
use crate::party::Digits;
use minicbor::{Decode, Encode};

/// What kind of end a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum DeviceKind {
    /// A SIP telephone.
    #[n(0)]
    Sip,
    /// A telephone that exists in this program only.
    #[n(1)]
    Simulated,
    /// The outside, reached over a trunk.
    #[n(2)]
    Trunk,
}

impl DeviceKind {
    /// Whether calls reach it without a registration.
    #[must_use]
    pub const fn always_reachable(self) -> bool {
        match self {
            Self::Trunk => true,
            Self::Sip | Self::Simulated => false,
        }
    }

    /// The name on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::Simulated => "simulated",
            Self::Trunk => "trunk",
        }
    }
}

/// Names under which a device is known; each is valid wherever a device is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Names {
    /// Its own number.
    #[n(0)]
    pub number: Option<Digits>,
    /// Its SIP user, unique in the tenant.
    #[n(1)]
    pub sip: Option<String>,
    /// Its resource id (Fusion: `SDP40001`), unique in the tenant.
    #[n(2)]
    pub resource: Option<String>,
}

/// What a device can do when it is told to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct Capabilities {
    /// It answers a ringing call on command.
    #[n(0)]
    pub remote_answer: bool,
    /// It answers a marked call by itself: it can be taken off-hook, and asked to answer. One that does not is rung.
    #[n(1)]
    pub auto_answer: bool,
}

/// What may not be done from a device: its class of service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct ClassOfService {
    /// Numbers that begin like one of these are not called from it.
    #[n(0)]
    pub barred: Vec<Digits>,
    /// Applications of its user may not have it rung to call somebody for it.
    #[n(1)]
    pub no_click_to_call: bool,
}

impl ClassOfService {
    /// Whether a number is not called from it.
    #[must_use]
    pub fn bars(&self, dialled: &Digits) -> bool {
        self.barred.iter().any(|barred| dialled.as_str().starts_with(barred.as_str()))
    }
}

/// A device as configured.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DeviceConfig {
    /// What it is.
    #[n(0)]
    pub kind: DeviceKind,
    /// Its names.
    #[n(1)]
    pub names: Names,
    /// How many lines it has, from 1: more connections make it busy.
    #[n(2)]
    pub lines_max: u16,
    /// What it can do.
    #[n(3)]
    pub can: Capabilities,
    /// The context in which its calls are routed.
    #[n(4)]
    pub context: String,
    /// The name shown with its calls, where its extension has none.
    #[n(5)]
    pub display_name: String,
    /// What may not be done from it.
    #[n(6)]
    #[cbor(default)]
    pub class: ClassOfService,
}

/// A directory number as configured.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ExtensionConfig {
    /// The number dialled to reach it.
    #[n(0)]
    pub number: Digits,
    /// Given name of whom it belongs to.
    #[n(1)]
    pub first_name: String,
    /// Family name, or the name of what it is.
    #[n(2)]
    pub last_name: String,
    /// The phone that is rung first, and whose calls carry this number.
    #[n(3)]
    pub primary: Option<DeviceId>,
    /// Another phone rung with it.
    #[n(4)]
    pub secondary: Option<DeviceId>,
    /// The person it belongs to.
    #[n(5)]
    pub owner: Option<UserId>,
    /// How long its phones ring, in milliseconds; none: the setting of the exchange.
    #[n(6)]
    pub ring_ms: Option<u64>,
    /// The number shown outside.
    #[n(7)]
    pub outgoing_number: Option<Digits>,
    /// Directory fields without meaning for calls (login, email, company ...), by name.
    #[n(8)]
    pub fields: std::collections::BTreeMap<String, String>,
}

impl ExtensionConfig {
    /// Given and family name with one blank between them.
    #[must_use]
    pub fn full_name(&self) -> String {
        [self.first_name.as_str(), self.last_name.as_str()]
            .into_iter()
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A person as configured.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct UserConfig {
    /// The name shown.
    #[n(0)]
    pub name: String,
}

/// A trunk as configured.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TrunkConfig {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// The device that stands for it in calls.
    #[n(1)]
    pub device: DeviceId,
    /// How many circuits it has.
    #[n(2)]
    pub circuits: u16,
    /// Numbers from outside and the number inside that each reaches.
    #[n(3)]
    pub dids: Vec<(Digits, Digits)>,
}

/// Settings of the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Settings {
    /// How long a called phone rings, in milliseconds.
    #[n(0)]
    pub ring_ms: u64,
    /// How long the first leg of an ordered call rings, in milliseconds.
    #[n(1)]
    pub first_leg_ring_ms: u64,
    /// How long a phone may take to answer on command, in milliseconds.
    #[n(2)]
    pub remote_answer_ms: u64,
    /// Most calls at a time.
    #[n(3)]
    pub calls_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ring_ms: 60_000, first_leg_ring_ms: 60_000, remote_answer_ms: 5_000, calls_max: 20_000 }
    }
}

/// One change of configuration.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// Create or replace a device. Without id the core gives one.
    #[n(0)]
    PutDevice {
        /// Which, if it exists.
        #[n(0)]
        id: Option<DeviceId>,
        /// What it is to be.
        #[n(1)]
        config: Box<DeviceConfig>,
    },
    /// Remove a device that takes part in no call.
    #[n(1)]
    RemoveDevice(#[n(0)] DeviceId),
    /// Create or replace a directory number.
    #[n(2)]
    PutExtension {
        /// Which, if it exists.
        #[n(0)]
        id: Option<ExtensionId>,
        /// What it is to be.
        #[n(1)]
        config: Box<ExtensionConfig>,
    },
    /// Remove a directory number.
    #[n(3)]
    RemoveExtension(#[n(0)] ExtensionId),
    /// Create or replace a person.
    #[n(4)]
    PutUser {
        /// Which, if it exists.
        #[n(0)]
        id: Option<UserId>,
        /// What it is to be.
        #[n(1)]
        config: Box<UserConfig>,
    },
    /// Create or replace a trunk.
    #[n(5)]
    PutTrunk {
        /// Which, if it exists.
        #[n(0)]
        id: Option<TrunkId>,
        /// What it is to be.
        #[n(1)]
        config: Box<TrunkConfig>,
    },
    /// Replace the settings.
    #[n(6)]
    PutSettings(#[n(0)] Box<Settings>),
}
