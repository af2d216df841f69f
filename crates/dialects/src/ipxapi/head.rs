//! What stands in a request's head: the path (IPX-AUTH-01), and who asks (IPX-AUTH-03, IPX-AUTH-05).

use super::error::Fault;

/// Segments of a path that are looked at.
const SEGMENTS_MAX: usize = 8;

/// Resources at which a socket may be opened (IPX-AUTH-08); the stream is the same at all of them.
const OF_SOCKETS: [&str; 4] = ["acd", "smdr", "call", "login"];

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whether it is of the client type. None: the short form of `checkconnection`, or a socket.
    pub station: Option<bool>,
    /// The user, as written.
    pub user: String,
    /// The resource, in lower case.
    pub resource: String,
    /// What stands below `call/`, in lower case.
    pub feature: Option<String>,
}

impl Place {
    /// Reads the segments behind `/ipxapi`. All names but the user's may be written in any case.
    ///
    /// # Errors
    ///
    /// 404: another version, or no such type or resource.
    pub fn of(path: &[String]) -> Result<Self, Fault> {
        let lower = |segment: &String| segment.to_ascii_lowercase();
        match path {
            [users, user, resource] if lower(users) == "users" && lower(resource) == "checkconnection" => {
                Ok(Self { station: None, user: user.clone(), resource: lower(resource), feature: None })
            }
            [kind, version, users, user, resource, rest @ ..] if rest.len() <= 1 => {
                let station = match lower(kind).as_str() {
                    "server" => false,
                    "client" => true,
                    _ => return Err(Fault::NO_RESOURCE),
                };
                if lower(version) != "v1" {
                    return Err(Fault::VERSION);
                }
                if lower(users) != "users" {
                    return Err(Fault::NO_RESOURCE);
                }
                let feature = rest.first().map(lower);
                Ok(Self { station: Some(station), user: user.clone(), resource: lower(resource), feature })
            }
            [kind, version, ..] if matches!(lower(kind).as_str(), "server" | "client") && lower(version) != "v1" => {
                Err(Fault::VERSION)
            }
            _ => Err(Fault::NO_RESOURCE),
        }
    }

    /// The place of a socket, which may be none at all, or have no resource (IPX-AUTH-08).
    ///
    /// # Errors
    ///
    /// 404: another version, or no such type or resource.
    pub fn of_socket(path: &[String]) -> Result<Option<Self>, Fault> {
        let place = match path {
            [] => return Ok(None),
            [kind, version, users, user] => {
                let whole = [kind, version, users, user, OF_SOCKETS[0]].map(ToString::to_string);
                Self::of(&whole)?
            }
            _ => Self::of(path)?,
        };
        let is_one = place.feature.is_none() && OF_SOCKETS.contains(&place.resource.as_str());
        if is_one { Ok(Some(place)) } else { Err(Fault::NO_RESOURCE) }
    }
}

/// The segments behind `/ipxapi`, decoded; a slash at the end does not count.
#[must_use]
pub fn segments(path: &str) -> Vec<String> {
    let rest = path.trim_start_matches('/').split('/').skip(1).filter(|segment| !segment.is_empty());
    rest.take(SEGMENTS_MAX).map(decoded).collect()
}

fn decoded(segment: &str) -> String {
    // A path is no form: its plus signs are plus signs.
    let kept = segment.replace('+', "%2B").replace('&', "%26");
    form_urlencoded::parse(format!("s={kept}").as_bytes()).next().map(|(_, text)| text.into_owned()).unwrap_or_default()
}

/// `bearer TOKEN`, the word in any case.
#[must_use]
pub fn bearer(authorization: &str) -> Option<String> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// User and password of RFC 7617; the password may hold colons.
#[must_use]
pub fn basic(authorization: &str) -> Option<(String, String)> {
    use base64::Engine as _;
    let (scheme, coded) = authorization.trim().split_once(' ')?;
    let octets = base64::engine::general_purpose::STANDARD.decode(coded.trim()).ok()?;
    let text = String::from_utf8(octets).ok()?;
    let (user, password) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (user.to_owned(), password.to_owned()))
}
