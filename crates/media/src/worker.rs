//! The relay's thread: sockets, epoll and the pace at which it wakes. All judgement is the board's.
//!
//! Most of the cost of a relay below full load is waking up. Under load the thread therefore sleeps for a tick and then
//! serves every socket that became ready meanwhile, one datagram each per pass, so that no socket is asked in vain and
//! a flooded one does not hold up the others. With little to do it blocks instead and wakes per packet, and with no open
//! port it does not wake at all.

use crate::event::{AllocateError, Component, PortId};
use crate::relay::{Shared, State};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Larger than any Ethernet frame's datagram; what fills it is not relayed.
const DATAGRAM_MAX: usize = 2_048;
/// Sockets served in one go with the lock held.
const BATCH: usize = 256;
/// Passes over the ready sockets per tick; what is left after them waits for the next tick.
const PASSES_MAX: usize = 16;
/// How often silence and lost key ends are looked for while ports are open.
const HOUSEKEEPING: Duration = Duration::from_millis(250);
/// Over this time the packet rate is measured that decides between ticking and blocking.
const PACE_WINDOW: Duration = Duration::from_millis(100);
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// Packets per tick from which ticking is cheaper than waking for each: measured, a tick costs as much as waking for one
/// and a half packets.
const START_TICKING_FROM: f64 = 2.0;
const STOP_TICKING_BELOW: f64 = 1.5;
/// The epoll key of the descriptor that wakes the thread; no port's key is this large.
const WAKER_KEY: u64 = u64::MAX;

/// The two sockets of a port.
#[derive(Debug)]
pub(crate) struct Pair {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    is_ipv6: bool,
}

impl Pair {
    /// Binds the even port and its neighbour.
    pub(crate) fn bind(rtp: SocketAddr, dscp: u8) -> io::Result<Pair> {
        let rtcp = SocketAddr::new(rtp.ip(), rtp.port() + 1);
        Ok(Pair { rtp: open_socket(rtp, dscp)?, rtcp: open_socket(rtcp, dscp)?, is_ipv6: rtp.is_ipv6() })
    }

    fn socket(&self, component: Component) -> &UdpSocket {
        match component {
            Component::Rtp => &self.rtp,
            Component::Rtcp => &self.rtcp,
        }
    }

    fn send(&self, component: Component, packet: &[u8], to: SocketAddr) -> io::Result<usize> {
        let to = match to.ip() {
            IpAddr::V4(v4) if self.is_ipv6 => SocketAddr::new(v4.to_ipv6_mapped().into(), to.port()),
            IpAddr::V4(_) | IpAddr::V6(_) => to,
        };
        self.socket(component).send_to(packet, to)
    }
}

fn open_socket(address: SocketAddr, dscp: u8) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    // A mark that cannot be set costs priority on the network, not the call.
    let class = dscp << 2;
    let _unmarked = if address.is_ipv6() {
        rustix::net::sockopt::set_ipv6_tclass(&socket, u32::from(class))
    } else {
        rustix::net::sockopt::set_ip_tos(&socket, class)
    };
    Ok(socket)
}

/// Sorts a failed `socket` or `bind` by what the owner can do about it.
pub(crate) fn allocate_error(error: io::Error) -> AllocateError {
    let code = error.raw_os_error();
    if code == Some(Errno::MFILE.raw_os_error()) || code == Some(Errno::NFILE.raw_os_error()) {
        return AllocateError::OpenFiles;
    }
    AllocateError::Socket(error)
}

/// The owner's end of the thread; dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Thread {
    poller: Arc<Poller>,
    join: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Poller {
    epoll: OwnedFd,
    waker: OwnedFd,
    stop: AtomicBool,
}

impl Thread {
    pub(crate) fn spawn(shared: Arc<Shared>, tick: Duration, wake: Box<dyn Fn() + Send + Sync>) -> io::Result<Thread> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let waker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &waker, EventData::new_u64(WAKER_KEY), EventFlags::IN)?;
        let poller = Arc::new(Poller { epoll, waker, stop: AtomicBool::new(false) });
        let worker = Worker::new(Arc::clone(&poller), shared, tick, wake);
        let join = std::thread::Builder::new().name("media-relay".into()).spawn(move || worker.run())?;
        Ok(Thread { poller, join: Some(join) })
    }

    /// Has the thread serve the sockets of a port.
    pub(crate) fn watch(&self, state: &State, id: PortId) -> io::Result<()> {
        let Some(pair) = state.pair(id) else { return Ok(()) };
        for component in [Component::Rtp, Component::Rtcp] {
            let key = EventData::new_u64(key_of(id, component));
            epoll::add(&self.poller.epoll, pair.socket(component), key, EventFlags::IN)?;
        }
        Ok(())
    }

    /// Ends a blocking wait.
    pub(crate) fn wake(&self) {
        // Fails only when the counter is full, and then the thread is being woken already.
        let _full = rustix::io::write(&self.poller.waker, &1_u64.to_ne_bytes());
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.poller.stop.store(true, Ordering::Release);
        self.wake();
        let Some(join) = self.join.take() else { return };
        if join.thread().id() != std::thread::current().id() {
            let _panicked = join.join();
        }
    }
}

fn key_of(id: PortId, component: Component) -> u64 {
    let index = (id.index() as u64) << 1;
    u64::from(id.generation()) << 32 | index | u64::from(component == Component::Rtcp)
}

fn port_of(key: u64) -> (PortId, Component) {
    let index = (key as u32) >> 1;
    let component = if key & 1 == 0 { Component::Rtp } else { Component::Rtcp };
    (PortId::new(index, (key >> 32) as u32), component)
}

/// Whether to wake per tick or per packet.
#[derive(Debug)]
struct Pace {
    tick: Duration,
    ticking: bool,
    window_from: Instant,
    packets: u32,
}

impl Pace {
    fn count(&mut self, packets: usize, now: Instant) {
        self.packets = self.packets.saturating_add(packets as u32);
        let window = now.duration_since(self.window_from);
        if window < PACE_WINDOW {
            return;
        }
        let ticks = window.as_secs_f64() / self.tick.as_secs_f64().max(1e-6);
        let per_tick = f64::from(self.packets) / ticks;
        self.ticking = per_tick >= if self.ticking { STOP_TICKING_BELOW } else { START_TICKING_FROM };
        self.window_from = now;
        self.packets = 0;
    }
}

struct Worker {
    poller: Arc<Poller>,
    shared: Arc<Shared>,
    wake: Box<dyn Fn() + Send + Sync>,
    pace: Pace,
    housekeeping_at: Instant,
    ports_open: bool,
    buffer: [u8; DATAGRAM_MAX],
}

impl Worker {
    fn new(poller: Arc<Poller>, shared: Arc<Shared>, tick: Duration, wake: Box<dyn Fn() + Send + Sync>) -> Worker {
        let now = Instant::now();
        let pace = Pace { tick, ticking: false, window_from: now, packets: 0 };
        Worker { poller, shared, wake, pace, housekeeping_at: now, ports_open: false, buffer: [0; DATAGRAM_MAX] }
    }

    fn run(mut self) {
        let mut ready = Vec::with_capacity(BATCH);
        let mut now = Instant::now();
        while !self.poller.stop.load(Ordering::Acquire) {
            let timeout = self.rest(now);
            self.wait(&mut ready, timeout);
            now = Instant::now();
            let mut packets = ready.len();
            self.serve(&ready, now);
            let passes = if self.pace.ticking && packets > 0 { PASSES_MAX } else { 0 };
            for _ in 0..passes {
                self.wait(&mut ready, Some(AT_ONCE));
                if ready.is_empty() {
                    break;
                }
                packets += ready.len();
                self.serve(&ready, now);
            }
            self.pace.count(packets, now);
        }
    }

    fn wait(&self, ready: &mut Vec<epoll::Event>, timeout: Option<Timespec>) {
        ready.clear();
        let waited = epoll::wait(&self.poller.epoll, rustix::buffer::spare_capacity(ready), timeout.as_ref());
        debug_assert!(matches!(waited, Ok(_) | Err(Errno::INTR)), "epoll on our own descriptors: {waited:?}");
    }

    /// Sleeps for what is left of the tick, or gives how long to block for the next packet.
    fn rest(&self, served_at: Instant) -> Option<Timespec> {
        if self.pace.ticking {
            std::thread::sleep(self.pace.tick.saturating_sub(served_at.elapsed()));
            return Some(AT_ONCE);
        }
        if !self.ports_open {
            return None;
        }
        let left = self.housekeeping_at.saturating_duration_since(Instant::now());
        Some(Timespec::try_from(left).unwrap_or(AT_ONCE))
    }

    /// Serves each ready socket once and does the housekeeping that is due.
    fn serve(&mut self, ready: &[epoll::Event], now: Instant) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let now_ms = shared.now_ms(&state);
        for event in ready {
            match event.data.u64() {
                WAKER_KEY => self.drain_waker(),
                key => self.relay_one(&mut state, key, now_ms),
            }
        }
        if now >= self.housekeeping_at {
            state.board.handle_timeout(now_ms);
            self.housekeeping_at = now + HOUSEKEEPING;
        }
        self.ports_open = state.board.ports_in_use() > 0;
        let announce = state.board.take_announcement();
        drop(state);
        if announce {
            (self.wake)();
        }
    }

    fn relay_one(&mut self, state: &mut State, key: u64, now_ms: u64) {
        let (id, component) = port_of(key);
        // A port released between the wait and now is gone; so is a datagram with a bad checksum.
        let Some(pair) = state.pair(id) else { return };
        let Ok((len, source)) = pair.socket(component).recv_from(&mut self.buffer) else { return };
        if len == DATAGRAM_MAX {
            state.board.count_oversized(id);
            return;
        }
        let source = SocketAddr::new(source.ip().to_canonical(), source.port());
        let packet = &mut self.buffer[..len];
        let Some(delivery) = state.board.handle_datagram(id, component, source, packet, now_ms) else { return };
        let sent =
            state.pair(delivery.from).is_some_and(|out| out.send(delivery.component, packet, delivery.to).is_ok());
        if !sent {
            state.board.count_send_failure(delivery.from);
        }
    }

    fn drain_waker(&self) {
        let _count = rustix::io::read(&self.poller.waker, &mut [0_u8; 8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_port_and_component() {
        for component in [Component::Rtp, Component::Rtcp] {
            let id = PortId::new(123_456, u32::MAX);
            assert_eq!(port_of(key_of(id, component)), (id, component));
        }
    }

    #[test]
    fn the_pace_follows_the_load() {
        let from = Instant::now();
        let mut pace = Pace { tick: Duration::from_millis(1), ticking: false, window_from: from, packets: 0 };
        pace.count(199, from + PACE_WINDOW);
        assert!(!pace.ticking, "less than two packets per tick");
        pace.count(200, from + 2 * PACE_WINDOW);
        assert!(pace.ticking);
        pace.count(160, from + 3 * PACE_WINDOW);
        assert!(pace.ticking, "it does not flap");
        pace.count(149, from + 4 * PACE_WINDOW);
        assert!(!pace.ticking);
    }
}
