//! Idempotency keys as the auditor sees them: a key stands for one body and one answer, for a day.

use super::sign::OutcomeSign;
use std::collections::BTreeMap;
use switching::command::{Key, Principal};
use switching::id::RequestId;
use switching::time::Time;

const DAY_MS: u64 = 86_400_000;

type Name = (Principal, String);

struct Entry {
    since: Time,
    body: [u8; 32],
    first: RequestId,
    joined: Vec<RequestId>,
    answer: Option<(u64, u64, OutcomeSign)>,
}

/// What a key means for the command that came with it.
pub enum Means {
    /// Carry it out.
    New,
    /// Another body came with this key before.
    Reused,
    /// The first is not answered yet: the answer will come for both.
    Joins,
    /// The answer was this: `before`, `through`, outcome.
    Answered(u64, u64, OutcomeSign),
}

/// All keys.
#[derive(Default)]
pub struct Keys {
    entries: BTreeMap<Name, Entry>,
    pending: BTreeMap<RequestId, Name>,
}

impl Keys {
    /// A command comes with a key.
    pub fn come(&mut self, now: Time, by: &Principal, key: &Key, request: RequestId) -> Means {
        let name = (by.clone(), key.key.clone());
        if self.entries.get(&name).is_some_and(|entry| now.ms_since(entry.since) > DAY_MS) {
            self.entries.remove(&name);
        }
        match self.entries.get_mut(&name) {
            None => {
                let entry = Entry { since: now, body: key.body, first: request, joined: Vec::new(), answer: None };
                self.entries.insert(name.clone(), entry);
                self.pending.insert(request, name);
                Means::New
            }
            Some(entry) if entry.body != key.body => Means::Reused,
            Some(Entry { answer: Some((before, through, outcome)), .. }) => {
                Means::Answered(*before, *through, outcome.clone())
            }
            Some(entry) => {
                entry.joined.push(request);
                Means::Joins
            }
        }
    }

    /// A command has its answer; gives those that wait for the same.
    pub fn answered(&mut self, request: RequestId, before: u64, through: u64, outcome: &OutcomeSign) -> Vec<RequestId> {
        let Some(name) = self.pending.remove(&request) else { return Vec::new() };
        match self.entries.get_mut(&name).filter(|entry| entry.first == request) {
            Some(entry) => {
                entry.answer = Some((before, through, outcome.clone()));
                std::mem::take(&mut entry.joined)
            }
            None => Vec::new(),
        }
    }
}
