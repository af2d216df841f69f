//! The WebSocket (IPX-AUTH-08, IPX-AUTH-09): one per session, frames to the client, nothing but pings from it. One that cannot be
//! read is closed with the code of RFC 6455 section 7.4.1 for the reason.

use super::Door;
use super::session::{Close, Entered};
use crate::common::pace;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use std::time::Duration;
use tungstenite::error::ProtocolError;

/// Octets of a message of the client's; there is nothing that it has to say.
pub const MESSAGE_LEN_MAX: usize = 4_096;
/// Frames that are taken in one go.
const BATCH_MAX: usize = 64;
/// How long a client may take nothing, in milliseconds.
const BLOCKED_MS: u64 = 10_000;
/// The same, for what is said beside the frames.
const BLOCKED: Duration = Duration::from_millis(BLOCKED_MS);
/// RFC 6455 section 7.4.1: an ordinary end.
const NORMAL: u16 = 1_000;
/// RFC 6455 section 7.4.1: against the protocol.
const PROTOCOL: u16 = 1_002;
/// RFC 6455 section 7.4.1: a text that is none.
const NO_TEXT: u16 = 1_007;
/// RFC 6455 section 7.4.1: against the rules of the house.
const POLICY: u16 = 1_008;
/// RFC 6455 section 7.4.1: more than is read.
const TOO_LONG: u16 = 1_009;

/// Takes the upgrade and carries frames until either side ends.
pub(super) fn open(door: Door, entered: Entered, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.max_message_size(MESSAGE_LEN_MAX).max_frame_size(MESSAGE_LEN_MAX);
    upgrade.on_upgrade(move |socket| async move {
        let Some((number, wake)) = door.sessions().attach(&entered) else { return };
        let mut talk = Talk { door, entered, number, socket };
        let why = talk.run(&wake).await;
        let Talk { door, entered, number, mut socket } = talk;
        door.sessions().detach(&entered, number, door.exchange.clock().now());
        if let Some(frame) = why.map(close_frame) {
            // The client may be gone.
            let _ = tokio::time::timeout(BLOCKED, socket.send(Message::Close(Some(frame)))).await;
        }
    })
}

fn close_frame(why: Close) -> CloseFrame {
    let (code, reason) = match why {
        Close::Logout => (NORMAL, "logout"),
        Close::Forced => (POLICY, "Forced Logout"),
        Close::Replaced => (NORMAL, "another socket of this session"),
        Close::Slow => (POLICY, "frames were not read"),
        Close::Expired => (POLICY, "session is over"),
        Close::TooLong => (TOO_LONG, "message too long"),
        Close::NoText => (NO_TEXT, "text is not UTF-8"),
        Close::Broken => (PROTOCOL, "protocol error"),
    };
    CloseFrame { code, reason: reason.into() }
}

/// What to say to a client that could not be understood; none: its connection is gone.
fn unread(error: axum::Error) -> Option<Close> {
    match *error.into_inner().downcast::<tungstenite::Error>().ok()? {
        tungstenite::Error::Capacity(_) => Some(Close::TooLong),
        tungstenite::Error::Utf8(_) => Some(Close::NoText),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(_) => Some(Close::Broken),
        _ => None,
    }
}

struct Talk {
    door: Door,
    entered: Entered,
    number: u64,
    socket: WebSocket,
}

impl Talk {
    /// Until the end; none: the client has gone.
    async fn run(&mut self, wake: &tokio::sync::Notify) -> Option<Close> {
        let clock = self.door.exchange.clock().clone();
        let life_ms = self.door.sessions().life_ms();
        let mut heard = clock.now();
        let mut ping = clock.now().after_ms(life_ms / 2);
        loop {
            match self.door.sessions().next(&self.entered, self.number, BATCH_MAX) {
                Ok(frames) if frames.is_empty() => {}
                Ok(frames) => {
                    let taken = frames.len();
                    pace::write(&mut self.socket, frames, &clock, BLOCKED_MS).await.ok()?;
                    pace::rest_after(taken, BATCH_MAX).await;
                    continue;
                }
                Err(why) => return Some(why),
            }
            tokio::select! {
                () = wake.notified() => {}
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_))) | None => return None,
                    Some(Err(error)) => return unread(error),
                    Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {
                        heard = clock.now();
                        self.door.sessions().heard(&self.entered, heard);
                    }
                },
                () = clock.sleep_until(ping) => {
                    if clock.now() >= heard.after_ms(life_ms) {
                        return Some(Close::Expired);
                    }
                    ping = clock.now().after_ms(life_ms / 2);
                    self.send(Message::Ping(axum::body::Bytes::new())).await.ok()?;
                }
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), ()> {
        match tokio::time::timeout(BLOCKED, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(()),
        }
    }
}
