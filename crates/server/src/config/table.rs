//! Every setting, declared once. Reader, messages, example and page are made from these tables.

use super::apply::Absent::{Is, Required, Unset};
use super::apply::Setting;
use super::kind::Kind;
use super::seed::{Account, Door, Role, Station, StationKind, Trunk};
use super::{Algorithm, CdrFormat, CdrPush, Config, Durability, LogFormat, LogLevel};

/// Sections in the order of the example, with what they are about.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    ("", "Where the data lies."),
    ("listen", "Where the doors and the telephones are served. Everything beyond loopback is your decision."),
    ("tls", "The certificate of the listeners that speak TLS."),
    ("sip", "The SIP side: addresses behind NAT, the RTP relay, passwords, registrations."),
    ("limits", "Bounds. What is beyond them is refused with the protocol's own answer."),
    ("tenant", "The exchange itself."),
    ("fusion", "The Fusion door. It has no credentials: the networks named here are its only guard."),
    ("voicenter", "The Voicenter door. Its codes are accounts of the door `voicenter`."),
    (
        "telservices",
        "The TelServices door. It has no credentials by default: the networks named here are its only guard.",
    ),
    ("console", "The console API."),
    ("retention", "How long things are kept."),
    ("log", "What the program writes about itself, on standard error."),
];

/// Tables that may stand several times, with what they are about.
pub(super) const STATIONS_ABOUT: &str = "A telephone with its directory number. The seed of an empty database: later changes are made over the console API.";
pub(super) const TRUNKS_ABOUT: &str =
    "A line to the outside, played by the test control of the console. The seed of an empty database.";
pub(super) const ACCOUNTS_ABOUT: &str = "Who may use a door. The seed of an empty database.";
pub(super) const CDR_PUSHES_ABOUT: &str =
    "A server that is told of every finished call, as Voicenter does it. Read at each start.";

/// Settings that stand once.
pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        path: "data_dir",
        kind: Kind::Path(|c| &mut c.data_dir),
        default: Is("\"data\""),
        doc: "Directory of the database and of the files for the command line. `--data` comes before it.",
    },
    Setting {
        path: "durability",
        kind: Kind::Choice { names: Durability::NAMES, set: |c, i| c.durability = Durability::ALL[i] },
        default: Is("\"process\""),
        doc: "What a call or record that a client was told of survives: the death of the process, or also the loss of power (each commit waits for the disk). Configuration always survives both.",
    },
    Setting {
        path: "listen.sip_udp",
        kind: Kind::Addresses(|c| &mut c.listen.sip_udp),
        default: Is("[\"127.0.0.1:5060\"]"),
        doc: "SIP over UDP.",
    },
    Setting {
        path: "listen.sip_tcp",
        kind: Kind::Addresses(|c| &mut c.listen.sip_tcp),
        default: Is("[\"127.0.0.1:5060\"]"),
        doc: "SIP over TCP.",
    },
    Setting {
        path: "listen.console",
        kind: Kind::MaybeAddress(|c| &mut c.listen.console),
        default: Is("\"127.0.0.1:8088\""),
        doc: "The console API, health and metrics.",
    },
    Setting {
        path: "listen.fusion",
        kind: Kind::MaybeAddress(|c| &mut c.listen.fusion),
        default: Is("\"127.0.0.1:80\""),
        doc: "Fusion over HTTP. 80 is the vendor's port; below 1024 the program needs the right to bind it.",
    },
    Setting {
        path: "listen.fusion_events",
        kind: Kind::MaybeAddress(|c| &mut c.listen.fusion_events),
        default: Is("\"127.0.0.1:5050\""),
        doc: "Fusion's event stream over TCP.",
    },
    Setting {
        path: "listen.ipxapi",
        kind: Kind::MaybeAddress(|c| &mut c.listen.ipxapi),
        default: Is("\"127.0.0.1:1024\""),
        doc: "iPECS Web API: REST and WebSocket over TLS. The vendor's document names no port but that of its example.",
    },
    Setting {
        path: "listen.clickcall",
        kind: Kind::MaybeAddress(|c| &mut c.listen.clickcall),
        default: Is("\"127.0.0.1:7878\""),
        doc: "iPECS ClickCall over TLS.",
    },
    Setting {
        path: "listen.telservices_tcp",
        kind: Kind::MaybeAddress(|c| &mut c.listen.telservices_tcp),
        default: Is("\"127.0.0.1:7000\""),
        doc: "TelServices: XML over TCP, and HTTP on the same port.",
    },
    Setting {
        path: "listen.telservices_http",
        kind: Kind::MaybeAddress(|c| &mut c.listen.telservices_http),
        default: Is("\"127.0.0.1:7001\""),
        doc: "TelServices over HTTP alone.",
    },
    Setting {
        path: "listen.voicenter",
        kind: Kind::MaybeAddress(|c| &mut c.listen.voicenter),
        default: Is("\"127.0.0.1:8081\""),
        doc: "Voicenter over HTTP.",
    },
    Setting {
        path: "listen.shared_http",
        kind: Kind::MaybeAddress(|c| &mut c.listen.shared_http),
        default: Is("\"none\""),
        doc: "One port more for every door that speaks HTTP and is told by its path; of the console only the API, for tokens.",
    },
    Setting {
        path: "listen.shared_http_tls",
        kind: Kind::Flag(|c| &mut c.listen.shared_http_tls),
        default: Is("false"),
        doc: "Whether that port speaks TLS. Without it the iPECS doors, which are never in the clear, are not on it.",
    },
    Setting {
        path: "tls.certificate",
        kind: Kind::MaybePath(|c| &mut c.tls.certificate),
        default: Unset {
            meaning: "one of our own making, `tls/cert.pem` below `data_dir`",
            example: "\"/etc/hookswitch/cert.pem\"",
        },
        doc: "The certificate and its chain, in PEM, for listeners that speak TLS.",
    },
    Setting {
        path: "tls.key",
        kind: Kind::MaybePath(|c| &mut c.tls.key),
        default: Unset { meaning: "`tls/key.pem` below `data_dir`", example: "\"/etc/hookswitch/key.pem\"" },
        doc: "Its private key, in PEM. Readable for the program alone.",
    },
    Setting {
        path: "sip.external_address",
        kind: Kind::MaybeIp(|c| &mut c.sip.external_address),
        default: Is("\"none\""),
        doc: "The address under which peers outside `local_networks` reach this machine, where a router translates addresses. It stands in Via, Contact and SDP.",
    },
    Setting {
        path: "sip.local_networks",
        kind: Kind::Networks(|c| &mut c.sip.local_networks),
        default: Is(
            "[\"127.0.0.0/8\", \"10.0.0.0/8\", \"172.16.0.0/12\", \"192.168.0.0/16\", \"169.254.0.0/16\", \"::1\", \"fc00::/7\", \"fe80::/10\"]",
        ),
        doc: "Networks that reach this machine directly.",
    },
    Setting {
        path: "sip.rtp_port_first",
        kind: Kind::Port(|c| &mut c.sip.rtp_port_first),
        default: Is("10000"),
        doc: "First port of the RTP relay. A leg takes an even port and the odd one above it.",
    },
    Setting {
        path: "sip.rtp_port_last",
        kind: Kind::Port(|c| &mut c.sip.rtp_port_last),
        default: Is("19999"),
        doc: "Last port of the RTP relay.",
    },
    Setting {
        path: "sip.realm",
        kind: Kind::Text { len_max: 128, field: |c| &mut c.sip.realm },
        default: Is("\"hookswitch\""),
        doc: "Realm of the digest challenge. Stored passwords depend on it: after a change they must be set again.",
    },
    Setting {
        path: "sip.domain",
        kind: Kind::MaybeText { len_max: 253, field: |c| &mut c.sip.domain },
        default: Is("\"none\""),
        doc: "The domain that is ours besides our addresses; \"none\" takes any domain as ours.",
    },
    Setting {
        path: "sip.algorithms",
        kind: Kind::Choices {
            names: Algorithm::NAMES,
            set: |c, list| c.sip.algorithms = list.into_iter().map(|i| Algorithm::ALL[i]).collect(),
        },
        default: Is("[\"MD5\", \"SHA-256\"]"),
        doc: "Digest algorithms offered, one challenge each, in this order. Some phones fail when any challenge names SHA-256: a station may have its own list.",
    },
    Setting {
        path: "sip.session_expires_s",
        kind: Kind::Count { min: 0, max: 86_400, unit: "seconds", field: |c| &mut c.sip.session_expires_s },
        default: Is("1800"),
        doc: "Session-Expires that is asked for (RFC 4028); 0 asks for none.",
    },
    Setting {
        path: "sip.session_expires_min_s",
        kind: Kind::Count { min: 90, max: 86_400, unit: "seconds", field: |c| &mut c.sip.session_expires_min_s },
        default: Is("90"),
        doc: "Min-SE: a shorter session timer is refused with 422 (RFC 4028).",
    },
    Setting {
        path: "sip.registration_min_s",
        kind: Kind::Count { min: 10, max: 86_400, unit: "seconds", field: |c| &mut c.sip.registration_min_s },
        default: Is("60"),
        doc: "Shortest registration; a shorter wish is refused with 423.",
    },
    Setting {
        path: "sip.registration_max_s",
        kind: Kind::Count { min: 10, max: 604_800, unit: "seconds", field: |c| &mut c.sip.registration_max_s },
        default: Is("7200"),
        doc: "Longest registration; a longer wish gets this.",
    },
    Setting {
        path: "sip.registration_default_s",
        kind: Kind::Count { min: 10, max: 604_800, unit: "seconds", field: |c| &mut c.sip.registration_default_s },
        default: Is("3600"),
        doc: "Registration of a phone that names no time.",
    },
    Setting {
        path: "sip.ban_failures",
        kind: Kind::Count { min: 0, max: 10_000, unit: "", field: |c| &mut c.sip.ban_failures },
        default: Is("20"),
        doc: "Failed passwords from one address until it is banned; 0 never bans. An address from which a valid registration lives is never banned.",
    },
    Setting {
        path: "sip.ban_window_s",
        kind: Kind::Count { min: 1, max: 86_400, unit: "seconds", field: |c| &mut c.sip.ban_window_s },
        default: Is("60"),
        doc: "The time within which failed passwords count.",
    },
    Setting {
        path: "sip.ban_s",
        kind: Kind::Count { min: 1, max: 604_800, unit: "seconds", field: |c| &mut c.sip.ban_s },
        default: Is("600"),
        doc: "How long a ban lasts.",
    },
    Setting {
        path: "sip.media_timeout_s",
        kind: Kind::Count { min: 10, max: 86_400, unit: "seconds", field: |c| &mut c.sip.media_timeout_s },
        default: Is("60"),
        doc: "A leg without RTP and RTCP for so long is probed, and cleared when it is gone.",
    },
    Setting {
        path: "sip.user_agent",
        kind: Kind::Text { len_max: 64, field: |c| &mut c.sip.user_agent },
        default: Is("\"Hookswitch\""),
        doc: "What stands in Server and User-Agent.",
    },
    Setting {
        path: "limits.calls",
        kind: Kind::Count { min: 1, max: 1_000_000, unit: "", field: |c| &mut c.limits.calls },
        default: Is("20000"),
        doc: "Calls at a time.",
    },
    Setting {
        path: "limits.devices",
        kind: Kind::Count { min: 1, max: 200_000, unit: "", field: |c| &mut c.limits.devices },
        default: Is("20000"),
        doc: "Devices.",
    },
    Setting {
        path: "limits.sip_transactions",
        kind: Kind::Count { min: 100, max: 10_000_000, unit: "", field: |c| &mut c.limits.sip_transactions },
        default: Is("200000"),
        doc: "SIP server transactions at a time; beyond it a request gets 503.",
    },
    Setting {
        path: "limits.sip_transactions_per_source",
        kind: Kind::Count { min: 10, max: 10_000_000, unit: "", field: |c| &mut c.limits.sip_transactions_per_source },
        default: Is("50000"),
        doc: "SIP server transactions of one source address at a time.",
    },
    Setting {
        path: "limits.connections",
        kind: Kind::Count { min: 10, max: 1_000_000, unit: "", field: |c| &mut c.limits.connections },
        default: Is("20000"),
        doc: "TCP connections of all listeners at a time.",
    },
    Setting {
        path: "limits.connections_per_source",
        kind: Kind::Count { min: 1, max: 1_000_000, unit: "", field: |c| &mut c.limits.connections_per_source },
        default: Is("2000"),
        doc: "TCP connections of one source address at a time.",
    },
    Setting {
        path: "limits.traced_calls",
        kind: Kind::Count { min: 0, max: 1_000_000, unit: "", field: |c| &mut c.limits.traced_calls },
        default: Is("1000"),
        doc: "Recent calls whose SIP messages are kept in memory for `hookswitch trace`; 0 keeps none.",
    },
    Setting {
        path: "tenant.name",
        kind: Kind::Text { len_max: 128, field: |c| &mut c.tenant.name },
        default: Is("\"Office\""),
        doc: "Name of the exchange.",
    },
    Setting {
        path: "tenant.time_zone",
        kind: Kind::Zone(|c| &mut c.tenant.time_zone),
        default: Is("\"UTC\""),
        doc: "Time zone in which doors without time zones of their own write civil times.",
    },
    Setting {
        path: "tenant.ring_timeout_s",
        kind: Kind::Count { min: 1, max: 600, unit: "seconds", field: |c| &mut c.tenant.ring_timeout_s },
        default: Is("60"),
        doc: "How long a called phone rings.",
    },
    Setting {
        path: "tenant.first_leg_ring_timeout_s",
        kind: Kind::Count { min: 1, max: 600, unit: "seconds", field: |c| &mut c.tenant.first_leg_ring_timeout_s },
        default: Is("60"),
        doc: "How long the first phone of a call rings that an application ordered.",
    },
    Setting {
        path: "tenant.remote_answer_timeout_s",
        kind: Kind::Count { min: 1, max: 60, unit: "seconds", field: |c| &mut c.tenant.remote_answer_timeout_s },
        default: Is("5"),
        doc: "How long a phone may take to answer on command.",
    },
    Setting {
        path: "fusion.allowed_clients",
        kind: Kind::Networks(|c| &mut c.fusion.allowed_clients),
        default: Is("[\"127.0.0.0/8\", \"::1\"]"),
        doc: "Who may connect, to both of its ports.",
    },
    Setting {
        path: "fusion.allowed_write_clients",
        kind: Kind::MaybeNetworks(|c| &mut c.fusion.allowed_write_clients),
        default: Unset { meaning: "as `allowed_clients`", example: "[\"127.0.0.1\"]" },
        doc: "Who of them may use functions that change something.",
    },
    Setting {
        path: "fusion.time_zone",
        kind: Kind::MaybeZone(|c| &mut c.fusion.time_zone),
        default: Unset { meaning: "as `tenant.time_zone`", example: "\"Europe/Brussels\"" },
        doc: "Time zone of its time stamps.",
    },
    Setting {
        path: "voicenter.requests_per_s",
        kind: Kind::Count { min: 1, max: 1_000_000, unit: "per second", field: |c| &mut c.voicenter.requests_per_s },
        default: Is("5"),
        doc: "Click2Call requests; one more is refused.",
    },
    Setting {
        path: "voicenter.log_requests_per_min",
        kind: Kind::Count {
            min: 1,
            max: 1_000_000,
            unit: "per minute",
            field: |c| &mut c.voicenter.log_requests_per_min,
        },
        default: Is("30"),
        doc: "Requests of one code to the call log; one more is refused.",
    },
    Setting {
        path: "voicenter.log_records",
        kind: Kind::Count { min: 1, max: 100_000, unit: "", field: |c| &mut c.voicenter.log_records },
        default: Is("10000"),
        doc: "Records of one answer of the call log; where more fit, none is given.",
    },
    Setting {
        path: "voicenter.trusted",
        kind: Kind::Networks(|c| &mut c.voicenter.trusted),
        default: Is("[]"),
        doc: "Who may read the call log; an empty list lets everybody who has a code.",
    },
    Setting {
        path: "voicenter.trusted_everywhere",
        kind: Kind::Flag(|c| &mut c.voicenter.trusted_everywhere),
        default: Is("false"),
        doc: "Whether that list holds for everything else that takes a code, too.",
    },
    Setting {
        path: "voicenter.home_country",
        kind: Kind::Text { len_max: 3, field: |c| &mut c.voicenter.home_country },
        default: Is("\"972\""),
        doc: "Country code of numbers that are written or shown in their national form.",
    },
    Setting {
        path: "telservices.allowed_clients",
        kind: Kind::Networks(|c| &mut c.telservices.allowed_clients),
        default: Is("[\"127.0.0.0/8\", \"::1\"]"),
        doc: "Who may connect, to both of its ports.",
    },
    Setting {
        path: "telservices.sessions_max",
        kind: Kind::Count { min: 1, max: 100_000, unit: "sessions", field: |c| &mut c.telservices.sessions_max },
        default: Is("1000"),
        doc: "Sessions that may be open at a time; one more is told `sessionLimitExceeded`.",
    },
    Setting {
        path: "telservices.authenticate",
        kind: Kind::Flag(|c| &mut c.telservices.authenticate),
        default: Is("false"),
        doc: "Whether whoever opens a session on a device first needs name and password of an account of this door.",
    },
    Setting {
        path: "telservices.shortcut_url",
        kind: Kind::Flag(|c| &mut c.telservices.shortcut_url),
        default: Is("true"),
        doc: "Whether `GET /makeCall?deviceNumber=...&calledDeviceNumber=...` makes a call. Any web page can lead a browser there.",
    },
    Setting {
        path: "telservices.end_of_pdu",
        kind: Kind::MaybeText { len_max: 64, field: |c| &mut c.telservices.end_of_pdu },
        default: Unset { meaning: "nothing", example: "'\\r\\n'" },
        doc: "What stands behind each PDU over TCP and UDP, with the escapes `\\r \\n \\t \\0 \\xHH \\\\`.",
    },
    Setting {
        path: "telservices.event_port",
        kind: Kind::MaybeCount { min: 1_024, max: 65_535, unit: "", field: |c| &mut c.telservices.event_port },
        default: Unset { meaning: "the port of `listen.telservices_tcp`", example: "7000" },
        doc: "The UDP port from which events are sent.",
    },
    Setting {
        path: "telservices.time_zone",
        kind: Kind::MaybeZone(|c| &mut c.telservices.time_zone),
        default: Unset { meaning: "as `tenant.time_zone`", example: "\"Europe/Brussels\"" },
        doc: "Time zone of its dates and times.",
    },
    Setting {
        path: "console.test_control",
        kind: Kind::Flag(|c| &mut c.console.test_control),
        default: Is("false"),
        doc: "Whether simulated phones and outside callers can be operated over the API. Only while the console listens on loopback.",
    },
    Setting {
        path: "console.commands_per_min",
        kind: Kind::Count { min: 1, max: 10_000_000, unit: "per minute", field: |c| &mut c.console.commands_per_min },
        default: Is("600"),
        doc: "Commands of one token.",
    },
    Setting {
        path: "console.reads_per_min",
        kind: Kind::Count { min: 1, max: 10_000_000, unit: "per minute", field: |c| &mut c.console.reads_per_min },
        default: Is("6000"),
        doc: "Reads of one token.",
    },
    Setting {
        path: "retention.events_h",
        kind: Kind::Count { min: 1, max: 87_600, unit: "hours", field: |c| &mut c.retention.events_h },
        default: Is("72"),
        doc: "Events from which a client can resume. Who comes later is told of the gap and takes a snapshot.",
    },
    Setting {
        path: "retention.records_days",
        kind: Kind::Count { min: 1, max: 36_500, unit: "days", field: |c| &mut c.retention.records_days },
        default: Is("365"),
        doc: "Call records.",
    },
    Setting {
        path: "retention.journal_h",
        kind: Kind::Count { min: 1, max: 87_600, unit: "hours", field: |c| &mut c.retention.journal_h },
        default: Is("24"),
        doc: "Journaled inputs, with which an incident can be replayed.",
    },
    Setting {
        path: "log.level",
        kind: Kind::Choice { names: LogLevel::NAMES, set: |c, i| c.log.level = LogLevel::ALL[i] },
        default: Is("\"info\""),
        doc: "How much is written.",
    },
    Setting {
        path: "log.format",
        kind: Kind::Choice { names: LogFormat::NAMES, set: |c, i| c.log.format = LogFormat::ALL[i] },
        default: Is("\"text\""),
        doc: "Lines for people, or one JSON object per line.",
    },
];

/// Settings of `[[station]]`.
pub(super) const STATION: &[Setting<Station>] = &[
    Setting {
        path: "number",
        kind: Kind::Number(|s| &mut s.number),
        default: Required { example: "\"1101\"" },
        doc: "The number dialled to reach it.",
    },
    Setting {
        path: "kind",
        kind: Kind::Choice { names: StationKind::NAMES, set: |s, i| s.kind = StationKind::ALL[i] },
        default: Is("\"sip\""),
        doc: "A SIP telephone, or one that exists in this program only.",
    },
    Setting {
        path: "user",
        kind: Kind::MaybeText { len_max: 64, field: |s| &mut s.user },
        default: Unset { meaning: "the number", example: "\"1101\"" },
        doc: "SIP user and digest user.",
    },
    Setting {
        path: "password",
        kind: Kind::MaybeSecret { len_max: 128, field: |s| &mut s.password },
        default: Unset { meaning: "none; a SIP telephone must have one", example: "\"a long random text\"" },
        doc: "Digest password.",
    },
    Setting {
        path: "first_name",
        kind: Kind::Text { len_max: 64, field: |s| &mut s.first_name },
        default: Unset { meaning: "empty", example: "\"Ada\"" },
        doc: "Given name of whom it belongs to.",
    },
    Setting {
        path: "last_name",
        kind: Kind::Text { len_max: 64, field: |s| &mut s.last_name },
        default: Unset { meaning: "empty", example: "\"Lovelace\"" },
        doc: "Family name of whom it belongs to.",
    },
    Setting {
        path: "resource",
        kind: Kind::MaybeText { len_max: 64, field: |s| &mut s.resource },
        default: Unset { meaning: "`SDP` and the number, filled with zeros to five digits", example: "\"SDP01101\"" },
        doc: "Device id on the Fusion door. None may be the start of another.",
    },
    Setting {
        path: "lines",
        kind: Kind::Count { min: 1, max: 100, unit: "calls", field: |s| &mut s.lines },
        default: Is("2"),
        doc: "Calls it can have at a time; with more it is busy.",
    },
    Setting {
        path: "algorithms",
        kind: Kind::Choices {
            names: Algorithm::NAMES,
            set: |s, list| s.algorithms = Some(list.into_iter().map(|i| Algorithm::ALL[i]).collect()),
        },
        default: Unset { meaning: "as `sip.algorithms`", example: "[\"MD5\"]" },
        doc: "Digest algorithms offered to it.",
    },
    Setting {
        path: "remote_answer",
        kind: Kind::Flag(|s| &mut s.remote_answer),
        default: Is("false"),
        doc: "Whether it answers a ringing call when it is told to. A simulated phone always does.",
    },
    Setting {
        path: "barred",
        kind: Kind::Numbers(|s| &mut s.barred),
        default: Is("[]"),
        doc: "Its class of service: numbers that begin like one of these are not called from it.",
    },
    Setting {
        path: "no_click_to_call",
        kind: Kind::Flag(|s| &mut s.no_click_to_call),
        default: Is("false"),
        doc: "Whether the iPECS doors refuse to have it rung for a call of its user's.",
    },
    Setting {
        path: "answer_after_ms",
        kind: Kind::MaybeCount { min: 0, max: 600_000, unit: "milliseconds", field: |s| &mut s.answer_after_ms },
        default: Unset { meaning: "it rings until somebody answers", example: "2000" },
        doc: "A simulated phone answers by itself after so long.",
    },
];

/// Settings of `[[trunk]]`.
pub(super) const TRUNK: &[Setting<Trunk>] = &[
    Setting {
        path: "name",
        kind: Kind::Text { len_max: 64, field: |t| &mut t.name },
        default: Required { example: "\"outside\"" },
        doc: "Its name.",
    },
    Setting {
        path: "circuits",
        kind: Kind::Count { min: 1, max: 10_000, unit: "calls", field: |t| &mut t.circuits },
        default: Is("30"),
        doc: "Calls it can carry at a time.",
    },
    Setting {
        path: "dids",
        kind: Kind::Dids(|t| &mut t.dids),
        default: Is("{}"),
        doc: "Numbers from outside, each with the number inside that it reaches: `{ \"+3225550100\" = \"1001\" }`.",
    },
];

/// Settings of `[[account]]`.
pub(super) const ACCOUNT: &[Setting<Account>] = &[
    Setting {
        path: "door",
        kind: Kind::Choice { names: Door::NAMES, set: |a, i| a.door = Door::ALL[i] },
        default: Required { example: "\"console\"" },
        doc: "Which door it opens. Fusion and TelServices have no accounts.",
    },
    Setting {
        path: "user",
        kind: Kind::MaybeText { len_max: 64, field: |a| &mut a.user },
        default: Unset { meaning: "none; only the door `voicenter` needs none", example: "\"operator\"" },
        doc: "User name.",
    },
    Setting {
        path: "password",
        kind: Kind::Secret { len_max: 128, field: |a| &mut a.password },
        default: Required { example: "\"a long random text\"" },
        doc: "Password; on the door `voicenter` the code.",
    },
    Setting {
        path: "station",
        kind: Kind::MaybeNumber(|a| &mut a.station),
        default: Unset { meaning: "none", example: "\"1101\"" },
        doc: "The station it belongs to. The door `clickcall` needs one; on `ipxapi` it makes a login of the client type.",
    },
    Setting {
        path: "role",
        kind: Kind::Choice { names: Role::NAMES, set: |a, i| a.role = Role::ALL[i] },
        default: Is("\"operator\""),
        doc: "What it may do on the console: everything but `system`, or calls, records and the directory.",
    },
];

/// Settings of `[[cdr_push]]`.
pub(super) const CDR_PUSH: &[Setting<CdrPush>] = &[
    Setting {
        path: "name",
        kind: Kind::Text { len_max: 64, field: |p| &mut p.name },
        default: Required { example: "\"crm\"" },
        doc: "Its name; no two have the same. What could not be delivered yet waits under this name.",
    },
    Setting {
        path: "url",
        kind: Kind::Text { len_max: 2_048, field: |p| &mut p.url },
        default: Required { example: "\"https://crm.example/cdr?key=secret\"" },
        doc: "Where it is; user and password in it become Basic credentials.",
    },
    Setting {
        path: "format",
        kind: Kind::Choice { names: CdrFormat::NAMES, set: |p, i| p.format = CdrFormat::ALL[i] },
        default: Is("\"json\""),
        doc: "How it reads.",
    },
    Setting {
        path: "private",
        kind: Kind::Flag(|p| &mut p.private),
        default: Is("false"),
        doc: "Whether it may be on this machine or in a private network.",
    },
];
