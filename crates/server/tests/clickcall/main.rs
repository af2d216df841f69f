//! The ClickCall door of the real program, through its TLS listener: calls, codes, bad input, newcomers' clients.

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod calls;
mod clients;
mod desk;
mod refusals;
mod transport;
