//! The rows of the store as plain values. Payloads (events, inputs, records, snapshots, leg checkpoints) are opaque
//! bytes: the rooms above encode and decode them, the store only keeps the columns it must find them by.
//!
//! Every time is wall-clock Unix milliseconds as the driver stamped it; the store has no clock of its own.

pub mod directory;
pub mod log;
pub mod outbox;
pub mod records;

/// The number of a tenant (one exchange, one log).
pub type Tenant = u32;
