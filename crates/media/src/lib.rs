//! Real-time media: the RTP relay between the two legs of a call.
//!
//! Start reading at [`Relay`]; its behaviour without sockets is in the private module `board`. The crate knows nothing
//! of SIP or SDP: addresses and payload numbers are given to it.

mod board;
mod digits;
mod event;
mod latch;
mod open_files;
mod pool;
mod reception;
mod relay;
mod rtp;
mod worker;

pub use board::Delivery;
pub use event::{AllocateError, Component, Event, Port, PortId, Stats, UnknownPort};
pub use open_files::raise_open_file_limit;
pub use relay::{Relay, RelayConfig};
