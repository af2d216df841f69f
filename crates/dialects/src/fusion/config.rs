//! Settings of the door, with the defaults of FUS-ADM-01, 02, 04, FUS-FMT-09 and FUS-LIM-07.
//!
//! Directory fields are not here: they belong to the directory numbers of the exchange.

pub use crate::common::network::Network;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How `ccGetChannels` writes a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallerIdStyle {
    /// `"name" [number]`.
    #[default]
    Quoted,
    /// The bare number, as older systems had it.
    Number,
}

/// Settings of the door.
#[derive(Debug, Clone)]
pub struct FusionConfig {
    /// Who may connect to either port.
    pub allowed_clients: Vec<Network>,
    /// Who may call functions that change something; none: whoever may connect.
    pub allowed_write_clients: Option<Vec<Network>>,
    /// The local time of all dates (FUS-FMT-15).
    pub time_zone: TimeZone,
    /// How `ccGetChannels` writes a caller.
    pub callerid: CallerIdStyle,
    /// How long `ccOriginate` rings its first party, in milliseconds.
    pub first_ring_ms: u64,
    /// How long `ccOriginate` then rings `to`, in milliseconds.
    pub second_ring_ms: u64,
    /// How long an answered first party hears that `to` failed, in milliseconds.
    pub fail_tone_ms: u64,
    /// Key of this server in its cluster: 8 digits.
    pub sop_key: String,
    /// Address of each server of the cluster by its key, this one's too.
    pub sops: BTreeMap<String, String>,
    /// Context ids by the name of the context.
    pub contexts: BTreeMap<String, String>,
    /// The origin whose pages may read answers (CORS); none: no page may.
    pub allow_origin: Option<String>,
}

impl Default for FusionConfig {
    fn default() -> Self {
        let sop_key = "00000001".to_owned();
        Self {
            allowed_clients: vec![
                Network::of(Ipv4Addr::LOCALHOST.into(), 8),
                Network::of(Ipv6Addr::LOCALHOST.into(), 128),
            ],
            allowed_write_clients: None,
            time_zone: TimeZone::UTC,
            callerid: CallerIdStyle::Quoted,
            first_ring_ms: 30_000,
            second_ring_ms: 60_000,
            fail_tone_ms: 10_000,
            sops: BTreeMap::from([(sop_key.clone(), "127.0.0.1".to_owned())]),
            sop_key,
            contexts: BTreeMap::from([("internal".to_owned(), "1".to_owned())]),
            allow_origin: None,
        }
    }
}

impl FusionConfig {
    /// The time zone of this IANA name, from the data that the program carries.
    #[must_use]
    pub fn zone_named(name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }

    /// Whether this address may connect.
    #[must_use]
    pub fn admits(&self, client: IpAddr) -> bool {
        self.allowed_clients.iter().any(|network| network.holds(client))
    }

    /// Whether this address may change something.
    #[must_use]
    pub fn admits_changes(&self, client: IpAddr) -> bool {
        match &self.allowed_write_clients {
            Some(networks) => networks.iter().any(|network| network.holds(client)),
            None => self.admits(client),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_own_machine_may_connect_unless_said_otherwise() {
        let config = FusionConfig::default();
        assert!(config.admits(ip("127.0.0.1")) && config.admits(ip("::1")) && config.admits_changes(ip("127.0.0.1")));
        assert!(!config.admits(ip("192.0.2.1")) && !config.admits_changes(ip("192.0.2.1")));
        let config = FusionConfig {
            allowed_clients: vec!["192.0.2.0/24".parse().unwrap()],
            allowed_write_clients: Some(vec!["192.0.2.7".parse().unwrap()]),
            ..FusionConfig::default()
        };
        assert!(config.admits(ip("192.0.2.1")) && !config.admits_changes(ip("192.0.2.1")));
        assert!(config.admits_changes(ip("192.0.2.7")));
    }

    #[test]
    fn zones_come_with_the_program() {
        assert!(FusionConfig::zone_named("Europe/Brussels").is_some());
        assert!(FusionConfig::zone_named("Nowhere/Else").is_none());
    }
}
