//! HTTP/1.0 and 1.1 without IO (FUS-FMT-18, FUS-LIM-09): a request is read from what has come so far, or there is more to come.
//!
//! General servers refuse a blank or a raw octet in the request line; clients of this interface send both. Trailers are read
//! over. HTTP/2 and upgrades are not here.

use super::ContentType;

/// Octets of the request line.
pub const REQUEST_LINE_MAX: usize = 8_192;
/// Octets of all header lines.
pub const HEADERS_MAX: usize = 16_384;
/// Header lines.
const HEADER_COUNT_MAX: usize = 64;
/// Octets of a body.
pub const BODY_MAX: usize = 65_536;
/// Octets of a chunked body with what surrounds its chunks.
const CHUNKED_MAX: usize = 4 * BODY_MAX;

/// Methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// Any other: refused.
    Other,
}

impl Method {
    /// The method of this name.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        match name {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            _ => Self::Other,
        }
    }
}

/// How the body's length is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// So many octets.
    Octets(usize),
    /// By chunks.
    Chunked,
}

/// Everything before the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Method.
    pub method: Method,
    /// Path and query as sent.
    pub target: Vec<u8>,
    /// Whether the connection stays open after the answer.
    pub keep_alive: bool,
    /// Whether it is an HTTP/1.0 client, which has to be told that the connection stays open.
    pub old: bool,
    /// Length of the body.
    pub length: BodyLength,
    /// Whether the client waits to be told to send the body.
    pub expects_continue: bool,
    /// Whether the body is a form.
    pub form: bool,
}

/// Something was read from the beginning of the buffer, or more octets are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<T> {
    /// More octets are needed.
    More,
    /// This, from so many octets.
    Done(T, usize),
}

/// Why a request cannot be read; the connection is closed after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// It is not HTTP.
    Syntax,
    /// The request line is too long.
    RequestLine,
    /// The headers are too long or too many.
    Headers,
    /// The body is too long.
    Body,
    /// A transfer coding other than chunked.
    Coding,
    /// An HTTP version other than 1.x.
    Version,
}

impl Bad {
    /// The status to answer with.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Syntax => 400,
            Self::RequestLine => 414,
            Self::Headers => 431,
            Self::Body => 413,
            Self::Coding => 501,
            Self::Version => 505,
        }
    }
}

/// Reads a head from the beginning of `buffer`.
///
/// # Errors
///
/// [`Bad`].
pub fn head(buffer: &[u8]) -> Result<Progress<Head>, Bad> {
    let blank = buffer.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let rest = &buffer[blank..];
    let Some(line_len) = rest.iter().take(REQUEST_LINE_MAX + 2).position(|b| *b == b'\n') else {
        return if rest.len() > REQUEST_LINE_MAX + 1 { Err(Bad::RequestLine) } else { Ok(Progress::More) };
    };
    let line = rest[..line_len].strip_suffix(b"\r").unwrap_or(&rest[..line_len]);
    if line.len() > REQUEST_LINE_MAX {
        return Err(Bad::RequestLine);
    }
    let (method, target, minor) = request_line(line)?;
    let rest = &rest[line_len + 1..];
    let mut headers = [httparse::EMPTY_HEADER; HEADER_COUNT_MAX];
    match httparse::parse_headers(rest, &mut headers) {
        Ok(httparse::Status::Partial) if rest.len() > HEADERS_MAX => Err(Bad::Headers),
        Ok(httparse::Status::Partial) => Ok(Progress::More),
        Ok(httparse::Status::Complete((used, _))) if used > HEADERS_MAX => Err(Bad::Headers),
        Ok(httparse::Status::Complete((used, headers))) => {
            let head = with_headers(method, target, minor, headers)?;
            Ok(Progress::Done(head, blank + line_len + 1 + used))
        }
        Err(httparse::Error::TooManyHeaders) => Err(Bad::Headers),
        Err(_) => Err(Bad::Syntax),
    }
}

/// Method, target (which may hold blanks) and minor version.
fn request_line(line: &[u8]) -> Result<(Method, Vec<u8>, u8), Bad> {
    let space = line.iter().position(|b| *b == b' ').ok_or(Bad::Syntax)?;
    let (method, rest) = (&line[..space], &line[space + 1..]);
    let named = (1..=32).contains(&method.len()) && method.iter().all(|b| b.is_ascii_alphabetic() || *b == b'-');
    let version_at = rest.len().checked_sub(b" HTTP/1.1".len()).ok_or(Bad::Syntax)?;
    let (target, version) = rest.split_at(version_at);
    let Some(version) = version.strip_prefix(b" HTTP/") else { return Err(Bad::Syntax) };
    let minor = match version {
        b"1.0" => 0,
        b"1.1" => 1,
        [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => return Err(Bad::Version),
        _ => return Err(Bad::Syntax),
    };
    let target = target.trim_ascii();
    let clean = target.iter().all(|b| *b >= b' ' || *b == b'\t');
    let shaped = target.first().is_some_and(|b| *b == b'/' || *b == b'*' || b.is_ascii_alphabetic());
    if named && clean && shaped { Ok((Method::named(method), target.to_vec(), minor)) } else { Err(Bad::Syntax) }
}

fn with_headers(method: Method, target: Vec<u8>, minor: u8, headers: &[httparse::Header<'_>]) -> Result<Head, Bad> {
    let mut length = None;
    let mut chunked = false;
    let (mut closes, mut stays, mut form, mut expects_continue) = (false, false, true, false);
    for header in headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let value = header.value.trim_ascii();
        let has = |token: &str| {
            value.split(|b| *b == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
        };
        if is("content-length") {
            let octets = octets(value)?;
            if length.is_some_and(|other| other != octets) {
                return Err(Bad::Syntax);
            }
            length = Some(octets);
        } else if is("transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Bad::Coding);
            }
            chunked = true;
        } else if is("connection") {
            closes |= has("close");
            stays |= has("keep-alive");
        } else if is("content-type") {
            let kind = value.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
            form = kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded");
        } else if is("expect") {
            expects_continue = value.eq_ignore_ascii_case(b"100-continue");
        }
    }
    let length = match (length, chunked) {
        (Some(_), true) => return Err(Bad::Syntax),
        (None, true) => BodyLength::Chunked,
        (length, false) => BodyLength::Octets(length.unwrap_or(0)),
    };
    if matches!(length, BodyLength::Octets(octets) if octets > BODY_MAX) {
        return Err(Bad::Body);
    }
    let old = minor == 0;
    Ok(Head { method, target, keep_alive: !closes && (!old || stays), old, length, expects_continue, form })
}

fn octets(value: &[u8]) -> Result<usize, Bad> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Bad::Syntax);
    }
    // A number too great to read is a body too great to take.
    std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).ok_or(Bad::Body)
}

/// Reads a body from the beginning of `buffer`.
///
/// # Errors
///
/// [`Bad`].
pub fn body(buffer: &[u8], length: BodyLength) -> Result<Progress<Vec<u8>>, Bad> {
    match length {
        BodyLength::Octets(octets) => match buffer.get(..octets) {
            Some(body) => Ok(Progress::Done(body.to_vec(), octets)),
            None => Ok(Progress::More),
        },
        BodyLength::Chunked => chunks(buffer),
    }
}

fn chunks(buffer: &[u8]) -> Result<Progress<Vec<u8>>, Bad> {
    let more = || if buffer.len() > CHUNKED_MAX { Err(Bad::Body) } else { Ok(Progress::More) };
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let (start, size) = match httparse::parse_chunk_size(&buffer[at..]) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return more(),
            Err(_) => return Err(Bad::Syntax),
        };
        at += start;
        if size == 0 {
            return trailers(buffer, at, body);
        }
        let size = usize::try_from(size).ok().filter(|size| body.len() + size <= BODY_MAX).ok_or(Bad::Body)?;
        let Some(chunk) = buffer.get(at..at + size) else { return more() };
        body.extend_from_slice(chunk);
        at += size;
        match buffer.get(at..at + 2) {
            Some(b"\r\n") => at += 2,
            Some(_) => return Err(Bad::Syntax),
            None => return more(),
        }
    }
}

fn trailers(buffer: &[u8], at: usize, body: Vec<u8>) -> Result<Progress<Vec<u8>>, Bad> {
    let mut ignored = [httparse::EMPTY_HEADER; HEADER_COUNT_MAX];
    match httparse::parse_headers(&buffer[at..], &mut ignored) {
        Ok(httparse::Status::Complete((used, _))) => Ok(Progress::Done(body, at + used)),
        Ok(httparse::Status::Partial) if buffer.len() - at > HEADERS_MAX => Err(Bad::Headers),
        Ok(httparse::Status::Partial) => Ok(Progress::More),
        Err(_) => Err(Bad::Syntax),
    }
}

/// What the head of an answer says.
pub struct AnswerHead<'a> {
    /// Status.
    pub status: u16,
    /// What the body is; none: there is none.
    pub content_type: Option<ContentType>,
    /// Octets of the body, also where it is not sent (HEAD).
    pub length: usize,
    /// The date header.
    pub date: &'a str,
    /// The origin whose pages may read it.
    pub allow_origin: Option<&'a str>,
    /// Whether the connection stays open; none: as the client expects.
    pub keep_alive: Option<bool>,
}

impl AnswerHead<'_> {
    /// Writes the head.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("HTTP/1.1 {} {}\r\nDate: {}\r\n", self.status, reason(self.status), self.date);
        for (name, value) in fields(self.status, self.content_type, self.allow_origin) {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str(&format!("Content-Length: {}\r\n", self.length));
        match self.keep_alive {
            Some(true) => out.push_str("Connection: keep-alive\r\n"),
            Some(false) => out.push_str("Connection: close\r\n"),
            None => {}
        }
        out.push_str("\r\n");
        out
    }
}

/// The header fields that say what an answer is.
pub fn fields(
    status: u16,
    content_type: Option<ContentType>,
    allow_origin: Option<&str>,
) -> impl Iterator<Item = (&'static str, &str)> {
    let content_type = content_type.map(|kind| ("Content-Type", kind.header()));
    let allow = (status == 405).then_some(("Allow", "GET, POST"));
    let origin = allow_origin.map(|origin| ("Access-Control-Allow-Origin", origin));
    [Some(("Cache-Control", "no-store")), content_type, allow, origin].into_iter().flatten()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
