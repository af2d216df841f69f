//! A client that takes none of its answer is let go.
//!
//! Whoever asks for a large answer, or watches a stream, and never reads would hold the connection, its place among the connections and
//! what waits to be written for ever. A slow client that takes something now and then stays, however long all takes. What is
//! measured is what the operating system takes for the client, below TLS, so that every listener has it; time is the exchange's.

use dialects::common::clock::Clock;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// How long a client may take none of its answer, in milliseconds: as long as a WebSocket of the doors may.
pub const NOTHING_TAKEN_MS: u64 = 60_000;

/// What is left of the patience with one client.
pub struct Patience {
    clock: Clock,
    /// Since when it has taken nothing; none: it takes what there is.
    left: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Patience {
    /// Patience by this clock.
    pub const fn new(clock: Clock) -> Self {
        Self { clock, left: None }
    }

    /// What came of writing to the client; that it is late where nothing has come of it for too long.
    pub fn wait<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.left = None;
            return written;
        }
        let clock = &self.clock;
        let left = self.left.get_or_insert_with(|| {
            let clock = clock.clone();
            Box::pin(async move { clock.sleep_ms(NOTHING_TAKEN_MS).await })
        });
        ready!(left.as_mut().poll(cx));
        self.left = None;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client took nothing for too long")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;
    use switching::time::Time;

    /// Nothing could be written; gives why that is the end, if it is.
    fn blocked(patience: &mut Patience) -> Option<io::ErrorKind> {
        match patience.wait(&mut Context::from_waker(Waker::noop()), Poll::<io::Result<usize>>::Pending) {
            Poll::Pending => None,
            Poll::Ready(written) => Some(written.expect_err("nothing was written").kind()),
        }
    }

    fn took_some(patience: &mut Patience) {
        let written = patience.wait(&mut Context::from_waker(Waker::noop()), Poll::Ready(Ok(1)));
        assert!(matches!(written, Poll::Ready(Ok(1))));
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_late_after_a_minute_and_not_before() {
        let clock = Clock::stopped(Time(5));
        let mut patience = Patience::new(clock.clone());
        assert_eq!(blocked(&mut patience), None);
        clock.advance_to(Time(5 + NOTHING_TAKEN_MS - 1));
        assert_eq!(blocked(&mut patience), None, "it has a millisecond left");
        clock.advance_to(Time(5 + NOTHING_TAKEN_MS));
        assert_eq!(blocked(&mut patience), Some(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn a_client_that_takes_something_now_and_then_is_never_late() {
        let clock = Clock::stopped(Time(0));
        let mut patience = Patience::new(clock.clone());
        for minute in 1..=3 {
            assert_eq!(blocked(&mut patience), None);
            clock.advance_to(Time(minute * (NOTHING_TAKEN_MS - 1)));
            assert_eq!(blocked(&mut patience), None);
            took_some(&mut patience);
        }
        // Quiet is no lateness: there was nothing to take.
        clock.advance_to(Time(10 * NOTHING_TAKEN_MS));
        assert_eq!(blocked(&mut patience), None);
    }

    #[tokio::test]
    async fn the_writer_is_woken_when_the_client_is_late() {
        let clock = Clock::stopped(Time(0));
        let mut patience = Patience::new(clock.clone());
        let mut writing =
            tokio::spawn(
                async move { std::future::poll_fn(|cx| patience.wait(cx, Poll::<io::Result<()>>::Pending)).await },
            );
        tokio::select! {
            biased;
            _ = &mut writing => panic!("it has a minute"),
            () = tokio::task::yield_now() => {}
        }
        clock.advance_to(Time(NOTHING_TAKEN_MS));
        assert!(writing.await.expect("no panic").is_err());
    }
}
