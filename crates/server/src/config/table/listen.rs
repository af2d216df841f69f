//! Settings of `[listen]` and `[tls]`: where doors and telephones are served, and the certificate they show. A door's listener is its
//! entry here; nothing else in the configuration knows of it.

use super::super::Config;
use super::super::apply::Absent::{Is, Unset};
use super::super::apply::Setting;
use super::super::kind::Kind;

/// Listeners and their certificate.
pub(super) const SETTINGS: &[Setting<Config>] = &[
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
        kind: Kind::MaybeAddress(|c| c.listen.door("console")),
        default: Is("\"127.0.0.1:8088\""),
        doc: "The console API, health and metrics.",
    },
    Setting {
        path: "listen.fusion",
        kind: Kind::MaybeAddress(|c| c.listen.door("fusion")),
        default: Is("\"127.0.0.1:80\""),
        doc: "Fusion over HTTP. 80 is the vendor's port; below 1024 the program needs the right to bind it.",
    },
    Setting {
        path: "listen.fusion_events",
        kind: Kind::MaybeAddress(|c| c.listen.door("fusion_events")),
        default: Is("\"127.0.0.1:5050\""),
        doc: "Fusion's event stream over TCP.",
    },
    Setting {
        path: "listen.ipxapi",
        kind: Kind::MaybeAddress(|c| c.listen.door("ipxapi")),
        default: Is("\"127.0.0.1:1024\""),
        doc: "iPECS Web API: REST and WebSocket over TLS. The vendor's document names no port but that of its example.",
    },
    Setting {
        path: "listen.clickcall",
        kind: Kind::MaybeAddress(|c| c.listen.door("clickcall")),
        default: Is("\"127.0.0.1:7878\""),
        doc: "iPECS ClickCall over TLS.",
    },
    Setting {
        path: "listen.telservices_tcp",
        kind: Kind::MaybeAddress(|c| c.listen.door("telservices_tcp")),
        default: Is("\"127.0.0.1:7000\""),
        doc: "TelServices: XML over TCP, and HTTP on the same port.",
    },
    Setting {
        path: "listen.telservices_http",
        kind: Kind::MaybeAddress(|c| c.listen.door("telservices_http")),
        default: Is("\"127.0.0.1:7001\""),
        doc: "TelServices over HTTP alone.",
    },
    Setting {
        path: "listen.voicenter",
        kind: Kind::MaybeAddress(|c| c.listen.door("voicenter")),
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
];
