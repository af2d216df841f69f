//! Addresses and translators: SIP-16 over the wire. The network is made of namespaces and the kernel's own address translation
//! where root, `ip` and `nft` are at hand; everywhere, of two addresses of this machine and a phone that believes in a third.

use crate::common::Office;
use crate::common::script::play_with;
use conformance::{proves, proves_partly};
use serde_json::{Value, json};
use std::net::{IpAddr, UdpSocket};
use std::process::Command;

const STATIONS: &str =
    "[[station]]\nnumber = \"201\"\npassword = \"a-201\"\n[[station]]\nnumber = \"202\"\npassword = \"a-202\"\n";

fn passwords() -> Value {
    json!({ "201": "a-201", "202": "a-202" })
}

#[test]
fn wire_outsiders_are_shown_the_external_address() {
    let sip = "[sip]\nexternal_address = \"203.0.113.7\"\nlocal_networks = [\"127.0.0.1/32\"]\n";
    let office = Office::configured(&(sip.to_owned() + STATIONS));
    play_with(&office, "network", "outsiders", json!({ "passwords": passwords() }));
    office.wait_idle();
    proves_partly("SIP-16", "a translator and a listener on all addresses");
}

#[test]
fn wire_a_phone_behind_a_translator_and_a_listener_on_all_addresses() {
    let net = Network::lay();
    let listen = "[listen]\nsip_udp = [\"0.0.0.0:0\"]\nsip_tcp = [\"0.0.0.0:0\"]\n";
    let office = Office::configured(&(listen.to_owned() + STATIONS));
    match &net {
        Some(net) => {
            play_with(&office, "network", "translator", json!({ "passwords": passwords(), "places": net.places() }));
        }
        None => eprintln!("no network namespaces here: no phone stood behind the kernel's own translator"),
    }
    office.wait_idle();
    // The phones of the scene before have another address now; their contacts go.
    let host = own_address().expect("this machine has an address beside loopback");
    play_with(&office, "network", "translated", json!({ "passwords": passwords(), "host": host.to_string() }));
    office.wait_idle();
    // That insiders and outsiders are shown what they reach is asserted above.
    proves("SIP-16");
}

/// An address of this machine that is no loopback: the one from which it would speak to the world. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").or_else(|_| socket.connect("10.0.0.1:9")).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

/// Three namespaces: a phone next to the exchange, a router, and a phone behind it.
struct Network {
    id: u32,
}

impl Network {
    /// None where the machine does not let us.
    fn lay() -> Option<Self> {
        let net = Self { id: std::process::id() };
        let (near, router, hidden) = (net.name('n'), net.name('r'), net.name('h'));
        let (local, wide) = (net.local(), net.wide());
        let ip = |line: &str| run("ip", line);
        let laid = [&near, &router, &hidden].iter().all(|name| ip(&format!("netns add {name}")))
            && net.joined(&near, &format!("{local}.1/24"), &format!("{local}.5/24"))
            && net.joined(&router, &format!("{wide}.1/24"), &format!("{wide}.2/24"))
            && ip(&format!("-n {router} link add lan type veth peer name wan netns {hidden}"))
            && ip(&format!("-n {router} addr add 192.168.77.1/24 dev lan"))
            && ip(&format!("-n {router} link set lan up"))
            && ip(&format!("-n {hidden} addr add 192.168.77.5/24 dev wan"))
            && ip(&format!("-n {hidden} link set wan up"))
            && ip(&format!("-n {hidden} route add default via 192.168.77.1"))
            && ip(&format!("netns exec {router} sysctl -q -w net.ipv4.ip_forward=1"))
            && ip(&format!("netns exec {router} nft add table ip nat"))
            && ip(&format!(
                "netns exec {router} nft add chain ip nat post {{ type nat hook postrouting priority 100 ; }}"
            ))
            && ip(&format!("netns exec {router} nft add rule ip nat post ip saddr 192.168.77.0/24 masquerade"));
        laid.then_some(net)
    }

    /// A pair of interfaces: one here, one in a namespace, each with its address.
    fn joined(&self, name: &str, ours: &str, theirs: &str) -> bool {
        let ip = |line: &str| run("ip", line);
        ip(&format!("link add {name} type veth peer name uplink netns {name}"))
            && ip(&format!("addr add {ours} dev {name}"))
            && ip(&format!("link set {name} up"))
            && ip(&format!("-n {name} addr add {theirs} dev uplink"))
            && ip(&format!("-n {name} link set uplink up"))
    }

    fn places(&self) -> Value {
        let (local, wide) = (self.local(), self.wide());
        json!({
            "near": { "net": self.name('n'), "host": format!("{local}.5"), "exchange": format!("{local}.1") },
            "hidden": { "net": self.name('h'), "host": "192.168.77.5", "exchange": format!("{wide}.1") },
        })
    }

    /// Names and networks are this process's own: others may run beside it.
    fn name(&self, kind: char) -> String {
        format!("hs{kind}{}", self.id)
    }

    fn local(&self) -> String {
        format!("10.{}.{}", 64 + self.id / 250 % 128, self.id % 250)
    }

    fn wide(&self) -> String {
        format!("198.18.{}", self.id % 250)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for kind in ['n', 'r', 'h'] {
            // Its interfaces go with it, and our ends of them; what was never made is not there.
            run("ip", &format!("netns del {}", self.name(kind)));
        }
    }
}

fn run(program: &str, line: &str) -> bool {
    match Command::new(program).args(line.split(' ')).output() {
        Ok(done) if done.status.success() => true,
        other => {
            eprintln!("{program} {line}: {other:?}");
            false
        }
    }
}
