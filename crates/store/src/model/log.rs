//! The log of one tenant: what one step of the driver writes as one batch, and what is read back for replay
//! (PLAN section 6). Sequence and input numbers are gapless and start at 1.

use super::Tenant;
use super::directory::DirectoryWrite;
use super::records::{Record, StageRow};

/// Everything that one step of a tenant's driver must make durable together: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The tenant whose log grows.
    pub tenant: Tenant,
    /// Journaled inputs of the core, gapless after the last one committed.
    pub inputs: Vec<Input>,
    /// Events, gapless after `expected_seq` of the append.
    pub events: Vec<Event>,
    /// Call records that closed; a record of a known call replaces it.
    pub records: Vec<Record>,
    /// Stages that closed; a row of a known stage replaces it.
    pub stages: Vec<StageRow>,
    /// Leg checkpoints that changed; the last one of a leg wins.
    pub checkpoints: Vec<Checkpoint>,
    /// Answers kept for repeated commands.
    pub answers: Vec<Answer>,
    /// Directory and configuration changes that a `Configure` input caused.
    pub directory: Vec<DirectoryWrite>,
    /// This batch must survive a loss of power, whatever the store's own setting (configuration always does).
    pub durable: bool,
}

/// One journaled input of the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its number, gapless per tenant, from 1.
    pub no: u64,
    /// When the driver stamped it.
    pub at_ms: u64,
    /// The encoded input.
    pub bytes: Vec<u8>,
}

/// One event of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its sequence number, gapless per tenant, from 1.
    pub seq: u64,
    /// When it happened.
    pub at_ms: u64,
    /// The encoded event.
    pub bytes: Vec<u8>,
}

/// The newest state of one leg, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The engine's leg.
    pub leg: u64,
    /// The encoded checkpoint; `None` deletes it.
    pub bytes: Option<Vec<u8>>,
}

/// The first answer to a command that carried an idempotency key (CONSOLE A2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who asked; keys of two principals never meet.
    pub principal: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the body, so that the same key with another body is told apart.
    pub body_hash: [u8; 32],
    /// When the answer was given.
    pub at_ms: u64,
    /// The encoded answer.
    pub bytes: Vec<u8>,
}

/// A state of the core that replaces every input up to `input_no`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last input the state contains.
    pub input_no: u64,
    /// The last event the state contains.
    pub seq: u64,
    /// The encoded state.
    pub bytes: Vec<u8>,
}

/// A state of the mirror at a sequence number, from which a cold client folds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorCheckpoint {
    /// The last event folded in.
    pub seq: u64,
    /// The encoded mirror.
    pub bytes: Vec<u8>,
}

/// One binding of a registrar, written behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Address of record or device.
    pub aor: String,
    /// What tells this contact from the others of the same address.
    pub contact: String,
    /// The encoded binding; `None` deletes it. Never `None` when read.
    pub bytes: Option<Vec<u8>>,
    /// When it lapses.
    pub expires_ms: u64,
}

/// Where a tenant's log stands. A position is only comparable within one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// One life of the log; a restored backup starts another.
    pub epoch: u64,
    /// The last committed event, 0 if there was none.
    pub last_seq: u64,
    /// The oldest event still kept; `last_seq + 1` if none is.
    pub oldest_seq: u64,
    /// The last committed input, 0 if there was none.
    pub last_input: u64,
    /// Counts configuration writes; the revision of the newest configuration item.
    pub revision: u64,
}

/// What a tenant keeps. Ages are measured against the `now_ms` given to `prune`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events younger than this stay; so do all after the oldest snapshot kept, or all if there is none.
    pub event_age_max_ms: u64,
    /// Records that started, and stages that closed, within this stay.
    pub record_age_max_ms: u64,
    /// Idempotency answers younger than this stay, up to [`crate::ANSWERS_MAX`].
    pub answer_age_max_ms: u64,
    /// How many snapshots stay; inputs and events after the oldest of them stay with it.
    pub snapshots_kept: u32,
    /// How many mirror checkpoints stay beside those that a kept event may need.
    pub mirrors_kept: u32,
}

impl Default for Retention {
    /// 72 h of events (CONSOLE A6 `event_log.resume_h`), 400 days of records, 24 h of answers, two snapshots.
    fn default() -> Self {
        const HOUR_MS: u64 = 3_600_000;
        Self {
            event_age_max_ms: 72 * HOUR_MS,
            record_age_max_ms: 400 * 24 * HOUR_MS,
            answer_age_max_ms: 24 * HOUR_MS,
            snapshots_kept: 2,
            mirrors_kept: 4,
        }
    }
}

/// What one call of `prune` removed. Log and journal go in blocks, so a block with one young row stays whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Blocks of events.
    pub event_blocks: u64,
    /// Blocks of inputs.
    pub input_blocks: u64,
    /// Call records.
    pub records: u64,
    /// Stages.
    pub stages: u64,
    /// Idempotency answers.
    pub answers: u64,
    /// Lapsed registrations.
    pub registrations: u64,
    /// Core snapshots.
    pub snapshots: u64,
    /// Mirror checkpoints.
    pub mirrors: u64,
    /// A bound per call was reached: call again soon.
    pub more: bool,
}
