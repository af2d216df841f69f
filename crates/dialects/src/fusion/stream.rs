//! The frames of the event sockets: rendered once, in one order, read by each socket at its own pace.

use super::event::{self, PONG};
use crate::common::frames::Frames;
use crate::common::ring::{Behind, Ring};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switching::event::Event;
use switching::picture::{Before, Picture};
use tokio::sync::{mpsc, oneshot};

/// Frames that are kept. A socket that may lag by [`super::session::UNSENT_MAX`] octets of the shortest frames is never cut
/// off by the ring first.
const FRAMES_MAX: usize = 65_536;
/// Requests that may wait at once for a listener to take in who has connected; more wait for their turn.
const ASKS_MAX: usize = 64;

/// One frame and where it ends in the stream of all octets.
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: u64,
}

struct Inner {
    ring: Ring<Frame>,
    /// Octets of all frames so far; held while a frame is appended, so that ends rise with positions.
    octets: Mutex<u64>,
    first_seq: u64,
    /// Sockets that are connected: without any, nothing is rendered and nothing kept.
    readers: AtomicUsize,
    /// How to ask each listener to take in who has connected.
    listeners: Mutex<Vec<mpsc::Sender<oneshot::Sender<()>>>>,
}

/// The door's end of the log. Cheap to clone.
#[derive(Clone)]
pub struct Stream(Arc<Inner>);

impl Stream {
    /// A stream of the events from `first_seq` on; earlier ones (a replayed log) are passed over.
    #[must_use]
    pub fn new(first_seq: u64) -> Self {
        let ring = Ring::new(0, FRAMES_MAX);
        Self(Arc::new(Inner {
            ring,
            octets: Mutex::new(0),
            first_seq,
            readers: AtomicUsize::new(0),
            listeners: Mutex::default(),
        }))
    }

    /// Queues one `evPong` to every socket. False: no socket can be connected at all.
    pub(super) fn pong(&self) -> bool {
        if self.listeners().is_empty() {
            return false;
        }
        if self.is_read() {
            self.push(PONG.to_vec());
            self.publish();
        }
        true
    }

    /// Lets the listeners take in who has connected: a client that connects and then asks for something has to get the events of
    /// what it asked for, whichever of its two connections is looked at first.
    pub(super) async fn take_in(&self) {
        let listeners = self.listeners().clone();
        for listener in listeners {
            let (tell, told) = oneshot::channel();
            if listener.send(tell).await.is_ok() {
                // A listener that ends meanwhile has nobody to take in.
                let _ = told.await;
            }
        }
    }

    fn push(&self, bytes: Vec<u8>) {
        let mut octets = self.0.octets.lock().unwrap_or_else(PoisonError::into_inner);
        *octets += bytes.len() as u64;
        self.0.ring.push(Frame { bytes, ends: *octets });
    }

    /// Announces a reader: from the next event on frames are kept for it.
    pub(super) fn reader(&self) -> Reader {
        self.0.readers.fetch_add(1, Ordering::SeqCst);
        Reader(self.clone())
    }

    fn is_read(&self) -> bool {
        self.0.readers.load(Ordering::SeqCst) > 0
    }

    /// Where the stream stands: the next position, and octets so far.
    pub(super) fn head(&self) -> (u64, u64) {
        let octets = self.0.octets.lock().unwrap_or_else(PoisonError::into_inner);
        (self.0.ring.head(), *octets)
    }

    pub(super) fn read(&self, position: u64, most: usize) -> Result<Vec<Arc<Frame>>, Behind> {
        self.0.ring.read(position, most)
    }

    pub(super) async fn wait_for(&self, position: u64) {
        self.0.ring.wait_for(position).await;
    }

    /// Says that a listener is there for as long as what it gives is kept.
    pub(super) fn listening(&self) -> Listening {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        self.listeners().push(asks);
        Listening { stream: self.clone(), asked }
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<mpsc::Sender<oneshot::Sender<()>>>> {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Frames for Stream {
    fn is_watched(&self) -> bool {
        self.is_read()
    }

    /// Frames are queued before the answer of the command that caused the event (FUS-EVT-05).
    fn take(&self, before: &Before<'_>, event: &Event, after: &Picture) {
        if event.seq < self.0.first_seq || !self.is_read() {
            return;
        }
        if let Some(frame) = event::render(before, event, after) {
            self.push(frame);
        }
    }

    fn publish(&self) {
        self.0.ring.publish();
    }
}

/// Somebody reads for as long as this lives.
pub(super) struct Reader(Stream);

impl Drop for Reader {
    fn drop(&mut self) {
        if self.0.0.readers.fetch_sub(1, Ordering::SeqCst) == 1 {
            // Whoever comes next begins at the head: under this lock it is read, and frames are appended.
            let _octets = self.0.0.octets.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.0.is_read() {
                self.0.0.ring.clear();
            }
        }
    }
}

/// A listener for event sockets is there.
pub(super) struct Listening {
    stream: Stream,
    /// Who waits until all that have connected are taken in.
    pub(super) asked: mpsc::Receiver<oneshot::Sender<()>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.asked.close();
        self.stream.listeners().retain(|asks| !asks.is_closed());
    }
}
