//! How far other people's servers are behind, as `/metrics` tells it: looked up when it is asked for, so that it is true also of a
//! follower that stands still.

use crate::metrics::{Metrics, PushesBehind};
use dialects::common::exchange::Exchange;
use std::sync::Arc;
use store::{Backlog, StoreError, StoreHandle, Tenant};

/// Where to look.
#[derive(Clone)]
pub struct Behind {
    /// The exchange.
    pub exchange: Exchange,
    /// The store.
    pub store: StoreHandle,
    /// Whose log and outbox it is.
    pub tenant: Tenant,
    /// Where it is noted, and which endpoints there are.
    pub metrics: Arc<Metrics>,
}

impl Behind {
    /// Notes how far every endpoint is behind now.
    pub async fn note(&self) {
        let it = self.clone();
        let noted = tokio::task::spawn_blocking(move || it.look()).await;
        if let Ok(Err(error)) = noted {
            tracing::warn!(%error, "how far pushes are behind cannot be read");
        }
    }

    fn look(&self) -> Result<(), StoreError> {
        for endpoint in self.metrics.endpoints() {
            let name = endpoint.as_str();
            let (cursor, Backlog { waiting, oldest_ms, parked }) = self
                .store
                .reader()
                .read(|view| Ok((view.cursor(self.tenant, name)?, view.backlog(self.tenant, name)?)))?;
            let (seq, now) = (self.exchange.seq(), self.exchange.clock().now().0);
            let behind = PushesBehind {
                // An endpoint that has no cursor yet begins with what comes.
                events: cursor.map_or(0, |cursor| seq.saturating_sub(cursor)),
                waiting,
                parked,
                oldest_s: oldest_ms.map_or(0, |at| now.saturating_sub(at) / 1_000),
            };
            self.metrics.pushes_behind(name, behind);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dialects::common::clock::Clock;
    use store::{Pace, Push, Store, StoreThread};
    use switching::picture::Picture;
    use switching::time::Time;

    const TENANT: Tenant = 1;

    #[tokio::test]
    async fn a_follower_that_stands_still_is_seen_as_far_behind_as_it_is() {
        let thread = StoreThread::spawn(Store::memory(), Pace::default()).expect("a thread");
        let store = thread.handle();
        store.open_log(TENANT).expect("a log");
        let push = |message: &str, due_ms| Push {
            order_key: "k".to_owned(),
            message: message.to_owned(),
            due_ms,
            bytes: Vec::new(),
        };
        let pushes = [push("a", 3_000), push("b", 1_500)];
        store.call(move |store| store.lay_pushes(TENANT, "far", Some(4), &pushes)).expect("laid");
        let clock = Clock::stopped(Time(3_600));
        let mut picture = Picture::default();
        picture.seq = 10;
        let (exchange, _queue) = Exchange::new(picture, "ep".to_owned(), clock.clone());
        let metrics = Arc::new(Metrics::default());
        metrics.add_endpoint("far");
        metrics.add_endpoint("new");
        let behind = Behind { exchange, store, tenant: TENANT, metrics: Arc::clone(&metrics) };
        behind.note().await;
        let shown = |line: &str| metrics.text().lines().any(|it| it == format!("hookswitch_{line}"));
        for line in [
            "push_cursor_lag{endpoint=\"far\"} 6",
            "pushes_waiting{endpoint=\"far\"} 2",
            "push_oldest_age_seconds{endpoint=\"far\"} 2",
            "pushes_parked{endpoint=\"far\"} 0",
            "push_cursor_lag{endpoint=\"new\"} 0",
            "push_oldest_age_seconds{endpoint=\"new\"} 0",
        ] {
            assert!(shown(line), "{line} in {}", metrics.text());
        }
        clock.advance_to(Time(61_500));
        behind.note().await;
        assert!(shown("push_oldest_age_seconds{endpoint=\"far\"} 60"), "{}", metrics.text());
    }
}
