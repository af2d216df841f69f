//! Settings of the tables that may stand several times: `[[station]]`, `[[trunk]]`, `[[account]]`, `[[cdr_push]]`.

use super::super::account::{Account, Door, Role};
use super::super::apply::Absent::{Is, Required, Unset};
use super::super::apply::Setting;
use super::super::directory::FIELDS;
use super::super::kind::Kind;
use super::super::seed::{Station, StationKind, Trunk};
use super::super::{Algorithm, CdrFormat, CdrPush, Privilege};

/// Settings of `[[station]]`.
pub(in super::super) const STATION: &[Setting<Station>] = &[
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
        path: "directory",
        kind: Kind::Named(FIELDS, 128, |s| &mut s.directory),
        default: Is("{}"),
        doc: "What the Fusion directory says of its number besides: `{ email = \"ada@example.net\", office = \"B2\" }`.",
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
        path: "auto_answer",
        kind: Kind::Flag(|s| &mut s.auto_answer),
        default: Is("true"),
        doc: "Whether it answers by itself a call that asks for it, so that it can be taken off-hook to call. One that does not is rung first.",
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
        path: "authorization_code",
        kind: Kind::MaybeSecret { len_max: 12, field: |s| &mut s.authorization_code },
        default: Unset { meaning: "none", example: "\"*1234\"" },
        doc: "Authorization Code of the iPECS table 227. With it, or with a suffix code, the station has a login of its own on the door `ipxapi`, and on `clickcall` where no account there has its number: its number, and both codes as one password.",
    },
    Setting {
        path: "suffix_code",
        kind: Kind::MaybeSecret { len_max: 12, field: |s| &mut s.suffix_code },
        default: Unset { meaning: "none", example: "\"Secr01$\"" },
        doc: "Suffix Code of that table.",
    },
    Setting {
        path: "answer_after_ms",
        kind: Kind::MaybeCount { min: 0, max: 600_000, unit: "milliseconds", field: |s| &mut s.answer_after_ms },
        default: Unset { meaning: "it rings until somebody answers", example: "2000" },
        doc: "A simulated phone answers by itself after so long.",
    },
];

/// Settings of `[[trunk]]`.
pub(in super::super) const TRUNK: &[Setting<Trunk>] = &[
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
pub(in super::super) const ACCOUNT: &[Setting<Account>] = &[
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
        doc: "User name. At `voicenter` it makes a login of the real-time channel, where an account without one is a code.",
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
        doc: "What it may do on the console: everything but `system`, or calls, records and the directory. At TelServices, whether it may authorise devices.",
    },
    Setting {
        path: "privileges",
        kind: Kind::Choices {
            names: Privilege::NAMES,
            set: |a, list| a.privileges = Some(list.into_iter().map(|i| Privilege::ALL[i]).collect()),
        },
        default: Unset { meaning: "all of them", example: "[\"smdr\", \"acd\", \"cti\"]" },
        doc: "What an application's account may do on the door `ipxapi`: records, ACD events, calls. In any order.",
    },
    Setting {
        path: "own_calls",
        kind: Kind::Flag(|a| &mut a.own_calls),
        default: Is("false"),
        doc: "On the door `voicenter`, of a station: its call log is that of its own user, whatever is asked for.",
    },
    Setting {
        path: "sees_all",
        kind: Kind::Flag(|a| &mut a.sees_all),
        default: Is("false"),
        doc: "On the door `voicenter`, of a station: it is told of all extensions in real time, not of its department's alone.",
    },
];

/// Settings of `[[cdr_push]]`.
pub(in super::super) const CDR_PUSH: &[Setting<CdrPush>] = &[
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
    Setting {
        path: "types",
        kind: Kind::Texts { len_max: 32, field: |p| &mut p.types },
        default: Is("[]"),
        doc: "Which calls it is told of, by the vendor's names or numbers of types, such as `[\"Incoming Call\", \"Click2Call leg1\"]`; none named: all.",
    },
    Setting {
        path: "department",
        kind: Kind::MaybeText { len_max: 64, field: |p| &mut p.department },
        default: Unset { meaning: "the whole organisation", example: "\"Sales\"" },
        doc: "Of which account in `voicenter.departments` its calls are, with all accounts below that one.",
    },
    Setting {
        path: "local_time",
        kind: Kind::Flag(|p| &mut p.local_time),
        default: Is("false"),
        doc: "Whether `time` is shifted to `tenant.time_zone`, as later clients of the vendor expect it; else it is UTC.",
    },
    Setting {
        path: "answered",
        kind: Kind::Flag(|p| &mut p.answered),
        default: Is("false"),
        doc: "Whether the status of an answered call is `ANSWERED`, as the vendor's examples have it; else it is `ANSWER`.",
    },
    Setting {
        path: "custom_data_alias",
        kind: Kind::Flag(|p| &mut p.custom_data_alias),
        default: Is("false"),
        doc: "Whether custom data stand once more under `CUSTOM_DATA`.",
    },
];
