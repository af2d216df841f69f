//! Octets in and out: where the document stands in a body, the documents themselves (CCX-02, CCX-05, CCX-06, CCX-10).

pub mod body;
pub mod document;
pub mod request;
pub mod response;

pub use document::{ClickToCall, Document};
