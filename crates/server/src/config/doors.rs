//! Settings of the doors; those of the Web API are in `ipxapi.rs`.

use super::Network;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The ClickCall door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClickCall {
    /// Whether its licence is installed (CCX-04).
    pub licence: bool,
}

/// The Fusion door. It has no credentials: the networks are its only guard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fusion {
    /// Who may connect, to both ports.
    pub allowed_clients: Vec<Network>,
    /// Who may use what changes something; none: as `allowed_clients`.
    pub allowed_write_clients: Option<Vec<Network>>,
    /// IANA name of the time zone of its time stamps; none: the tenant's.
    pub time_zone: Option<String>,
    /// How `ccGetChannels` writes a caller.
    pub callerid: CallerId,
    /// How long `ccOriginate` rings its first party, in seconds.
    pub first_ring_s: u32,
    /// How long it then rings the number that was asked for, in seconds.
    pub ring_s: u32,
    /// How long the first party hears that the number failed, in seconds.
    pub fail_tone_s: u32,
    /// Key of this server in its cluster.
    pub sop_key: String,
    /// Addresses of the cluster's servers by their keys.
    pub sops: BTreeMap<String, String>,
    /// Ids of contexts by their names.
    pub contexts: BTreeMap<String, String>,
    /// The origin whose pages may read answers.
    pub allow_origin: Option<String>,
}

/// How the Fusion door writes a caller in `ccGetChannels`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CallerId {
    /// Name and number.
    #[default]
    Quoted,
    /// The number alone.
    Number,
}

impl CallerId {
    pub(super) const ALL: [Self; 2] = [Self::Quoted, Self::Number];
    pub(super) const NAMES: &'static [&'static str] = &["quoted", "number"];
}

impl Fusion {
    /// Whether this client may read.
    #[must_use]
    pub fn may_read(&self, client: IpAddr) -> bool {
        self.allowed_clients.iter().any(|network| network.contains(client))
    }

    /// Whether this client may use what changes something.
    #[must_use]
    pub fn may_write(&self, client: IpAddr) -> bool {
        let networks = self.allowed_write_clients.as_ref().unwrap_or(&self.allowed_clients);
        self.may_read(client) && networks.iter().any(|network| network.contains(client))
    }
}

/// The Voicenter door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voicenter {
    /// Click2Call requests per second.
    pub requests_per_s: u32,
    /// Requests to the call log per minute and code.
    pub log_requests_per_min: u32,
    /// Records of one answer of the call log.
    pub log_records: u32,
    /// Who may read the call log; nobody named: everybody with a code.
    pub trusted: Vec<Network>,
    /// Whether that holds for everything else that takes a code, too.
    pub trusted_everywhere: bool,
    /// Proxies whose word counts for where a request came from.
    pub proxies: Vec<Network>,
    /// The header in which they say it.
    pub forwarded_header: String,
    /// How long a token of the real-time channel lives, in minutes.
    pub token_min: u32,
    /// Ids of departments by their paths.
    pub departments: BTreeMap<String, String>,
    /// Country code of national numbers.
    pub home_country: String,
}

/// A server that Voicenter's notification of finished calls goes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CdrPush {
    /// Its name: what waits for it is found by it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// How it reads.
    pub format: CdrFormat,
    /// Whether it may be on this machine or in a private network.
    pub private: bool,
    /// Only calls of these types; none: all.
    pub types: Vec<String>,
    /// Only calls of this department and those below it.
    pub department: Option<String>,
    /// Whether times are those of the office's clock.
    pub local_time: bool,
    /// Whether `ANSWERED` is told instead of `ANSWER`.
    pub answered: bool,
    /// Whether custom data stand under `CUSTOM_DATA` too.
    pub custom_data_alias: bool,
}

/// How a server reads its notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CdrFormat {
    /// JSON.
    #[default]
    Json,
    /// XML-RPC.
    XmlRpc,
    /// A form.
    Form,
}

impl CdrFormat {
    pub(super) const ALL: [Self; 3] = [Self::Json, Self::XmlRpc, Self::Form];
    pub(super) const NAMES: &'static [&'static str] = &["json", "xml-rpc", "form"];
}

/// The TelServices door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TelServices {
    /// Who may connect.
    pub allowed_clients: Vec<Network>,
    /// Sessions at a time.
    pub sessions_max: u32,
    /// Connections at a time.
    pub connections: u32,
    /// Connections of one address.
    pub connections_per_address: u32,
    /// Long polls of one session that wait.
    pub polls_per_session: u32,
    /// Whether the first opening of a session on a device needs the credentials of an administrator.
    pub authenticate: bool,
    /// The user whose credentials that opening needs.
    pub administrator: Option<String>,
    /// Whether calls can be made by a URL.
    pub shortcut_url: bool,
    /// Origins whose pages may ask.
    pub allowed_origins: Vec<String>,
    /// Silence after which a connection is closed.
    pub idle_s: u32,
    /// How long the exchange may take to carry out an order.
    pub link_timeout_s: u32,
    /// Whether calls are shown with their reference.
    pub call_reference: bool,
    /// Whether the history may be asked for without device and user.
    pub history_of_all: bool,
    /// What stands behind each PDU over TCP and UDP, with escapes; none: nothing.
    pub end_of_pdu: Option<String>,
    /// Size of a request, in KiB.
    pub request_kib: u32,
    /// Size of a directory, in KiB.
    pub directory_kib: u32,
    /// Elements within each other.
    pub request_depth: u32,
    /// Elements of a request.
    pub request_elements: u32,
    /// Elements of a directory.
    pub directory_elements: u32,
    /// Text of one element, in KiB.
    pub text_kib: u32,
    /// Octets of the largest event.
    pub event_octets: u32,
    /// The UDP port from which events leave; none: that of the gateway.
    pub event_port: Option<u32>,
    /// IANA name of the time zone of its dates and times; none: the tenant's.
    pub time_zone: Option<String>,
}

/// The console door.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Console {
    /// Whether simulated phones can be operated over the API.
    pub test_control: bool,
    /// Commands of one token per minute.
    pub commands_per_min: u32,
    /// Reads of one token per minute.
    pub reads_per_min: u32,
}
