//! The hashes of digest authentication (RFC 7616 3.4) and the stored form of a password.

use md5::Md5;
use sha2::{Digest, Sha256};

/// A digest algorithm that we challenge with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// RFC 2617; weak, and the only one many phones know.
    Md5,
    /// RFC 8760.
    Sha256,
}

impl Algorithm {
    /// The token in the header.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// Reads the token, in any case; `None` for one we do not know, `-sess` among them.
    pub fn named(token: &str) -> Option<Algorithm> {
        [Algorithm::Md5, Algorithm::Sha256].into_iter().find(|known| token.eq_ignore_ascii_case(known.as_str()))
    }

    /// The lower-case hexadecimal hash of the parts joined by colons.
    pub(super) fn hex_of(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Algorithm::Md5 => hex(&Md5::digest(text.as_bytes())),
            Algorithm::Sha256 => hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

/// What is stored instead of a password: the hash of `username:realm:password`, per algorithm. It is as good as the password
/// within its realm and belongs in no log.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Ha1 {
    /// For [`Algorithm::Md5`].
    pub md5: Option<[u8; 16]>,
    /// For [`Algorithm::Sha256`].
    pub sha256: Option<[u8; 32]>,
}

impl Ha1 {
    /// Both hashes of a password. The user name counts with its case.
    pub fn of(username: &str, realm: &str, password: &str) -> Ha1 {
        let text = format!("{username}:{realm}:{password}");
        Ha1 { md5: Some(Md5::digest(text.as_bytes()).into()), sha256: Some(Sha256::digest(text.as_bytes()).into()) }
    }

    pub(super) fn hex_for(&self, algorithm: Algorithm) -> Option<String> {
        match algorithm {
            Algorithm::Md5 => self.md5.map(|hash| hex(&hash)),
            Algorithm::Sha256 => self.sha256.map(|hash| hex(&hash)),
        }
    }
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ha1 { md5, sha256 } = self;
        write!(out, "Ha1 {{ md5: {}, sha256: {} }}", md5.is_some(), sha256.is_some())
    }
}

/// What goes into the response beside HA1.
pub(super) struct ResponseInput<'a> {
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) nonce: &'a str,
    /// Nonce count and client nonce as written; `None` without `qop`.
    pub(super) counted: Option<(&'a str, &'a str)>,
}

/// The `response` value (RFC 7616 3.4.1, or RFC 2069's form without `qop`).
pub(super) fn response(algorithm: Algorithm, ha1: &str, input: &ResponseInput<'_>) -> String {
    let ha2 = algorithm.hex_of(&[input.method, input.uri]);
    match input.counted {
        Some((count, cnonce)) => algorithm.hex_of(&[ha1, input.nonce, count, cnonce, "auth", &ha2]),
        None => algorithm.hex_of(&[ha1, input.nonce, &ha2]),
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The reverse of [`hex`]; `None` unless every pair is hexadecimal.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: &u8| char::from(*octet).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8)).collect();
    if rest.is_empty() { bytes } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_with(algorithm: Algorithm, ha1: &Ha1, uri: &str, nonce: &str, counted: Option<(&str, &str)>) -> String {
        response(algorithm, &ha1.hex_for(algorithm).unwrap(), &ResponseInput { method: "GET", uri, nonce, counted })
    }

    /// The example of RFC 2617 3.5.
    #[test]
    fn rfc_2617_example() {
        let ha1 = Ha1::of("Mufasa", "testrealm@host.com", "Circle Of Life");
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let found = hash_with(Algorithm::Md5, &ha1, "/dir/index.html", nonce, Some(("00000001", "0a4f113b")));
        assert_eq!(found, "6629fae49393a05397450978507c4ef1");
    }

    /// The examples of RFC 7616 3.9.1.
    #[test]
    fn rfc_7616_examples() {
        let ha1 = Ha1::of("Mufasa", "http-auth@example.org", "Circle of Life");
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let counted = Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"));
        let with = |algorithm| hash_with(algorithm, &ha1, "/dir/index.html", nonce, counted);
        assert_eq!(with(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(with(Algorithm::Sha256), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    #[test]
    fn hexadecimal_there_and_back() {
        assert_eq!(hex(&[0, 0x1f, 0xff]), "001fff");
        assert_eq!(unhex("001FfF"), Some(vec![0, 0x1f, 0xff]));
        assert_eq!((unhex("0"), unhex("0g"), unhex("é")), (None, None, None));
    }

    #[test]
    fn a_debug_print_shows_no_hash() {
        assert_eq!(format!("{:?}", Ha1::of("a", "b", "c")), "Ha1 { md5: true, sha256: true }");
    }
}
