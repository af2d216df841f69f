//! Event sockets on TCP 5050 (FUS-EVT-01, FUS-EVT-05, FUS-LIM-08).
//!
//! A socket gets every frame from the moment it connected; nothing is replayed and nothing is read from it but its end. One
//! that does not take its frames is closed; it never slows the exchange.

use super::Door;
use super::stream::{Listening, Reader, Stream};
use crate::common::clock::Clock;
use crate::common::pace;
use rustix::net::{SocketFlags, sockopt};
use std::net::SocketAddr;
use std::time::Duration;
use switching::time::Time;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Sockets at a time; one more is accepted and closed at once.
pub const SOCKETS_MAX: usize = 100;
/// Octets of frames that a socket may leave unread.
pub const UNSENT_MAX: u64 = 1_048_576;
/// How long a socket may take nothing while there is something for it, in milliseconds.
pub const BLOCKED_MS_MAX: u64 = 10_000;
/// Silence after which the operating system probes whether the client is still there.
const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(60);
/// Frames that are written at once.
const BATCH_MAX: usize = 256;
/// Pause after the operating system refused a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves event sockets until it is dropped; dropping closes them all. From this call on, before it is first polled, the event
/// service counts as running.
pub fn serve_events(listener: TcpListener, door: Door) -> impl Future<Output = ()> + Send + 'static {
    let listening = door.stream.listening();
    serve(listener, door, listening)
}

async fn serve(listener: TcpListener, door: Door, mut listening: Listening) {
    let mut sockets = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, client)) => {
                    while sockets.try_join_next().is_some() {}
                    welcome(&mut sockets, socket, client, &door);
                }
                Err(error) => {
                    tracing::warn!(dialect = "fusion", %error, "event socket not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(tell) = listening.asked.recv() => {
                take_in(&mut sockets, &listener, &door);
                // The request that asked may be gone.
                let _ = tell.send(());
            }
            Some(_) = sockets.join_next() => {}
        }
    }
}

/// Accepts all who have connected, also those of whom the runtime has not been told yet.
fn take_in(sockets: &mut JoinSet<()>, listener: &TcpListener, door: &Door) {
    while sockets.try_join_next().is_some() {}
    while let Ok(socket) = rustix::net::accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
        let socket = std::net::TcpStream::from(socket);
        let client = socket.peer_addr();
        if let (Ok(client), Ok(socket)) = (client, TcpStream::from_std(socket)) {
            welcome(sockets, socket, client, door);
        }
    }
}

fn welcome(sockets: &mut JoinSet<()>, socket: TcpStream, client: SocketAddr, door: &Door) {
    if !door.config.admits(client.ip()) {
        tracing::warn!(dialect = "fusion", %client, "event socket refused: address not allowed");
        return;
    }
    if sockets.len() >= SOCKETS_MAX {
        tracing::warn!(dialect = "fusion", %client, "event socket refused: {SOCKETS_MAX} are connected");
        return;
    }
    let probes = socket.set_nodelay(true).and_then(|()| {
        sockopt::set_socket_keepalive(&socket, true)?;
        Ok(sockopt::set_tcp_keepidle(&socket, KEEP_ALIVE_IDLE)?)
    });
    if let Err(error) = probes {
        tracing::debug!(dialect = "fusion", %client, %error, "event socket without keep-alive");
    }
    let session = Session::new(socket, door);
    sockets.spawn(async move {
        let why = session.run().await;
        tracing::debug!(dialect = "fusion", %client, ?why, "event socket closed");
    });
}

/// Why a socket was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// The client closed it, or its sending half.
    ByClient,
    /// It took nothing for [`BLOCKED_MS_MAX`] or left [`UNSENT_MAX`] unread.
    TooSlow,
    /// The connection broke.
    Broken,
}

struct Session {
    reads: OwnedReadHalf,
    writes: OwnedWriteHalf,
    stream: Stream,
    /// Keeps the frames.
    reader: Reader,
    clock: Clock,
    position: u64,
    /// Octets of the stream that are behind this socket.
    sent: u64,
}

impl Session {
    fn new(socket: TcpStream, door: &Door) -> Self {
        let reader = door.stream.reader();
        door.exchange.bring_up();
        let (position, sent) = door.stream.head();
        let (reads, writes) = socket.into_split();
        let (stream, clock) = (door.stream.clone(), door.exchange.clock().clone());
        Self { reads, writes, stream, reader, clock, position, sent }
    }

    async fn run(self) -> Closed {
        let Self { reads, writes, stream, reader: _kept, clock, position, sent } = self;
        tokio::select! {
            why = ends(reads) => why,
            why = feed(writes, &stream, &clock, position, sent) => why,
        }
    }
}

/// Reads and forgets what the client sends until it ends.
async fn ends(mut reads: OwnedReadHalf) -> Closed {
    let mut ignored = [0; 1_024];
    loop {
        match reads.read(&mut ignored).await {
            Ok(0) => return Closed::ByClient,
            Ok(_) => {}
            Err(_) => return Closed::Broken,
        }
    }
}

/// Writes frames from `position` on, `sent` octets of the stream being behind the socket, until it is too slow or broken.
pub(super) async fn feed(
    mut writes: impl AsyncWrite + Unpin,
    stream: &Stream,
    clock: &Clock,
    mut position: u64,
    mut sent: u64,
) -> Closed {
    loop {
        stream.wait_for(position).await;
        let Ok(frames) = stream.read(position, BATCH_MAX) else { return Closed::TooSlow };
        let mut batch = Vec::with_capacity(frames.iter().map(|frame| frame.bytes.len()).sum());
        frames.iter().for_each(|frame| batch.extend_from_slice(&frame.bytes));
        position += frames.len() as u64;
        if let Err(why) = write_all(&mut writes, &batch, stream, clock, &mut sent).await {
            return why;
        }
        sent = frames.last().map_or(sent, |frame| frame.ends);
        pace::rest_after(frames.len(), BATCH_MAX).await;
    }
}

/// Writes a batch unless the socket falls too far behind.
async fn write_all(
    writes: &mut (impl AsyncWrite + Unpin),
    mut batch: &[u8],
    stream: &Stream,
    clock: &Clock,
    sent: &mut u64,
) -> Result<(), Closed> {
    let mut deadline: Time = clock.now().after_ms(BLOCKED_MS_MAX);
    while !batch.is_empty() {
        let (head, octets) = stream.head();
        if octets.saturating_sub(*sent) > UNSENT_MAX {
            return Err(Closed::TooSlow);
        }
        tokio::select! {
            biased;
            written = writes.write(batch) => match written {
                Ok(0) | Err(_) => return Err(Closed::Broken),
                Ok(taken) => {
                    batch = &batch[taken..];
                    *sent += taken as u64;
                    deadline = clock.now().after_ms(BLOCKED_MS_MAX);
                }
            },
            () = stream.wait_for(head) => {}
            () = clock.sleep_until(deadline) => return Err(Closed::TooSlow),
        }
    }
    Ok(())
}
