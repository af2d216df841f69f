//! Settings of the vendors' doors, one section each.

use super::super::apply::Absent::{Is, Unset};
use super::super::apply::Setting;
use super::super::kind::Kind;
use super::super::{CallerId, Config};

/// The vendors' doors.
pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        path: "clickcall.licence",
        kind: Kind::Flag(|c| &mut c.clickcall.licence),
        default: Is("true"),
        doc: "The ClickCall licence: without it every command of a user is answered 104. It costs nothing here; a client may be tried without it.",
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
        path: "fusion.ccgetchannels_callerid",
        kind: Kind::Choice { names: CallerId::NAMES, set: |c, i| c.fusion.callerid = CallerId::ALL[i] },
        default: Is("\"quoted\""),
        doc: "How `ccGetChannels` writes a caller: name and number, or the bare number of older systems.",
    },
    Setting {
        path: "fusion.first_ring_s",
        kind: Kind::Count { min: 1, max: 600, unit: "seconds", field: |c| &mut c.fusion.first_ring_s },
        default: Is("30"),
        doc: "How long `ccOriginate` rings its first party.",
    },
    Setting {
        path: "fusion.ring_s",
        kind: Kind::Count { min: 1, max: 600, unit: "seconds", field: |c| &mut c.fusion.ring_s },
        default: Is("60"),
        doc: "How long `ccOriginate` then rings the number that was asked for.",
    },
    Setting {
        path: "fusion.fail_tone_s",
        kind: Kind::Count { min: 0, max: 600, unit: "seconds", field: |c| &mut c.fusion.fail_tone_s },
        default: Is("10"),
        doc: "How long a first party that has answered hears that the number failed.",
    },
    Setting {
        path: "fusion.sop_key",
        kind: Kind::Text { len_max: 8, field: |c| &mut c.fusion.sop_key },
        default: Is("\"00000001\""),
        doc: "Key of this server in the cluster that the directory shows: 8 digits.",
    },
    Setting {
        path: "fusion.sops",
        kind: Kind::Named(&[], 253, |c| &mut c.fusion.sops),
        default: Is("{ 00000001 = \"127.0.0.1\" }"),
        doc: "Servers of that cluster, this one too: the address of each by its key.",
    },
    Setting {
        path: "fusion.contexts",
        kind: Kind::Named(&[], 10, |c| &mut c.fusion.contexts),
        default: Is("{ internal = \"1\" }"),
        doc: "Ids that the directory shows for contexts, by the names of the contexts.",
    },
    Setting {
        path: "fusion.allow_origin",
        kind: Kind::MaybeText { len_max: 253, field: |c| &mut c.fusion.allow_origin },
        default: Is("\"none\""),
        doc: "The origin whose pages may read answers (CORS), such as `https://crm.example`.",
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
        path: "voicenter.proxies",
        kind: Kind::Networks(|c| &mut c.voicenter.proxies),
        default: Is("[]"),
        doc: "Proxies before this door: what they say of where a request came from is believed.",
    },
    Setting {
        path: "voicenter.forwarded_header",
        kind: Kind::Text { len_max: 64, field: |c| &mut c.voicenter.forwarded_header },
        default: Is("\"X-Forwarded-For\""),
        doc: "The header in which they say it: addresses with commas between, the last one theirs.",
    },
    Setting {
        path: "voicenter.token_min",
        kind: Kind::Count { min: 1, max: 525_600, unit: "minutes", field: |c| &mut c.voicenter.token_min },
        default: Is("1440"),
        doc: "How long a token of the real-time channel lives.",
    },
    Setting {
        path: "voicenter.departments",
        kind: Kind::Named(&[], 10, |c| &mut c.voicenter.departments),
        default: Is("{}"),
        doc: "Accounts below the organisation, which is number 1: the id of each by its name, `{ Sales = \"2\", \"Sales/North\" = \"3\" }`. A station belongs to the one that is `dep` in its `directory`.",
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
        path: "telservices.connections",
        kind: Kind::Count { min: 1, max: 100_000, unit: "connections", field: |c| &mut c.telservices.connections },
        default: Is("1000"),
        doc: "Connections at a time; one more is told `resourceError`.",
    },
    Setting {
        path: "telservices.connections_per_address",
        kind: Kind::Count {
            min: 1,
            max: 100_000,
            unit: "connections",
            field: |c| &mut c.telservices.connections_per_address,
        },
        default: Is("64"),
        doc: "Connections of one address at a time.",
    },
    Setting {
        path: "telservices.polls_per_session",
        kind: Kind::Count { min: 1, max: 100_000, unit: "polls", field: |c| &mut c.telservices.polls_per_session },
        default: Is("64"),
        doc: "Long polls of one session that may wait; one more is told `resourceError`.",
    },
    Setting {
        path: "telservices.authenticate",
        kind: Kind::Flag(|c| &mut c.telservices.authenticate),
        default: Is("false"),
        doc: "Whether whoever opens a session on a device first needs name and password of an account of this door with the role `operator`. A device that was opened so is authorised for good.",
    },
    Setting {
        path: "telservices.administrator",
        kind: Kind::MaybeText { len_max: 128, field: |c| &mut c.telservices.administrator },
        default: Unset { meaning: "nobody", example: "\"setup\"" },
        doc: "The same, with the name of the account of this door that it needs.",
    },
    Setting {
        path: "telservices.shortcut_url",
        kind: Kind::Flag(|c| &mut c.telservices.shortcut_url),
        default: Is("true"),
        doc: "Whether `GET /makeCall?deviceNumber=...&calledDeviceNumber=...` makes a call. Any web page can lead a browser there.",
    },
    Setting {
        path: "telservices.allowed_origins",
        kind: Kind::Texts { len_max: 256, field: |c| &mut c.telservices.allowed_origins },
        default: Is("[]"),
        doc: "Origins whose web pages may ask over HTTP, such as `https://intranet.example`.",
    },
    Setting {
        path: "telservices.idle_s",
        kind: Kind::Count { min: 1, max: 3_600, unit: "seconds", field: |c| &mut c.telservices.idle_s },
        default: Is("10"),
        doc: "Silence after which a connection is closed.",
    },
    Setting {
        path: "telservices.link_timeout_s",
        kind: Kind::Count { min: 1, max: 60, unit: "seconds", field: |c| &mut c.telservices.link_timeout_s },
        default: Is("10"),
        doc: "How long the exchange may take to carry out an order before `pbxTimeout` is told.",
    },
    Setting {
        path: "telservices.call_reference",
        kind: Kind::Flag(|c| &mut c.telservices.call_reference),
        default: Is("false"),
        doc: "Whether calls are shown with `callReference`, which the vendor's text names and its examples do not have.",
    },
    Setting {
        path: "telservices.history_of_all",
        kind: Kind::Flag(|c| &mut c.telservices.history_of_all),
        default: Is("true"),
        doc: "Whether `queryHistory` without device and user gives the records of all devices; else it is told `reject`.",
    },
    Setting {
        path: "telservices.end_of_pdu",
        kind: Kind::MaybeText { len_max: 64, field: |c| &mut c.telservices.end_of_pdu },
        default: Unset { meaning: "nothing", example: "'\\r\\n'" },
        doc: "What stands behind each PDU over TCP and UDP, with the escapes `\\r \\n \\t \\0 \\xHH \\\\`.",
    },
    Setting {
        path: "telservices.request_kib",
        kind: Kind::Count { min: 1, max: 32_768, unit: "KiB", field: |c| &mut c.telservices.request_kib },
        default: Is("1024"),
        doc: "The largest request.",
    },
    Setting {
        path: "telservices.directory_kib",
        kind: Kind::Count { min: 1, max: 131_072, unit: "KiB", field: |c| &mut c.telservices.directory_kib },
        default: Is("32768"),
        doc: "The largest `updateUserDirectory`, where that is more. Four of them are taken at a time.",
    },
    Setting {
        path: "telservices.request_depth",
        kind: Kind::Count { min: 8, max: 64, unit: "elements", field: |c| &mut c.telservices.request_depth },
        default: Is("16"),
        doc: "Elements within each other.",
    },
    Setting {
        path: "telservices.request_elements",
        kind: Kind::Count { min: 16, max: 1_000_000, unit: "elements", field: |c| &mut c.telservices.request_elements },
        default: Is("20000"),
        doc: "Elements of one request.",
    },
    Setting {
        path: "telservices.directory_elements",
        kind: Kind::Count {
            min: 16,
            max: 10_000_000,
            unit: "elements",
            field: |c| &mut c.telservices.directory_elements,
        },
        default: Is("200000"),
        doc: "Elements of one `updateUserDirectory`, where that is more.",
    },
    Setting {
        path: "telservices.text_kib",
        kind: Kind::Count { min: 1, max: 1_024, unit: "KiB", field: |c| &mut c.telservices.text_kib },
        default: Is("64"),
        doc: "Text of one element.",
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
];
