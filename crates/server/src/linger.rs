//! A close that does not take the last answer away.
//!
//! A socket that is closed over octets that nobody has read is reset, and a client that is still sending then loses the answer that
//! says why (RFC 9112, section 9.6). So the sending side is closed first, and what the client still sends is read and dropped, for a
//! bounded time and a bounded number of octets, below TLS: nothing is deciphered any more. The connection counts meanwhile. A client
//! that takes none of the answer is not waited for ([`crate::patience`]): its connection is reset, and nothing is kept for it.

use crate::patience::Patience;
use dialects::common::clock::Clock;
use dialects::common::farewell::{LINGER, LINGER_LEN_MAX};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Octets that are read and dropped at a time.
const PIECE: usize = 16_384;

/// A connection that lingers when it is shut down.
pub struct Lingering {
    socket: TcpStream,
    handed_over: HandedOver,
    patience: Patience,
    until: Option<Pin<Box<Sleep>>>,
    within: Duration,
    left: usize,
}

/// Whether the connection belongs to another protocol by now, which has a patience and a farewell of its own: then nothing of this
/// holds.
#[derive(Clone, Default)]
pub struct HandedOver(Arc<AtomicBool>);

impl HandedOver {
    /// It does from now on.
    pub fn note(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_noted(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Lingering {
    /// A connection that lingers, unless it was handed over.
    pub fn new(socket: TcpStream, clock: Clock, handed_over: HandedOver) -> Self {
        let patience = Patience::new(clock);
        Self { socket, handed_over, patience, until: None, within: LINGER, left: LINGER_LEN_MAX }
    }

    /// What came of a write, unless the client has taken nothing for too long.
    fn patiently(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if self.handed_over.is_noted() {
            return written;
        }
        let waited = self.patience.wait(cx, written);
        if matches!(&waited, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut) {
            // Without it the operating system would keep what nobody takes.
            let _ = self.socket.set_zero_linger();
        }
        waited
    }

    /// Ready when the client has closed its side too, or has had its time or its octets.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let within = self.within;
        let until = self.until.get_or_insert_with(|| Box::pin(sleep(within)));
        if until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut ignored = [MaybeUninit::uninit(); PIECE];
        loop {
            let mut piece = ReadBuf::uninit(&mut ignored);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut piece));
            self.left = self.left.saturating_sub(piece.filled().len());
            if read.is_err() || piece.filled().is_empty() || self.left == 0 {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.patiently(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.patiently(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.until.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
        }
        if self.handed_over.is_noted() {
            return Poll::Ready(Ok(()));
        }
        self.poll_drained(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patience::NOTHING_TAKEN_MS;
    use switching::time::Time;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair(handed_over: HandedOver) -> (Lingering, TcpStream) {
        pair_on(Clock::stopped(Time(0)), handed_over).await
    }

    async fn pair_on(clock: Clock, handed_over: HandedOver) -> (Lingering, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("it listens");
        let (socket, _) = listener.accept().await.expect("a client");
        (Lingering::new(socket, clock, handed_over), client)
    }

    #[tokio::test]
    async fn the_answer_is_there_for_a_client_that_was_still_sending() {
        let (mut served, mut client) = pair(HandedOver::default()).await;
        let sending = tokio::spawn(async move {
            client.write_all(&vec![b'x'; 8 << 20]).await.expect("all is taken");
            client.shutdown().await.expect("it has said all");
            let mut said = String::new();
            client.read_to_string(&mut said).await.expect("no reset");
            said
        });
        served.write_all(b"no").await.expect("taken");
        served.shutdown().await.expect("it lingers");
        drop(served);
        assert_eq!(sending.await.expect("no panic"), "no");
    }

    #[tokio::test]
    async fn a_client_that_stays_is_left_in_time() {
        let (mut served, mut client) = pair(HandedOver::default()).await;
        served.within = Duration::from_millis(20);
        served.shutdown().await.expect("it lingers, and no longer than that");
        drop(served);
        let mut said = Vec::new();
        assert_eq!(client.read_to_end(&mut said).await.expect("no reset: it had sent nothing"), 0);
    }

    #[tokio::test]
    async fn a_client_that_does_not_stop_is_left_after_so_many_octets() {
        let (mut served, mut client) = pair(HandedOver::default()).await;
        served.left = 1 << 20;
        let flood = tokio::spawn(async move {
            let mut sent = 0_usize;
            while let Ok(taken @ 1..) = client.write(&[b'x'; 4_096]).await {
                sent += taken;
            }
            sent
        });
        served.shutdown().await.expect("it lingers");
        drop(served);
        assert!(flood.await.expect("no panic") >= 1 << 20);
    }

    #[tokio::test]
    async fn what_was_handed_over_does_not_linger() {
        let handed_over = HandedOver::default();
        let (mut served, _client) = pair(handed_over.clone()).await;
        handed_over.note();
        let mut shutdown = std::pin::pin!(served.shutdown());
        let now = std::future::poll_fn(|cx| Poll::Ready(shutdown.as_mut().poll(cx).is_ready())).await;
        assert!(now, "at once");
    }

    /// Writes until the connection ends, and gives why.
    async fn write_for_ever(mut served: Lingering) -> io::Error {
        loop {
            if let Err(error) = served.write(&[b'x'; PIECE]).await {
                return error;
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_let_go_and_nothing_is_kept_for_it() {
        let clock = Clock::stopped(Time(0));
        let (served, mut client) = pair_on(clock.clone(), HandedOver::default()).await;
        let mut writing = Box::pin(write_for_ever(served));
        // Octets may still be on their way into the client's system, which then has taken some.
        let error = loop {
            tokio::select! {
                biased;
                error = &mut writing => break error,
                () = tokio::task::yield_now() => clock.advance_to(clock.now().after_ms(NOTHING_TAKEN_MS)),
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(writing);
        let mut taken = Vec::new();
        let ended = client.read_to_end(&mut taken).await.expect_err("a reset, not an end");
        assert_eq!(ended.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn what_was_handed_over_is_waited_for() {
        let (clock, handed_over) = (Clock::stopped(Time(0)), HandedOver::default());
        let (served, mut client) = pair_on(clock.clone(), handed_over.clone()).await;
        handed_over.note();
        let mut writing = Box::pin(write_for_ever(served));
        for _ in 0..1_000 {
            tokio::select! {
                biased;
                _ = &mut writing => panic!("its own protocol says when it ends"),
                () = tokio::task::yield_now() => clock.advance_to(clock.now().after_ms(NOTHING_TAKEN_MS)),
            }
        }
        let mut some = [0; PIECE];
        tokio::select! {
            _ = &mut writing => panic!("the client is there"),
            read = client.read_exact(&mut some) => drop(read.expect("it is told")),
        }
    }
}
