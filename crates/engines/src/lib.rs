//! The engines: what turns the core's orders into telephony and telephony into reports.
//!
//! Each kind of phone has one module; the driver sends an order to the engine that has the leg or the device. Engines know how
//! signalling and sound work and decide nothing about a call. They hold no clock and no thread: time is an argument, and
//! sockets belong to the program.

mod engines;
pub mod simulated;
pub mod sip;

pub use engines::{Engines, Output, legs_from};
