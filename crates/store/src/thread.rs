//! The thread that owns the store. The driver hands over batches and never waits; the thread takes all that is there,
//! commits it as one transaction, then calls back in order (the commit gate, PLAN section 6).
//!
//! **Pace.** An idle thread commits at once. After a commit it rests for [`Pace::gap_min`] before the next, asleep, not
//! waiting on the queue, so that a busy driver does not wake it per batch and one commit carries many calls.
//!
//! **Failure.** At the first failure of the disk everything in hand and everything later is answered with that failure;
//! nothing is written any more, and [`StoreHandle::failure`] says why. The driver then refuses new commands.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{AppendError, StoreError};
use crate::model::log::Batch;
use crate::reader::Reader;
use crate::sqlite::checkpoint::Checkpointer;
use crate::{Position, Store, Tenant};

/// No batch waits longer than this for its commit to begin (PLAN section 6).
pub const GAP_MAX: Duration = Duration::from_millis(10);
/// Batches and tasks that may wait for the thread.
pub const QUEUE_LEN_MAX: usize = 8_192;
/// Batches that one transaction takes.
pub const GROUP_LEN_MAX: usize = 1_024;

/// Called on the store's thread with what became of a batch. It must be short: send on, and return.
pub type Done = Box<dyn FnOnce(Result<(), AppendError>) + Send>;
/// Any other work for the store, in its place among the batches.
pub type Task = Box<dyn FnOnce(&mut Store) + Send>;

/// A batch on its way.
pub struct Commit {
    /// Where the driver believes the log stands.
    pub expected_seq: u64,
    /// What to append.
    pub batch: Batch,
    /// Whom to tell.
    pub done: Done,
}

impl std::fmt::Debug for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commit").field("expected_seq", &self.expected_seq).field("batch", &self.batch).finish()
    }
}

/// Why nothing was handed over; what was to be handed over comes back.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError<T> {
    /// [`QUEUE_LEN_MAX`] wait already.
    #[error("the store cannot keep up")]
    Full(T),
    /// The thread has ended.
    #[error("the store is closed")]
    Closed(T),
}

/// How often the thread commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Rest between two commits, at most [`GAP_MAX`].
    pub gap_min: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { gap_min: Duration::from_millis(2) }
    }
}

enum Job {
    Commit(Commit),
    Task(Task),
    Stop,
}

/// The running thread. Dropping it commits what waits and ends it; [`StoreThread::stop`] also says how that went.
#[derive(Debug)]
pub struct StoreThread {
    handle: StoreHandle,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
}

/// A way to the thread, for any number of owners.
#[derive(Clone)]
pub struct StoreHandle {
    jobs: SyncSender<Job>,
    failure: Arc<OnceLock<StoreError>>,
    reader: Reader,
}

impl std::fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreHandle").field("failure", &self.failure.get()).finish_non_exhaustive()
    }
}

impl StoreThread {
    /// Starts the thread, and beside a file the one that carries its WAL over.
    pub fn spawn(store: Store, pace: Pace) -> Result<Self, StoreError> {
        let reader = store.reader();
        let checkpointer = match &store {
            Store::Sqlite(sqlite) => Some(Checkpointer::spawn(sqlite.options())?),
            Store::Memory(_) => None,
        };
        let (jobs, queue) = sync_channel(QUEUE_LEN_MAX);
        let failure = Arc::new(OnceLock::new());
        let gap_min = pace.gap_min.min(GAP_MAX);
        let worker = Worker { store, queue, failure: Arc::clone(&failure), checkpointer, gap_min, rested_at: None };
        let thread = std::thread::Builder::new().name("store".into()).spawn(move || worker.run());
        let thread = thread.map_err(|e| StoreError::Io(e.to_string()))?;
        Ok(Self { handle: StoreHandle { jobs, failure, reader }, thread: Some(thread) })
    }

    /// A way to the thread.
    pub fn handle(&self) -> StoreHandle {
        self.handle.clone()
    }

    /// Commits what was handed over before, leaves a file without WAL, and ends the thread.
    pub fn stop(mut self) -> Result<(), StoreError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), StoreError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        // A closed queue means that the thread has ended already.
        let _ = self.handle.jobs.send(Job::Stop);
        thread.join().unwrap_or(Err(StoreError::Closed))
    }
}

impl Drop for StoreThread {
    fn drop(&mut self) {
        // Whoever wants to know calls `stop`.
        let _ = self.end();
    }
}

impl StoreHandle {
    /// Hands a batch over without waiting. `done` is called once, in the order of handing over.
    #[allow(clippy::result_large_err, reason = "the batch comes back whole so that the driver can keep it")]
    pub fn commit(&self, commit: Commit) -> Result<(), SubmitError<Commit>> {
        self.jobs.try_send(Job::Commit(commit)).map_err(|error| {
            let (job, full) = split(error);
            match job {
                Job::Commit(commit) if full => SubmitError::Full(commit),
                Job::Commit(commit) => SubmitError::Closed(commit),
                Job::Task(_) | Job::Stop => unreachable!("the job that comes back is the one that was sent"),
            }
        })
    }

    /// Hands other work over without waiting: registrations, directory, outbox, snapshots, pruning.
    pub fn run(&self, task: Task) -> Result<(), SubmitError<Task>> {
        self.jobs.try_send(Job::Task(task)).map_err(|error| {
            let (job, full) = split(error);
            match job {
                Job::Task(task) if full => SubmitError::Full(task),
                Job::Task(task) => SubmitError::Closed(task),
                Job::Commit(_) | Job::Stop => unreachable!("the job that comes back is the one that was sent"),
            }
        })
    }

    /// Does some work on the store and waits for its answer. Blocks: not for the driver's thread.
    pub fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        let task: Task = Box::new(move |store| {
            // Nobody waits any more if this fails.
            let _ = answer.send(work(store));
        });
        self.jobs.send(Job::Task(task)).map_err(|_| StoreError::Closed)?;
        answered.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Makes a tenant's log if it has none, and says where it stands. Blocks.
    pub fn open_log(&self, tenant: Tenant) -> Result<Position, StoreError> {
        self.call(move |store| store.open_log(tenant))
    }

    /// The failure after which nothing is written any more.
    pub fn failure(&self) -> Option<&StoreError> {
        self.failure.get()
    }

    /// A handle to read by, beside the thread.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}

fn split(error: TrySendError<Job>) -> (Job, bool) {
    match error {
        TrySendError::Full(job) => (job, true),
        TrySendError::Disconnected(job) => (job, false),
    }
}

struct Worker {
    store: Store,
    queue: Receiver<Job>,
    failure: Arc<OnceLock<StoreError>>,
    checkpointer: Option<Checkpointer>,
    gap_min: Duration,
    rested_at: Option<Instant>,
}

impl Worker {
    fn run(mut self) -> Result<(), StoreError> {
        while let Ok(first) = self.queue.recv() {
            if self.serve(first) {
                break;
            }
        }
        drop(self.checkpointer.take());
        match self.failure.get() {
            Some(failure) => Err(failure.clone()),
            None => self.store.close(),
        }
    }

    /// Serves a job and all that came with it; true at the end.
    fn serve(&mut self, first: Job) -> bool {
        let mut group = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Commit(commit) => {
                    if group.is_empty() {
                        self.rest();
                    }
                    group.push(commit);
                    if group.len() == GROUP_LEN_MAX {
                        self.commit(std::mem::take(&mut group));
                    }
                }
                Job::Task(task) => {
                    self.commit(std::mem::take(&mut group));
                    task(&mut self.store);
                }
                Job::Stop => {
                    self.commit(std::mem::take(&mut group));
                    return true;
                }
            }
            next = self.queue.try_recv().ok();
        }
        self.commit(group);
        false
    }

    /// Sleeps until the gap after the last commit is over; batches gather meanwhile.
    fn rest(&self) {
        if let Some(until) = self.rested_at {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
    }

    fn commit(&mut self, group: Vec<Commit>) {
        if group.is_empty() {
            return;
        }
        let mut batches = Vec::with_capacity(group.len());
        let mut callbacks = Vec::with_capacity(group.len());
        for commit in group {
            batches.push((commit.expected_seq, commit.batch));
            callbacks.push(commit.done);
        }
        let answers: Vec<_> = match self.failure.get() {
            Some(failure) => batches.iter().map(|_| Err(AppendError::Io(failure.clone()))).collect(),
            None => self.store.append_group(batches),
        };
        self.rested_at = Some(Instant::now() + self.gap_min);
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.batches.fetch_add(answers.len() as u64, Ordering::Relaxed);
        }
        for (done, answer) in callbacks.into_iter().zip(answers) {
            if let Err(AppendError::Io(error)) = &answer {
                // The first failure is the one to report.
                let _ = self.failure.set(error.clone());
            }
            done(answer);
        }
    }
}
