//! What happens to calls, whoever asked for it. A flow never calls a service.

pub(crate) mod begin;
pub(crate) mod deliver;
pub(crate) mod release;
pub(crate) mod route;
