//! Where a request within a dialog goes: the first route or the remote target (RFC 3261 12.2.1.1), or the address the
//! peer was seen at, when its Contact cannot be reached (SIP design, row 16).

use crate::message::Uri;
use crate::transport::{Flow, Transport, is_unrouted};
use std::net::{IpAddr, SocketAddr};

/// How much a Contact is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nat {
    /// The Contact's address, unless it is one that the wide network does not route to and the peer was seen outside that
    /// network.
    #[default]
    Auto,
    /// Always the address the peer was seen at.
    ObservedSource,
    /// Always the Contact's address, when it is one.
    Contact,
}

/// The flow to `uri`, seen last at `flow`. Streams stay on their connection; a host name (whose look-up is the user's)
/// and another transport than the dialog's mean the observed address too.
pub fn next_hop(nat: Nat, flow: &Flow, uri: &[u8]) -> Flow {
    if flow.transport != Transport::Udp || nat == Nat::ObservedSource {
        return *flow;
    }
    let Ok(uri) = Uri::parse(uri) else { return *flow };
    let other_transport = uri.params.get("transport").is_some_and(|name| !name.eq_ignore_ascii_case(b"udp"));
    let Some(ip) = uri.host_ip().filter(|ip| !other_transport && ip.is_ipv4() == flow.remote.is_ipv4()) else {
        return *flow;
    };
    let seen = flow.remote.ip();
    let unreachable = ip.is_unspecified()
        || (is_unrouted(ip) && !are_neighbours(ip, seen))
        || (ip.is_loopback() && !seen.is_loopback());
    if nat == Nat::Auto && unreachable {
        return *flow;
    }
    let port = uri.port.unwrap_or(flow.transport.default_port());
    Flow { remote: SocketAddr::new(ip, port), ..*flow }
}

/// Are these in one network, as far as addresses tell: the same 24 bits of IPv4, the same 64 of IPv6? A private address seen
/// from another private network is behind a translator as likely as one seen from the wide network.
fn are_neighbours(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets()[..3] == b.octets()[..3],
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments()[..4] == b.segments()[..4],
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_behind_nat_is_not_believed() {
        let flow = |remote: &str| Flow {
            transport: Transport::Udp,
            local: "203.0.113.1:5060".parse().expect("address"),
            remote: remote.parse().expect("address"),
            connection: 0,
        };
        let public = flow("198.51.100.7:40000");
        assert_eq!(next_hop(Nat::Auto, &public, b"sip:a@192.168.1.5:5060"), public);
        assert_eq!(
            next_hop(Nat::Contact, &public, b"sip:a@192.168.1.5").remote,
            "192.168.1.5:5060".parse().expect("address")
        );
        assert_eq!(
            next_hop(Nat::Auto, &public, b"sip:a@198.51.100.8:5070").remote,
            "198.51.100.8:5070".parse().expect("address")
        );
        assert_eq!(next_hop(Nat::Auto, &flow("192.168.1.9:5060"), b"sip:a@192.168.1.5:5061").remote.port(), 5061);
        let branch_office = flow("10.0.0.7:40000");
        assert_eq!(next_hop(Nat::Auto, &branch_office, b"sip:a@192.168.1.5"), branch_office, "two private networks");
        assert_eq!(next_hop(Nat::Auto, &public, b"sip:a@phone.example.com"), public);
        let tcp = Flow { transport: Transport::Tcp, connection: 3, ..public };
        assert_eq!(next_hop(Nat::Auto, &tcp, b"sip:a@198.51.100.8:5070"), tcp);
    }
}
