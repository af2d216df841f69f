//! Every setting, declared once. Reader, messages, example and page are made from these tables.
//!
//! A file holds the settings of some sections; which section a setting belongs to stands in its path.

mod doors;
mod entries;
mod ipxapi;
mod listen;
mod office;
mod sip;

pub(super) use entries::{ACCOUNT, CDR_PUSH, STATION, TRUNK};

use super::Config;
use super::apply::Setting;

/// Sections in the order of the example, with what they are about.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    ("", "Where the data lies."),
    ("listen", "Where the doors and the telephones are served. Everything beyond loopback is your decision."),
    ("tls", "The certificate of the listeners that speak TLS."),
    ("sip", "The SIP side: addresses behind NAT, the RTP relay, passwords, registrations."),
    ("limits", "Bounds. What is beyond them is refused with the protocol's own answer."),
    ("tenant", "The exchange itself."),
    (
        "clickcall",
        "The ClickCall door. Its accounts are `[[account]]` with the door `clickcall`, and stations with codes.",
    ),
    (
        "ipxapi",
        "The iPECS Web API door. Its accounts are `[[account]]` with the door `ipxapi`, and stations with codes.",
    ),
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

/// Settings that stand once; those of one section stand together and in the order of the example.
pub(super) fn settings() -> impl Iterator<Item = &'static Setting<Config>> {
    [office::SETTINGS, listen::SETTINGS, sip::SETTINGS, doors::SETTINGS, ipxapi::SETTINGS].into_iter().flatten()
}
