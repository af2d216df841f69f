//! Where everything is served.

use std::net::SocketAddr;

/// Where the doors and the telephones are served; none: not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listen {
    /// SIP over UDP.
    pub sip_udp: Vec<SocketAddr>,
    /// SIP over TCP.
    pub sip_tcp: Vec<SocketAddr>,
    /// The console API.
    pub console: Option<SocketAddr>,
    /// Fusion over HTTP.
    pub fusion: Option<SocketAddr>,
    /// Fusion's event stream over TCP.
    pub fusion_events: Option<SocketAddr>,
    /// One HTTP port for every door that speaks HTTP.
    pub shared_http: Option<SocketAddr>,
    /// Whether that port speaks TLS.
    pub shared_http_tls: bool,
    /// iPECS Web API.
    pub ipxapi: Option<SocketAddr>,
    /// iPECS ClickCall.
    pub clickcall: Option<SocketAddr>,
    /// TelServices over TCP.
    pub telservices_tcp: Option<SocketAddr>,
    /// TelServices over HTTP.
    pub telservices_http: Option<SocketAddr>,
    /// Voicenter over HTTP.
    pub voicenter: Option<SocketAddr>,
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
    /// Every listener: the key it has in the file and in `listen.json`, its transport, its address.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, Transport, SocketAddr)> {
        let udp = self.sip_udp.iter().map(|address| ("sip_udp", Transport::Udp, *address));
        let tcp = self.sip_tcp.iter().map(|address| ("sip_tcp", Transport::Tcp, *address));
        let doors = [
            ("console", self.console),
            ("fusion", self.fusion),
            ("fusion_events", self.fusion_events),
            ("shared_http", self.shared_http),
            ("ipxapi", self.ipxapi),
            ("clickcall", self.clickcall),
            ("telservices_tcp", self.telservices_tcp),
            ("telservices_http", self.telservices_http),
            ("voicenter", self.voicenter),
        ];
        let doors = doors.into_iter().filter_map(|(key, address)| Some((key, Transport::Tcp, address?)));
        udp.chain(tcp).chain(doors).collect()
    }

    /// Whether nobody but this machine can reach it.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.all().iter().all(|(_, _, address)| address.ip().is_loopback())
    }

    /// Every listener asks for a port of the system's choice.
    pub fn use_ephemeral_ports(&mut self) {
        let doors = [
            &mut self.console,
            &mut self.fusion,
            &mut self.fusion_events,
            &mut self.shared_http,
            &mut self.ipxapi,
            &mut self.clickcall,
            &mut self.telservices_tcp,
            &mut self.telservices_http,
            &mut self.voicenter,
        ];
        let doors = doors.into_iter().flatten();
        for address in self.sip_udp.iter_mut().chain(&mut self.sip_tcp).chain(doors) {
            address.set_port(0);
        }
    }
}
