//! The switching core: one exchange as a deterministic state machine.
//!
//! **The contract.** [`Switch::handle`] takes the time and one input; it never blocks, never fails and never panics on what a
//! peer sends. Then [`Switch::poll`] is called until it gives `None`. The same inputs at the same times give the same outputs,
//! always: there is no clock, thread, socket, lock or randomness in here. Orders to the engine leave at once; events, replies
//! and records leave behind the commit of their batch, which is the caller's business.
//!
//! Public state changes only by [`picture::Picture::fold`] over the events that the core itself emits, so a mirror folded from
//! the log equals the core's picture. Words are those of ECMA-269.

pub mod cause;
pub mod command;
pub mod config;
pub mod engine;
pub mod event;
pub mod id;
pub mod limits;
pub mod model;
pub mod party;
pub mod picture;
pub mod record;
pub mod refusal;
pub mod time;

mod admit;
mod adopt;
mod audit;
mod engine_report;
mod flow;
mod keys;
mod leg;
mod names;
mod service;
mod switch;
mod timer;

pub use flow::route::{Route, RouteStep};
pub use switch::{Decided, Input, Output, SNAPSHOT_VERSION, Switch};
pub use timer::TimerReason;
