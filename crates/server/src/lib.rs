//! The program: listeners, the clock, the driver that owns the core, storage, configuration, telemetry, the command line.
//!
//! No protocol and no call logic lives here. See ARCHITECTURE.md for the way of a request down and up.

pub mod cli;
pub mod config;

mod admitted;
mod asks;
mod batch;
mod doors;
mod driver;
mod http;
mod linger;
mod maintenance;
mod memory;
mod metrics;
mod patience;
mod projector;
mod pushes;
mod recover;
mod registrations;
mod seed;
pub mod serve;
mod sip_io;
mod telemetry;
mod telephony;
mod tls;
mod tokens;
