//! A SIP phone that rings and does nothing else: it registers, says 180 to every INVITE, and counts the calls that came.
//!
//! It answers no CANCEL and no BYE, so an exchange that stops has to wait for it.

use super::Office;
use super::sipp::SipPhone;
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it looks whether its test is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Octets of a datagram.
const DATAGRAM_LEN_MAX: usize = 65_535;

/// The line of the Call-ID, and that of the caller.
type Calls = BTreeMap<String, String>;

/// The phone.
pub struct Ringing {
    calls: Arc<Mutex<Calls>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ringing {
    /// Registers the station of this number and lets it ring.
    pub fn at(office: &Office, number: &str) -> Self {
        let phone = SipPhone::of(office, number);
        phone.register(200);
        let socket = UdpSocket::bind(("127.0.0.1", phone.port)).expect("the phone's own port");
        socket.set_read_timeout(Some(LOOK_EVERY)).expect("a time-out");
        let (calls, over) = (Arc::<Mutex<Calls>>::default(), Arc::<AtomicBool>::default());
        let (rung, ends) = (Arc::clone(&calls), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let mut octets = vec![0; DATAGRAM_LEN_MAX];
            while !ends.load(Ordering::Relaxed) {
                let Ok((len, from)) = socket.recv_from(&mut octets) else { continue };
                let text = String::from_utf8_lossy(&octets[..len]).into_owned();
                if text.starts_with("INVITE ") {
                    ring(&socket, from, &text, &rung);
                }
            }
        });
        Self { calls, over, thread: Some(thread) }
    }

    /// How many calls came: INVITEs with a Call-ID of their own.
    pub fn calls(&self) -> usize {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many of them show this number as the caller.
    pub fn calls_from(&self, number: &str) -> usize {
        let caller = format!("<sip:{number}@");
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).values().filter(|from| from.contains(&caller)).count()
    }
}

impl Drop for Ringing {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Its thread has nothing to tell.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// 180 with the header fields that RFC 3261 8.2.6.2 copies.
fn ring(socket: &UdpSocket, from: SocketAddr, invite: &str, calls: &Mutex<Calls>) {
    let caller = invite.lines().find(|line| line.to_ascii_lowercase().starts_with("from:")).unwrap_or_default();
    let mut response = "SIP/2.0 180 Ringing\r\n".to_owned();
    for line in invite.lines().take_while(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "via" | "from" | "cseq" => response += &format!("{line}\r\n"),
            "call-id" => {
                calls.lock().unwrap_or_else(PoisonError::into_inner).insert(line.to_owned(), caller.to_owned());
                response += &format!("{line}\r\n");
            }
            "to" => response += &format!("{line};tag=ringing\r\n"),
            _ => {}
        }
    }
    let contact = socket.local_addr().expect("it is bound");
    response += &format!("Contact: <sip:{contact}>\r\nContent-Length: 0\r\n\r\n");
    socket.send_to(response.as_bytes(), from).expect("it is sent");
}
