//! Login, check connection, logout (IPX-AUTH-03, -04, -07, -10).

use super::super::error::Fault;
use super::super::session::{Account, Entered, Privileges, Refused};
use super::super::token::Claims;
use super::super::wire::json_body;
use super::super::{Door, NAME, id, numbering};
use crate::common::attempts::NotIn;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::net::IpAddr;
use switching::party::Digits;

/// What the exchange calls itself.
const SYSTEM_TYPE: &str = "Hookswitch";
/// The document's constant (IPX-AUTH-04).
const API_VERSION: &str = "1.0.0";

/// What somebody logs in with.
pub(in super::super) struct Login {
    pub(in super::super) user: String,
    pub(in super::super) password: String,
    /// Whether the path is of the client type.
    pub(in super::super) station: bool,
    pub(in super::super) from: Option<IpAddr>,
}

/// Opens a session.
pub(in super::super) async fn login(door: &Door, asked: Login) -> Result<Response, Fault> {
    let Login { user, password, station, from } = asked;
    let served = if station { door.config.stations } else { door.config.servers };
    if !served {
        return Err(Fault::NOT_SUPPORTED);
    }
    let identity = door.attempts.admit(&door.exchange, &user, &password).await.map_err(|why| match why {
        NotIn::Wrong | NotIn::Locked => Fault::MISMATCH,
        NotIn::Stopping => Fault::UNKNOWN,
    })?;
    let own = identity.settings.get("station").and_then(|number| Digits::parse(number));
    let account = match (own, station) {
        (Some(number), true) => Account::Station(number),
        (None, false) => Account::Server(Privileges::of(&identity.settings)),
        // The account is of the other type: at this place there is none of that name.
        (Some(_), false) | (None, true) => return Err(Fault::MISMATCH),
    };
    if !door.config.licences.cover(&account) {
        return Err(Fault::LICENCE);
    }
    let is_server = account.is_server();
    let clock = door.exchange.clock();
    let session = door.sessions().open(&user, account, from, clock.now()).map_err(|why| match why {
        Refused::Already => Fault::ALREADY_LOGIN,
        Refused::Full => Fault::LOGIN_LIMIT,
    })?;
    numbering::tell_from_now_on(door);
    tracing::info!(dialect = NAME, user, "logged in");
    let issued = clock.unix_ms(clock.now()).div_euclid(1_000);
    let token = door.signer.sign(&Claims { user, session }, issued);
    let mut answer = json!({
        "token": token,
        "checkConnectionTimer": door.sessions().life_ms() / 1_000,
        "systemType": SYSTEM_TYPE,
        "systemVersion": env!("CARGO_PKG_VERSION"),
        "apiVersion": API_VERSION,
    });
    if is_server {
        let terminals = door.exchange.read(|picture| picture.devices.values().filter(|it| id::is_terminal(it)).count());
        answer["terminalCount"] = terminals.into();
    }
    Ok(json_body(&answer).into_response())
}

pub(in super::super) fn check_connection() -> Response {
    json_body(&json!({})).into_response()
}

pub(in super::super) fn logout(door: &Door, entered: &Entered) -> Response {
    door.sessions().leave(entered, door.exchange.clock().now());
    tracing::info!(dialect = NAME, user = %entered.user, "logged out");
    StatusCode::OK.into_response()
}
