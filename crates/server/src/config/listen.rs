//! Where everything is served.

use std::net::SocketAddr;

/// Where the doors and the telephones are served; none: not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listen {
    /// SIP over UDP.
    pub sip_udp: Vec<SocketAddr>,
    /// SIP over TCP.
    pub sip_tcp: Vec<SocketAddr>,
    /// One HTTP port for every door that speaks HTTP.
    pub shared_http: Option<SocketAddr>,
    /// Whether that port speaks TLS.
    pub shared_http_tls: bool,
    /// The doors' own, by the keys of their settings, in the order of these.
    doors: Vec<(&'static str, Option<SocketAddr>)>,
}

/// The protocol below a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Connections.
    Tcp,
}

impl Listen {
    /// A door's own listener, by its key; it has a place as soon as it is asked for.
    pub fn door(&mut self, key: &'static str) -> &mut Option<SocketAddr> {
        let index = self.doors.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.doors.push((key, None));
            self.doors.len() - 1
        });
        &mut self.doors[index].1
    }

    /// Where a door is served.
    #[must_use]
    pub fn of_door(&self, key: &str) -> Option<SocketAddr> {
        self.doors.iter().find(|(known, _)| *known == key).and_then(|(_, address)| *address)
    }

    /// Every listener: the key it has in the file and in `listen.json`, its transport, its address.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, Transport, SocketAddr)> {
        let udp = self.sip_udp.iter().map(|address| ("sip_udp", Transport::Udp, *address));
        let tcp = self.sip_tcp.iter().map(|address| ("sip_tcp", Transport::Tcp, *address));
        let shared = self.shared_http.map(|address| ("shared_http", Transport::Tcp, address));
        let doors = self.doors.iter().filter_map(|(key, address)| Some((*key, Transport::Tcp, (*address)?)));
        udp.chain(tcp).chain(doors).chain(shared).collect()
    }

    /// Whether nobody but this machine can reach it.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.all().iter().all(|(_, _, address)| address.ip().is_loopback())
    }

    /// Every listener asks for a port of the system's choice.
    pub fn use_ephemeral_ports(&mut self) {
        let doors = self.doors.iter_mut().filter_map(|(_, address)| address.as_mut()).chain(&mut self.shared_http);
        for address in self.sip_udp.iter_mut().chain(&mut self.sip_tcp).chain(doors) {
            address.set_port(0);
        }
    }
}
