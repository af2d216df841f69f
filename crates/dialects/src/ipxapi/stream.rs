//! The door's end of the log: each event is rendered once, and given to the sessions that watch its terminals; what those do is told
//! once for each moment, and each record becomes the SMDR event.

use super::frame::Frame;
use super::session::Sessions;
use super::settings::IpxapiConfig;
use super::{event, id, numbering, smdr, status};
use crate::common::clock::Clock;
use crate::common::frames::Frames;
use crate::common::json::Object;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use switching::event::Event;
use switching::id::DeviceId;
use switching::picture::{Before, Picture};
use switching::record::CallRecord;
use switching::time::Time;
use tokio::sync::Notify;

/// What the projector feeds. Cheap to clone.
#[derive(Clone)]
pub struct Stream {
    pub(super) sessions: Arc<Sessions>,
    pub(super) config: Arc<IpxapiConfig>,
    clock: Clock,
    first_seq: u64,
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
    /// A stream of the events from `first_seq` on; earlier ones (a replayed log) are passed over.
    #[must_use]
    pub fn new(config: IpxapiConfig, clock: Clock, first_seq: u64) -> Self {
        Self {
            sessions: Arc::new(Sessions::new(config.session_ms)),
            config: Arc::new(config),
            clock,
            first_seq,
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
            let number = || id::device_number(after, device).to_owned();
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
}

impl Frames for Stream {
    fn is_watched(&self) -> bool {
        !self.sessions.is_empty()
    }

    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        if event.seq < self.first_seq || !self.is_watched() {
            return;
        }
        for told in event::render(before, event, after) {
            self.sessions.tell(&told);
        }
        if self.sessions.any_presence() {
            self.note_words(before, event, after);
        }
        if numbering::changes(before, event) {
            self.numbers.notify_one();
        }
    }

    /// IPX-SMDR-08, where the service is switched on and licensed.
    fn record(&self, record: &CallRecord) {
        if !self.config.smdr.service || !self.config.licences.records || !self.sessions.hear_of_records() {
            return;
        }
        if let Some(row) = smdr::row(record, &self.clock, &self.config) {
            self.sessions.tell_of_record(&row.event());
        }
    }

    fn publish(&self) {
        self.tell_words(&mut self.words.lock().unwrap_or_else(PoisonError::into_inner));
        self.sessions.wake();
    }
}

/// The presence event (IPX-PRES-03).
fn presence(word: &Word) -> Frame {
    let before = |o: &mut Object<'_>| {
        o.text("deviceNumber", &word.number);
        o.text("deviceType", "ext");
    };
    Frame::written(before, |o| {
        o.text("status", word.after);
        o.text("type", "presence");
    })
}
