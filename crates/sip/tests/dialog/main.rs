//! Dialogs on a virtual clock: two endpoints on a wire that can lose what a test says, and one endpoint against messages
//! written by hand (SIP design rows 1 to 7, 14, 16 to 18).

mod basics;
mod forks;
mod offers;
mod recovery;
mod reliable;
mod wire;
mod within;
