//! Real SIP phones on the wire. SIPp plays both roles in `calls`; everywhere else the phones are scripts in another language
//! (`tests/clients/sip`), which say exactly what a row of `docs/compat/sip.md` needs said, right or wrong.

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod calls;
mod contacts;
mod credentials;
mod endings;
mod lines;
mod network;
mod sessions;
mod sound;
