//! How messages find their transaction (RFC 3261 17.1.3, 17.2.3). With the magic cookie: branch, sent-by and method.
//! Without it, as RFC 2543 peers send: request URI, From tag, Call-ID, CSeq number and the whole top Via.

use crate::message::{HeaderName, Message, Method, split_commas};
use std::sync::Arc;

/// The key of a transaction of ours: the branch is unique, the method tells a CANCEL from its INVITE.
pub(super) fn client(branch: &[u8], method: &[u8]) -> Arc<[u8]> {
    join(b'c', &[branch, method])
}

/// The key under which a response looks for its request; `None` when its Via or CSeq is unreadable.
pub(super) fn of_response(message: &Message) -> Option<Arc<[u8]>> {
    let via = message.via().ok()?;
    let cseq = message.cseq().ok()?;
    Some(client(via.branch(), cseq.method))
}

/// The key of a foreign request; an ACK has its INVITE's. `None` when the Via is unreadable.
pub(super) fn of_request(message: &Message) -> Option<Arc<[u8]>> {
    let method = if message.method() == Method::Ack { b"INVITE" } else { message.method_name() };
    with_method(message, method)
}

/// The key of the INVITE that this CANCEL means.
pub(super) fn of_cancelled(message: &Message) -> Option<Arc<[u8]>> {
    with_method(message, b"INVITE")
}

fn with_method(message: &Message, method: &[u8]) -> Option<Arc<[u8]>> {
    let via = message.via().ok()?;
    match via.magic_branch() {
        Some(branch) => {
            let port = via.port.unwrap_or(0).to_be_bytes();
            let host = via.host.to_ascii_lowercase();
            Some(join(b's', &[branch, &host, &port, method]))
        }
        None => {
            let number = message.cseq().map_or(0, |cseq| cseq.number).to_be_bytes();
            let top = message.values(HeaderName::Via).flat_map(split_commas).next()?;
            Some(join(b'o', &[message.request_uri_raw(), message.from_tag(), message.call_id(), &number, top, method]))
        }
    }
}

fn join(kind: u8, parts: &[&[u8]]) -> Arc<[u8]> {
    let len = 1 + parts.iter().map(|part| part.len() + 1).sum::<usize>();
    let mut key = Vec::with_capacity(len);
    key.push(kind);
    for part in parts {
        key.extend_from_slice(part);
        key.push(0);
    }
    key.into()
}
