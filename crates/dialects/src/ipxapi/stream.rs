//! The door's end of the log: each event is rendered once, and given to the sessions that watch its terminals; what those do is told
//! once for each moment. The SMDR event is made
//! elsewhere, when the record of a call can be read.

use super::session::Sessions;
use super::{event, id, numbering, status};
use crate::common::frames::Frames;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use switching::event::{Event, What};
use switching::id::{CallId, DeviceId};
use switching::picture::{Before, Picture};
use switching::time::Time;
use tokio::sync::{Notify, mpsc};

/// Ended calls whose SMDR event is still to be made; more are lost to the sockets, not to the store.
const ENDED_MAX: usize = 65_536;

/// What the projector feeds. Cheap to clone.
#[derive(Clone)]
pub struct Stream {
    pub(super) sessions: Arc<Sessions>,
    first_seq: u64,
    ended: mpsc::Sender<CallId>,
    /// Taken by the one who makes SMDR events.
    to_tell: Arc<Mutex<Option<mpsc::Receiver<CallId>>>>,
    words: Arc<Mutex<Words>>,
    /// Told when numbers change; taken by the one who makes the frame.
    numbers: Arc<Notify>,
    numbers_taken: Arc<AtomicBool>,
}

/// What terminals did before and do after the events of one moment: what is over within it is told to nobody (IPX-PRES-03).
#[derive(Default)]
struct Words {
    at: Time,
    of: BTreeMap<DeviceId, Word>,
}

struct Word {
    number: String,
    before: &'static str,
    after: &'static str,
}

impl Stream {
    /// A stream of the events from `first_seq` on; earlier ones (a replayed log) are passed over. A session lives for `life_ms`.
    #[must_use]
    pub fn new(first_seq: u64, life_ms: u64) -> Self {
        let (ended, to_tell) = mpsc::channel(ENDED_MAX);
        let to_tell = Arc::new(Mutex::new(Some(to_tell)));
        Self {
            sessions: Arc::new(Sessions::new(life_ms)),
            first_seq,
            ended,
            to_tell,
            words: Arc::default(),
            numbers: Arc::default(),
            numbers_taken: Arc::default(),
        }
    }

    /// Told when numbers of terminals change; the first who asks gets it.
    pub(super) fn numbers_changed(&self) -> Option<Arc<Notify>> {
        (!self.numbers_taken.swap(true, Ordering::Relaxed)).then(|| Arc::clone(&self.numbers))
    }

    fn note_words(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.at != event.at {
            self.tell_words(&mut words);
            words.at = event.at;
        }
        for device in status::touched(before, event) {
            let terminal = after.devices.get(&device).filter(|device| id::is_terminal(device));
            let (Some(was), Some(is)) = (status::before(before, device), terminal) else { continue };
            let number = || id::device_number(after, device);
            let fresh = || Word { number: number(), before: was, after: was };
            words.of.entry(device).or_insert_with(fresh).after = status::now(after, is);
        }
    }

    fn tell_words(&self, words: &mut Words) {
        for (device, word) in std::mem::take(&mut words.of) {
            if word.before != word.after {
                self.sessions.tell_presence(device, &presence(&word));
            }
        }
    }

    /// The calls that end from now on; the first who asks gets them.
    pub(super) fn ended(&self) -> Option<mpsc::Receiver<CallId>> {
        self.to_tell.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Frames for Stream {
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        if event.seq < self.first_seq || self.sessions.is_empty() {
            return;
        }
        if let What::CallCleared { call } = event.what
            && self.ended.try_send(call).is_err()
        {
            tracing::warn!(dialect = super::NAME, %call, "no SMDR event: too many are waiting");
        }
        for told in event::render(before, event, after) {
            self.sessions.tell(told.device, &told.data);
        }
        if self.sessions.any_presence() {
            self.note_words(before, event, after);
        }
        if numbering::changes(before, event) {
            self.numbers.notify_one();
        }
    }

    fn publish(&self) {
        self.tell_words(&mut self.words.lock().unwrap_or_else(PoisonError::into_inner));
        self.sessions.wake();
    }
}

/// The presence event (IPX-PRES-03).
fn presence(word: &Word) -> Map<String, Value> {
    let Word { number, after, .. } = word;
    let members = [("type", "presence"), ("deviceNumber", number), ("deviceType", "ext"), ("status", after)];
    members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}
