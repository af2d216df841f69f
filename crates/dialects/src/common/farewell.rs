//! The last words on a connection that a door serves itself: writing to a client that may take nothing, and a close that does not
//! take the answer away.
//!
//! A socket that is closed over octets that nobody has read is reset, and a client that is still sending then loses what it was
//! told (RFC 9112, section 9.6).

use super::clock::Clock;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a client that has its answer may go on sending.
pub const LINGER: Duration = Duration::from_secs(5);
/// Octets that it may still send.
pub const LINGER_LEN_MAX: usize = 134_217_728;

/// Writes all, unless the client takes nothing for so many milliseconds.
///
/// # Errors
///
/// When it has gone or takes nothing; then some of it may have been written.
pub async fn write(socket: &mut TcpStream, mut octets: &[u8], clock: &Clock, idle_ms: u64) -> Result<(), ()> {
    while !octets.is_empty() {
        let taken = tokio::select! {
            written = socket.write(octets) => written.ok().filter(|taken| *taken > 0).ok_or(())?,
            () = clock.sleep_ms(idle_ms) => return Err(()),
        };
        octets = &octets[taken..];
    }
    Ok(())
}

/// Closes the sending side, and reads and drops what the client still sends, for a bounded time and a bounded number of octets.
pub async fn linger(socket: &mut TcpStream) {
    let drained = async {
        let mut ignored = vec![0; 65_536];
        let mut total = 0;
        let _ = socket.shutdown().await;
        while let Ok(octets @ 1..) = socket.read(&mut ignored).await {
            total += octets;
            if total > LINGER_LEN_MAX {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, drained).await;
}
