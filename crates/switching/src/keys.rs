//! Idempotency keys: the same key and body get the same answer.

use crate::command::{Key, Outcome, Principal};
use crate::id::RequestId;
use crate::limits::{KEY_LIFE_MS, KEYS_MAX};
use crate::time::Time;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, VecDeque};

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum KeyState {
    /// The first command still waits for its reply; these wait with it.
    #[n(0)]
    Pending {
        #[n(0)]
        first: RequestId,
        #[n(1)]
        with: Vec<RequestId>,
    },
    /// The answer.
    #[n(1)]
    Done {
        #[n(0)]
        before: u64,
        #[n(1)]
        through: u64,
        #[n(2)]
        outcome: Outcome,
        #[n(3)]
        request: RequestId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Entry {
    #[n(0)]
    body: [u8; 32],
    #[n(1)]
    state: KeyState,
}

/// What a key means for a command that comes with it.
pub(crate) enum Known {
    /// Carry it out.
    New,
    /// The key stands for another body.
    Reused,
    /// The first one is still being carried out; the reply will come.
    Joined,
    /// Here is the answer.
    Answered { before: u64, through: u64, outcome: Outcome },
}

type KeyName = (Principal, String);

/// The keys of one tenant, bounded in number and time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Keys {
    #[n(0)]
    entries: BTreeMap<KeyName, Entry>,
    #[n(1)]
    order: VecDeque<(Time, KeyName)>,
    #[n(2)]
    of_request: BTreeMap<RequestId, KeyName>,
}

impl Keys {
    pub(crate) fn admit(&mut self, now: Time, by: &Principal, key: &Key, request: RequestId) -> Known {
        self.forget_old(now);
        let name = (by.clone(), key.key.clone());
        match self.entries.get_mut(&name) {
            None => {
                let state = KeyState::Pending { first: request, with: Vec::new() };
                self.entries.insert(name.clone(), Entry { body: key.body, state });
                self.order.push_back((now, name.clone()));
                self.of_request.insert(request, name);
                Known::New
            }
            Some(entry) if entry.body != key.body => Known::Reused,
            Some(Entry { state: KeyState::Pending { with, .. }, .. }) => {
                with.push(request);
                Known::Joined
            }
            Some(Entry { state: KeyState::Done { before, through, outcome, .. }, .. }) => {
                Known::Answered { before: *before, through: *through, outcome: outcome.clone() }
            }
        }
    }

    /// What became of a key: nothing known, still pending, or its answer.
    pub(crate) fn look_up(&self, by: &Principal, key: &str) -> Option<&KeyState> {
        self.entries.get(&(by.clone(), key.to_owned())).map(|entry| &entry.state)
    }

    /// Forgets keys whose answer will never come.
    pub(crate) fn forget_pending(&mut self) {
        self.entries.retain(|_, entry| matches!(entry.state, KeyState::Done { .. }));
        self.order.retain(|(_, name)| self.entries.contains_key(name));
        self.of_request.clear();
    }

    /// Notes the answer of a request; gives those that wait for the same.
    pub(crate) fn answered(
        &mut self,
        request: RequestId,
        before: u64,
        through: u64,
        outcome: &Outcome,
    ) -> Vec<RequestId> {
        let Some(name) = self.of_request.remove(&request) else { return Vec::new() };
        let Some(entry) = self.entries.get_mut(&name) else { return Vec::new() };
        let done = KeyState::Done { before, through, outcome: outcome.clone(), request };
        match std::mem::replace(&mut entry.state, done) {
            KeyState::Pending { with, .. } => with,
            KeyState::Done { .. } => Vec::new(),
        }
    }

    fn forget_old(&mut self, now: Time) {
        while let Some((at, name)) = self.order.front() {
            if self.order.len() <= KEYS_MAX && now.ms_since(*at) <= KEY_LIFE_MS {
                return;
            }
            self.entries.remove(name);
            self.order.pop_front();
        }
    }
}
