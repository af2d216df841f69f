//! Tokens: JSON Web Tokens in compact form (RFC 7519, RFC 7515 HS256), signed with a key of this process (IPX-AUTH-05).
//!
//! A token names its user and its session; whether that session lives is the session table's to say, so there is no `exp`. Another
//! life of the program has another key: every login ends with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// Octets of a token that is looked at.
pub const TOKEN_LEN_MAX: usize = 1_024;
/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Signs tokens and checks them.
pub struct Signer([u8; 32]);

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The user.
    pub user: String,
    /// The session.
    pub session: u64,
}

impl Signer {
    /// One with a key of the operating system's choice.
    ///
    /// # Errors
    ///
    /// When the system gives no random octets.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// A token; `issued` in seconds of the Unix epoch.
    #[must_use]
    pub fn sign(&self, claims: &Claims, issued: i64) -> String {
        let payload = json!({ "sub": claims.user, "iat": issued, "jti": claims.session.to_string() });
        let signed = format!("{HEADER}.{}", BASE64.encode(payload.to_string()));
        let signature = BASE64.encode(self.mac(signed.as_bytes()).finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    /// What a token says, if it is one of ours.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_LEN_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let payload = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        self.mac(signed.as_bytes()).verify_slice(&BASE64.decode(signature).ok()?).ok()?;
        let claims: Value = serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        Some(Claims { user: text("sub")?.to_owned(), session: text("jti")?.parse().ok()? })
    }

    fn mac(&self, octets: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(octets);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_back_and_nothing_else_is() {
        let (signer, other) = (Signer::new().expect("octets"), Signer::new().expect("octets"));
        let claims = Claims { user: "demo".to_owned(), session: 7 };
        let token = signer.sign(&claims, 1_700_000_000);
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(signer.verify(&token), Some(claims));
        assert_eq!(other.verify(&token), None);
        // RFC 7519 section 6.1: a token without a signature is none.
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJkZW1vIiwianRpIjoiNyJ9.";
        for wrong in ["", ".", "..", "a.b.c", unsigned, &token[1..], &token[..token.len() - 2], &"x".repeat(5_000)] {
            assert_eq!(signer.verify(wrong), None, "{wrong}");
        }
    }
}
