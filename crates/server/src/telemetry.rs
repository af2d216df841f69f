//! What the program writes about itself: typed events on standard error.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts writing. `HOOKSWITCH_LOG` (a filter as tracing knows it) overrides the configured level.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_from_env("HOOKSWITCH_LOG").unwrap_or_else(|_| EnvFilter::new(log.level.name()));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process (tests) keeps the first.
    let _ = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
