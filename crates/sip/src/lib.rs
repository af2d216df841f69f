//! The SIP protocol, sans-IO (see ARCHITECTURE.md): messages, transactions, dialogs; time, bytes and randomness come in
//! as arguments, bytes and events are polled out. The room knows nothing of calls beyond one INVITE usage and nothing of
//! sockets; DNS look-ups are its user's.

pub mod dialog;
pub mod digest;
pub mod message;
pub mod registrar;
pub mod sdp;
pub mod session_timer;
pub mod timer;
pub mod transaction;
pub mod transport;

pub use dialog::Endpoint;
