//! How often a client's stream is written to.
//!
//! A phone that is called rings and answers within milliseconds, and on a busy exchange calls come as close together. A write for
//! each event would cost more than the event: system calls, a record of TLS, a wake-up at both ends. So after a write a stream rests a
//! little, and what has come meanwhile leaves together, in its order. The first event after a quiet time leaves at once.
//!
//! All streams rest until the same instants, so that one wake-up serves them all.

use crate::common::clock::Clock;
use axum::extract::ws::{Message, Utf8Bytes};
use futures_util::{Sink, SinkExt};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::time::Instant;

/// How long a stream rests after a write, about: nobody who watches a telephone sees it, and 50 writes a second are the most that a
/// client costs.
const REST: Duration = Duration::from_millis(20);

/// From when rests are counted.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Lets what comes next gather, where the `taken` of at most `most` were all there was; one who has more to read goes on.
pub async fn rest_after(taken: usize, most: usize) {
    tokio::time::sleep_until(end_of_rest_after(taken, most)).await;
}

/// When such a rest is over, for one who listens meanwhile: at once where there is more.
#[must_use]
pub fn end_of_rest_after(taken: usize, most: usize) -> Instant {
    if taken < most { end_of_rest() } else { Instant::now() }
}

/// Lets what comes next gather.
pub async fn rest() {
    tokio::time::sleep_until(end_of_rest()).await;
}

/// When a rest that begins now is over.
#[must_use]
pub fn end_of_rest() -> Instant {
    next_instant(*BEGUN, Instant::now())
}

/// The first common instant that is not so near that resting until then would be no rest.
fn next_instant(begun: Instant, now: Instant) -> Instant {
    let earliest = now + REST / 2;
    let past = earliest.duration_since(begun).as_nanos() % REST.as_nanos();
    earliest + REST - Duration::from_nanos(u64::try_from(past).unwrap_or(0))
}

/// Why something was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// The client has gone.
    Gone,
    /// It took nothing for too long.
    Blocked,
}

/// Several texts with one write, to a client that may take none of them for so many milliseconds.
///
/// # Errors
///
/// [`Unwritten`]; then some of them may have been written.
pub async fn write(
    socket: &mut (impl Sink<Message> + Unpin),
    texts: Vec<impl Into<Utf8Bytes>>,
    clock: &Clock,
    blocked_ms: u64,
) -> Result<(), Unwritten> {
    for text in texts {
        in_time(socket.feed(Message::Text(text.into())), clock, blocked_ms).await?;
    }
    in_time(socket.flush(), clock, blocked_ms).await
}

async fn in_time<E>(
    writing: impl Future<Output = Result<(), E>>,
    clock: &Clock,
    blocked_ms: u64,
) -> Result<(), Unwritten> {
    tokio::select! {
        // What has been taken was taken, however late it is noticed.
        biased;
        written = writing => written.map_err(|_| Unwritten::Gone),
        () = clock.sleep_ms(blocked_ms) => Err(Unwritten::Blocked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::sink::unfold;
    use std::pin::pin;
    use std::sync::Arc;
    use switching::time::Time;
    use tokio::sync::Semaphore;

    const BLOCKED_MS: u64 = 60_000;

    /// A client that takes a message whenever it is let; the sink keeps one that it has not taken.
    fn client(lets: &Arc<Semaphore>) -> impl Sink<Message, Error = tokio::sync::AcquireError> + use<> {
        unfold(Arc::clone(lets), |lets, _| async move {
            lets.acquire().await?.forget();
            Ok(lets)
        })
    }

    async fn is_over<T>(writing: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        tokio::select! {
            biased;
            written = writing => Some(written),
            () = tokio::task::yield_now() => None,
        }
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_left_when_its_time_is_over() {
        let (clock, lets) = (Clock::stopped(Time(0)), Arc::new(Semaphore::new(0)));
        let mut socket = pin!(client(&lets));
        let texts = vec!["a".to_owned(), "b".to_owned()];
        let mut writing = pin!(write(&mut socket, texts, &clock, BLOCKED_MS));
        assert_eq!(is_over(&mut writing).await, None);
        clock.advance_to(Time(BLOCKED_MS - 1));
        assert_eq!(is_over(&mut writing).await, None, "it has a millisecond left");
        clock.advance_to(Time(BLOCKED_MS));
        assert_eq!(is_over(&mut writing).await, Some(Err(Unwritten::Blocked)));
    }

    #[tokio::test]
    async fn a_client_that_is_slow_is_waited_for() {
        let (clock, lets) = (Clock::stopped(Time(0)), Arc::new(Semaphore::new(0)));
        let mut socket = pin!(client(&lets));
        let texts = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let mut writing = pin!(write(&mut socket, texts, &clock, BLOCKED_MS));
        for taken in 1..=3_u64 {
            assert_eq!(is_over(&mut writing).await, None);
            clock.advance_to(Time(taken * (BLOCKED_MS - 1)));
            lets.add_permits(1);
        }
        assert_eq!(is_over(&mut writing).await, Some(Ok(())), "three minutes, and never a whole one without a message");
    }

    #[tokio::test]
    async fn a_client_that_has_gone_is_not_waited_for() {
        let (clock, lets) = (Clock::stopped(Time(0)), Arc::new(Semaphore::new(0)));
        lets.close();
        let mut socket = pin!(client(&lets));
        assert_eq!(write(&mut socket, vec!["a".to_owned()], &clock, BLOCKED_MS).await, Err(Unwritten::Gone));
    }

    #[test]
    fn all_rest_until_the_same_instants() {
        let begun = Instant::now();
        let after = |us: u64| begun + Duration::from_micros(us);
        let cases =
            [(0, 20_000), (9_999, 20_000), (10_000, 40_000), (20_020, 40_000), (1_000_000_000_001, 1_000_000_020_000)];
        for (now, end) in cases {
            assert_eq!(next_instant(begun, after(now)), after(end), "{now}");
        }
    }
}
