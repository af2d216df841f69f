//! The doors: each translates one vendor's words to the core's and back, and decides nothing about a call.
//!
//! A door holds no call state of its own and never names another door. Commands go down through
//! [`common::exchange::Exchange`]; frames come up as pure functions of (before, event, after, scope).

pub mod clickcall;
pub mod common;
pub mod console;
pub mod fusion;
pub mod ipxapi;
pub mod telservices;
pub mod voicenter;
