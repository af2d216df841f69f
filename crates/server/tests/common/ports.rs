//! Ports for tests that have to say one beforehand, or need the same in two lives of the program.
//!
//! They lie below those that the system gives to whoever asks for any, so that no socket of another test or program gets one between its
//! choice and its use, or between two lives. Of the tests each has its own: a locked file says that it is taken.

use std::fs::File;
use std::net::{TcpListener, UdpSocket};

/// Ports that neither the system gives by itself nor the exchange takes for sound.
const RANGE: std::ops::Range<u16> = 21_000..22_000;

/// A port on loopback, for TCP or UDP, that is this test's as long as its process lives.
pub fn own_port() -> u16 {
    let len = u32::from(RANGE.end - RANGE.start);
    // Tests that run at the same time begin at different places.
    let first = std::process::id().wrapping_mul(31) % len;
    let mut ports = (0..len).map(|n| RANGE.start + u16::try_from((first + n) % len).expect("within the range"));
    ports.find(|port| take(*port)).expect("one of a thousand ports is free")
}

fn take(port: u16) -> bool {
    let path = std::env::temp_dir().join(format!("hookswitch-test-port-{port}"));
    // The file of another user cannot be opened, and its port is taken then.
    let Ok(file) = File::create(path) else { return false };
    if file.try_lock().is_err() {
        return false;
    }
    let address = ("127.0.0.1", port);
    let is_free = TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok();
    if is_free {
        // The lock lasts as long as the process.
        std::mem::forget(file);
    }
    is_free
}
