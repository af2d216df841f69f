//! From the outbox to the endpoint: what is due is leased, sent, and settled.

use super::{Endpoint, Parts, client, with_store};
use dialects::voicenter::push::{Ack, Next, Tried, next};
use store::{LaidPush, PushOutcome, StoreError};
use tokio::sync::Notify;

/// Pushes that are on their way to one endpoint at a time.
const PARALLEL: usize = 16;
/// How long a leased push is nobody else's, in milliseconds: longer than any try.
const LEASE_MS: u64 = 60_000;
/// How often what has become due is looked for, in milliseconds.
const LOOK_MS: u64 = 1_000;
/// When a parked push is due: never by itself (the year 9999).
const PARKED_MS: u64 = 253_402_300_799_000;

/// Sends until it is dropped.
pub(super) async fn deliver(endpoint: &Endpoint, parts: &Parts, laid: &Notify) {
    loop {
        let leased = match lease(endpoint, parts).await {
            Ok(leased) => leased,
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(endpoint = endpoint.name, %error, "the outbox cannot be read");
                Vec::new()
            }
        };
        if leased.is_empty() {
            let look = parts.exchange.clock().sleep_ms(LOOK_MS);
            tokio::select! {
                () = laid.notified() => {}
                () = look => {}
            }
            continue;
        }
        let tries = leased.into_iter().map(|push| one_try(endpoint, parts, push));
        let outcomes = futures_util::future::join_all(tries).await;
        let tenant = parts.tenant;
        if let Err(error) = with_store(parts, move |store| store.settle_pushes(tenant, &outcomes)).await {
            // They are tried again when their lease ends: a receiver knows a double by its call id, type and time.
            tracing::error!(endpoint = endpoint.name, %error, "what was sent could not be noted");
        }
    }
}

async fn lease(endpoint: &Endpoint, parts: &Parts) -> Result<Vec<LaidPush>, StoreError> {
    let (tenant, name, now) = (parts.tenant, endpoint.name.clone(), parts.exchange.clock().now().0);
    with_store(parts, move |store| store.lease_pushes(tenant, Some(&name), now, LEASE_MS, PARALLEL)).await
}

async fn one_try(endpoint: &Endpoint, parts: &Parts, push: LaidPush) -> PushOutcome {
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
    match next(tries, tried) {
        Next::Done => PushOutcome::Done { id },
        Next::Retry { after_ms } => PushOutcome::Retry { id, due_ms: now.after_ms(after_ms).0 },
        Next::Park => {
            tracing::error!(endpoint = name, %url, call, tries, "push parked: nobody takes it");
            PushOutcome::Retry { id, due_ms: PARKED_MS }
        }
    }
}
