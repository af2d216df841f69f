//! Settings of the door, with the defaults of VOI-LIM-01, 02, 04, 09, VOI-ADM-03 and VOI-ADM-25.
//!
//! Extensions, numbers and users are not here: they belong to the exchange. Codes are in the directory of accounts.

pub use crate::common::network::Network;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Settings of the door.
#[derive(Debug, Clone)]
pub struct VoicenterConfig {
    /// Name of the organisation, which is its only account.
    pub organisation: String,
    /// Id of that account.
    pub account_id: u32,
    /// The node number in call ids: four digits. It must stay, for call ids hold it.
    pub node: u16,
    /// Country code of national numbers.
    pub home_country: String,
    /// Local time, for the real-time channel (VOI-RT-14) and servers that ask for it (VOI-CDR-05).
    pub time_zone: TimeZone,
    /// Click2Call requests of the organisation per second (VOI-LIM-09).
    pub requests_per_s: u32,
    /// Requests to the call log per minute and code (VOI-LIM-01).
    pub log_requests_per_min: u32,
    /// Records of one answer of the call log (VOI-LIM-02).
    pub log_records_max: usize,
    /// Who may read the call log; none: everybody with a code (VOI-ADM-03).
    pub trusted: Vec<Network>,
    /// Whether that holds for everything else that takes a code, too.
    pub trusted_everywhere: bool,
    /// Departments by their paths, with the ids of their accounts (VOI-ADM-01).
    pub departments: BTreeMap<String, u32>,
    /// Proxies whose word counts for where a request came from (VOI-ADM-03).
    pub proxies: Vec<Network>,
    /// The header in which they say it, in lower case.
    pub forwarded_header: String,
    /// How long a token of the real-time channel lives, in milliseconds (VOI-RT-12).
    pub token_ms: u64,
    /// Longest ringing of one leg that may be asked for, in seconds (VOI-LIM-04).
    pub dial_max_s: u64,
    /// Longest talk that may be asked for, in seconds (VOI-LIM-04).
    pub duration_max_s: u64,
    /// How long an answered first leg hears that the second failed, in milliseconds (VOI-C2C-03).
    pub fail_tone_ms: u64,
}

impl Default for VoicenterConfig {
    fn default() -> Self {
        Self {
            organisation: "Office".to_owned(),
            account_id: 1,
            node: 1,
            home_country: "972".to_owned(),
            time_zone: TimeZone::UTC,
            requests_per_s: 5,
            log_requests_per_min: 30,
            log_records_max: 10_000,
            trusted: Vec::new(),
            trusted_everywhere: false,
            departments: BTreeMap::new(),
            proxies: Vec::new(),
            forwarded_header: "x-forwarded-for".to_owned(),
            token_ms: 86_400_000,
            dial_max_s: 300,
            duration_max_s: 14_400,
            fail_tone_ms: 5_000,
        }
    }
}

impl VoicenterConfig {
    /// The time zone of this IANA name, from the data that the program carries.
    #[must_use]
    pub fn zone_named(name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }

    /// Minutes by which the local time is ahead of UTC, so many seconds after the Unix epoch.
    #[must_use]
    pub fn offset_min(&self, unix_s: i64) -> i64 {
        let at = Timestamp::from_second(unix_s).unwrap_or(Timestamp::UNIX_EPOCH);
        i64::from(self.time_zone.to_offset(at).seconds()) / 60
    }

    /// The epoch as if local time were UTC (VOI-RT-14, VOI-CDR-05).
    #[must_use]
    pub fn local(&self, unix_s: i64) -> i64 {
        unix_s + self.offset_min(unix_s) * 60
    }

    /// Where a request came from: its peer, or what a proxy says of it. The last address that is no proxy's counts, for all before it
    /// may have been written by the client; where a proxy says nothing that can be read, it is nobody's address.
    #[must_use]
    pub fn source<'a>(&self, peer: IpAddr, mut said: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let is_proxy = |address: IpAddr| self.proxies.iter().any(|network| network.holds(address));
        let peer = peer.to_canonical();
        if !is_proxy(peer) {
            return peer;
        }
        let mut from = peer;
        while let Some(line) = said.next_back() {
            for word in line.rsplit(',') {
                let Ok(address) = word.trim().parse::<IpAddr>() else { return Ipv4Addr::UNSPECIFIED.into() };
                from = address.to_canonical();
                if !is_proxy(from) {
                    return from;
                }
            }
        }
        from
    }

    /// Whether this address may read the call log.
    #[must_use]
    pub fn trusts(&self, source: IpAddr) -> bool {
        self.trusted.is_empty() || self.trusted.iter().any(|network| network.holds(source))
    }

    /// Whether this address may use what else takes a code.
    #[must_use]
    pub fn trusts_everywhere(&self, source: IpAddr) -> bool {
        !self.trusted_everywhere || self.trusts(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_is_believed_and_only_its_own_word() {
        let proxies = ["10.0.0.0/8", "fd00::/8"].iter().filter_map(|network| network.parse().ok()).collect();
        let config = VoicenterConfig { proxies, ..VoicenterConfig::default() };
        let source = |peer: &str, said: &[&str]| {
            config.source(peer.parse().expect("an address"), said.iter().copied()).to_string()
        };
        assert_eq!(source("192.0.2.7", &["198.51.100.1"]), "192.0.2.7", "no proxy");
        assert_eq!(source("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(source("10.0.0.1", &["192.0.2.1, 198.51.100.1"]), "198.51.100.1", "the client wrote the first one");
        assert_eq!(source("10.0.0.1", &["192.0.2.1", "198.51.100.1, 10.0.0.9"]), "198.51.100.1", "two proxies");
        assert_eq!(source("::ffff:10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(source("10.0.0.1", &[]), "10.0.0.1", "the proxy itself");
        assert_eq!(source("10.0.0.1", &["unknown"]), "0.0.0.0");
    }
}
