//! The door over TCP with a real exchange behind it.

mod calls;
mod directory;
mod http;
mod query;
mod rig;
mod sockets;
