//! Transactions (RFC 3261 17, RFC 6026): requests and responses matched, repeated and absorbed.
//!
//! **One contract: time comes in, bytes come in, and after every call the caller drains [`Transactions::poll_transmit`]
//! and [`Transactions::poll_event`] until both are empty, then [`Transactions::poll_trying`], and sleeps until
//! [`Transactions::poll_timeout`].**
//!
//! Requests that deserve no attention are answered here without state (see `policy.rs`). What is deliberately absent:
//! the repetition of a 2xx and the ACK for it, which belong to the dialog (RFC 3261 13.3.1.4, RFC 6026), and the choice
//! of a next hop.

mod client;
mod config;
mod key;
mod policy;
mod server;
mod token;

pub use client::Outgoing;
pub use config::Config;
pub use server::Response;
pub use token::TokenSource;

use crate::message::{Headers, Message, Method, ResponseHead, Unreadable};
use crate::timer::{Armed, TimeMs, TimerTable};
use crate::transport::{Flow, Transmit};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// A transaction in which we answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(pub(crate) u64);

/// A transaction in which we ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(pub(crate) u64);

/// What the user of the transactions must know.
#[derive(Debug, Clone)]
pub enum Event {
    /// A new request, to be answered with [`Transactions::respond`].
    Request {
        /// Its transaction.
        key: ServerKey,
        /// Where it came from.
        flow: Flow,
        /// The request.
        message: Message,
    },
    /// An ACK that belongs to no transaction: the one for a 2xx.
    Ack {
        /// Where it came from.
        flow: Flow,
        /// The request.
        message: Message,
    },
    /// The peer cancels an INVITE that has no final answer yet. The CANCEL itself is already answered.
    Cancelled {
        /// The INVITE's transaction.
        invite: ServerKey,
        /// What [`Transactions::set_token`] noted at it.
        token: u64,
        /// The CANCEL.
        message: Message,
    },
    /// A response. Of an INVITE every 2xx is reported, repeated ones too.
    Response {
        /// The transaction; `None` for a 2xx to an INVITE that is no longer known.
        key: Option<ClientKey>,
        /// The token given with the request; 0 without a transaction.
        token: u64,
        /// Where it came from.
        flow: Flow,
        /// The response.
        message: Message,
    },
    /// No final response came in time (timers B and F), or the path is gone.
    NoResponse {
        /// The transaction, which is over.
        key: ClientKey,
        /// The token given with the request.
        token: u64,
        /// The method of the request.
        method: Method,
        /// Was the path reported unreachable, rather than the time over?
        unreachable: bool,
    },
    /// Nobody acknowledged our failure response to an INVITE (timer H).
    NotAcknowledged {
        /// The transaction, which is over.
        key: ServerKey,
        /// What [`Transactions::set_token`] noted at it.
        token: u64,
    },
    /// A timer that a dialog set in the shared table is due.
    DialogTimer {
        /// The dialog usage.
        id: u64,
        /// Which of its timers.
        timer: DialogTimer,
    },
}

/// Why a transaction wakes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TransactionTimer {
    /// A, E, G: send again.
    Retransmit,
    /// B, D, F, H, I, J, K, L, M: over.
    Expire,
}

/// Why a dialog wakes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DialogTimer {
    /// Send the 2xx again until its ACK comes (RFC 3261 13.3.1.4).
    RepeatAnswer,
    /// No ACK came in 64*T1.
    GiveUpAnswer,
    /// Send the reliable provisional response again (RFC 3262 3).
    RepeatProvisional,
    /// No PRACK came in 64*T1.
    GiveUpProvisional,
    /// Try the refused offer again (RFC 3261 14.1).
    RetryOffer,
    /// Late responses to our INVITE are over: forget its ACKs and forks.
    ForgetInvite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimerKey {
    Transaction(u64, TransactionTimer),
    Dialog(u64, DialogTimer),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Client INVITE: 17.1.1.
    Calling,
    ClientInviteProceeding,
    ClientInviteCompleted,
    ClientInviteAccepted,
    /// Client non-INVITE: 17.1.2.
    ClientTrying,
    ClientProceeding,
    ClientCompleted,
    /// Server INVITE: 17.2.1.
    ServerInviteProceeding,
    ServerInviteCompleted,
    ServerInviteConfirmed,
    ServerInviteAccepted,
    /// Server non-INVITE: 17.2.2.
    ServerTrying,
    ServerProceeding,
    ServerCompleted,
}

/// Where a CANCEL of our INVITE stands.
#[derive(Debug, Default)]
enum Cancel {
    #[default]
    No,
    /// Asked for, but no provisional response came yet (RFC 3261 9.1).
    Wanted(Headers),
    Sent,
}

#[derive(Debug)]
struct Transaction {
    /// Shared with the index.
    key: Arc<[u8]>,
    state: State,
    method: Method,
    flow: Flow,
    token: u64,
    /// Client: the request, later the ACK. Server: the last response. Empty once nothing more will be sent.
    message: Bytes,
    head: Option<Box<ResponseHead>>,
    cancel: Cancel,
    retransmit: Armed,
    interval_ms: u64,
    expire: Armed,
}

/// How many foreign bytes were dropped, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Bytes that are no SIP message.
    pub unreadable: u64,
    /// Responses that match no request of ours.
    pub stray_responses: u64,
    /// Responses that are malformed.
    pub bad_responses: u64,
    /// ACKs that acknowledge nothing and cannot be read.
    pub bad_acks: u64,
    /// Requests refused because the table is full.
    pub refused: u64,
}

/// All transactions of one endpoint.
#[derive(Debug)]
pub struct Transactions {
    config: Config,
    tokens: TokenSource,
    table: BTreeMap<u64, Box<Transaction>>,
    index: HashMap<Arc<[u8]>, u64>,
    timers: TimerTable<TimerKey>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    /// INVITEs that came just now, and when: each gets a 100 unless it is answered at once.
    unheard: VecDeque<(ServerKey, TimeMs)>,
    last_id: u64,
    dropped: Dropped,
}

/// Index capacity below which giving memory back is not worth the work.
const INDEX_KEPT: usize = 1_024;

impl Transactions {
    /// An empty table; `seed` makes tags and branches unguessable.
    pub fn new(config: Config, seed: [u8; 32]) -> Transactions {
        Transactions {
            config,
            tokens: TokenSource::new(seed),
            table: BTreeMap::new(),
            index: HashMap::new(),
            timers: TimerTable::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            unheard: VecDeque::new(),
            last_id: 0,
            dropped: Dropped::default(),
        }
    }

    /// Takes what a peer sent: a datagram, or a message cut from a stream.
    pub fn handle_message(&mut self, now: TimeMs, flow: &Flow, bytes: &[u8]) {
        match Message::parse(bytes) {
            Ok(message) if message.is_request() => self.handle_request(now, flow, message),
            Ok(message) => self.handle_response(now, flow, message),
            Err(Unreadable::KeepAlive) => {}
            Err(_) => self.dropped.unreadable += 1,
        }
    }

    /// The next bytes to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing the user must know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Transactions::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<TimeMs> {
        self.timers.next()
    }

    /// Lets everything happen that is due.
    pub fn handle_timeout(&mut self, now: TimeMs) {
        while let Some(due) = self.timers.pop_due(now) {
            match due {
                TimerKey::Dialog(id, timer) => self.events.push_back(Event::DialogTimer { id, timer }),
                TimerKey::Transaction(id, TransactionTimer::Retransmit) => self.retransmit(now, id),
                TimerKey::Transaction(id, TransactionTimer::Expire) => self.expire(id),
            }
        }
    }

    /// Moves every timer into the future, after a time in which nobody looked at the sockets.
    pub fn shift_timers(&mut self, by_ms: u64) {
        self.timers.shift(by_ms);
    }

    /// The path of this flow is gone: what waits on it fails at once.
    pub fn flow_failed(&mut self, flow: &Flow) {
        let open = |tx: &Transaction| match tx.state {
            State::Calling | State::ClientInviteProceeding | State::ClientTrying | State::ClientProceeding => true,
            State::ClientInviteCompleted
            | State::ClientInviteAccepted
            | State::ClientCompleted
            | State::ServerInviteProceeding
            | State::ServerInviteCompleted
            | State::ServerInviteConfirmed
            | State::ServerInviteAccepted
            | State::ServerTrying
            | State::ServerProceeding
            | State::ServerCompleted => false,
        };
        let same = |tx: &Transaction| tx.flow.remote == flow.remote && tx.flow.connection == flow.connection;
        let failed: Vec<u64> = self.table.iter().filter(|(_, tx)| open(tx) && same(tx)).map(|(id, _)| *id).collect();
        for id in failed {
            self.fail_client(id, true);
        }
    }

    /// How many transactions there are, lingering ones included.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Is the table full, so that nothing new should be begun?
    pub fn is_full(&self) -> bool {
        self.table.len() >= self.config.transactions_max
    }

    /// How many timers run, those of dialogs included.
    pub fn timer_count(&self) -> usize {
        self.timers.len()
    }

    /// What was dropped so far.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The source of tags and branches.
    pub fn tokens(&mut self) -> &mut TokenSource {
        &mut self.tokens
    }

    /// Arms or stops a timer of a dialog in the shared table.
    pub(crate) fn set_dialog_timer(&mut self, armed: &mut Armed, id: u64, timer: DialogTimer, at: Option<TimeMs>) {
        self.timers.set(armed, TimerKey::Dialog(id, timer), at);
    }

    /// Sends bytes outside any transaction: a 2xx again, its ACK.
    pub(crate) fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.transmits.push_back(Transmit { flow, bytes });
    }

    fn insert(&mut self, transaction: Transaction) -> u64 {
        self.last_id += 1;
        self.index.insert(Arc::clone(&transaction.key), self.last_id);
        self.table.insert(self.last_id, Box::new(transaction));
        self.last_id
    }

    fn remove(&mut self, id: u64) {
        let Some(mut tx) = self.table.remove(&id) else { return };
        self.timers.set(&mut tx.retransmit, TimerKey::Transaction(id, TransactionTimer::Retransmit), None);
        self.timers.set(&mut tx.expire, TimerKey::Transaction(id, TransactionTimer::Expire), None);
        if self.index.get(&tx.key) == Some(&id) {
            self.index.remove(&tx.key);
        }
        if self.index.capacity() > INDEX_KEPT && self.index.len() < self.index.capacity() / 8 {
            self.index.shrink_to(self.index.len() * 2);
        }
    }

    /// Sends what the transaction holds.
    fn send_held(&mut self, id: u64) {
        if let Some(tx) = self.table.get(&id).filter(|tx| !tx.message.is_empty()) {
            self.transmits.push_back(Transmit { flow: tx.flow, bytes: tx.message.clone() });
        }
    }

    fn arm_retransmit(&mut self, id: u64, at: Option<TimeMs>) {
        if let Some(tx) = self.table.get_mut(&id) {
            let key = TimerKey::Transaction(id, TransactionTimer::Retransmit);
            self.timers.set(&mut tx.retransmit, key, at);
        }
    }

    fn arm_expire(&mut self, id: u64, at: Option<TimeMs>) {
        if let Some(tx) = self.table.get_mut(&id) {
            self.timers.set(&mut tx.expire, TimerKey::Transaction(id, TransactionTimer::Expire), at);
        }
    }

    /// Timers A, E, G.
    fn retransmit(&mut self, now: TimeMs, id: u64) {
        let t2_ms = self.config.t2_ms;
        let Some(tx) = self.table.get_mut(&id) else { return };
        tx.retransmit = Armed::default();
        tx.interval_ms = match tx.state {
            // A doubles without bound; E and G stop doubling at T2 (17.1.1.2, 17.1.2.2, 17.2.1).
            State::Calling => tx.interval_ms * 2,
            State::ClientProceeding => t2_ms,
            State::ClientTrying | State::ServerInviteCompleted => (tx.interval_ms * 2).min(t2_ms),
            State::ClientInviteProceeding
            | State::ClientInviteCompleted
            | State::ClientInviteAccepted
            | State::ClientCompleted
            | State::ServerInviteProceeding
            | State::ServerInviteConfirmed
            | State::ServerInviteAccepted
            | State::ServerTrying
            | State::ServerProceeding
            | State::ServerCompleted => return,
        };
        let at = now + tx.interval_ms;
        self.arm_retransmit(id, Some(at));
        self.send_held(id);
    }

    fn expire(&mut self, id: u64) {
        let Some(tx) = self.table.get_mut(&id) else { return };
        tx.expire = Armed::default();
        match tx.state {
            State::Calling | State::ClientInviteProceeding | State::ClientTrying | State::ClientProceeding => {
                self.fail_client(id, false);
            }
            State::ServerInviteCompleted => {
                let token = tx.token;
                self.events.push_back(Event::NotAcknowledged { key: ServerKey(id), token });
                self.remove(id);
            }
            State::ClientInviteCompleted
            | State::ClientInviteAccepted
            | State::ClientCompleted
            | State::ServerInviteProceeding
            | State::ServerInviteConfirmed
            | State::ServerInviteAccepted
            | State::ServerTrying
            | State::ServerProceeding
            | State::ServerCompleted => self.remove(id),
        }
    }
}
