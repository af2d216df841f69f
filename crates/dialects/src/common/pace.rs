//! How often a client's stream is written to.
//!
//! A phone that is called rings and answers within milliseconds, and on a busy exchange calls come as close together. A write for
//! each event would cost more than the event: system calls, a record of TLS, a wake-up at both ends. So after a write a stream rests a
//! little, and what has come meanwhile leaves together, in its order. The first event after a quiet time leaves at once.

use std::time::Duration;

/// How long a stream rests after a write: nobody who watches a telephone sees it, and 200 writes a second are the most that a
/// client costs.
const REST: Duration = Duration::from_millis(5);

/// Lets what comes next gather.
pub async fn rest() {
    tokio::time::sleep(REST).await;
}
