//! What to tell who started the program when an address cannot be bound. There is no silent way out to another port: a
//! client that knows the vendor's port would find nothing.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

/// Ports below this need a right on most systems.
const PORT_UNPRIVILEGED_MIN: u16 = 1024;

/// Why a listener could not be bound and what can be done, for people. `key` is that of `[listen]`.
#[must_use]
pub fn bind_advice(key: &str, address: SocketAddr, error: &Error) -> String {
    let other = SocketAddr::new(address.ip(), unprivileged(address.port()));
    let move_it = format!(
        "or move it: in a configuration [listen] {key} = {}, in the demo --ephemeral-ports (listen.json then tells the ports)",
        quoted(key, other)
    );
    let advice = match error.kind() {
        ErrorKind::PermissionDenied if address.port() < PORT_UNPRIVILEGED_MIN => format!(
            "ports below {PORT_UNPRIVILEGED_MIN} need a right. Give it with \
             `sudo setcap cap_net_bind_service=+ep PROGRAM` or `sudo sysctl net.ipv4.ip_unprivileged_port_start={}`, {move_it}",
            address.port()
        ),
        ErrorKind::AddrInUse => {
            format!(
                "another program has it (`ss -lnptu sport = :{}` shows which). Stop that, {move_it}",
                address.port()
            )
        }
        ErrorKind::AddrNotAvailable => {
            format!("this machine has no address {} (`ip address` shows those it has)", address.ip())
        }
        _ => format!("choose another address, {move_it}"),
    };
    format!("cannot listen on {address} for {key}: {error}: {advice}")
}

/// A port that needs no right and can be told from the vendor's own.
const fn unprivileged(port: u16) -> u16 {
    if port < PORT_UNPRIVILEGED_MIN { port + 8000 } else { port.saturating_add(1) }
}

fn quoted(key: &str, address: SocketAddr) -> String {
    if matches!(key, "sip_udp" | "sip_tcp") { format!("[\"{address}\"]") } else { format!("\"{address}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(port: u16, kind: ErrorKind) -> String {
        bind_advice("fusion", SocketAddr::from(([127, 0, 0, 1], port)), &kind.into())
    }

    #[test]
    fn tells_what_can_be_done() {
        let denied = advice(80, ErrorKind::PermissionDenied);
        assert!(denied.contains("cap_net_bind_service") && denied.contains("fusion = \"127.0.0.1:8080\""), "{denied}");
        assert!(denied.contains("--ephemeral-ports"), "{denied}");
        assert!(advice(5050, ErrorKind::AddrInUse).contains("ss -lnptu sport = :5050"));
        assert!(advice(5050, ErrorKind::AddrNotAvailable).contains("no address 127.0.0.1"));
    }
}
