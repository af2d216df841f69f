//! The real-time channel of the Voicenter door: what a page is told of each extension, in the order of the vendor's ladders.

#[path = "../common/mod.rs"]
mod common;

mod channel;
mod events;
mod logins;
mod pages;
