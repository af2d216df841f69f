//! The iPECS Web API's door of the real program, through its TLS listener: sessions, calls, frames, codes, bad input.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod client;
mod edges;
mod endings;
mod ladders;
mod logins;
mod presence;
mod records;
mod refusals;
mod rights;
mod sessions;
mod states;
