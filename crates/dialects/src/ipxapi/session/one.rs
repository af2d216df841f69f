//! One session: what it watches, its frames, its socket, the answers that its frames wait for.

use super::super::frame::Frame;
use super::account::Account;
use super::{Close, FRAMES_MAX};
use crate::common::logons::{Left, Logon};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use switching::id::DeviceId;
use switching::time::Time;
use tokio::sync::Notify;

pub(super) struct Session {
    pub(super) number: u64,
    pub(super) account: Account,
    from: Option<IpAddr>,
    since: Time,
    pub(super) used: Time,
    pub(super) monitors: BTreeSet<DeviceId>,
    /// Terminals of which it is told what they do.
    pub(super) presences: BTreeSet<DeviceId>,
    serial: u64,
    /// Number of the open socket.
    pub(super) socket: Option<u64>,
    pub(super) close: Option<(u64, Close)>,
    pub(super) frames: VecDeque<String>,
    /// Position of the first frame that waits.
    pub(super) first: u64,
    /// Answers that are being made or written, with the position at which their frames begin: these come after them.
    pub(super) answers: BTreeMap<u64, u64>,
    pub(super) holds: u64,
    pub(super) wake: Arc<Notify>,
}

impl Session {
    pub(super) fn new(number: u64, account: Account, from: Option<IpAddr>, now: Time) -> Self {
        Self {
            number,
            account,
            from,
            since: now,
            used: now,
            monitors: BTreeSet::new(),
            presences: BTreeSet::new(),
            serial: 0,
            socket: None,
            close: None,
            frames: VecDeque::new(),
            first: 0,
            answers: BTreeMap::new(),
            holds: 0,
            wake: Arc::default(),
        }
    }

    pub(super) fn logon(&self, user: &str, ended: Option<(Time, Left)>) -> Logon {
        let authority = self.account.authority();
        Logon { number: self.number, user: user.to_owned(), address: self.from, authority, since: self.since, ended }
    }

    pub(super) fn lives(&self, now: Time, life_ms: u64) -> bool {
        self.socket.is_some() || now < self.used.after_ms(life_ms)
    }

    pub(super) fn let_go(&mut self) {
        self.first += self.frames.len() as u64;
        self.frames = VecDeque::new();
    }

    /// A server account that may read records, and has a socket to be told of them.
    pub(super) fn hears_of_records(&self) -> bool {
        self.socket.is_some() && self.account.is_server() && self.account.may_read_records()
    }

    /// Numbers a frame and queues it.
    pub(super) fn tell(&mut self, frame: &Frame) {
        self.serial += 1;
        if self.socket.is_some() {
            self.push(frame.numbered(self.serial));
        }
    }

    pub(super) fn push(&mut self, frame: String) {
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
