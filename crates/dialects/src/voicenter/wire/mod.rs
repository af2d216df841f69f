//! What is read and written: parameters in four encodings, answers in three (VOI-C2C-01, VOI-C2C-13, VOI-LOG-07, VOI-LOG-08, VOI-ADM-24).
//!
//! Nothing outside this directory knows how a parameter came or how an answer is spelled. XML is only written here: no request of
//! this door is XML.

pub mod html;
pub mod json;
pub mod multipart;
pub mod params;
pub mod xml_rpc;

pub use json::Json;
pub use params::{Bad, Params};

/// Octets of a request's body.
pub const BODY_MAX: usize = 262_144;

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub kind: &'static str,
    /// The body.
    pub body: String,
}

impl Response {
    /// JSON, handled.
    #[must_use]
    pub fn json(value: &Json) -> Self {
        Self { status: 200, kind: "application/json; charset=utf-8", body: value.write() }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}
