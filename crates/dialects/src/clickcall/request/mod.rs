//! The requests: one, `clicktocall`.

mod clicktocall;

pub(super) use clicktocall::answer;
