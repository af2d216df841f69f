//! Call records and stages (CORE 4.3): stored whole, found by party, time, call, stage or root.

/// One closed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The core's call.
    pub call: u64,
    /// When the call began.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: u64,
    /// Numbers and devices that took part, for look-up; kept sorted and without repeats.
    pub parties: Vec<String>,
    /// The encoded record.
    pub bytes: Vec<u8>,
}

/// One closed step of a caller's journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRow {
    /// The stage.
    pub stage: u64,
    /// The first stage of its journey.
    pub root: u64,
    /// The call it belongs to.
    pub call: u64,
    /// When it opened.
    pub opened_ms: u64,
    /// When it closed.
    pub closed_ms: u64,
    /// The encoded stage.
    pub bytes: Vec<u8>,
}

/// Whose records are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PartyFilter {
    /// Everybody's.
    #[default]
    Any,
    /// Those in which one of these took part, at most [`crate::PARTY_FILTER_MAX`].
    OneOf(Vec<String>),
    /// Those in which a party starts with this text.
    Prefix(String),
}

/// A page of records, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuery {
    /// Whose.
    pub party: PartyFilter,
    /// Started at or after.
    pub from_ms: u64,
    /// Started before.
    pub to_ms: u64,
    /// At most this many, cut to [`crate::PAGE_MAX`].
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<RecordCursor>,
}

impl Default for RecordQuery {
    fn default() -> Self {
        Self { party: PartyFilter::Any, from_ms: 0, to_ms: u64::MAX, limit: 100, cursor: None }
    }
}

/// The last row of a page; the next one begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordCursor {
    /// Its start.
    pub started_ms: u64,
    /// Its call.
    pub call: u64,
}

/// A walk over records, oldest first, a page at a time: the next one begins [`RecordScan::after`] the last row of this one. The
/// numbers of calls must rise with their beginning, as they do in the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordScan {
    /// Only those in which this party took part.
    pub party: Option<String>,
    /// Started at or after.
    pub from_ms: u64,
    /// Started before.
    pub to_ms: u64,
    /// Only these calls.
    pub calls: std::ops::Range<u64>,
    /// Without those that were taken off this list.
    pub list: Option<String>,
    /// Where the page before ended.
    pub after: Option<RecordCursor>,
    /// At most this many, cut to [`crate::PAGE_MAX`].
    pub limit: usize,
}

impl Default for RecordScan {
    fn default() -> Self {
        Self { party: None, from_ms: 0, to_ms: u64::MAX, calls: 0..u64::MAX, list: None, after: None, limit: 100 }
    }
}

/// One page of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordPage {
    /// Newest first.
    pub rows: Vec<Record>,
    /// Set if there may be more.
    pub next: Option<RecordCursor>,
}

/// Which stages are asked for. Rows come in the order of their ids but for `Closed`, oldest closing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageQuery {
    /// This one.
    Stage(u64),
    /// Those of a journey.
    Root(u64),
    /// Those of a call.
    Call(u64),
    /// Those closed in `from_ms..to_ms`, at most `limit` (cut to [`crate::PAGE_MAX`]).
    Closed {
        /// Closed at or after.
        from_ms: u64,
        /// Closed before.
        to_ms: u64,
        /// At most this many.
        limit: usize,
    },
}

/// Brings the parties of a record into the one form both back ends keep.
pub(crate) fn normal_parties(parties: &mut Vec<String>) {
    // A line feed parts them in the row; no number or device name has one.
    parties.iter_mut().for_each(|p| p.retain(|c| c != '\n'));
    parties.retain(|p| !p.is_empty());
    parties.sort_unstable();
    parties.dedup();
}
