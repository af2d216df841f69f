//! The registry: every decoder of foreign bytes, one function each. A target calls what a peer's bytes would reach, and
//! where something can be printed again, that it reads back the same.

use media::{Component, Relay, RelayConfig};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A named decoder.
pub struct Target {
    /// Also the name of its corpus directory.
    pub name: &'static str,
    /// Feeds one input; a panic is a failure.
    pub run: fn(&[u8]),
}

/// All targets, in the order in which they run.
pub const TARGETS: &[Target] = &[Target { name: "rtp_relay", run: rtp_relay }];

/// A datagram at a bridged port: as RTP, as RTCP, and as two RTP packets that follow each other. It may be forwarded to
/// the bridged port's peer or to nobody, never elsewhere.
fn rtp_relay(input: &[u8]) {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let relay = Relay::virtual_ports(&RelayConfig { ports: 20_000..=20_007, ..RelayConfig::default() });
    let a = relay.allocate(here).expect("an empty pool has a pair");
    let b = relay.allocate(here).expect("a pool of four pairs has two");
    let (phone_a, phone_b) = (SocketAddr::new(here, 4_000), SocketAddr::new(here, 5_000));
    relay.set_remote(a.id, phone_a, None).expect("a is allocated");
    relay.set_remote(b.id, phone_b, None).expect("b is allocated");
    relay.bridge(a.id, b.id).expect("both are allocated");
    relay.set_telephone_event(a.id, Some(101)).expect("a is allocated");
    relay.map_payload(a.id, 101, 96).expect("a is allocated");

    let (head, tail) = input.split_at(input.len() / 2);
    let packets = [(Component::Rtp, input), (Component::Rtcp, input), (Component::Rtp, head), (Component::Rtp, tail)];
    for (component, packet) in packets {
        let mut packet = packet.to_vec();
        if let Some(delivery) = relay.deliver(a.id, component, phone_a, &mut packet) {
            assert!(
                delivery.from == b.id && delivery.to.ip() == here && [5_000, 5_001].contains(&delivery.to.port()),
                "{delivery:?}"
            );
        }
        relay.advance(Duration::from_millis(20));
    }
    while relay.poll_event().is_some() {}
}
