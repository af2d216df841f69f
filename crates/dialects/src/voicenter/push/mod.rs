//! The notification of finished calls: one message for each row, as the organisation's server is to get it (VOI-CDR-01, VOI-CDR-09,
//! VOI-CDR-10).
//!
//! Pure functions: from a record to messages, and from what came of a try to what happens next. Sending, keeping and the clock are the
//! program's.

mod ack;
mod encode;
mod terms;

pub use super::kind::Kind;
pub use ack::Ack;
pub use terms::{Format, Terms};

use super::config::VoicenterConfig;
use super::row::{self, Names};
use super::sight::nodes_of_row;
use crate::common::exchange::Exchange;
use std::sync::Arc;
use switching::record::CallRecord;

/// How long one try may take, in milliseconds (VOI-LIM-06, VOI-CDR-09).
pub const TRY_MS: u64 = 10_000;
/// How long reaching the server may take, in milliseconds (VOI-ADM-26).
pub const CONNECT_MS: u64 = 3_000;
/// Octets of an answer that are read (VOI-ADM-26).
pub const ANSWER_MAX: usize = 262_144;
/// Redirects that are followed (VOI-ADM-26).
pub const REDIRECTS_MAX: usize = 3;
/// Tries of a body that the server cannot read: the same one fails again (VOI-CDR-09).
const UNREADABLE_TRIES: u32 = 3;
/// Minutes until the next try, after the first, second ... one that failed (VOI-CDR-09).
const RETRY_MIN: [u64; 7] = [1, 5, 15, 60, 180, 360, 720];

/// One message to be kept until it has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Messages with the same key arrive in their order: the call id.
    pub order_key: String,
    /// Its own name: never two with the same.
    pub id: String,
    /// The body; the same at every try.
    pub body: Vec<u8>,
}

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// The server answered so.
    Answered {
        /// HTTP status.
        status: u16,
        /// What its body says.
        ack: Ack,
    },
    /// It could not be reached, was too slow, or its certificate is wrong.
    Failed,
}

/// What happens next with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It has arrived.
    Done,
    /// Another try after so long.
    Retry {
        /// Milliseconds.
        after_ms: u64,
    },
    /// No more tries by itself.
    Park,
}

/// What happens next after the try of this number, from 1.
#[must_use]
pub fn next(tries: u32, tried: Tried) -> Next {
    let later = || {
        let step = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
        RETRY_MIN.get(step).map_or(Next::Park, |minutes| Next::Retry { after_ms: minutes * 60_000 })
    };
    match tried {
        Tried::Answered { status: 200..=299, ack } => match ack {
            Ack::Taken | Ack::Unreadable => Next::Done,
            Ack::CannotRead if tries >= UNREADABLE_TRIES => Next::Park,
            Ack::CannotRead | Ack::Refused => later(),
        },
        Tried::Answered { .. } | Tried::Failed => later(),
    }
}

/// What one server gets.
#[derive(Clone)]
pub struct Feed {
    exchange: Exchange,
    config: Arc<VoicenterConfig>,
    terms: Terms,
}

impl Feed {
    /// What a server gets that asked for this.
    #[must_use]
    pub fn new(exchange: Exchange, config: Arc<VoicenterConfig>, terms: Terms) -> Self {
        Self { exchange, config, terms }
    }

    /// The content type of the bodies.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.terms.format.content_type()
    }

    /// The messages of a finished call, in the order in which they have to arrive.
    #[must_use]
    pub fn messages(&self, record: &CallRecord) -> Vec<Message> {
        let clock = self.exchange.clock();
        let rows = self.exchange.read(|picture| {
            let rows = (1_u32..).zip(row::of(record, &Names { picture, config: &self.config }));
            let taken = |row: &row::Row| self.terms.take(row, &nodes_of_row(picture, &self.config, row));
            rows.filter(|(_, row)| taken(row)).collect::<Vec<_>>()
        });
        let message = |(number, row): (u32, row::Row)| {
            let unix_s = clock.unix_ms(row.started).div_euclid(1_000);
            let time = if self.terms.local_time { self.config.local(unix_s) } else { unix_s };
            Message {
                id: format!("{}-{number}", row.call_id),
                body: encode::body(&self.terms, &row, time).into_bytes(),
                order_key: row.call_id,
            }
        };
        rows.into_iter().map(message).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn answered(status: u16, ack: Ack) -> Tried {
        Tried::Answered { status, ack }
    }

    #[test]
    fn tries_follow_the_plan_and_end() {
        let waits: Vec<Next> = (1..=8).map(|tries| next(tries, Tried::Failed)).collect();
        let after = |minutes: u64| Next::Retry { after_ms: minutes * MINUTE };
        let plan = [1, 5, 15, 60, 180, 360, 720].map(after);
        assert_eq!(waits[..7], plan);
        assert_eq!(waits[7], Next::Park);
        for tried in [answered(500, Ack::Taken), answered(302, Ack::Unreadable), answered(200, Ack::Refused)] {
            assert_eq!((next(1, tried), next(8, tried)), (after(1), Next::Park), "{tried:?}");
        }
    }

    #[test]
    fn what_the_server_cannot_read_is_tried_three_times() {
        let tried = answered(200, Ack::CannotRead);
        assert_eq!(next(1, tried), Next::Retry { after_ms: MINUTE });
        assert_eq!(next(2, tried), Next::Retry { after_ms: 5 * MINUTE });
        assert_eq!(next(3, tried), Next::Park);
    }

    #[test]
    fn taken_is_taken_also_where_the_answer_says_nothing() {
        assert_eq!(next(1, answered(200, Ack::Taken)), Next::Done);
        assert_eq!(next(5, answered(204, Ack::Unreadable)), Next::Done);
    }
}
