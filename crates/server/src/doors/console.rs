//! The console door, with the program's figures beside it.

use super::{Office, Opened, Serve};
use crate::pushes::Behind;
use axum::Router;
use dialects::console::{ConsoleConfig, Door, OpenDoor, Stream, router, shared_router};
use std::sync::Arc;

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let stream = Stream::new(office.exchange.seq() + 1);
    let door = Door::new(office.exchange.clone(), settings(office), stream.clone());
    let own = router(door.clone()).merge(metrics(office));
    Ok(Opened {
        frames: vec![Box::new(stream)],
        listeners: vec![("console", Serve::Http(own))],
        shared: Some(shared_router(door)),
        shared_needs_tls: false,
        ..Opened::default()
    })
}

fn settings(office: &Office) -> ConsoleConfig {
    let console = &office.config.console;
    let doors = office.bound.iter().map(|(name, at)| OpenDoor { name: (*name).to_owned(), address: at.to_string() });
    ConsoleConfig {
        test_control: console.test_control,
        commands_per_min: console.commands_per_min,
        reads_per_min: console.reads_per_min,
        doors: doors.collect(),
        ..ConsoleConfig::default()
    }
}

/// `/metrics`, for whoever reaches the console's listener: figures, no names.
fn metrics(office: &Office) -> Router {
    let behind = Behind {
        exchange: office.exchange.clone(),
        store: office.store.clone(),
        tenant: office.tenant,
        metrics: Arc::clone(office.metrics),
    };
    let answer = move || {
        let behind = behind.clone();
        async move {
            behind.note().await;
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(axum::http::header::CONTENT_TYPE, kind)], behind.metrics.text())
        }
    };
    Router::new().route("/metrics", axum::routing::get(answer))
}
