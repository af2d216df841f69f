//! What the file says about the iPECS Web API: the vendor's administration pages and licences, as far as they have an effect here.

/// The iPECS Web API door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ipxapi {
    /// Web API Session Timeout, in minutes (IPX-ADM-07).
    pub session_timeout_min: u32,
    /// Whether accounts of the server type may log in.
    pub server_accounts: bool,
    /// Whether accounts of stations may log in.
    pub station_accounts: bool,
    /// Licence API-CTI.
    pub licence_cti: bool,
    /// Licence API-SMDR.
    pub licence_smdr: bool,
    /// Licence API-AMP.
    pub licence_acd: bool,
    /// Licence CLICKCALL.
    pub licence_clickcall: bool,
    /// Licences API-CTI-EXT; none: as many as there are terminals.
    pub cti_terminals: Option<u32>,
    /// Stations that CLICKCALL covers; none: all.
    pub clickcall_stations: Option<u32>,
    /// SMDR Web API Service (IPX-ADM-11).
    pub smdr_service: bool,
    /// SMDR Disconnect Cause (IPX-ADM-11).
    pub smdr_disconnect_cause: bool,
    /// CALL TRACKING Enable (IPX-ADM-10).
    pub call_tracking: bool,
}

/// What an account of the server type may do (IPX-ADM-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// Records.
    Smdr,
    /// Events of agents and groups.
    Acd,
    /// Call commands and call events.
    Cti,
}

impl Privilege {
    pub(super) const ALL: [Self; 3] = [Self::Smdr, Self::Acd, Self::Cti];
    pub(super) const NAMES: &'static [&'static str] = &["smdr", "acd", "cti"];

    /// Its name in the file and in the account's settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smdr => "smdr",
            Self::Acd => "acd",
            Self::Cti => "cti",
        }
    }
}
