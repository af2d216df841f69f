//! The status page: doors, phones, live calls, the last refusals. No script; it shows what needs no secret, to this machine only.

use super::wire::Instant;
use super::Door;
use axum::extract::ConnectInfo;
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;
use std::fmt::Write;
use std::net::SocketAddr;
use switching::picture::Picture;

/// Phones and calls that one page shows.
const ROWS_MAX: usize = 500;

/// The page at `/`.
pub fn router(door: Door) -> Router {
    Router::new().route("/", get(move |peer: ConnectInfo<SocketAddr>| page(door.clone(), peer.0)))
}

async fn page(door: Door, peer: SocketAddr) -> Response {
    if !peer.ip().to_canonical().is_loopback() {
        return (StatusCode::FORBIDDEN, "the status page is shown on the exchange's own machine").into_response();
    }
    let mut html = String::from(HEAD);
    doors(&door, &mut html);
    door.exchange().read(|picture| {
        calls(picture, &mut html);
        phones(picture, &mut html);
    });
    refusals(&door, &mut html);
    html.push_str("</main></body></html>\n");
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, html).into_response()
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Hookswitch</title>\
<meta name=\"viewport\" content=\"width=device-width\"><style>\
body{font:14px/20px system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em;color:#0f1216;background:#fff}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid #d5dae0}\
@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#0f1216}th,td{border-color:#333a44}}\
</style></head><body><main><h1>Hookswitch</h1>";

fn doors(door: &Door, html: &mut String) {
    html.push_str("<h2>Doors</h2><table><tr><th>Door</th><th>Address</th></tr>");
    for open in &door.config().doors {
        let _ = write!(html, "<tr><td>{}</td><td>{}</td></tr>", escape(&open.name), escape(&open.address));
    }
    html.push_str("</table>");
}

fn calls(picture: &Picture, html: &mut String) {
    let _ = write!(html, "<h2>Live calls: {}</h2>", picture.calls.len());
    if picture.calls.is_empty() {
        html.push_str("<p>No call is up.</p>");
        return;
    }
    html.push_str("<table><tr><th>Call</th><th>Dialled</th><th>Parties</th></tr>");
    for (id, call) in picture.calls.iter().take(ROWS_MAX) {
        let parties: Vec<String> = picture
            .connections_of(call)
            .map(|it| format!("{} {} ({})", escape(it.party.number.as_str()), escape(&it.party.name), it.state.name()))
            .collect();
        let dialled = escape(call.dialled.as_str());
        let _ = write!(html, "<tr><td>{id}</td><td>{dialled}</td><td>{}</td></tr>", parties.join("<br>"));
    }
    html.push_str("</table>");
}

fn phones(picture: &Picture, html: &mut String) {
    let _ = write!(html, "<h2>Phones: {}</h2><table>", picture.devices.len());
    html.push_str("<tr><th>Phone</th><th>Kind</th><th>Name</th><th>Reached at</th></tr>");
    for device in picture.devices.values().take(ROWS_MAX) {
        let number = device.config.names.number.as_ref().map_or("", |number| number.as_str());
        let contacts: Vec<String> =
            device.registration.contacts().iter().map(|it| escape(&format!("{} {}:{}", it.transport, it.ip, it.port))).collect();
        let reached = if contacts.is_empty() && !device.in_service() { "not registered".to_owned() } else { contacts.join("<br>") };
        let (number, kind) = (escape(number), device.config.kind.name());
        let name = escape(&device.config.display_name);
        let _ = write!(html, "<tr><td>{number}</td><td>{kind}</td><td>{name}</td><td>{reached}</td></tr>");
    }
    html.push_str("</table>");
}

fn refusals(door: &Door, html: &mut String) {
    html.push_str("<h2>Last refusals</h2>");
    let refused = door.refusals().list();
    if refused.is_empty() {
        html.push_str("<p>None.</p>");
        return;
    }
    html.push_str("<table><tr><th>When</th><th>Account</th><th>Operation</th><th>Refusal</th></tr>");
    for it in refused {
        let at = Instant::at(it.at, door.exchange().clock());
        let (account, operation, refusal) = (escape(&it.account), escape(&it.operation), escape(it.refusal));
        let _ = write!(html, "<tr><td>{at}</td><td>{account}</td><td>{operation}</td><td>{refusal}</td></tr>");
    }
    html.push_str("</table>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
