//! How the door is set up: what the vendor keeps on its administration pages and in its licences (IPX-ADM-07, -10, -11, -16, -19).

use jiff::tz::TimeZone;
use switching::id::DeviceId;
use switching::picture::Picture;

use super::id::is_terminal;
use super::session::Account;

/// Settings of the door.
#[derive(Debug, Clone)]
pub struct IpxapiConfig {
    /// In which records have their dates.
    pub time_zone: TimeZone,
    /// How long a session lives without a request or socket, in milliseconds (IPX-ADM-07).
    pub session_ms: u64,
    /// Whether accounts of the server type may log in at all (IPX-AUTH-03).
    pub servers: bool,
    /// Whether accounts of stations may.
    pub stations: bool,
    /// What is licensed.
    pub licences: Licences,
    /// What records hold.
    pub smdr: SmdrSettings,
}

/// The vendor's licences (IPX-ADM-19, IPX-LIM-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Licences {
    /// API-CTI: call commands and call events.
    pub calls: bool,
    /// API-SMDR: records.
    pub records: bool,
    /// API-AMP: events of agents and groups.
    pub agents: bool,
    /// CLICKCALL: click to call.
    pub clicks: bool,
    /// API-CTI-EXT: how many terminals can be controlled, the first ones; none: all.
    pub terminals: Option<u32>,
    /// How many stations may click to call, the first of those whose service is on; none: all.
    pub click_stations: Option<u32>,
}

/// SMDR Attributes (IPX-ADM-11) and CALL TRACKING Enable (IPX-ADM-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmdrSettings {
    /// SMDR Web API Service.
    pub service: bool,
    /// SMDR Disconnect Cause: whether records tell it.
    pub cause: bool,
    /// CALL TRACKING Enable: whether records have the reference of their call.
    pub tracking: bool,
}

impl Default for IpxapiConfig {
    /// The vendor's defaults, with every licence.
    fn default() -> Self {
        Self {
            time_zone: TimeZone::UTC,
            session_ms: super::SESSION_MS,
            servers: true,
            stations: true,
            licences: Licences {
                calls: true,
                records: true,
                agents: true,
                clicks: true,
                terminals: None,
                click_stations: None,
            },
            smdr: SmdrSettings { service: true, cause: true, tracking: true },
        }
    }
}

impl Licences {
    /// Whether anything that an account may do is licensed (IPX-AUTH-03).
    #[must_use]
    pub const fn cover(&self, account: &Account) -> bool {
        match account {
            Account::Server(may) => {
                (may.records && self.records) || (may.calls && self.calls) || (may.agents && self.agents)
            }
            Account::Station(_) => self.records || self.clicks,
        }
    }

    /// Whether a terminal has its licence: it is among the first.
    #[must_use]
    pub fn cover_terminal(&self, picture: &Picture, device: DeviceId) -> bool {
        let before = || picture.devices.range(..device).filter(|(_, other)| is_terminal(other)).count();
        self.terminals.is_none_or(|most| before() < usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// Whether a station whose service is on has its licence for click to call.
    #[must_use]
    pub fn cover_click(&self, picture: &Picture, device: DeviceId) -> bool {
        let served = || {
            let earlier = picture.devices.range(..device).map(|(_, other)| other);
            earlier.filter(|other| is_terminal(other) && !other.config.class.no_click_to_call).count()
        };
        self.clicks && self.click_stations.is_none_or(|most| served() < usize::try_from(most).unwrap_or(usize::MAX))
    }
}
