//! The status page: doors, phones, live calls and the last refusals, without script, for whoever is logged in.
//!
//! It only shows. A page open to all on this machine could be read by any site that a browser here visits (a name that is bound
//! to this address anew), so it asks for a login too.

use super::Door;
use super::declared;
use super::problem::Problem;
use super::query::Query;
use super::resource::sessions::log_in;
use super::who::{authenticate, own_origin};
use super::wire::Instant;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::fmt::Write;
use std::time::Duration;
use switching::model::Device;
use switching::picture::Picture;

/// Rows of a table at most.
const ROWS_MAX: usize = 500;
/// Octets of a login form.
const FORM_LEN_MAX: usize = 8 * 1_024;
/// Fields of a login form.
const FORM_FIELDS_MAX: usize = 8;
/// How long a login form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

const STYLE: &str = "body{font:14px/20px system-ui,sans-serif;margin:24px auto;max-width:70em;padding:0 16px;color:#0f1216;background:#fff}\
table{border-collapse:collapse;width:100%;margin:0 0 24px;font-variant-numeric:tabular-nums}\
th,td{text-align:start;padding:4px 12px 4px 0;border-bottom:1px solid #d5dae0}\
caption{text-align:start;font-weight:600;padding:8px 0}input,button{font:inherit;min-height:32px;margin:4px 8px 4px 0}\
@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#0f1216}th,td{border-color:#333a44}}";

const FORM: &str = "<form method=\"post\" action=\"/login\">\
<label>User <input name=\"user\" autocomplete=\"username\" required></label>\
<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
<button>Log in</button></form>";

/// The page and its login.
pub fn router(door: Door) -> Router {
    let (show, enter) = (door.clone(), door);
    Router::new()
        .route("/", get(move |request: Request| page(show.clone(), request)))
        .route("/login", post(move |request: Request| login(enter.clone(), request)))
}

async fn page(door: Door, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match authenticate(&door, &parts, &Query::default()).await {
        Ok(who) if who.may("calls:read") => html(StatusCode::OK, "Hookswitch", &status(&door)),
        Ok(_) => html(StatusCode::FORBIDDEN, "Hookswitch", "<p>This account may not see calls.</p>"),
        Err(_) => html(StatusCode::OK, "Hookswitch: log in", FORM),
    }
}

async fn login(door: Door, request: Request) -> Response {
    match enter(&door, request).await {
        Ok(cookie) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        Err(problem) => html(problem.status, "Hookswitch: log in", &format!("<p>That did not work.</p>{FORM}")),
    }
}

async fn enter(door: &Door, request: Request) -> Result<HeaderValue, Problem> {
    let (parts, body) = request.into_parts();
    own_origin(door, &parts.headers, true)?;
    let wrong = || Problem::of(declared::SIZE).saying("The form is too large or too slow");
    let body =
        tokio::time::timeout(FORM_TIMEOUT, axum::body::to_bytes(body, FORM_LEN_MAX)).await.map_err(|_| wrong())?;
    let body = body.map_err(|_| wrong())?;
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().take(FORM_FIELDS_MAX).collect();
    let field = |name: &str| form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    Ok(log_in(door, field("user"), field("password")).await?.1)
}

fn html(status: StatusCode, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    response
}

fn status(door: &Door) -> String {
    let exchange = door.exchange();
    let clock = exchange.clock();
    let (seq, phones, calls) = exchange.read(|picture| {
        let phones: Vec<_> = picture.devices.values().take(ROWS_MAX).map(|device| phone(picture, device)).collect();
        let calls: Vec<_> = picture
            .calls
            .values()
            .take(ROWS_MAX)
            .map(|call| {
                let parties: Vec<String> = picture
                    .connections_of(call)
                    .map(|it| format!("{} ({})", it.party.number, it.state.name()))
                    .collect();
                let since = Instant::at(call.created, clock).to_string();
                vec![call.id.to_string(), since, call.dialled.to_string(), parties.join(", ")]
            })
            .collect();
        (picture.seq, phones, calls)
    });
    let refused = door.refusals().list().into_iter().rev().map(|refused| {
        vec![Instant::at(refused.at, clock).to_string(), refused.account, refused.operation, refused.refusal.to_owned()]
    });
    let doors = door.config().doors.iter().map(|open| vec![open.name.clone(), open.address.clone()]);
    let now = Instant::at(clock.now(), clock);
    let mut page = format!("<p>As of event {seq}, {now}. Reload for a newer picture.</p>");
    table(&mut page, "Live calls", &["Call", "Since", "Dialled", "Parties"], calls);
    table(&mut page, "Phones", &["Number", "Name", "Kind", "Reached", "State"], phones);
    table(&mut page, "Doors", &["Door", "Address"], doors.collect());
    table(&mut page, "Last refusals", &["When", "Account", "Operation", "Refusal"], refused.collect());
    page
}

fn phone(picture: &Picture, device: &Device) -> Vec<String> {
    let contacts: Vec<String> =
        device.registration.contacts().iter().map(|it| format!("{} {}:{}", it.transport, it.ip, it.port)).collect();
    let reached = if device.in_service() { contacts.join(", ") } else { "not registered".to_owned() };
    let wants_none = picture.extension_of(device.id).is_some_and(|(_, extension)| extension.do_not_disturb);
    let states = device.connections.iter().filter_map(|id| picture.connections.get(id)).map(|it| it.state.name());
    let states: Vec<&str> = states.chain(wants_none.then_some("do not disturb")).collect();
    vec![
        device.config.names.number.as_ref().map(ToString::to_string).unwrap_or_default(),
        device.config.display_name.clone(),
        device.config.kind.name().to_owned(),
        reached,
        states.join(", "),
    ]
}

fn table(page: &mut String, title: &str, heads: &[&str], rows: Vec<Vec<String>>) {
    let _ = write!(page, "<table><caption>{title} ({})</caption><tr>", rows.len());
    for head in heads {
        let _ = write!(page, "<th scope=\"col\">{head}</th>");
    }
    page.push_str("</tr>");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "<td>{}</td>", escaped(&cell));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

/// Text as it may stand in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
