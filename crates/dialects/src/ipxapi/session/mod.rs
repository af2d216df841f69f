//! Sessions (IPX-AUTH-05 to IPX-AUTH-11): who is logged in, what it watches, and the frames on their way to its socket.
//!
//! A session dies when nothing was asked for so long and no socket is open. It owns the monitors; the socket only carries frames.
//! Frames without a socket are not kept, but they have their numbers, so that the gap shows (IPX-EVT-36). A socket that does not read
//! holds its own frames only, and is closed when they are too many.

mod account;
mod one;

pub use account::{Account, Privileges};

use super::frame::{Frame, Told};
use crate::common::logons::{Left, Logon};
use one::Session;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switching::id::DeviceId;
use switching::time::Time;
use tokio::sync::Notify;

/// Server accounts that are logged in at a time (IPX-LIM-01).
pub const SERVER_ACCOUNTS_MAX: usize = 3;
/// Sessions of stations at a time.
pub const STATIONS_MAX: usize = 10_000;
/// Frames that wait for a socket that does not read.
pub const FRAMES_MAX: usize = 8_192;
/// Logins that are over and still told of.
pub const ENDED_MAX: usize = 1_000;

/// Why a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Logged out.
    Logout,
    /// Logged out by an operator.
    Forced,
    /// Another socket of the session took its place.
    Replaced,
    /// It did not read.
    Slow,
    /// The session is over.
    Expired,
    /// It said more at once than is read.
    TooLong,
    /// It said what is no text.
    NoText,
    /// It said what no WebSocket says.
    Broken,
}

#[derive(Default)]
struct Table {
    of: BTreeMap<String, Session>,
    /// Logins that are over, the last ones.
    ended: VecDeque<Logon>,
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
    pub fn open(&self, user: &str, account: Account, from: Option<IpAddr>, now: Time) -> Result<u64, Refused> {
        let mut table = self.lock();
        table.expire(now, self.life_ms);
        if table.of.contains_key(user) {
            return Err(Refused::Already);
        }
        let (alike, most) = match account {
            Account::Server(_) => (Account::is_server as fn(&Account) -> bool, SERVER_ACCOUNTS_MAX),
            Account::Station(_) => (Account::is_station as fn(&Account) -> bool, STATIONS_MAX),
        };
        if table.of.values().filter(|session| alike(&session.account)).count() >= most {
            return Err(Refused::Full);
        }
        table.numbers += 1;
        let number = table.numbers;
        table.of.insert(user.to_owned(), Session::new(number, account, from, now));
        Ok(number)
    }

    /// Uses a session: it lives on from now.
    pub fn enter(&self, user: &str, number: u64, now: Time) -> Option<Entered> {
        let mut table = self.lock();
        let session = table.of.get_mut(user).filter(|session| session.number == number)?;
        if !session.lives(now, self.life_ms) {
            table.expire(now, self.life_ms);
            return None;
        }
        session.used = now;
        Some(Entered { user: user.to_owned(), number, account: session.account.clone() })
    }

    /// Ends a session; its socket is closed.
    pub fn leave(&self, entered: &Entered, now: Time) {
        self.lock().end(&entered.user, entered.number, Left::Logout, now);
    }

    /// Ends a session as an operator does (IPX-AUTH-18). False: it is over.
    pub fn force_out(&self, number: u64, now: Time) -> bool {
        let mut table = self.lock();
        table.expire(now, self.life_ms);
        let user = table.of.iter().find(|(_, session)| session.number == number).map(|(user, _)| user.clone());
        user.is_some_and(|user| table.end(&user, number, Left::Forced, now))
    }

    /// Logins that are over, then those that go on, by number (IPX-ADM-17).
    #[must_use]
    pub fn logons(&self, now: Time) -> Vec<Logon> {
        let mut table = self.lock();
        table.expire(now, self.life_ms);
        let alive = table.of.iter().map(|(user, session)| session.logon(user, None));
        let mut all: Vec<Logon> = table.ended.iter().cloned().chain(alive).collect();
        all.sort_by_key(|logon| logon.number);
        all
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
    pub fn watch(&self, entered: &Entered, device: DeviceId, first: Option<Told>) {
        self.with(&entered.user, entered.number, |session| {
            session.monitors.insert(device);
            if let Some(told) = first {
                session.tell(&told.frame);
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
    pub fn tell(&self, told: &Told) {
        for session in self.lock().of.values_mut().filter(|session| session.monitors.contains(&told.device)) {
            session.tell(&told.frame);
        }
    }

    /// Begins or ends to tell what a terminal does.
    pub fn present(&self, entered: &Entered, device: DeviceId, on: bool) {
        self.with(&entered.user, entered.number, |session| {
            if on {
                session.presences.insert(device);
            } else {
                session.presences.remove(&device);
            }
        });
    }

    /// Whether somebody is told what any terminal does.
    #[must_use]
    pub fn any_presence(&self) -> bool {
        self.lock().of.values().any(|session| !session.presences.is_empty())
    }

    /// Tells what a terminal does to whoever wants to know.
    pub fn tell_presence(&self, device: DeviceId, frame: &Frame) {
        for session in self.lock().of.values_mut().filter(|session| session.presences.contains(&device)) {
            session.tell(frame);
        }
    }

    /// Gives a frame to every account that may control calls, whatever it watches (IPX-EVT-35).
    pub fn tell_all(&self, frame: &Frame) {
        for session in self.lock().of.values_mut().filter(|session| session.account.may_control_calls()) {
            session.tell(frame);
            session.wake.notify_one();
        }
    }

    /// Whether somebody is told of records.
    #[must_use]
    pub fn hear_of_records(&self) -> bool {
        self.lock().of.values().any(Session::hears_of_records)
    }

    /// Gives a frame about a record to every server account that may read records (IPX-AUTH-08, IPX-AUTH-17).
    pub fn tell_of_record(&self, frame: &str) {
        for session in self.lock().of.values_mut().filter(|session| session.hears_of_records()) {
            session.push(frame.to_owned());
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
        if table.of.get(&entered.user).is_none_or(|session| session.number != entered.number) {
            return Err(table.why_over(entered.number));
        }
        let session = table.of.get_mut(&entered.user).ok_or(Close::Logout)?;
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

impl Table {
    /// Takes out what has not been used for too long; it ended when its time was over.
    fn expire(&mut self, now: Time, life_ms: u64) {
        let dead = self.of.iter().filter(|(_, session)| !session.lives(now, life_ms));
        let dead: Vec<(String, u64, Time)> = dead.map(|(user, it)| (user.clone(), it.number, it.used)).collect();
        for (user, number, used) in dead {
            self.end(&user, number, Left::Timeout, used.after_ms(life_ms));
        }
    }

    /// Ends a session and notes how. False: it is over.
    fn end(&mut self, user: &str, number: u64, how: Left, at: Time) -> bool {
        if self.of.get(user).is_none_or(|session| session.number != number) {
            return false;
        }
        let Some(session) = self.of.remove(user) else { return false };
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(session.logon(user, Some((at, how))));
        // Whoever waits finds the session gone.
        session.wake.notify_one();
        true
    }

    /// Why a session is over.
    fn why_over(&self, number: u64) -> Close {
        let how = self.ended.iter().rev().find(|logon| logon.number == number).and_then(|logon| logon.ended);
        match how {
            Some((_, Left::Forced)) => Close::Forced,
            Some((_, Left::Timeout)) => Close::Expired,
            Some((_, Left::Logout)) | None => Close::Logout,
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
