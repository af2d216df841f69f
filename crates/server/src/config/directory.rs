//! What the Fusion directory may hold: its fields, keys of servers, contexts (FUS-ADM-02, 04, 05, FUS-LIM-04).
//!
//! Profiles do not exist yet: `profile` and `status` are texts.

use super::problem::Notes;
use super::{Config, Station};
use std::collections::BTreeMap;
use switching::party::Digits;

/// Fields of an entry that a station can be given; its number, names and phone are settings of their own.
pub(super) const FIELDS: &[&str] = &[
    "login",
    "email",
    "company",
    "office",
    "grp",
    "dep",
    "site",
    "admin",
    "mobile",
    "home",
    "fax",
    "outgoing_number",
    "profile",
    "status",
    "context_name",
    "sop1",
    "sop2",
    "source",
    "hidden",
];
/// Fields that are telephone numbers.
const NUMBERS: [&str; 4] = ["mobile", "home", "fax", "outgoing_number"];
/// Fields that name a server of the cluster.
const SERVERS: [&str; 2] = ["sop1", "sop2"];
/// Id of the account that is the whole organisation.
const ORGANISATION: u32 = 1;
/// Digits of a server's key.
const KEY_LEN: usize = 8;

/// Notes what does not fit.
pub(super) fn check(config: &Config, notes: &mut Notes<'_>) {
    let fusion = &config.fusion;
    for (path, key) in [("fusion.sop_key", &fusion.sop_key)].into_iter().chain(keys(config)) {
        if !is_key(key) {
            notes.about(path, format!("\"{key}\" is no key of a server"), "write 8 digits");
        }
    }
    if !fusion.sops.contains_key(&fusion.sop_key) {
        let what = format!("this server's own key, {}, is not among them", fusion.sop_key);
        notes.about("fusion.sops", what, format!("write {{ {} = \"...\" }} with its address", fusion.sop_key));
    }
    let mut known = BTreeMap::new();
    for (name, id) in &fusion.contexts {
        let number = id.bytes().all(|b| b.is_ascii_digit());
        if !number {
            notes.about("fusion.contexts", format!("\"{id}\" is no whole number"), "write an id of digits");
        }
        if let Some(other) = known.insert(id, name) {
            notes.about("fusion.contexts", format!("{other} and {name} have one id, {id}"), "choose another");
        }
    }
    departments(config, notes);
    for (index, station) in config.stations.iter().enumerate() {
        entry(config, station, &format!("station[{}].directory", index + 1), notes);
    }
}

/// Voicenter's accounts: each has an id of its own, which is not the organisation's, and the one that it is below.
fn departments(config: &Config, notes: &mut Notes<'_>) {
    const PLACE: &str = "voicenter.departments";
    let departments = &config.voicenter.departments;
    let mut known = BTreeMap::new();
    for (path, id) in departments {
        if id.parse::<u32>().is_ok_and(|id| id > ORGANISATION) {
            if let Some(other) = known.insert(id, path) {
                notes.about(PLACE, format!("{other} and {path} have one id, {id}"), "choose another");
            }
        } else {
            notes.about(PLACE, format!("\"{id}\" is no id"), format!("write a whole number above {ORGANISATION}"));
        }
        if let Some((above, _)) = path.rsplit_once('/').filter(|(above, _)| !departments.contains_key(*above)) {
            notes.about(PLACE, format!("{path} is below {above}, which is not there"), format!("name {above} too"));
        }
    }
}

fn keys(config: &Config) -> impl Iterator<Item = (&'static str, &String)> {
    config.fusion.sops.keys().map(|key| ("fusion.sops", key))
}

fn entry(config: &Config, station: &Station, path: &str, notes: &mut Notes<'_>) {
    let given = |name: &str| station.directory.get(name);
    for name in NUMBERS {
        if let Some(text) = given(name).filter(|text| outside_number(text).is_none()) {
            notes.about(path, format!("{name}: \"{text}\" is no telephone number"), "write `+` and digits");
        }
    }
    for name in SERVERS {
        if let Some(key) = given(name).filter(|key| !config.fusion.sops.contains_key(*key)) {
            notes.about(path, format!("{name}: fusion.sops names no server {key}"), "name one of its keys");
        }
    }
    if let Some(name) = given("context_name").filter(|name| !config.fusion.contexts.contains_key(*name)) {
        notes.about(path, format!("fusion.contexts names no context {name}"), "name one of them");
    }
    if let Some(text) = given("hidden").filter(|text| !matches!(text.as_str(), "true" | "false")) {
        notes.about(path, format!("hidden: \"{text}\" is not known"), "write \"true\" or \"false\"");
    }
}

fn is_key(text: &str) -> bool {
    text.len() == KEY_LEN && text.bytes().all(|b| b.is_ascii_digit())
}

/// A number of digits, with `+` before them or without.
pub(super) fn outside_number(text: &str) -> Option<Digits> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let clean = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if clean { Digits::parse(text) } else { None }
}
