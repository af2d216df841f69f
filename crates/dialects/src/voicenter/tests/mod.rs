//! The door on a real exchange without engines.

mod calls;
mod errors;
mod forms;
mod lists;
mod log;
mod push;
mod rig;
