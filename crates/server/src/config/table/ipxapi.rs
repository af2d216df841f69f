//! Settings of `[ipxapi]`: what the vendor has on its administration pages, and its licences.

use super::super::Config;
use super::super::apply::Absent::{Is, Unset};
use super::super::apply::Setting;
use super::super::kind::Kind;

/// The iPECS Web API.
pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        path: "ipxapi.session_timeout_min",
        kind: Kind::Count { min: 1, max: 60, unit: "minutes", field: |c| &mut c.ipxapi.session_timeout_min },
        default: Is("2"),
        doc: "Web API Session Timeout: how long a login lives without a request and without a WebSocket.",
    },
    Setting {
        path: "ipxapi.server_accounts",
        kind: Kind::Flag(|c| &mut c.ipxapi.server_accounts),
        default: Is("true"),
        doc: "Whether accounts of applications may log in.",
    },
    Setting {
        path: "ipxapi.station_accounts",
        kind: Kind::Flag(|c| &mut c.ipxapi.station_accounts),
        default: Is("true"),
        doc: "Whether accounts of stations may log in.",
    },
    Setting {
        path: "ipxapi.licence_cti",
        kind: Kind::Flag(|c| &mut c.ipxapi.licence_cti),
        default: Is("true"),
        doc: "Licence API-CTI: call commands and call events. Licences cost nothing here; a client may be tried without one.",
    },
    Setting {
        path: "ipxapi.licence_smdr",
        kind: Kind::Flag(|c| &mut c.ipxapi.licence_smdr),
        default: Is("true"),
        doc: "Licence API-SMDR: records and their event.",
    },
    Setting {
        path: "ipxapi.licence_acd",
        kind: Kind::Flag(|c| &mut c.ipxapi.licence_acd),
        default: Is("true"),
        doc: "Licence API-AMP: without it an account that may do nothing else cannot log in. There are no ACD events yet.",
    },
    Setting {
        path: "ipxapi.licence_clickcall",
        kind: Kind::Flag(|c| &mut c.ipxapi.licence_clickcall),
        default: Is("true"),
        doc: "Licence CLICKCALL: click to call of a station's account.",
    },
    Setting {
        path: "ipxapi.cti_terminals",
        kind: Kind::MaybeCount { min: 0, max: 200_000, unit: "terminals", field: |c| &mut c.ipxapi.cti_terminals },
        default: Unset { meaning: "as many as there are", example: "100" },
        doc: "Licences API-CTI-EXT: so many terminals, the first ones, can be controlled.",
    },
    Setting {
        path: "ipxapi.clickcall_stations",
        kind: Kind::MaybeCount { min: 0, max: 200_000, unit: "stations", field: |c| &mut c.ipxapi.clickcall_stations },
        default: Unset { meaning: "all", example: "100" },
        doc: "Licences CLICKCALL: so many stations, the first of those whose service is on, may click to call.",
    },
    Setting {
        path: "ipxapi.smdr_service",
        kind: Kind::Flag(|c| &mut c.ipxapi.smdr_service),
        default: Is("true"),
        doc: "SMDR Web API Service: whether records are served at all.",
    },
    Setting {
        path: "ipxapi.smdr_disconnect_cause",
        kind: Kind::Flag(|c| &mut c.ipxapi.smdr_disconnect_cause),
        default: Is("true"),
        doc: "SMDR Disconnect Cause: whether records tell why a call ended.",
    },
    Setting {
        path: "ipxapi.call_tracking",
        kind: Kind::Flag(|c| &mut c.ipxapi.call_tracking),
        default: Is("true"),
        doc: "CALL TRACKING Enable: whether records have the reference of their call.",
    },
];
