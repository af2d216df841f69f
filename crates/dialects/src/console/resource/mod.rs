//! Reads, and what is configured. One file per resource.

pub mod application_sessions;
pub mod authorised;
pub mod backups;
pub mod calls;
pub mod configure;
pub mod connections;
pub mod devices;
pub mod door_sessions;
pub mod explain;
pub mod extensions;
pub mod filter_by;
pub mod health;
pub mod limits;
pub mod list;
pub mod parked_pushes;
pub mod records;
pub mod requests;
pub mod sessions;
pub mod snapshot;
pub mod story;
pub mod tokens;
