//! Digest authentication: RFC 3261 22, RFC 7616 and RFC 8760, server and client.
//!
//! The challenges of a server are one header value per algorithm, in the order of the device's list (MD5 first by
//! default, because some clients stop at the first they do not know). Nonces are signed and carry their time, so that
//! nothing is kept for a challenge; a nonce-count window is kept only for a nonce that was once used with a right digest.
//! Not here: `auth-int`, `userhash`, `Authentication-Info`, and which requests are challenged beyond [`may_challenge`].

mod bans;
mod client;
mod hash;
mod nonce;
mod params;
mod server;
mod uri;

pub use bans::{BanPolicy, Bans};
pub use client::{Answer, Challenge, answer_challenge, choose_challenge};
pub use hash::{Algorithm, Ha1};
pub use params::MalformedDigest;
pub use server::{Credentials, Refusal, Server, ServerConfig, Verdict};
pub use uri::uris_agree;

/// Whether a request may be challenged at all: ACK and CANCEL cannot be sent again with credentials (RFC 3261 22.1), and a
/// dialog was authenticated when it began.
pub fn may_challenge(method: &str, in_dialog: bool) -> bool {
    !in_dialog && method != "ACK" && method != "CANCEL"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_repeatable_requests_outside_dialogs_are_challenged() {
        assert!(may_challenge("INVITE", false) && may_challenge("REGISTER", false));
        assert!(!may_challenge("INVITE", true) && !may_challenge("ACK", false) && !may_challenge("CANCEL", false));
    }
}
