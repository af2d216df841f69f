//! The server's side: challenges, and the judgement of credentials (RFC 3261 22.1 to 22.4).

use super::hash::{Algorithm, Ha1, ResponseInput, response};
use super::nonce::{Nonces, Unfresh};
use super::params::{MalformedDigest, Params, quoted};
use subtle::ConstantTimeEq;

/// Settings of the digest server.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The realm of every challenge.
    pub realm: String,
    /// Signs the nonces; new and random at each start.
    pub key: [u8; 32],
    /// How long a nonce is good.
    pub nonce_lifetime_ms: u64,
    /// Nonces whose counts are remembered at once.
    pub nonces_max: usize,
}

impl ServerConfig {
    /// Nonces of five minutes, counts of 65,536 of them.
    pub fn new(realm: impl Into<String>, key: [u8; 32]) -> ServerConfig {
        ServerConfig { realm: realm.into(), key, nonce_lifetime_ms: 300_000, nonces_max: 65_536 }
    }
}

/// Challenges and verifies within one realm.
#[derive(Debug)]
pub struct Server {
    realm: String,
    nonces: Nonces,
}

/// The credentials of one `Authorization` or `Proxy-Authorization` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    algorithm: Result<Algorithm, String>,
    /// Nonce count as written and as number, and the client nonce; `None` without `qop`.
    counted: Option<(String, u32, String)>,
}

/// What credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The sender knows the password, and the request is no replay.
    Accepted,
    /// The sender knows the password but the nonce is expired, from before a restart, or its count was used: challenge
    /// again with `stale=true`; no failure is counted.
    Stale,
    /// Challenge again without `stale`; a failure if [`Refusal::is_failure`].
    Refused(Refusal),
}

/// Why credentials were refused. For logs only: the answer on the wire is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such user.
    UnknownUser,
    /// The digest does not fit the password.
    WrongDigest,
    /// The credentials are for another realm than ours.
    OtherRealm,
    /// The digest URI is not the request's.
    OtherUri,
    /// An algorithm that we did not offer, or for which the user has no hash.
    Algorithm,
}

impl Refusal {
    /// Whether it may be a guessed password and counts towards a ban. Old credentials for another realm, a weak algorithm or
    /// an odd URI are a client's fault, not a guess.
    pub fn is_failure(self) -> bool {
        match self {
            Refusal::UnknownUser | Refusal::WrongDigest => true,
            Refusal::OtherRealm | Refusal::OtherUri | Refusal::Algorithm => false,
        }
    }
}

impl Server {
    /// A server that has issued no nonce yet.
    pub fn new(config: &ServerConfig) -> Server {
        let nonces = Nonces::new(config.key, config.nonce_lifetime_ms, config.nonces_max);
        Server { realm: config.realm.clone(), nonces }
    }

    /// Time has passed: what is remembered of nonces that are too old is let go.
    pub fn handle_timeout(&mut self, now_ms: u64) {
        self.nonces.forget_expired(now_ms);
    }

    /// The header values of one 401 or 407, one for each algorithm in the device's order. All share one nonce.
    pub fn challenge(&mut self, algorithms: &[Algorithm], stale: bool, now_ms: u64) -> Vec<String> {
        let nonce = self.nonces.issue(&self.realm, now_ms);
        let realm = quoted(&self.realm);
        let stale = if stale { ", stale=true" } else { "" };
        let value = |algorithm: &Algorithm| {
            let name = algorithm.as_str();
            format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}")
        };
        algorithms.iter().map(value).collect()
    }

    /// Judges credentials for a request. `offered` is the device's algorithm list, `ha1` that of
    /// [`Credentials::username`] (`None` for an unknown user: it takes as long), `is_request_uri` decides whether the digest
    /// URI fits the request, usually by [`super::uris_agree`].
    pub fn verify(
        &mut self,
        credentials: &Credentials,
        method: &str,
        is_request_uri: impl FnOnce(&str) -> bool,
        offered: &[Algorithm],
        ha1: Option<&Ha1>,
        now_ms: u64,
    ) -> Verdict {
        if credentials.realm != self.realm {
            return Verdict::Refused(Refusal::OtherRealm);
        }
        let algorithm = match &credentials.algorithm {
            Ok(algorithm) if offered.contains(algorithm) => *algorithm,
            Ok(_) | Err(_) => return Verdict::Refused(Refusal::Algorithm),
        };
        let nobody = Ha1 { md5: Some([0; 16]), sha256: Some([0; 32]) };
        let Some(stored) = ha1.unwrap_or(&nobody).hex_for(algorithm) else {
            return Verdict::Refused(Refusal::Algorithm);
        };
        let is_right = credentials.matches(algorithm, &stored, method);
        if ha1.is_none() {
            return Verdict::Refused(Refusal::UnknownUser);
        }
        if !is_right {
            return Verdict::Refused(Refusal::WrongDigest);
        }
        if !is_request_uri(&credentials.uri) {
            return Verdict::Refused(Refusal::OtherUri);
        }
        let issued = self.nonces.recognise(&credentials.nonce, &self.realm);
        // Without qop there is no count, so such a nonce is good once.
        let count = credentials.counted.as_ref().map_or(1, |(_, count, _)| *count);
        match self.nonces.consume(issued, count, now_ms) {
            Ok(()) => Verdict::Accepted,
            Err(Unfresh::Foreign | Unfresh::Expired | Unfresh::Replayed) => Verdict::Stale,
        }
    }
}

impl Credentials {
    /// Reads one header value. With several headers take the one whose [`Credentials::realm`] is ours.
    pub fn parse(value: &str) -> Result<Credentials, MalformedDigest> {
        let params = Params::parse(value)?;
        let counted = match params.get("qop") {
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                let written = params.need("nc")?;
                let count = parse_count(written).ok_or(MalformedDigest::BadValue("nc"))?;
                Some((written.to_owned(), count, params.need("cnonce")?.to_owned()))
            }
            Some(_) => return Err(MalformedDigest::BadValue("qop")),
            None => None,
        };
        let algorithm = params.get("algorithm").unwrap_or("MD5");
        Ok(Credentials {
            username: params.need("username")?.to_owned(),
            realm: params.need("realm")?.to_owned(),
            nonce: params.need("nonce")?.to_owned(),
            uri: params.need("uri")?.to_owned(),
            response: params.need("response")?.to_ascii_lowercase(),
            algorithm: Algorithm::named(algorithm).ok_or_else(|| algorithm.to_owned()),
            counted,
        })
    }

    /// The user as written; its case counts.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The realm for which these credentials are.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    fn matches(&self, algorithm: Algorithm, ha1: &str, method: &str) -> bool {
        let counted = self.counted.as_ref().map(|(written, _, cnonce)| (written.as_str(), cnonce.as_str()));
        let input = ResponseInput { method, uri: &self.uri, nonce: &self.nonce, counted };
        let expected = response(algorithm, ha1, &input);
        expected.as_bytes().ct_eq(self.response.as_bytes()).into()
    }
}

/// Eight hexadecimal digits (RFC 7616 3.4); fewer are read too.
fn parse_count(text: &str) -> Option<u32> {
    let is_hex = !text.is_empty() && text.len() <= 8 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    if is_hex { u32::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::client::{Answer, answer_challenge, choose_challenge};
    use super::super::uris_agree;
    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::Md5, Algorithm::Sha256];
    const URI: &str = "sip:example.com";

    fn server() -> Server {
        Server::new(&ServerConfig::new("exchange", [3; 32]))
    }

    fn login(challenges: &[String], password: &str, nonce_count: u32) -> Credentials {
        let challenge = choose_challenge(challenges.iter().map(String::as_str)).unwrap();
        let with = Answer { method: "REGISTER", uri: URI, username: "al\"ice", password, cnonce: "c", nonce_count };
        Credentials::parse(&answer_challenge(&challenge, &with)).unwrap()
    }

    fn verify(server: &mut Server, credentials: &Credentials, now_ms: u64) -> Verdict {
        let ha1 = Ha1::of("al\"ice", "exchange", "secret");
        server.verify(credentials, "REGISTER", |uri| uris_agree(uri, URI), &BOTH, Some(&ha1), now_ms)
    }

    #[test]
    fn challenges_stand_in_the_devices_order() {
        let values = server().challenge(&BOTH, false, 0);
        assert_eq!(values.len(), 2);
        assert!(values[0].starts_with("Digest realm=\"exchange\", nonce=\""));
        assert!(values[0].ends_with("\", algorithm=MD5, qop=\"auth\""), "{}", values[0]);
        assert!(values[1].ends_with("\", algorithm=SHA-256, qop=\"auth\""));
        let only = server().challenge(&[Algorithm::Md5], true, 0);
        assert!(only.len() == 1 && only[0].ends_with(", stale=true"));
    }

    #[test]
    fn a_right_password_is_accepted_with_each_algorithm() {
        for algorithm in BOTH {
            let mut server = server();
            let credentials = login(&server.challenge(&[algorithm], false, 0), "secret", 1);
            assert_eq!(credentials.username(), "al\"ice");
            assert_eq!(verify(&mut server, &credentials, 10), Verdict::Accepted);
        }
    }

    #[test]
    fn a_replay_is_stale_and_a_higher_count_is_not() {
        let mut server = server();
        let challenges = server.challenge(&BOTH, false, 0);
        assert_eq!(verify(&mut server, &login(&challenges, "secret", 1), 0), Verdict::Accepted);
        assert_eq!(verify(&mut server, &login(&challenges, "secret", 1), 0), Verdict::Stale);
        assert_eq!(verify(&mut server, &login(&challenges, "secret", 10), 0), Verdict::Accepted, "nc=0000000a");
    }

    #[test]
    fn stale_needs_the_right_digest() {
        let mut server = server();
        let before_restart = Server::new(&ServerConfig::new("exchange", [4; 32])).challenge(&BOTH, false, 0);
        assert_eq!(verify(&mut server, &login(&before_restart, "secret", 1), 0), Verdict::Stale);
        let wrong = Verdict::Refused(Refusal::WrongDigest);
        assert_eq!(verify(&mut server, &login(&before_restart, "guess", 1), 0), wrong);
        let old = server.challenge(&BOTH, false, 0);
        assert_eq!(verify(&mut server, &login(&old, "secret", 1), 300_001), Verdict::Stale);
        assert_eq!(verify(&mut server, &login(&old, "guess", 1), 300_001), wrong);
    }

    #[test]
    fn each_refusal_has_its_reason() {
        let mut server = server();
        let good = login(&server.challenge(&BOTH, false, 0), "secret", 1);
        let ha1 = Ha1::of("al\"ice", "exchange", "secret");
        let refused =
            |server: &mut Server, credentials: &Credentials, method, request_uri, ha1: Option<&Ha1>| match server
                .verify(credentials, method, |uri| uris_agree(uri, request_uri), &BOTH, ha1, 0)
            {
                Verdict::Refused(refusal) => Some(refusal),
                Verdict::Accepted | Verdict::Stale => None,
            };
        let mut judge =
            |credentials: &Credentials, method, uri, ha1| refused(&mut server, credentials, method, uri, ha1);
        assert_eq!(judge(&good, "REGISTER", URI, None), Some(Refusal::UnknownUser));
        assert_eq!(judge(&good, "INVITE", URI, Some(&ha1)), Some(Refusal::WrongDigest));
        assert_eq!(judge(&good, "REGISTER", "sip:example.org", Some(&ha1)), Some(Refusal::OtherUri));
        let other_case = Ha1::of("AL\"ICE", "exchange", "secret");
        assert_eq!(judge(&good, "REGISTER", URI, Some(&other_case)), Some(Refusal::WrongDigest));
        let no_hash = Ha1::default();
        assert_eq!(judge(&good, "REGISTER", URI, Some(&no_hash)), Some(Refusal::Algorithm));
        let elsewhere = Credentials { realm: "other".into(), ..good.clone() };
        assert_eq!(judge(&elsewhere, "REGISTER", URI, Some(&ha1)), Some(Refusal::OtherRealm));
        assert_eq!(judge(&good, "REGISTER", URI, Some(&ha1)), None, "none of it used up the count");
    }

    #[test]
    fn an_algorithm_outside_the_devices_list_is_refused() {
        let mut server = server();
        let credentials = login(&server.challenge(&[Algorithm::Sha256], false, 0), "secret", 1);
        let ha1 = Ha1::of("al\"ice", "exchange", "secret");
        let verdict = server.verify(&credentials, "REGISTER", |_| true, &[Algorithm::Md5], Some(&ha1), 0);
        assert_eq!(verdict, Verdict::Refused(Refusal::Algorithm));
    }

    #[test]
    fn a_client_without_qop_may_use_a_nonce_once() {
        let mut server = server();
        let challenge = server.challenge(&[Algorithm::Md5], false, 0)[0].replace(", qop=\"auth\"", "");
        let credentials = login(&[challenge], "secret", 1);
        assert_eq!(credentials.counted, None);
        assert_eq!(verify(&mut server, &credentials, 0), Verdict::Accepted);
        assert_eq!(verify(&mut server, &credentials, 0), Verdict::Stale);
    }

    #[test]
    fn malformed_credentials_are_told_apart() {
        let full = "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", response=\"00\", qop=auth, nc=0000000A, cnonce=\"c\"";
        assert_eq!(Credentials::parse(full).unwrap().counted, Some(("0000000A".into(), 10, "c".into())));
        let refused = |from: &str, to: &str| Credentials::parse(&full.replace(from, to)).unwrap_err();
        assert_eq!(refused("username", "user"), MalformedDigest::Missing("username"));
        assert_eq!(refused(", cnonce=\"c\"", ""), MalformedDigest::Missing("cnonce"));
        assert_eq!(refused("qop=auth", "qop=auth-int"), MalformedDigest::BadValue("qop"));
        for count in ["nc=1g", "nc=+1", "nc=000000001", "nc=\"\""] {
            assert_eq!(refused("nc=0000000A", count), MalformedDigest::BadValue("nc"), "{count}");
        }
    }
}
