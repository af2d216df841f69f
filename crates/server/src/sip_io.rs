//! SIP sockets: datagrams and streams on the exchange's own thread.
//!
//! Reading never waits for writing. Datagrams are read and written by the driver itself, without a task between; each stream has a
//! task that reads and one that writes, joined to the driver by bounded queues. A peer that does not take its octets is cut off.

use anyhow::Context;
use bytes::Bytes;
use sip::transport::{Flow, Frame, Framer, PONG, Transmit, Transport};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket as StdUdpSocket};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;

/// Datagrams that are read before anything else has its turn.
const DATAGRAMS_PER_TURN_MAX: usize = 256;
/// The longest datagram.
const DATAGRAM_LEN_MAX: usize = 65_535;
/// Kernel buffer of a datagram socket, in octets: bursts of many phones must not be lost.
const SOCKET_BUFFER_LEN: usize = 4 << 20;
/// Messages of all streams that may wait for the driver.
const STREAM_QUEUE_MAX: usize = 1_024;
/// Messages that may wait for one stream to be written.
const WRITE_QUEUE_MAX: usize = 256;
/// A stream that takes no octet for so long is cut off.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// A stream on which nothing came for so long is closed; phones ping far more often.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Octets read from a stream at a time.
const READ_LEN: usize = 4_096;

/// What came over a stream.
enum FromStream {
    Message { flow: Flow, octets: Bytes },
    Ended { connection: u64 },
}

/// What the sockets tell.
pub enum Heard<'a> {
    /// A message.
    Message(&'a Flow, &'a [u8]),
    /// A connection ended.
    Ended(u64),
}

struct Datagrams {
    socket: UdpSocket,
    local: SocketAddr,
}

struct Stream {
    write: mpsc::Sender<Bytes>,
    remote: IpAddr,
}

/// Bounds on streams.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// Streams at a time.
    pub total: usize,
    /// Streams of one address at a time.
    pub per_source: usize,
}

/// Bound and not yet served.
pub struct SipSockets {
    udp: Vec<StdUdpSocket>,
    tcp: Vec<std::net::TcpListener>,
}

impl SipSockets {
    /// Binds what the configuration names; `advice` turns a failure into words.
    ///
    /// # Errors
    ///
    /// When an address cannot be bound.
    pub fn bind(
        udp: &[SocketAddr],
        tcp: &[SocketAddr],
        advice: impl Fn(&str, SocketAddr, &std::io::Error) -> String,
    ) -> anyhow::Result<Self> {
        let mut sockets = Self { udp: Vec::new(), tcp: Vec::new() };
        for address in udp {
            let socket =
                StdUdpSocket::bind(address).map_err(|error| anyhow::anyhow!(advice("sip_udp", *address, &error)))?;
            socket.set_nonblocking(true)?;
            // The system may grant less; then bursts are lost earlier, and repeated.
            let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BUFFER_LEN);
            let _ = rustix::net::sockopt::set_socket_send_buffer_size(&socket, SOCKET_BUFFER_LEN);
            sockets.udp.push(socket);
        }
        for address in tcp {
            // Where datagrams got a port of the system's choice, streams get the same: a phone expects one port.
            let wanted = match (address.port(), sockets.udp.iter().find_map(|socket| socket.local_addr().ok())) {
                (0, Some(udp)) if udp.ip() == address.ip() => SocketAddr::new(address.ip(), udp.port()),
                _ => *address,
            };
            let listener = std::net::TcpListener::bind(wanted)
                .or_else(|_| std::net::TcpListener::bind(address))
                .map_err(|error| anyhow::anyhow!(advice("sip_tcp", *address, &error)))?;
            listener.set_nonblocking(true)?;
            sockets.tcp.push(listener);
        }
        Ok(sockets)
    }

    /// Every bound address by its key in `listen.json`.
    #[must_use]
    pub fn bound(&self) -> Vec<(&'static str, SocketAddr)> {
        let udp = self.udp.iter().filter_map(|socket| Some(("sip_udp", socket.local_addr().ok()?)));
        let tcp = self.tcp.iter().filter_map(|socket| Some(("sip_tcp", socket.local_addr().ok()?)));
        udp.chain(tcp).collect()
    }
}

/// The sockets, on a runtime.
pub struct SipIo {
    udp: Vec<Datagrams>,
    tcp: Vec<TcpListener>,
    streams: BTreeMap<u64, Stream>,
    limits: StreamLimits,
    last_connection: u64,
    tell: mpsc::Sender<FromStream>,
    told: mpsc::Receiver<FromStream>,
    /// What was taken from the queue while waiting.
    first: Option<FromStream>,
    /// Our address towards a peer, where the listener stands on all addresses.
    locals: BTreeMap<IpAddr, IpAddr>,
    buffer: Vec<u8>,
    /// Datagrams that the system did not take.
    pub unsent: u64,
}

/// Peers whose route is remembered.
const LOCALS_MAX: usize = 4_096;

impl SipIo {
    /// Puts bound sockets on the present runtime.
    ///
    /// # Errors
    ///
    /// When the runtime refuses a socket.
    pub fn start(sockets: SipSockets, limits: StreamLimits) -> anyhow::Result<Self> {
        let mut udp = Vec::new();
        for socket in sockets.udp {
            let local = socket.local_addr().context("a datagram socket")?;
            udp.push(Datagrams { socket: UdpSocket::from_std(socket).context("a datagram socket")?, local });
        }
        let tcp = sockets.tcp.into_iter().map(TcpListener::from_std).collect::<Result<Vec<_>, _>>()?;
        let (tell, told) = mpsc::channel(STREAM_QUEUE_MAX);
        let buffer = vec![0; DATAGRAM_LEN_MAX];
        let streams = BTreeMap::new();
        Ok(Self {
            udp,
            tcp,
            streams,
            limits,
            last_connection: 0,
            tell,
            told,
            first: None,
            locals: BTreeMap::new(),
            buffer,
            unsent: 0,
        })
    }

    /// Our address for a peer that was reached in a former life: that of the first datagram socket of its family.
    #[must_use]
    pub fn local_towards(&mut self, remote: SocketAddr) -> Option<SocketAddr> {
        let index = self.udp.iter().position(|socket| socket.local.is_ipv4() == remote.is_ipv4())?;
        let local = self.udp[index].local;
        Some(self.local_of(local, remote))
    }

    /// Waits until something may be there to be read.
    pub async fn ready(&mut self) {
        let udp = &self.udp;
        let tcp = &self.tcp;
        let told = &mut self.told;
        let first = &mut self.first;
        let mut accepted = None;
        std::future::poll_fn(|cx| {
            for socket in udp {
                if socket.socket.poll_recv_ready(cx).is_ready() {
                    return std::task::Poll::Ready(());
                }
            }
            for listener in tcp {
                if let std::task::Poll::Ready(stream) = listener.poll_accept(cx) {
                    accepted = Some(stream);
                    return std::task::Poll::Ready(());
                }
            }
            told.poll_recv(cx).map(|message| *first = message)
        })
        .await;
        if let Some(Ok((stream, remote))) = accepted {
            self.accepted(stream, remote);
        }
    }

    /// Reads what is there, up to a bound, and hands each message to `hear`.
    pub fn read(&mut self, mut hear: impl FnMut(Heard<'_>)) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for index in 0..self.udp.len() {
            for _ in 0..DATAGRAMS_PER_TURN_MAX {
                match self.udp[index].socket.try_recv_from(&mut buffer) {
                    Ok((length, remote)) => {
                        let local = self.local_of(self.udp[index].local, remote);
                        let flow = Flow { transport: Transport::Udp, local, remote, connection: 0 };
                        hear(Heard::Message(&flow, &buffer[..length]));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // An ICMP error of an earlier datagram; its transaction will time out.
                    Err(_) => {}
                }
            }
        }
        self.buffer = buffer;
        for _ in 0..STREAM_QUEUE_MAX {
            match self.first.take().or_else(|| self.told.try_recv().ok()) {
                Some(FromStream::Message { flow, octets }) => hear(Heard::Message(&flow, &octets)),
                Some(FromStream::Ended { connection }) => {
                    self.streams.remove(&connection);
                    hear(Heard::Ended(connection));
                }
                None => break,
            }
        }
    }

    /// Sends octets. False: the path is gone.
    pub fn send(&mut self, transmit: &Transmit) -> bool {
        let flow = &transmit.flow;
        match flow.transport {
            Transport::Udp => {
                let port = flow.local.port();
                let of_flow = |it: &&Datagrams| it.local.port() == port && it.local.is_ipv4() == flow.remote.is_ipv4();
                let Some(it) = self.udp.iter().find(of_flow) else { return false };
                match it.socket.try_send_to(&transmit.bytes, flow.remote) {
                    Ok(_) => true,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        // Lost like any datagram; the transaction repeats it.
                        self.unsent += 1;
                        true
                    }
                    Err(_) => false,
                }
            }
            Transport::Tcp => {
                let Some(stream) = self.streams.get(&flow.connection) else { return false };
                let taken = stream.write.try_send(transmit.bytes.clone()).is_ok();
                if !taken {
                    // It does not read: its writer ends when the queue is dropped, and tells.
                    self.streams.remove(&flow.connection);
                }
                taken
            }
            Transport::Tls | Transport::Ws | Transport::Wss => false,
        }
    }

    fn accepted(&mut self, stream: TcpStream, remote: SocketAddr) {
        let of_source = self.streams.values().filter(|stream| stream.remote == remote.ip()).count();
        if self.streams.len() >= self.limits.total || of_source >= self.limits.per_source {
            tracing::info!(%remote, "too many streams; this one is closed");
            return;
        }
        let Ok(local) = stream.local_addr() else { return };
        // Small messages must not wait for company.
        let _ = stream.set_nodelay(true);
        self.last_connection += 1;
        let connection = self.last_connection;
        let flow = Flow { transport: Transport::Tcp, local, remote, connection };
        let (read, write) = stream.into_split();
        let (queue, queued) = mpsc::channel(WRITE_QUEUE_MAX);
        self.streams.insert(connection, Stream { write: queue.clone(), remote: remote.ip() });
        tokio::spawn(read_stream(read, flow, self.tell.clone(), queue));
        tokio::spawn(write_stream(write, queued));
    }

    fn local_of(&mut self, local: SocketAddr, remote: SocketAddr) -> SocketAddr {
        if !local.ip().is_unspecified() {
            return local;
        }
        if self.locals.len() > LOCALS_MAX {
            self.locals.clear();
        }
        let ip = *self.locals.entry(remote.ip()).or_insert_with(|| route_to(local, remote).unwrap_or(local.ip()));
        SocketAddr::new(ip, local.port())
    }
}

/// The address the system would send from.
fn route_to(local: SocketAddr, remote: SocketAddr) -> Option<IpAddr> {
    let socket = StdUdpSocket::bind(SocketAddr::new(local.ip(), 0)).ok()?;
    socket.connect(remote).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

async fn read_stream(mut read: OwnedReadHalf, flow: Flow, tell: mpsc::Sender<FromStream>, pongs: mpsc::Sender<Bytes>) {
    let mut framer = Framer::new();
    let mut buffer = vec![0; READ_LEN];
    'reading: loop {
        let length = match tokio::time::timeout(IDLE_TIMEOUT, read.read(&mut buffer)).await {
            Ok(Ok(length)) if length > 0 => length,
            Ok(_) | Err(_) => break,
        };
        framer.push(&buffer[..length]);
        while let Some(frame) = framer.next() {
            let told = match frame {
                Ok(Frame::Message(octets)) => tell.send(FromStream::Message { flow, octets }).await.is_ok(),
                Ok(Frame::Ping) => pongs.try_send(Bytes::from_static(PONG)).is_ok(),
                Err(error) => {
                    tracing::info!(remote = %flow.remote, %error, "a stream cannot be read on");
                    false
                }
            };
            if !told {
                break 'reading;
            }
        }
    }
    // The driver may have ended.
    let _ = tell.send(FromStream::Ended { connection: flow.connection }).await;
}

async fn write_stream(mut write: OwnedWriteHalf, mut queued: mpsc::Receiver<Bytes>) {
    while let Some(octets) = queued.recv().await {
        match tokio::time::timeout(WRITE_TIMEOUT, write.write_all(&octets)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
    // Closing our half ends the reading task of a peer that is still there.
    let _ = write.shutdown().await;
}
