//! From the log to the outbox, behind a cursor of the endpoint's own.

use super::{Endpoint, Parts, with_store};
use dialects::common::ask::{Ask, Fault};
use dialects::voicenter::event::completes;
use dialects::voicenter::push::Message;
use store::{Push, StoreError};
use switching::event::Event;
use tokio::sync::Notify;

/// Events that are read at a time.
const PAGE: usize = 256;
/// Parked pushes that make room at a time.
const GIVEN_UP: usize = 1_000;
/// Pause after the store had no room or failed, in milliseconds.
const PAUSE_MS: u64 = 1_000;

/// Lays what the log holds, and what comes. An endpoint that was not there before begins with what comes.
pub(super) async fn follow(endpoint: &Endpoint, parts: &Parts, laid: &Notify) {
    let Some(mut cursor) = begin(endpoint, parts).await else { return };
    loop {
        parts.exchange.reached(cursor + 1).await;
        let asked = parts.exchange.ask(|back| Ask::Events { from: cursor + 1, most: PAGE, back }).await;
        let events = match asked {
            Ok(Ok(events)) => events,
            Ok(Err(Fault::Gone { oldest })) => {
                tracing::error!(
                    endpoint = endpoint.name,
                    from = cursor + 1,
                    oldest,
                    "calls were not told: the log is gone"
                );
                cursor = oldest.saturating_sub(1);
                continue;
            }
            Ok(Err(fault)) => {
                tracing::error!(endpoint = endpoint.name, ?fault, "the log cannot be read");
                tokio::time::sleep(std::time::Duration::from_millis(PAUSE_MS)).await;
                continue;
            }
            // The exchange is gone.
            Err(_) => return,
        };
        let Some(through) = events.last().map(|event| event.seq) else { continue };
        let pushes = pushes(endpoint, parts, &events).await;
        let some = !pushes.is_empty();
        if lay(endpoint, parts, through, pushes).await.is_none() {
            return;
        }
        cursor = through;
        if some {
            laid.notify_one();
        }
    }
}

/// Where the endpoint's cursor stands; none: the store is closed.
async fn begin(endpoint: &Endpoint, parts: &Parts) -> Option<u64> {
    let (tenant, name) = (parts.tenant, endpoint.name.clone());
    let known = with_store(parts, move |store| store.read(|view| view.cursor(tenant, &name))).await;
    match known {
        Ok(Some(cursor)) => Some(cursor),
        Ok(None) => {
            let now = parts.exchange.seq();
            lay(endpoint, parts, now, Vec::new()).await.map(|()| now)
        }
        Err(error) => {
            tracing::error!(endpoint = endpoint.name, %error, "the outbox cannot be read");
            None
        }
    }
}

/// Lays messages with the cursor, however long it takes; none: the store is closed.
async fn lay(endpoint: &Endpoint, parts: &Parts, through: u64, pushes: Vec<Push>) -> Option<()> {
    loop {
        let (tenant, name, laid) = (parts.tenant, endpoint.name.clone(), pushes.clone());
        match with_store(parts, move |store| store.lay_pushes(tenant, &name, Some(through), &laid)).await {
            Ok(()) => return Some(()),
            Err(StoreError::Closed) => return None,
            // Parked ones make room for those that may still arrive; the call log keeps what they told.
            Err(StoreError::Full(_)) if make_room(endpoint, parts).await > 0 => {}
            Err(error) => {
                tracing::warn!(endpoint = endpoint.name, %error, "a push waits in the log");
                tokio::time::sleep(std::time::Duration::from_millis(PAUSE_MS)).await;
            }
        }
    }
}

/// Gives the oldest parked pushes up; how many.
async fn make_room(endpoint: &Endpoint, parts: &Parts) -> u64 {
    let tenant = parts.tenant;
    let given_up = with_store(parts, move |store| store.give_up_parked(tenant, GIVEN_UP)).await.unwrap_or(0);
    if given_up > 0 {
        tracing::error!(endpoint = endpoint.name, given_up, "parked pushes given up: the outbox is full");
    }
    given_up
}

async fn pushes(endpoint: &Endpoint, parts: &Parts, events: &[Event]) -> Vec<Push> {
    let now = parts.exchange.clock().now().0;
    let mut pushes = Vec::new();
    for call in events.iter().filter_map(completes) {
        // A record that retention has removed meanwhile has nobody left to be told.
        let Ok(Ok(record)) = parts.exchange.ask(|back| Ask::Record(call, back)).await else { continue };
        let push = |Message { order_key, id, body }| Push { order_key, message: id, due_ms: now, bytes: body };
        pushes.extend(endpoint.feed.messages(&record).into_iter().map(push));
    }
    pushes
}
