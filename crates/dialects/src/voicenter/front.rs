//! The HTTP listeners: one of this door's own, where paths are found in any case, and routes for a listener that is shared.

use super::request::{Endpoint, answer, decode};
use super::session::{MESSAGE_LEN_MAX, SOCKETS_MAX};
use super::wire::{BODY_MAX, Bad, Response};
use super::{Door, session};
use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::routing::{any, get};
use std::net::{IpAddr, SocketAddr};

/// The paths of this door on a listener of its own (VOI-ADM-20: in any case).
pub fn router(door: Door) -> Router {
    channel().fallback(any(serve)).with_state(door)
}

/// The paths of this door on a listener that is shared, in the spellings of the vendor's document and in lower case.
pub fn shared_router(door: Door) -> Router {
    let routes = Endpoint::PATHS.iter().fold(channel(), |router, (path, _)| router.route(path, any(serve)));
    routes.with_state(door)
}

/// The real-time channel and its script (VOI-RT-01, VOI-RT-07).
fn channel() -> Router<Door> {
    let script = || async {
        let kind = [(header::CONTENT_TYPE, "application/javascript; charset=utf-8")];
        (kind, include_str!("listener.js"))
    };
    Router::new().route("/voicenterMonitorListener.js", get(script)).route("/socket.io/", get(open_channel))
}

/// Where a request came from; none: nobody knows.
fn source(door: &Door, request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())?;
    let said: Vec<&str> = request
        .headers()
        .get_all(door.config.forwarded_header.as_str())
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    Some(door.config.source(peer, said.into_iter()))
}

async fn open_channel(State(door): State<Door>, request: Request) -> axum::response::Response {
    let Some(source) = source(&door, &request) else { return bare(StatusCode::NOT_FOUND) };
    let (mut head, _) = request.into_parts();
    if let Some(refused) = unknown_protocol(head.uri.query().unwrap_or_default()) {
        return refused;
    }
    let query = head.uri.query().unwrap_or_default();
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    let token = token.map(|(_, token)| token.into_owned());
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut head, &()).await else {
        // Polling is not there.
        return bare(StatusCode::BAD_REQUEST);
    };
    let upgrade = upgrade.max_message_size(MESSAGE_LEN_MAX).max_frame_size(MESSAGE_LEN_MAX);
    match door.stream.read_by_one_more(SOCKETS_MAX) {
        Some(reading) => upgrade.on_upgrade(move |socket| session::serve(door, source, token, socket, reading)),
        // A page cannot see why it was not let in over HTTP: it is told inside.
        None => upgrade.on_upgrade(session::turn_away),
    }
}

/// Another version than Engine.IO 3 would wait for pings that never come, and polling is not there (VOI-RT-07). Who names neither is
/// taken at the word of its WebSocket.
fn unknown_protocol(query: &str) -> Option<axum::response::Response> {
    let other = |wanted: &str, known: &str| {
        let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
        named.is_some_and(|(_, value)| value != known)
    };
    let said = if other("EIO", "3") {
        "{\"code\":5,\"message\":\"Unsupported protocol version\"}"
    } else if other("transport", "websocket") {
        "{\"code\":0,\"message\":\"Transport unknown\"}"
    } else {
        return None;
    };
    let mut response = bare(StatusCode::BAD_REQUEST);
    *response.body_mut() = Body::from(said);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(response)
}

/// Requests need [`ConnectInfo`]`<`[`SocketAddr`]`>`, without which nobody is let in.
async fn serve(State(door): State<Door>, request: Request) -> axum::response::Response {
    let source = source(&door, &request);
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let (Some(source), Some(endpoint)) = (source, Endpoint::at(path)) else { return bare(StatusCode::NOT_FOUND) };
    if head.method == Method::OPTIONS {
        return preflight();
    }
    if head.method != Method::GET && head.method != Method::POST {
        let mut response = bare(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
        return response;
    }
    let kind = head.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or("unreadable"));
    let encoded = head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
    let query = head.uri.query().unwrap_or_default();
    let params = match axum::body::to_bytes(body, BODY_MAX).await {
        Ok(_) if encoded => Err(Bad::Kind),
        Ok(body) => decode(path, query, kind, &body).map_or(Err(Bad::Malformed), |(_, params)| params),
        Err(_) => Err(Bad::Unread),
    };
    let close = params == Err(Bad::Unread);
    sent(answer(&door, source, endpoint, query, params).await, close)
}

fn sent(response: Response, close: bool) -> axum::response::Response {
    let mut sent = axum::response::Response::new(Body::from(response.body));
    *sent.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = sent.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(response.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    sent
}

fn preflight() -> axum::response::Response {
    let mut response = bare(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    response
}

fn bare(status: StatusCode) -> axum::response::Response {
    let mut response = axum::response::Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
