//! A door's handle on the exchange it is bound to.
//!
//! Commands go down through one queue and are answered once their effects are committed; queries are answered from the
//! mirror, which advances at commit. Nothing here decides anything about a call.

use crate::common::ask::{Ask, Back, Fault};
use crate::common::clock::Clock;
use crate::common::logons::Logons;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;
use switching::command::{Guard, Key, Principal, Reply, ReplyAt, Verb};
use switching::config::Change;
use switching::picture::Picture;
use tokio::sync::{mpsc, oneshot, watch};

/// Commands and questions that may wait for the driver.
pub const DOWN_QUEUE_MAX: usize = 4_096;

/// How long the log may take to be written before it counts as gone.
const CATCH_UP: Duration = Duration::from_secs(5);

/// A command on its way down.
#[derive(Debug)]
pub struct Submit {
    /// Who gives it.
    pub by: Principal,
    /// Makes it safe to repeat.
    pub key: Option<Key>,
    /// States in which it is admitted.
    pub guard: Guard,
    /// When to reply.
    pub reply: ReplyAt,
    /// Longest wait for a deferred reply.
    pub deadline_ms: Option<u64>,
    /// What to do.
    pub verb: Verb,
}

impl Submit {
    /// A command without key and guard that is answered on acceptance.
    #[must_use]
    pub fn plain(by: Principal, verb: Verb) -> Self {
        Self { by, key: None, guard: Guard::default(), reply: ReplyAt::Accepted, deadline_ms: None, verb }
    }
}

/// What is known of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKnown {
    /// Never admitted, or forgotten.
    Unknown,
    /// Still being carried out.
    Pending,
    /// Answered so.
    Done(Box<Reply>),
}

/// What goes down the one queue.
pub enum Down {
    /// A command.
    Command(Box<Submit>, Back<Reply>),
    /// A change of configuration.
    Configure(Principal, Box<Change>, Back<Reply>),
    /// What became of a key.
    Key(Principal, String, Back<KeyKnown>),
    /// A question.
    Ask(Ask),
    /// How far the log has come in the core, committed or not.
    Seq(Back<u64>),
}

/// The exchange does not take anything any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping {
    /// Whether it had been given: then it is not known whether it was carried out.
    pub given: bool,
}

impl From<Stopping> for Fault {
    fn from(_: Stopping) -> Self {
        Self::Stopping
    }
}

/// Knows some answers by heart.
pub trait ByHeart: Send + Sync {
    /// Answers a question without waiting for anything: neither disk nor a slow hash. One that it cannot answer so comes back.
    fn answer(&self, ask: Ask) -> Option<Ask>;
}

/// What is committed and not yet in the mirror.
pub trait Backlog: Send + Sync {
    /// Brings the mirror up to the last commit, and tells the doors. The caller holds no lock that a door takes while it is told.
    fn bring_up(&self);
}

struct Inner {
    down: mpsc::Sender<Down>,
    mirror: RwLock<Picture>,
    /// There is a backlog.
    behind: AtomicBool,
    backlog: OnceLock<Weak<dyn Backlog>>,
    /// How many wait for the mirror to advance.
    awaited: AtomicUsize,
    seq: watch::Sender<u64>,
    epoch: String,
    clock: Clock,
    logons: RwLock<BTreeMap<&'static str, Arc<dyn Logons>>>,
    by_heart: OnceLock<Arc<dyn ByHeart>>,
}

/// The handle. Cheap to clone.
#[derive(Clone)]
pub struct Exchange(Arc<Inner>);

impl Exchange {
    /// A handle and the end at which the driver takes what comes down.
    #[must_use]
    pub fn new(mirror: Picture, epoch: String, clock: Clock) -> (Self, mpsc::Receiver<Down>) {
        let (down, queue) = mpsc::channel(DOWN_QUEUE_MAX);
        let seq = watch::channel(mirror.seq).0;
        let inner = Inner {
            down,
            mirror: RwLock::new(mirror),
            behind: AtomicBool::new(false),
            backlog: OnceLock::new(),
            awaited: AtomicUsize::new(0),
            seq,
            epoch,
            clock,
            logons: RwLock::default(),
            by_heart: OnceLock::new(),
        };
        (Self(Arc::new(inner)), queue)
    }

    /// Gives a command; the reply comes when its batch is committed.
    ///
    /// # Errors
    ///
    /// [`Stopping`] when the exchange is gone.
    pub async fn command(&self, submit: Submit) -> Result<Reply, Stopping> {
        self.send(|back| Down::Command(Box::new(submit), back)).await
    }

    /// Changes the configuration.
    ///
    /// # Errors
    ///
    /// [`Stopping`].
    pub async fn configure(&self, by: Principal, change: Change) -> Result<Reply, Stopping> {
        self.send(|back| Down::Configure(by, Box::new(change), back)).await
    }

    /// What became of a key.
    ///
    /// # Errors
    ///
    /// [`Stopping`].
    pub async fn key(&self, by: Principal, key: String) -> Result<KeyKnown, Stopping> {
        self.send(|back| Down::Key(by, key, back)).await
    }

    /// Asks something beside the core: `exchange.ask(|back| Ask::Record(call, back)).await`. What is known by heart is answered
    /// without a change of threads.
    ///
    /// # Errors
    ///
    /// [`Stopping`].
    pub async fn ask<T>(&self, ask: impl FnOnce(Back<T>) -> Ask) -> Result<T, Stopping> {
        let (back, answer) = oneshot::channel();
        let ask = match self.0.by_heart.get() {
            Some(by_heart) => by_heart.answer(ask(back)),
            None => Some(ask(back)),
        };
        if let Some(ask) = ask {
            self.0.down.send(Down::Ask(ask)).await.map_err(|_| Stopping { given: false })?;
        }
        answer.await.map_err(|_| Stopping { given: true })
    }

    /// Waits until the mirror shows all that the core knows now, for whoever must not be told what others have been told is over.
    ///
    /// # Errors
    ///
    /// [`Stopping`], also where the log has not come that far within five seconds.
    pub async fn catch_up(&self) -> Result<(), Stopping> {
        let seq = self.send(Down::Seq).await?;
        tokio::time::timeout(CATCH_UP, self.reached(seq)).await.map_err(|_| Stopping { given: false })
    }

    async fn send<T>(&self, down: impl FnOnce(Back<T>) -> Down) -> Result<T, Stopping> {
        let (back, answer) = oneshot::channel();
        self.0.down.send(down(back)).await.map_err(|_| Stopping { given: false })?;
        answer.await.map_err(|_| Stopping { given: true })
    }

    /// Reads the mirror, which shows then all that is committed. Keep it short: the picture cannot advance meanwhile.
    pub fn read<T>(&self, read: impl FnOnce(&Picture) -> T) -> T {
        self.bring_up();
        let _reads = Reads::begin();
        read(&self.0.mirror.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the projector advance the mirror; readers that wait for a sequence number are woken afterwards.
    pub fn advance<T>(&self, advance: impl FnOnce(&mut Picture) -> T) -> T {
        let mut mirror = self.0.mirror.write().unwrap_or_else(PoisonError::into_inner);
        let given = advance(&mut mirror);
        let seq = mirror.seq;
        drop(mirror);
        self.0.seq.send_if_modified(|known| std::mem::replace(known, seq) != seq);
        given
    }

    /// Says where the backlog is kept; the first one stays.
    pub fn keep_backlog(&self, backlog: Weak<dyn Backlog>) {
        self.0.backlog.get_or_init(|| backlog);
    }

    /// Says whether there is a backlog.
    pub fn set_behind(&self, behind: bool) {
        self.0.behind.store(behind, Ordering::Release);
    }

    /// Brings the mirror up to the last commit, for whoever begins to watch and must not be told of what was before.
    ///
    /// # Panics
    ///
    /// In a build with assertions, from within [`Exchange::read`]: it would wait for itself.
    pub fn bring_up(&self) {
        debug_assert!(!READS.get(), "who reads the mirror asks for nothing else of it meanwhile");
        if self.0.behind.load(Ordering::Acquire)
            && let Some(backlog) = self.0.backlog.get().and_then(Weak::upgrade)
        {
            backlog.bring_up();
        }
    }

    /// Whether somebody waits for the mirror to advance.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.0.awaited.load(Ordering::Relaxed) > 0
    }

    /// The mirror's sequence number.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.bring_up();
        *self.0.seq.borrow()
    }

    /// Waits until the mirror has reached `seq`.
    pub async fn reached(&self, seq: u64) {
        let _awaits = Awaits::on(&self.0.awaited);
        self.bring_up();
        let mut progress = self.0.seq.subscribe();
        // The sender lives in the handle that we hold.
        let _ = progress.wait_for(|now| *now >= seq).await;
    }

    /// One life of the log: a position is (epoch, seq).
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.0.epoch
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Sets who knows answers by heart; the first one stays.
    pub fn learn_by_heart(&self, by_heart: Arc<dyn ByHeart>) {
        self.0.by_heart.get_or_init(|| by_heart);
    }

    /// Lends a door's list of logins to whoever keeps the house.
    pub fn lend_logons(&self, door: &'static str, logons: Arc<dyn Logons>) {
        self.0.logons.write().unwrap_or_else(PoisonError::into_inner).insert(door, logons);
    }

    /// The list of logins of a door that has one.
    #[must_use]
    pub fn logons(&self, door: &str) -> Option<Arc<dyn Logons>> {
        self.0.logons.read().unwrap_or_else(PoisonError::into_inner).get(door).map(Arc::clone)
    }
}

thread_local! {
    /// This thread reads a mirror.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// The mirror is being read, for as long as this lives.
struct Reads;

impl Reads {
    fn begin() -> Self {
        READS.set(true);
        Self
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        READS.set(false);
    }
}

/// One who waits, for as long as this lives.
struct Awaits<'a>(&'a AtomicUsize);

impl<'a> Awaits<'a> {
    fn on(awaited: &'a AtomicUsize) -> Self {
        awaited.fetch_add(1, Ordering::Relaxed);
        Self(awaited)
    }
}

impl Drop for Awaits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use switching::time::Time;

    #[tokio::test]
    async fn who_catches_up_waits_for_what_the_core_knew_when_asked() {
        let (exchange, mut queue) = Exchange::new(Picture::default(), "e".to_owned(), Clock::stopped(Time(0)));
        let mut waits = pin!(exchange.catch_up());
        let asked = tokio::select! {
            biased;
            _ = &mut waits => panic!("nobody has answered"),
            asked = queue.recv() => asked,
        };
        let Some(Down::Seq(back)) = asked else { panic!("where the log is") };
        back.send(2).expect("somebody waits");
        for seq in [1, 2] {
            tokio::select! {
                biased;
                _ = &mut waits => panic!("the mirror is behind"),
                () = std::future::ready(()) => {}
            }
            exchange.advance(|picture| picture.seq = seq);
        }
        assert_eq!(waits.await, Ok(()));
    }
}
