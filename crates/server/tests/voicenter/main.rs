//! The Voicenter door of the real program: calls rung and ended, the ladders of the vendor's document to the second, limits, bad
//! input, and a newcomer's client.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod calls;
mod clients;
mod failing;
mod ladders;
mod limits;
mod phones;
mod request;
mod scopes;
