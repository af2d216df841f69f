//! How often a client's stream is written to.
//!
//! A phone that is called rings and answers within milliseconds, and on a busy exchange calls come as close together. A write for
//! each event would cost more than the event: system calls, a record of TLS, a wake-up at both ends. So after a write a stream rests a
//! little, and what has come meanwhile leaves together, in its order. The first event after a quiet time leaves at once.

use axum::extract::ws::{Message, WebSocket};
use futures_util::SinkExt;
use std::time::Duration;
use tokio::time::timeout;

/// How long a stream rests after a write: nobody who watches a telephone sees it, and 200 writes a second are the most that a
/// client costs.
const REST: Duration = Duration::from_millis(5);

/// Lets what comes next gather, where the `taken` of at most `most` were all there was; one who has more to read goes on.
pub async fn rest_after(taken: usize, most: usize) {
    if taken < most {
        tokio::time::sleep(REST).await;
    }
}

/// Several texts with one write. None: the client has gone, or took nothing for so long.
pub async fn write(socket: &mut WebSocket, texts: Vec<String>, within: Duration) -> Option<()> {
    let sending = async {
        for text in texts {
            socket.feed(Message::Text(text.into())).await?;
        }
        socket.flush().await
    };
    timeout(within, sending).await.ok()?.ok()
}
