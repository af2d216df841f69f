//! The doors of the house as these tests use them: one entry for each, one file with what stands in it.

use crate::common::Office;
use crate::room::Watcher;
use crate::{clickcall, console, fusion, ipxapi, telservices, voicenter};

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

/// A record of a call as a door has it.
pub struct Row {
    /// What it says.
    pub told: Told,
    /// All of it, as it came.
    pub whole: String,
}

/// Tells a phone to answer; the door's own words when it is refused.
pub type Answers = fn(&Office, &str) -> Result<(), String>;

/// What was said, where that was not it.
pub fn unless_done(done: bool, said: &str) -> Result<(), String> {
    if done { Ok(()) } else { Err(said.to_owned()) }
}

/// What a test does through a door, and what it sees there. None: the vendor has no such thing.
pub struct Door {
    /// Its name in what a test expects.
    pub name: &'static str,
    /// Whether the calling phone is lifted by the exchange; else it rings, and the other one is called once it is answered.
    pub lifts_itself: bool,
    /// Has a phone call another one, and says so at once; the door's own words when it is refused.
    pub asks: fn(&Office, &str, &str) -> Result<(), String>,
    /// Ends the call of a phone.
    pub end: fn(&Office, &str),
    /// Has a phone that rings answer.
    pub answer: Option<Answers>,
    /// Events as they come, each a line.
    pub watch: Option<fn(&Office) -> Watcher>,
    /// What is up now, each a line.
    pub picture: Option<fn(&Office) -> Vec<String>>,
    /// Records of a number, newest first.
    pub records: Option<fn(&Office, &str) -> Vec<Row>>,
}

impl Door {
    /// Has a phone call another one.
    pub fn make(&self, office: &Office, from: &str, to: &str) {
        assert_eq!((self.asks)(office, from, to), Ok(()), "{}: {from} calls {to}", self.name);
    }

    /// Ends the call of a phone.
    pub fn end_call(&self, office: &Office, phone: &str) {
        (self.end)(office, phone);
    }

    /// Has a phone call another one, and talks at the first one's end, whoever lifts its receiver.
    pub fn make_and_lift(&self, office: &Office, from: &str, to: &str) {
        self.make(office, from, to);
        if !self.lifts_itself {
            crate::phones::answer(office, from);
        }
    }
}

/// Every door.
pub const DOORS: &[Door] =
    &[console::DOOR, fusion::DOOR, clickcall::DOOR, voicenter::DOOR, ipxapi::DOOR, telservices::DOOR];

/// The door of this name.
pub fn door(name: &str) -> &'static Door {
    DOORS.iter().find(|door| door.name == name).expect("it is in the list")
}
