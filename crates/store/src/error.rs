//! Why the store could not do something, by who is to blame.

use crate::model::Tenant;

/// A failure of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk or the operating system: full, gone, locked, not allowed.
    #[error("storage: {0}")]
    Io(String),
    /// The file is not ours or is damaged.
    #[error("storage is damaged: {0}")]
    Corrupt(String),
    /// The file was written by a later version of this program.
    #[error("storage has version {found}, this program knows {known}")]
    Version {
        /// The file's.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The caller asked for what cannot be.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// A bounded table is full.
    #[error("{0} is full")]
    Full(&'static str),
    /// The store's thread has ended.
    #[error("storage is closed")]
    Closed,
}

/// Why a batch was not appended. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has written to this log: the caller no longer owns the tenant.
    #[error("log of tenant {tenant} stands at {found}, not at {expected}")]
    Fenced {
        /// Whose log.
        tenant: Tenant,
        /// Where the caller thought it stood.
        expected: u64,
        /// Where it stands.
        found: u64,
    },
    /// The batch contradicts itself; a fault of the caller's code.
    #[error("malformed batch: {0}")]
    Malformed(&'static str),
    /// The store failed; every batch of the same transaction gets this.
    #[error(transparent)]
    Io(#[from] StoreError),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            Some(_) => Self::Io(error.to_string()),
            None => match error {
                rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Corrupt(error.to_string()),
                other => Self::Io(other.to_string()),
            },
        }
    }
}
