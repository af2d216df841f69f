//! Who may use a door: what an account of each is, in one place. A new door with accounts is a variant here; the compiler shows the
//! rest of this file, and nothing outside of it asks which door it is.

use super::ipxapi::Privilege;
use super::seed::Secret;
use serde_json::{Value, json};
use switching::party::Digits;

/// A vendor's door, or our own, as far as it has accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Door {
    /// Our own API.
    #[default]
    Console,
    /// iPECS Web API: with a station the client type, without one the server type.
    Ipxapi,
    /// iPECS ClickCall.
    Clickcall,
    /// Voicenter: the password is its code.
    Voicenter,
    /// TelServices, where `telservices.authenticate` asks for it.
    Telservices,
}

/// What an account of a door has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Has {
    /// Always a user name; where it need not have one, a password without one is a code that says by itself who it is.
    pub(super) user: bool,
    /// Always a station.
    pub(super) station: bool,
    /// A role.
    pub(super) role: bool,
    /// Privileges, as long as it belongs to no station.
    pub(super) privileges: bool,
    /// Rights of seeing less or more than its department, as long as it belongs to a station.
    pub(super) sight: bool,
}

const NAMED: Has = Has { user: true, station: false, role: false, privileges: false, sight: false };

impl Door {
    pub(super) const ALL: [Self; 5] =
        [Self::Console, Self::Ipxapi, Self::Clickcall, Self::Voicenter, Self::Telservices];
    pub(super) const NAMES: &'static [&'static str] = &["console", "ipxapi", "clickcall", "voicenter", "telservices"];

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Ipxapi => "ipxapi",
            Self::Clickcall => "clickcall",
            Self::Voicenter => "voicenter",
            Self::Telservices => "telservices",
        }
    }

    /// What its accounts have.
    pub(super) const fn has(self) -> Has {
        match self {
            Self::Console | Self::Telservices => Has { role: true, ..NAMED },
            Self::Ipxapi => Has { privileges: true, ..NAMED },
            Self::Clickcall => Has { station: true, ..NAMED },
            Self::Voicenter => Has { user: false, sight: true, ..NAMED },
        }
    }

    /// Whether a station with codes has a login there of its own (table 227 of the vendor).
    pub(crate) const OF_STATION_CODES: Self = Self::Ipxapi;
}

/// What an account of the console may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything but `system`.
    #[default]
    Operator,
    /// An application: calls, records and the directory.
    Application,
}

impl Role {
    pub(super) const ALL: [Self; 2] = [Self::Operator, Self::Application];
    pub(super) const NAMES: &'static [&'static str] = &["operator", "application"];

    /// Its name in the file and on the console API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Application => "application",
        }
    }
}

/// Who may use a door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Which door.
    pub door: Door,
    /// The user name; without one the password is a code.
    pub user: Option<String>,
    /// Password or code.
    pub password: Secret,
    /// The station it belongs to.
    pub station: Option<Digits>,
    /// What it may do on the console.
    pub role: Role,
    /// What it may do on the iPECS Web API; none: everything.
    pub privileges: Option<Vec<Privilege>>,
    /// Whether Voicenter's call log shows it its own user's calls alone.
    pub own_calls: bool,
    /// Whether Voicenter's real-time channel shows it the whole organisation.
    pub sees_all: bool,
}

impl Account {
    /// What the console's tokens of this account may do; at the vendors' doors there are none.
    #[must_use]
    pub fn scopes(&self) -> &'static str {
        match (self.door, self.role) {
            (Door::Console, Role::Operator) => "*",
            (Door::Console, Role::Application) => "calls:read calls:control records:read directory:read config:read",
            (Door::Ipxapi | Door::Clickcall | Door::Voicenter | Door::Telservices, _) => "",
        }
    }

    /// Its place in `demo.json`, and what stands there: the words of its vendor.
    pub(super) fn shown(&self) -> (&'static str, Value) {
        let user = self.user.as_deref().unwrap_or_default();
        let password = self.password.reveal();
        let station = self.station.as_ref().map(|number| number.as_str());
        match (self.door, station) {
            (Door::Console, _) => ("console", json!({"user": user, "password": password})),
            (Door::Ipxapi, None) => ("ipxapi", json!({"user": user, "password": password})),
            (Door::Ipxapi, Some(_)) => ("station", json!({"user": user, "password": password})),
            (Door::Clickcall, stnnum) => ("clickcall", json!({"stnnum": stnnum, "userid": user, "userpwd": password})),
            (Door::Voicenter, _) => ("voicenter", json!({"code": password})),
            (Door::Telservices, _) => ("telservices", json!({"user": user, "password": password})),
        }
    }
}
