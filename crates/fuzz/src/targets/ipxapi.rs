//! The decoders of the iPECS Web API: head, parameters, `q`, what is to be deleted, tokens, and what a socket says.

use dialects::ipxapi::head::{self, Place};
use dialects::ipxapi::smdr::json;
use dialects::ipxapi::smdr::query::{Expr, FIELDS, Options};
use dialects::ipxapi::smdr::span::Span;
use dialects::ipxapi::token::Signer;
use dialects::ipxapi::wire::{Parameters, REFERENCE_MAX};
use jiff::civil::DateTime;
use std::io::{self, Cursor, Read, Write};
use tungstenite::WebSocket;
use tungstenite::protocol::{Role, WebSocketConfig};

/// Query and body of a call command: what is taken is within its bounds.
pub(super) fn parameters(input: &[u8]) {
    let (query, body) = match input.iter().position(|b| *b == b'\n') {
        Some(end) => (String::from_utf8_lossy(&input[..end]).into_owned(), &input[end + 1..]),
        None => (String::new(), input),
    };
    let Ok(asked) = Parameters::read(Some(&query), body) else { return };
    if let Ok(reference) = asked.positive("callRefID", REFERENCE_MAX) {
        assert!((1..=REFERENCE_MAX).contains(&reference));
    }
    if let Ok(number) = asked.digits("deviceNumber") {
        let rest = number.as_str().strip_prefix('+').unwrap_or(number.as_str());
        assert!(!rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#')));
    }
    if let Ok(list) = asked.list("deviceNumber", 100) {
        assert!((1..=100).contains(&list.len()));
    }
}

/// Tokens: none is ours that we have not signed.
pub(super) fn token(input: &[u8]) {
    if let (Ok(signer), Ok(text)) = (Signer::new(), std::str::from_utf8(input)) {
        assert_eq!(signer.verify(text), None);
    }
}

/// Path and `Authorization` of a request, a line each: what is named is named as it was written, and no password holds more than came.
pub(super) fn head(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (path, authorization) = text.split_once('\n').unwrap_or((&text, ""));
    let segments = head::segments(path);
    if let Ok(place) = Place::of(&segments) {
        assert!(segments.contains(&place.user), "another user than that of the path");
        assert_eq!(place.resource, place.resource.to_ascii_lowercase());
    }
    if let Some(token) = head::bearer(authorization) {
        assert!(authorization.contains(&token));
    }
    if let Some((user, password)) = head::basic(authorization) {
        assert!(user.len() + password.len() < authorization.len() && !user.contains(':'));
    }
}

/// A `q`, held against rows of texts that look like values of all kinds: no row fulfils it and its contrary, and whatever fulfils it lies
/// where it is looked for.
pub(super) fn query(input: &[u8]) {
    let Some(json) = std::str::from_utf8(input).ok().and_then(json::read) else { return };
    let Some(expr) = Expr::read(&json, &FIELDS, Some(&mut Options::default())) else { return };
    let not = Expr::Not(Box::new(expr.clone()));
    for row in ["", "12", "2018-08-10 09:30", "00:01:25", "a*b?c"] {
        let field = |_: &str| Some(row.to_owned());
        assert_ne!(expr.holds(&field), not.holds(&field));
    }
    looked_for(&expr);
}

fn looked_for(expr: &Expr) {
    let span = Span::of(std::slice::from_ref(expr));
    for index in [0_u64, 1, 2, 3, 5, 6, 20, 25, 30, u64::MAX - 1] {
        for start in
            ["2018-08-09 23:59", "2018-08-10 00:00", "2018-08-10 09:30", "2018-08-10 09:31", "1970-01-01 00:00"]
        {
            for station in ["1003", "1", "CO001", ""] {
                let holds = expr.holds(&|name| {
                    Some(match name {
                        "Index" => index.to_string(),
                        "StartTime" => start.to_owned(),
                        "StationNumber" => station.to_owned(),
                        _ => return None,
                    })
                });
                if holds {
                    let minute: DateTime = start.replace(' ', "T").parse().expect("an instant");
                    let last = minute + jiff::SignedDuration::from_secs(59);
                    let instants = minute >= span.from && last < span.to;
                    let party = span.station.as_ref().is_none_or(|party| party.as_str() == station);
                    assert!(span.calls.contains(&index) && instants && party, "{index} {start} {station}: {span:?}");
                }
            }
        }
    }
}

/// The body of a Delete: JSON comes out as it is, and so it does where it was percent-encoded as a whole.
pub(super) fn delete(input: &[u8]) {
    let Some(text) = json::of_body(input) else { return };
    let Some(value) = json::read(&text) else { return };
    let coded: String = text.bytes().map(|octet| format!("%{octet:02X}")).collect();
    for body in [coded.clone(), format!("q={coded}")] {
        assert_eq!(json::of_body(body.as_bytes()).and_then(|text| json::read(&text)), Some(value.clone()));
    }
}

/// What a client says on its socket after the upgrade, with the bounds of the door: no message is longer, and it comes to an end.
pub(super) fn socket(input: &[u8]) {
    /// Octets that come, and answers that go nowhere.
    struct Wire<'a>(Cursor<&'a [u8]>);
    impl Read for Wire<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }
    impl Write for Wire<'_> {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            Ok(octets.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let most = dialects::ipxapi::MESSAGE_LEN_MAX;
    let bounds = WebSocketConfig::default().max_message_size(Some(most)).max_frame_size(Some(most));
    let mut socket = WebSocket::from_raw_socket(Wire(Cursor::new(input)), Role::Server, Some(bounds));
    // Each message takes two octets at least.
    for _ in 0..=input.len() {
        match socket.read() {
            Ok(message) => assert!(message.len() <= most),
            Err(_) => return,
        }
    }
    panic!("it says more than it sent");
}
