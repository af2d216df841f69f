//! The WebSocket (IPX-AUTH-08, IPX-AUTH-09): one per session, frames to the client, nothing but pings from it. One that cannot be
//! read is closed with the code of RFC 6455 section 7.4.1 for the reason.

use super::Door;
use super::session::{Close, Entered};
use crate::common::pace;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
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

/// Takes the upgrade and carries frames until either side ends. The session has its socket before the client is told so: none of what it
/// asks to watch then is lost.
pub(super) fn open(door: Door, entered: Entered, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.max_message_size(MESSAGE_LEN_MAX).max_frame_size(MESSAGE_LEN_MAX);
    let seat = Seat::take(door, entered);
    upgrade.on_upgrade(move |socket| async move {
        let Some((seat, wake)) = seat else { return };
        let mut talk = Talk { seat, socket };
        let why = talk.run(&wake).await;
        let Talk { seat, mut socket } = talk;
        drop(seat);
        if let Some(frame) = why.map(close_frame) {
            // The client may be gone.
            let _ = tokio::time::timeout(BLOCKED, socket.send(Message::Close(Some(frame)))).await;
        }
    })
}

/// The socket of a session, for as long as this lives; the client may be gone before its upgrade is done.
struct Seat {
    door: Door,
    entered: Entered,
    number: u64,
}

impl Seat {
    /// None: the session is over.
    fn take(door: Door, entered: Entered) -> Option<(Self, Arc<Notify>)> {
        let (number, wake) = door.sessions().attach(&entered)?;
        Some((Self { door, entered, number }, wake))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.door.sessions().detach(&self.entered, self.number, self.door.exchange.clock().now());
    }
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
    seat: Seat,
    socket: WebSocket,
}

impl Talk {
    /// Until the end; none: the client has gone.
    async fn run(&mut self, wake: &Notify) -> Option<Close> {
        let Seat { door, entered, number } = &self.seat;
        let clock = door.exchange.clock().clone();
        let life_ms = door.sessions().life_ms();
        let mut heard = clock.now();
        let mut ping = clock.now().after_ms(life_ms / 2);
        // Until when frames gather. The client is heard meanwhile: frames that never end must not keep its pongs unread.
        let mut rest: Option<Instant> = None;
        loop {
            if rest.is_none() {
                let frames = match door.sessions().next(entered, *number, BATCH_MAX) {
                    Ok(frames) => frames,
                    Err(why) => return Some(why),
                };
                let taken = frames.len();
                if taken > 0 {
                    pace::write(&mut self.socket, frames, &clock, BLOCKED_MS).await.ok()?;
                    rest = Some(pace::end_of_rest_after(taken, BATCH_MAX));
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until(rest.unwrap_or_else(Instant::now)), if rest.is_some() => rest = None,
                () = wake.notified(), if rest.is_none() => {}
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_))) | None => return None,
                    Some(Err(error)) => return unread(error),
                    Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {
                        heard = clock.now();
                        door.sessions().heard(entered, heard);
                    }
                },
                () = clock.sleep_until(ping) => {
                    if clock.now() >= heard.after_ms(life_ms) {
                        return Some(Close::Expired);
                    }
                    ping = clock.now().after_ms(life_ms / 2);
                    send(&mut self.socket, Message::Ping(axum::body::Bytes::new())).await.ok()?;
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), ()> {
    match tokio::time::timeout(BLOCKED, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(()),
    }
}
