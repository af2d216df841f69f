//! The settings of this door.

use super::call::Shows;
use super::wire::Bounds;
use crate::common::network::Network;
use jiff::tz::TimeZone;
use std::net::IpAddr;

/// Octets of the largest datagram.
pub const DATAGRAM_LEN_MAX: usize = 65_507;

/// Settings of the TelServices door.
#[derive(Debug, Clone)]
pub struct TelServicesConfig {
    /// Who may connect (TEL-SES-04: the protocol has no credentials by default).
    pub allowed_clients: Vec<Network>,
    /// Sessions at a time (TEL-ADM-09).
    pub sessions_max: usize,
    /// Whether the first opening of a session on a device needs the credentials of an administrator (TEL-ADM-04).
    pub authenticate: bool,
    /// The same, and these are the credentials of this user (TEL-ADM-03).
    pub administrator: Option<String>,
    /// Connections at a time over all listeners of this door (TEL-TRN-11).
    pub connections_max: usize,
    /// Connections of one address (TEL-TRN-11).
    pub connections_per_address_max: usize,
    /// Long polls of one session that wait (TEL-TRN-11).
    pub polls_max: usize,
    /// Whether events and snapshots name the reference of a call (TEL-CALL-13).
    pub call_reference: bool,
    /// Whether the history may be asked for without device and user (TEL-REQ-19).
    pub history_of_all: bool,
    /// Whether calls can be made by a URL (TEL-TRN-07).
    pub shortcut_url: bool,
    /// Origins whose pages may ask by HTTP (TEL-TRN-06).
    pub allowed_origins: Vec<String>,
    /// Octets behind each PDU over TCP and UDP (TEL-TRN-03).
    pub end_of_pdu: Vec<u8>,
    /// How large requests may be (TEL-TRN-02, TEL-TRN-11).
    pub bounds: Bounds,
    /// Octets of one event at most (TEL-TRN-08).
    pub event_octets_max: usize,
    /// Time zone of dates and times.
    pub time_zone: TimeZone,
    /// Silence after which a connection is closed, in milliseconds (TEL-TRN-01).
    pub idle_ms: u64,
    /// How long a whole request may take, however slowly it comes, in milliseconds.
    pub request_ms: u64,
    /// How long the exchange may take to carry out an order, in milliseconds (TEL-ADM-14).
    pub link_timeout_ms: u64,
    /// Longest wait of a long poll, in seconds (TEL-TRN-09).
    pub poll_s_max: u64,
}

impl Default for TelServicesConfig {
    fn default() -> Self {
        Self {
            allowed_clients: ["127.0.0.0/8", "::1"].iter().filter_map(|network| network.parse().ok()).collect(),
            sessions_max: 1_000,
            authenticate: false,
            administrator: None,
            connections_max: 1_000,
            connections_per_address_max: 64,
            polls_max: 64,
            call_reference: false,
            history_of_all: true,
            shortcut_url: true,
            allowed_origins: Vec::new(),
            end_of_pdu: Vec::new(),
            bounds: Bounds::default(),
            event_octets_max: DATAGRAM_LEN_MAX,
            time_zone: TimeZone::UTC,
            idle_ms: 10_000,
            request_ms: 60_000,
            link_timeout_ms: 10_000,
            poll_s_max: 300,
        }
    }
}

impl TelServicesConfig {
    /// The time zone of this IANA name.
    #[must_use]
    pub fn zone_named(name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }

    /// What is written of a call beside what is always written.
    pub(super) const fn shows(&self) -> Shows {
        Shows { reference: self.call_reference }
    }

    /// Whether this client is let in.
    pub(super) fn admits(&self, client: IpAddr) -> bool {
        self.allowed_clients.iter().any(|network| network.holds(client))
    }

    /// Octets written with the escapes `\r \n \t \0 \xHH \\` (TEL-TRN-03).
    #[must_use]
    pub fn unescape(text: &str) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if *first != b'\\' {
                octets.push(*first);
                continue;
            }
            let (kind, after) = rest.split_first()?;
            rest = after;
            octets.push(match kind {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'0' => 0,
                b'\\' => b'\\',
                b'x' => {
                    let (hex, after) = rest.split_at_checked(2)?;
                    rest = after;
                    let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
                    u8::from_str_radix(hex, 16).ok()?
                }
                _ => return None,
            });
        }
        Some(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_pdu_is_written_with_escapes() {
        assert_eq!(TelServicesConfig::unescape(r"\r\n\t\0\x1B\\x"), Some(b"\r\n\t\0\x1b\\x".to_vec()));
        for wrong in [r"\", r"\q", r"\x1", r"\xg1", r"\x+1"] {
            assert_eq!(TelServicesConfig::unescape(wrong), None, "{wrong}");
        }
    }
}
