//! Configuration: what the file says, as typed values.
//!
//! All settings are declared once, in `table`; the reader, its messages, the documented example and
//! `docs/configuration.md` come from there. Stations, trunks and accounts in the file are only the seed of an empty
//! database: later changes are made over the console API. Nothing here opens a socket or a database.

mod account;
mod apply;
mod bind;
mod check;
pub mod demo;
mod directory;
mod document;
mod doors;
mod files;
mod ipxapi;
mod kind;
mod listen;
mod network;
mod problem;
mod read;
mod seed;
mod table;

pub use account::{Account, Door, Role};
pub use bind::bind_advice;
pub use document::{EXAMPLE_FILE, PAGE_FILE, example, page};
pub use doors::{CallerId, CdrFormat, CdrPush, ClickCall, Console, Fusion, TelServices, Voicenter};
pub use files::{DEMO_FILE, LISTEN_FILE, TOKEN_FILE, write_demo_json, write_listen_json, write_private};
pub use ipxapi::{Ipxapi, Privilege};
pub use listen::{Listen, Transport};
pub use network::Network;
pub use problem::{Problem, render};
pub use seed::{Secret, Station, StationKind, Trunk};

use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// All that the program is told before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether this is the demo office, which never listens beyond loopback.
    pub demo: bool,
    /// Where the database and the files for the command line lie.
    pub data_dir: PathBuf,
    /// What a committed batch survives.
    pub durability: Durability,
    /// Where the doors and the telephones are served.
    pub listen: Listen,
    /// The SIP side.
    pub sip: SipSettings,
    /// The certificate.
    pub tls: Tls,
    /// Bounds.
    pub limits: Limits,
    /// The exchange itself.
    pub tenant: Tenant,
    /// The ClickCall door.
    pub clickcall: ClickCall,
    /// The iPECS Web API door.
    pub ipxapi: Ipxapi,
    /// The Fusion door.
    pub fusion: Fusion,
    /// The Voicenter door.
    pub voicenter: Voicenter,
    /// The TelServices door.
    pub telservices: TelServices,
    /// The console door.
    pub console: Console,
    /// How long things are kept.
    pub retention: Retention,
    /// What the program writes about itself.
    pub log: Log,
    /// Telephones of an empty database.
    pub stations: Vec<Station>,
    /// Lines to the outside of an empty database.
    pub trunks: Vec<Trunk>,
    /// Who may use the doors, in an empty database.
    pub accounts: Vec<Account>,
    /// Servers that are told of finished calls.
    pub cdr_pushes: Vec<CdrPush>,
}

impl Config {
    /// Reads a file. `Err` holds every mistake in it, not only the first.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let octets = std::fs::read(path).map_err(|error| LoadError::Unreadable { path: path.to_owned(), error })?;
        let (text, problems) = match String::from_utf8(octets) {
            Ok(text) => match Self::parse(&text) {
                Ok(config) => return Ok(config),
                Err(problems) => (text, problems),
            },
            Err(error) => problem::no_text(&error),
        };
        Err(LoadError::Wrong { path: path.to_owned(), text, problems })
    }

    /// Reads a text. `Err` holds every mistake in it, sorted by place.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut document = read::read(text);
        if document.is_whole {
            check::check(&document.config, &mut document.notes);
        }
        let problems = document.notes.into_problems();
        if problems.is_empty() { Ok(document.config) } else { Err(problems) }
    }

    /// The demo office: needs nothing else, loopback only. With `ephemeral_ports` every listener asks for port 0.
    #[must_use]
    pub fn demo(data_dir: PathBuf, ephemeral_ports: bool) -> Self {
        let mut config = demo::office(data_dir);
        if ephemeral_ports {
            config.listen.use_ephemeral_ports();
        }
        config
    }

    /// What the program must not start with, also where no file was read: `--data` or `--demo` may have changed values.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut notes = problem::Notes::new("");
        check::check(self, &mut notes);
        notes.into_problems()
    }
}

impl Default for Config {
    /// What an empty file says.
    fn default() -> Self {
        let mut config = Self {
            demo: false,
            data_dir: PathBuf::new(),
            durability: Durability::default(),
            listen: Listen::default(),
            sip: SipSettings::default(),
            tls: Tls::default(),
            limits: Limits::default(),
            tenant: Tenant::default(),
            clickcall: ClickCall::default(),
            ipxapi: Ipxapi::default(),
            fusion: Fusion::default(),
            voicenter: Voicenter::default(),
            telservices: TelServices::default(),
            console: Console::default(),
            retention: Retention::default(),
            log: Log::default(),
            stations: Vec::new(),
            trunks: Vec::new(),
            accounts: Vec::new(),
            cdr_pushes: Vec::new(),
        };
        apply::defaults(table::settings(), &mut config);
        config
    }
}

/// Why a file could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be read at all.
    #[error("cannot read the configuration {}: {error}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It was read and is wrong.
    #[error("{}", problem::render(&path.display().to_string(), text, problems))]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What it holds.
        text: String,
        /// Every mistake, sorted by place.
        problems: Vec<Problem>,
    },
}

/// What a committed batch survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process (`kill -9`), not of the machine's power.
    #[default]
    Process,
    /// The loss of power: each commit is flushed to the disk.
    Power,
}

impl Durability {
    const ALL: [Self; 2] = [Self::Process, Self::Power];
    const NAMES: &'static [&'static str] = &["process", "power"];
}

/// A digest algorithm (RFC 7616 section 3.2; MD5 as in RFC 3261).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5, the only one older phones know.
    Md5,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Md5, Self::Sha256];
    const NAMES: &'static [&'static str] = &["MD5", "SHA-256"];

    /// The name in a challenge.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }
}

/// The SIP side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SipSettings {
    /// The address under which phones beyond `local_networks` reach us; none: the one they send to.
    pub external_address: Option<IpAddr>,
    /// Networks that reach us directly.
    pub local_networks: Vec<Network>,
    /// First port of the RTP relay.
    pub rtp_port_first: u16,
    /// Last port of the RTP relay.
    pub rtp_port_last: u16,
    /// The realm of the digest challenge. Stored digests depend on it.
    pub realm: String,
    /// The domain that is ours besides our addresses; none: any domain is taken as ours.
    pub domain: Option<String>,
    /// Digest algorithms offered, in this order.
    pub algorithms: Vec<Algorithm>,
    /// Session-Expires that we ask for, in seconds (RFC 4028); 0: no session timer of ours.
    pub session_expires_s: u32,
    /// Min-SE, in seconds (RFC 4028).
    pub session_expires_min_s: u32,
    /// Shortest registration granted, in seconds; a shorter wish gets 423.
    pub registration_min_s: u32,
    /// Longest registration granted, in seconds.
    pub registration_max_s: u32,
    /// Registration granted to who names none, in seconds.
    pub registration_default_s: u32,
    /// Failed passwords from one address until it is banned; 0: never.
    pub ban_failures: u32,
    /// The time within which they count, in seconds.
    pub ban_window_s: u32,
    /// How long a ban lasts, in seconds.
    pub ban_s: u32,
    /// A leg without RTP and RTCP for so long is probed and cleared, in seconds.
    pub media_timeout_s: u32,
    /// What we call ourselves in Server and User-Agent.
    pub user_agent: String,
}

/// The certificate that listeners with TLS show; none of both: one of our own making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The chain, in PEM.
    pub certificate: Option<PathBuf>,
    /// The private key, in PEM.
    pub key: Option<PathBuf>,
}

/// Bounds of the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Calls at a time.
    pub calls: u32,
    /// Devices.
    pub devices: u32,
    /// SIP server transactions at a time.
    pub sip_transactions: u32,
    /// SIP server transactions of one source address at a time.
    pub sip_transactions_per_source: u32,
    /// TCP connections of all listeners at a time.
    pub connections: u32,
    /// TCP connections of one source address at a time.
    pub connections_per_source: u32,
    /// Recent calls whose SIP ladder is kept in memory.
    pub traced_calls: u32,
}

/// The exchange itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// IANA name of the time zone in which civil times are shown.
    pub time_zone: String,
    /// How long a called phone rings, in seconds.
    pub ring_timeout_s: u32,
    /// How long the first leg of an ordered call rings, in seconds.
    pub first_leg_ring_timeout_s: u32,
    /// How long a phone may take to answer on command, in seconds.
    pub remote_answer_timeout_s: u32,
}

/// How long things are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Events that a client can resume from, in hours.
    pub events_h: u32,
    /// Call records, in days.
    pub records_days: u32,
    /// Journaled inputs, in hours.
    pub journal_h: u32,
}

/// What the program writes about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// What is written.
    pub level: LogLevel,
    /// How it is written.
    pub format: LogFormat,
}

/// How much is written; each level holds those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// What went wrong with us.
    Error,
    /// What went wrong with others.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// Why it happens.
    Debug,
    /// Every message.
    Trace,
}

impl LogLevel {
    const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];
    const NAMES: &'static [&'static str] = &["error", "warn", "info", "debug", "trace"];

    /// Its name, as tracing's filters know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    const ALL: [Self; 2] = [Self::Text, Self::Json];
    const NAMES: &'static [&'static str] = &["text", "json"];
}
