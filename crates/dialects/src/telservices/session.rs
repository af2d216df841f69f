//! Sessions: which devices are watched, for which clients, until when (TEL-SES-01 to TEL-SES-14).
//!
//! All of it is the door's own: clients, levels, timers, counters. Calls are not kept, only what changed of them for those who
//! poll (TEL-TRN-09). Times are the exchange's clock.

use super::event::{self, Frame};
use super::id;
use super::outbox::Post;
use super::wire::{self, Level};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use switching::id::DeviceId;
use switching::time::Time;
use tokio::sync::watch;

/// Clients of one session.
pub const CLIENTS_MAX: usize = 64;
/// Ended calls that are kept for polls, of one session.
const ENDED_MAX: usize = 256;

/// How a session ends for a client (TEL-EVT-07). A link to the exchange is never lost here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Admin,
    Timeout,
    MonitoringReject,
    Client,
}

impl Over {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Admin => "sessionClosedByAdmin",
            Self::Timeout => "sessionClosedByTimeout",
            Self::MonitoringReject => "sessionClosedByMonitoringReject",
            Self::Client => "sessionClosedByClient",
        }
    }
}

/// What is told to whoever waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) seq: u64,
    /// The session is over for everybody.
    pub(super) over: Option<Over>,
    /// The client at this address was let go last, and how many before it.
    pub(super) left: Option<(u64, IpAddr, Over)>,
}

/// Elements of a call that may be left out where it would be too large, the first one first (TEL-TRN-08).
const OPTIONAL: [&str; 3] = ["extraData", "addedParties", "permittedServices"];

/// How each event leaves.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    /// Octets behind it.
    pub(super) end: Vec<u8>,
    /// Octets that one datagram may have, these too.
    pub(super) octets_max: usize,
}

/// One registered client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) ip: IpAddr,
    pub(super) port: Option<u16>,
    pub(super) level: Level,
    pub(super) timeout_ms: Option<u64>,
    /// When silence has lasted too long.
    pub(super) expires: Option<Time>,
    /// When a close that was put off happens.
    pub(super) closes: Option<Time>,
}

impl Client {
    fn due(&self) -> Option<Time> {
        self.expires.into_iter().chain(self.closes).min()
    }
}

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    /// The device as its opener wrote it.
    number: String,
    /// The device that is watched; none: not yet.
    pub(super) device: Option<DeviceId>,
    /// In the order in which they registered.
    clients: Vec<Client>,
    seq: u64,
    first_seq: u64,
    ended: VecDeque<(u64, String)>,
    tell: watch::Sender<Progress>,
    pub(super) polls: usize,
    /// When it closes for all, and who asked for that.
    closes: Option<(Time, IpAddr)>,
    lefts: u64,
}

/// What a snapshot needs to know of a session.
pub(super) struct Stand {
    pub(super) seq: u64,
    /// Elements of calls that ended after the number the client knew.
    pub(super) ended: Vec<String>,
}

impl Session {
    fn new(number: String, first_seq: u64) -> Self {
        let tell = watch::channel(Progress { seq: first_seq, over: None, left: None }).0;
        let (device, polls, closes, lefts) = (None, 0, None, 0);
        let (clients, ended) = (Vec::new(), VecDeque::new());
        Self { number, device, clients, seq: first_seq, first_seq, ended, tell, polls, closes, lefts }
    }

    /// Whether an answer that waits for a change after `seq` has to wait.
    pub(super) fn is_current(&self, seq: i64) -> bool {
        u64::try_from(seq).is_ok_and(|seq| seq == self.seq)
    }

    pub(super) fn stand(&self, known: Option<i64>) -> Stand {
        let known = known.and_then(|seq| u64::try_from(seq).ok());
        let known = known.filter(|seq| (self.first_seq..=self.seq).contains(seq));
        let since = |seq: u64| self.ended.iter().filter(move |(at, _)| *at > seq).map(|(_, call)| call.clone());
        Stand { seq: self.seq, ended: known.map(|seq| since(seq).collect()).unwrap_or_default() }
    }

    pub(super) fn follow(&self) -> watch::Receiver<Progress> {
        self.tell.subscribe()
    }

    /// Sends one event to all clients whose level admits it, and counts it.
    fn notify(&mut self, content: &str, alerting: bool, out: &mut Post, tail: &Tail) {
        self.seq += 1;
        let seq = self.seq;
        self.tell.send_modify(|progress| progress.seq = seq);
        for client in &self.clients {
            if alerting || client.level == Level::Full {
                lay(out, &self.number, client, content, tail);
            }
        }
    }

    fn let_go(&mut self, client: &Client, over: Over) {
        self.lefts += 1;
        let left = Some((self.lefts, client.ip, over));
        self.tell.send_modify(|progress| progress.left = left);
    }
}

/// Lays an event down for a client that gets datagrams.
fn lay(out: &mut Post, number: &str, client: &Client, content: &str, tail: &Tail) {
    let Some(port) = client.port else { return };
    let to = SocketAddr::new(client.ip, port);
    match fitted(number, content, tail) {
        Some(octets) => out.lay(to, &octets),
        None => tracing::warn!(dialect = "telservices", %to, "event lost: larger than a datagram"),
    }
}

/// An event that fits into a datagram: parts that may be left out are, one after another; none: it is still too large.
fn fitted(number: &str, content: &str, tail: &Tail) -> Option<Vec<u8>> {
    let mut content = Cow::Borrowed(content);
    let mut parts = OPTIONAL.iter();
    loop {
        let mut octets = wire::event(number, |w| w.raw(&content)).into_bytes();
        octets.extend_from_slice(&tail.end);
        if octets.len() <= tail.octets_max {
            return Some(octets);
        }
        let part = parts.next()?;
        if let Some(rest) = without(&content, part) {
            tracing::warn!(dialect = "telservices", octets = octets.len(), part, "left out of a large event");
            content = Cow::Owned(rest);
        }
    }
}

/// The same without an element; none: it has none. What is told within elements has no tags in it.
fn without(content: &str, element: &str) -> Option<String> {
    let empty = format!("<{element}/>");
    if let Some((before, after)) = content.split_once(&empty) {
        return Some([before, after].concat());
    }
    let (start, close) = (content.find(&format!("<{element}>"))?, format!("</{element}>"));
    let end = start + content[start..].find(&close)? + close.len();
    Some([&content[..start], &content[end..]].concat())
}

/// All sessions of the door.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, Session>,
    watched: BTreeMap<DeviceId, String>,
    /// Devices whose application session this door is closing itself, and how often.
    closing: BTreeMap<DeviceId, u32>,
}

impl Sessions {
    pub(super) fn is_watched(&self, device: DeviceId) -> bool {
        self.watched.contains_key(&device)
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// The name under which a device's session is kept, however the client writes its number.
    pub(super) fn find(&self, number: &str, device: Option<DeviceId>) -> Option<String> {
        let key = id::key(number);
        if self.open.contains_key(&key) {
            return Some(key);
        }
        device.and_then(|device| self.watched.get(&device)).cloned()
    }

    pub(super) fn get(&mut self, key: &str) -> Option<&mut Session> {
        self.open.get_mut(key)
    }

    /// Opens a session, unless it is there; `number` is how its opener writes the device.
    pub(super) fn open(&mut self, key: &str, number: &str, first_seq: u64) {
        self.open.entry(key.to_owned()).or_insert_with(|| Session::new(number.to_owned(), first_seq));
    }

    /// The door closes, or has closed, the application session of a device: what the log tells of that is no news.
    pub(super) fn closes_itself(&mut self, device: DeviceId, begins: bool) {
        let count = self.closing.entry(device).or_default();
        *count = if begins { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.closing.remove(&device);
        }
    }

    /// Registers a client; one with the same address and port is replaced. False: there are too many.
    pub(super) fn register(&mut self, key: &str, client: Client) -> bool {
        let Some(session) = self.open.get_mut(key) else { return false };
        if session.closes.is_some_and(|(_, ip)| ip == client.ip) {
            session.closes = None;
        }
        session.clients.retain(|old| (old.ip, old.port) != (client.ip, client.port));
        if session.clients.len() >= CLIENTS_MAX {
            return false;
        }
        session.clients.push(client);
        true
    }

    /// From now on the events of this device are the session's.
    pub(super) fn watch(&mut self, key: &str, device: DeviceId) {
        if let Some(session) = self.open.get_mut(key) {
            session.device = Some(device);
            self.watched.insert(device, key.to_owned());
        }
    }

    /// A client has asked for something: its time starts anew.
    pub(super) fn touch(&mut self, key: &str, ip: IpAddr, now: Time) {
        let clients = self.open.get_mut(key).into_iter().flat_map(|session| &mut session.clients);
        for client in clients.filter(|client| client.ip == ip) {
            client.expires = client.timeout_ms.map(|ms| now.after_ms(ms));
        }
    }

    /// Closes for the client at `ip` that registered last, or for all, now or later. Gives the device that is watched no more.
    pub(super) fn close(&mut self, key: &str, ask: &Close, out: &mut Post, tail: &Tail) -> Option<DeviceId> {
        let session = self.open.get_mut(key)?;
        let at = (ask.after_ms > 0).then(|| ask.now.after_ms(ask.after_ms));
        match (ask.client_only, at) {
            (true, at) => {
                let index =
                    session.clients.iter().rposition(|client| client.ip == ask.ip && client.closes.is_none())?;
                if at.is_some() {
                    session.clients[index].closes = at;
                    return None;
                }
                let client = session.clients.remove(index);
                session.let_go(&client, Over::Client);
                if session.clients.is_empty() { self.end(key, Over::Client, None, out, tail) } else { None }
            }
            (false, Some(at)) => {
                session.closes = Some((at, ask.ip));
                None
            }
            (false, None) => self.end(key, Over::Client, Some(ask.ip), out, tail),
        }
    }

    /// Ends a session for all its clients; who asked for it hears nothing (TEL-REQ-02).
    pub(super) fn end(
        &mut self,
        key: &str,
        over: Over,
        asked: Option<IpAddr>,
        out: &mut Post,
        tail: &Tail,
    ) -> Option<DeviceId> {
        let mut session = self.open.remove(key)?;
        if let Some(device) = session.device {
            self.watched.remove(&device);
        }
        if let Some(own) = session.clients.iter().rposition(|client| asked == Some(client.ip)) {
            session.clients.remove(own);
        }
        session.tell.send_modify(|progress| {
            // Its end is the last change of a session, and counts as one.
            progress.seq += 1;
            progress.over = Some(over);
        });
        let content = event::session(over.name());
        session.clients.iter().for_each(|client| lay(out, &session.number, client, &content, tail));
        session.device
    }

    /// Tells one frame to the session of its device.
    pub(super) fn tell(&mut self, frame: &Frame, out: &mut Post, tail: &Tail) {
        let Some(key) = self.watched.get(&frame.device) else { return };
        if let Some(over) = frame.over {
            if over != Over::Admin || !self.closing.contains_key(&frame.device) {
                let key = key.clone();
                self.end(&key, over, None, out, tail);
            }
            return;
        }
        let Some(session) = self.open.get_mut(key) else { return };
        session.notify(&frame.content, frame.alerting, out, tail);
        if frame.ended {
            let over = (session.seq, frame.content.clone());
            session.ended.push_back(over);
            if session.ended.len() > ENDED_MAX {
                session.ended.pop_front();
            }
        }
    }

    /// The next instant at which a client or a session ends by itself.
    pub(super) fn next_due(&self) -> Option<Time> {
        let sessions = self.open.values();
        sessions.flat_map(|it| it.clients.iter().filter_map(Client::due).chain(it.closes.map(|(at, _)| at))).min()
    }

    /// Lets go of whoever's time has come. Gives the devices that are watched no more.
    pub(super) fn expire(&mut self, now: Time, out: &mut Post, tail: &Tail) -> Vec<DeviceId> {
        let mut unwatched = Vec::new();
        let keys: Vec<String> = self.open.keys().cloned().collect();
        for key in keys {
            let Some(session) = self.open.get_mut(&key) else { continue };
            if let Some((_, ip)) = session.closes.filter(|(at, _)| *at <= now) {
                unwatched.extend(self.end(&key, Over::Client, Some(ip), out, tail));
                continue;
            }
            let due = |client: &Client| client.due().is_some_and(|at| at <= now);
            let (gone, kept): (Vec<Client>, Vec<Client>) = session.clients.drain(..).partition(due);
            session.clients = kept;
            for client in &gone {
                let over = if client.expires.is_some_and(|at| at <= now) { Over::Timeout } else { Over::Client };
                session.let_go(client, over);
                if over == Over::Timeout {
                    lay(out, &session.number, client, &event::session(over.name()), tail);
                }
            }
            if !gone.is_empty() && session.clients.is_empty() {
                let timed = gone.iter().any(|client| client.expires.is_some_and(|at| at <= now));
                let over = if timed { Over::Timeout } else { Over::Client };
                unwatched.extend(self.end(&key, over, None, out, tail));
            }
        }
        unwatched
    }
}

/// How a session is to be closed.
pub(super) struct Close {
    pub(super) ip: IpAddr,
    pub(super) client_only: bool,
    pub(super) after_ms: u64,
    pub(super) now: Time,
}
