//! The console over the wire: the acceptance checks of its interface, on the real program.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod clients;
mod keys;
mod load;
mod mirror;
mod refusals;
mod rights;
mod slow;
mod streams;
mod watcher;
