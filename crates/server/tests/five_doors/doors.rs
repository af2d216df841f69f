//! The doors of the house as these tests use them: one entry for each, one file with what stands in it.

use crate::common::Office;
use crate::room::Watcher;
use crate::{clickcall, console, fusion, voicenter};

/// What a record of a call says, in whole seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who called, as the door shows it.
    pub caller: String,
    /// Who was called, as the door shows it.
    pub called: String,
    /// How long they talked.
    pub talk_s: u64,
}

/// What a test does through a door, and what it sees there. None: the vendor has no such thing.
pub struct Door {
    /// Its name in what a test expects.
    pub name: &'static str,
    /// Has a phone rung, and once it answers the other one called. Answered at once.
    pub make: fn(&Office, &str, &str),
    /// Ends the call of a phone.
    pub end: fn(&Office, &str),
    /// Events as they come, each a line.
    pub watch: Option<fn(&Office) -> Watcher>,
    /// What is up now, each a line.
    pub picture: Option<fn(&Office) -> Vec<String>>,
    /// Records of a number, newest first.
    pub records: Option<fn(&Office, &str) -> Vec<Told>>,
}

/// Every door.
pub const DOORS: &[Door] = &[console::DOOR, fusion::DOOR, clickcall::DOOR, voicenter::DOOR];
