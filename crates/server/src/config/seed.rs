//! Telephones, lines and accounts as the file names them: the seed of an empty database.

use super::Algorithm;
use super::directory::outside_number;
use std::collections::BTreeMap;
use std::fmt;
use switching::party::Digits;

/// The field of the directory that the exchange itself knows.
const OUTGOING_NUMBER: &str = "outgoing_number";

/// A password or code. It is never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the clear text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The clear text, for hashing and for the demo's own file.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// What a station is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StationKind {
    /// A SIP telephone.
    #[default]
    Sip,
    /// A telephone that exists in this program only.
    Simulated,
}

impl StationKind {
    pub(super) const ALL: [Self; 2] = [Self::Sip, Self::Simulated];
    pub(super) const NAMES: &'static [&'static str] = &["sip", "simulated"];

    /// Its name in the file, in `demo.json` and on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::Simulated => "simulated",
        }
    }
}

/// A telephone with a directory number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Station {
    /// The number dialled to reach it.
    pub number: Digits,
    /// What it is.
    pub kind: StationKind,
    /// SIP user and digest user; none: the number.
    pub user: Option<String>,
    /// The digest password; a SIP telephone has one.
    pub password: Option<Secret>,
    /// Given name of whom it belongs to.
    pub first_name: String,
    /// Family name of whom it belongs to.
    pub last_name: String,
    /// The device id on the Fusion door; none: made from the number.
    pub resource: Option<String>,
    /// What the Fusion directory says of its number besides.
    pub directory: BTreeMap<String, String>,
    /// Calls it can have at a time.
    pub lines: u32,
    /// Digest algorithms offered to it; none: those of the SIP side.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Whether it answers a ringing call on command.
    pub remote_answer: bool,
    /// Whether it answers a call by itself that asks for it.
    pub auto_answer: bool,
    /// Beginnings of numbers that it may not call.
    pub barred: Vec<Digits>,
    /// Whether its user's applications may not have it rung to call somebody for it.
    pub no_click_to_call: bool,
    /// Authorization Code of the station on the iPECS Web API.
    pub authorization_code: Option<Secret>,
    /// Suffix Code, which follows it.
    pub suffix_code: Option<Secret>,
    /// A simulated telephone answers after so many milliseconds; none: when a hand does it.
    pub answer_after_ms: Option<u32>,
}

impl Station {
    /// The number that calls to the outside show, where the directory names one.
    #[must_use]
    pub fn outgoing_number(&self) -> Option<Digits> {
        self.directory.get(OUTGOING_NUMBER).and_then(|number| outside_number(number))
    }

    /// What the directory says of its number, but for that.
    #[must_use]
    pub fn directory_fields(&self) -> BTreeMap<String, String> {
        let fields = self.directory.iter().filter(|(name, _)| *name != OUTGOING_NUMBER);
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Whether it answers a ringing call on command: a simulated telephone always does.
    #[must_use]
    pub fn answers_on_command(&self) -> bool {
        self.remote_answer || self.kind == StationKind::Simulated
    }

    /// SIP user and digest user.
    #[must_use]
    pub fn sip_user(&self) -> &str {
        self.user.as_deref().unwrap_or(self.number.as_str())
    }

    /// The password of the station's own login on the iPECS Web API: both codes, or the one there is (IPX-AUTH-14).
    #[must_use]
    pub fn login_code(&self) -> Option<Secret> {
        let codes = [&self.authorization_code, &self.suffix_code];
        let code: String = codes.into_iter().flatten().map(Secret::reveal).collect();
        (!code.is_empty()).then(|| Secret::new(code))
    }

    /// The device id on the Fusion door: `SDP` and the number with at least five digits, where none is named.
    #[must_use]
    pub fn resource_id(&self) -> String {
        self.resource.clone().unwrap_or_else(|| format!("SDP{:0>5}", self.number.as_str()))
    }
}

/// A line to the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trunk {
    /// Its name.
    pub name: String,
    /// Calls it can carry at a time.
    pub circuits: u32,
    /// Numbers from outside, each with the number inside that it reaches.
    pub dids: Vec<(Digits, Digits)>,
}
