//! Octets in and out: the tolerant request line, its parameters, and XML and JSON as the guide prints them.

pub mod http;
pub mod json;
pub mod pattern;
pub mod query;
pub mod xml;

use http::Method;
use std::net::IpAddr;

/// One request, whichever listener it came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Path and query as sent.
    pub target: Vec<u8>,
    /// A form.
    pub body: Vec<u8>,
    /// Who asks.
    pub client: IpAddr,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// None: an empty body.
    pub content: Option<(ContentType, String)>,
}

impl Response {
    /// An answer without a body.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, content: None }
    }
}

/// What a body is (FUS-FMT-03, FUS-FMT-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// XML.
    Xml,
    /// JSON.
    Json,
    /// A bare value.
    Plain,
}

impl ContentType {
    /// The value of the header.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Xml => "text/xml; charset=UTF-8",
            Self::Json => "application/json; charset=UTF-8",
            Self::Plain => "text/plain; charset=UTF-8",
        }
    }
}
