//! The TelServices door: the XML interface of the TelServer, one request per TCP connection, over HTTP, and by a URL; events by
//! UDP or by long poll.
//!
//! Here are sessions, makeCall, answerCall, dropCall, snapshot, queryHistory, and the events of calls and sessions. The other
//! services of the vendor are known by name and refused. By default there are no credentials: an address list is the only
//! guard. The door keeps sessions, clients and their timers; it keeps no call.

pub mod config;
pub mod error;
pub mod id;
pub mod wire;

mod call;
mod civil;
mod conversation;
mod event;
mod front;
mod history;
mod http;
mod outbox;
mod places;
mod request;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod turns;

pub use config::TelServicesConfig;
pub use front::{Speaks, serve};
pub use http::{Asked, Body, Framing, from_query, parse as parse_http, router};
pub use stream::Stream;

use crate::common::attempts::Attempts;
use crate::common::exchange::Exchange;
use places::Places;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use switching::picture::Picture;
use tokio::sync::Notify;
use turns::Turns;

/// Name of the door in the directory of accounts, in logs and in the core.
const DOOR: &str = "telservices";

/// Everything the listeners of one exchange share. Cheap to clone.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    exchange: Exchange,
    config: TelServicesConfig,
    stream: Stream,
    /// From where events are sent; none: nobody gets any by UDP.
    events_from: Mutex<Option<UdpSocket>>,
    /// Whether events are sent and timers watched.
    attended: AtomicBool,
    /// Timers have changed.
    timers: Notify,
    attempts: Attempts,
    places: Places,
    turns: Turns,
}

impl Door {
    /// A door on one exchange; `stream` is the one that its projector feeds, `events_from` the socket from which events leave
    /// (TEL-TRN-08).
    #[must_use]
    pub fn new(exchange: Exchange, config: TelServicesConfig, stream: Stream, events_from: Option<UdpSocket>) -> Self {
        Self(Arc::new(Inner {
            exchange,
            config,
            stream,
            events_from: Mutex::new(events_from),
            attended: AtomicBool::new(false),
            timers: Notify::new(),
            attempts: Attempts::at(DOOR),
            places: Places::default(),
            turns: Turns::default(),
        }))
    }

    /// Closes what a former life of the program has left open: of the sessions of this door nothing else outlives it.
    pub async fn begin(self) {
        let open = |picture: &Picture| {
            let devices = picture.devices.iter().filter(|(_, device)| device.session == Some(None));
            devices.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        for device in self.0.exchange.read(open) {
            self.unwatch(device).await;
        }
    }

    /// Begins to send events and to watch the timers of sessions, once there is a session.
    fn attend(&self) {
        if !self.0.attended.swap(true, Ordering::AcqRel) {
            let from = self.0.events_from.lock().unwrap_or_else(PoisonError::into_inner).take();
            tokio::spawn(self.0.stream.outbox().clone().send(from));
            tokio::spawn(self.clone().keep_time());
        }
    }

    async fn keep_time(self) {
        let clock = self.0.exchange.clock();
        loop {
            let changed = self.0.timers.notified();
            let due = self.0.stream.sessions(|sessions, _, _| sessions.next_due());
            let arrives = async {
                match due {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = arrives => {
                    let now = clock.now();
                    let unwatched = self.0.stream.sessions(|sessions, out, tail| sessions.expire(now, out, tail));
                    for device in unwatched {
                        let door = self.clone();
                        tokio::spawn(async move { door.unwatch(device).await });
                    }
                }
                () = changed => {}
            }
        }
    }
}
