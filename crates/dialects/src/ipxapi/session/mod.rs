//! Sessions (IPX-AUTH-05 to IPX-AUTH-11): who is logged in, what it watches, and the frames on their way to its socket.
//!
//! A session dies when nothing was asked for so long and no socket is open. It owns the monitors; the socket only carries frames.
//! Frames without a socket are not kept, but they have their numbers, so that the gap shows (IPX-EVT-36). A socket that does not read
//! holds its own frames only, and is closed when they are too many.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switching::id::DeviceId;
use switching::party::Digits;
use switching::time::Time;
use tokio::sync::Notify;

/// Server accounts that are logged in at a time (IPX-LIM-01).
pub const SERVER_ACCOUNTS_MAX: usize = 3;
/// Sessions of stations at a time.
pub const STATIONS_MAX: usize = 10_000;
/// Frames that wait for a socket that does not read.
pub const FRAMES_MAX: usize = 8_192;

/// What kind of account a session is of (IPX-AUTH-02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// An application's: records and call control.
    Server,
    /// A station's: its own records and click to call.
    Station(Digits),
}

/// Why a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Logged out.
    Logout,
    /// Another socket of the session took its place.
    Replaced,
    /// It did not read.
    Slow,
    /// The session is over.
    Expired,
}

struct Session {
    number: u64,
    account: Account,
    used: Time,
    monitors: BTreeSet<DeviceId>,
    serial: u64,
    /// Number of the open socket.
    socket: Option<u64>,
    close: Option<(u64, Close)>,
    frames: VecDeque<String>,
    /// Position of the first frame that waits.
    first: u64,
    /// Answers that are being made or written, with the position at which their frames begin: these come after them.
    answers: BTreeMap<u64, u64>,
    holds: u64,
    wake: Arc<Notify>,
}

#[derive(Default)]
struct Table {
    of: BTreeMap<String, Session>,
    numbers: u64,
    sockets: u64,
}

/// All sessions of the door.
pub struct Sessions {
    table: Mutex<Table>,
    life_ms: u64,
}

/// Why nobody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The account has a live session.
    Already,
    /// Too many are logged in.
    Full,
}

/// A session as a request finds it.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Its user.
    pub user: String,
    /// Its number.
    pub number: u64,
    /// Its kind.
    pub account: Account,
}

/// An answer on its way: frames wait until it is dropped.
pub struct Held {
    sessions: Arc<Sessions>,
    user: String,
    number: u64,
    hold: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.sessions.with(&self.user, self.number, |session| {
            session.answers.remove(&self.hold);
            session.wake.notify_one();
        });
    }
}

impl Sessions {
    /// No session; each lives for `life_ms` after its last use.
    #[must_use]
    pub fn new(life_ms: u64) -> Self {
        Self { table: Mutex::default(), life_ms }
    }

    /// How long a session lives, in milliseconds.
    #[must_use]
    pub fn life_ms(&self) -> u64 {
        self.life_ms
    }

    /// Opens a session and gives its number.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn open(&self, user: &str, account: Account, now: Time) -> Result<u64, Refused> {
        let mut table = self.lock();
        table.of.retain(|_, session| session.lives(now, self.life_ms));
        if table.of.contains_key(user) {
            return Err(Refused::Already);
        }
        let alike = |session: &Session| (session.account == Account::Server) == (account == Account::Server);
        let most = if account == Account::Server { SERVER_ACCOUNTS_MAX } else { STATIONS_MAX };
        if table.of.values().filter(|session| alike(session)).count() >= most {
            return Err(Refused::Full);
        }
        table.numbers += 1;
        let number = table.numbers;
        let session = Session {
            number,
            account,
            used: now,
            monitors: BTreeSet::new(),
            serial: 0,
            socket: None,
            close: None,
            frames: VecDeque::new(),
            first: 0,
            answers: BTreeMap::new(),
            holds: 0,
            wake: Arc::default(),
        };
        table.of.insert(user.to_owned(), session);
        Ok(number)
    }

    /// Uses a session: it lives on from now.
    pub fn enter(&self, user: &str, number: u64, now: Time) -> Option<Entered> {
        let mut table = self.lock();
        let session = table.of.get_mut(user).filter(|session| session.number == number)?;
        if !session.lives(now, self.life_ms) {
            table.of.remove(user);
            return None;
        }
        session.used = now;
        Some(Entered { user: user.to_owned(), number, account: session.account.clone() })
    }

    /// Ends a session; its socket is closed.
    pub fn leave(&self, entered: &Entered) {
        let mut table = self.lock();
        if table.of.get(&entered.user).is_some_and(|session| session.number == entered.number)
            && let Some(session) = table.of.remove(&entered.user)
        {
            // Whoever waits finds the session gone.
            session.wake.notify_one();
        }
    }

    /// Holds the frames of a session back until the answer that is being made has been written (IPX-EVT-36).
    #[must_use]
    pub fn hold(self: &Arc<Self>, entered: &Entered) -> Held {
        let mut hold = 0;
        self.with(&entered.user, entered.number, |session| {
            session.holds += 1;
            hold = session.holds;
            session.answers.insert(hold, session.first + session.frames.len() as u64);
        });
        Held { sessions: Arc::clone(self), user: entered.user.clone(), number: entered.number, hold }
    }

    /// Begins to watch a terminal; `first` is told at once.
    pub fn watch(&self, entered: &Entered, device: DeviceId, first: Option<Map<String, Value>>) {
        self.with(&entered.user, entered.number, |session| {
            session.monitors.insert(device);
            if let Some(data) = first {
                session.tell(data);
            }
        });
    }

    /// Ends watching a terminal.
    pub fn unwatch(&self, entered: &Entered, device: DeviceId) {
        self.with(&entered.user, entered.number, |session| {
            session.monitors.remove(&device);
        });
    }

    /// Gives a frame about a terminal to whoever watches it.
    pub fn tell(&self, device: DeviceId, data: &Map<String, Value>) {
        for session in self.lock().of.values_mut().filter(|session| session.monitors.contains(&device)) {
            session.tell(data.clone());
        }
    }

    /// Gives a frame to every server account (IPX-AUTH-08).
    pub fn tell_all(&self, frame: &str) {
        for session in self.lock().of.values_mut().filter(|session| session.account == Account::Server) {
            session.push(frame.to_owned());
            session.wake.notify_one();
        }
    }

    /// Whether nobody is logged in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().of.is_empty()
    }

    /// Wakes the sockets that have something to write.
    pub fn wake(&self) {
        for session in self.lock().of.values().filter(|session| !session.frames.is_empty()) {
            session.wake.notify_one();
        }
    }

    /// Opens a socket on a session; one that was open gives way.
    pub fn attach(&self, entered: &Entered) -> Option<(u64, Arc<Notify>)> {
        let mut table = self.lock();
        table.sockets += 1;
        let number = table.sockets;
        let session = table.of.get_mut(&entered.user).filter(|session| session.number == entered.number)?;
        if let Some(old) = session.socket.replace(number) {
            session.close = Some((old, Close::Replaced));
            session.wake.notify_one();
        }
        session.let_go();
        session.wake = Arc::default();
        Some((number, Arc::clone(&session.wake)))
    }

    /// A socket is gone: the session lives on from now.
    pub fn detach(&self, entered: &Entered, socket: u64, now: Time) {
        self.with(&entered.user, entered.number, |session| {
            if session.socket == Some(socket) {
                session.socket = None;
                session.used = now;
                session.let_go();
            }
        });
    }

    /// Something was heard on a socket.
    pub fn heard(&self, entered: &Entered, now: Time) {
        self.with(&entered.user, entered.number, |session| session.used = now);
    }

    /// What a socket may write now, at most `most` frames.
    ///
    /// # Errors
    ///
    /// Why it has to be closed.
    pub fn next(&self, entered: &Entered, socket: u64, most: usize) -> Result<Vec<String>, Close> {
        let mut table = self.lock();
        let session = table.of.get_mut(&entered.user).filter(|session| session.number == entered.number);
        let session = session.ok_or(Close::Logout)?;
        if let Some((of, why)) = session.close.filter(|(of, _)| *of == socket) {
            debug_assert_eq!(of, socket, "only its own end is told to a socket");
            return Err(why);
        }
        if session.socket != Some(socket) {
            return Err(Close::Replaced);
        }
        let free = session.answers.values().min().map_or(u64::MAX, |held| held.saturating_sub(session.first));
        let ready = session.frames.len().min(most).min(usize::try_from(free).unwrap_or(usize::MAX));
        session.first += ready as u64;
        Ok(session.frames.drain(..ready).collect())
    }

    fn with(&self, user: &str, number: u64, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.lock().of.get_mut(user).filter(|session| session.number == number) {
            change(session);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lives(&self, now: Time, life_ms: u64) -> bool {
        self.socket.is_some() || now < self.used.after_ms(life_ms)
    }

    fn let_go(&mut self) {
        self.first += self.frames.len() as u64;
        self.frames = VecDeque::new();
    }

    /// Numbers a frame and queues it.
    fn tell(&mut self, mut data: Map<String, Value>) {
        self.serial += 1;
        data.insert("evtSerialNum".to_owned(), self.serial.into());
        self.push(format!("{{\"event\":\"call\",\"data\":{}}}", Value::Object(data)));
    }

    fn push(&mut self, frame: String) {
        let Some(socket) = self.socket else { return };
        if self.frames.len() >= FRAMES_MAX {
            self.let_go();
            self.close = Some((socket, Close::Slow));
            self.wake.notify_one();
            return;
        }
        self.frames.push_back(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: u64 = 120_000;

    #[test]
    fn a_session_slides_and_a_socket_keeps_it() {
        let sessions = Arc::new(Sessions::new(LIFE));
        let number = sessions.open("demo", Account::Server, Time(0)).expect("the first");
        assert_eq!(sessions.open("demo", Account::Server, Time(1)), Err(Refused::Already));
        let entered = sessions.enter("demo", number, Time(LIFE - 1)).expect("it lives");
        let (socket, _) = sessions.attach(&entered).expect("a socket");
        assert!(sessions.enter("demo", number, Time(10 * LIFE)).is_some(), "a socket is open");
        sessions.detach(&entered, socket, Time(10 * LIFE));
        assert!(sessions.enter("demo", number, Time(11 * LIFE)).is_none(), "it is over");
        assert!(sessions.open("demo", Account::Server, Time(11 * LIFE)).is_ok(), "and free again");
    }

    #[test]
    fn three_server_accounts_and_no_more() {
        let sessions = Sessions::new(LIFE);
        for user in ["a", "b", "c"] {
            sessions.open(user, Account::Server, Time(0)).expect("room");
        }
        assert_eq!(sessions.open("d", Account::Server, Time(0)), Err(Refused::Full));
        let station = Account::Station(Digits::parse("1101").expect("digits"));
        assert!(sessions.open("1101", station, Time(0)).is_ok(), "stations do not count");
    }

    #[test]
    fn frames_wait_for_the_answer_and_are_numbered_without_a_socket_too() {
        let sessions = Arc::new(Sessions::new(LIFE));
        let number = sessions.open("demo", Account::Server, Time(0)).expect("the first");
        let entered = sessions.enter("demo", number, Time(0)).expect("it lives");
        let device = DeviceId(1);
        sessions.watch(&entered, device, None);
        sessions.tell(device, &Map::new());
        let (socket, _) = sessions.attach(&entered).expect("a socket");
        let held = sessions.hold(&entered);
        sessions.tell(device, &Map::new());
        assert_eq!(sessions.next(&entered, socket, 9), Ok(Vec::new()));
        drop(held);
        let text = r#"{"event":"call","data":{"evtSerialNum":2}}"#.to_owned();
        assert_eq!(sessions.next(&entered, socket, 9), Ok(vec![text]));
        for _ in 0..=FRAMES_MAX {
            sessions.tell(device, &Map::new());
        }
        assert_eq!(sessions.next(&entered, socket, 9), Err(Close::Slow));
    }
}
