//! The parameter list of `WWW-Authenticate`, `Authorization` and their proxy forms (RFC 7235 2.1, RFC 3261 25.1).

/// Longer header values are refused.
const VALUE_LEN_MAX: usize = 4_096;
/// More parameters are refused; a full one has eleven.
const PARAMS_MAX: usize = 32;

/// Why a header value is no digest challenge or credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedDigest {
    /// Another scheme than `Digest`.
    #[error("not the Digest scheme")]
    OtherScheme,
    /// Too long, too many parameters, or not `name=value, ...`.
    #[error("unreadable parameter list")]
    Unreadable,
    /// A parameter twice: the parties could read different ones.
    #[error("parameter {0} twice")]
    Twice(String),
    /// A parameter without which nothing can be computed.
    #[error("parameter {0} missing")]
    Missing(&'static str),
    /// A parameter with a value outside its grammar.
    #[error("parameter {0} unreadable")]
    BadValue(&'static str),
}

/// Names in lower case, values without quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `Digest name=value, name="value"`.
    pub(super) fn parse(value: &str) -> Result<Params, MalformedDigest> {
        if value.len() > VALUE_LEN_MAX {
            return Err(MalformedDigest::Unreadable);
        }
        let value = value.trim();
        let (scheme, mut rest) = value.split_once([' ', '\t']).unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(MalformedDigest::OtherScheme);
        }
        let mut found: Vec<(String, String)> = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if rest.is_empty() {
                return Ok(Params(found));
            }
            let (name, after) = rest.split_once('=').ok_or(MalformedDigest::Unreadable)?;
            let name = name.trim_end().to_ascii_lowercase();
            if name.is_empty() || !name.chars().all(is_token_char) || found.len() == PARAMS_MAX {
                return Err(MalformedDigest::Unreadable);
            }
            if found.iter().any(|(known, _)| *known == name) {
                return Err(MalformedDigest::Twice(name));
            }
            let (text, after) = parse_value(after.trim_start())?;
            found.push((name, text));
            rest = after;
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn need(&self, name: &'static str) -> Result<&str, MalformedDigest> {
        self.get(name).ok_or(MalformedDigest::Missing(name))
    }
}

/// A quoted string or a token; gives it and what follows the comma.
fn parse_value(text: &str) -> Result<(String, &str), MalformedDigest> {
    let (value, rest) = match text.strip_prefix('"') {
        Some(quoted) => parse_quoted(quoted)?,
        None => {
            let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
            // Many write more than a token without quotes (`uri=sip:x`); what would have to be escaped is none.
            if text[..end].contains(['"', '\\']) {
                return Err(MalformedDigest::Unreadable);
            }
            (text[..end].to_owned(), &text[end..])
        }
    };
    let rest = rest.trim_start();
    match rest.strip_prefix(',') {
        Some(rest) => Ok((value, rest)),
        None if rest.is_empty() => Ok((value, rest)),
        None => Err(MalformedDigest::Unreadable),
    }
}

fn parse_quoted(text: &str) -> Result<(String, &str), MalformedDigest> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            plain => value.push(plain),
        }
    }
    Err(MalformedDigest::Unreadable)
}

/// Writes a quoted string (RFC 3261 25.1). Control characters, which no header can carry, are left out.
pub(super) fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for c in value.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tokens_and_quoted_strings() {
        let params =
            Params::parse("digest Username=\"a\\\"b\\\\c, d\" ,qop=auth,nc = 0000000a , , opaque=\"\"").unwrap();
        assert_eq!(params.get("username"), Some("a\"b\\c, d"));
        assert_eq!(
            (params.get("qop"), params.get("nc"), params.get("opaque")),
            (Some("auth"), Some("0000000a"), Some(""))
        );
        assert_eq!(params.need("uri"), Err(MalformedDigest::Missing("uri")));
        assert_eq!(Params::parse("Digest").unwrap().get("nonce"), None);
    }

    #[test]
    fn refuses_what_two_parties_could_read_differently() {
        let refused = |value: &str| Params::parse(value).unwrap_err();
        assert_eq!(refused("Basic dXNlcg=="), MalformedDigest::OtherScheme);
        assert_eq!(refused("Digest realm=\"a\", REALM=\"b\""), MalformedDigest::Twice("realm".into()));
        for text in [
            "Digest realm",
            "Digest realm=\"open",
            "Digest realm=\"a\\",
            "Digest =x",
            "Digest a=\"b\"c=d",
            "Digest a=b c=d",
        ] {
            assert_eq!(refused(text), MalformedDigest::Unreadable, "{text}");
        }
        assert_eq!(refused(&format!("Digest a={}", "x".repeat(5_000))), MalformedDigest::Unreadable);
        let many: String = (0..40).map(|n| format!("a{n}=1,")).collect();
        assert_eq!(refused(&format!("Digest {many}")), MalformedDigest::Unreadable);
    }

    #[test]
    fn quotes_what_must_be_quoted() {
        let text = quoted("a\"b\\c\r\nd");
        assert_eq!(text, "\"a\\\"b\\\\cd\"");
        assert_eq!(Params::parse(&format!("Digest x={text}")).unwrap().get("x"), Some("a\"b\\cd"));
    }
}
