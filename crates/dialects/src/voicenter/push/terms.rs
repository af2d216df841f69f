//! What a server asked for beside its URL: its format, which rows, and in which words (VOI-ADM-09).
//!
//! The split of `ABANDONE` into its cases is not here: no row has that status yet.

use super::super::row::{Kind, Row, Status};
use super::super::sight::is_within;

/// How a server reads its notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// XML-RPC.
    XmlRpc,
    /// A form.
    Form,
}

impl Format {
    /// The content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::XmlRpc => "text/xml; charset=utf-8",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }
}

/// What one server asked for.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// How it reads.
    pub format: Format,
    /// Only rows of these types; none: of all.
    pub types: Vec<Kind>,
    /// Only rows of this account and of those below it, by its path; none: of the organisation.
    pub department: Option<String>,
    /// `time` is that of the organisation's clock, as if it were UTC (VOI-CDR-05).
    pub local_time: bool,
    /// `ANSWERED` instead of `ANSWER`, as the vendor's examples have it (VOI-IVR-13).
    pub answered: bool,
    /// Custom data once more under `CUSTOM_DATA` (VOI-CDR-16).
    pub custom_data_alias: bool,
}

impl Terms {
    /// Whether a row is told. `nodes` are the accounts of its extensions.
    pub(super) fn take(&self, row: &Row, nodes: &[String]) -> bool {
        let within = |path: &String| nodes.iter().any(|node| is_within(node, path));
        (self.types.is_empty() || self.types.contains(&row.kind)) && self.department.as_ref().is_none_or(within)
    }

    /// The word for how a call ended.
    pub(super) fn status(&self, status: Status) -> &'static str {
        match status {
            Status::Answer if self.answered => "ANSWERED",
            other => other.name(),
        }
    }
}
