//! An office with a watcher at every door that has events, and what they have seen so far.
//!
//! Streams come late, so nothing here asks whether something has come by now: a call of two phones that no test uses is the mark up
//! to which every stream is read. What is ordered before it was sent before it.

use crate::common::{Office, wait_for, wait_until};
use crate::doors::{DOORS, door};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// The phone whose calls are marks.
pub const MARKER: &str = "1020";
/// The phone that it calls.
pub const MARKED: &str = "1019";
/// The clock stands still unless a test moves it, so that times are exact.
pub const STOPPED: &[&str] = &["--virtual-clock"];
/// The line of a mark.
pub const MARK: &str = "-- mark --";

/// Reads a door's events on a thread of its own and keeps them as lines.
pub struct Watcher {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Watcher {
    /// Reads with `next` until it gives none: each piece is no line, or some. Of calls of [`MARKER`] it gives one [`MARK`] each.
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

    /// What came before the next mark; that is gone with it.
    fn up_to_mark(&self, name: &str) -> Vec<String> {
        let at = wait_for(&format!("the mark comes to {name}; so far {:#?}", self.taken()), || {
            self.lines().iter().position(|line| line == MARK)
        });
        let mut lines: Vec<String> = self.lines().drain(..=at).collect();
        lines.truncate(at);
        lines
    }
}

/// An id that differs from run to run, so that [`Names`] finds it.
pub fn id(text: &str) -> String {
    format!("\u{27e8}{text}\u{27e9}")
}

/// Gives ids that differ from run to run a number in the order of their appearance.
#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    /// `#1` for the first one, and so on.
    fn shown(&mut self, line: &str) -> String {
        let mut shown = String::new();
        let mut rest = line;
        while let Some((before, id, after)) = rest
            .split_once('\u{27e8}')
            .and_then(|(before, from)| from.split_once('\u{27e9}').map(|(id, after)| (before, id, after)))
        {
            let next = self.0.len() + 1;
            shown.push_str(&format!("{before}#{}", self.0.entry(id.to_owned()).or_insert(next)));
            rest = after;
        }
        shown + rest
    }
}

/// The office and its watchers.
pub struct Room {
    pub office: Office,
    watchers: Vec<(&'static str, Watcher)>,
    names: Mutex<BTreeMap<&'static str, Names>>,
}

/// What each door tells or shows: a line begins with the door's name, and `console -` says that it is nothing.
fn by_door(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, line) in text.lines().filter_map(|line| line.trim().split_once(' ')) {
        let at = all.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            all.push((name, Vec::new()));
            all.len() - 1
        });
        all[at].1.extend(Some(line.trim()).filter(|line| *line != "-"));
    }
    all
}

impl Room {
    /// The demo office, watched at every door.
    pub fn open(arguments: &[&str]) -> Self {
        let office = Office::start_with(&[&["--demo", "--ephemeral-ports"], arguments].concat());
        let watchers = DOORS.iter().filter_map(|door| Some((door.name, door.watch?(&office)))).collect();
        let room = Self { office, watchers, names: Mutex::default() };
        // What streams begin with is none of the calls.
        room.pass();
        room
    }

    /// What every watcher has seen since it was asked last: those that are not named have seen nothing.
    pub fn see(&self, step: &str, expected: &str) {
        let expected = by_door(expected);
        for (door, wanted) in &expected {
            let found = self.watchers.iter().find(|(name, _)| name == door);
            let (_, watcher) = found.unwrap_or_else(|| panic!("{step}: nobody watches {door}"));
            let enough = || (watcher.lines().len() >= wanted.len()).then_some(());
            // More than was expected, or something else, is told by the comparison below.
            wait_until(enough).unwrap_or_else(|| panic!("{step}: {door} sees {wanted:#?}: {:#?}", watcher.taken()));
        }
        let mut names = self.names.lock().expect("nobody panicked with it");
        for (name, seen) in self.up_to_mark() {
            let names = names.entry(name).or_default();
            let seen: Vec<String> = seen.iter().map(|line| names.shown(line)).collect();
            let wanted = expected.iter().find(|(door, _)| *door == name).map_or(&[][..], |(_, wanted)| wanted);
            assert_eq!(seen, wanted, "{step}: as {name} sees it");
        }
    }

    /// The same of a whole call: ids are counted anew after it.
    pub fn see_all(&self, step: &str, expected: &str) {
        self.see(step, expected);
        self.names.lock().expect("nobody panicked with it").clear();
    }

    /// Makes a mark, and gives what came to each watcher before it.
    fn up_to_mark(&self) -> Vec<(&'static str, Vec<String>)> {
        let hand = |act: &str, body: Value| {
            wait_for(&format!("{MARKER} can {act}"), || {
                let done = self.office.console("POST", &format!("/test/phones/{MARKER}/{act}"), Some(body.clone()));
                (done.status < 300).then_some(())
            });
        };
        hand("dial", json!({ "to": MARKED }));
        hand("hang_up", json!({}));
        self.watchers.iter().map(|(name, watcher)| (*name, watcher.up_to_mark(name))).collect()
    }

    /// Waits until the doors that are named show this.
    pub fn show(&self, step: &str, expected: &str) {
        for (name, wanted) in by_door(expected) {
            let picture = door(name).picture.expect("it can be asked what is up");
            let mut last = Vec::new();
            let same = || {
                last = picture(&self.office);
                (last == wanted).then_some(())
            };
            assert!(wait_until(same).is_some(), "{step}: {name} shows {last:#?} and not {wanted:#?}");
        }
    }

    /// Waits until one line of each door says one of these, and gives all until then, each after its door's name.
    pub fn lines_until(&self, step: &str, texts: &[&str]) -> Vec<String> {
        let all = || {
            let of = |(name, watcher): &(&str, Watcher)| {
                watcher.taken().into_iter().map(|line| format!("{name} {line}")).collect::<Vec<_>>()
            };
            self.watchers.iter().flat_map(of).collect::<Vec<_>>()
        };
        let found = || texts.iter().all(|text| all().iter().any(|line| line.contains(text))).then_some(());
        assert!(wait_until(found).is_some(), "{step}: {texts:?} in {:#?}", all());
        all()
    }

    /// Lets everything pass that was ordered before, and counts ids anew.
    pub fn pass(&self) {
        self.up_to_mark();
        self.names.lock().expect("nobody panicked with it").clear();
    }
}

/// The numbers of all devices by their console ids.
pub fn numbers(office: &Office) -> BTreeMap<String, String> {
    let devices = office.get("/devices?limit=1000")["items"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    devices.iter().map(|device| (text(&device["id"]), text(&device["number"]))).collect()
}
