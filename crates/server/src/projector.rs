//! Behind the commit gate: the mirror advances, frames are rendered once per door, then replies go out.
//!
//! The first batch after a quiet time is shown where its commit is reported. What comes within the rest of the streams
//! ([`dialects::common::pace`]) gathers, and is shown at its end on a doors' thread: rendering many events in a row costs half of rendering each
//! by itself, and no stream could be written to earlier. Nobody can notice: whoever reads the mirror or waits for it, and every reply, brings it
//! up first. Frames are queued before the replies of the same batch, so that a door whose vendor has the event before the answer gets that
//! order; a door that wants it the other way round holds its frames by `through`.

use crate::batch::Visible;
use dialects::common::exchange::{Backlog, Exchange};
use dialects::common::frames::Frames;
use dialects::common::pace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switching::event::Event;
use switching::picture::{Before, Overlay, Picture};
use switching::record::CallRecord;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Events that may gather. More are shown by whoever commits the next one, so that the store never runs away from the doors.
const GATHERED_MAX: usize = 4_096;

/// Folds, renders, replies.
pub struct Projector {
    exchange: Exchange,
    doors: Vec<Box<dyn Frames>>,
    gathered: Mutex<Gathered>,
    /// Told when something has gathered and nobody will come for it.
    begun: Notify,
}

/// What is committed and not yet shown, in order.
#[derive(Default)]
struct Gathered {
    batches: Vec<Shown>,
    events: usize,
    /// Until then batches gather.
    rests_until: Option<Instant>,
    /// [`Projector::pace`] comes at the end of the rest.
    is_paced: bool,
}

/// What a batch shows to those who watch.
struct Shown {
    events: Vec<Event>,
    #[allow(clippy::vec_box, reason = "they come in boxes and are large: unpacking them would copy them")]
    records: Vec<Box<CallRecord>>,
}

impl Projector {
    /// One for an exchange and its doors.
    #[must_use]
    pub fn new(exchange: Exchange, doors: Vec<Box<dyn Frames>>) -> Arc<Self> {
        let projector = Arc::new(Self { exchange, doors, gathered: Mutex::default(), begun: Notify::new() });
        let backlog: Arc<dyn Backlog> = Arc::<Self>::clone(&projector);
        projector.exchange.keep_backlog(Arc::downgrade(&backlog));
        projector
    }

    /// Shows what a committed batch holds: at once where somebody waits for it or nothing was shown of late, else soon.
    pub fn show(&self, visible: Visible) {
        let Visible { events, records, replies, keys } = visible;
        let answers = !replies.is_empty() || !keys.is_empty();
        if !events.is_empty() || !records.is_empty() {
            let may_wait = !answers && self.is_watched() && !self.exchange.is_awaited();
            if !self.gather(Shown { events, records }, may_wait) {
                self.bring_up();
            }
        } else if answers {
            // What was committed before is seen before the answer, too.
            self.exchange.bring_up();
        }
        for (reply, back) in replies {
            // A client that has gone needs no reply; its command stands.
            let _ = back.send(reply);
        }
        for (known, back) in keys {
            // Whoever asked may have gone.
            let _ = back.send(known);
        }
    }

    /// Shows what has gathered at the end of each rest, for ever.
    pub async fn pace(&self) {
        loop {
            self.begun.notified().await;
            loop {
                pace::rest().await;
                if !self.goes_on() {
                    break;
                }
                self.bring_up();
            }
        }
    }

    /// Keeps a batch in its place. Whether it may stay there, since somebody comes for it soon.
    fn gather(&self, shown: Shown, may_wait: bool) -> bool {
        let mut gathered = self.gathered();
        gathered.events += shown.events.len();
        gathered.batches.push(shown);
        self.exchange.set_behind(true);
        if !may_wait || gathered.events > GATHERED_MAX {
            return false;
        }
        if gathered.is_paced {
            return true;
        }
        if gathered.rests_until.is_none_or(|end| Instant::now() >= end) {
            gathered.rests_until = Some(pace::end_of_rest());
            return false;
        }
        gathered.is_paced = true;
        self.begun.notify_one();
        true
    }

    /// Whether something has gathered; else the next batch is shown where it is committed.
    fn goes_on(&self) -> bool {
        let mut gathered = self.gathered();
        gathered.is_paced = !gathered.batches.is_empty();
        if !gathered.is_paced {
            gathered.rests_until = None;
        }
        gathered.is_paced
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_watched(&self) -> bool {
        self.doors.iter().any(|door| door.is_watched())
    }

    fn tell(&self, mirror: &mut Picture, overlay: &mut Overlay, event: &Event) {
        overlay.clear();
        mirror.fold(event, Some(overlay));
        let before = Before { after: mirror, overlay };
        for door in &self.doors {
            door.take(&before, event, mirror);
        }
    }

    fn pass_over(&self, mirror: &mut Picture, event: &Event) {
        mirror.fold(event, None);
        for door in &self.doors {
            door.pass_over(event);
        }
    }
}

impl Backlog for Projector {
    fn bring_up(&self) {
        self.exchange.advance(|mirror| {
            // Under the mirror's lock: what is taken out is shown before anybody else can take what came after it.
            let batches = {
                let mut gathered = self.gathered();
                gathered.events = 0;
                self.exchange.set_behind(false);
                std::mem::take(&mut gathered.batches)
            };
            // Whoever begins to watch meanwhile waits for this, to see the picture after it.
            let watched = self.is_watched();
            let mut overlay = Overlay::default();
            for Shown { events, records } in &batches {
                for event in events {
                    if watched { self.tell(mirror, &mut overlay, event) } else { self.pass_over(mirror, event) }
                }
                for door in &self.doors {
                    records.iter().for_each(|record| door.record(record));
                }
            }
        });
        for door in &self.doors {
            door.publish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dialects::common::clock::Clock;
    use switching::command::Reply;
    use switching::event::{Configured, What};
    use switching::id::RequestId;
    use switching::refusal::Refusal;
    use switching::time::Time;
    use tokio::sync::oneshot;

    /// What a door was given, in order: an event's number, or how often it was told to wake its clients.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Given {
        Told(u64),
        PassedOver(u64),
        Woken,
    }

    #[derive(Clone)]
    struct Door {
        watched: Arc<Mutex<bool>>,
        given: Arc<Mutex<Vec<Given>>>,
    }

    impl Door {
        fn note(&self, given: Given) {
            self.given.lock().expect("no test panics here").push(given);
        }

        fn taken(&self) -> Vec<Given> {
            std::mem::take(&mut self.given.lock().expect("no test panics here"))
        }
    }

    impl Frames for Door {
        fn is_watched(&self) -> bool {
            *self.watched.lock().expect("no test panics here")
        }

        fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
            assert_eq!((before.after.seq, after.seq), (event.seq, event.seq), "it sees the picture of this very event");
            self.note(Given::Told(event.seq));
        }

        fn pass_over(&self, event: &Event) {
            self.note(Given::PassedOver(event.seq));
        }

        fn publish(&self) {
            self.note(Given::Woken);
        }
    }

    struct Rig {
        projector: Arc<Projector>,
        exchange: Exchange,
        door: Door,
    }

    impl Rig {
        fn new(watched: bool) -> Self {
            let (exchange, _queue) = Exchange::new(Picture::default(), "ep".to_owned(), Clock::stopped(Time(0)));
            let door = Door { watched: Arc::new(Mutex::new(watched)), given: Arc::default() };
            let projector = Projector::new(exchange.clone(), vec![Box::new(door.clone())]);
            let paces = Arc::clone(&projector);
            tokio::spawn(async move { paces.pace().await });
            Self { projector, exchange, door }
        }

        fn commit(&self, seqs: impl IntoIterator<Item = u64>) {
            self.projector.show(Visible { events: seqs.into_iter().map(event).collect(), ..Visible::default() });
        }
    }

    fn event(seq: u64) -> Event {
        let what = What::ConfigurationChanged(Configured::Settings(Box::default()));
        Event { seq, at: Time(seq), request: None, calls: Vec::new(), devices: Vec::new(), what }
    }

    use Given::{PassedOver, Told, Woken};

    #[tokio::test(start_paused = true)]
    async fn the_first_is_shown_at_once_and_what_comes_within_the_rest_at_its_end() {
        let rig = Rig::new(true);
        rig.commit([1]);
        assert_eq!(rig.door.taken(), [Told(1), Woken]);
        rig.commit([2, 3]);
        rig.commit([4]);
        assert_eq!(rig.door.taken(), []);
        pace::rest().await;
        pace::rest().await;
        assert_eq!(rig.door.taken(), [Told(2), Told(3), Told(4), Woken], "one after the other, and one wake-up");
        pace::rest().await;
        rig.commit([5]);
        assert_eq!(rig.door.taken(), [Told(5), Woken], "it was quiet for long enough");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_looks_sees_all_that_is_committed_and_so_do_the_doors_before_him() {
        let rig = Rig::new(true);
        rig.commit([1]);
        rig.commit([2]);
        assert_eq!(rig.exchange.read(|picture| picture.seq), 2);
        assert_eq!(rig.door.taken(), [Told(1), Woken, Told(2), Woken]);
        rig.commit([3]);
        assert_eq!(rig.exchange.seq(), 3);
        rig.commit([4]);
        rig.exchange.reached(4).await;
        assert_eq!(rig.door.taken(), [Told(3), Woken, Told(4), Woken]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_waits_for_does_not_rest() {
        let rig = Rig::new(true);
        rig.commit([1]);
        let exchange = rig.exchange.clone();
        let waits = tokio::spawn(async move { exchange.reached(2).await });
        tokio::task::yield_now().await;
        rig.commit([2]);
        assert_eq!(rig.door.taken(), [Told(1), Woken, Told(2), Woken]);
        waits.await.expect("it ends");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_comes_after_the_frames_of_all_that_was_committed_before_it() {
        let rig = Rig::new(true);
        rig.commit([1]);
        rig.commit([2]);
        let (back, mut answer) = oneshot::channel();
        let outcome = Err(Refusal::UnknownDevice);
        let reply = Reply { request: RequestId(1), before: 2, through: 3, replayed: false, outcome };
        let visible = Visible { events: vec![event(3)], replies: vec![(reply.clone(), back)], ..Visible::default() };
        rig.projector.show(visible);
        assert_eq!(answer.try_recv().expect("it was answered"), reply);
        assert_eq!(rig.door.taken(), [Told(1), Woken, Told(2), Told(3), Woken]);
        rig.commit([4]);
        let (back, mut answer) = oneshot::channel();
        rig.projector.show(Visible { replies: vec![(reply.clone(), back)], ..Visible::default() });
        assert_eq!(answer.try_recv().expect("it was answered"), reply);
        assert_eq!(rig.door.taken(), [Told(4), Woken], "also where the reply caused nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_watches_nothing_gathers() {
        let rig = Rig::new(false);
        rig.commit([1]);
        rig.commit([2, 3]);
        assert_eq!(rig.door.taken(), [PassedOver(1), Woken, PassedOver(2), PassedOver(3), Woken]);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_may_gather_is_shown_by_who_commits() {
        let rig = Rig::new(true);
        let most = GATHERED_MAX as u64;
        rig.commit([1]);
        rig.commit(2..=most + 1);
        assert_eq!(rig.door.taken().len(), 2);
        rig.commit([most + 2]);
        assert_eq!(rig.door.taken().len() as u64, most + 2);
    }
}
