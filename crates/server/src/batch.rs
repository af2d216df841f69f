//! One batch: what one step of the driver did, on its way through the store to the clients.

use dialects::common::ask::Back;
use dialects::common::exchange::KeyKnown;
use store::{Batch, Checkpoint, Input, Record, StageRow};
use switching::command::Reply;
use switching::event::Event;
use switching::model::StageResult;
use switching::record::CallRecord;
use switching::time::Time;

/// What may be shown once the batch is committed.
#[derive(Default)]
pub struct Visible {
    /// Events in order.
    pub events: Vec<Event>,
    /// Records of calls that ended by them.
    #[allow(clippy::vec_box, reason = "they come in boxes and are large: unpacking them would copy them")]
    pub records: Vec<Box<CallRecord>>,
    /// Replies and the way back for each.
    pub replies: Vec<(Reply, Back<Reply>)>,
    /// What is known of keys, and the way back for each.
    pub keys: Vec<(KeyKnown, Back<KeyKnown>)>,
}

/// A batch in the making.
#[derive(Default)]
pub struct Draft {
    /// What is stored.
    pub stored: Batch,
    /// What is shown afterwards.
    pub visible: Visible,
}

impl Draft {
    /// Whether there is anything to commit or to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let stored = &self.stored;
        stored.inputs.is_empty()
            && stored.events.is_empty()
            && stored.checkpoints.is_empty()
            && stored.directory.is_empty()
            && self.visible.replies.is_empty()
            && self.visible.keys.is_empty()
    }

    /// Journals an input.
    ///
    /// # Panics
    ///
    /// Never: encoding into memory has no way to fail.
    pub fn input(&mut self, no: u64, at: Time, input: &switching::Input) {
        let bytes = minicbor::to_vec(input).expect("encoding into memory cannot fail");
        self.stored.inputs.push(Input { no, at_ms: at.0, bytes });
    }

    /// Logs an event.
    ///
    /// # Panics
    ///
    /// Never: encoding into memory has no way to fail.
    pub fn event(&mut self, event: Event) {
        let bytes = minicbor::to_vec(&event).expect("encoding into memory cannot fail");
        self.stored.events.push(store::Event { seq: event.seq, at_ms: event.at.0, bytes });
        self.visible.events.push(event);
    }

    /// Keeps a record and its stages.
    ///
    /// # Panics
    ///
    /// Never: encoding into memory has no way to fail.
    pub fn record(&mut self, record: Box<CallRecord>) {
        for part in &record.stages {
            let bytes = minicbor::to_vec(part).expect("encoding into memory cannot fail");
            let stage = &part.stage;
            debug_assert!(matches!(part.result, StageResult::Answered | StageResult::Unanswered(_)));
            self.stored.stages.push(StageRow {
                stage: stage.id.0,
                root: stage.root.0,
                call: stage.call.0,
                opened_ms: stage.opened.0,
                closed_ms: part.closed.0,
                bytes,
            });
        }
        let bytes = minicbor::to_vec(&*record).expect("encoding into memory cannot fail");
        self.stored.records.push(Record {
            call: record.call.id.0,
            started_ms: record.call.created.0,
            ended_ms: record.ended.0,
            parties: record.parties(),
            bytes,
        });
        self.visible.records.push(record);
    }

    /// Notes the newest state of a leg, or its end.
    pub fn checkpoint(&mut self, leg: u64, bytes: Option<Vec<u8>>) {
        self.stored.checkpoints.push(Checkpoint { leg, bytes });
    }
}
