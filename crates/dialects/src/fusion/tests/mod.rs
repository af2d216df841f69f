//! The door over TCP with a real exchange behind it.

mod bounds;
mod calls;
mod directory;
mod formats;
mod http;
mod query;
mod rig;
mod sockets;
