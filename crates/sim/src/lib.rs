//! A seeded simulator of the exchange: hundreds of phones, a workload, engine faults, and an auditor with a model of its own.
//!
//! The core under simulation is the one that runs in production. [`run::run`] lets people, phones and engine act on one virtual
//! clock; [`checked::Checked`] gives every input to core and auditor and compares; a failing run is cut short by [`shrink`] and shown as
//! a [`ladder`]. The same seed gives the same octets. There is no clock, thread or file in here; programs are in `main.rs` and `bin`.

pub mod auditor;
pub mod bug;
pub mod checked;
pub mod engine;
pub mod ladder;
pub mod office;
pub mod prng;
pub mod run;
pub mod shrink;
pub mod translate;
pub mod workload;
