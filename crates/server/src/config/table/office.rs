//! Settings of the program and of the exchange itself: where data lies, bounds, times, retention, the log.

use super::super::apply::Absent::Is;
use super::super::apply::Setting;
use super::super::kind::Kind;
use super::super::{Config, Durability, LogFormat, LogLevel};

/// The program and the exchange.
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
