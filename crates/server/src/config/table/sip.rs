//! Settings of `[sip]`: addresses, the relay, passwords, registrations, timers.

use super::super::apply::Absent::Is;
use super::super::apply::Setting;
use super::super::kind::Kind;
use super::super::{Algorithm, Config};

/// The SIP side.
pub(super) const SETTINGS: &[Setting<Config>] = &[
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
];
