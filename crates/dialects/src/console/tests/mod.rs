//! The door's promises that need no socket: folds, refusals, descriptions.

mod describe;
mod fold;
mod gap;
mod office;
