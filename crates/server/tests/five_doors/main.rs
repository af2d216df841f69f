//! All doors on one exchange: a call made through each of them, as every other one sees it.

#[path = "../common/mod.rs"]
mod common;

mod answering;
mod bad_input;
mod clickcall;
mod conflicts;
mod console;
mod crash;
mod deaf;
mod doors;
mod endings;
mod expected;
mod flood;
mod fusion;
mod hidden;
mod ipxapi;
mod ladders;
mod phones;
mod records;
mod room;
mod sound;
mod telservices;
mod views;
mod voicenter;
