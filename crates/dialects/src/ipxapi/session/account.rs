//! What kind of account a session is of and what it may do (IPX-AUTH-02, IPX-AUTH-17, IPX-ADM-02).

use std::collections::BTreeMap;
use switching::party::Digits;

/// What kind of account a session is of (IPX-AUTH-02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// An application's.
    Server(Privileges),
    /// A station's: its own records and click to call.
    Station(Digits),
}

/// The check boxes below *Web API* (IPX-ADM-01).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privileges {
    /// SMDR: records and their event.
    pub records: bool,
    /// ACD: events of agents and groups.
    pub agents: bool,
    /// CTI: call commands and call events.
    pub calls: bool,
}

impl Privileges {
    /// All of them.
    pub const ALL: Self = Self { records: true, agents: true, calls: true };

    /// Those that an account's settings name; an account that names none has all.
    #[must_use]
    pub fn of(settings: &BTreeMap<String, String>) -> Self {
        let Some(words) = settings.get("privileges") else { return Self::ALL };
        let named = |name: &str| words.split_whitespace().any(|word| word == name);
        Self { records: named("smdr"), agents: named("acd"), calls: named("cti") }
    }
}

impl Account {
    /// Whether it is an application's.
    #[must_use]
    pub const fn is_server(&self) -> bool {
        match self {
            Self::Server(_) => true,
            Self::Station(_) => false,
        }
    }

    /// Whether it is a station's.
    #[must_use]
    pub const fn is_station(&self) -> bool {
        !self.is_server()
    }

    /// Whether it may read records, all of them or its own.
    #[must_use]
    pub const fn may_read_records(&self) -> bool {
        match self {
            Self::Server(privileges) => privileges.records,
            Self::Station(_) => true,
        }
    }

    /// Whether it may give call commands.
    #[must_use]
    pub const fn may_control_calls(&self) -> bool {
        match self {
            Self::Server(privileges) => privileges.calls,
            Self::Station(_) => false,
        }
    }

    /// What it may do, as the list of logins names it.
    #[must_use]
    pub fn authority(&self) -> String {
        match self {
            Self::Server(Privileges { records, agents, calls }) => {
                let named = [("smdr", *records), ("acd", *agents), ("cti", *calls)];
                let named: Vec<&str> = named.into_iter().filter(|(_, may)| *may).map(|(name, _)| name).collect();
                named.join(" ")
            }
            Self::Station(number) => format!("station {number}"),
        }
    }
}
