//! HTTP: a request as the body of a POST, and a call by a URL (TEL-TRN-06, TEL-TRN-07).
//!
//! Errors of TelServices travel in the body with status 200; other statuses are for HTTP alone. HTTP/1.0 and 1.1, with a
//! length or in chunks.

use super::error::TelError;
use super::request::Client;
use super::wire::framing::is_directory;
use super::wire::{self, Bounds, DEVICE_LEN_MAX, EXTRA_DATA_LEN_MAX, Request, decode_within};
use super::{Door, front};
use axum::extract::{ConnectInfo, State};
use futures_util::StreamExt;
use std::net::SocketAddr;

/// Octets of a head.
const HEAD_LEN_MAX: usize = 16_384;
/// Lines of a head.
const HEADERS_MAX: usize = 64;
/// Octets of the line that tells the length of a chunk.
const CHUNK_LINE_LEN_MAX: usize = 256;
/// The path of the shortcut.
const SHORTCUT: &str = "/makeCall";

/// One HTTP request.
#[derive(Debug, Default)]
pub struct Asked {
    /// Its method.
    pub method: String,
    path: String,
    query: String,
    origin: Option<String>,
    prefetch: bool,
    /// Whether the client wants to go on with the connection.
    pub keep_alive: bool,
    /// Whether it waits until it is told to send the body.
    pub expects_continue: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// So many octets.
    Length(usize),
    /// In chunks.
    Chunks,
}

/// One HTTP answer.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Option<String>,
    /// The origin that may read it.
    origin: Option<String>,
    methods: Option<&'static str>,
}

impl Response {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: None, origin: None, methods: None }
    }

    fn of(body: String) -> Self {
        Self { body: Some(body), ..Self::empty(200) }
    }
}

/// Reads a head: the request, how its body comes, and where the head ends.
///
/// # Errors
///
/// The status of the refusal.
pub fn parse(octets: &[u8], bounds: &Bounds) -> Result<Option<(Asked, Framing, usize)>, u16> {
    let blank = octets.iter().take_while(|octet| octet.is_ascii_whitespace()).count();
    let mut lines = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut lines);
    let end = match request.parse(&octets[blank..]) {
        Ok(httparse::Status::Complete(end)) => end + blank,
        Ok(httparse::Status::Partial) if octets.len() > HEAD_LEN_MAX => return Err(431),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(_) => return Err(400),
    };
    if end > HEAD_LEN_MAX {
        return Err(431);
    }
    let header = |name: &str| {
        let mut found = request.headers.iter().filter(|line| line.name.eq_ignore_ascii_case(name));
        found.next().and_then(|line| std::str::from_utf8(line.value).ok()).map(str::trim)
    };
    let has = |name: &str, word: &str| header(name).is_some_and(|value| value.to_ascii_lowercase().contains(word));
    let method = request.method.unwrap_or_default().to_owned();
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let lengths = request.headers.iter().filter(|line| line.name.eq_ignore_ascii_case("content-length")).count();
    let framing = match (header("transfer-encoding"), header("content-length")) {
        (Some(encoding), None) if encoding.eq_ignore_ascii_case("chunked") => Framing::Chunks,
        (None, Some(length)) if lengths == 1 && length.bytes().all(|b| b.is_ascii_digit()) => {
            Framing::Length(length.parse().map_err(|_| 413_u16)?)
        }
        (None, None) if method == "POST" => return Err(411),
        (None, None) => Framing::Length(0),
        _ => return Err(400),
    };
    if matches!(framing, Framing::Length(length) if length > bounds.octets_of(true)) {
        return Err(413);
    }
    let asked = Asked {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        origin: header("origin").map(str::to_owned),
        prefetch: has("sec-purpose", "prefetch") || has("purpose", "prefetch"),
        keep_alive: has("connection", "keep-alive"),
        expects_continue: has("expect", "100-continue"),
        body: Vec::new(),
    };
    Ok(Some((asked, framing, end)))
}

/// A body on its way in.
pub struct Body {
    octets: Vec<u8>,
    left: Left,
    bounds: Bounds,
}

enum Left {
    Length(usize),
    /// The line before the next chunk.
    ChunkLine,
    /// So many octets of a chunk, and the line end behind it.
    Chunk(usize),
    /// Lines behind the last chunk.
    Trailer,
    Nothing,
}

impl Body {
    /// A body of which nothing has come yet.
    #[must_use]
    pub fn new(framing: Framing, bounds: Bounds) -> Self {
        let left = match framing {
            Framing::Length(length) => Left::Length(length),
            Framing::Chunks => Left::ChunkLine,
        };
        Self { octets: Vec::new(), left, bounds }
    }

    /// Whether it takes more room than others.
    #[must_use]
    pub fn is_large(&self) -> bool {
        let announced = match self.left {
            Left::Length(length) => length,
            Left::ChunkLine | Left::Chunk(_) | Left::Trailer | Left::Nothing => 0,
        };
        self.octets.len() + announced > self.bounds.octets_max
    }

    /// Refuses what is larger than a request may be that is no directory.
    fn check(&self) -> Result<(), u16> {
        if self.is_large() && is_directory(&self.octets) == Some(false) { Err(413) } else { Ok(()) }
    }

    /// Whether something of it is still to come.
    #[must_use]
    pub const fn is_awaited(&self) -> bool {
        !matches!(self.left, Left::Length(0) | Left::Nothing)
    }

    /// What has come.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.octets
    }

    /// Takes what has come. True: the body is whole.
    ///
    /// # Errors
    ///
    /// The status of the refusal.
    pub fn take(&mut self, buffer: &mut Vec<u8>) -> Result<bool, u16> {
        loop {
            match self.left {
                Left::Nothing => return Ok(true),
                Left::Length(length) => {
                    let taken = length.min(buffer.len());
                    self.octets.extend(buffer.drain(..taken));
                    self.left = if taken == length { Left::Nothing } else { Left::Length(length - taken) };
                    self.check()?;
                    if taken < length {
                        return Ok(false);
                    }
                }
                Left::ChunkLine => {
                    let most = self.bounds.octets_of(true);
                    let Some((at, length)) = chunk_line(buffer, most)? else { return Ok(false) };
                    buffer.drain(..at);
                    if self.octets.len() + length > most {
                        return Err(413);
                    }
                    self.left = if length == 0 { Left::Trailer } else { Left::Chunk(length) };
                }
                Left::Chunk(length) => {
                    let taken = length.min(buffer.len());
                    self.octets.extend(buffer.drain(..taken));
                    self.left = Left::Chunk(length - taken);
                    self.check()?;
                    if taken < length || buffer.len() < 2 {
                        return Ok(false);
                    }
                    if !buffer.starts_with(b"\r\n") {
                        return Err(400);
                    }
                    buffer.drain(..2);
                    self.left = Left::ChunkLine;
                }
                Left::Trailer => {
                    let Some(end) = buffer.iter().position(|octet| *octet == b'\n') else {
                        return if buffer.len() > HEAD_LEN_MAX { Err(431) } else { Ok(false) };
                    };
                    if end > HEAD_LEN_MAX {
                        return Err(431);
                    }
                    let empty = buffer[..end].iter().all(u8::is_ascii_whitespace);
                    buffer.drain(..=end);
                    if empty {
                        self.left = Left::Nothing;
                    }
                }
            }
        }
    }
}

fn chunk_line(buffer: &[u8], most: usize) -> Result<Option<(usize, usize)>, u16> {
    match httparse::parse_chunk_size(buffer) {
        Ok(httparse::Status::Complete((at, _))) if at > CHUNK_LINE_LEN_MAX || !buffer[0].is_ascii_hexdigit() => {
            Err(400)
        }
        Ok(httparse::Status::Complete((at, length))) => {
            let length = usize::try_from(length).ok().filter(|length| *length <= most);
            length.map(|length| Some((at, length))).ok_or(413)
        }
        Ok(httparse::Status::Partial) if buffer.len() > CHUNK_LINE_LEN_MAX => Err(400),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(400),
    }
}

/// Answers one HTTP request.
pub(super) async fn respond(door: &Door, asked: &Asked, client: Client) -> Response {
    let shortcut = asked.path == SHORTCUT;
    let response = match asked.method.as_str() {
        "OPTIONS" => Response { methods: Some("GET, HEAD, POST, OPTIONS"), ..Response::empty(204) },
        "POST" if !shortcut => Response::of(door.answer(&asked.body, client).await),
        "GET" if shortcut && door.0.config.shortcut_url => by_url(door, asked, client).await,
        "HEAD" if shortcut && door.0.config.shortcut_url => Response::of(wire::standard()),
        "GET" | "HEAD" => Response::empty(404),
        _ => Response::empty(405),
    };
    let allowed = asked.origin.as_ref().filter(|origin| door.0.config.allowed_origins.contains(origin));
    Response { origin: allowed.cloned(), ..response }
}

/// Answers a request for which there is no room: what cannot be read is told so all the same (TEL-ERR-10).
pub(super) fn turn_away(door: &Door, asked: &Asked) -> Response {
    let readable = match (asked.method.as_str(), asked.path == SHORTCUT) {
        ("POST", false) => decode_within(&asked.body, &door.0.config.bounds).is_ok(),
        ("GET", true) => from_query(&asked.query).is_some(),
        _ => return Response::empty(503),
    };
    let error = if readable { TelError::ResourceError } else { TelError::Reject };
    Response::of(wire::error(error.name()))
}

/// makeCall by a URL (TEL-TRN-07).
async fn by_url(door: &Door, asked: &Asked, client: Client) -> Response {
    if asked.prefetch {
        return Response::empty(403);
    }
    match from_query(&asked.query) {
        Some(request) => {
            let turn = door.turn_of(&request);
            Response::of(door.in_turn(request, client, turn).await)
        }
        None => Response::of(wire::error(TelError::Reject.name())),
    }
}

/// The request that the query of the shortcut stands for; none: it is rejected.
#[must_use]
pub fn from_query(query: &str) -> Option<Request> {
    let (mut device, mut called, mut extra) = (None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "deviceNumber" => &mut device,
            "calledDeviceNumber" => &mut called,
            "extraData" => &mut extra,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    let number = |text: Option<String>| text.map(|text| dialled(&text)).filter(|number| !number.is_empty());
    let extra = extra.filter(|extra| !extra.is_empty());
    let fits = extra.as_ref().is_none_or(|extra| extra.len() <= EXTRA_DATA_LEN_MAX)
        && device.as_ref().is_none_or(|device| device.len() <= DEVICE_LEN_MAX);
    let (device, called) = (number(device)?, number(called)?);
    let request = Request::MakeCall { device, called, extra };
    fits.then_some(request)
}

/// A blank at the start was a plus sign; elsewhere blanks mean nothing.
fn dialled(text: &str) -> String {
    let plus = text.starts_with(' ');
    let bare: String = text.chars().filter(|c| *c != ' ').collect();
    if plus && !bare.is_empty() && !bare.starts_with('+') { format!("+{bare}") } else { bare }
}

/// The head of an answer, to the blank line.
pub(super) fn head(door: &Door, response: &Response, keep: bool) -> String {
    let reason = axum::http::StatusCode::from_u16(response.status).ok().and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason.unwrap_or("Unknown"));
    let length = response.body.as_ref().map_or(0, String::len);
    let connection = if keep { "keep-alive" } else { "close" };
    for (name, value) in fields(response) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "Content-Length: {length}\r\nDate: {}\r\nConnection: {connection}\r\n\r\n",
        front::date(door)
    ));
    head
}

fn fields(response: &Response) -> Vec<(&'static str, String)> {
    let mut fields = vec![("Cache-Control", "no-store".to_owned())];
    if response.body.is_some() {
        fields.push(("Content-Type", "text/xml; charset=utf-8".to_owned()));
    }
    if response.status == 405 {
        fields.push(("Allow", "GET, HEAD, POST, OPTIONS".to_owned()));
    }
    if let Some(origin) = &response.origin {
        fields.push(("Access-Control-Allow-Origin", origin.clone()));
        fields.push(("Vary", "Origin".to_owned()));
        if let Some(methods) = response.methods {
            fields.push(("Access-Control-Allow-Methods", methods.to_owned()));
            fields.push(("Access-Control-Allow-Headers", "Content-Type".to_owned()));
        }
    }
    fields
}

/// The paths of this door for an HTTP listener that is shared: `/telservices` and the shortcut. It has to be served with
/// [`ConnectInfo`]`<`[`SocketAddr`]`>`, without which nobody is let in.
pub fn router(door: Door) -> axum::Router {
    let any = || axum::routing::any(shared);
    axum::Router::new().route("/telservices", any()).route(SHORTCUT, any()).with_state(door)
}

async fn shared(State(door): State<Door>, request: axum::extract::Request) -> axum::response::Response {
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let Some(ip) = client.filter(|ip| door.0.config.admits(*ip)) else { return shared_answer(Response::empty(403)) };
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let prefetch = |name: &str| header(name).is_some_and(|value| value.to_ascii_lowercase().contains("prefetch"));
    let body = match whole(&door, body).await {
        Ok(body) => body,
        Err(status) => return shared_answer(Response::empty(status)),
    };
    let asked = Asked {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        origin: header("origin"),
        prefetch: prefetch("sec-purpose") || prefetch("purpose"),
        body,
        ..Asked::default()
    };
    shared_answer(respond(&door, &asked, Client { ip, http: true }).await)
}

/// A body within its bounds; a large one needs a place among those.
async fn whole(door: &Door, body: axum::body::Body) -> Result<Vec<u8>, u16> {
    let (bounds, mut octets, mut place) = (&door.0.config.bounds, Vec::new(), None);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        octets.extend_from_slice(&piece.map_err(|_| 400_u16)?);
        if octets.len() <= bounds.octets_max {
            continue;
        }
        if is_directory(&octets) != Some(true) || octets.len() > bounds.octets_of(true) {
            return Err(413);
        }
        if place.is_none() {
            place = Some(door.large().ok_or(503_u16)?);
        }
    }
    Ok(octets)
}

fn shared_answer(response: Response) -> axum::response::Response {
    let mut builder = axum::http::Response::builder().status(response.status);
    for (name, value) in fields(&response) {
        builder = builder.header(name, value);
    }
    // Only an allowed origin that is no header value can fail here: then the answer is an error of ours.
    builder.body(axum::body::Body::from(response.body.unwrap_or_default())).unwrap_or_else(|_| {
        let mut failed = axum::http::Response::new(axum::body::Body::empty());
        *failed.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}
