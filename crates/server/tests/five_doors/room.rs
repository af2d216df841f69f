//! An office with a watcher at every door that has events, and what they have seen so far.

use crate::common::{Office, wait_for};
use crate::doors::DOORS;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Reads a door's events on a thread of its own and keeps them as lines.
pub struct Watcher {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Watcher {
    /// Reads with `next` until it gives none: each piece is no line, or some.
    pub fn reading(mut next: impl FnMut() -> Option<Vec<String>> + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            while let Some(more) = next() {
                kept.lock().expect("nobody panicked with it").extend(more);
            }
        });
        Self { lines }
    }

    /// What it has seen so far.
    pub fn taken(&self) -> Vec<String> {
        self.lines().clone()
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().expect("nobody panicked with it")
    }
}

/// Gives ids that differ from run to run a number in the order of their appearance.
#[derive(Default)]
pub struct Names(BTreeMap<String, usize>);

impl Names {
    /// `#1` for the first one, and so on.
    pub fn of(&mut self, id: &str) -> String {
        let next = self.0.len() + 1;
        format!("#{}", self.0.entry(id.to_owned()).or_insert(next))
    }
}

/// The office and its watchers.
pub struct Room {
    pub office: Office,
    watchers: Vec<(&'static str, Watcher)>,
}

impl Room {
    /// The demo office, watched at every door.
    pub fn open(arguments: &[&str]) -> Self {
        let office = Office::start_with(&[&["--demo", "--ephemeral-ports"], arguments].concat());
        let watchers = DOORS.iter().filter_map(|door| Some((door.name, door.watch?(&office)))).collect();
        Self { office, watchers }
    }

    /// What every watcher has seen since it was asked last: those that are not named have seen nothing.
    pub fn see(&self, step: &str, expected: &[(&str, &[&str])]) {
        for (door, wanted) in expected {
            assert!(self.watchers.iter().any(|(name, _)| name == door), "{step}: nobody watches {door}");
            let (_, watcher) = self.watchers.iter().find(|(name, _)| name == door).expect("just looked");
            // More than was expected is told by the comparison below.
            wait_for(&format!("{step}: {door} sees {wanted:#?}; so far {:#?}", watcher.lines()), || {
                (watcher.lines().len() >= wanted.len()).then_some(())
            });
        }
        for (name, watcher) in &self.watchers {
            let seen = std::mem::take(&mut *watcher.lines());
            let wanted = expected.iter().find(|(door, _)| door == name).map_or(&[][..], |(_, wanted)| wanted);
            assert_eq!(seen, wanted, "{step}: as {name} sees it");
        }
    }

    /// Waits until these doors show this.
    pub fn show(&self, step: &str, expected: &[(&str, &[&str])]) {
        for (name, wanted) in expected {
            let door = DOORS.iter().find(|door| door.name == *name).expect("a door");
            let picture = door.picture.expect("it can be asked what is up");
            let mut last = Vec::new();
            let same = || {
                last = picture(&self.office);
                (last == *wanted).then_some(())
            };
            let deadline = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wait_for(step, same)));
            assert!(deadline.is_ok(), "{step}: {name} shows {last:#?} and not {wanted:#?}");
        }
    }

    /// Forgets what has been seen.
    pub fn forget(&self) {
        self.watchers.iter().for_each(|(_, watcher)| watcher.lines().clear());
    }
}

/// The numbers of all devices by their console ids.
pub fn numbers(office: &Office) -> BTreeMap<String, String> {
    let devices = office.get("/devices?limit=1000")["items"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    devices.iter().map(|device| (text(&device["id"]), text(&device["number"]))).collect()
}
