//! The listeners: raw XML and HTTP on one port, told apart by the first octets (TEL-TRN-01, TEL-TRN-10), or HTTP alone.
//!
//! One task takes the connections in and reads what first comes on each, in the order in which it comes; so a request gets its turn
//! at its device in that order. It is carried out by a task of its own, which nobody waits for but its client.

use super::conversation::{Arrived, Conversation};
use super::error::TelError;
use super::http::{self, Response};
use super::{Door, civil, wire};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Pause after the operating system refused a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Raw XML and HTTP.
    Both,
    /// HTTP alone.
    Http,
}

/// Serves connections until it is dropped; dropping closes them all.
pub async fn serve(listener: TcpListener, door: Door, speaks: Speaks) {
    let mut reading = FuturesUnordered::new();
    let mut carrying = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, client)) if door.0.config.admits(client.ip()) => {
                    // Places are given in the order of arrival.
                    match door.enter(client.ip().to_canonical()) {
                        Some(place) => reading.push(Conversation::new(socket, &door, place, client).begin(speaks)),
                        None => drop(carrying.spawn(turn_away(socket, client, door.clone(), speaks))),
                    }
                }
                Ok((_, client)) => tracing::warn!(dialect = "telservices", %client, "refused: address not allowed"),
                Err(error) => {
                    tracing::warn!(dialect = "telservices", %error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some((conversation, arrived)) = reading.next() => {
                let turn = match &arrived {
                    Arrived::Request(request) => door.turn_of(request),
                    Arrived::Octets(_) | Arrived::Http | Arrived::NoRequest | Arrived::NoRoom | Arrived::Gone => None,
                };
                carrying.spawn(conversation.go_on(door.clone(), arrived, turn, speaks));
            }
            Some(_) = carrying.join_next() => {}
        }
    }
}

/// There is not even room to read what is asked.
async fn turn_away(socket: TcpStream, client: SocketAddr, door: Door, speaks: Speaks) {
    tracing::warn!(dialect = "telservices", %client, "refused: far too many connections");
    let refusal = match speaks {
        Speaks::Both => [wire::error(TelError::ResourceError.name()).as_bytes(), &door.0.config.end_of_pdu].concat(),
        Speaks::Http => http::head(&door, &Response::empty(503), false).into_bytes(),
    };
    Conversation::without_place(socket, &door, client).finish(&refusal).await;
}

/// The date for a head.
pub(super) fn date(door: &Door) -> String {
    let clock = door.0.exchange.clock();
    civil::http_date(clock.unix_ms(clock.now()))
}
