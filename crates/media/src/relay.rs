//! The handle: what the rest of the exchange calls to have media relayed. All calls are short, never wait for packets,
//! and may come from any thread.
//!
//! **After [`Relay::release`] or [`Relay::unbridge`] returns, no further packet of that port is forwarded**: calls and
//! packets take the same lock. The sockets are served by one thread of their own (see `worker`); a relay from
//! [`Relay::virtual_ports`] has neither thread nor sockets and is for tests.

use crate::board::{Board, Delivery};
use crate::event::{AllocateError, Component, Event, Port, PortId, Stats, UnknownPort};
use crate::pool::PortPool;
use crate::worker::{Pair, Thread, allocate_error};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Settings of a relay.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// UDP ports; even numbers carry RTP, the odd ones after them RTCP.
    pub ports: RangeInclusive<u16>,
    /// Under load the relay wakes this often and forwards all that came. Longer saves wake-ups and adds delay.
    pub tick: Duration,
    /// How long a released port pair stays unused.
    pub quarantine: Duration,
    /// How long a source other than the SDP's must keep sending, while that is silent, before it is believed.
    pub learning_window: Duration,
    /// After this long without RTP and RTCP a port is reported silent.
    pub silence_limit: Duration,
    /// The differentiated-services code point of sent packets: 46 is expedited forwarding (RFC 4594 4.1).
    pub dscp: u8,
}

impl Default for RelayConfig {
    fn default() -> RelayConfig {
        RelayConfig {
            ports: 10_000..=19_999,
            tick: Duration::from_millis(1),
            quarantine: Duration::from_secs(5),
            learning_window: Duration::from_millis(200),
            silence_limit: Duration::from_secs(60),
            dscp: 46,
        }
    }
}

/// The relay. Clones are handles to the same one; with the last handle its thread and sockets go.
#[derive(Clone, Debug)]
pub struct Relay {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    /// `None` for virtual ports.
    thread: Option<Thread>,
    dscp: u8,
    pairs_total: usize,
}

/// What handles and thread have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    clock: Clock,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) board: Board,
    pool: PortPool,
    /// By index of the port id.
    opened: Vec<Option<Opened>>,
    virtual_now_ms: u64,
}

/// The number of an allocated port, and its sockets unless it is virtual.
#[derive(Debug)]
struct Opened {
    id: PortId,
    number: u16,
    pair: Option<Pair>,
}

impl State {
    /// The sockets of a port; `None` for a released or virtual one.
    pub(crate) fn pair(&self, id: PortId) -> Option<&Pair> {
        let opened = self.opened.get(id.index())?.as_ref()?;
        if opened.id == id { opened.pair.as_ref() } else { None }
    }

    fn insert(&mut self, number: u16, pair: Option<Pair>) -> PortId {
        let id = self.board.insert();
        if self.opened.len() <= id.index() {
            self.opened.resize_with(id.index() + 1, || None);
        }
        self.opened[id.index()] = Some(Opened { id, number, pair });
        id
    }
}

#[derive(Debug)]
enum Clock {
    Real(Instant),
    Virtual,
}

impl Shared {
    fn new(config: &RelayConfig, clock: Clock) -> Shared {
        let state = State {
            board: Board::new(config.learning_window.as_millis() as u64, config.silence_limit.as_millis() as u64),
            pool: PortPool::new(&config.ports, config.quarantine.as_millis() as u64),
            opened: Vec::new(),
            virtual_now_ms: 0,
        };
        Shared { state: Mutex::new(state), clock }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now_ms(&self, state: &State) -> u64 {
        match self.clock {
            Clock::Real(epoch) => epoch.elapsed().as_millis() as u64,
            Clock::Virtual => state.virtual_now_ms,
        }
    }
}

impl Relay {
    /// Starts the relay's thread. `wake` is called on that thread when events wait for [`Relay::poll_event`]; it must
    /// not block and must hold no clone of this handle, else the relay never ends.
    pub fn start(config: RelayConfig, wake: Box<dyn Fn() + Send + Sync>) -> io::Result<Relay> {
        let shared = Arc::new(Shared::new(&config, Clock::Real(Instant::now())));
        let thread = Thread::spawn(Arc::clone(&shared), config.tick, wake)?;
        Ok(Relay::of(&config, shared, Some(thread)))
    }

    /// A relay without thread and sockets: ports come in a fixed order, packets from [`Relay::deliver`], time from
    /// [`Relay::advance`].
    pub fn virtual_ports(config: &RelayConfig) -> Relay {
        Relay::of(config, Arc::new(Shared::new(config, Clock::Virtual)), None)
    }

    fn of(config: &RelayConfig, shared: Arc<Shared>, thread: Option<Thread>) -> Relay {
        let pairs_total = config.ports.clone().count() / 2;
        Relay { inner: Arc::new(Inner { shared, thread, dscp: config.dscp, pairs_total }) }
    }

    /// Opens a port pair on one of our addresses. A pair held by another program is skipped.
    pub fn allocate(&self, local_ip: IpAddr) -> Result<Port, AllocateError> {
        for _ in 0..=self.inner.pairs_total {
            let number = {
                let mut state = self.lock();
                let now_ms = self.now_ms(&state);
                state.pool.take(now_ms).ok_or(AllocateError::PortsExhausted)?
            };
            let rtp = SocketAddr::new(local_ip, number);
            let Some(thread) = &self.inner.thread else {
                return Ok(Port { id: self.lock().insert(number, None), rtp });
            };
            match Pair::bind(rtp, self.inner.dscp) {
                Ok(pair) => return self.open(thread, pair, rtp),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => self.rest(number),
                Err(error) => {
                    self.lock().pool.untake(number);
                    return Err(allocate_error(error));
                }
            }
        }
        Err(AllocateError::PortsExhausted)
    }

    fn open(&self, thread: &Thread, pair: Pair, rtp: SocketAddr) -> Result<Port, AllocateError> {
        let mut state = self.lock();
        let id = state.insert(rtp.port(), Some(pair));
        if let Err(error) = thread.watch(&state, id) {
            drop(state);
            self.release(id).map_err(|_| AllocateError::PortsExhausted)?;
            return Err(allocate_error(error));
        }
        drop(state);
        thread.wake();
        Ok(Port { id, rtp })
    }

    /// Closes the pair and gives its last counters. Its number rests before it is used again.
    pub fn release(&self, port: PortId) -> Result<Stats, UnknownPort> {
        let mut state = self.lock();
        let now_ms = self.now_ms(&state);
        let stats = state.board.remove(port, now_ms)?;
        let closing = state.opened.get_mut(port.index()).and_then(Option::take);
        if let Some(opened) = &closing {
            state.pool.rest(opened.number, now_ms);
        }
        drop(state); // closing sockets takes a while, and nobody needs to wait for it
        drop(closing);
        Ok(stats)
    }

    /// Says where the peer listens, from its SDP. Without `rtcp` the next port number is meant. Each call allows the
    /// peer to be learned anew; the same addresses again keep a learned source in use meanwhile.
    pub fn set_remote(&self, port: PortId, rtp: SocketAddr, rtcp: Option<SocketAddr>) -> Result<(), UnknownPort> {
        let mut state = self.lock();
        let now_ms = self.now_ms(&state);
        state.board.set_remote(port, rtp, rtcp, now_ms)
    }

    /// Names the address the peer's signalling comes from: media from there is believed without the learning window.
    pub fn expect_source(&self, port: PortId, ip: Option<IpAddr>) -> Result<(), UnknownPort> {
        self.lock().board.expect_source(port, ip)
    }

    /// Joins two ports, both directions. Earlier bridges of either end.
    pub fn bridge(&self, a: PortId, b: PortId) -> Result<(), UnknownPort> {
        self.lock().board.bridge(a, b)
    }

    /// Parts a port from its partner. Digits and silence of both are still noticed.
    pub fn unbridge(&self, port: PortId) -> Result<(), UnknownPort> {
        self.lock().board.unbridge(port)
    }

    /// The port this one is bridged to.
    pub fn partner(&self, port: PortId) -> Option<PortId> {
        self.lock().board.partner(port)
    }

    /// Packets that come to `port` with payload type `from` go on with `to`.
    pub fn map_payload(&self, port: PortId, from: u8, to: u8) -> Result<(), UnknownPort> {
        self.lock().board.map_payload(port, from, to)
    }

    /// Ends all payload rewriting of a port.
    pub fn clear_payload_map(&self, port: PortId) -> Result<(), UnknownPort> {
        self.lock().board.clear_payload_map(port)
    }

    /// Says which payload type of the peer means telephone events; without it no digits are reported.
    pub fn set_telephone_event(&self, port: PortId, payload_type: Option<u8>) -> Result<(), UnknownPort> {
        self.lock().board.set_telephone_event(port, payload_type)
    }

    /// Sets the RTP clock rate of the peer's codec, for jitter and digit durations. 8,000 Hz unless set.
    pub fn set_clock(&self, port: PortId, clock_hz: u32) -> Result<(), UnknownPort> {
        self.lock().board.set_clock(port, clock_hz)
    }

    /// Stops or resumes the forwarding of RTP that comes to `port`; RTCP passes, digits are still reported.
    pub fn mute(&self, port: PortId, muted: bool) -> Result<(), UnknownPort> {
        self.lock().board.mute(port, muted)
    }

    /// The counters of a port.
    pub fn stats(&self, port: PortId) -> Result<Stats, UnknownPort> {
        let state = self.lock();
        let now_ms = self.now_ms(&state);
        state.board.stats(port, now_ms)
    }

    /// The next event, oldest first.
    pub fn poll_event(&self) -> Option<Event> {
        self.lock().board.poll_event()
    }

    /// Events lost because the owner fetched too few; 0 in health.
    pub fn events_dropped(&self) -> u64 {
        self.lock().board.events_dropped()
    }

    /// Port pairs that are open now.
    pub fn ports_in_use(&self) -> usize {
        self.lock().board.ports_in_use()
    }

    /// Hands a datagram to a port as if it had come from the network, and tells where it would go. The relay's own
    /// thread does the same with sockets; on a relay with sockets nothing is sent.
    pub fn deliver(
        &self,
        port: PortId,
        component: Component,
        source: SocketAddr,
        packet: &mut [u8],
    ) -> Option<Delivery> {
        let mut state = self.lock();
        let now_ms = self.now_ms(&state);
        state.board.handle_datagram(port, component, source, packet, now_ms)
    }

    /// Moves the clock of a virtual relay forward and notices silence. A real relay keeps its own time.
    pub fn advance(&self, by: Duration) {
        let mut state = self.lock();
        state.virtual_now_ms += by.as_millis() as u64;
        let now_ms = self.now_ms(&state);
        state.board.handle_timeout(now_ms);
    }

    fn rest(&self, number: u16) {
        let mut state = self.lock();
        let now_ms = self.now_ms(&state);
        state.pool.rest(number, now_ms);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.shared.lock()
    }

    fn now_ms(&self, state: &State) -> u64 {
        self.inner.shared.now_ms(state)
    }
}
