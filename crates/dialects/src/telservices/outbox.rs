//! Datagrams on their way out (TEL-TRN-08): laid down by whoever renders them, sent together by one task.
//!
//! None is repeated; a fault is counted and closes nothing. Events that come close together leave with one call of the system. They
//! lie in one piece of memory, which goes to the sender and comes back: what one thread makes and another lets go of is dear.

use crate::common::pace;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use std::io::{self, IoSlice};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::Interest;
use tokio::sync::Notify;

/// Datagrams that may wait to be sent; one more is lost, as UDP may lose any.
const WAITING_MAX: usize = 16_384;
/// Datagrams of one call of the system (its own bound is 1,024).
const BATCH: usize = 64;
/// Octets and datagrams that the two pieces of memory keep room for.
const KEPT: usize = 262_144;

/// Datagrams one behind the other.
#[derive(Debug, Default)]
pub(super) struct Post {
    octets: Vec<u8>,
    /// Where each goes, and where it ends.
    ends: Vec<(SocketAddr, usize)>,
    lost: usize,
}

impl Post {
    /// Lays one more down.
    pub(super) fn lay(&mut self, to: SocketAddr, octets: &[u8]) {
        if self.ends.len() >= WAITING_MAX {
            self.lost += 1;
            return;
        }
        self.octets.extend_from_slice(octets);
        self.ends.push((to, self.octets.len()));
    }

    fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        self.ends.iter().zip(begins).map(|((to, end), begin)| (*to, &self.octets[begin..*end]))
    }

    fn clear(&mut self) {
        self.octets.clear();
        self.octets.shrink_to(KEPT);
        self.ends.clear();
        self.ends.shrink_to(KEPT);
    }
}

/// The datagrams of one door. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<Post>,
    wake: Notify,
}

impl Outbox {
    /// Lets datagrams be laid down; they leave after the next [`Outbox::wake`].
    pub(super) fn lay<T>(&self, lay: impl FnOnce(&mut Post) -> T) -> T {
        let mut waiting = self.lock();
        let given = lay(&mut waiting);
        let lost = std::mem::take(&mut waiting.lost);
        drop(waiting);
        if lost > 0 {
            tracing::warn!(dialect = "telservices", lost, "events lost: more than {WAITING_MAX} wait to be sent");
        }
        given
    }

    /// Wakes the sender, where there is something for it.
    pub(super) fn wake(&self) {
        if !self.lock().ends.is_empty() {
            self.0.wake.notify_one();
        }
    }

    /// Sends in the order in which it was laid down, for ever. Without a socket nothing leaves.
    pub(super) async fn send(self, from: Option<UdpSocket>) {
        let socket = from.and_then(|socket| {
            socket.set_nonblocking(true).ok()?;
            tokio::net::UdpSocket::from_std(socket).ok()
        });
        let wide = socket.as_ref().and_then(|socket| socket.local_addr().ok()).is_some_and(|own| own.is_ipv6());
        let (mut post, mut failed) = (Post::default(), 0);
        loop {
            self.0.wake.notified().await;
            std::mem::swap(&mut post, &mut *self.lock());
            if let Some(socket) = &socket {
                let datagrams: Vec<_> = post.datagrams().map(|(to, octets)| (addressed(to, wide), octets)).collect();
                for batch in datagrams.chunks(BATCH) {
                    send_all(socket, batch, &mut failed).await;
                }
            }
            post.clear();
            pace::rest().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Post> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As a socket needs it that is bound to an IPv6 address (`wide`).
fn addressed(to: SocketAddr, wide: bool) -> SocketAddr {
    match to {
        SocketAddr::V4(to) if wide => (to.ip().to_ipv6_mapped(), to.port()).into(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => to,
    }
}

async fn send_all(socket: &tokio::net::UdpSocket, mut datagrams: &[(SocketAddr, &[u8])], failed: &mut u64) {
    while let Some((to, _)) = datagrams.first() {
        let sent = match socket.async_io(Interest::WRITABLE, || send_some(socket, datagrams)).await {
            Ok(sent) => sent,
            // The first was refused; the others may not be.
            Err(error) => {
                *failed += 1;
                tracing::debug!(dialect = "telservices", %to, %error, failed, "event not sent");
                1
            }
        };
        datagrams = datagrams.get(sent..).unwrap_or_default();
    }
}

/// Sends as many as the system takes at once, and says how many; an error is about the first.
fn send_some(socket: &tokio::net::UdpSocket, datagrams: &[(SocketAddr, &[u8])]) -> io::Result<usize> {
    let addresses: Vec<SocketAddrAny> = datagrams.iter().map(|(to, _)| to.as_any()).collect();
    let octets: Vec<[IoSlice<'_>; 1]> = datagrams.iter().map(|(_, octets)| [IoSlice::new(octets)]).collect();
    let mut controls: Vec<SendAncillaryBuffer<'_, '_, '_>> =
        datagrams.iter().map(|_| SendAncillaryBuffer::default()).collect();
    let parts = addresses.iter().zip(&octets).zip(&mut controls);
    let mut messages: Vec<MMsgHdr<'_>> =
        parts.map(|((to, octets), control)| MMsgHdr::new_with_addr(to, octets, control)).collect();
    Ok(sendmmsg(socket, &mut messages, SendFlags::empty())?)
}
