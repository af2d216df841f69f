//! The client's side: answering the 401 or 407 of a trunk (RFC 3261 22.2, 22.3).

use super::hash::{Algorithm, Ha1, ResponseInput, response};
use super::params::{MalformedDigest, Params, quoted};

/// Longer challenges are refused, so that the answer, which repeats most of one, is not too long for anybody.
const CHALLENGE_LEN_MAX: usize = 2_048;

/// One challenge that we can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The realm, by which the account is chosen.
    pub realm: String,
    /// The server knows that we know the password: try again even after an earlier answer.
    pub stale: bool,
    /// The hash to use.
    pub algorithm: Algorithm,
    nonce: String,
    opaque: Option<String>,
    has_qop: bool,
    writes_algorithm: bool,
}

/// What an answer is computed from.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The Request-URI as sent.
    pub uri: &'a str,
    /// The account.
    pub username: &'a str,
    /// Its password.
    pub password: &'a str,
    /// Fresh random text.
    pub cnonce: &'a str,
    /// How often this nonce was used, this time included: 1 for the first answer.
    pub nonce_count: u32,
}

impl Challenge {
    /// Reads one `WWW-Authenticate` or `Proxy-Authenticate` value.
    pub fn parse(value: &str) -> Result<Challenge, MalformedDigest> {
        if value.len() > CHALLENGE_LEN_MAX {
            return Err(MalformedDigest::Unreadable);
        }
        let params = Params::parse(value)?;
        let algorithm = params.get("algorithm");
        let qop = params.get("qop");
        let has_qop = match qop {
            Some(list) if list.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => true,
            Some(list) if list.trim().is_empty() => false,
            Some(_) => return Err(MalformedDigest::BadValue("qop")),
            None => false,
        };
        Ok(Challenge {
            realm: params.need("realm")?.to_owned(),
            stale: params.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            algorithm: Algorithm::named(algorithm.unwrap_or("MD5")).ok_or(MalformedDigest::BadValue("algorithm"))?,
            nonce: params.need("nonce")?.to_owned(),
            opaque: params.get("opaque").map(str::to_owned),
            has_qop,
            writes_algorithm: algorithm.is_some(),
        })
    }
}

/// The first challenge that we can answer: the server put them in its order of preference (RFC 8760 2.4).
pub fn choose_challenge<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Challenge> {
    values.into_iter().find_map(|value| Challenge::parse(value).ok())
}

/// The value of `Authorization` or `Proxy-Authorization`.
pub fn answer_challenge(challenge: &Challenge, answer: &Answer<'_>) -> String {
    let Challenge { realm, nonce, algorithm, .. } = challenge;
    let Answer { method, uri, username, password, cnonce, nonce_count } = *answer;
    let ha1 = Ha1::of(username, realm, password).hex_for(*algorithm).expect("both hashes were just made");
    let count = format!("{nonce_count:08x}");
    let counted = if challenge.has_qop { Some((count.as_str(), cnonce)) } else { None };
    let digest = response(*algorithm, &ha1, &ResponseInput { method, uri, nonce, counted });
    let mut value = format!(
        "Digest username={}, realm={}, nonce={}, uri={}, response=\"{digest}\"",
        quoted(username),
        quoted(realm),
        quoted(nonce),
        quoted(uri),
    );
    if challenge.writes_algorithm {
        value += &format!(", algorithm={}", algorithm.as_str());
    }
    if challenge.has_qop {
        value += &format!(", qop=auth, nc={count}, cnonce={}", quoted(cnonce));
    }
    if let Some(opaque) = &challenge.opaque {
        value += &format!(", opaque={}", quoted(opaque));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The challenge and answer of RFC 2617 3.5.
    #[test]
    fn rfc_2617_answer() {
        let challenge = Challenge::parse(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        )
        .unwrap();
        let with = Answer {
            method: "GET",
            uri: "/dir/index.html",
            username: "Mufasa",
            password: "Circle Of Life",
            cnonce: "0a4f113b",
            nonce_count: 1,
        };
        let value = answer_challenge(&challenge, &with);
        for part in [
            "response=\"6629fae49393a05397450978507c4ef1\"",
            "qop=auth, nc=00000001, cnonce=\"0a4f113b\"",
            "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        ] {
            assert!(value.contains(part), "{value}");
        }
        assert!(!value.contains("algorithm"), "not written where the server wrote none");
    }

    /// Found by mutation: a nonce full of quotes doubled in our answer, beyond what a header value may be.
    #[test]
    fn what_we_answer_can_be_read() {
        let odd = format!("Digest realm=\"r\", nonce={}", "n\"".repeat(900));
        assert_eq!(Challenge::parse(&odd), Err(MalformedDigest::Unreadable));
        let long = format!("Digest realm=\"r\", nonce=\"{}\"", "n".repeat(CHALLENGE_LEN_MAX));
        assert_eq!(Challenge::parse(&long), Err(MalformedDigest::Unreadable));
    }

    #[test]
    fn the_first_answerable_challenge_is_taken() {
        let unknown = "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\"";
        let sha = "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\", stale=TRUE";
        let md5 = "Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
        let chosen = choose_challenge([unknown, sha, md5]).unwrap();
        assert_eq!((chosen.algorithm, chosen.stale), (Algorithm::Sha256, true));
        assert_eq!(choose_challenge([md5, sha]).unwrap().algorithm, Algorithm::Md5);
        assert_eq!(choose_challenge([unknown, "Basic realm=\"r\""]), None);
        assert_eq!(choose_challenge(["Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""]), None);
    }
}
