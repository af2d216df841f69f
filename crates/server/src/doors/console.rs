//! The console door, with the program's figures beside it.

use super::{Office, Opened, Serve};
use crate::metrics::Metrics;
use axum::Router;
use dialects::console::{ConsoleConfig, Door, OpenDoor, Stream, router, shared_router};
use std::sync::Arc;

pub fn open(office: &Office) -> anyhow::Result<Opened> {
    let stream = Stream::new(office.exchange.seq() + 1);
    let door = Door::new(office.exchange.clone(), settings(office), stream.clone());
    let own = router(door.clone()).merge(metrics(Arc::clone(office.metrics)));
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
fn metrics(metrics: Arc<Metrics>) -> Router {
    let answer = move || {
        let text = metrics.text();
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        async move { ([(axum::http::header::CONTENT_TYPE, kind)], text) }
    };
    Router::new().route("/metrics", axum::routing::get(answer))
}
