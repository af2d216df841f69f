//! A close that does not take the last answer away.
//!
//! A socket that is closed over octets that nobody has read is reset, and a client that is still sending then loses the answer that
//! says why (RFC 9112, section 9.6). So the sending side is closed first, and what the client still sends is read and dropped, for a
//! bounded time and a bounded number of octets, below TLS: nothing is deciphered any more. The connection counts meanwhile.

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
    until: Option<Pin<Box<Sleep>>>,
    within: Duration,
    left: usize,
}

/// Whether the connection belongs to another protocol by now, which has a farewell of its own: then nothing lingers.
#[derive(Clone, Default)]
pub struct HandedOver(Arc<AtomicBool>);

impl HandedOver {
    /// It does from now on.
    pub fn note(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Lingering {
    /// A connection that lingers, unless it was handed over.
    pub fn new(socket: TcpStream, handed_over: HandedOver) -> Self {
        Self { socket, handed_over, until: None, within: LINGER, left: LINGER_LEN_MAX }
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
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
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
        if self.handed_over.0.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        self.poll_drained(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair(handed_over: HandedOver) -> (Lingering, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("it listens");
        let (socket, _) = listener.accept().await.expect("a client");
        (Lingering::new(socket, handed_over), client)
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
}
