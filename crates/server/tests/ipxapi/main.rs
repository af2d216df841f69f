//! The iPECS Web API's door of the real program, through its TLS listener: sessions, calls, frames, codes, bad input.

#[path = "../common/mod.rs"]
mod common;

mod client;
mod ladders;
mod records;
mod refusals;
mod sessions;
