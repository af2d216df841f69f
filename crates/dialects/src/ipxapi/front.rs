//! The HTTP side: which resource is asked for, by whom, with which right (IPX-AUTH-17), and answers that go out before their events.
//!
//! Head, connections and times are bounded by whoever serves the router; the body is bounded here, before it is read where its
//! length is announced.

use super::error::Fault;
use super::head::{self, Place};
use super::request::{self, Call};
use super::session::{Account, Entered, Held};
use super::socket;
use super::wire::{BODY_MAX, Parameters};
use super::{Door, NAME};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// The paths of this door.
pub fn router(door: Door) -> Router {
    Router::new()
        .route("/ipxapi", any(serve))
        .route("/ipxapi/", any(serve))
        .route("/ipxapi/{*rest}", any(serve))
        .with_state(door)
}

async fn serve(State(door): State<Door>, http: Request) -> Response {
    let (mut head, body) = http.into_parts();
    let path = head::segments(head.uri.path());
    let upgrades = head.headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    if upgrades.is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
        return upgrade(door, &mut head, &path).await.unwrap_or_else(IntoResponse::into_response);
    }
    let place = match Place::of(&path) {
        Ok(place) => place,
        Err(fault) => return fault.into_response(),
    };
    if announced(&head).is_some_and(|length| length > BODY_MAX as u64) {
        return unread();
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else { return unread() };
    // A task of its own: a client that has gone does not take its commands back.
    let done = tokio::spawn(async move { at(&door, place, &head, &body).await }).await;
    done.unwrap_or_else(|_| Fault::UNKNOWN.into_response())
}

/// How long the body will be, where the head says so.
fn announced(head: &Parts) -> Option<u64> {
    head.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The answer to a body that is not read to its end: nothing else can follow on its connection.
fn unread() -> Response {
    let mut answer = Fault::PARAMETER.into_response();
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

async fn at(door: &Door, place: Place, head: &Parts, body: &[u8]) -> Response {
    let feature = place.feature.as_deref();
    let answer = match (place.resource.as_str(), feature) {
        ("login", None) => match head.method {
            Method::GET => login(door, &place, head).await,
            _ => Err(Fault::NO_FEATURE),
        },
        ("logout" | "checkconnection", None) => plain(door, &place, head),
        ("smdr", None) => records(door, &place, head, body).await,
        ("clickcall", None) => return click(door, &place, head, body).await,
        ("call", feature) => return call(door, &place, feature.unwrap_or_default(), head, body).await,
        _ => Err(Fault::NO_RESOURCE),
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn login(door: &Door, place: &Place, head: &Parts) -> Result<Response, Fault> {
    let (user, password) = authorization(head).and_then(head::basic).ok_or(Fault::MISMATCH)?;
    if user != place.user {
        return Err(Fault::MISMATCH);
    }
    let asked = request::Login { user, password, station: place.station == Some(true), from: source(head) };
    request::login(door, asked).await
}

/// Where a request came from.
fn source(head: &Parts) -> Option<IpAddr> {
    head.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

fn plain(door: &Door, place: &Place, head: &Parts) -> Result<Response, Fault> {
    if head.method != Method::POST {
        return Err(Fault::NO_FEATURE);
    }
    let entered = enter(door, place, head)?;
    Ok(match place.resource.as_str() {
        "logout" => request::logout(door, &entered),
        _ => request::check_connection(),
    })
}

async fn call(door: &Door, place: &Place, feature: &str, head: &Parts, body: &[u8]) -> Response {
    let entered = match enter(door, place, head) {
        Ok(entered) => entered,
        Err(fault) => return fault.into_response(),
    };
    // Token, privilege, licence, parameters, terminal ... in this order (IPX-CMD-42).
    if !entered.account.may_control_calls() {
        return Fault::ACCESS_DENIED.into_response();
    }
    if !door.config.licences.calls {
        return Fault::LICENCE.into_response();
    }
    let Some(call) = Call::named(feature, &head.method) else { return Fault::NO_FEATURE.into_response() };
    let parameters = match Parameters::read(head.uri.query(), body) {
        Ok(parameters) => parameters,
        Err(fault) => return fault.into_response(),
    };
    if matches!(head.method, Method::POST) && body.trim_ascii().is_empty() {
        return Fault::PARAMETER.into_response();
    }
    let held = door.sessions().hold(&entered);
    let answer = request::call(door, &entered, call, &parameters).await;
    let transaction = parameters.transaction.as_ref();
    let answer = answer.unwrap_or_else(|fault| {
        tracing::info!(dialect = NAME, user = %entered.user, feature, code = fault.code, "refused");
        fault.answer(transaction)
    });
    before_events(answer, held).await
}

async fn records(door: &Door, place: &Place, head: &Parts, body: &[u8]) -> Result<Response, Fault> {
    let entered = enter(door, place, head)?;
    if !entered.account.may_read_records() {
        return Err(Fault::SMDR_ACCESS);
    }
    if !door.config.smdr.service {
        return Err(Fault::SMDR_OFF);
    }
    if !door.config.licences.records {
        return Err(Fault::LICENCE);
    }
    let query = head.uri.query().unwrap_or_default();
    match head.method {
        Method::GET => request::records(door, &entered, query).await,
        // A station's user may not, whether it is there or not (IPX-SMDR-04).
        Method::DELETE if !entered.account.is_server() => Err(Fault::SMDR_ACCESS),
        Method::DELETE => request::delete_records(door, &entered, query, body).await,
        _ => Err(Fault::NO_FEATURE),
    }
}

async fn click(door: &Door, place: &Place, head: &Parts, body: &[u8]) -> Response {
    let answer = async {
        if head.method != Method::POST {
            return Err(Fault::NO_FEATURE);
        }
        // The category of this resource has a code of its own for a bad token, and one for whoever is no station (IPX-C2C-01).
        let entered = entered_by(door, authorization(head).and_then(head::bearer).as_deref());
        let entered = entered.map_err(|_| Fault::C2C_AUTH)?;
        let Account::Station(station) = &entered.account else { return Err(Fault::C2C_ACCESS) };
        if place.station != Some(true) || place.user != entered.user {
            return Err(Fault::C2C_ACCESS);
        }
        let parameters = Parameters::read(head.uri.query(), body).map_err(|_| Fault::C2C_PARAMETER)?;
        request::click(door, &entered, station, &parameters).await
    };
    answer.await.unwrap_or_else(IntoResponse::into_response)
}

/// The session of a request (IPX-AUTH-05): the token's, whose user has to be that of the path.
fn enter(door: &Door, place: &Place, head: &Parts) -> Result<Entered, Fault> {
    let entered = entered_by(door, authorization(head).and_then(head::bearer).as_deref())?;
    let is_other = |station: bool| station != entered.account.is_station();
    if entered.user != place.user || place.station.is_some_and(is_other) {
        return Err(Fault::OTHER_USER);
    }
    Ok(entered)
}

fn entered_by(door: &Door, token: Option<&str>) -> Result<Entered, Fault> {
    let claims = token.and_then(|token| door.signer.verify(token)).ok_or(Fault::MISMATCH)?;
    let now = door.exchange.clock().now();
    door.sessions().enter(&claims.user, claims.session, now).ok_or(Fault::MISMATCH)
}

async fn upgrade(door: Door, head: &mut Parts, path: &[String]) -> Result<Response, Fault> {
    let place = Place::of_socket(path)?;
    let queried = || {
        let query = head.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
    };
    let token = authorization(head).and_then(head::bearer).or_else(queried);
    let entered = entered_by(&door, token.as_deref())?;
    if place.is_some_and(|place| place.user != entered.user) {
        return Err(Fault::OTHER_USER);
    }
    let upgrade = WebSocketUpgrade::from_request_parts(head, &()).await.map_err(|_| Fault::PARAMETER)?;
    Ok(socket::open(door, entered, upgrade))
}

/// The text of the `Authorization` field.
fn authorization(head: &Parts) -> Option<&str> {
    head.headers.get(AUTHORIZATION)?.to_str().ok()
}

/// Lets go of the frames when the server has taken the whole answer to write it.
async fn before_events(answer: Response, held: Held) -> Response {
    let (mut head, body) = answer.into_parts();
    let Ok(octets) = axum::body::to_bytes(body, usize::MAX).await else { return Fault::UNKNOWN.into_response() };
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(octets.len()));
    let pieces = VecDeque::from([octets]);
    let stream = futures_util::stream::unfold((pieces, held), |(mut pieces, held)| async move {
        let piece = pieces.pop_front()?;
        Some((Ok::<Bytes, std::convert::Infallible>(piece), (pieces, held)))
    });
    Response::from_parts(head, Body::from_stream(stream))
}
