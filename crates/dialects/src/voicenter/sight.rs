//! The tree of accounts (VOI-ADM-01), and how much of it somebody sees: VOI-LOG-05, VOI-EXT-02, VOI-RT-13.
//!
//! The organisation is the root. A department is a node below it, or below another one: its path is `Sales` or `Sales/North`. Which
//! node an extension belongs to is the department of its directory number; one that is unknown belongs to the root.

use super::address;
use super::config::VoicenterConfig;
use super::row::Row;
use crate::common::ask::Identity;
use switching::id::{DeviceId, UserId};
use switching::party::Digits;
use switching::picture::Picture;

/// The directory field that names the department.
pub const DEPARTMENT: &str = "dep";
/// What parts the names of a path.
const BELOW: char = '/';
/// Account setting: its call log is that of its own user, whatever is asked for.
const OWN_CALLS: &str = "own_calls";
/// Account setting: its user sees the whole organisation in real time.
const SEES_ALL: &str = "sees_all";

/// Whose eyes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// The node of the code's user; none: the code is of the organisation itself.
    pub node: Option<String>,
    /// The code's user.
    pub user: Option<UserId>,
    /// Only calls of that user are told of.
    pub own_calls: bool,
    /// Everything is shown in real time.
    pub all: bool,
}

impl Sight {
    /// What somebody sees.
    #[must_use]
    pub fn of(picture: &Picture, config: &VoicenterConfig, identity: &Identity) -> Self {
        let set = |name: &str| identity.settings.get(name).is_some_and(|value| value == "true");
        let number = identity.settings.get("station").and_then(|number| Digits::parse(number));
        let extension = number.as_ref().and_then(|number| picture.extension_by_number(number));
        let node = extension.map(|(_, it)| config.known(it.config.fields.get(DEPARTMENT)));
        let user = extension.and_then(|(_, it)| it.config.owner);
        Self { all: node.is_none() || set(SEES_ALL), own_calls: set(OWN_CALLS), node, user }
    }

    /// The node whose extensions are the current account's.
    #[must_use]
    pub fn account(&self) -> &str {
        self.node.as_deref().unwrap_or_default()
    }

    /// Whether it sees an extension in real time.
    #[must_use]
    pub fn watches(&self, picture: &Picture, config: &VoicenterConfig, code: &str) -> bool {
        self.all || node_of_code(picture, config, code) == self.account()
    }
}

impl VoicenterConfig {
    /// The path of a department that there is; else the root's.
    fn known(&self, department: Option<&String>) -> String {
        department.filter(|path| self.departments.contains_key(*path)).cloned().unwrap_or_default()
    }

    /// Id and name of a node.
    #[must_use]
    pub fn node(&self, path: &str) -> (u32, &str) {
        match self.departments.get_key_value(path) {
            Some((path, id)) => (*id, path.rsplit(BELOW).next().unwrap_or(path)),
            None => (self.account_id, &self.organisation),
        }
    }
}

/// Whether a node is another one, or below it.
#[must_use]
pub fn is_within(path: &str, of: &str) -> bool {
    of.is_empty() || path == of || path.strip_prefix(of).is_some_and(|rest| rest.starts_with(BELOW))
}

/// The node of an extension.
#[must_use]
pub fn node_of(picture: &Picture, config: &VoicenterConfig, device: DeviceId) -> String {
    config.known(picture.extension_of(device).and_then(|(_, extension)| extension.config.fields.get(DEPARTMENT)))
}

/// The node of the extension with this SIP code.
#[must_use]
pub fn node_of_code(picture: &Picture, config: &VoicenterConfig, code: &str) -> String {
    address::extension(picture, code).map(|device| node_of(picture, config, device.id)).unwrap_or_default()
}

/// The nodes of a row's extensions: of the one that called first, where it is no call from outside. One without any is the root's.
#[must_use]
pub fn nodes_of_row(picture: &Picture, config: &VoicenterConfig, row: &Row) -> Vec<String> {
    let stations = [&row.caller_station, &row.target_station].into_iter().filter(|station| !station.code.is_empty());
    let nodes: Vec<String> = stations.map(|station| node_of_code(picture, config, &station.code)).collect();
    if nodes.is_empty() { vec![String::new()] } else { nodes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_within_itself_and_those_above() {
        for (path, of, expected) in [
            ("", "", true),
            ("Sales", "", true),
            ("", "Sales", false),
            ("Sales", "Sales", true),
            ("Sales/North", "Sales", true),
            ("Salesmen", "Sales", false),
            ("Sales", "Sales/North", false),
        ] {
            assert_eq!(is_within(path, of), expected, "{path} in {of}");
        }
        let departments = [("Sales/North".to_owned(), 12)].into();
        let config = VoicenterConfig { departments, ..VoicenterConfig::default() };
        assert_eq!((config.node("Sales/North"), config.node("Sales")), ((12, "North"), (1, "Office")));
    }
}
