//! Pushes to other people's servers: laid from the log, kept in the outbox, sent, tried again.
//!
//! A follower reads the log behind a cursor and lays each message together with the cursor, so a crash neither loses one nor lays it
//! twice; the log itself is the buffer while the outbox is full. A sender leases what is due, in order per call. The plan of tries
//! and the reading of answers are the door's. Nothing of it touches a call or its thread.

mod behind;
mod client;
mod lay;
mod send;

pub use behind::Behind;
pub use client::{Target, Trust};

use crate::metrics::Metrics;
use dialects::common::exchange::Exchange;
use dialects::voicenter::push::Feed;
use std::sync::Arc;
use store::{StoreError, StoreHandle, Tenant};
use tokio::sync::Notify;

/// One server that gets pushes.
#[derive(Clone)]
pub struct Endpoint {
    /// Its name in the outbox; what waits for it is found by it after a restart.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// What it gets.
    pub feed: Feed,
}

/// What pushes are made from and kept in.
#[derive(Clone)]
pub struct Parts {
    /// The exchange.
    pub exchange: Exchange,
    /// The store.
    pub store: StoreHandle,
    /// Whose log it is.
    pub tenant: Tenant,
    /// Which certificates are trusted.
    pub trust: Trust,
    /// The program's figures.
    pub metrics: Arc<Metrics>,
}

/// Serves an endpoint until it is dropped.
pub async fn serve(endpoint: Endpoint, parts: Parts) {
    parts.metrics.add_endpoint(&endpoint.name);
    let laid = Arc::new(Notify::new());
    tokio::join!(lay::follow(&endpoint, &parts, &laid), send::deliver(&endpoint, &parts, &laid));
}

/// Some work on the store, off the doors' threads.
async fn with_store<T: Send + 'static>(
    parts: &Parts,
    work: impl FnOnce(&mut store::Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = parts.store.clone();
    tokio::task::spawn_blocking(move || store.call(work)).await.unwrap_or(Err(StoreError::Closed))
}
