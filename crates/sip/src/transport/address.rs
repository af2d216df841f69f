//! Which of our addresses a peer is shown in Via and Contact (SIP design, row 16): a peer in a local network sees the
//! address it talks to, every other one the external address, when there is one.

use super::Flow;
use std::net::IpAddr;

/// The external address and the networks that do not need it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPlan {
    /// What peers outside the local networks are shown.
    pub external: Option<IpAddr>,
    /// Networks as (address, prefix length in bits).
    pub local_networks: Vec<(IpAddr, u8)>,
}

impl AddressPlan {
    /// Is this address in a local network?
    pub fn is_local(&self, ip: IpAddr) -> bool {
        self.local_networks.iter().any(|(network, bits)| in_network(ip, *network, *bits))
    }

    /// The address that the peer of `flow` is shown.
    pub fn shown_ip(&self, flow: &Flow) -> IpAddr {
        match self.external {
            Some(external) if external.is_ipv4() == flow.remote.is_ipv4() && !self.is_local(flow.remote.ip()) => {
                external
            }
            _ => flow.local.ip(),
        }
    }

    /// `host:port` for Via and Contact, IPv6 in brackets.
    pub fn sent_by(&self, flow: &Flow) -> String {
        match self.shown_ip(flow) {
            IpAddr::V4(ip) => format!("{ip}:{}", flow.local.port()),
            IpAddr::V6(ip) => format!("[{ip}]:{}", flow.local.port()),
        }
    }
}

fn in_network(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let differing = u32::from(ip) ^ u32::from(network);
            differing.leading_zeros() >= u32::from(bits.min(32))
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let differing = u128::from(ip) ^ u128::from(network);
            differing.leading_zeros() >= u32::from(bits.min(128))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Is this an address that the wide network does not route to: private, loopback, link-local, unspecified, shared?
pub(crate) fn is_unrouted(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || {
                let [a, b, ..] = ip.octets();
                a == 100 && (64..128).contains(&b)
            }
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Transport;

    #[test]
    fn peers_see_the_address_that_reaches_us() {
        let plan = AddressPlan {
            external: Some("203.0.113.7".parse().expect("address")),
            local_networks: vec![("10.0.0.0".parse().expect("address"), 8)],
        };
        let flow = |remote: &str| Flow {
            transport: Transport::Udp,
            local: "10.1.1.1:5060".parse().expect("address"),
            remote: remote.parse().expect("address"),
            connection: 0,
        };
        assert_eq!(plan.sent_by(&flow("10.9.9.9:5060")), "10.1.1.1:5060");
        assert_eq!(plan.sent_by(&flow("198.51.100.2:5060")), "203.0.113.7:5060");
    }
}
