//! Pushes to other people's servers (webhooks, vendor pushes): laid with the cursor of their endpoint in one
//! transaction, leased, then acknowledged. Sending and the plan of retries are the server's.

/// A push that is due from here on is parked: nobody tries it by itself, and it holds no other one back (the year 9999).
pub const PARKED_MS: u64 = 253_402_300_799_000;

/// A push to be laid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Pushes of one endpoint with the same key leave one after the other (a call's, say).
    pub order_key: String,
    /// The message id; laid twice at one endpoint it stays one.
    pub message: String,
    /// Not before this; a push is as old as this is past.
    pub due_ms: u64,
    /// The encoded request.
    pub bytes: Vec<u8>,
}

/// A push that is laid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaidPush {
    /// The store's key of it.
    pub id: u64,
    /// Where it goes.
    pub endpoint: String,
    /// Its order key.
    pub order_key: String,
    /// Its message id.
    pub message: String,
    /// When it is due, or when its lease ends.
    pub due_ms: u64,
    /// When it was due first.
    pub laid_ms: u64,
    /// How often it was leased, this time included.
    pub tries: u32,
    /// The encoded request.
    pub bytes: Vec<u8>,
}

/// What an endpoint has not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Pushes that wait, or are on their way.
    pub waiting: usize,
    /// When the oldest of them was due first.
    pub oldest_ms: Option<u64>,
    /// Pushes that are parked.
    pub parked: usize,
}

/// What became of a leased push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// It arrived, or is given up: forget it.
    Done {
        /// The push.
        id: u64,
    },
    /// Try again.
    Retry {
        /// The push.
        id: u64,
        /// Not before this.
        due_ms: u64,
    },
    /// No more tries by itself: it stays until somebody replays it, and what waited behind it goes on.
    Park {
        /// The push.
        id: u64,
    },
}
