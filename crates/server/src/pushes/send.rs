//! From the outbox to the endpoint: what is due is leased, sent, and settled. What nobody takes is parked until an operator replays it.

use super::{Endpoint, Parts, client, with_store};
use dialects::voicenter::push::{Ack, Next, Tried, next};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeMap;
use store::{LaidPush, PushOutcome, StoreError};
use tokio::sync::Notify;

/// Pushes that are on their way to one endpoint at a time.
const PARALLEL: usize = 16;
/// How long a leased push is nobody else's, in milliseconds: longer than any try.
const LEASE_MS: u64 = 60_000;
/// How often what has become due is looked for, in milliseconds.
const LOOK_MS: u64 = 1_000;

/// Sends until it is dropped. A try that takes long keeps its own place, and no other push waiting.
pub(super) async fn deliver(endpoint: &Endpoint, parts: &Parts, laid: &Notify) {
    let mut under_way = FuturesUnordered::new();
    // Until when each of them is nobody else's.
    let mut leases: BTreeMap<u64, u64> = BTreeMap::new();
    loop {
        let now = parts.exchange.clock().now().0;
        // After a stall nothing is leased that is still on its way.
        let stalled = leases.values().any(|until| *until <= now);
        let has_room = under_way.len() < PARALLEL && !stalled;
        if has_room {
            match lease(endpoint, parts, now, PARALLEL - under_way.len()).await {
                Ok(leased) => {
                    leases.extend(leased.iter().map(|push| (push.id, push.due_ms)));
                    under_way.extend(leased.into_iter().map(|push| one_try(endpoint, parts, push)));
                }
                Err(StoreError::Closed) => return,
                Err(error) => tracing::error!(endpoint = endpoint.name, %error, "the outbox cannot be read"),
            }
        }
        let look = parts.exchange.clock().sleep_ms(LOOK_MS);
        tokio::select! {
            Some((id, outcome)) = under_way.next() => {
                leases.remove(&id);
                settle(endpoint, parts, outcome).await;
            }
            () = laid.notified(), if has_room => {}
            () = look, if has_room => {}
        }
    }
}

async fn settle(endpoint: &Endpoint, parts: &Parts, outcome: PushOutcome) {
    let tenant = parts.tenant;
    if let Err(error) = with_store(parts, move |store| store.settle_pushes(tenant, &[outcome])).await {
        // It is tried again when its lease ends: a receiver knows a double by its call id, type and time.
        tracing::error!(endpoint = endpoint.name, %error, "what was sent could not be noted");
    }
}

async fn lease(endpoint: &Endpoint, parts: &Parts, now: u64, most: usize) -> Result<Vec<LaidPush>, StoreError> {
    let (tenant, name) = (parts.tenant, endpoint.name.clone());
    with_store(parts, move |store| store.lease_pushes(tenant, Some(&name), now, LEASE_MS, most)).await
}

async fn one_try(endpoint: &Endpoint, parts: &Parts, push: LaidPush) -> (u64, PushOutcome) {
    let LaidPush { id, order_key, tries, bytes, .. } = push;
    let began = std::time::Instant::now();
    let answer = client::post(&endpoint.target, &parts.trust, endpoint.feed.content_type(), bytes).await;
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (name, url, call) = (endpoint.name.as_str(), endpoint.target.shown(), order_key);
    let tried = match answer {
        Ok((status, body)) => {
            let ack = Ack::read(&body);
            tracing::info!(endpoint = name, %url, call, tries, status, ?ack, took_ms, "push tried");
            Tried::Answered { status, ack }
        }
        Err(error) => {
            tracing::warn!(endpoint = name, %url, call, tries, %error, took_ms, "push failed");
            Tried::Failed
        }
    };
    let now = parts.exchange.clock().now();
    let (told, outcome) = match next(tries, tried) {
        Next::Done => ("taken", PushOutcome::Done { id }),
        Next::Retry { after_ms } => ("again", PushOutcome::Retry { id, due_ms: now.after_ms(after_ms).0 }),
        Next::Park => {
            tracing::error!(endpoint = name, %url, call, tries, "push parked: nobody takes it; what comes behind it goes on");
            ("parked", PushOutcome::Park { id })
        }
    };
    parts.metrics.push_tried(name, told);
    (id, outcome)
}
