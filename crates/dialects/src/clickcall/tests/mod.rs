//! The door over TCP with a real exchange behind it.

mod calls;
mod http;
mod rig;
